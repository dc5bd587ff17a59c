/* What happens when an assertion fails. */
#include "base/assert.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Process-wide: the crash reporter is one for all threads. */
static _Atomic(assert_handler) on_assert;
static _Atomic(panic_handler) on_panic;

void assert_set_handler(assert_handler handler)
{
    atomic_store(&on_assert, handler);
}

void panic_set_handler(panic_handler handler)
{
    atomic_store(&on_panic, handler);
}

static void report(const char *what, const char *text, const char *file, int line)
{
    char out[512];
    int len = snprintf(out, sizeof(out), "%s:%d: %s: %s\n", file, line, what, text);
    if (len < 0)
        return;
    size_t shown = MIN_OF((size_t)len, sizeof(out) - 1);
    ssize_t written = write(STDERR_FILENO, out, shown);
    (void)written; /* nobody is left to tell */
}

void assert_failed(const char *cond, const char *file, int line)
{
    /* Taken out first: an assertion that fails inside the handler must not come back to it. */
    assert_handler handler = atomic_exchange(&on_assert, NULL);
    if (handler)
        handler(cond, file, line);
    else
        report("assertion failed", cond, file, line);
    abort();
}

void panic_at(const char *file, int line, const char *fmt, ...)
{
    char text[256];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);

    panic_handler handler = atomic_exchange(&on_panic, NULL);
    if (handler)
        handler(text, file, line);
    else
        report("panic", text, file, line);
    abort();
}
