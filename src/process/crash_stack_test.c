#include "process/crash_stack.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/check.h"

static char alternate[256 * 1024];

static void on_fault(int signal, siginfo_t *info, void *uc)
{
    (void)signal;
    (void)info;
    crash_stack_trace(uc);
    crash_stack_registers(uc);
    crash_stack_code(uc);
    _exit(0);
}

static void (*volatile nowhere)(void);

static __attribute__((noinline)) int calls_nowhere(int x)
{
    nowhere();
    return x + 1;
}

static volatile int depth;

static __attribute__((noinline)) int never_ends(int x)
{
    volatile char room[1024];
    room[0] = (char)x;
    depth++;
    return x < 0 ? 0 : never_ends(x ^ 1) + room[0];
}

static void fault(int (*crash)(int))
{
    stack_t stack = { .ss_sp = alternate, .ss_size = sizeof(alternate) };
    struct sigaction action = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK };
    (void)sigaltstack(&stack, NULL);
    (void)sigaction(SIGSEGV, &action, NULL);
    (void)sigaction(SIGBUS, &action, NULL);
    (void)crash(depth);
}

/* What a child process that crashes so says; the log is standard output. */
static void report_of(int (*crash)(int), char *out, size_t size)
{
    int ends[2], status;
    CHECK_INT(pipe(ends), 0);
    crash_stack_prepare();
    pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        (void)dup2(ends[1], STDOUT_FILENO);
        fault(crash);
        _exit(1);
    }
    (void)close(ends[1]);
    size_t len = 0;
    ssize_t got;
    while (len + 1 < size && (got = read(ends[0], out + len, size - 1 - len)) > 0)
        len += (size_t)got;
    out[len] = '\0';
    (void)close(ends[0]);
    CHECK_INT(waitpid(pid, &status, 0), pid);
    CHECK(WIFEXITED(status));
    CHECK_INT(WEXITSTATUS(status), 0);
}

TEST(a_wild_call_shows_who_made_it)
{
    static char report[64 * 1024];
    report_of(calls_nowhere, report, sizeof(report));
    CHECK(strstr(report, "EIP:\n[0x0]\n") != NULL);
    CHECK(strstr(report, "(calls_nowhere") != NULL);
    CHECK(strstr(report, "(report_of") != NULL);
    CHECK(strstr(report, "(there is no code)") != NULL);
}

TEST(a_stack_that_overflows_is_shown_from_its_end)
{
    static char report[64 * 1024];
    report_of(never_ends, report, sizeof(report));
    CHECK(strstr(report, "EIP:\n") != NULL);
    const char *first = strstr(report, "(never_ends");
    CHECK(first != NULL);
    CHECK(strstr(first + 1, "(never_ends") != NULL);
    CHECK(strstr(report, "------ REGISTERS ------") != NULL);
}
