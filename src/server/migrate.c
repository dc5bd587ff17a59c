/* MIGRATE: keys go to another server, by RESTORE over a connection of their own.
 *
 * As with the peers the server waits for the target: each step at most as long as the request says. A key is removed
 * here only when the target has said that it has it. */
#include <errno.h>

#include "base/num.h"
#include "codec/payload.h"
#include "commands/commands.h"
#include "dispatch/cmd.h"
#include "dispatch/dispatch.h"
#include "net/conn.h"
#include "net/socket.h"
#include "server/server_priv.h"
#include "server/standalone.h"

#define TIMEOUT_DEFAULT_MS 1000
#define LINE_MAX_CHARS 1024
#define KEY_ARG 3

#define ERR_CONNECTING "IOERR error or timeout connecting to the client"
#define ERR_WRITING "IOERR error or timeout writing to target instance"
#define ERR_READING "IOERR error or timeout reading to target instance"

struct moved {
    struct key key;
    struct entry *e;
};

struct migration {
    bool copies, replaces;
    struct slice user, password; /* ptr NULL: not given */
    int64_t db, timeout_ms;
    int first_key, key_count; /* arguments */
    struct moved *moved;      /* those that are there */
    size_t count;
    struct conn *conn;
};

/* ---- the request ---- */

/* How many arguments of a secret follow the word at `i`. */
static int secrets_behind(struct slice word)
{
    return slice_is(word, "auth") ? 1 : slice_is(word, "auth2") ? 2 : 0;
}

static bool migrate_is_secret(void *owner UNUSED, const struct slice *argv, int argc, int i)
{
    for (int at = 6; at < argc && !slice_is(argv[at], "keys"); at++) {
        int secrets = secrets_behind(argv[at]);
        if (i > at && i <= at + secrets)
            return true;
        at += secrets;
    }
    return false;
}

/* The option at `*i`, which moves to its last argument. False: it is none. */
static bool parse_option(const struct cmd *cmd, int *i, struct migration *m)
{
    const int left = cmd->argc - *i - 1, secrets = secrets_behind(cmd_arg(cmd, *i));
    if (cmd_is(cmd, *i, "copy"))
        m->copies = true;
    else if (cmd_is(cmd, *i, "replace"))
        m->replaces = true;
    else if (secrets == 0 || left < secrets)
        return false;
    if (secrets == 2)
        m->user = cmd_arg(cmd, *i + 1);
    if (secrets)
        m->password = cmd_arg(cmd, *i + secrets);
    *i += secrets;
    return true;
}

/* False: an error was replied. */
static bool parse(struct cmd *cmd, struct migration *m)
{
    *m = (struct migration){ .first_key = KEY_ARG, .key_count = 1 };
    for (int i = 6; i < cmd->argc; i++) {
        if (cmd_is(cmd, i, "keys")) {
            if (cmd_arg(cmd, KEY_ARG).len > 0) {
                reply_error(cmd->reply, "ERR When using MIGRATE KEYS option, the key argument must "
                                        "be set to the empty string");
                return false;
            }
            m->first_key = i + 1;
            m->key_count = cmd->argc - m->first_key;
            break;
        }
        if (!parse_option(cmd, &i, m)) {
            reply_error(cmd->reply, ERR_SYNTAX);
            return false;
        }
    }
    if (!cmd_int(cmd, 5, &m->timeout_ms, NULL) || !cmd_int(cmd, 4, &m->db, NULL))
        return false;
    if (m->timeout_ms <= 0)
        m->timeout_ms = TIMEOUT_DEFAULT_MS;
    return true;
}

static void find_keys(const struct cmd *cmd, struct migration *m)
{
    m->moved = arena_alloc(cmd->arena, (size_t)(m->key_count + 1) * sizeof(*m->moved));
    for (int i = 0; i < m->key_count; i++) {
        const struct key key = cmd_key(cmd, m->first_key + i);
        struct entry *e = db_lookup_read(cmd->db, key);
        if (e)
            m->moved[m->count++] = (struct moved){ key, e };
    }
}

/* ---- what is sent ---- */

static void add_arg(struct buf *out, struct slice arg)
{
    buf_printf(out, "$%zu\r\n", arg.len);
    buf_append(out, arg);
    buf_append_str(out, "\r\n");
}

static void add_number(struct buf *out, int64_t number)
{
    char digits[NUM_INT_MAX_CHARS];
    add_arg(out, slice_of(digits, num_format_int(digits, number)));
}

static void add_greeting(struct buf *out, const struct migration *m)
{
    if (m->password.ptr) {
        buf_printf(out, "*%d\r\n", m->user.ptr ? 3 : 2);
        add_arg(out, SLICE("AUTH"));
        if (m->user.ptr)
            add_arg(out, m->user);
        add_arg(out, m->password);
    }
    buf_append_str(out, "*2\r\n");
    add_arg(out, SLICE("SELECT"));
    add_number(out, m->db);
}

/* 0 or -ENOMEM. */
static int add_restore(const struct cmd *cmd, const struct migration *m, const struct moved *moved,
                       struct buf *out)
{
    struct buf payload;
    const int64_t when_ms = entry_expiry(moved->e);
    int error = codec_payload_write(moved->e, &payload);
    if (error == 0) {
        buf_printf(out, "*%d\r\n", m->replaces ? 5 : 4);
        add_arg(out, SLICE("RESTORE"));
        add_arg(out, moved->key.name);
        add_number(out,
                   when_ms == ENTRY_NO_EXPIRY ? 0 : MAX_OF(when_ms - cmd_now_ms(cmd), INT64_C(1)));
        add_arg(out, buf_slice(&payload));
        if (m->replaces)
            add_arg(out, SLICE("REPLACE"));
    }
    buf_done(&payload);
    return error;
}

static int send_all(const struct cmd *cmd, const struct migration *m)
{
    struct buf out;
    int error = 0;
    buf_init(&out, BUF_NO_CEILING);
    add_greeting(&out, m);
    for (size_t i = 0; i < m->count && error == 0; i++)
        error = add_restore(cmd, m, &m->moved[i], &out);
    if (error == 0) {
        ssize_t n = conn_write_deadline(m->conn, out.ptr, out.len, m->timeout_ms);
        error = n < 0 ? (int)n : 0;
    }
    buf_done(&out);
    return error;
}

/* ---- what comes back ---- */

/* Keeps the first error that the target replied. False: nothing came. */
static bool read_reply(const struct migration *m, struct buf *refusal, bool *ret_ok)
{
    char line[LINE_MAX_CHARS];
    if (conn_read_line_deadline(m->conn, line, sizeof(line), m->timeout_ms) < 0)
        return false;
    *ret_ok = line[0] != '-';
    if (!*ret_ok && refusal->len == 0)
        buf_printf(refusal, "ERR Target instance replied with error: %s", line + 1);
    return true;
}

/* It may have been named twice, and be gone. */
static void remove_here(struct cmd *cmd, const struct moved *moved)
{
    struct entry *e = db_peek(cmd->db, moved->key);
    if (!e)
        return;
    const bool lazy = keyspace_settings(db_keyspace(cmd->db))->lazyfree_server_del;
    db_delete(cmd->db, moved->key, e, lazy);
    db_notify(cmd->db, EVENT_GENERIC, "del", moved->key.name);
}

/* NULL, or the error. What the target has taken is gone here, whatever comes behind it. */
static const char *take_replies(struct cmd *cmd, const struct migration *m, struct buf *refusal)
{
    struct slice *gone = arena_alloc(cmd->arena, (m->count + 1) * sizeof(*gone));
    size_t gone_count = 1;
    bool ok, greeted = true, came = true;
    for (int i = m->password.ptr ? 0 : 1; i < 2 && came; i++) {
        came = read_reply(m, refusal, &ok);
        greeted = came && ok && greeted;
    }
    for (size_t i = 0; i < m->count && came; i++) {
        came = read_reply(m, refusal, &ok);
        if (!came || !ok || !greeted || m->copies)
            continue;
        remove_here(cmd, &m->moved[i]);
        gone[gone_count++] = m->moved[i].key.name;
    }
    gone[0] = SLICE("DEL");
    if (gone_count > 1)
        cmd_effect(cmd, gone, gone_count);
    if (refusal->len > 0)
        return buf_cstr(refusal);
    return came ? NULL : ERR_READING;
}

/* NULL, or the error. */
static const char *connect_to(struct cmd *cmd, struct migration *m)
{
    const struct server *s = cmd->owner;
    struct buf host;
    int64_t port;
    buf_init(&host, BUF_NO_CEILING);
    buf_append(&host, cmd_arg(cmd, 1));
    int error = -EINVAL;
    if (num_parse_int(cmd_arg(cmd, 2), &port) && port > 0 && port <= UINT16_MAX) {
        const struct socket_target target = { .host = buf_cstr(&host), .port = (int)port };
        m->conn = conn_new(&conn_tcp, s->loop);
        error = conn_connect_blocking(m->conn, &target, m->timeout_ms);
    }
    buf_done(&host);
    if (error == 0)
        return NULL;
    /* The peers notice a refusal when they write. */
    return error == -ECONNREFUSED ? ERR_WRITING : ERR_CONNECTING;
}

static void run_migrate(struct cmd *cmd)
{
    struct migration m;
    struct buf refusal;
    if (!parse(cmd, &m))
        return;
    find_keys(cmd, &m);
    if (m.count == 0) {
        reply_status(cmd->reply, SLICE("NOKEY"));
        return;
    }
    buf_init(&refusal, BUF_NO_CEILING);
    const char *error = connect_to(cmd, &m);
    if (!error && send_all(cmd, &m) < 0)
        error = ERR_WRITING;
    if (!error)
        error = take_replies(cmd, &m, &refusal);
    conn_close(m.conn);
    if (error)
        reply_error(cmd->reply, error);
    else
        reply_ok(cmd->reply);
    buf_done(&refusal);
}

static const char *const tips[] = { "nondeterministic_output", NULL };

static const struct command rows[] = {
    {
        .name = "migrate",
        .run = run_migrate,
        .arity = -6,
        .flags = CMD_WRITE | CMD_MOVABLE_KEYS | CMD_SECRET_ARGS,
        .group = GROUP_GENERIC,
        .acl = ACL_DANGEROUS,
        .keys = { { .flags = KEY_RW | KEY_ACCESS | KEY_DELETE,
                    .begin = KEYS_INDEX,
                    .at = KEY_ARG,
                    .step = 1 },
                  { .flags = KEY_RW | KEY_ACCESS | KEY_DELETE | KEY_INCOMPLETE,
                    .begin = KEYS_KEYWORD,
                    .keyword = "KEYS",
                    .at = -2,
                    .find = KEYS_RANGE,
                    .last = -1,
                    .step = 1 } },
        .is_secret = migrate_is_secret,
        .since = "2.6.0",
        .complexity =
            "that of DUMP and DEL here and of RESTORE there, for each key, and the way between",
        .summary = "Moves keys to another server, or copies them.",
        .syntax =
            "host port:int key-selector=<key:key | empty-string> destination-db:int timeout:int "
            "[COPY@3.0.0] [REPLACE@3.0.0] "
            "[authentication=<AUTH password@4.0.7 | AUTH2 username-password={username "
            "password}@6.0.0>] "
            "[KEYS key:key...@3.0.6]",
        .tips = tips,
    },
};

struct command_table migrate_commands(struct server *s)
{
    return (struct command_table){ rows, COUNT_OF(rows), s };
}
