/* Signals: a wish to end, or to open the log anew, is noted and wakes the loop, whose next turn does
 * the rest; a second wish to end does not wait for it.
 *
 * A handler has no argument, so what it needs is kept here: the one place of the process where that
 * cannot be avoided. It may be called amid anything: loop_wake and log_from_handler make system calls alone. */
#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "base/log.h"
#include "event/loop.h"
#include "server/server_priv.h"

static struct loop *loop_to_wake;
static volatile sig_atomic_t end_asked, reopen_asked;

static void wake(void)
{
    if (loop_to_wake)
        loop_wake(loop_to_wake);
}

static void on_end(int signal)
{
    int before = errno;
    if (end_asked) {
        log_from_handler("You insist... exiting now.");
        _exit(1);
    }
    end_asked = signal;
    wake();
    errno = before;
}

static void on_hangup(int signal UNUSED)
{
    int before = errno;
    reopen_asked = 1;
    wake();
    errno = before;
}

void signals_release(void)
{
    loop_to_wake = NULL;
}

int signals_end_asked(void)
{
    return end_asked;
}

void signals_forget_end(void)
{
    end_asked = 0;
}

bool signals_take_reopen(void)
{
    if (LIKELY(!reopen_asked))
        return false;
    reopen_asked = 0;
    return true;
}

void signals_install(struct server *s)
{
    static const struct {
        int signal;
        void (*handler)(int);
    } rows[] = {
        { SIGTERM, on_end },  { SIGINT, on_end },   { SIGHUP, on_hangup },
        { SIGPIPE, SIG_IGN }, { SIGXFSZ, SIG_IGN }, /* a write beyond a limit fails, and says so */
    };
    loop_to_wake = s->loop;
    end_asked = reopen_asked = 0;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct sigaction action = { .sa_handler = rows[i].handler };
        sigemptyset(&action.sa_mask);
        (void)sigaction(rows[i].signal, &action, NULL);
    }
}
