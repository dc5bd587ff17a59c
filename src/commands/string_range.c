/* Parts of strings: GETRANGE and its old name SUBSTR, SETRANGE. */
#include "base/num.h"
#include "commands/string_priv.h"
#include "types/string.h"

/* ---- GETRANGE ---- */

bool range_clamp(struct range *range, int64_t len)
{
    if (range->first < 0)
        range->first = MAX_OF(range->first + len, 0);
    if (range->last < 0)
        range->last = MAX_OF(range->last + len, 0);
    range->last = MIN_OF(range->last, len - 1);
    return range->first <= range->last;
}

static void run_getrange(struct cmd *cmd)
{
    struct range range;
    if (!cmd_int(cmd, 2, &range.first, NULL) || !cmd_int(cmd, 3, &range.last, NULL))
        return;
    struct entry *e = db_lookup_read(cmd->db, cmd_key(cmd, 1));
    if (!is_string(cmd, e))
        return;
    if (!e || range_is_reversed(&range) || !range_clamp(&range, (int64_t)string_len(e))) {
        reply_bulk(cmd->reply, SLICE(""));
        return;
    }
    char scratch[NUM_INT_MAX_CHARS];
    struct slice bytes = string_bytes(e, scratch);
    if (range.first == 0 && (size_t)range.last + 1 == bytes.len)
        reply_string(cmd->reply, e);
    else
        reply_bulk(cmd->reply,
                   slice_of(bytes.ptr + range.first, (size_t)(range.last - range.first + 1)));
}

/* ---- SETRANGE ---- */

bool string_length_ok(const struct cmd *cmd, uint64_t len, uint64_t extra)
{
    const struct commands_settings *settings = cmd->owner;
    uint64_t total;
    if (!__builtin_add_overflow(len, extra, &total) &&
        total <= (uint64_t)*settings->string_bytes_max)
        return true;
    reply_error(cmd->reply, "ERR string exceeds maximum allowed size (proto-max-bulk-len)");
    return false;
}

char *string_open_key(struct cmd *cmd, struct key key, struct entry *e, size_t len,
                      struct entry **ret_e)
{
    char *bytes = NULL;
    struct entry *opened = e ? string_try_open(e, len, &bytes)
                             : string_try_new_open(key.name, len, ENTRY_NO_EXPIRY, &bytes);
    if (!opened) {
        reply_error(cmd->reply, ERR_NO_MEMORY);
        return NULL;
    }
    if (e)
        db_store(cmd->db, key, e, opened);
    else
        db_insert(cmd->db, key, opened);
    if (ret_e)
        *ret_e = opened;
    return bytes;
}

static void run_setrange(struct cmd *cmd)
{
    int64_t offset;
    struct slice part = cmd_arg(cmd, 3);
    if (!cmd_int(cmd, 2, &offset, NULL))
        return;
    if (offset < 0) {
        reply_error(cmd->reply, "ERR offset is out of range");
        return;
    }
    struct key key = cmd_key(cmd, 1);
    struct entry *e = db_lookup_write(cmd->db, key);
    if (!is_string(cmd, e))
        return;
    size_t len = e ? string_len(e) : 0;
    if (part.len == 0) {
        reply_int(cmd->reply, (int64_t)len);
        return;
    }
    if (!string_length_ok(cmd, (uint64_t)offset, part.len))
        return;
    len = MAX_OF(len, (size_t)offset + part.len);
    char *bytes = string_open_key(cmd, key, e, len, NULL);
    if (!bytes)
        return;
    memcpy(bytes + offset, part.ptr, part.len);
    db_notify(cmd->db, EVENT_STRING, "setrange", key.name);
    reply_int(cmd->reply, (int64_t)len);
}

static const struct command rows[] = {
    {
        .name = "getrange",
        .run = run_getrange,
        .arity = 4,
        .flags = CMD_READ,
        .group = GROUP_STRING,
        .keys = KEY_AT(1, KEY_RO | KEY_ACCESS),
        .since = "2.4.0",
        .complexity = "O(N) for N bytes of the part",
        .summary = "A part of a string; negative places count from its end.",
        .syntax = "key:key start:int end:int",
    },
    {
        .name = "substr",
        .run = run_getrange,
        .arity = 4,
        .flags = CMD_READ,
        .group = GROUP_STRING,
        .keys = KEY_AT(1, KEY_RO | KEY_ACCESS),
        .since = "1.0.0",
        .complexity = "O(N) for N bytes of the part",
        .summary = "A part of a string: the old name of GETRANGE.",
        .syntax = "key:key start:int end:int",
        .deprecated_since = "2.0.0",
        .replaced_by = "GETRANGE",
    },
    {
        .name = "setrange",
        .run = run_setrange,
        .arity = 4,
        .flags = CMD_WRITE | CMD_DENY_OOM,
        .group = GROUP_STRING,
        .keys = KEY_AT(1, KEY_RW | KEY_UPDATE),
        .since = "2.2.0",
        .complexity = "O(N) for N written bytes, and for zeros between the end and the offset",
        .summary = "Writes over a part of a string, which grows if need be.",
        .syntax = "key:key offset:int value",
    },
};

struct command_table commands_string_range(const struct commands_settings *settings)
{
    return (struct command_table){ rows, COUNT_OF(rows), (void *)(uintptr_t)settings };
}
