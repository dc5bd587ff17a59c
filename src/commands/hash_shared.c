/* What the verbs of hashes share. */
#include "base/num.h"
#include "commands/hash_priv.h"

/* Words before the fields of an effect: verb, key, time, FIELDS, count. */
#define EFFECT_WORDS 5

void reply_field(struct cmd *cmd, const struct entry *e, struct slice name)
{
    char scratch[NUM_INT_MAX_CHARS];
    struct slice value;
    if (e && hash_get(e, name, db_fields_now(cmd->db), scratch, &value))
        reply_bulk(cmd->reply, value);
    else
        reply_null(cmd->reply);
}

bool hash_lookup(struct cmd *cmd, struct key key, struct db_field_names names,
                 struct entry **ret_entry)
{
    struct entry *e = db_lookup_write(cmd->db, key);
    if (!is_hash(cmd, e))
        return false;
    if (e)
        db_expire_named(cmd->db, key, e, &names);
    *ret_entry = e;
    return true;
}

bool hash_put_and_store(struct cmd *cmd, struct key key, struct entry *e,
                        const struct hash_field *f)
{
    struct entry *stored = e ? e : hash_new(key.name, ENTRY_NO_EXPIRY);
    bool is_new = hash_put(stored, hash_env(cmd), f, db_fields_now(cmd->db));
    if (e)
        db_store(cmd->db, key, e, e);
    else
        db_insert(cmd->db, key, stored);
    return is_new;
}

void hash_removed(struct cmd *cmd, struct key key, struct entry *e, const char *event)
{
    bool is_empty = hash_count(e, HASH_SHOW_ALL) == 0;
    if (is_empty)
        db_delete(cmd->db, key, e, false);
    else
        db_store(cmd->db, key, e, e);
    db_notify(cmd->db, EVENT_HASH, event, key.name);
    if (is_empty)
        db_notify(cmd->db, EVENT_GENERIC, "del", key.name);
}

int field_args_find(const struct cmd *cmd, int from)
{
    int i = from;
    while (i < cmd->argc && !cmd_is(cmd, i, "fields"))
        i++;
    return i;
}

bool field_args_parse(const struct cmd *cmd, int word, int step, struct field_args *ret_args)
{
    int64_t count = 0;
    if (word + 1 < cmd->argc && !cmd_int(cmd, word + 1, &count, NULL))
        return false;
    int rest = cmd->argc - word - 2;
    if (count <= 0 || rest <= 0 || rest % step != 0 || count != rest / step) {
        reply_error(cmd->reply, "ERR numfields should be greater than 0 and match the provided "
                                "number of fields");
        return false;
    }
    *ret_args = (struct field_args){ word, word + 2, (int)count, step };
    return true;
}

void field_effect_init(struct field_effect *f, const struct cmd *cmd, const struct field_args *args)
{
    size_t words = EFFECT_WORDS + (size_t)args->count;
    f->argv = arena_alloc(cmd->arena, words * sizeof(*f->argv));
    f->count = 0;
}

void field_effect_add(struct field_effect *f, struct slice name)
{
    f->argv[EFFECT_WORDS + f->count++] = name;
}

void field_effect_tell(const struct field_effect *f, struct cmd *cmd, const char *verb,
                       int64_t when_ms)
{
    char time[NUM_INT_MAX_CHARS], count[NUM_INT_MAX_CHARS];
    struct slice head[EFFECT_WORDS];
    size_t words = 0;
    head[words++] = slice_str(verb);
    head[words++] = cmd_arg(cmd, 1);
    if (when_ms != ENTRY_NO_EXPIRY)
        head[words++] = slice_of(time, num_format_int(time, when_ms));
    if (!slice_is(head[0], "hdel")) {
        head[words++] = SLICE("FIELDS");
        head[words++] = slice_of(count, num_format_uint(count, f->count));
    }
    struct slice *argv = f->argv + EFFECT_WORDS - words;
    memcpy(argv, head, words * sizeof(*argv));
    cmd_effect(cmd, argv, words + f->count);
}

bool field_time(const struct cmd *cmd, int i, int64_t base_ms, int64_t unit, int64_t *ret_when_ms)
{
    int64_t value;
    if (!cmd_int(cmd, i, &value, NULL))
        return false;
    if (value < 0 || __builtin_mul_overflow(value, unit, &value) ||
        __builtin_add_overflow(value, base_ms, &value)) {
        reply_expire_error(cmd);
        return false;
    }
    *ret_when_ms = value;
    return true;
}

void fields_expire_tell(struct cmd *cmd, struct key key, struct entry *e,
                        const struct field_effect *fields, int64_t when_ms)
{
    if (fields->count == 0)
        return;
    if (when_ms != ENTRY_NO_EXPIRY && when_ms <= cmd_now_ms(cmd)) {
        hash_removed(cmd, key, e, "hexpired");
        field_effect_tell(fields, cmd, "HDEL", ENTRY_NO_EXPIRY);
        return;
    }
    bool persists = when_ms == ENTRY_NO_EXPIRY;
    db_store(cmd->db, key, e, e);
    db_notify(cmd->db, EVENT_HASH, persists ? "hpersist" : "hexpire", key.name);
    field_effect_tell(fields, cmd, persists ? "HPERSIST" : "HPEXPIREAT", when_ms);
}
