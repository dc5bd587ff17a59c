/* Bits of strings, one by one and counted: SETBIT, GETBIT, BITCOUNT, BITPOS. */
#include "base/num.h"
#include "commands/bit_priv.h"
#include "types/bits.h"
#include "types/string.h"

bool bit_offset(const struct cmd *cmd, int i, unsigned field_width, uint64_t *ret_at)
{
    const struct commands_settings *settings = cmd->owner;
    struct slice text = cmd_arg(cmd, i);
    bool fields = field_width && text.len && text.ptr[0] == '#';
    int64_t at;
    if (num_parse_int(fields ? slice_from(text, 1) : text, &at) &&
        !__builtin_mul_overflow(at, fields ? (int64_t)field_width : 1, &at) && at >= 0 &&
        at / 8 < *settings->string_bytes_max) {
        *ret_at = (uint64_t)at;
        return true;
    }
    reply_error(cmd->reply, "ERR bit offset is not an integer or out of range");
    return false;
}

/* ---- one bit ---- */

static void run_setbit(struct cmd *cmd)
{
    static const char *const bad_bit = "ERR bit is not an integer or out of range";
    uint64_t at;
    int64_t bit;
    if (!bit_offset(cmd, 2, 0, &at) || !cmd_int_in(cmd, 3, 0, 1, &bit, bad_bit))
        return;
    struct key key = cmd_key(cmd, 1);
    struct entry *e = db_lookup_write(cmd->db, key);
    if (!is_string(cmd, e))
        return;

    char scratch[NUM_INT_MAX_CHARS];
    struct slice bytes = e ? string_bytes(e, scratch) : SLICE("");
    bool old = bits_get(bytes, at);
    if (at / 8 < bytes.len && old == bit) {
        string_mark_raw(e);
    } else {
        char *open = string_open_key(cmd, key, e, MAX_OF(bytes.len, at / 8 + 1), NULL);
        if (!open)
            return;
        bits_field_set(open, at, 1, (uint64_t)bit);
        db_notify(cmd->db, EVENT_STRING, "setbit", key.name);
    }
    reply_int(cmd->reply, old);
}

static void run_getbit(struct cmd *cmd)
{
    uint64_t at;
    if (!bit_offset(cmd, 2, 0, &at))
        return;
    struct entry *e = db_lookup_read(cmd->db, cmd_key(cmd, 1));
    char scratch[NUM_INT_MAX_CHARS];
    if (is_string(cmd, e))
        reply_int(cmd->reply, e && bits_get(string_bytes(e, scratch), at));
}

/* ---- ranges ---- */

/* BYTE (also if there is no argument `i`) or BIT. False: an error was replied. */
static bool unit_is_bit(const struct cmd *cmd, int i, bool *ret_bit)
{
    *ret_bit = i < cmd->argc && cmd_is(cmd, i, "bit");
    if (i >= cmd->argc || *ret_bit || cmd_is(cmd, i, "byte"))
        return true;
    reply_error(cmd->reply, ERR_SYNTAX);
    return false;
}

/* Clamps a range of bytes or bits to the string's, as one of bits. False if it is empty. */
static bool range_to_bits(struct range *range, size_t len, bool unit_bit)
{
    if (!range_clamp(range, unit_bit ? (int64_t)len * 8 : (int64_t)len))
        return false;
    if (!unit_bit) {
        range->first *= 8;
        range->last = range->last * 8 + 7;
    }
    return true;
}

static void run_bitcount(struct cmd *cmd)
{
    struct entry *e = db_lookup_read(cmd->db, cmd_key(cmd, 1));
    if (!is_string(cmd, e))
        return;
    if (!e) {
        reply_int(cmd->reply, 0); /* also where the other arguments are wrong: so the peers */
        return;
    }
    char scratch[NUM_INT_MAX_CHARS];
    struct slice bytes = string_bytes(e, scratch);
    struct range range = { 0, -1 };
    bool unit_bit, reversed = false;
    if (cmd->argc > 5) {
        reply_error(cmd->reply, ERR_SYNTAX);
        return;
    }
    if (cmd->argc > 2 && !cmd_int(cmd, 2, &range.first, NULL))
        return;
    if (cmd->argc > 3) {
        if (!cmd_int(cmd, 3, &range.last, NULL))
            return;
        reversed = range_is_reversed(&range);
    }
    if (!reversed && !unit_is_bit(cmd, 4, &unit_bit))
        return;
    if (reversed || !range_to_bits(&range, bytes.len, unit_bit))
        reply_int(cmd->reply, 0);
    else
        reply_int(cmd->reply,
                  (int64_t)bits_count_range(bytes, (uint64_t)range.first, (uint64_t)range.last));
}

/* The range of BITPOS. False: an error was replied. */
static bool bitpos_range(const struct cmd *cmd, struct range *ret_range, bool *ret_unit_bit)
{
    *ret_range = (struct range){ 0, -1 };
    if (cmd->argc > 6) {
        reply_error(cmd->reply, ERR_SYNTAX);
        return false;
    }
    return (cmd->argc <= 3 || cmd_int(cmd, 3, &ret_range->first, NULL)) &&
           unit_is_bit(cmd, 5, ret_unit_bit) &&
           (cmd->argc <= 4 || cmd_int(cmd, 4, &ret_range->last, NULL));
}

static void run_bitpos(struct cmd *cmd)
{
    int64_t bit;
    if (!cmd_int(cmd, 2, &bit, NULL))
        return;
    if (bit != 0 && bit != 1) {
        reply_error(cmd->reply, "ERR The bit argument must be 1 or 0.");
        return;
    }
    struct entry *e = db_lookup_read(cmd->db, cmd_key(cmd, 1));
    if (!is_string(cmd, e))
        return;
    if (!e) {
        reply_int(cmd->reply, bit ? -1 : 0);
        return;
    }
    char scratch[NUM_INT_MAX_CHARS];
    struct slice bytes = string_bytes(e, scratch);
    struct range range;
    bool unit_bit;
    if (!bitpos_range(cmd, &range, &unit_bit))
        return;
    int64_t found = -1;
    if (range_to_bits(&range, bytes.len, unit_bit)) {
        found = bits_find(bytes, bit, (uint64_t)range.first, (uint64_t)range.last);
        /* Without an end, the string counts as followed by zeros. */
        if (found < 0 && !bit && cmd->argc <= 4)
            found = (int64_t)bytes.len * 8;
    }
    reply_int(cmd->reply, found);
}

static const struct command rows[] = {
    {
        .name = "setbit",
        .run = run_setbit,
        .arity = 4,
        .flags = CMD_WRITE | CMD_DENY_OOM,
        .group = GROUP_BITMAP,
        .keys = KEY_AT(1, KEY_RW | KEY_ACCESS | KEY_UPDATE),
        .since = "2.2.0",
        .complexity = "O(1), and the zeros between the end and the offset",
        .summary = "Sets or clears a bit of a string, which grows if need be; answers with the "
                   "old one.",
        .syntax = "key:key offset:int value:int",
    },
    {
        .name = "getbit",
        .run = run_getbit,
        .arity = 3,
        .flags = CMD_READ | CMD_FAST,
        .group = GROUP_BITMAP,
        .keys = KEY_AT(1, KEY_RO | KEY_ACCESS),
        .since = "2.2.0",
        .complexity = "O(1)",
        .summary = "A bit of a string; behind its end all are 0.",
        .syntax = "key:key offset:int",
    },
    {
        .name = "bitcount",
        .run = run_bitcount,
        .arity = -2,
        .flags = CMD_READ,
        .group = GROUP_BITMAP,
        .keys = KEY_AT(1, KEY_RO | KEY_ACCESS),
        .since = "2.6.0",
        .complexity = "O(N) for N bytes",
        .summary = "How many bits are set, in a string or a part of it.",
        .syntax = "key:key [index={start:int [end_index={end:int "
                  "[index_unit=<BYTE | BIT>@7.0.0]}]}]",
    },
    {
        .name = "bitpos",
        .run = run_bitpos,
        .arity = -3,
        .flags = CMD_READ,
        .group = GROUP_BITMAP,
        .keys = KEY_AT(1, KEY_RO | KEY_ACCESS),
        .since = "2.8.7",
        .complexity = "O(N) for N bytes",
        .summary = "The first bit that is set, or clear, in a string or a part of it.",
        .syntax = "key:key bit:int [index={start:int [end_index={end:int "
                  "[index_unit=<BYTE | BIT>@7.0.0]}]}]",
    },
};

struct command_table commands_bit(const struct commands_settings *settings)
{
    return (struct command_table){ rows, COUNT_OF(rows), (void *)(uintptr_t)settings };
}
