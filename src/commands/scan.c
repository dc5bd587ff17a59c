/* SCAN: the keys of a database in small steps.
 *
 * A step goes on until it has seen COUNT keys, or ten times as many buckets. The cursor of the
 * reply stands in front of the keys and is known after them, so they are gathered in the batch's
 * arena first. */
#include <ctype.h>

#include "base/glob.h"
#include "base/num.h"
#include "commands/commands.h"
#include "commands/scan_priv.h"

struct scan {
    const struct cmd *cmd;
    struct scan_options options;
    int64_t seen; /* also what does not match */
    const struct entry **found;
    size_t found_count, found_cap;
};

bool scan_cursor_arg(const struct cmd *cmd, int i, uint64_t *ret_cursor)
{
    struct slice text = cmd_arg(cmd, i);
    ptrdiff_t nul = slice_find(text, '\0');
    uint64_t value = 0;
    bool negative = false, ok = true;
    if (nul >= 0)
        text.len = (size_t)nul;
    if (text.len > 0 && (text.ptr[0] == '-' || text.ptr[0] == '+')) {
        negative = text.ptr[0] == '-';
        text = slice_from(text, 1);
        ok = text.len > 0;
    }
    for (size_t at = 0; ok && at < text.len; at++)
        ok = isdigit((unsigned char)text.ptr[at]) &&
             !__builtin_mul_overflow(value, (uint64_t)10, &value) &&
             !__builtin_add_overflow(value, (uint64_t)(text.ptr[at] - '0'), &value);
    if (!ok) {
        reply_error(cmd->reply, "ERR invalid cursor");
        return false;
    }
    *ret_cursor = negative ? 0 - value : value;
    return true;
}

bool scan_option_args(const struct cmd *cmd, int first, const char *bare_word, bool with_type,
                      struct scan_options *ret_options)
{
    struct scan_options o = { .count = SCAN_COUNT_DEFAULT };
    for (int i = first; i < cmd->argc; i += 2) {
        bool has_value = i + 1 < cmd->argc;
        bool ok = false;
        if (has_value && cmd_is(cmd, i, "count")) {
            if (!cmd_int(cmd, i + 1, &o.count, NULL))
                return false;
            ok = o.count >= 1;
        } else if (has_value && cmd_is(cmd, i, "match")) {
            struct slice pattern = cmd_arg(cmd, i + 1);
            o.pattern = glob_is_all(pattern) ? (struct slice){ 0 } : pattern;
            ok = true;
        } else if (has_value && with_type && cmd_is(cmd, i, "type")) {
            o.type = cmd_arg(cmd, i + 1);
            ok = true;
        } else if (bare_word && cmd_is(cmd, i, bare_word)) {
            o.bare = ok = true;
            i--; /* alone */
        }
        if (!ok) {
            reply_error(cmd->reply, ERR_SYNTAX);
            return false;
        }
    }
    *ret_options = o;
    return true;
}

int64_t scan_steps(const struct scan_options *options)
{
    int64_t steps;
    if (__builtin_mul_overflow(options->count, SCAN_STEPS_PER_COUNT, &steps))
        return INT64_MAX;
    return steps;
}

void scan_reply_header(const struct cmd *cmd, uint64_t cursor, size_t elements)
{
    char digits[NUM_INT_MAX_CHARS];
    reply_array(cmd->reply, 2);
    reply_bulk(cmd->reply, slice_of(digits, num_format_uint(digits, cursor)));
    reply_array(cmd->reply, elements);
}

static bool wanted(const struct scan *scan, const struct entry *e)
{
    if (scan->options.pattern.ptr && !glob_match(scan->options.pattern, entry_key(e)))
        return false;
    if (scan->options.type.ptr && !slice_is(scan->options.type, entry_type_name(entry_type(e))))
        return false;
    return !db_is_expired(scan->cmd->db, e);
}

static void gather(void *arg, void *entry)
{
    struct scan *scan = arg;
    scan->seen++;
    if (!wanted(scan, entry))
        return;
    if (scan->found_count == scan->found_cap) {
        size_t cap = scan->found_cap ? scan->found_cap * 2 : 32;
        const struct entry **found = arena_alloc(scan->cmd->arena, cap * sizeof(*found));
        if (scan->found_count)
            memcpy(found, scan->found, scan->found_count * sizeof(*found));
        scan->found = found;
        scan->found_cap = cap;
    }
    scan->found[scan->found_count++] = entry;
}

static void run_scan(struct cmd *cmd)
{
    struct scan scan = { .cmd = cmd };
    uint64_t cursor;
    if (!scan_cursor_arg(cmd, 1, &cursor) ||
        !scan_option_args(cmd, 2, NULL, /* with_type= */ true, &scan.options))
        return;

    int64_t steps = scan_steps(&scan.options);
    do
        cursor = db_scan(cmd->db, cursor, gather, &scan);
    while (cursor && --steps > 0 && scan.seen < scan.options.count);

    scan_reply_header(cmd, cursor, scan.found_count);
    for (size_t i = 0; i < scan.found_count; i++)
        reply_bulk(cmd->reply, entry_key(scan.found[i]));
}

static const struct command rows[] = {
    {
        .name = "scan",
        .run = run_scan,
        .arity = -2,
        .flags = CMD_READ,
        .group = GROUP_GENERIC,
        .since = "2.8.0",
        .complexity = "O(1) for a call, O(N) for all N keys of the database",
        .summary = "Some of the database's keys, and the cursor from which the next call goes on.",
        .syntax = "cursor:int [MATCH pattern:pattern] [COUNT count:int] [TYPE type@6.0.0]",
        .tips = (const char *const[]){ "nondeterministic_output", "request_policy:special", NULL },
    },
};

struct command_table commands_scan(void)
{
    return (struct command_table){ .rows = rows, .count = COUNT_OF(rows) };
}
