/* Assertions that stay in release builds: what cannot happen aborts, with the place printed. So does
 * what the process cannot outlive: PANIC, with a reason in words.
 *
 * ASSERT is for invariants whose violation would corrupt data. It is cheap enough for every path
 * but the innermost; ASSERT_DEBUG is for those, and is compiled out of release builds.
 * EXPECT_NEVER(cond) yields cond and marks a branch that is defended but believed impossible, so
 * that coverage can discount it. */
#ifndef BASE_ASSERT_H
#define BASE_ASSERT_H

#include "base/macros.h"

#define ASSERT(cond)                                  \
    do {                                              \
        if (UNLIKELY(!(cond)))                        \
            assert_failed(#cond, __FILE__, __LINE__); \
    } while (0)

#ifdef TARN_DEBUG
#define ASSERT_DEBUG(cond) ASSERT(cond)
#else
#define ASSERT_DEBUG(cond) \
    do {                   \
        if (0)             \
            (void)(cond);  \
    } while (0)
#endif

/* C17 has the word only behind the library's own header. */
#ifndef static_assert
#define static_assert _Static_assert
#endif

#define EXPECT_NEVER(cond) UNLIKELY(cond)

/* Ends the process for a reason that no caller could handle: PANIC("format", ...). The text is cut
 * at 255 characters. */
#define PANIC(...) panic_at(__FILE__, __LINE__, __VA_ARGS__)

/* Called before the process aborts: with the failed condition, or with the words of a panic. The
 * crash reporter installs one of each. NULL restores the default, which writes one line to standard
 * error. A handler is called once at most. */
typedef void (*assert_handler)(const char *cond, const char *file, int line);
typedef void (*panic_handler)(const char *text, const char *file, int line);
void assert_set_handler(assert_handler handler);
void panic_set_handler(panic_handler handler);

NORETURN COLD void assert_failed(const char *cond, const char *file, int line);
NORETURN COLD void panic_at(const char *file, int line, const char *fmt, ...) PRINTF(3, 4);

#endif
