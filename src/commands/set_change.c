/* Members that come and go: SADD, SREM, SMOVE, SPOP. */
#include "base/arena.h"
#include "commands/set_priv.h"

static void run_sadd(struct cmd *cmd)
{
    const struct key key = cmd_key(cmd, 1);
    struct entry *old = db_lookup_write(cmd->db, key);
    const size_t count = (size_t)cmd->argc - 2;
    size_t added = 0;
    if (!is_set(cmd, old))
        return;
    struct entry *e = old ? old : set_new_for(key.name, set_env(cmd), cmd_arg(cmd, 2), count);
    if (old)
        set_expect(e, set_env(cmd), count);
    for (int i = 2; i < cmd->argc; i++)
        added += set_add(e, set_env(cmd), cmd_arg(cmd, i));
    if (!old)
        db_insert(cmd->db, key, e);
    else if (added > 0)
        db_store(cmd->db, key, e, e);
    if (added > 0) {
        keyspace_count_dirty(db_keyspace(cmd->db), added - 1);
        db_notify(cmd->db, EVENT_SET, "sadd", key.name);
    }
    reply_int(cmd->reply, (int64_t)added);
}

/* Members went: the change is counted and told as `event` (NULL: it was told), and so is the end of the
 * key if they were the last. */
static void removed(struct cmd *cmd, struct key key, struct entry *e, size_t count,
                    const char *event)
{
    const bool is_empty = set_count(e) == 0;
    if (is_empty)
        db_delete(cmd->db, key, e, /* lazy= */ false);
    else
        db_store(cmd->db, key, e, e);
    keyspace_count_dirty(db_keyspace(cmd->db), count - 1);
    if (event)
        db_notify(cmd->db, EVENT_SET, event, key.name);
    if (is_empty)
        db_notify(cmd->db, EVENT_GENERIC, "del", key.name);
}

static void run_srem(struct cmd *cmd)
{
    const struct key key = cmd_key(cmd, 1);
    struct entry *e = db_lookup_write(cmd->db, key);
    size_t count = 0;
    if (!is_set(cmd, e))
        return;
    for (int i = 2; e && i < cmd->argc && set_count(e) > 0; i++)
        count += set_remove(e, cmd_arg(cmd, i));
    if (count > 0)
        removed(cmd, key, e, count, "srem");
    reply_int(cmd->reply, (int64_t)count);
}

/* ---- SMOVE ---- */

static void add_to_destination(struct cmd *cmd, struct key to, struct entry *e, struct slice member)
{
    if (!e) {
        e = set_new_for(to.name, set_env(cmd), member, 1);
        (void)set_add(e, set_env(cmd), member);
        db_insert(cmd->db, to, e);
    } else if (set_add(e, set_env(cmd), member)) {
        db_store(cmd->db, to, e, e);
    } else {
        return;
    }
    db_notify(cmd->db, EVENT_SET, "sadd", to.name);
}

static void run_smove(struct cmd *cmd)
{
    const struct key from = cmd_key(cmd, 1);
    const struct key to = cmd_key(cmd, 2);
    const struct slice member = cmd_arg(cmd, 3);
    struct entry *source = db_lookup_write(cmd->db, from);
    struct entry *destination = db_lookup_write(cmd->db, to);
    if (!source) {
        reply_int(cmd->reply, 0);
        return;
    }
    if (!is_set(cmd, source) || !is_set(cmd, destination))
        return;
    if (source == destination) {
        reply_int(cmd->reply, set_has(source, member));
        return;
    }
    if (!set_remove(source, member)) {
        reply_int(cmd->reply, 0);
        return;
    }
    removed(cmd, from, source, 1, "srem");
    add_to_destination(cmd, to, destination, member);
    reply_int(cmd->reply, 1);
}

/* ---- SPOP: its effect names what was popped ---- */

/* An effect has so many members, as the peers have it. */
#define POP_EFFECT_MEMBERS 1024

struct pop {
    struct cmd *cmd;
    struct slice *argv; /* SREM key member ... */
    size_t argc;
    struct arena arena; /* of one effect */
};

static void pop_begin(struct pop *p, struct cmd *cmd, struct key key, size_t count)
{
    const size_t slots = 2 + MIN_OF(count, (size_t)POP_EFFECT_MEMBERS);
    p->cmd = cmd;
    p->argv = arena_alloc(cmd->arena, slots * sizeof(*p->argv));
    p->argv[0] = SLICE("SREM");
    p->argv[1] = key.name;
    p->argc = 2;
    arena_init(&p->arena, 4096, 0);
}

static void pop_flush(struct pop *p)
{
    if (p->argc == 2)
        return;
    cmd_effect(p->cmd, p->argv, p->argc);
    p->argc = 2;
    arena_reset(&p->arena);
}

static void pop_end(struct pop *p)
{
    pop_flush(p);
    arena_done(&p->arena);
}

static void pop_one(void *arg, struct slice member)
{
    struct pop *p = arg;
    reply_bulk(p->cmd->reply, member);
    p->argv[p->argc++] = arena_copy(&p->arena, member);
    if (p->argc == 2 + POP_EFFECT_MEMBERS)
        pop_flush(p);
}

/* Alone, it need not be copied. */
static void pop_single(void *arg, struct slice member)
{
    struct cmd *cmd = arg;
    reply_bulk(cmd->reply, member);
    CMD_EFFECT(cmd, SLICE("SREM"), cmd_arg(cmd, 1), member);
}

static void reply_member(void *arg, struct slice member)
{
    reply_bulk(arg, member);
}

static void pop_all(struct cmd *cmd, struct key key, struct entry *e)
{
    const size_t count = set_count(e);
    const bool lazy = keyspace_settings(db_keyspace(cmd->db))->lazyfree_server_del;
    db_notify(cmd->db, EVENT_SET, "spop", key.name);
    reply_set(cmd->reply, count);
    set_sample(e, set_env(cmd), count, reply_member, cmd->reply);
    delete_and_tell(cmd, key, e, lazy);
    keyspace_count_dirty(db_keyspace(cmd->db), count - 1);
}

/* Its event was told, ahead of the reply. */
static void pop(struct cmd *cmd, struct key key, struct entry *e, size_t count)
{
    struct pop p;
    if (count == 1) {
        set_pop(e, set_env(cmd), 1, pop_single, cmd);
    } else {
        pop_begin(&p, cmd, key, count);
        set_pop(e, set_env(cmd), count, pop_one, &p);
        pop_end(&p);
    }
    removed(cmd, key, e, count, NULL);
}

static void pop_count(struct cmd *cmd)
{
    const struct key key = cmd_key(cmd, 1);
    int64_t count;
    if (!cmd_int_in(cmd, 2, 0, INT64_MAX, &count, "ERR value is out of range, must be positive"))
        return;
    struct entry *e = db_lookup_write(cmd->db, key);
    if (!is_set(cmd, e))
        return;
    if (!e || count == 0) {
        reply_set(cmd->reply, 0);
    } else if ((size_t)count >= set_count(e)) {
        pop_all(cmd, key, e);
    } else {
        db_notify(cmd->db, EVENT_SET, "spop", key.name);
        reply_set(cmd->reply, (size_t)count);
        pop(cmd, key, e, (size_t)count);
    }
}

static void run_spop(struct cmd *cmd)
{
    if (cmd->argc == 3) {
        pop_count(cmd);
        return;
    }
    if (cmd->argc > 3) {
        reply_error(cmd->reply, ERR_SYNTAX);
        return;
    }
    const struct key key = cmd_key(cmd, 1);
    struct entry *e = db_lookup_write(cmd->db, key);
    if (!is_set(cmd, e))
        return;
    if (!e) {
        reply_null(cmd->reply);
        return;
    }
    db_notify(cmd->db, EVENT_SET, "spop", key.name);
    pop(cmd, key, e, 1);
}

#define EACH_MEMBER "O(1) for each member"

static const struct command rows[] = {
    {
        .name = "sadd",
        .run = run_sadd,
        .arity = -3,
        .flags = CMD_WRITE | CMD_DENY_OOM | CMD_FAST,
        .group = GROUP_SET,
        .keys = KEY_AT(1, KEY_RW | KEY_INSERT),
        .element = 2,
        .since = "1.0.0",
        .complexity = EACH_MEMBER,
        .summary = "Adds members to a set, and tells how many are new.",
        .syntax = "key:key member...",
    },
    {
        .name = "srem",
        .run = run_srem,
        .arity = -3,
        .flags = CMD_WRITE | CMD_FAST,
        .group = GROUP_SET,
        .keys = KEY_AT(1, KEY_RW | KEY_DELETE),
        .element = 2,
        .since = "1.0.0",
        .complexity = EACH_MEMBER,
        .summary =
            "Takes members out, and tells how many there were. The key goes with the last one.",
        .syntax = "key:key member...",
    },
    {
        .name = "smove",
        .run = run_smove,
        .arity = 4,
        .flags = CMD_WRITE | CMD_FAST,
        .group = GROUP_SET,
        .keys = { { .flags = KEY_RW | KEY_ACCESS | KEY_DELETE,
                    .begin = KEYS_INDEX,
                    .at = 1,
                    .step = 1 },
                  { .flags = KEY_RW | KEY_INSERT, .begin = KEYS_INDEX, .at = 2, .step = 1 } },
        .element = 3,
        .since = "1.0.0",
        .complexity = "O(1)",
        .summary = "Moves a member from one set to another.",
        .syntax = "source:key destination:key member",
    },
    {
        .name = "spop",
        .run = run_spop,
        .arity = -2,
        .flags = CMD_WRITE | CMD_FAST,
        .group = GROUP_SET,
        .keys = KEY_AT(1, KEY_RW | KEY_ACCESS | KEY_DELETE),
        .since = "1.0.0",
        .complexity = "O(1) for each member that goes",
        .summary = "Takes members out that are drawn at random, and returns them.",
        .syntax = "key:key [count:int@3.2.0]",
        .tips = (const char *const[]){ "nondeterministic_output", NULL },
    },
};

struct command_table commands_set_change(void)
{
    return (struct command_table){ .rows = rows, .count = COUNT_OF(rows) };
}
