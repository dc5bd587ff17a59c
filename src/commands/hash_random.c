/* Fields by chance and in steps: HRANDFIELD and HSCAN. */
#include "base/glob.h"
#include "commands/commands.h"
#include "commands/hash_priv.h"
#include "commands/scan_priv.h"

/* ---- HRANDFIELD ---- */

struct draw {
    struct reply *reply;
    bool with_values;
};

static void reply_drawn(void *arg, const struct hash_field *f)
{
    const struct draw *draw = arg;
    if (draw->with_values && draw->reply->proto == 3)
        reply_array(draw->reply, 2);
    reply_bulk(draw->reply, f->name);
    if (draw->with_values)
        reply_bulk(draw->reply, f->value);
}

/* False: an error was replied. */
static bool count_arg(const struct cmd *cmd, int64_t *ret_count, bool *ret_with_values)
{
    int64_t count;
    if (!cmd_int_in(cmd, 2, -INT64_MAX, INT64_MAX, &count, NULL))
        return false;
    bool with_values = cmd->argc == 4 && cmd_is(cmd, 3, "withvalues");
    if (cmd->argc > 4 || (cmd->argc == 4 && !with_values)) {
        reply_error(cmd->reply, ERR_SYNTAX);
        return false;
    }
    if (with_values && (count < -(INT64_MAX / 2) || count > INT64_MAX / 2)) {
        reply_error(cmd->reply, "ERR value is out of range");
        return false;
    }
    *ret_count = count;
    *ret_with_values = with_values;
    return true;
}

/* The same field may come more than once. */
static void draw_many(struct cmd *cmd, struct entry *e, struct draw *draw, int64_t count)
{
    int64_t now_ms = db_fields_now(cmd->db);
    size_t replies = (size_t)count * (draw->with_values && draw->reply->proto == 2 ? 2 : 1);
    reply_array(draw->reply, replies);
    for (; count > 0 && !draw->reply->closed; count--)
        hash_random(e, hash_env(cmd), now_ms, reply_drawn, draw);
}

static void draw_different(struct cmd *cmd, struct entry *e, struct draw *draw, int64_t count)
{
    int64_t now_ms = db_fields_now(cmd->db);
    size_t different = MIN_OF((size_t)count, hash_count(e, now_ms));
    size_t replies = different * (draw->with_values && draw->reply->proto == 2 ? 2 : 1);
    reply_array(draw->reply, replies);
    hash_sample(e, hash_env(cmd), now_ms, different, reply_drawn, draw);
}

static void run_hrandfield(struct cmd *cmd)
{
    int64_t count = 0;
    struct draw draw = { .reply = cmd->reply };
    bool with_count = cmd->argc > 2;
    if (with_count && !count_arg(cmd, &count, &draw.with_values))
        return;
    struct entry *e = db_lookup_read(cmd->db, cmd_key(cmd, 1));
    if (!is_hash(cmd, e))
        return;
    if (!e) {
        if (with_count)
            reply_array(cmd->reply, 0);
        else
            reply_null(cmd->reply);
    } else if (!with_count) {
        hash_random(e, hash_env(cmd), db_fields_now(cmd->db), reply_drawn, &draw);
    } else if (count < 0) {
        draw_many(cmd, e, &draw, -count);
    } else {
        draw_different(cmd, e, &draw, count);
    }
}

/* ---- HSCAN ---- */

struct scan {
    const struct cmd *cmd;
    struct scan_options options;
    bool keep; /* names and values are to be copied */
    int64_t seen;
    struct hash_field *found;
    size_t found_count, found_cap;
};

static void gather(void *arg, const struct hash_field *f)
{
    struct scan *scan = arg;
    struct arena *arena = scan->cmd->arena;
    scan->seen++;
    if (scan->options.pattern.ptr && !glob_match(scan->options.pattern, f->name))
        return;
    if (scan->found_count == scan->found_cap) {
        size_t cap = scan->found_cap ? scan->found_cap * 2 : 32;
        struct hash_field *found = arena_alloc(arena, cap * sizeof(*found));
        if (scan->found_count)
            memcpy(found, scan->found, scan->found_count * sizeof(*found));
        scan->found = found;
        scan->found_cap = cap;
    }
    struct hash_field *kept = &scan->found[scan->found_count++];
    *kept = *f;
    if (scan->keep) {
        kept->name = arena_copy(arena, f->name);
        kept->value = arena_copy(arena, f->value);
    }
}

static void run_hscan(struct cmd *cmd)
{
    struct scan scan = { .cmd = cmd };
    uint64_t cursor;
    size_t width;
    if (!scan_cursor_arg(cmd, 2, &cursor))
        return;
    struct entry *e = db_lookup_read(cmd->db, cmd_key(cmd, 1));
    if (!e) {
        scan_reply_header(cmd, 0, 0);
        return;
    }
    if (!is_hash(cmd, e) ||
        !scan_option_args(cmd, 3, "novalues", /* with_type= */ false, &scan.options))
        return;

    scan.keep = hash_listpack(e, &width) != NULL;
    int64_t now_ms = db_fields_now(cmd->db);
    int64_t steps = scan_steps(&scan.options);
    do
        cursor = hash_scan(e, cursor, now_ms, gather, &scan);
    while (cursor && --steps > 0 && scan.seen < scan.options.count);

    scan_reply_header(cmd, cursor, scan.found_count * (scan.options.bare ? 1 : 2));
    for (size_t i = 0; i < scan.found_count; i++) {
        reply_bulk(cmd->reply, scan.found[i].name);
        if (!scan.options.bare)
            reply_bulk(cmd->reply, scan.found[i].value);
    }
}

#define READ_KEY KEY_AT(1, KEY_RO | KEY_ACCESS)
#define NONDETERMINISTIC                \
    (const char *const[])               \
    {                                   \
        "nondeterministic_output", NULL \
    }

static const struct command rows[] = {
    {
        .name = "hrandfield",
        .run = run_hrandfield,
        .arity = -2,
        .flags = CMD_READ,
        .group = GROUP_HASH,
        .keys = READ_KEY,
        .since = "6.2.0",
        .complexity = "O(N) for N fields drawn",
        .summary = "Fields drawn by chance: different ones, or with a negative count any.",
        .syntax = "key:key [options={count:int [WITHVALUES]}]",
        .tips = NONDETERMINISTIC,
    },
    {
        .name = "hscan",
        .run = run_hscan,
        .arity = -3,
        .flags = CMD_READ,
        .group = GROUP_HASH,
        .keys = READ_KEY,
        .since = "2.8.0",
        .complexity = "O(1) for a call, O(N) for all N fields of the hash",
        .summary = "Some of a hash's fields, and the cursor from which the next call goes on.",
        .syntax = "key:key cursor:int [MATCH pattern:pattern] [COUNT count:int] [NOVALUES]",
        .tips = NONDETERMINISTIC,
    },
};

struct command_table commands_hash_random(void)
{
    return (struct command_table){ .rows = rows, .count = COUNT_OF(rows) };
}
