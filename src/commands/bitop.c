/* BITOP: strings combined bit by bit. */
#include "base/num.h"
#include "commands/string_priv.h"
#include "types/bits.h"
#include "types/string.h"

static const struct operation_word {
    const char *word;
    enum bits_operation operation;
    const char *few_sources; /* what it says to a single source */
} operation_words[] = {
    { "and", BITS_AND, NULL },
    { "or", BITS_OR, NULL },
    { "xor", BITS_XOR, NULL },
    { "not", BITS_NOT, NULL },
    { "diff", BITS_DIFF, "ERR BITOP DIFF must be called with at least two source keys." },
    { "diff1", BITS_DIFF1, "ERR BITOP DIFF1 must be called with at least two source keys." },
    { "andor", BITS_ANDOR, "ERR BITOP ANDOR must be called with at least two source keys." },
    { "one", BITS_ONE, NULL },
};

#define DESTINATION_AT 2
#define SOURCES_AT 3

/* NULL: an error was replied. */
static const struct operation_word *find_operation(const struct cmd *cmd)
{
    int sources = cmd->argc - SOURCES_AT;
    const struct operation_word *word = NULL;
    for (size_t i = 0; i < COUNT_OF(operation_words) && !word; i++)
        if (cmd_is(cmd, 1, operation_words[i].word))
            word = &operation_words[i];
    if (!word) {
        reply_error(cmd->reply, ERR_SYNTAX);
        return NULL;
    }
    if (word->operation == BITS_NOT && sources != 1) {
        reply_error(cmd->reply, "ERR BITOP NOT must be called with a single source key.");
        return NULL;
    }
    if (word->few_sources && sources == 1) {
        reply_error(cmd->reply, word->few_sources);
        return NULL;
    }
    return word;
}

struct sources {
    struct slice *bytes;
    size_t count, longest;
};

/* The sources, empty where there is no key; borrowed until the next change, or in the arena.
 * False: an error was replied. */
static bool read_sources(const struct cmd *cmd, struct sources *ret)
{
    size_t count = (size_t)(cmd->argc - SOURCES_AT);
    *ret = (struct sources){ .bytes = arena_alloc(cmd->arena, count * sizeof(*ret->bytes)) };
    struct key_walk walk;
    struct key key;
    int at;
    key_walk_init(&walk, cmd, SOURCES_AT, 1);
    while (key_walk_next(&walk, &key, &at)) {
        struct entry *e = db_lookup_read(cmd->db, key);
        struct slice bytes = SLICE("");
        if (!is_string(cmd, e))
            return false;
        if (e && entry_encoding(e) == ENCODING_INT)
            bytes = string_bytes(e, arena_alloc(cmd->arena, NUM_INT_MAX_CHARS));
        else if (e)
            bytes = string_bytes(e, (char[NUM_INT_MAX_CHARS]){ 0 });
        ret->bytes[ret->count++] = bytes;
        ret->longest = MAX_OF(ret->longest, bytes.len);
    }
    return true;
}

static void delete_destination(struct cmd *cmd, struct key key)
{
    struct entry *old = db_lookup_write(cmd->db, key);
    if (!old)
        return;
    db_delete(cmd->db, key, old, keyspace_settings(db_keyspace(cmd->db))->lazyfree_server_del);
    db_notify(cmd->db, EVENT_GENERIC, "del", key.name);
}

/* Over a result of the same length, which may be a source too, or as a new string. False: an error
 * was replied. */
static bool store_combined(struct cmd *cmd, struct key key, enum bits_operation operation,
                           const struct sources *sources)
{
    struct entry *old = db_lookup_write(cmd->db, key), *e = old;
    bool reusable = old && entry_type(old) == TYPE_STRING && entry_expiry(old) == ENTRY_NO_EXPIRY;
    char *out = reusable ? string_reuse(old, sources->longest) : NULL;
    if (!out)
        e = string_try_new_unset(key.name, sources->longest, ENTRY_NO_EXPIRY, &out);
    if (!e) {
        reply_error(cmd->reply, ERR_NO_MEMORY);
        return false;
    }
    bits_combine(operation, out, sources->longest, sources->bytes, sources->count);
    if (e == old)
        db_store(cmd->db, key, old, e);
    else if (old)
        db_overwrite(cmd->db, key, old, e);
    else
        db_insert(cmd->db, key, e);
    return true;
}

static void run_bitop(struct cmd *cmd)
{
    struct sources sources;
    const struct operation_word *word = find_operation(cmd);
    if (!word || !read_sources(cmd, &sources))
        return;
    struct key key = cmd_key(cmd, DESTINATION_AT);
    if (sources.longest == 0) {
        delete_destination(cmd, key);
        reply_int(cmd->reply, 0);
        return;
    }

    if (!store_combined(cmd, key, word->operation, &sources))
        return;
    db_notify(cmd->db, EVENT_STRING, "set", key.name);
    reply_int(cmd->reply, (int64_t)sources.longest);
}

static const struct command rows[] = {
    {
        .name = "bitop",
        .run = run_bitop,
        .arity = -4,
        .flags = CMD_WRITE | CMD_DENY_OOM,
        .group = GROUP_BITMAP,
        .keys = { { .flags = KEY_OW | KEY_UPDATE,
                    .begin = KEYS_INDEX,
                    .at = DESTINATION_AT,
                    .step = 1 },
                  { .flags = KEY_RO | KEY_ACCESS,
                    .begin = KEYS_INDEX,
                    .at = SOURCES_AT,
                    .last = -1,
                    .step = 1 } },
        .since = "2.6.0",
        .complexity = "O(N) for N bytes of all sources",
        .summary = "Stores strings combined bit by bit: AND, OR, XOR, NOT, DIFF (in the first "
                   "only), DIFF1 (in others, not in the first), ANDOR (in the first and another), "
                   "ONE (in exactly one).",
        .syntax = "operation destkey:key key:key...",
    },
};

struct command_table commands_bitop(void)
{
    return (struct command_table){ .rows = rows, .count = COUNT_OF(rows) };
}
