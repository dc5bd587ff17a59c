/* The runner and the comparisons behind check.h. */
#include "tests/unit/check.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define TESTS_MAX 1000
#define BYTES_SHOWN_MAX 400

static struct check_test *tests_first;
static struct check_test **tests_end = &tests_first;
static pid_t abort_child;

void check_register(struct check_test *test)
{
    *tests_end = test;
    tests_end = &test->next;
}

static void run_one(void **state)
{
    const struct check_test *test = *state;

    test->run();
}

static bool chosen(const struct check_test *test, int word_count, char **words)
{
    for (int i = 0; i < word_count; i++)
        if (strstr(test->name, words[i]))
            return true;
    return word_count == 0;
}

int main(int argc, char **argv)
{
    static struct CMUnitTest tests[TESTS_MAX];
    size_t count = 0;

    for (struct check_test *t = tests_first; t; t = t->next) {
        if (!chosen(t, argc - 1, argv + 1))
            continue;
        if (count == TESTS_MAX) {
            fprintf(stderr, "%s: more than %d tests\n", argv[0], TESTS_MAX);
            return 1;
        }
        tests[count++] = (struct CMUnitTest){ t->name, run_one, NULL, NULL, t };
    }
    if (count == 0) {
        fprintf(stderr, "%s: no such test\n", argv[0]);
        return 1;
    }

    const char *slash = strrchr(argv[0], '/');
    int failed = _cmocka_run_group_tests(slash ? slash + 1 : argv[0], tests, count, NULL, NULL);
    return failed ? 1 : 0;
}

void check_fail(struct check_place at, const char *format, ...)
{
    char message[4096];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(message, sizeof(message), format, args);
    va_end(args);
    print_error("%s\n", message);
    _fail(at.file, at.line);
    abort(); /* _fail leaves by longjmp, which its prototype does not say */
}

void check_skip(struct check_place at, const char *why)
{
    print_message("skipped: %s\n", why);
    _skip(at.file, at.line);
    abort();
}

void check_true(struct check_place at, bool ok, const char *text)
{
    if (!ok)
        check_fail(at, "not true: %s", text);
}

void check_int(struct check_place at, const char *text, long long got, long long want)
{
    if (got != want)
        check_fail(at, "%s is %lld, expected %lld", text, got, want);
}

void check_uint(struct check_place at, const char *text, unsigned long long got,
                unsigned long long want)
{
    if (got != want)
        check_fail(at, "%s is %llu (%#llx), expected %llu (%#llx)", text, got, got, want, want);
}

void check_double(struct check_place at, const char *text, double got, double want)
{
    bool both_nan = got != got && want != want;

    if (!both_nan && memcmp(&got, &want, sizeof(got)) != 0)
        check_fail(at, "%s is %.17g, expected %.17g", text, got, want);
}

void check_ptr(struct check_place at, const char *text, const void *got, const void *want)
{
    if (got != want)
        check_fail(at, "%s is %p, expected %p", text, got, want);
}

/* Bytes as a C string literal, cut after BYTES_SHOWN_MAX of them. */
static void show_bytes(const char *label, const unsigned char *bytes, size_t len)
{
    char line[BYTES_SHOWN_MAX * 4 + 1];
    size_t used = 0;
    size_t shown = len < BYTES_SHOWN_MAX ? len : BYTES_SHOWN_MAX;

    for (size_t i = 0; i < shown; i++) {
        bool plain = bytes[i] >= ' ' && bytes[i] < 127 && bytes[i] != '"' && bytes[i] != '\\';
        used += (size_t)snprintf(line + used, sizeof(line) - used, plain ? "%c" : "\\x%02x",
                                 bytes[i]);
    }
    line[used] = '\0';
    print_error("  %s %zu bytes: \"%s\"%s\n", label, len, line, shown < len ? "..." : "");
}

void check_bytes(struct check_place at, const char *text, const void *got, size_t got_len,
                 const void *want, size_t want_len)
{
    size_t common = got_len < want_len ? got_len : want_len;
    size_t same = 0;

    if (got_len == want_len && (got_len == 0 || memcmp(got, want, got_len) == 0))
        return;
    while (same < common && ((const char *)got)[same] == ((const char *)want)[same])
        same++;
    show_bytes("got     ", got, got_len);
    show_bytes("expected", want, want_len);
    check_fail(at, "%s differs from byte %zu on", text, same);
}

void check_str(struct check_place at, const char *text, const char *got, const char *want)
{
    if (got == want)
        return;
    if (!got || !want)
        check_fail(at, "%s is %s, expected %s", text, got ? got : "NULL", want ? want : "NULL");
    check_bytes(at, text, got, strlen(got), want, strlen(want));
}

/* Fork. True in the child, whose complaints are not shown; false in the parent. */
bool check_abort_enter(void)
{
    fflush(NULL);
    pid_t child = fork();
    if (child < 0) {
        perror("fork");
        abort();
    }
    if (child > 0) {
        abort_child = child;
        return false;
    }

    const struct rlimit no_core = { 0, 0 };
    (void)setrlimit(RLIMIT_CORE, &no_core);
    if (!freopen("/dev/null", "w", stderr))
        _exit(2);
    (void)signal(SIGABRT, SIG_DFL); /* cmocka's own handler would go on with the next test */
    return true;
}

void check_abort_survived(void)
{
    _exit(1);
}

bool check_abort_seen(void)
{
    int status;

    return waitpid(abort_child, &status, 0) > 0 && WIFSIGNALED(status) &&
           WTERMSIG(status) == SIGABRT;
}
