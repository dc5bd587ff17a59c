/* Keys whatever they hold: existence, type, deletion, and moves to another name or database. */
#include "base/glob.h"
#include "commands/commands.h"
#include "commands/commands_priv.h"

/* ---- deletion ---- */

static void delete_keys(struct cmd *cmd, bool lazy)
{
    struct key_walk walk;
    struct key key;
    int at;
    int64_t deleted = 0;
    key_walk_init(&walk, cmd, 1, 1);
    while (key_walk_next(&walk, &key, &at)) {
        struct entry *e = db_peek(cmd->db, key);
        if (!e)
            continue;
        db_delete(cmd->db, key, e, lazy);
        db_notify(cmd->db, EVENT_GENERIC, "del", key.name);
        deleted++;
    }
    reply_int(cmd->reply, deleted);
}

static void run_del(struct cmd *cmd)
{
    delete_keys(cmd, lazy_user_del(cmd));
}

static void run_unlink(struct cmd *cmd)
{
    delete_keys(cmd, true);
}

/* ---- questions ---- */

static void count_keys(struct cmd *cmd, struct entry *(*look_up)(struct db *db, struct key key))
{
    struct key_walk walk;
    struct key key;
    int at;
    int64_t found = 0;
    key_walk_init(&walk, cmd, 1, 1);
    while (key_walk_next(&walk, &key, &at))
        found += look_up(cmd->db, key) != NULL;
    reply_int(cmd->reply, found);
}

static void run_exists(struct cmd *cmd)
{
    count_keys(cmd, db_lookup_info);
}

static void run_touch(struct cmd *cmd)
{
    count_keys(cmd, db_lookup_read);
}

static void run_type(struct cmd *cmd)
{
    struct entry *e = db_lookup_info(cmd->db, cmd_key(cmd, 1));
    reply_status(cmd->reply, slice_str(e ? entry_type_name(entry_type(e)) : "none"));
}

static void run_dbsize(struct cmd *cmd)
{
    reply_int(cmd->reply, (int64_t)db_count(cmd->db));
}

static void run_randomkey(struct cmd *cmd)
{
    struct entry *e = db_random(cmd->db);
    if (e)
        reply_bulk(cmd->reply, entry_key(e));
    else
        reply_null(cmd->reply);
}

struct keys_search {
    struct cmd *cmd;
    struct slice pattern;
    bool all;
    size_t found;
};

static void reply_if_matching(void *arg, void *entry)
{
    struct keys_search *search = arg;
    struct slice name = entry_key(entry);
    if (!search->all && !glob_match(search->pattern, name))
        return;
    if (db_is_expired(search->cmd->db, entry))
        return;
    reply_bulk(search->cmd->reply, name);
    search->found++;
}

static void run_keys(struct cmd *cmd)
{
    struct slice pattern = cmd_arg(cmd, 1);
    struct keys_search search = { .cmd = cmd, .pattern = pattern, .all = glob_is_all(pattern) };
    reply_defer(cmd->reply);
    db_each(cmd->db, reply_if_matching, &search);
    reply_settle(cmd->reply, REPLY_ARRAY, search.found);
}

/* ---- RENAME ---- */

enum rename_outcome { RENAME_REFUSED, RENAME_SAME, RENAME_TAKEN, RENAME_DONE };

static enum rename_outcome rename_key(struct cmd *cmd, bool replace)
{
    struct key from = cmd_key(cmd, 1), to = cmd_key(cmd, 2);
    struct entry *e = db_lookup_write(cmd->db, from);
    if (!e) {
        reply_error(cmd->reply, ERR_NO_KEY);
        return RENAME_REFUSED;
    }
    if (slice_eq(from.name, to.name))
        return RENAME_SAME;
    struct entry *old = db_lookup_write(cmd->db, to);
    if (old && !replace)
        return RENAME_TAKEN;
    e = db_take(cmd->db, from, e); /* first: so the peers tell who tracks both */
    if (old)
        db_delete(cmd->db, to, old, keyspace_settings(db_keyspace(cmd->db))->lazyfree_server_del);
    db_insert(cmd->db, to, entry_rename(e, to.name));
    db_notify(cmd->db, EVENT_GENERIC, "rename_from", from.name);
    db_notify(cmd->db, EVENT_GENERIC, "rename_to", to.name);
    return RENAME_DONE;
}

static void run_rename(struct cmd *cmd)
{
    if (rename_key(cmd, true) != RENAME_REFUSED)
        reply_ok(cmd->reply);
}

static void run_renamenx(struct cmd *cmd)
{
    enum rename_outcome outcome = rename_key(cmd, false);
    if (outcome != RENAME_REFUSED)
        reply_int(cmd->reply, outcome == RENAME_DONE);
}

/* ---- COPY and MOVE ---- */

/* The database that argument `i` names, or NULL: an error was replied. */
static struct db *arg_db(const struct cmd *cmd, int i)
{
    int64_t index;
    struct keyspace *ks = db_keyspace(cmd->db);
    if (!cmd_int_in(cmd, i, INT32_MIN, INT32_MAX, &index, NULL))
        return NULL;
    if (index < 0 || index >= keyspace_count(ks)) {
        reply_error(cmd->reply, "ERR DB index is out of range");
        return NULL;
    }
    return keyspace_db(ks, (int)index);
}

struct copy_options {
    struct db *db;
    bool replace;
};

/* False: an error was replied. */
static bool copy_options_parse(const struct cmd *cmd, struct copy_options *ret)
{
    *ret = (struct copy_options){ .db = cmd->db };
    for (int i = 3; i < cmd->argc; i++) {
        if (cmd_is(cmd, i, "replace")) {
            ret->replace = true;
        } else if (cmd_is(cmd, i, "db") && i + 1 < cmd->argc) {
            ret->db = arg_db(cmd, ++i);
            if (!ret->db)
                return false;
        } else {
            reply_error(cmd->reply, ERR_SYNTAX);
            return false;
        }
    }
    return true;
}

static void run_copy(struct cmd *cmd)
{
    struct copy_options options;
    if (!copy_options_parse(cmd, &options))
        return;
    struct db *db = options.db;
    struct key from = cmd_key(cmd, 1), to = db_key(db, cmd_arg(cmd, 2));
    if (db == cmd->db && slice_eq(from.name, to.name)) {
        reply_error(cmd->reply, ERR_SAME_OBJECT);
        return;
    }
    struct entry *e = db_lookup_read(cmd->db, from);
    struct entry *old = e ? db_lookup_write(db, to) : NULL;
    if (!e || (old && !options.replace)) {
        reply_int(cmd->reply, 0);
        return;
    }
    if (old)
        db_delete(db, to, old, keyspace_settings(db_keyspace(db))->lazyfree_server_del);
    db_insert(db, to, entry_copy(e, to.name, entry_expiry(e)));
    db_notify(db, EVENT_GENERIC, "copy_to", to.name);
    reply_int(cmd->reply, 1);
}

static void run_move(struct cmd *cmd)
{
    struct db *db = arg_db(cmd, 2);
    if (!db)
        return;
    if (db == cmd->db) {
        reply_error(cmd->reply, ERR_SAME_OBJECT);
        return;
    }
    struct key from = cmd_key(cmd, 1), to = db_key(db, from.name);
    struct entry *e = db_lookup_write(cmd->db, from);
    if (!e || db_lookup_write(db, to)) {
        reply_int(cmd->reply, 0);
        return;
    }
    db_insert(db, to, db_take(cmd->db, from, e));
    db_notify(cmd->db, EVENT_GENERIC, "move_from", from.name);
    db_notify(db, EVENT_GENERIC, "move_to", from.name);
    reply_int(cmd->reply, 1);
}

#define TWO_KEYS(first_flags, second_flags)                                  \
    {                                                                        \
        { .flags = (first_flags), .begin = KEYS_INDEX, .at = 1, .step = 1 }, \
        {                                                                    \
            .flags = (second_flags), .begin = KEYS_INDEX, .at = 2, .step = 1 \
        }                                                                    \
    }

static const struct command rows[] = {
    {
        .name = "del",
        .run = run_del,
        .arity = -2,
        .flags = CMD_WRITE,
        .group = GROUP_GENERIC,
        .keys = KEYS_FROM(1, -1, 1, KEY_RM | KEY_DELETE),
        .since = "1.0.0",
        .complexity = "O(N) for N keys, and O(M) for each collection of M elements",
        .summary = "Deletes keys.",
        .syntax = "key:key...",
        .tips = (const char *const[]){ "request_policy:multi_shard", "response_policy:agg_sum",
                                       NULL },
    },
    {
        .name = "unlink",
        .run = run_unlink,
        .arity = -2,
        .flags = CMD_WRITE | CMD_FAST,
        .group = GROUP_GENERIC,
        .keys = KEYS_FROM(1, -1, 1, KEY_RM | KEY_DELETE),
        .since = "4.0.0",
        .complexity = "O(N) for N keys; the memory of big values is freed in the background",
        .summary = "Deletes keys, and frees big values in the background.",
        .syntax = "key:key...",
        .tips = (const char *const[]){ "request_policy:multi_shard", "response_policy:agg_sum",
                                       NULL },
    },
    {
        .name = "exists",
        .run = run_exists,
        .arity = -2,
        .flags = CMD_READ | CMD_FAST,
        .group = GROUP_GENERIC,
        .keys = KEYS_FROM(1, -1, 1, KEY_RO),
        .since = "1.0.0",
        .complexity = "O(N) for N keys",
        .summary = "How many of the named keys exist; one named twice counts twice.",
        .syntax = "key:key...",
        .tips = (const char *const[]){ "request_policy:multi_shard", "response_policy:agg_sum",
                                       NULL },
    },
    {
        .name = "touch",
        .run = run_touch,
        .arity = -2,
        .flags = CMD_READ | CMD_FAST,
        .group = GROUP_GENERIC,
        .keys = KEYS_FROM(1, -1, 1, KEY_RO),
        .since = "3.2.1",
        .complexity = "O(N) for N keys",
        .summary = "Marks keys as used just now; says how many of them exist.",
        .syntax = "key:key...",
        .tips = (const char *const[]){ "request_policy:multi_shard", "response_policy:agg_sum",
                                       NULL },
    },
    {
        .name = "type",
        .run = run_type,
        .arity = 2,
        .flags = CMD_READ | CMD_FAST,
        .group = GROUP_GENERIC,
        .keys = KEY_AT(1, KEY_RO),
        .since = "1.0.0",
        .complexity = "O(1)",
        .summary = "The type of a key's value.",
        .syntax = "key:key",
    },
    {
        .name = "dbsize",
        .run = run_dbsize,
        .arity = 1,
        .flags = CMD_READ | CMD_FAST,
        .group = GROUP_SERVER,
        .acl = ACL_KEYSPACE,
        .since = "1.0.0",
        .complexity = "O(1)",
        .summary = "How many keys the database holds.",
        .syntax = "",
        .tips = (const char *const[]){ "request_policy:all_shards", "response_policy:agg_sum",
                                       NULL },
    },
    {
        .name = "randomkey",
        .run = run_randomkey,
        .arity = 1,
        .flags = CMD_READ,
        .group = GROUP_GENERIC,
        .since = "1.0.0",
        .complexity = "O(1)",
        .summary = "One of the database's keys, each as likely as any other.",
        .syntax = "",
        .tips = (const char *const[]){ "request_policy:all_shards", "nondeterministic_output",
                                       NULL },
    },
    {
        .name = "keys",
        .run = run_keys,
        .arity = 2,
        .flags = CMD_READ,
        .group = GROUP_GENERIC,
        .acl = ACL_DANGEROUS,
        .since = "1.0.0",
        .complexity = "O(N) for N keys in the database",
        .summary = "All keys whose names match a pattern; on a big database SCAN is kinder.",
        .syntax = "pattern:pattern",
        .tips = (const char *const[]){ "request_policy:all_shards", "nondeterministic_output_order",
                                       NULL },
    },
    {
        .name = "rename",
        .run = run_rename,
        .arity = 3,
        .flags = CMD_WRITE,
        .group = GROUP_GENERIC,
        .keys = TWO_KEYS(KEY_RW | KEY_ACCESS | KEY_DELETE, KEY_OW | KEY_UPDATE),
        .since = "1.0.0",
        .complexity = "O(1), and the deletion of what the new name held",
        .summary = "Gives a key another name; what that name held goes.",
        .syntax = "key:key newkey:key",
    },
    {
        .name = "renamenx",
        .run = run_renamenx,
        .arity = 3,
        .flags = CMD_WRITE | CMD_FAST,
        .group = GROUP_GENERIC,
        .keys = TWO_KEYS(KEY_RW | KEY_ACCESS | KEY_DELETE, KEY_OW | KEY_INSERT),
        .since = "1.0.0",
        .complexity = "O(1)",
        .summary = "Gives a key another name, if that is free.",
        .syntax = "key:key newkey:key",
    },
    {
        .name = "copy",
        .run = run_copy,
        .arity = -3,
        .flags = CMD_WRITE | CMD_DENY_OOM,
        .group = GROUP_GENERIC,
        .keys = TWO_KEYS(KEY_RO | KEY_ACCESS, KEY_OW | KEY_UPDATE),
        .since = "6.2.0",
        .complexity = "O(1) for strings, O(N) for a collection of N elements",
        .summary = "Copies a key with its value and expiry, also to another database.",
        .syntax = "source:key destination:key [DB destination-db:int] [REPLACE]",
    },
    {
        .name = "move",
        .run = run_move,
        .arity = 3,
        .flags = CMD_WRITE | CMD_FAST,
        .group = GROUP_GENERIC,
        .keys = KEY_AT(1, KEY_RW | KEY_ACCESS | KEY_UPDATE),
        .since = "1.0.0",
        .complexity = "O(1)",
        .summary = "Moves a key to another database, if it does not exist there.",
        .syntax = "key:key db:int",
    },
};

struct command_table commands_keys(void)
{
    return (struct command_table){ .rows = rows, .count = COUNT_OF(rows) };
}
