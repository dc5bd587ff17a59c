/* DEBUG: looks into data and tables, and makes data for tests. */
#include <inttypes.h>
#include <stdio.h>

#include "base/glob.h"
#include "base/num.h"
#include "dispatch/dispatch.h"
#include "server/debug_priv.h"
#include "server/digest.h"
#include "server/server_priv.h"
#include "types/string.h"

#define ERR_NOT_POSITIVE "ERR value is out of range, must be positive"

/* ---- digests ---- */

static void reply_digest(struct reply *r, const struct digest *digest)
{
    char hex[2 * DIGEST_BYTES];
    digest_hex(digest, hex);
    reply_status(r, slice_of(hex, sizeof(hex)));
}

void debug_digest(struct cmd *cmd)
{
    struct digest digest;
    digest_of_keyspace(db_keyspace(cmd->db), &digest);
    reply_digest(cmd->reply, &digest);
}

void debug_digest_value(struct cmd *cmd)
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

/* ---- tables ---- */

static void describe_table(struct table_stats stats, struct buf *out)
{
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

void debug_htstats(struct cmd *cmd)
{
    int64_t index;
    struct keyspace *ks = db_keyspace(cmd->db);
    if (cmd->argc == 4 && !cmd_is(cmd, 3, "full")) {
        cmd_reply_subcommand_error(cmd);
        return;
    }
    if (!cmd_int(cmd, 2, &index, NULL))
        return;
    if (index < 0 || index >= keyspace_count(ks)) {
        reply_error(cmd->reply, "ERR Out of range database");
        return;
    }
    const struct db *db = keyspace_db(ks, (int)index);
    struct buf out;
    buf_init(&out, BUF_NO_CEILING);
    struct table_stats stats;
    db_table_stats(db, &stats);
    buf_append_str(&out, "[Dictionary HT]\n");
    describe_table(stats, &out);
    buf_printf(&out, "[Expires]\n number of elements: %zu\n", db_count_expires(db));
    reply_verbatim(cmd->reply, "txt", buf_slice(&out));
    buf_done(&out);
}

void debug_htstats_key(struct cmd *cmd)
{
    const struct entry *e = db_peek(cmd->db, cmd_key(cmd, 2));
    const struct table *table = e ? entry_table(e) : NULL;
    struct table_stats stats;
    struct buf out;
    if (!table) {
        reply_error(cmd->reply, e ? "ERR The value stored at the specified key is not represented "
                                    "using an hash table"
                                  : ERR_NO_KEY);
        return;
    }
    table_stats_read(table, &stats);
    buf_init(&out, BUF_NO_CEILING);
    describe_table(stats, &out);
    reply_verbatim(cmd->reply, "txt", buf_slice(&out));
    buf_done(&out);
}

void debug_dict_resizing(struct cmd *cmd)
{
    keyspace_hold(db_keyspace(cmd->db), !debug_flag(cmd, 2));
    reply_ok(cmd->reply);
}

void debug_set_active_expire(struct cmd *cmd)
{
    keyspace_set_active_expire(db_keyspace(cmd->db), debug_flag(cmd, 2));
    reply_ok(cmd->reply);
}

void debug_set_skip_checksum(struct cmd *cmd)
{
    struct server *s = cmd->owner;
    s->commands.skip_checksum = debug_flag(cmd, 2);
    reply_ok(cmd->reply);
}

/* ---- POPULATE ---- */

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

void debug_populate(struct cmd *cmd)
{
    int64_t count, size = 0;
    if (!cmd_int_in(cmd, 2, 0, INT64_MAX, &count, ERR_NOT_POSITIVE))
        return;
    if (cmd->argc > 4 && !cmd_int_in(cmd, 4, 0, INT32_MAX, &size, ERR_NOT_POSITIVE))
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

/* ---- the rest ---- */

/* Whether a pattern of KEYS matches a text. */
void debug_stringmatch_len(struct cmd *cmd)
{
    reply_int(cmd->reply, glob_match(cmd->argv[2], cmd->argv[3]));
}

void debug_structsize(struct cmd *cmd)
{
    char text[256];
    int len = snprintf(text, sizeof(text),
                       "bits:64 entry:%zu command:%zu slot:%zu session:%zu request:%zu span:%zu",
                       sizeof(struct entry), sizeof(struct command), sizeof(struct command_slot),
                       sizeof(struct session), sizeof(struct request), sizeof(struct span));
    reply_bulk(cmd->reply, slice_of(text, (size_t)len));
}
