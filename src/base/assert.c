/* What happens when an assertion fails. */
#include "base/assert.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Process-wide: the crash reporter is one for all threads. */
static _Atomic(assert_handler) installed;

void assert_set_handler(assert_handler handler)
{
    atomic_store(&installed, handler);
}

static void report(const char *cond, const char *file, int line)
{
    char text[512];
    int len = snprintf(text, sizeof(text), "%s:%d: assertion failed: %s\n", file, line, cond);
    if (len < 0)
        return;
    size_t shown = MIN_OF((size_t)len, sizeof(text) - 1);
    ssize_t written = write(STDERR_FILENO, text, shown);
    (void)written; /* nobody is left to tell */
}

void assert_failed(const char *cond, const char *file, int line)
{
    /* Taken out first: an assertion that fails inside the handler must not come back to it. */
    assert_handler handler = atomic_exchange(&installed, NULL);
    if (handler)
        handler(cond, file, line);
    else
        report(cond, file, line);
    abort();
}
