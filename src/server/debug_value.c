/* DEBUG: how one value is kept. Listings of packed lists go to the standard output, as with the peers. */
#include <inttypes.h>
#include <stdio.h>

#include "base/num.h"
#include "codec/payload.h"
#include "commands/commands.h"
#include "dispatch/cmd.h"
#include "server/debug_priv.h"
#include "types/hash.h"
#include "types/list.h"
#include "types/set.h"
#include "types/zset.h"

#define ERR_PLAIN_BYTES "ERR argument must be a memory value bigger than 1 and smaller than 4gb"

/* What only lists have; nothing for other types. */
static void describe_list(const struct entry *e, const struct type_env *env, struct buf *out)
{
    if (entry_type(e) != TYPE_LIST)
        return;
    const struct packs *p = list_packs(e);
    const size_t nodes = p ? packs_pack_count(p) : 1;
    const struct packs_limits limits = p ? packs_limits(p)
                                         : (struct packs_limits){
                                               .size = env->list_listpack_size,
                                               .depth = env->list_compress_depth,
                                           };
    buf_printf(out,
               " ql_nodes:%zu ql_avg_node:%.2f ql_listpack_max:%" PRId64
               " ql_compressed:%d ql_uncompressed_size:%zu",
               nodes, (double)list_count(e) / (double)nodes, limits.size, limits.depth != 0,
               p ? packs_raw_bytes(p) : listpack_bytes(list_listpack(e)));
}

/* "fast" leaves out what would take long to find out for a big value. */
void debug_object(struct cmd *cmd)
{
    const bool fast = cmd->argc == 4;
    if (fast && !cmd_is(cmd, 3, "fast")) {
        cmd_reply_subcommand_error(cmd);
        return;
    }
    const struct entry *e = db_peek(cmd->db, cmd_key(cmd, 2));
    if (!e) {
        reply_error(cmd->reply, ERR_NO_KEY);
        return;
    }
    struct buf out;
    buf_init(&out, BUF_NO_CEILING);
    buf_printf(&out, "Value at:%p refcount:%" PRId64 " encoding:%s", (const void *)e,
               commands_refcount(e), entry_encoding_name(e));
    if (!fast)
        buf_printf(&out, " serializedlength:%zu", codec_payload_value_bytes(e));
    buf_printf(&out, " lru:%u lru_seconds_idle:%" PRIu64, (unsigned)entry_lru(e),
               (uint64_t)db_idle_s(cmd->db, e));
    if (!fast)
        describe_list(e, keyspace_env(db_keyspace(cmd->db)), &out);
    reply_status(cmd->reply, buf_slice(&out));
    buf_done(&out);
}

/* ---- listings ---- */

static void print_values(const struct listpack *lp)
{
    size_t index = 0;
    for (size_t at = listpack_first(lp); at != LISTPACK_NONE; at = listpack_next(lp, at), index++) {
        const struct listpack_value value = listpack_get(lp, at);
        if (value.text.ptr)
            printf("  %zu, offset %zu: text of %zu bytes: %.*s\n", index, at, value.text.len,
                   SLICE_ARGS(value.text));
        else
            printf("  %zu, offset %zu: number: %" PRId64 "\n", index, at, value.number);
    }
}

/* The listpack that is the whole value; NULL: it has another form. */
static const struct listpack *listpack_of(const struct entry *e)
{
    size_t width;
    switch (entry_type(e)) {
    case TYPE_LIST:
        return list_listpack(e);
    case TYPE_HASH:
        return hash_listpack(e, &width);
    case TYPE_SET:
        return set_listpack(e);
    case TYPE_ZSET:
        return zset_listpack(e);
    default:
        return NULL;
    }
}

void debug_listpack(struct cmd *cmd)
{
    const struct entry *e = db_peek(cmd->db, cmd_key(cmd, 2));
    const struct listpack *lp = e ? listpack_of(e) : NULL;
    if (!lp) {
        reply_error(cmd->reply, e ? "ERR Not a listpack encoded object." : ERR_NO_KEY);
        return;
    }
    printf("listpack of %zu bytes, %zu entries\n", listpack_bytes(lp), listpack_count(lp));
    print_values(lp);
    (void)fflush(stdout);
    reply_status(cmd->reply, SLICE("Listpack structure printed on stdout"));
}

static void print_packs(const struct packs *p, bool with_values)
{
    struct packs_parts parts;
    struct packs_part part;
    size_t index = 0;
    printf("list of %zu values in %zu packs\n", packs_count(p), packs_pack_count(p));
    packs_parts_open(&parts, p);
    for (; packs_parts_next(&parts, &part); index++) {
        if (part.lp)
            printf("pack %zu: %slistpack of %zu bytes, %zu values\n", index,
                   part.is_compressed ? "compressed " : "", listpack_bytes(part.lp),
                   listpack_count(part.lp));
        else
            printf("pack %zu: a value alone, of %zu bytes\n", index, part.plain.len);
        if (part.lp && with_values)
            print_values(part.lp);
    }
    packs_parts_close(&parts);
}

void debug_quicklist(struct cmd *cmd)
{
    const struct entry *e = db_peek(cmd->db, cmd_key(cmd, 2));
    const struct packs *p = e && entry_type(e) == TYPE_LIST ? list_packs(e) : NULL;
    if (!p) {
        reply_error(cmd->reply, e ? "ERR Not a quicklist encoded object." : ERR_NO_KEY);
        return;
    }
    print_packs(p, cmd->argc == 4 && debug_flag(cmd, 3));
    (void)fflush(stdout);
    reply_status(cmd->reply, SLICE("Quicklist structure printed on stdout"));
}

/* ---- how lists are made ---- */

void debug_quicklist_packed_threshold(struct cmd *cmd)
{
    int64_t bytes;
    if (num_parse_memory(cmd_arg(cmd, 2), &bytes) < 0 || bytes < 0 || bytes >= UINT32_MAX) {
        reply_error(cmd->reply, ERR_PLAIN_BYTES);
        return;
    }
    keyspace_set_list_plain_bytes(db_keyspace(cmd->db), bytes);
    reply_ok(cmd->reply);
}
