/* The watchdog: a timer of the kernel that every turn of the clock winds up again. If none does so in
 * time, the signal finds the thread where it hangs, and its stack is logged. */
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/time.h>
#include <ucontext.h>

#include "base/log.h"
#include "process/crash_stack.h"
#include "server/crash.h"

/* A handler has no argument; the timer is one for the process, too. */
static _Atomic int64_t period_ms;

static void wind_up(int64_t ms)
{
    struct itimerval once = { .it_value = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 } };
    (void)setitimer(ITIMER_REAL, &once, NULL);
}

static void on_alarm(int signal UNUSED, siginfo_t *info, void *context)
{
    int before = errno;
    int64_t ms = atomic_load(&period_ms);
    if (info->si_code == SI_USER || info->si_code == SI_TKILL)
        log_write(LOG_WARNING, "Received SIGALRM");
    else
        log_write(LOG_WARNING, "\n--- WATCHDOG TIMER EXPIRED ---");
    crash_stack_trace((const ucontext_t *)context);
    crash_say("--------\n\n");
    if (ms > 0)
        wind_up(ms);
    errno = before;
}

void watchdog_install(void)
{
    struct sigaction action = { .sa_sigaction = on_alarm,
                                .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART };
    sigemptyset(&action.sa_mask);
    (void)sigaction(SIGALRM, &action, NULL);
}

void watchdog_set(int64_t ms)
{
    int64_t before = atomic_exchange(&period_ms, ms);
    if (ms || before)
        wind_up(ms);
}

void watchdog_tell_alive(void)
{
    int64_t ms = atomic_load_explicit(&period_ms, memory_order_relaxed);
    if (UNLIKELY(ms > 0))
        wind_up(ms);
}
