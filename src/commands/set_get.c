/* What is asked about one set: SISMEMBER, SMISMEMBER, SCARD, SMEMBERS, SRANDMEMBER, SSCAN. */
#include "base/glob.h"
#include "commands/scan_priv.h"
#include "commands/set_priv.h"

static void run_sismember(struct cmd *cmd)
{
    const struct entry *e = db_lookup_read(cmd->db, cmd_key(cmd, 1));
    if (is_set(cmd, e))
        reply_int(cmd->reply, e && set_has(e, cmd_arg(cmd, 2)));
}

static void run_smismember(struct cmd *cmd)
{
    const struct entry *e = db_lookup_read(cmd->db, cmd_key(cmd, 1));
    if (!is_set(cmd, e))
        return;
    reply_array(cmd->reply, (size_t)cmd->argc - 2);
    for (int i = 2; i < cmd->argc; i++)
        reply_int(cmd->reply, e && set_has(e, cmd_arg(cmd, i)));
}

static void run_scard(struct cmd *cmd)
{
    const struct entry *e = db_lookup_read(cmd->db, cmd_key(cmd, 1));
    if (is_set(cmd, e))
        reply_int(cmd->reply, e ? (int64_t)set_count(e) : 0);
}

static void run_smembers(struct cmd *cmd)
{
    const struct entry *e = db_lookup_read(cmd->db, cmd_key(cmd, 1));
    struct set_walk walk;
    struct slice member;
    if (!is_set(cmd, e))
        return;
    reply_set(cmd->reply, e ? set_count(e) : 0);
    if (!e)
        return;
    set_walk_open(&walk, e);
    while (set_walk_next(&walk, &member))
        reply_bulk(cmd->reply, member);
    set_walk_close(&walk);
}

/* ---- SRANDMEMBER ---- */

static void reply_any(const struct cmd *cmd, const struct entry *e)
{
    char digits[NUM_INT_MAX_CHARS];
    reply_bulk(cmd->reply, set_random(e, set_env(cmd)->rand, digits));
}

static void reply_member(void *arg, struct slice member)
{
    reply_bulk(arg, member);
}

static void random_count(struct cmd *cmd)
{
    int64_t count;
    if (!cmd_int_in(cmd, 2, -INT64_MAX, INT64_MAX, &count, NULL))
        return;
    const struct entry *e = db_lookup_read(cmd->db, cmd_key(cmd, 1));
    if (!is_set(cmd, e))
        return;
    if (!e) {
        reply_array(cmd->reply, 0);
    } else if (count >= 0) {
        const size_t taken = MIN_OF((size_t)count, set_count(e));
        reply_array(cmd->reply, taken);
        set_sample(e, set_env(cmd), taken, reply_member, cmd->reply);
    } else {
        /* Each draw is from all members. A client may be closed for what it asked for. */
        reply_array(cmd->reply, (size_t)-count);
        for (; count < 0 && !cmd->reply->closed; count++)
            reply_any(cmd, e);
    }
}

static void run_srandmember(struct cmd *cmd)
{
    if (cmd->argc == 3) {
        random_count(cmd);
        return;
    }
    if (cmd->argc > 3) {
        reply_error(cmd->reply, ERR_SYNTAX);
        return;
    }
    const struct entry *e = db_lookup_read(cmd->db, cmd_key(cmd, 1));
    if (!is_set(cmd, e))
        return;
    if (e)
        reply_any(cmd, e);
    else
        reply_null(cmd->reply);
}

/* ---- SSCAN ---- */

struct scan {
    const struct cmd *cmd;
    struct scan_options options;
    bool keep; /* members are to be copied */
    int64_t seen;
    struct slice *found;
    size_t found_count, found_cap;
};

static void gather(void *arg, struct slice member)
{
    struct scan *scan = arg;
    struct arena *arena = scan->cmd->arena;
    scan->seen++;
    if (scan->options.pattern.ptr && !glob_match(scan->options.pattern, member))
        return;
    if (scan->found_count == scan->found_cap) {
        const size_t cap = scan->found_cap ? scan->found_cap * 2 : 32;
        struct slice *found = arena_alloc(arena, cap * sizeof(*found));
        if (scan->found_count)
            memcpy(found, scan->found, scan->found_count * sizeof(*found));
        scan->found = found;
        scan->found_cap = cap;
    }
    scan->found[scan->found_count++] = scan->keep ? arena_copy(arena, member) : member;
}

static void run_sscan(struct cmd *cmd)
{
    struct scan scan = { .cmd = cmd };
    uint64_t cursor;
    if (!scan_cursor_arg(cmd, 2, &cursor))
        return;
    struct entry *e = db_lookup_read(cmd->db, cmd_key(cmd, 1));
    if (!e) {
        scan_reply_header(cmd, 0, 0);
        return;
    }
    if (!is_set(cmd, e) || !scan_option_args(cmd, 3, NULL, /* with_type= */ false, &scan.options))
        return;

    scan.keep = set_table(e) == NULL;
    int64_t steps = scan_steps(&scan.options);
    do
        cursor = set_scan(e, cursor, gather, &scan);
    while (cursor && --steps > 0 && scan.seen < scan.options.count);

    scan_reply_header(cmd, cursor, scan.found_count);
    for (size_t i = 0; i < scan.found_count; i++)
        reply_bulk(cmd->reply, scan.found[i]);
}

#define ACCESS_KEY KEY_AT(1, KEY_RO | KEY_ACCESS)
#define READ_FAST (CMD_READ | CMD_FAST)

static const struct command rows[] = {
    {
        .name = "sismember",
        .run = run_sismember,
        .arity = 3,
        .flags = READ_FAST,
        .group = GROUP_SET,
        .keys = KEY_AT(1, KEY_RO),
        .element = 2,
        .since = "1.0.0",
        .complexity = "O(1)",
        .summary = "Whether something is a member of a set.",
        .syntax = "key:key member",
    },
    {
        .name = "smismember",
        .run = run_smismember,
        .arity = -3,
        .flags = READ_FAST,
        .group = GROUP_SET,
        .keys = ACCESS_KEY,
        .element = 2,
        .since = "6.2.0",
        .complexity = "O(1) for each member",
        .summary = "Which of several are members of a set.",
        .syntax = "key:key member...",
    },
    {
        .name = "scard",
        .run = run_scard,
        .arity = 2,
        .flags = READ_FAST,
        .group = GROUP_SET,
        .keys = KEY_AT(1, KEY_RO),
        .since = "1.0.0",
        .complexity = "O(1)",
        .summary = "How many members a set has.",
        .syntax = "key:key",
    },
    {
        .name = "smembers",
        .run = run_smembers,
        .arity = 2,
        .flags = CMD_READ,
        .group = GROUP_SET,
        .keys = ACCESS_KEY,
        .since = "1.0.0",
        .complexity = "O(N)",
        .summary = "All members of a set.",
        .syntax = "key:key",
        .tips = (const char *const[]){ "nondeterministic_output_order", NULL },
    },
    {
        .name = "srandmember",
        .run = run_srandmember,
        .arity = -2,
        .flags = CMD_READ,
        .group = GROUP_SET,
        .keys = ACCESS_KEY,
        .since = "1.0.0",
        .complexity = "O(1) for each member drawn, at most O(N) for different ones",
        .summary = "Members drawn at random: different ones, or with a negative count any.",
        .syntax = "key:key [count:int@2.6.0]",
        .tips = (const char *const[]){ "nondeterministic_output", NULL },
    },
    {
        .name = "sscan",
        .run = run_sscan,
        .arity = -3,
        .flags = CMD_READ,
        .group = GROUP_SET,
        .keys = ACCESS_KEY,
        .since = "2.8.0",
        .complexity = "O(1) for a call, O(N) for all N members",
        .summary = "Some of a set's members, and the cursor from which the next call goes on.",
        .syntax = "key:key cursor:int [MATCH pattern:pattern] [COUNT count:int]",
        .tips = (const char *const[]){ "nondeterministic_output", NULL },
    },
};

struct command_table commands_set_get(void)
{
    return (struct command_table){ .rows = rows, .count = COUNT_OF(rows) };
}
