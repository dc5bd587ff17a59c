/* What the families share. */
#include "base/blob.h"
#include "base/num.h"
#include "commands/commands_priv.h"
#include "types/string.h"

void reply_string(struct reply *r, const struct entry *e)
{
    if (!e) {
        reply_null(r);
        return;
    }
    struct blob *blob = string_blob(e);
    if (UNLIKELY(blob && blob->len >= BLOB_MIN)) {
        reply_bulk_blob(r, blob);
        return;
    }
    char scratch[NUM_INT_MAX_CHARS];
    reply_bulk(r, string_bytes(e, scratch));
}

struct entry *string_from_arg(const struct cmd *cmd, struct slice key, int i, int64_t when_ms)
{
    struct slice value = cmd_arg(cmd, i);
    if (UNLIKELY(value.len >= BLOB_MIN)) {
        struct blob *blob = cmd_take_blob(cmd, i);
        if (blob)
            return string_new_blob(key, blob, when_ms);
    }
    return string_new(key, value, when_ms);
}

void reply_expire_error(const struct cmd *cmd)
{
    reply_errorf(cmd->reply, "ERR invalid expire time in '%s' command", cmd->row->name);
}

void delete_and_tell(struct cmd *cmd, struct key key, struct entry *e, bool lazy)
{
    db_delete(cmd->db, key, e, lazy);
    db_notify(cmd->db, EVENT_GENERIC, "del", key.name);
    CMD_EFFECT(cmd, lazy ? SLICE("UNLINK") : SLICE("DEL"), key.name);
}

void delete_as_expired(struct cmd *cmd, struct key key, struct entry *e)
{
    delete_and_tell(cmd, key, e, keyspace_settings(db_keyspace(cmd->db))->lazyfree_expire);
}

void effect_pexpireat(struct cmd *cmd, struct slice key, int64_t when_ms,
                      const struct slice *options, size_t count)
{
    char digits[NUM_INT_MAX_CHARS];
    struct slice *argv = arena_alloc(cmd->arena, (3 + count) * sizeof(*argv));
    argv[0] = SLICE("PEXPIREAT");
    argv[1] = key;
    argv[2] = slice_of(digits, num_format_int(digits, when_ms));
    for (size_t i = 0; i < count; i++)
        argv[3 + i] = options[i];
    cmd_effect(cmd, argv, 3 + count);
}

void key_walk_init(struct key_walk *w, const struct cmd *cmd, int first, int step)
{
    w->cmd = cmd;
    w->at = w->hashed = w->asked = first;
    w->step = step;
}

static unsigned ring_index(const struct key_walk *w, int at)
{
    return (unsigned)(at / w->step) % KEY_WALK_BUCKETS;
}

bool key_walk_next(struct key_walk *w, struct key *ret_key, int *ret_at)
{
    const struct cmd *cmd = w->cmd;
    if (w->at >= cmd->argc)
        return false;

    for (; w->hashed < cmd->argc && w->hashed < w->at + KEY_WALK_BUCKETS * w->step;
         w->hashed += w->step) {
        struct key key = cmd_key(cmd, w->hashed);
        db_prefetch_bucket(cmd->db, key.hash);
        w->ring[ring_index(w, w->hashed)] = key;
    }
    for (; w->asked < w->hashed && w->asked <= w->at + KEY_WALK_ENTRIES * w->step;
         w->asked += w->step)
        (void)db_prefetch_entry(cmd->db, w->ring[ring_index(w, w->asked)].hash, false);

    *ret_key = w->ring[ring_index(w, w->at)];
    *ret_at = w->at;
    w->at += w->step;
    return true;
}
