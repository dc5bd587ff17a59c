/* The way of a report, and of the process after it.
 *
 * Handlers of signals, and those of failed assertions, have no argument that could lead to the server:
 * what they need is kept in `state`, at one place. It is filled at start and used by the one thread
 * that reports. */
#include "server/crash.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/log.h"
#include "base/mem.h"
#include "process/crash_stack.h"
#include "process/memtest.h"
#include "server/crash_priv.h"
#include "server/server_priv.h"
#include "server/version.h"

/* INFO needs the most of it; sanitizers make frames bigger. */
#define STACK_BYTES ((size_t)512 * 1024)
/* What is printed from the server's structures, without asking the allocator for more. */
#define TEXT_BYTES ((size_t)64 * 1024)
/* A lock that the crashed thread holds would stop the report for ever. */
#define PART_PATIENCE_S 10
#define MEMTEST_SECONDS 20

static const int fatal_signals[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT };
#define FATAL_COUNT COUNT_OF(fatal_signals)

static struct {
    struct server *server;
    char *memory;      /* the stack, and behind it what memtest keeps aside */
    struct buf text;   /* room for what is printed */
    bool is_installed; /* the handlers of signals are */
    struct sigaction before[FATAL_COUNT];
    int signal;             /* by which the process will die */
    _Atomic pid_t reporter; /* the thread; 0: none yet */
} state;

static pid_t thread_id(void)
{
    return (pid_t)syscall(SYS_gettid);
}

static void set_handlers(void (*handler)(int, siginfo_t *, void *), int flags)
{
    struct sigaction action = { .sa_sigaction = handler,
                                .sa_flags = SA_SIGINFO | SA_ONSTACK | flags };
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < FATAL_COUNT; i++)
        (void)sigaction(fatal_signals[i], &action, state.is_installed ? NULL : &state.before[i]);
    state.is_installed = true;
}

/* ---- the end ---- */

NORETURN static void die_by(int signal)
{
    struct sigaction usual = { .sa_handler = SIG_DFL };
    sigset_t only;
    sigemptyset(&only);
    sigaddset(&only, signal);
    (void)sigaction(signal, &usual, NULL);
    (void)sigprocmask(SIG_UNBLOCK, &only, NULL);
    (void)syscall(SYS_tgkill, getpid(), thread_id(), signal);
    _exit(128 + signal);
}

static void say_end(void)
{
    crash_say("\n=== TARN BUG REPORT END. Make sure to include from START to END. ===\n\n"
              "       Please report this crash as SECURITY.md says, with everything between the\n"
              "       two lines of equals signs and with what the server was asked to do.\n"
              "       If the line above says that the memory is broken, replace it first.\n\n"
              "  Problems of the kernel are found by tarn-server --check-system\n");
}

/* A part of the report did not come back. Where this is read, what was written is all there is. */
static void on_standstill(int signal UNUSED)
{
    log_raw("\n(the report stands still, and ends here)\n");
    say_end();
    die_by(state.signal);
}

static void on_crash_again(int signal, siginfo_t *info UNUSED, void *uc UNUSED)
{
    /* Threads that crash beside the report wait for its end. */
    while (atomic_load(&state.reporter) != thread_id())
        (void)pause();
    crash_say("\n(signal %d within the report, which ends here)\n", signal);
    say_end();
    die_by(state.signal);
}

static void watch_part(unsigned seconds)
{
    struct sigaction action = { .sa_handler = on_standstill, .sa_flags = SA_ONSTACK };
    sigemptyset(&action.sa_mask);
    (void)sigaction(SIGALRM, &action, NULL);
    (void)alarm(seconds);
}

/* The only report of the process begins. Another thread that wants one waits for the end. */
static void take_report(int signal)
{
    pid_t none = 0;
    while (!atomic_compare_exchange_strong(&state.reporter, &none, thread_id())) {
        (void)pause();
        none = 0;
    }
    struct itimerval never = { .it_value = { .tv_sec = 0 } };
    (void)setitimer(ITIMER_REAL, &never, NULL);
    state.signal = signal;
    if (state.is_installed)
        set_handlers(on_crash_again, SA_NODEFER);
}

/* ---- parts ---- */

static void say_begin(void)
{
    crash_say("\n\n=== TARN BUG REPORT START: Cut & paste starting from here ===\n");
}

static void say_region(uintptr_t start, size_t bytes)
{
    crash_say("*** Testing memory region %lx (%zu bytes)\n", start, bytes);
}

static void test_memory(void)
{
    const struct memtest test = { .backup = (uint64_t *)(void *)(state.memory + STACK_BYTES) };
    struct memtest_result result;
    crash_say("\n------ FAST MEMORY TEST ------\n");
    watch_part(PART_PATIENCE_S);
    (void)mem_set_background_purge(false); /* its thread cannot be stopped by a signal */
    crash_threads(THREADS_STOP);
    (void)alarm(0);
    int error = memtest_process(&test, MEMTEST_SECONDS, say_region, &result);
    if (error == -ENOTSUP) {
        crash_say("Not in this build: its sanitizer keeps notes in memory.\n");
    } else if (error < 0) {
        crash_say("Not possible: %s\n", strerror(-error));
    } else if (result.wrong) {
        crash_say(
            "!!! MEMORY ERROR: %zu words were not kept, from 0x%lx on. Memory or processor of "
            "this machine are broken.\n",
            result.wrong, result.first_wrong);
    } else {
        crash_say(
            "Fast memory test PASSED: %zu bytes in %zu regions%s. Memory can still be broken: "
            "test it for several hours if you suspect it.\n",
            result.bytes, result.regions,
            result.ended_early ? ", the rest was left out for lack of time" : "");
    }
}

static void say_server(struct server *s)
{
    static void (*const parts[])(struct server * s, struct buf * text) = {
        crash_say_info,
        crash_say_clients,
        crash_say_current,
    };
    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        watch_part(PART_PATIENCE_S);
        parts[i](s, &state.text);
    }
    crash_say("\n------ MODULES INFO OUTPUT ------\n");
    crash_say_config(s, &state.text);
    (void)alarm(0);
}

/* What follows the reason and the registers. */
static void say_state(void)
{
    if (state.server)
        say_server(state.server);
    if (!state.server || state.server->crash.memcheck_enabled)
        test_memory();
}

static void say_stacks(const ucontext_t *uc)
{
    crash_stack_trace(uc);
    crash_threads(THREADS_TELL);
}

/* A daemon takes its file along. */
static void remove_pidfile(void)
{
    if (state.server && state.server->process.pidfile)
        /* tidy-allow unlink: async-signal-safe, whatever the file layer is */
        (void)!unlink(state.server->process.pidfile);
}

/* Which of many runs this was. */
static void say_context(void)
{
    const char *context = state.server ? state.server->crash.context : NULL;
    if (context && *context)
        log_write(LOG_WARNING, "Debug context: %s", context);
}

/* ---- the three ways in ---- */

static void say_signal(int signal, const siginfo_t *info, const ucontext_t *uc)
{
    log_write(LOG_WARNING, "Tarn %s crashed by signal: %d, si_code: %d", TARN_VERSION, signal,
              info->si_code);
    if (info->si_code <= 0)
        log_write(LOG_WARNING, "Killed by PID: %ld, UID: %d", (long)info->si_pid,
                  (int)info->si_uid);
    else if (signal == SIGSEGV || signal == SIGBUS)
        log_write(LOG_WARNING, "Accessing address: %p", info->si_addr);
    log_write(LOG_WARNING, "Crashed running the instruction at: 0x%lx", crash_stack_ip(uc));
}

static COLD void on_crash(int signal, siginfo_t *info, void *context)
{
    const ucontext_t *uc = context;
    take_report(signal);
    say_begin();
    say_context();
    say_signal(signal, info, uc);
    say_stacks(uc);
    crash_stack_registers(uc);
    say_state();
    crash_stack_code(uc);
    say_end();
    remove_pidfile();
    die_by(signal);
}

/* The assertion or panic has said why. */
NORETURN static COLD void die_of_failure(void)
{
    if (!state.server || state.server->crash.log_enabled) {
        say_stacks(NULL);
        say_state();
    }
    say_end();
    remove_pidfile();
    if (state.server && state.server->crash.exits_on_panic)
        _exit(1);
    die_by(SIGABRT);
}

/* "server/debug.c" of "/where/it/was/built/src/server/debug.c". */
static const char *short_name(const char *file)
{
    const char *src = strstr(file, "/src/");
    return src ? src + strlen("/src/") : file;
}

static COLD void on_assert(const char *cond, const char *file, int line)
{
    take_report(SIGABRT);
    say_begin();
    say_context();
    log_write(LOG_WARNING, "=== ASSERTION FAILED ===");
    log_write(LOG_WARNING, "==> %s:%d '%s' is not true", short_name(file), line, cond);
    die_of_failure();
}

static COLD void on_panic(const char *text, const char *file, int line)
{
    take_report(SIGABRT);
    say_begin();
    say_context();
    log_write(LOG_WARNING, "------------------------------------------------");
    log_write(LOG_WARNING, "!!! Software Failure. Press left mouse button to continue");
    log_write(LOG_WARNING, "Guru Meditation: %s #%s:%d", text, short_name(file), line);
    die_of_failure();
}

/* ---- at start ---- */

static int make_stack(void)
{
    size_t size = STACK_BYTES + MEMTEST_BLOCK_BYTES;
    char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return -errno;
    stack_t stack = { .ss_sp = memory, .ss_size = STACK_BYTES };
    if (sigaltstack(&stack, NULL) < 0)
        return -errno;
    state.memory = memory;
    return 0;
}

void crash_apply_enabled(bool enabled)
{
    if (!state.server || enabled == state.is_installed)
        return;
    if (enabled) {
        set_handlers(on_crash, 0);
        return;
    }
    for (size_t i = 0; i < FATAL_COUNT; i++)
        (void)sigaction(fatal_signals[i], &state.before[i], NULL);
    state.is_installed = false;
}

int crash_install(struct server *s)
{
    if (!s->process.is_the_process)
        return 0; /* whose handlers belong to somebody else */
    int error = state.memory ? 0 : make_stack();
    if (error < 0) {
        log_write(LOG_WARNING, "There is no memory for crash reports: %s", strerror(-error));
        return error;
    }
    crash_stack_prepare();
    buf_init(&state.text, BUF_NO_CEILING);
    (void)!buf_reserve(&state.text, TEXT_BYTES);
    state.server = s;
    assert_set_handler(on_assert);
    panic_set_handler(on_panic);
    crash_apply_enabled(s->crash.log_enabled);
    watchdog_install();
    watchdog_set(s->crash.watchdog_ms);
    return 0;
}

void crash_forget_server(const struct server *s)
{
    if (state.server != s)
        return;
    watchdog_set(0);
    state.server = NULL;
    buf_done(&state.text);
}
