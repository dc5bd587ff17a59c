/* The verbs of a session: who it is, where it is, how it is spoken to. */
#include "base/num.h"
#include "dispatch/dispatch_priv.h"

#define WRONG_PASSWORD "WRONGPASS invalid username-password pair or user is disabled."

static void cmd_select(struct cmd *cmd)
{
    int64_t index;
    if (!cmd_int_in(cmd, 1, INT32_MIN, INT32_MAX, &index, NULL))
        return;
    if (index < 0 || index >= keyspace_count(cmd->dispatch->keyspace)) {
        reply_error(cmd->reply, "ERR DB index is out of range");
        return;
    }
    cmd->session->db = keyspace_db(cmd->dispatch->keyspace, (int)index);
    reply_ok(cmd->reply);
}

static void refuse_login(const struct cmd *cmd)
{
    cmd->dispatch->logins_refused++;
    reply_error(cmd->reply, WRONG_PASSWORD);
}

static void cmd_auth(struct cmd *cmd)
{
    if (cmd->argc > 3) {
        reply_error(cmd->reply, ERR_SYNTAX);
        return;
    }
    if (cmd->argc == 2 && !dispatch_password_required(cmd->dispatch)) {
        reply_error(cmd->reply,
                    "ERR AUTH <password> called without any password configured for the default "
                    "user. Are you sure your configuration is correct?");
        return;
    }
    struct slice user = cmd->argc == 3 ? cmd->argv[1] : SLICE("default");
    if (!dispatch_password_ok(cmd->dispatch, user, cmd->argv[cmd->argc - 1])) {
        refuse_login(cmd);
        return;
    }
    session_set_authenticated(cmd->session, true);
    reply_ok(cmd->reply);
}

/* The version asked for; 0: as it is. False when an error was replied. */
static bool hello_proto(const struct cmd *cmd, int64_t *ret_proto)
{
    *ret_proto = 0;
    if (cmd->argc < 2)
        return true;
    if (!cmd_int(cmd, 1, ret_proto, "ERR Protocol version is not an integer or out of range"))
        return false;
    if (*ret_proto == 2 || *ret_proto == 3)
        return true;
    reply_error(cmd->reply, "NOPROTO unsupported protocol version");
    return false;
}

static bool hello_auth(const struct cmd *cmd, const struct slice *user_password)
{
    if (!dispatch_password_ok(cmd->dispatch, user_password[0], user_password[1])) {
        refuse_login(cmd);
        return false;
    }
    session_set_authenticated(cmd->session, true);
    return true;
}

static bool hello_set_name(const struct cmd *cmd, struct slice name)
{
    struct session *s = cmd->session;
    if (!s->host->set_name || s->host->set_name(s, name) == 0)
        return true;
    reply_error(cmd->reply, "ERR Client names cannot contain spaces, newlines or special "
                            "characters.");
    return false;
}

/* Each option takes effect when it is read, so those before a wrong one stay, as with the peers.
 * False when an error was replied. */
static bool hello_options(const struct cmd *cmd)
{
    for (int i = 2; i < cmd->argc; i++) {
        int more = cmd->argc - 1 - i;
        if (cmd_is(cmd, i, "auth") && more >= 2) {
            if (!hello_auth(cmd, &cmd->argv[i + 1]))
                return false;
            i += 2;
        } else if (cmd_is(cmd, i, "setname") && more >= 1) {
            if (!hello_set_name(cmd, cmd->argv[++i]))
                return false;
        } else {
            reply_errorf(cmd->reply, "ERR Syntax error in HELLO option '%.*s'",
                         SLICE_ARGS(cmd->argv[i]));
            return false;
        }
    }
    return true;
}

/* False when an error was replied. */
static bool hello_is_let_in(const struct cmd *cmd)
{
    const struct session *s = cmd->session;
    if (dispatch_password_required(cmd->dispatch) && !session_is_authenticated(s)) {
        reply_error(cmd->reply,
                    "NOAUTH HELLO must be called with the client already authenticated, otherwise "
                    "the HELLO AUTH <user> <pass> option can be used to authenticate the "
                    "client and select the RESP protocol version at the same time");
        return false;
    }
    return true;
}

/* User and password behind AUTH. */
static bool hello_is_secret(void *owner UNUSED, const struct slice *argv, int argc UNUSED, int i)
{
    return (i > 2 && slice_is(argv[i - 1], "auth")) || (i > 3 && slice_is(argv[i - 2], "auth"));
}

static void cmd_hello(struct cmd *cmd)
{
    int64_t proto;
    if (!hello_proto(cmd, &proto) || !hello_options(cmd) || !hello_is_let_in(cmd))
        return;

    struct reply *r = cmd->reply;
    if (proto)
        r->proto = (uint8_t)proto;
    const char *zone = cmd->dispatch->settings.availability_zone;
    reply_map(r, *zone ? 8 : 7);
    reply_bulk_str(r, "server");
    reply_bulk_str(r, "redis");
    reply_bulk_str(r, "version");
    reply_bulk_str(r, DISPATCH_COMPATIBLE_VERSION);
    reply_bulk_str(r, "proto");
    reply_int(r, r->proto);
    reply_bulk_str(r, "id");
    reply_int(r, (int64_t)cmd->session->id);
    reply_bulk_str(r, "mode");
    reply_bulk_str(r, "standalone");
    reply_bulk_str(r, "role");
    reply_bulk_str(r, "master");
    reply_bulk_str(r, "modules");
    reply_array(r, 0);
    if (*zone) {
        reply_bulk_str(r, "availability_zone");
        reply_bulk_str(r, zone);
    }
}

static void cmd_reset(struct cmd *cmd)
{
    struct session *s = cmd->session;
    if (s->host->reset)
        s->host->reset(s);
    session_reset(s);
    reply_status(cmd->reply, SLICE("RESET"));
}

static void cmd_quit(struct cmd *cmd)
{
    reply_ok(cmd->reply);
    if (cmd->session->host->close_after_reply)
        cmd->session->host->close_after_reply(cmd->session);
}

const struct command session_rows[] = {
    {
        .name = "auth",
        .run = cmd_auth,
        .arity = -2,
        .flags = CMD_NO_SCRIPT | CMD_LOADING | CMD_STALE | CMD_FAST | CMD_NO_AUTH | CMD_SENTINEL |
                 CMD_ALLOW_BUSY | CMD_SECRET_ARGS,
        .group = GROUP_CONNECTION,
        .since = "1.0.0",
        .complexity = "O(N) where N is the number of passwords defined for the user",
        .summary = "Proves who the connection's user is.",
        .syntax = "[username@6.0.0] password",
    },
    {
        .name = "hello",
        .run = cmd_hello,
        .arity = -1,
        .flags = CMD_NO_SCRIPT | CMD_LOADING | CMD_STALE | CMD_FAST | CMD_NO_AUTH | CMD_SENTINEL |
                 CMD_ALLOW_BUSY | CMD_SECRET_ARGS,
        .is_secret = hello_is_secret,
        .group = GROUP_CONNECTION,
        .since = "6.0.0",
        .complexity = "O(1)",
        .summary = "Chooses the protocol, and tells what the server is.",
        .syntax = "[arguments={protover:int [AUTH username_password={username password}] "
                  "[SETNAME clientname]}]",
    },
    {
        .name = "quit",
        .run = cmd_quit,
        .arity = -1,
        .flags = CMD_NO_SCRIPT | CMD_LOADING | CMD_STALE | CMD_FAST | CMD_NO_AUTH | CMD_ALLOW_BUSY |
                 CMD_NO_QUEUE | CMD_SUBSCRIBED,
        .group = GROUP_CONNECTION,
        .since = "1.0.0",
        .complexity = "O(1)",
        .summary = "Closes the connection once the replies have left.",
        .syntax = "",
        .deprecated_since = "7.2.0",
        .replaced_by = "just closing the connection",
    },
    {
        .name = "reset",
        .run = cmd_reset,
        .arity = 1,
        .flags = CMD_NO_SCRIPT | CMD_LOADING | CMD_STALE | CMD_FAST | CMD_NO_AUTH | CMD_ALLOW_BUSY |
                 CMD_NO_QUEUE | CMD_SUBSCRIBED,
        .group = GROUP_CONNECTION,
        .since = "6.2.0",
        .complexity = "O(1)",
        .summary = "Puts the connection back into the state of a new one.",
        .syntax = "",
    },
    {
        .name = "select",
        .run = cmd_select,
        .arity = 2,
        .flags = CMD_LOADING | CMD_STALE | CMD_FAST,
        .group = GROUP_CONNECTION,
        .since = "1.0.0",
        .complexity = "O(1)",
        .summary = "Chooses the database that the connection's commands work on.",
        .syntax = "index:int",
    },
};

const size_t session_row_count = COUNT_OF(session_rows);
