/* All databases as commands: the walk, the types but streams. */
#include "persist/aof_commands.h"

#include <string.h>

#include "base/num.h"
#include "db/db.h"
#include "persist/aof_commands_priv.h"
#include "types/hash.h"
#include "types/list.h"
#include "types/set.h"
#include "types/string.h"
#include "types/zset.h"

/* Elements of one command, as by the peers: a loader's memory for one stays small. */
#define ELEMENTS_MAX ((size_t)64)
/* So much is handed on at once; longer values go past the buffer. */
#define PIECE_BYTES ((size_t)64 * 1024)

/* ---- bytes ---- */

static void hand_on(struct commands_out *out, struct slice bytes)
{
    if (out->error == 0 && bytes.len > 0)
        out->error = out->to->write(out->to->arg, bytes);
}

static void hand_on_buffer(struct commands_out *out)
{
    hand_on(out, buf_slice(&out->buf));
    buf_clear(&out->buf);
}

static void put_count(struct commands_out *out, char kind, size_t count)
{
    buf_append_char(&out->buf, kind);
    buf_append_uint(&out->buf, count);
    buf_append(&out->buf, SLICE("\r\n"));
}

void commands_begin(struct commands_out *out, const char *name, size_t argc)
{
    put_count(out, '*', argc);
    commands_put(out, slice_str(name));
}

void commands_put(struct commands_out *out, struct slice arg)
{
    put_count(out, '$', arg.len);
    if (out->buf.len + arg.len >= PIECE_BYTES)
        hand_on_buffer(out);
    if (arg.len >= PIECE_BYTES)
        hand_on(out, arg);
    else
        buf_append(&out->buf, arg);
    buf_append(&out->buf, SLICE("\r\n"));
}

void commands_put_int(struct commands_out *out, int64_t number)
{
    char digits[NUM_INT_MAX_CHARS];
    commands_put(out, slice_of(digits, num_format_int(digits, number)));
}

/* ---- types ---- */

/* Begins the next command of a value with `left` elements of `args` arguments each, where one is due. */
static void begin_chunk(struct commands_out *out, const struct entry *e, const char *name,
                        size_t at, size_t left, size_t args)
{
    if (at % ELEMENTS_MAX != 0)
        return;
    commands_begin(out, name, 2 + MIN_OF(left, ELEMENTS_MAX) * args);
    commands_put(out, entry_key(e));
}

static void put_string(struct commands_out *out, const struct entry *e)
{
    char scratch[NUM_INT_MAX_CHARS];
    commands_begin(out, "SET", 3);
    commands_put(out, entry_key(e));
    commands_put(out, string_bytes(e, scratch));
}

static void put_list(struct commands_out *out, const struct entry *e)
{
    struct list_walk w;
    struct packs_value value;
    size_t count = list_count(e);
    list_walk_open(&w, e, 0, false);
    for (size_t i = 0; list_walk_next(&w, &value); i++) {
        begin_chunk(out, e, "RPUSH", i, count - i, 1);
        if (value.text.ptr)
            commands_put(out, value.text);
        else
            commands_put_int(out, value.number);
    }
    list_walk_close(&w);
}

static void put_set(struct commands_out *out, const struct entry *e)
{
    struct set_walk w;
    struct slice member;
    size_t count = set_count(e);
    set_walk_open(&w, e);
    for (size_t i = 0; set_walk_next(&w, &member); i++) {
        begin_chunk(out, e, "SADD", i, count - i, 1);
        commands_put(out, member);
    }
    set_walk_close(&w);
}

static void put_zset(struct commands_out *out, const struct entry *e)
{
    struct zset_walk w;
    struct zset_element element;
    size_t count = zset_count(e);
    zset_walk_open(&w, e, 0, false);
    for (size_t i = 0; zset_walk_next(&w, &element); i++) {
        char text[NUM_DOUBLE_MAX_CHARS];
        begin_chunk(out, e, "ZADD", i, count - i, 2);
        commands_put(out, zset_score_text(element.score, text));
        commands_put(out, element.member);
    }
}

/* Times of fields: behind the fields, for they cannot be set before. */
static void put_field_times(struct commands_out *out, const struct entry *e)
{
    struct hash_walk w;
    struct hash_field field;
    hash_walk_open(&w, e, HASH_SHOW_ALL);
    while (hash_walk_next(&w, &field)) {
        if (field.when_ms == ENTRY_NO_EXPIRY)
            continue;
        commands_begin(out, "HPEXPIREAT", 6);
        commands_put(out, entry_key(e));
        commands_put_int(out, field.when_ms);
        commands_put(out, SLICE("FIELDS"));
        commands_put(out, SLICE("1"));
        commands_put(out, field.name);
    }
    hash_walk_close(&w);
}

static void put_hash(struct commands_out *out, const struct entry *e)
{
    struct hash_walk w;
    struct hash_field field;
    size_t count = hash_count(e, HASH_SHOW_ALL);
    hash_walk_open(&w, e, HASH_SHOW_ALL);
    for (size_t i = 0; hash_walk_next(&w, &field); i++) {
        begin_chunk(out, e, "HMSET", i, count - i, 2);
        commands_put(out, field.name);
        commands_put(out, field.value);
    }
    hash_walk_close(&w);
    if (hash_count_expiring(e) > 0)
        put_field_times(out, e);
}

static void (*const put_value[])(struct commands_out *out, const struct entry *e) = {
    [TYPE_STRING] = put_string, [TYPE_LIST] = put_list, [TYPE_SET] = put_set,
    [TYPE_ZSET] = put_zset,     [TYPE_HASH] = put_hash, [TYPE_STREAM] = commands_put_stream,
};

/* ---- the walk ---- */

static void put_key(void *arg, void *item)
{
    struct commands_out *out = arg;
    const struct entry *e = item;
    if (out->error)
        return;
    put_value[entry_type(e)](out, e);
    if (e->flags & ENTRY_HAS_EXPIRY) {
        commands_begin(out, "PEXPIREAT", 3);
        commands_put(out, entry_key(e));
        commands_put_int(out, entry_expiry(e));
    }
    if (out->buf.len >= PIECE_BYTES)
        hand_on_buffer(out);
    out->keys++;
    if (out->to->wrote && out->error == 0)
        out->error = out->to->wrote(out->to->arg, e, out->keys);
}

static void put_db(struct commands_out *out, struct db *db)
{
    if (db_count(db) == 0)
        return;
    commands_begin(out, "SELECT", 2);
    commands_put_int(out, db_index(db));
    db_each(db, put_key, out);
}

int aof_commands_write(struct keyspace *ks, const struct aof_commands_to *to)
{
    struct commands_out out = { .to = to };
    buf_init(&out.buf, BUF_NO_CEILING);
    if (to->timestamp_s > 0) {
        buf_append_str(&out.buf, "#TS:");
        buf_append_int(&out.buf, to->timestamp_s);
        buf_append_str(&out.buf, "\r\n");
    }
    for (int i = 0; i < keyspace_count(ks) && out.error == 0; i++)
        put_db(&out, keyspace_db(ks, i));
    hand_on_buffer(&out);
    buf_done(&out.buf);
    return out.error;
}
