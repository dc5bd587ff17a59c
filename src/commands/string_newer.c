/* Strings by their digest, and deletions on a condition: DIGEST, DELEX, DELIFEQ. */
#include "base/num.h"
#include "commands/commands.h"
#include "commands/commands_priv.h"
#include "commands/string_options.h"
#include "types/string.h"

static void run_digest(struct cmd *cmd)
{
    struct entry *e = db_lookup_read(cmd->db, cmd_key(cmd, 1));
    if (!is_string(cmd, e))
        return;
    if (!e) {
        reply_null(cmd->reply);
        return;
    }
    char scratch[NUM_INT_MAX_CHARS], digest[STRING_DIGEST_CHARS];
    string_digest(string_bytes(e, scratch), digest);
    reply_bulk(cmd->reply, slice_of(digest, sizeof(digest)));
}

/* Deletes the key if the string is as the options ask. */
static void delete_if(struct cmd *cmd, const struct string_options *options)
{
    struct key key = cmd_key(cmd, 1);
    struct entry *e = db_lookup_write(cmd->db, key);
    if (options->given && !is_string(cmd, e))
        return;
    bool deletes = e && (!options->given || string_compares(cmd, options, e));
    if (deletes)
        delete_and_tell(cmd, key, e, lazy_user_del(cmd));
    reply_int(cmd->reply, deletes);
}

static void run_delex(struct cmd *cmd)
{
    struct string_options options;
    if (string_options_parse(cmd, 2, OPTIONS_DELEX, &options))
        delete_if(cmd, &options);
}

static void run_delifeq(struct cmd *cmd)
{
    delete_if(cmd, &(struct string_options){ .given = OPTION_IFEQ, .at[ARGUMENT_COMPARE] = 2 });
}

/* Without a condition the value is not looked at. */
static uint32_t delex_key_flags(const struct slice *argv, int argc)
{
    (void)argv;
    return argc > 2 ? KEY_RW | KEY_DELETE : KEY_RM | KEY_DELETE;
}

static const struct command rows[] = {
    {
        .name = "digest",
        .run = run_digest,
        .arity = 2,
        .flags = CMD_READ | CMD_FAST,
        .group = GROUP_STRING,
        .keys = KEY_AT(1, KEY_RO | KEY_ACCESS),
        .since = "8.4.0",
        .complexity = "O(N) for N bytes",
        .summary = "The XXH3 digest of a string, as 16 hexadecimal digits.",
        .syntax = "key:key",
    },
    {
        .name = "delex",
        .run = run_delex,
        .arity = -2,
        .flags = CMD_WRITE | CMD_FAST,
        .group = GROUP_STRING,
        .keys = { { .flags = KEY_RW | KEY_DELETE | KEY_VARIABLE_FLAGS,
                    .begin = KEYS_INDEX,
                    .at = 1,
                    .step = 1,
                    .notes = "Reads the value only with a condition" } },
        .key_flags = delex_key_flags,
        .since = "8.4.0",
        .complexity = "O(1); O(N) for N bytes with a digest",
        .summary = "Deletes a key, if its string or the string's digest is, or is not, a given "
                   "one.",
        .syntax = "key:key [condition=<IFEQ ifeq-value | IFNE ifne-value | IFDEQ ifdeq-digest | "
                  "IFDNE ifdne-digest>]",
    },
    {
        .name = "delifeq",
        .run = run_delifeq,
        .arity = 3,
        .flags = CMD_WRITE | CMD_FAST,
        .group = GROUP_STRING,
        .keys = KEY_AT(1, KEY_RM | KEY_DELETE),
        .since = "9.0.0",
        .complexity = "O(1)",
        .summary = "Deletes a key if its string is a given one.",
        .syntax = "key:key value",
    },
};

struct command_table commands_string_newer(void)
{
    return (struct command_table){ .rows = rows, .count = COUNT_OF(rows) };
}
