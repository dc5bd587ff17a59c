/* Any bytes as numbers: what is read as an integer prints as the same bytes, and a double agrees
 * with the C library and reads back. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "base/assert.h"
#include "base/mem.h"
#include "base/num.h"
#include "tests/unit/fuzz.h"

static void try_integers(struct slice text)
{
    char shown[NUM_INT_MAX_CHARS];
    int64_t value;
    uint64_t unsigned_value;
    if (num_parse_int(text, &value)) {
        ASSERT(slice_eq(slice_of(shown, num_format_int(shown, value)), text));
        ASSERT(num_int_len(value) == text.len);
    }
    if (num_parse_uint(text, &unsigned_value))
        ASSERT(slice_eq(slice_of(shown, num_format_uint(shown, unsigned_value)), text));
    if (num_parse_memory(text, &value) == 0)
        ASSERT(value >= 0);
}

/* As num_parse_double promises it, by the C library alone. */
static bool library_reads(struct slice text, double *ret_value)
{
    char *copy = mem_alloc(text.len + 1);
    char *end;
    if (text.len > 0)
        memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    bool space = copy[0] == ' ' || (copy[0] >= '\t' && copy[0] <= '\r');
    errno = 0;
    *ret_value = strtod(copy, &end);
    bool whole = text.len > 0 && (size_t)(end - copy) == text.len;
    bool lost = errno == ERANGE && (*ret_value == 0 || isinf(*ret_value));
    mem_free(copy);
    return whole && !space && !lost && !isnan(*ret_value);
}

static void try_doubles(struct slice text)
{
    double value = 0;
    double want;
    double back;
    char shown[NUM_DOUBLE_MAX_CHARS];
    bool ok = num_parse_double(text, &value);
    ASSERT(ok == library_reads(text, &want));
    if (!ok)
        return;
    ASSERT(memcmp(&value, &want, sizeof(value)) == 0);
    size_t len = num_format_double(shown, value);
    ASSERT(len < sizeof(shown));
    ASSERT(num_parse_double(slice_of(shown, len), &back));
    ASSERT(memcmp(&value, &back, sizeof(value)) == 0);
}

static void try_long_doubles(struct slice text)
{
    static char shown[NUM_LONG_DOUBLE_MAX_CHARS];
    long double value;
    if (!num_parse_long_double(text, &value))
        return;
    size_t len = num_format_long_double(shown, value);
    ASSERT(len > 0);
    ASSERT(num_parse_long_double(slice_of(shown, len), &value));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct slice text = slice_of(data, len);
    try_integers(text);
    try_doubles(text);
    try_long_doubles(text);
    return 0;
}
