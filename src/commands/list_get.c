/* Lists as they are: LLEN, LRANGE, LINDEX, LPOS. */
#include "commands/list_priv.h"

static void run_llen(struct cmd *cmd)
{
    const struct entry *e = db_lookup_read(cmd->db, cmd_key(cmd, 1));
    if (is_list(cmd, e))
        reply_int(cmd->reply, e ? (int64_t)list_count(e) : 0);
}

static void run_lrange(struct cmd *cmd)
{
    int64_t start, stop;
    if (!cmd_int(cmd, 2, &start, NULL) || !cmd_int(cmd, 3, &stop, NULL))
        return;
    const struct entry *e = db_lookup_read(cmd->db, cmd_key(cmd, 1));
    if (!is_list(cmd, e))
        return;
    const struct list_span span = list_span(e ? list_count(e) : 0, start, stop);
    reply_array(cmd->reply, span.count);
    if (span.count == 0)
        return;
    struct list_walk walk;
    struct packs_value value;
    list_walk_open(&walk, e, span.first, /* down= */ false);
    for (size_t i = 0; i < span.count && list_walk_next(&walk, &value); i++)
        list_reply_value(cmd->reply, &value);
    list_walk_close(&walk);
}

static void run_lindex(struct cmd *cmd)
{
    const struct entry *e = db_lookup_read(cmd->db, cmd_key(cmd, 1));
    int64_t index;
    if (!is_list(cmd, e))
        return;
    if (!e) {
        reply_null(cmd->reply);
        return;
    }
    if (!cmd_int(cmd, 2, &index, NULL))
        return;
    const int64_t count = (int64_t)list_count(e);
    if (index < -count || index >= count) {
        reply_null(cmd->reply);
        return;
    }
    struct list_walk walk;
    struct packs_value value;
    list_walk_open(&walk, e, (size_t)(index < 0 ? index + count : index), /* down= */ false);
    if (list_walk_next(&walk, &value))
        list_reply_value(cmd->reply, &value);
    list_walk_close(&walk);
}

/* ---- LPOS ---- */

struct search {
    int64_t rank;       /* the first match that counts; negative: from the tail */
    int64_t count;      /* of matches, 0 for all; -1: one, which is not in an array */
    int64_t length_max; /* of values to look at, 0 for all */
};

static bool parse_search(const struct cmd *cmd, struct search *ret_search)
{
    struct search s = { .rank = 1, .count = -1 };
    for (int i = 3; i < cmd->argc; i += 2) {
        bool ok;
        if (i + 1 == cmd->argc) {
            reply_error(cmd->reply, ERR_SYNTAX);
            return false;
        }
        if (cmd_is(cmd, i, "rank")) {
            ok = cmd_int_in(cmd, i + 1, -INT64_MAX, INT64_MAX, &s.rank, NULL);
            if (ok && s.rank == 0) {
                reply_error(cmd->reply,
                            "ERR RANK can't be zero: use 1 to start from the first match, 2 from "
                            "the second ... or use negative to start from the end of the list");
                return false;
            }
        } else if (cmd_is(cmd, i, "count")) {
            ok = cmd_int_in(cmd, i + 1, 0, INT64_MAX, &s.count, "ERR COUNT can't be negative");
        } else if (cmd_is(cmd, i, "maxlen")) {
            ok = cmd_int_in(cmd, i + 1, 0, INT64_MAX, &s.length_max,
                            "ERR MAXLEN can't be negative");
        } else {
            reply_error(cmd->reply, ERR_SYNTAX);
            return false;
        }
        if (!ok)
            return false;
    }
    *ret_search = s;
    return true;
}

/* Replies the indexes of matches; returns how many. */
static size_t reply_matches(const struct cmd *cmd, const struct entry *e, const struct search *s)
{
    const struct list_wanted wanted = list_wanted(cmd_arg(cmd, 2));
    const bool down = s->rank < 0;
    const size_t len = list_count(e), look = s->length_max ? (size_t)s->length_max : len;
    const size_t most = s->count == -1 ? 1 : s->count ? (size_t)s->count : SIZE_MAX;
    int64_t skip = (down ? -s->rank : s->rank) - 1;
    struct list_walk walk;
    struct packs_value value;
    size_t found = 0;
    list_walk_open(&walk, e, down ? len - 1 : 0, down);
    for (size_t i = 0; i < look && found < most && list_walk_next(&walk, &value); i++) {
        if (!list_value_is(&value, &wanted) || skip-- > 0)
            continue;
        reply_int(cmd->reply, (int64_t)(down ? len - 1 - i : i));
        found++;
    }
    list_walk_close(&walk);
    return found;
}

static void run_lpos(struct cmd *cmd)
{
    struct search s;
    if (!parse_search(cmd, &s))
        return;
    const struct entry *e = db_lookup_read(cmd->db, cmd_key(cmd, 1));
    if (!is_list(cmd, e))
        return;
    if (s.count == -1) {
        if (!e || reply_matches(cmd, e, &s) == 0)
            reply_null(cmd->reply);
    } else if (!e) {
        reply_array(cmd->reply, 0);
    } else {
        reply_defer(cmd->reply);
        reply_settle(cmd->reply, REPLY_ARRAY, reply_matches(cmd, e, &s));
    }
}

#define READ_KEY KEY_AT(1, KEY_RO | KEY_ACCESS)

static const struct command rows[] = {
    {
        .name = "llen",
        .run = run_llen,
        .arity = 2,
        .flags = CMD_READ | CMD_FAST,
        .group = GROUP_LIST,
        .keys = KEY_AT(1, KEY_RO),
        .since = "1.0.0",
        .complexity = "O(1)",
        .summary = "How many values a list has.",
        .syntax = "key:key",
    },
    {
        .name = "lrange",
        .run = run_lrange,
        .arity = 4,
        .flags = CMD_READ,
        .group = GROUP_LIST,
        .keys = READ_KEY,
        .since = "1.0.0",
        .complexity = "O(S + N) for S packs to the nearer end and N values of the part",
        .summary = "A part of a list; negative indexes count from its end.",
        .syntax = "key:key start:int stop:int",
    },
    {
        .name = "lindex",
        .run = run_lindex,
        .arity = 3,
        .flags = CMD_READ,
        .group = GROUP_LIST,
        .keys = READ_KEY,
        .since = "1.0.0",
        .complexity = "O(N) for N packs to the nearer end; O(1) at the ends",
        .summary = "The value at an index; a negative one counts from the end.",
        .syntax = "key:key index:int",
    },
    {
        .name = "lpos",
        .run = run_lpos,
        .arity = -3,
        .flags = CMD_READ,
        .group = GROUP_LIST,
        .keys = READ_KEY,
        .since = "6.0.6",
        .complexity = "O(N) for N values that are looked at",
        .summary = "Where in a list a value stands.",
        .syntax = "key:key element [RANK rank:int] [COUNT num-matches:int] [MAXLEN len:int]",
    },
};

struct command_table commands_list_get(void)
{
    return (struct command_table){ .rows = rows, .count = COUNT_OF(rows) };
}
