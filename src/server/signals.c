/* Signals: a request to end is noted and wakes the loop; the loop's thread does the rest.
 *
 * The handler has no argument, so what it needs is kept here: the one place of the process where
 * that cannot be avoided. */
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

#include "event/loop.h"
#include "server/server_priv.h"

static struct loop *loop_to_wake;
static volatile sig_atomic_t asked;

static void on_end(int signal)
{
    /* The second one does not wait. */
    if (asked)
        _exit(128 + signal);
    asked = 1;
    loop_wake(loop_to_wake);
}

bool signals_asked_to_end(void)
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
