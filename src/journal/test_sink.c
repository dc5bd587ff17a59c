/* Reading effects back for tests. */
#include "journal/test_sink.h"

#include "base/assert.h"
#include "base/num.h"
#include "journal/journal.h"

/* "<type><count>\r\n" at the front of *wire. */
static size_t take_count(struct slice *wire, char type)
{
    ASSERT(wire->len > 0 && wire->ptr[0] == type);
    ptrdiff_t end = slice_find(*wire, '\r');
    uint64_t count = 0;
    ASSERT(end > 0 && num_parse_uint(slice_of(wire->ptr + 1, (size_t)end - 1), &count));
    *wire = slice_from(*wire, (size_t)end + 2);
    return (size_t)count;
}

static void show_bytes(struct buf *out, struct slice bytes)
{
    for (size_t i = 0; i < bytes.len; i++) {
        unsigned char c = (unsigned char)bytes.ptr[i];
        if (c >= ' ' && c < 127)
            buf_append_char(out, (char)c);
        else
            buf_printf(out, "\\x%02x", c);
    }
}

static void show_effect(struct buf *out, struct slice *wire)
{
    size_t argc = take_count(wire, '*');
    ASSERT(argc > 0);
    for (size_t i = 0; i < argc; i++) {
        size_t len = take_count(wire, '$');
        ASSERT(wire->len >= len + 2);
        if (i > 0)
            buf_append_char(out, ' ');
        show_bytes(out, slice_of(wire->ptr, len));
        ASSERT(wire->ptr[len] == '\r' && wire->ptr[len + 1] == '\n');
        *wire = slice_from(*wire, len + 2);
    }
}

static void sink_append(void *arg, uint64_t offset, struct slice bytes)
{
    struct test_sink *t = arg;
    ASSERT(offset == t->next);
    ASSERT(bytes.len > 0);
    t->next += bytes.len;
    t->units++;
    buf_append(&t->wire, bytes);
    if (t->text.len > 0)
        buf_append_str(&t->text, " | ");
    for (bool first = true; bytes.len > 0; first = false) {
        if (!first)
            buf_append_str(&t->text, "; ");
        show_effect(&t->text, &bytes);
    }
}

static struct journal_sink sink_of(struct test_sink *t)
{
    return (struct journal_sink){ .append = sink_append, .arg = t };
}

void test_sink_init(struct test_sink *t, struct journal *journal)
{
    *t = (struct test_sink){ .journal = journal };
    buf_init(&t->text, BUF_NO_CEILING);
    buf_init(&t->wire, BUF_NO_CEILING);
    struct journal_sink sink = sink_of(t);
    journal_add_sink(journal, &sink);
    t->next = journal_offset(journal);
}

void test_sink_done(struct test_sink *t)
{
    struct journal_sink sink = sink_of(t);
    journal_remove_sink(t->journal, &sink);
    buf_done(&t->text);
    buf_done(&t->wire);
}

const char *test_sink_text(struct test_sink *t)
{
    return buf_cstr(&t->text);
}

struct slice test_sink_wire(const struct test_sink *t)
{
    return buf_slice(&t->wire);
}

void test_sink_clear(struct test_sink *t)
{
    buf_clear(&t->text);
    buf_clear(&t->wire);
    t->units = 0;
}
