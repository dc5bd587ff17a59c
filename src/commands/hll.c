/* HyperLogLogs: PFADD, PFCOUNT, PFMERGE, PFDEBUG, PFSELFTEST. */
#include "types/hll.h"

#include <math.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/rand.h"
#include "commands/commands.h"
#include "commands/commands_priv.h"
#include "types/string.h"

#define ERR_NOT_HLL "WRONGTYPE Key is not a valid HyperLogLog string value."
#define ERR_CORRUPTED "INVALIDOBJ Corrupted HLL object detected"

static const struct type_env *env_of(const struct cmd *cmd)
{
    return keyspace_env(db_keyspace(cmd->db));
}

/* True if `e` is NULL or a HyperLogLog; else the error was replied. */
static bool is_hll(const struct cmd *cmd, const struct entry *e)
{
    if (!is_string(cmd, e))
        return false;
    if (!e || hll_is_valid(e))
        return true;
    reply_error(cmd->reply, ERR_NOT_HLL);
    return false;
}

/* ---- PFADD ---- */

static void run_pfadd(struct cmd *cmd)
{
    const struct key key = cmd_key(cmd, 1);
    struct entry *old = db_lookup_write(cmd->db, key);
    bool changed;
    if (!is_hll(cmd, old))
        return;
    struct entry *e = old ? old : hll_new(key.name);
    const int error = hll_add(&e, env_of(cmd), cmd->argv + 2, (size_t)cmd->argc - 2, &changed);
    ASSERT(changed || !old || e == old);
    if (!old)
        db_insert(cmd->db, key, e);
    else if (changed)
        db_store(cmd->db, key, old, e);
    if (error < 0) {
        reply_error(cmd->reply, ERR_CORRUPTED);
        return;
    }
    if (!old || changed)
        db_notify(cmd->db, EVENT_STRING, "pfadd", key.name);
    reply_int(cmd->reply, !old || changed);
}

/* ---- PFCOUNT ---- */

/* A count that had to be computed is kept, which changes the string. */
static void count_one(struct cmd *cmd)
{
    const struct key key = cmd_key(cmd, 1);
    struct entry *e = db_lookup_read(cmd->db, key);
    uint64_t count = 0;
    bool stored = true;
    if (!is_hll(cmd, e))
        return;
    if (e)
        string_mark_raw(e);
    if (e && hll_count(e, &count, &stored) < 0) {
        reply_error(cmd->reply, ERR_CORRUPTED);
        return;
    }
    if (!stored)
        db_store(cmd->db, key, e, hll_store_count(e, count));
    reply_int(cmd->reply, (int64_t)count);
}

/* The registers of the keys from argument 1 on; false: an error was replied. */
static bool merge_keys(const struct cmd *cmd, struct hll_registers *into, bool *ret_any_dense)
{
    *ret_any_dense = false;
    memset(into, 0, sizeof(*into));
    for (int i = 1; i < cmd->argc; i++) {
        const struct entry *e = db_lookup_read(cmd->db, cmd_key(cmd, i));
        if (!is_hll(cmd, e))
            return false;
        if (!e)
            continue;
        *ret_any_dense = *ret_any_dense || hll_is_dense(e);
        if (hll_merge(into, e) < 0) {
            reply_error(cmd->reply, ERR_CORRUPTED);
            return false;
        }
    }
    return true;
}

static void run_pfcount(struct cmd *cmd)
{
    struct hll_registers registers;
    bool any_dense;
    if (cmd->argc == 2)
        count_one(cmd);
    else if (merge_keys(cmd, &registers, &any_dense))
        reply_int(cmd->reply, (int64_t)hll_registers_count(&registers));
}

/* ---- PFMERGE ---- */

static void run_pfmerge(struct cmd *cmd)
{
    const struct key key = cmd_key(cmd, 1);
    struct hll_registers registers;
    bool any_dense;
    if (!merge_keys(cmd, &registers, &any_dense))
        return;
    struct entry *old = db_lookup_write(cmd->db, key);
    struct entry *e = old ? old : hll_new(key.name);
    int error = any_dense ? hll_make_dense(&e) : 0;
    if (error == 0)
        error = hll_store_registers(&e, env_of(cmd), &registers);
    ASSERT(error == 0); /* merge_keys has read all of it */
    if (old)
        db_store(cmd->db, key, old, e);
    else
        db_insert(cmd->db, key, e);
    db_notify(cmd->db, EVENT_STRING, "pfadd", key.name);
    reply_ok(cmd->reply);
}

/* ---- PFDEBUG ---- */

/* True if it is dense now; else the error was replied. */
static bool make_dense(struct cmd *cmd, struct key key, struct entry **entry)
{
    struct entry *e = *entry;
    if (hll_is_dense(e))
        return true;
    if (hll_make_dense(&e) < 0) {
        reply_error(cmd->reply, ERR_CORRUPTED);
        return false;
    }
    db_store(cmd->db, key, *entry, e);
    *entry = e;
    return true;
}

static void debug_getreg(struct cmd *cmd, struct key key, struct entry *e)
{
    struct hll_registers registers = { { 0 } };
    if (!make_dense(cmd, key, &e))
        return;
    const int error = hll_merge(&registers, e);
    ASSERT(error == 0);
    reply_array(cmd->reply, HLL_REGISTERS);
    for (size_t i = 0; i < HLL_REGISTERS; i++)
        reply_int(cmd->reply, registers.values[i]);
}

static void debug_decode(struct cmd *cmd, struct key key UNUSED, struct entry *e)
{
    struct buf text;
    if (hll_is_dense(e)) {
        reply_error(cmd->reply, "ERR HLL encoding is not sparse");
        return;
    }
    buf_init(&text, BUF_NO_CEILING);
    hll_print_runs(e, &text);
    reply_bulk(cmd->reply, slice_of(text.ptr, text.len));
    buf_done(&text);
}

static void debug_encoding(struct cmd *cmd, struct key key UNUSED, struct entry *e)
{
    reply_status(cmd->reply, hll_is_dense(e) ? SLICE("dense") : SLICE("sparse"));
}

static void debug_todense(struct cmd *cmd, struct key key, struct entry *e)
{
    const bool was_dense = hll_is_dense(e);
    if (make_dense(cmd, key, &e))
        reply_int(cmd->reply, !was_dense);
}

static const struct {
    const char *word;
    void (*run)(struct cmd *cmd, struct key key, struct entry *e);
} debug_words[] = {
    { "getreg", debug_getreg },
    { "decode", debug_decode },
    { "encoding", debug_encoding },
    { "todense", debug_todense },
};

static void run_pfdebug(struct cmd *cmd)
{
    const struct key key = cmd_key(cmd, 2);
    struct entry *e = db_lookup_write(cmd->db, key);
    if (!e) {
        reply_error(cmd->reply, "ERR The specified key does not exist");
        return;
    }
    if (!is_hll(cmd, e))
        return;
    string_mark_raw(e);
    for (size_t i = 0; i < COUNT_OF(debug_words); i++)
        if (cmd_is(cmd, 1, debug_words[i].word)) {
            debug_words[i].run(cmd, key, e);
            return;
        }
    reply_errorf(cmd->reply, "ERR Unknown PFDEBUG subcommand '%.*s'", SLICE_ARGS(cmd_arg(cmd, 1)));
}

/* ---- PFSELFTEST ---- */

#define SELFTEST_ELEMENTS 200000
/* Of the relative error: 1.04 / sqrt(16384) is its standard deviation. */
#define SELFTEST_ERROR_MAX (6 * 1.04 / 128)

/* A string and plain registers must say the same, and nearly the truth; else what is wrong. */
static const char *check_counts(struct cmd *cmd, struct entry **entry, struct hll_registers *r)
{
    struct rand rand;
    rand_seed(&rand, 1);
    for (uint64_t n = 1; n <= SELFTEST_ELEMENTS; n++) {
        const uint64_t number = rand_next(&rand);
        const struct slice element = slice_of(&number, sizeof(number));
        bool changed;
        hll_registers_add(r, element);
        if (hll_add(entry, env_of(cmd), &element, 1, &changed) < 0)
            return "ERR TESTFAILED an addition is refused";
        if (n % 1000 && n > 100)
            continue;
        uint64_t count = 0;
        bool stored;
        if (hll_count(*entry, &count, &stored) < 0 || count != hll_registers_count(r))
            return "ERR TESTFAILED sparse and dense registers differ";
        const double off = fabs((double)count - (double)n);
        if (off > (double)n * SELFTEST_ERROR_MAX + 1)
            return "ERR TESTFAILED a count is too far off";
    }
    return NULL;
}

static void run_pfselftest(struct cmd *cmd)
{
    struct hll_registers *r = mem_zalloc(sizeof(*r));
    struct entry *e = hll_new(SLICE("selftest"));
    const char *error = check_counts(cmd, &e, r);
    if (error)
        reply_error(cmd->reply, error);
    else
        reply_ok(cmd->reply);
    entry_free(e);
    mem_free(r);
}

static const struct command rows[] = {
    {
        .name = "pfadd",
        .run = run_pfadd,
        .arity = -2,
        .flags = CMD_WRITE | CMD_DENY_OOM | CMD_FAST,
        .group = GROUP_HYPERLOGLOG,
        .keys = KEY_AT(1, KEY_RW | KEY_INSERT),
        .since = "2.8.9",
        .complexity = "O(1) for each element",
        .summary = "Counts elements in a HyperLogLog, and tells whether that changed it.",
        .syntax = "key:key [element]...",
    },
    {
        .name = "pfcount",
        .run = run_pfcount,
        .arity = -2,
        .flags = CMD_READ,
        .group = GROUP_HYPERLOGLOG,
        .keys = KEYS_FROM(1, -1, 1, KEY_RW | KEY_ACCESS),
        .since = "2.8.9",
        .complexity = "O(1) for one key whose count is stored, O(N) for N keys",
        .summary = "How many different elements one or several HyperLogLogs have seen, nearly.",
        .syntax = "key:key...",
    },
    {
        .name = "pfmerge",
        .run = run_pfmerge,
        .arity = -2,
        .flags = CMD_WRITE | CMD_DENY_OOM,
        .group = GROUP_HYPERLOGLOG,
        .keys = { { .flags = KEY_RW | KEY_ACCESS | KEY_INSERT,
                    .begin = KEYS_INDEX,
                    .at = 1,
                    .step = 1 },
                  { .flags = KEY_RO | KEY_ACCESS,
                    .begin = KEYS_INDEX,
                    .at = 2,
                    .last = -1,
                    .step = 1 } },
        .since = "2.8.9",
        .complexity = "O(N) for N keys",
        .summary = "Makes a HyperLogLog that has seen what it and others have.",
        .syntax = "destkey:key [sourcekey:key]...",
    },
    {
        .name = "pfdebug",
        .run = run_pfdebug,
        .arity = 3,
        .flags = CMD_WRITE | CMD_DENY_OOM | CMD_ADMIN | CMD_SYSTEM,
        .group = GROUP_HYPERLOGLOG,
        .keys = KEY_AT(2, KEY_RW | KEY_ACCESS),
        .since = "2.8.9",
        .complexity = "O(1)",
        .summary = "Shows a HyperLogLog's registers and encoding, or makes it dense.",
        .syntax = "subcommand key:key",
    },
    {
        .name = "pfselftest",
        .run = run_pfselftest,
        .arity = 1,
        .flags = CMD_ADMIN | CMD_SYSTEM,
        .group = GROUP_HYPERLOGLOG,
        .since = "2.8.9",
        .complexity = "O(1)",
        .summary = "Checks that HyperLogLogs count as they should.",
        .syntax = "",
    },
};

struct command_table commands_hll(void)
{
    return (struct command_table){ .rows = rows, .count = COUNT_OF(rows) };
}
