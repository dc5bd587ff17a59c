/* BITFIELD and BITFIELD_RO: a string as an array of integers of any width.
 *
 * All operations are read before the first one runs. A string that must grow grows at once; any
 * other is opened by the first operation that changes a bit, so that one that changes nothing is
 * no change of the key. */
#include "base/num.h"
#include "commands/bit_priv.h"
#include "types/bits.h"
#include "types/string.h"

enum field_verb { FIELD_GET, FIELD_SET, FIELD_INCRBY };
enum field_overflow { OVERFLOW_WRAP, OVERFLOW_SAT, OVERFLOW_FAIL };

struct field_op {
    enum field_verb verb;
    enum field_overflow overflow;
    bool is_signed;
    unsigned width;
    uint64_t at;
    int64_t operand; /* of SET and INCRBY */
};

struct field_program {
    struct field_op *ops;
    size_t count;
    bool writes;
    uint64_t end; /* behind the last bit that is written */
};

/* ---- parsing: each function replies the error when it returns false ---- */

static const struct field_word {
    const char *word;
    enum field_verb verb;
    int args;
} field_words[] = {
    { "get", FIELD_GET, 2 },
    { "set", FIELD_SET, 3 },
    { "incrby", FIELD_INCRBY, 3 },
};

static const char *const overflow_words[] = {
    [OVERFLOW_WRAP] = "wrap",
    [OVERFLOW_SAT] = "sat",
    [OVERFLOW_FAIL] = "fail",
};

static bool parse_overflow(const struct cmd *cmd, int i, enum field_overflow *ret)
{
    for (size_t w = 0; w < COUNT_OF(overflow_words); w++) {
        if (cmd_is(cmd, i, overflow_words[w])) {
            *ret = (enum field_overflow)w;
            return true;
        }
    }
    reply_error(cmd->reply, "ERR Invalid OVERFLOW type specified");
    return false;
}

/* "i16", "u8": up to 64 bits with a sign, up to 63 without. */
static bool parse_type(const struct cmd *cmd, int i, struct field_op *op)
{
    struct slice text = cmd_arg(cmd, i);
    int64_t width;
    if (text.len && (text.ptr[0] == 'i' || text.ptr[0] == 'u') &&
        num_parse_int(slice_from(text, 1), &width)) {
        op->is_signed = text.ptr[0] == 'i';
        if (width >= 1 && width <= (op->is_signed ? BITS_FIELD_MAX : BITS_FIELD_MAX - 1)) {
            op->width = (unsigned)width;
            return true;
        }
    }
    reply_error(cmd->reply, "ERR Invalid bitfield type. Use something like i16 u8. Note that u64 "
                            "is not supported but i64 is.");
    return false;
}

static const struct field_word *find_word(const struct cmd *cmd, int i)
{
    for (size_t w = 0; w < COUNT_OF(field_words); w++)
        if (cmd_is(cmd, i, field_words[w].word) && cmd->argc - i - 1 >= field_words[w].args)
            return &field_words[w];
    return NULL;
}

static bool parse_op(const struct cmd *cmd, int i, const struct field_word *word,
                     struct field_program *program, struct field_op *op)
{
    op->verb = word->verb;
    if (!parse_type(cmd, i + 1, op) || !bit_offset(cmd, i + 2, op->width, &op->at))
        return false;
    if (op->verb == FIELD_GET)
        return true;
    program->writes = true;
    program->end = MAX_OF(program->end, op->at + op->width);
    return cmd_int(cmd, i + 3, &op->operand, NULL);
}

static bool parse_program(const struct cmd *cmd, struct field_program *ret)
{
    enum field_overflow overflow = OVERFLOW_WRAP;
    /* None has fewer than three arguments. */
    size_t max = (size_t)(cmd->argc - 2) / 3 + 1;
    *ret = (struct field_program){ .ops = arena_alloc(cmd->arena, max * sizeof(*ret->ops)) };
    for (int i = 2; i < cmd->argc;) {
        if (cmd_is(cmd, i, "overflow") && i + 1 < cmd->argc) {
            if (!parse_overflow(cmd, i + 1, &overflow))
                return false;
            i += 2;
            continue;
        }
        const struct field_word *word = find_word(cmd, i);
        if (!word) {
            reply_error(cmd->reply, ERR_SYNTAX);
            return false;
        }
        struct field_op *op = &ret->ops[ret->count++];
        *op = (struct field_op){ .overflow = overflow };
        if (!parse_op(cmd, i, word, ret, op))
            return false;
        i += word->args + 1;
    }
    return true;
}

/* ---- arithmetic ---- */

enum fit { FITS, ABOVE, BELOW };

typedef __int128 wide;

static int64_t field_max(const struct field_op *op)
{
    return (int64_t)(UINT64_MAX >> (BITS_FIELD_MAX - op->width) >> (op->is_signed ? 1 : 0));
}

static int64_t field_min(const struct field_op *op)
{
    return op->is_signed ? -field_max(op) - 1 : 0;
}

/* Bits as the number that they are in a field. */
static int64_t field_number(const struct field_op *op, uint64_t bits)
{
    unsigned unused = BITS_FIELD_MAX - op->width;
    return op->is_signed ? (int64_t)(bits << unused) >> unused
                         : (int64_t)(bits << unused >> unused);
}

static enum fit field_fit(const struct field_op *op, wide value)
{
    if (value > field_max(op))
        return ABOVE;
    if (value >= field_min(op))
        return FITS;
    /* What is SET so far below that its distance from the maximum is no int64 counts as above:
     * the peers saturate it so. */
    if (op->verb == FIELD_SET && op->width < BITS_FIELD_MAX && field_max(op) - value > INT64_MAX)
        return ABOVE;
    return BELOW;
}

/* The field's new number. False if it does not fit and must not be changed. */
static bool field_result(const struct field_op *op, int64_t old, int64_t *ret_value)
{
    wide value = op->verb == FIELD_SET ? op->operand : (wide)old + op->operand;
    /* What is SET without a sign is taken without one. */
    if (op->verb == FIELD_SET && !op->is_signed)
        value = (wide)(uint64_t)op->operand;
    enum fit fit = field_fit(op, value);
    if (fit != FITS && op->overflow == OVERFLOW_FAIL)
        return false;
    if (fit != FITS && op->overflow == OVERFLOW_SAT)
        *ret_value = fit == ABOVE ? field_max(op) : field_min(op);
    else
        *ret_value = field_number(op, (uint64_t)value);
    return true;
}

/* ---- running ---- */

struct field_run {
    struct cmd *cmd;
    struct key key;
    struct entry *e;
    struct slice bytes;
    char scratch[NUM_INT_MAX_CHARS];
    char *open; /* NULL until something is changed */
    bool grown, changed;
};

/* False: an error was replied. */
static bool open_fields(struct field_run *run, size_t len)
{
    run->open = string_open_key(run->cmd, run->key, run->e, len, &run->e);
    if (!run->open)
        return false;
    run->bytes = slice_of(run->open, len);
    return true;
}

/* Looks up, and makes room for what is written. False: an error was replied. */
static bool start_run(struct field_run *run, const struct field_program *program)
{
    struct db *db = run->cmd->db;
    run->e = program->writes ? db_lookup_write(db, run->key) : db_lookup_read(db, run->key);
    if (!is_string(run->cmd, run->e))
        return false;
    if (run->e)
        run->bytes = string_bytes(run->e, run->scratch);
    size_t need = (size_t)((program->end + 7) / 8);
    run->grown = program->writes && (!run->e || need > run->bytes.len);
    return !run->grown || open_fields(run, need);
}

static void run_op(struct field_run *run, const struct field_op *op)
{
    struct reply *r = run->cmd->reply;
    uint64_t bits = bits_field_get(run->bytes, op->at, op->width);
    int64_t old = field_number(op, bits), value;
    if (op->verb == FIELD_GET) {
        reply_int(r, old);
        return;
    }
    if (!field_result(op, old, &value)) {
        reply_null(r);
        return;
    }
    if (value != old && !run->open && !open_fields(run, run->bytes.len))
        return;
    if (value != old)
        bits_field_set(run->open, op->at, op->width, (uint64_t)value);
    run->changed |= value != old || run->grown;
    reply_int(r, op->verb == FIELD_SET ? old : value);
}

static void run_program(struct cmd *cmd, const struct field_program *program)
{
    struct field_run run = { .cmd = cmd, .key = cmd_key(cmd, 1) };
    if (!start_run(&run, program))
        return;
    reply_array(cmd->reply, program->count);
    for (size_t i = 0; i < program->count; i++)
        run_op(&run, &program->ops[i]);
    if (run.changed)
        db_notify(cmd->db, EVENT_STRING, "setbit", run.key.name);
    else if (program->writes)
        string_mark_raw(run.e);
}

static void run_bitfield(struct cmd *cmd)
{
    struct field_program program;
    if (parse_program(cmd, &program))
        run_program(cmd, &program);
}

static void run_bitfield_ro(struct cmd *cmd)
{
    struct field_program program;
    if (!parse_program(cmd, &program))
        return;
    if (program.writes)
        reply_error(cmd->reply, "ERR BITFIELD_RO only supports the GET subcommand");
    else
        run_program(cmd, &program);
}

/* Reading fields leaves the key as it is. */
static uint32_t bitfield_key_flags(const struct slice *argv, int argc)
{
    for (int i = 2; i < argc; i++) {
        bool get = slice_is(argv[i], "get"), overflow = slice_is(argv[i], "overflow");
        if (!get && !overflow)
            return KEY_RW | KEY_ACCESS | KEY_UPDATE;
        i += get ? 2 : 1;
    }
    return KEY_RO | KEY_ACCESS;
}

static const struct command rows[] = {
    {
        .name = "bitfield",
        .run = run_bitfield,
        .arity = -2,
        .flags = CMD_WRITE | CMD_DENY_OOM,
        .group = GROUP_BITMAP,
        .keys = { { .flags = KEY_RW | KEY_ACCESS | KEY_UPDATE | KEY_VARIABLE_FLAGS,
                    .begin = KEYS_INDEX,
                    .at = 1,
                    .step = 1,
                    .notes = "Changes the key only with SET or INCRBY" } },
        .key_flags = bitfield_key_flags,
        .since = "3.2.0",
        .complexity = "O(1) for each operation",
        .summary = "Reads, sets and increments integers of any width at any bit of a string.",
        .syntax = "key:key [operation=<GET encoding_offset={encoding offset:int} | "
                  "write={[OVERFLOW wrap_sat_fail=<WRAP | SAT | FAIL>] write_operation=<"
                  "SET encoding_offset_value={encoding offset:int value:int} | "
                  "INCRBY encoding_offset_increment={encoding offset:int increment:int}>}>]...",
    },
    {
        .name = "bitfield_ro",
        .run = run_bitfield_ro,
        .arity = -2,
        .flags = CMD_READ | CMD_FAST,
        .group = GROUP_BITMAP,
        .keys = KEY_AT(1, KEY_RO | KEY_ACCESS),
        .since = "6.0.0",
        .complexity = "O(1) for each operation",
        .summary = "Reads integers of any width at any bit of a string.",
        .syntax = "key:key [(GET encoding_offset={encoding offset:int})...]",
    },
};

struct command_table commands_bitfield(const struct commands_settings *settings)
{
    return (struct command_table){ rows, COUNT_OF(rows), (void *)(uintptr_t)settings };
}
