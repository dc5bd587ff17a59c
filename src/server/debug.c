/* DEBUG: what tests and operators look into, behind enable-debug-command. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <time.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/num.h"
#include "commands/commands.h"
#include "dispatch/cmd.h"
#include "server/digest.h"
#include "server/verbs.h"
#include "types/string.h"

/* The server stands still. */
static void debug_sleep(struct cmd *cmd)
{
    double seconds = 0;
    (void)!num_parse_double(cmd->argv[2], &seconds);
    if (seconds > 0) {
        struct timespec left = {
            .tv_sec = (time_t)seconds,
            .tv_nsec = (long)((seconds - floor(seconds)) * 1e9),
        };
        while (nanosleep(&left, &left) < 0)
            continue;
    }
    reply_ok(cmd->reply);
}

/* What the string takes in a snapshot that is not compressed: its length or its kind as a number,
 * then the bytes; small numbers in 1, 2 or 4 bytes. */
static size_t serialized_size(const struct entry *e)
{
    int64_t number;
    if (string_as_int(e, &number)) {
        if (number == (int8_t)number)
            return 1 + sizeof(int8_t);
        if (number == (int16_t)number)
            return 1 + sizeof(int16_t);
        if (number == (int32_t)number)
            return 1 + sizeof(int32_t);
    }
    size_t len = string_len(e);
    size_t head = len < 64 ? 1 : len < 16384 ? 2 : 5;
    return head + len;
}

static void debug_object(struct cmd *cmd)
{
    const struct entry *e = db_peek(cmd->db, cmd_key(cmd, 2));
    if (!e) {
        reply_error(cmd->reply, ERR_NO_KEY);
        return;
    }
    char text[256];
    int len = snprintf(text, sizeof(text),
                       "Value at:%p refcount:%" PRId64
                       " encoding:%s serializedlength:%zu lru:%u lru_seconds_idle:%" PRIu64,
                       (const void *)e, commands_refcount(e), entry_encoding_name(e),
                       serialized_size(e), (unsigned)entry_lru(e), (uint64_t)db_idle_s(cmd->db, e));
    reply_status(cmd->reply, slice_of(text, (size_t)len));
}

static void reply_digest(struct reply *r, const struct digest *digest)
{
    char hex[2 * DIGEST_BYTES];
    digest_hex(digest, hex);
    reply_status(r, slice_of(hex, sizeof(hex)));
}

static void debug_digest(struct cmd *cmd)
{
    struct digest digest;
    digest_of_keyspace(db_keyspace(cmd->db), &digest);
    reply_digest(cmd->reply, &digest);
}

static void debug_digest_value(struct cmd *cmd)
{
    reply_array(cmd->reply, (size_t)cmd->argc - 2);
    for (int i = 2; i < cmd->argc; i++) {
        struct digest digest = { { 0 } };
        const struct entry *e = db_peek(cmd->db, cmd_key(cmd, i));
        if (e)
            digest_of_value(e, &digest);
        reply_digest(cmd->reply, &digest);
    }
}

static void describe_table(const struct db *db, struct buf *out)
{
    struct table_stats stats;
    db_table_stats(db, &stats);
    buf_append_str(out, "[Dictionary HT]\n");
    if (stats.entries == 0) {
        buf_append_str(out, "No stats available for empty dictionaries\n");
        return;
    }
    buf_printf(out,
               " table size: %zu\n number of elements: %zu\n overflow buckets: %zu\n"
               " segments: %zu\n level: %u\n max chain length: %zu\n"
               " avg chain length (counted): %.2f\n Chain length distribution:\n",
               stats.buckets, stats.entries, stats.overflow_buckets, stats.segments, stats.level,
               stats.chain_max, (double)stats.entries / (double)stats.buckets);
    for (size_t i = 0; i < COUNT_OF(stats.histogram); i++)
        if (stats.histogram[i])
            buf_printf(out, "   %zu: %zu (%.2f%%)\n", i, stats.histogram[i],
                       100.0 * (double)stats.histogram[i] / (double)stats.buckets);
}

static void debug_htstats(struct cmd *cmd)
{
    int64_t index;
    struct keyspace *ks = db_keyspace(cmd->db);
    if (!cmd_int(cmd, 2, &index, NULL))
        return;
    if (index < 0 || index >= keyspace_count(ks)) {
        reply_error(cmd->reply, "ERR Out of range database");
        return;
    }
    const struct db *db = keyspace_db(ks, (int)index);
    struct buf out;
    buf_init(&out, BUF_NO_CEILING);
    describe_table(db, &out);
    buf_printf(&out, "[Expires]\n number of elements: %zu\n", db_count_expires(db));
    reply_verbatim(cmd->reply, "txt", buf_slice(&out));
    buf_done(&out);
}

/* "value:N", cut or filled with zeros to `size` bytes if that is not 0. */
static struct slice populated_value(struct cmd *cmd, int64_t number, size_t size)
{
    char text[64];
    int len = snprintf(text, sizeof(text), "value:%" PRId64, number);
    size_t whole = size ? size : (size_t)len;
    char *value = arena_alloc(cmd->arena, whole);
    memset(value, 0, whole);
    memcpy(value, text, MIN_OF(whole, (size_t)len));
    return slice_of(value, whole);
}

static void debug_populate(struct cmd *cmd)
{
    int64_t count, size = 0;
    if (!cmd_int_in(cmd, 2, 0, INT64_MAX, &count, NULL))
        return;
    if (cmd->argc > 4 && !cmd_int_in(cmd, 4, 0, INT32_MAX, &size, NULL))
        return;
    struct slice prefix = cmd->argc > 3 ? cmd->argv[3] : SLICE("key");

    db_reserve(cmd->db, db_count(cmd->db) + (size_t)MIN_OF(count, (int64_t)1 << 32));
    char *name = arena_alloc(cmd->arena, prefix.len + 1 + NUM_INT_MAX_CHARS);
    memcpy(name, prefix.ptr, prefix.len);
    name[prefix.len] = ':';
    for (int64_t i = 0; i < count; i++) {
        size_t digits = num_format_int(name + prefix.len + 1, i);
        struct key key = db_key(cmd->db, slice_of(name, prefix.len + 1 + digits));
        if (db_peek(cmd->db, key))
            continue;
        struct arena_mark mark = arena_mark(cmd->arena);
        struct slice value = populated_value(cmd, i, (size_t)size);
        db_insert(cmd->db, key, string_new(key.name, value, ENTRY_NO_EXPIRY));
        arena_rewind(cmd->arena, mark);
    }
    cmd_no_effect(cmd);
    reply_ok(cmd->reply);
}

static void debug_set_active_expire(struct cmd *cmd)
{
    int64_t on;
    if (!cmd_int_in(cmd, 2, 0, 1, &on, NULL))
        return;
    keyspace_set_active_expire(db_keyspace(cmd->db), on);
    reply_ok(cmd->reply);
}

static void debug_error(struct cmd *cmd)
{
    reply_error_slice(cmd->reply, cmd->argv[2]);
}

static void debug_log(struct cmd *cmd)
{
    log_write(LOG_WARNING, "DEBUG LOG: %.*s", SLICE_ARGS(cmd->argv[2]));
    reply_ok(cmd->reply);
}

/* ---- PROTOCOL: one reply of every type ---- */

static void protocol_string(struct reply *r)
{
    reply_bulk_str(r, "Hello World");
}

static void protocol_integer(struct reply *r)
{
    reply_int(r, 12345);
}

static void protocol_double(struct reply *r)
{
    reply_double(r, 3.141);
}

static void protocol_bignum(struct reply *r)
{
    reply_big_number(r, SLICE("1234567999999999999999999999999999999"));
}

static void protocol_array(struct reply *r)
{
    reply_array(r, 3);
    for (int i = 0; i < 3; i++)
        reply_int(r, i);
}

static void protocol_set(struct reply *r)
{
    reply_set(r, 3);
    for (int i = 0; i < 3; i++)
        reply_int(r, i);
}

static void protocol_map(struct reply *r)
{
    reply_map(r, 3);
    for (int i = 0; i < 3; i++) {
        reply_int(r, i);
        reply_bool(r, i == 1);
    }
}

static void protocol_attrib(struct reply *r)
{
    if (reply_attribute(r, 1)) {
        reply_bulk_str(r, "key-popularity");
        reply_array(r, 2);
        reply_bulk_str(r, "key:123");
        reply_int(r, 90);
    }
    reply_bulk_str(r, "Some real reply following the attribute");
}

static void protocol_push(struct reply *r)
{
    if (r->proto < 3) {
        reply_error(r, "ERR RESP2 is not supported by this command");
        return;
    }
    reply_push(r, 2);
    reply_bulk_str(r, "server-cpu-usage");
    reply_int(r, 42);
    reply_bulk_str(r, "Some real reply following the push reply");
}

static void protocol_verbatim(struct reply *r)
{
    reply_verbatim(r, "txt", SLICE("This is a verbatim\nstring"));
}

static void protocol_true(struct reply *r)
{
    reply_bool(r, true);
}

static void protocol_false(struct reply *r)
{
    reply_bool(r, false);
}

static const struct {
    const char *name;
    void (*write)(struct reply *r);
} protocol_types[] = {
    { "string", protocol_string },
    { "integer", protocol_integer },
    { "double", protocol_double },
    { "bignum", protocol_bignum },
    { "null", reply_null },
    { "array", protocol_array },
    { "set", protocol_set },
    { "map", protocol_map },
    { "attrib", protocol_attrib },
    { "push", protocol_push },
    { "verbatim", protocol_verbatim },
    { "true", protocol_true },
    { "false", protocol_false },
};

static void debug_protocol(struct cmd *cmd)
{
    for (size_t i = 0; i < COUNT_OF(protocol_types); i++) {
        if (!cmd_is(cmd, 2, protocol_types[i].name))
            continue;
        protocol_types[i].write(cmd->reply);
        return;
    }
    reply_error(cmd->reply,
                "ERR Wrong protocol type name. Please use one of the following: "
                "string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false");
}

/* ---- the table ---- */

static void debug_help(struct cmd *cmd)
{
    static const char *const lines[] = {
        "DIGEST",
        "    Return a digest of all data.",
        "DIGEST-VALUE <key> [<key> ...]",
        "    Return a digest of each value.",
        "ERROR <string>",
        "    Return an error with that text.",
        "HTSTATS <dbid>",
        "    Return how full the buckets of a database's table are.",
        "LOG <message>",
        "    Write a message to the log.",
        "OBJECT <key>",
        "    Return how a value is kept.",
        "POPULATE <count> [<prefix>] [<size>]",
        "    Create <count> strings <prefix>:<number>; no effect is journaled.",
        "PROTOCOL <type>",
        "    Return a value of a protocol type: string, integer, double, bignum, null, array,",
        "    set, map, attrib, push, verbatim, true, false.",
        "SET-ACTIVE-EXPIRE <0|1>",
        "    With 0, keys expire only when they are accessed.",
        "SLEEP <seconds>",
        "    Stand still that long. Decimals allowed.",
        NULL,
    };
    cmd_reply_help(cmd, lines);
}

static const struct debug_verb {
    const char *name;
    int argc_min, argc_max;
    command_run run;
} verbs[] = {
    { "digest", 2, 2, debug_digest },     { "digest-value", 2, INT32_MAX, debug_digest_value },
    { "error", 3, 3, debug_error },       { "help", 2, 2, debug_help },
    { "htstats", 3, 3, debug_htstats },   { "log", 3, 3, debug_log },
    { "object", 3, 3, debug_object },     { "populate", 3, 5, debug_populate },
    { "protocol", 3, 3, debug_protocol }, { "set-active-expire", 3, 3, debug_set_active_expire },
    { "sleep", 3, 3, debug_sleep },
};

void cmd_debug(struct cmd *cmd)
{
    for (size_t i = 0; i < COUNT_OF(verbs); i++) {
        const struct debug_verb *verb = &verbs[i];
        if (!cmd_is(cmd, 1, verb->name))
            continue;
        if (cmd->argc < verb->argc_min || cmd->argc > verb->argc_max)
            break;
        verb->run(cmd);
        return;
    }
    cmd_reply_subcommand_error(cmd);
}
