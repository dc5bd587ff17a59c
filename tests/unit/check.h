/* Unit tests on top of cmocka: what a src/<room>/<x>_test.c needs.
 *
 * TEST(name_is_a_sentence) { ... } defines a test and registers it. The program runs its tests in
 * the order of the file, as one cmocka group; the words on its command line, if any, choose the
 * tests whose name contains one of them. The first failed CHECK leaves the test.
 *
 * CHECKs evaluate each argument once: the value that was got first, the expected one second. They
 * may be used in helper functions, but only on the thread that runs the test. */
#ifndef TESTS_UNIT_CHECK_H
#define TESTS_UNIT_CHECK_H

#include <stdbool.h>
#include <stddef.h>

#define TEST(name)                                                             \
    static void test_##name(void);                                             \
    static struct check_test check_test_##name = { #name, test_##name, NULL }; \
    __attribute__((constructor)) static void check_register_##name(void)       \
    {                                                                          \
        check_register(&check_test_##name);                                    \
    }                                                                          \
    static void test_##name(void)

#define CHECK(cond) check_true(CHECK_HERE, (cond) ? true : false, #cond)
#define CHECK_INT(got, want) check_int(CHECK_HERE, #got, (long long)(got), (long long)(want))
#define CHECK_UINT(got, want) \
    check_uint(CHECK_HERE, #got, (unsigned long long)(got), (unsigned long long)(want))
/* The same number, or both not a number. 0.0 and -0.0 differ. */
#define CHECK_DOUBLE(got, want) check_double(CHECK_HERE, #got, (got), (want))
#define CHECK_STR(got, want) check_str(CHECK_HERE, #got, (got), (want))
#define CHECK_MEM(got, want, len) check_bytes(CHECK_HERE, #got, (got), (len), (want), (len))
#define CHECK_BYTES(got, got_len, want, want_len) \
    check_bytes(CHECK_HERE, #got, (got), (got_len), (want), (want_len))
/* A struct slice against a literal; the literal may contain zero bytes. */
#define CHECK_SLICE(got, literal)                                                  \
    do {                                                                           \
        const __typeof__(got) check_got = (got);                                   \
        check_bytes(CHECK_HERE, #got, check_got.ptr, check_got.len, "" literal "", \
                    sizeof(literal) - 1);                                          \
    } while (0)
#define CHECK_PTR(got, want) check_ptr(CHECK_HERE, #got, (got), (want))
#define CHECK_PTR_NULL(got) check_ptr(CHECK_HERE, #got, (got), NULL)
#define CHECK_PTR_NOT_NULL(got) check_true(CHECK_HERE, (got) != NULL, #got " is not NULL")
/* The statement must end its process by abort(), as a failed ASSERT does. It runs in a child. */
#define CHECK_ABORTS(statement)                                             \
    do {                                                                    \
        if (check_abort_enter()) {                                          \
            statement;                                                      \
            check_abort_survived();                                         \
        }                                                                   \
        check_true(CHECK_HERE, check_abort_seen(), "abort in " #statement); \
    } while (0)
/* Leave the test as failed, with a message. */
#define CHECK_FAIL(...) check_fail(CHECK_HERE, __VA_ARGS__)
/* Leave the test as skipped: what it needs is not there (a kernel feature, a privilege). */
#define CHECK_SKIP(why) check_skip(CHECK_HERE, (why))

/* What the macros stand on; not for use by hand. */
struct check_test {
    const char *name;
    void (*run)(void);
    struct check_test *next;
};

struct check_place {
    const char *file;
    int line;
};

#define CHECK_HERE ((struct check_place){ __FILE__, __LINE__ })

void check_register(struct check_test *test);
void check_true(struct check_place at, bool ok, const char *text);
void check_int(struct check_place at, const char *text, long long got, long long want);
void check_uint(struct check_place at, const char *text, unsigned long long got,
                unsigned long long want);
void check_double(struct check_place at, const char *text, double got, double want);
void check_str(struct check_place at, const char *text, const char *got, const char *want);
void check_bytes(struct check_place at, const char *text, const void *got, size_t got_len,
                 const void *want, size_t want_len);
void check_ptr(struct check_place at, const char *text, const void *got, const void *want);
bool check_abort_enter(void);
_Noreturn void check_abort_survived(void);
bool check_abort_seen(void);
_Noreturn __attribute__((format(printf, 2, 3))) void check_fail(struct check_place at,
                                                                const char *format, ...);
_Noreturn void check_skip(struct check_place at, const char *why);

#endif
