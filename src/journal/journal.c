/* Encoding of effects and their way to the sinks.
 *
 * The buffer always starts with the bytes of MULTI. A unit with one effect is given out from behind
 * them; one with more is closed by EXEC and given out whole. */
#include "journal/journal.h"

#include "base/assert.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/num.h"

#define MULTI_WIRE "*1\r\n$5\r\nMULTI\r\n"
#define EXEC_WIRE "*1\r\n$4\r\nEXEC\r\n"
#define NO_DB (-1)
/* A buffer that grew beyond this is given back after its unit. */
#define KEEP_BYTES_MAX ((size_t)1 << 20)

struct journal {
    struct journal_sink *sinks;
    size_t sink_count;
    struct buf bytes;     /* MULTI, then the effects of the open unit */
    size_t effect_count;  /* of the open unit, */
    size_t message_count; /* of which so many are messages */
    unsigned depth;       /* of nested units */
    int db;               /* the database that the sinks have selected */
    bool giving;          /* sinks are being called */
    bool muted;
    uint64_t offset;
};

struct journal *journal_new(void)
{
    struct journal *j = mem_zalloc(sizeof(*j));
    buf_init(&j->bytes, BUF_NO_CEILING);
    j->db = NO_DB;
    return j;
}

void journal_free(struct journal *j)
{
    if (!j)
        return;
    ASSERT(!j->giving);
    buf_done(&j->bytes);
    mem_free(j->sinks);
    mem_free(j);
}

static void unit_give(struct journal *j)
{
    if (j->effect_count == 0)
        return;
    struct slice wire = slice_from(buf_slice(&j->bytes), strlen(MULTI_WIRE));
    if (j->effect_count > 1) {
        buf_append(&j->bytes, SLICE(EXEC_WIRE));
        wire = buf_slice(&j->bytes);
    }
    uint64_t offset = j->offset;
    bool messages_alone = j->message_count == j->effect_count;
    j->offset += wire.len;
    j->effect_count = j->message_count = 0;

    j->giving = true;
    for (size_t i = 0; i < j->sink_count; i++)
        if (!messages_alone || !j->sinks[i].data_only)
            j->sinks[i].append(j->sinks[i].arg, offset, wire);
    j->giving = false;

    if (j->bytes.cap > KEEP_BYTES_MAX)
        buf_done(&j->bytes);
    else
        buf_clear(&j->bytes);
}

void journal_add_sink(struct journal *j, const struct journal_sink *sink)
{
    ASSERT(sink->append);
    ASSERT(!j->giving);
    unit_give(j);
    j->sinks = mem_realloc(j->sinks, (j->sink_count + 1) * sizeof(*j->sinks));
    j->sinks[j->sink_count++] = *sink;
    j->db = NO_DB;
}

void journal_remove_sink(struct journal *j, const struct journal_sink *sink)
{
    ASSERT(!j->giving);
    unit_give(j);
    size_t at = 0;
    while (at < j->sink_count &&
           (j->sinks[at].append != sink->append || j->sinks[at].arg != sink->arg))
        at++;
    ASSERT(at < j->sink_count);
    j->sink_count--;
    memmove(&j->sinks[at], &j->sinks[at + 1], (j->sink_count - at) * sizeof(*j->sinks));
}

bool journal_is_on(const struct journal *j)
{
    return j->sink_count > 0 && !j->muted;
}

void journal_mute(struct journal *j, bool muted)
{
    j->muted = muted;
}

void journal_unit_begin(struct journal *j)
{
    j->depth++;
}

void journal_unit_end(struct journal *j)
{
    ASSERT(j->depth > 0);
    if (--j->depth == 0)
        unit_give(j);
}

static void encode_count(struct buf *out, char type, size_t count)
{
    buf_append_char(out, type);
    buf_append_uint(out, count);
    buf_append(out, SLICE("\r\n"));
}

static void encode_command(struct buf *out, const struct slice *argv, size_t argc)
{
    encode_count(out, '*', argc);
    for (size_t i = 0; i < argc; i++) {
        encode_count(out, '$', argv[i].len);
        buf_append(out, argv[i]);
        buf_append(out, SLICE("\r\n"));
    }
}

static void count_effect(struct journal *j)
{
    ASSERT(!j->giving);
    if (j->bytes.len == 0)
        buf_append(&j->bytes, SLICE(MULTI_WIRE));
    j->effect_count++;
}

/* What stands before every effect. */
static void effect_open(struct journal *j, int db)
{
    ASSERT(db >= 0);
    count_effect(j);
    if (j->db == db)
        return;
    char digits[NUM_INT_MAX_CHARS];
    struct slice argv[] = { SLICE("SELECT"), slice_of(digits, num_format_int(digits, db)) };
    encode_command(&j->bytes, argv, COUNT_OF(argv));
    j->db = db;
}

static void effect_close(struct journal *j)
{
    if (j->depth == 0)
        unit_give(j);
}

void journal_effect(struct journal *j, int db, const struct slice *argv, size_t argc)
{
    if (!journal_is_on(j))
        return;
    ASSERT(argc > 0);
    effect_open(j, db);
    encode_command(&j->bytes, argv, argc);
    effect_close(j);
}

void journal_effect_wire(struct journal *j, int db, struct slice wire)
{
    if (!journal_is_on(j))
        return;
    ASSERT(wire.len > 0);
    ASSERT_DEBUG(wire.ptr[0] == '*');
    effect_open(j, db);
    buf_append(&j->bytes, wire);
    effect_close(j);
}

void journal_message(struct journal *j, const struct slice *argv, size_t argc)
{
    if (!journal_is_on(j))
        return;
    ASSERT(argc > 0);
    count_effect(j);
    j->message_count++;
    encode_command(&j->bytes, argv, argc);
    effect_close(j);
}

uint64_t journal_offset(const struct journal *j)
{
    return j->offset;
}

void journal_set_offset(struct journal *j, uint64_t offset)
{
    ASSERT(offset >= j->offset);
    ASSERT(j->effect_count == 0);
    j->offset = offset;
}
