/* One value as bytes, and back: DUMP and RESTORE. */
#include "base/num.h"
#include "codec/payload.h"
#include "commands/commands.h"
#include "commands/commands_priv.h"

#define FREQUENCY_MAX 255
#define NOT_GIVEN (-1)

static void run_dump(struct cmd *cmd)
{
    struct buf payload;
    const struct entry *e = db_lookup_read(cmd->db, cmd_key(cmd, 1));
    if (!e) {
        reply_null(cmd->reply);
        return;
    }
    if (codec_payload_write(e, &payload) == 0)
        reply_bulk(cmd->reply, buf_slice(&payload));
    else
        reply_error(cmd->reply, "ERR not enough memory for the payload");
    buf_done(&payload);
}

struct restore {
    bool replace, absolute;
    int64_t idle_s, frequency; /* or NOT_GIVEN */
    int64_t when_ms;
};

/* False: an error was replied. */
static bool restore_options(struct cmd *cmd, struct restore *ret)
{
    *ret = (struct restore){ .idle_s = NOT_GIVEN, .frequency = NOT_GIVEN };
    for (int i = 4; i < cmd->argc; i++) {
        const bool has_value = i + 1 < cmd->argc;
        if (cmd_is(cmd, i, "replace")) {
            ret->replace = true;
        } else if (cmd_is(cmd, i, "absttl")) {
            ret->absolute = true;
        } else if (cmd_is(cmd, i, "idletime") && has_value && ret->frequency == NOT_GIVEN) {
            if (!cmd_int(cmd, ++i, &ret->idle_s, NULL))
                return false;
            if (ret->idle_s < 0) {
                reply_error(cmd->reply, "ERR Invalid IDLETIME value, must be >= 0");
                return false;
            }
        } else if (cmd_is(cmd, i, "freq") && has_value && ret->idle_s == NOT_GIVEN) {
            if (!cmd_int(cmd, ++i, &ret->frequency, NULL))
                return false;
            if (ret->frequency < 0 || ret->frequency > FREQUENCY_MAX) {
                reply_error(cmd->reply, "ERR Invalid FREQ value, must be >= 0 and <= 255");
                return false;
            }
        } else {
            reply_error(cmd->reply, ERR_SYNTAX);
            return false;
        }
    }
    return true;
}

/* The expiry that argument 2 says. False: an error was replied. */
static bool restore_time(struct cmd *cmd, struct restore *r)
{
    int64_t ttl;
    if (!cmd_int(cmd, 2, &ttl, NULL))
        return false;
    if (ttl < 0) {
        reply_error(cmd->reply, "ERR Invalid TTL value, must be >= 0");
        return false;
    }
    r->when_ms = ENTRY_NO_EXPIRY;
    if (ttl && __builtin_add_overflow(ttl, r->absolute ? 0 : cmd_now_ms(cmd), &r->when_ms))
        r->when_ms = INT64_MIN; /* the sum wraps around with the peers: it is past */
    return true;
}

static unsigned leniency(const struct commands_settings *settings)
{
    const bool any_version = settings->version_leniency && *settings->version_leniency;
    return (settings->skip_checksum ? CODEC_LENIENT_CHECKSUM : 0) |
           (any_version ? CODEC_LENIENT_VERSION : 0);
}

/* The value of argument 3. NULL: an error was replied. */
static struct entry *restore_value(struct cmd *cmd, const struct restore *r)
{
    const struct commands_settings *settings = cmd->owner;
    const struct slice payload = cmd_arg(cmd, 3);
    struct codec_error error;
    if (!codec_payload_is_whole(payload, leniency(settings))) {
        reply_error(cmd->reply, "ERR DUMP payload version or checksum are wrong");
        return NULL;
    }
    const struct codec_target to = { .key = cmd_arg(cmd, 1),
                                     .when_ms = r->when_ms,
                                     .env = keyspace_env(db_keyspace(cmd->db)) };
    struct entry *e = codec_payload_read(payload, &to, &error);
    if (!e)
        reply_error(cmd->reply, "ERR Bad data format");
    return e;
}

/* A relative time is an absolute one for whoever repeats it. */
static void restore_effect(struct cmd *cmd, const struct restore *r)
{
    if (r->when_ms == ENTRY_NO_EXPIRY || r->absolute)
        return;
    char digits[NUM_INT_MAX_CHARS];
    const size_t argc = (size_t)cmd->argc;
    struct slice *argv = arena_alloc(cmd->arena, (argc + 1) * sizeof(*argv));
    memcpy(argv, cmd->argv, argc * sizeof(*argv));
    argv[2] = slice_of(digits, num_format_int(digits, r->when_ms));
    argv[argc] = SLICE("ABSTTL");
    cmd_effect(cmd, argv, argc + 1);
}

static void restore_store(struct cmd *cmd, const struct restore *r, struct key key, struct entry *e)
{
    if (r->idle_s != NOT_GIVEN && !keyspace_uses_lfu(db_keyspace(cmd->db)))
        db_set_idle_s(cmd->db, e, r->idle_s);
    if (r->frequency != NOT_GIVEN && keyspace_uses_lfu(db_keyspace(cmd->db)))
        db_set_frequency(cmd->db, e, (unsigned)r->frequency);
    db_insert(cmd->db, key, e);
    db_notify(cmd->db, EVENT_GENERIC, "restore", key.name);
    restore_effect(cmd, r);
}

static void run_restore(struct cmd *cmd)
{
    struct restore r;
    const struct key key = cmd_key(cmd, 1);
    if (!restore_options(cmd, &r))
        return;
    if (!r.replace && db_lookup_write(cmd->db, key)) {
        reply_error(cmd->reply, "BUSYKEY Target key name already exists.");
        return;
    }
    if (!restore_time(cmd, &r))
        return;
    struct entry *e = restore_value(cmd, &r);
    if (!e)
        return;

    const bool lazy = keyspace_settings(db_keyspace(cmd->db))->lazyfree_server_del;
    struct entry *old = r.replace ? db_peek(cmd->db, key) : NULL;
    if (r.when_ms != ENTRY_NO_EXPIRY && r.when_ms <= cmd_now_ms(cmd)) {
        entry_free(e);
        if (old)
            delete_and_tell(cmd, key, old, lazy);
    } else {
        if (old)
            db_delete(cmd->db, key, old, lazy);
        restore_store(cmd, &r, key, e);
    }
    reply_ok(cmd->reply);
}

static const struct command rows[] = {
    {
        .name = "dump",
        .run = run_dump,
        .arity = 2,
        .flags = CMD_READ,
        .group = GROUP_GENERIC,
        .keys = KEY_AT(1, KEY_RO | KEY_ACCESS),
        .since = "2.6.0",
        .complexity = "O(N) for the bytes and elements of the value",
        .summary = "A key's value as bytes from which RESTORE makes it again.",
        .syntax = "key:key",
        .tips = (const char *const[]){ "nondeterministic_output", NULL },
    },
    {
        .name = "restore",
        .run = run_restore,
        .arity = -4,
        .flags = CMD_WRITE | CMD_DENY_OOM,
        .group = GROUP_GENERIC,
        .acl = ACL_DANGEROUS,
        .keys = KEY_AT(1, KEY_OW | KEY_UPDATE),
        .since = "2.6.0",
        .complexity = "O(N) for the bytes and elements of the value; O(N log N) for a sorted set",
        .summary = "Makes a key from what DUMP replied.",
        .syntax = "key:key ttl:int serialized-value:string [REPLACE@3.0.0] [ABSTTL@5.0.0] "
                  "[IDLETIME seconds:int@5.0.0] [FREQ frequency:int@5.0.0]",
    },
};

struct command_table commands_dump(const struct commands_settings *settings)
{
    return (struct command_table){
        .rows = rows,
        .count = COUNT_OF(rows),
        .owner = (void *)(uintptr_t)settings,
    };
}
