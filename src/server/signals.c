/* Signals: a request to end is noted and wakes the loop, whose next turn does the rest; a second one
 * does not wait for it.
 *
 * A handler has no argument, so what it needs is kept here: the one place of the process where that
 * cannot be avoided. It may be called amid anything: loop_wake and log_raw make system calls alone. */
#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "base/log.h"
#include "event/loop.h"
#include "server/server_priv.h"

static struct loop *loop_to_wake;
static volatile sig_atomic_t asked;

static void on_end(int signal)
{
    int before = errno;
    if (asked) {
        log_raw("You insist... exiting now.\n");
        _exit(1);
    }
    asked = signal;
    loop_wake(loop_to_wake);
    errno = before;
}

int signals_end_asked(void)
{
    return asked;
}

void signals_install(struct server *s)
{
    struct sigaction end = { .sa_handler = on_end };
    struct sigaction ignore = { .sa_handler = SIG_IGN };
    loop_to_wake = s->loop;
    sigemptyset(&end.sa_mask);
    sigemptyset(&ignore.sa_mask);
    (void)sigaction(SIGTERM, &end, NULL);
    (void)sigaction(SIGINT, &end, NULL);
    (void)sigaction(SIGPIPE, &ignore, NULL);
    (void)sigaction(SIGHUP, &ignore, NULL);
}
