/* CLIENT: what a connection asks about itself and about others. */
#include "base/num.h"
#include "client/client_filter.h"
#include "client/client_priv.h"
#include "dispatch/block.h"
#include "dispatch/cmd.h"
#include "net/conn.h"

#define UNBLOCKED "UNBLOCKED client unblocked via CLIENT UNBLOCK"
#define BAD_NAME "ERR Client names cannot contain spaces, newlines or special characters."

static struct client *caller(const struct cmd *cmd)
{
    return client_of(cmd->session);
}

static void cmd_client_id(struct cmd *cmd)
{
    reply_int(cmd->reply, (int64_t)cmd->session->id);
}

static void cmd_client_getname(struct cmd *cmd)
{
    const char *name = caller(cmd)->names.name;
    if (name)
        reply_bulk_str(cmd->reply, name);
    else
        reply_null(cmd->reply);
}

static void cmd_client_setname(struct cmd *cmd)
{
    if (!client_name_is_valid(cmd->argv[2])) {
        reply_error(cmd->reply, BAD_NAME);
        return;
    }
    client_set_text(&caller(cmd)->names.name, cmd->argv[2]);
    reply_ok(cmd->reply);
}

static void cmd_client_setinfo(struct cmd *cmd)
{
    struct client_names *names = &caller(cmd)->names;
    bool is_name = cmd_is(cmd, 2, "lib-name");
    if (!is_name && !cmd_is(cmd, 2, "lib-ver")) {
        reply_errorf(cmd->reply, "ERR Unrecognized option '%.*s'", SLICE_ARGS(cmd->argv[2]));
        return;
    }
    if (!client_name_is_valid(cmd->argv[3])) {
        reply_errorf(cmd->reply, "ERR %s cannot contain spaces, newlines or special characters.",
                     is_name ? "lib-name" : "lib-ver");
        return;
    }
    client_set_text(is_name ? &names->lib_name : &names->lib_ver, cmd->argv[3]);
    reply_ok(cmd->reply);
}

static void append_line(const struct client *c, struct buf *out)
{
    client_describe(c, out);
    buf_append_char(out, '\n');
}

static void cmd_client_info(struct cmd *cmd)
{
    struct buf out;
    buf_init(&out, BUF_NO_CEILING);
    append_line(caller(cmd), &out);
    reply_verbatim(cmd->reply, "txt", buf_slice(&out));
    buf_done(&out);
}

/* True for a client that the filter means, as seen by the caller. */
static bool is_meant(const struct cmd *cmd, const struct client_filter *filter,
                     const struct client *c)
{
    if ((c->flags & CLIENT_CLOSING) || (filter->skip_me && c == caller(cmd)))
        return false;
    return client_filter_matches(filter, c);
}

static void list_all(const struct cmd *cmd, const struct client_filter *filter, struct buf *out)
{
    const struct clients *cs = cmd->owner;
    for (struct list *node = cs->all.next; node != &cs->all; node = node->next) {
        const struct client *c = LIST_ENTRY(node, struct client, in_all);
        if (is_meant(cmd, filter, c))
            append_line(c, out);
    }
}

static void list_by_ids(const struct cmd *cmd, const struct client_filter *filter,
                        const struct criterion *ids, struct buf *out)
{
    for (int i = 0; i < ids->count; i++) {
        int64_t id = 0;
        (void)!num_parse_int(ids->values[i], &id);
        const struct client *c = clients_find(cmd->owner, (uint64_t)id);
        if (c && is_meant(cmd, filter, c))
            append_line(c, out);
    }
}

static void cmd_client_list(struct cmd *cmd)
{
    struct client_filter filter = { .skip_me = false };
    if (cmd->argc > 2 && !client_filter_parse(cmd, 2, &filter))
        return;

    struct buf out;
    buf_init(&out, BUF_NO_CEILING);
    const struct criterion *ids = client_filter_ids(&filter);
    if (ids)
        list_by_ids(cmd, &filter, ids, &out);
    else
        list_all(cmd, &filter, &out);
    reply_verbatim(cmd->reply, "txt", buf_slice(&out));
    buf_done(&out);
}

/* Others are closed with what they have not read; the caller gets its reply first. */
static void kill_client(const struct cmd *cmd, struct client *c)
{
    if (c == caller(cmd)) {
        client_close_after_reply(c);
        return;
    }
    client_unsubscribe_silently(c);
    client_close(c);
}

static size_t kill_all(struct cmd *cmd, const struct client_filter *filter)
{
    struct clients *cs = cmd->owner;
    size_t killed = 0;
    for (struct list *node = cs->all.next; node != &cs->all; node = node->next) {
        struct client *c = LIST_ENTRY(node, struct client, in_all);
        if (!is_meant(cmd, filter, c))
            continue;
        kill_client(cmd, c);
        killed++;
    }
    return killed;
}

static void cmd_client_kill(struct cmd *cmd)
{
    if (cmd->argc == 3) {
        /* The older form names an address, may be the caller's own, and says whether it was met. */
        const struct slice old_form[] = { SLICE("addr"), cmd->argv[2] };
        struct cmd as_filter = *cmd;
        as_filter.argv = old_form;
        as_filter.argc = 2;
        struct client_filter filter = { .skip_me = false };
        if (!client_filter_parse(&as_filter, 0, &filter))
            return;
        if (kill_all(cmd, &filter) > 0)
            reply_ok(cmd->reply);
        else
            reply_error(cmd->reply, "ERR No such client");
        return;
    }
    struct client_filter filter = { .skip_me = true };
    if (client_filter_parse(cmd, 2, &filter))
        reply_int(cmd->reply, (int64_t)kill_all(cmd, &filter));
}

static void cmd_client_reply(struct cmd *cmd)
{
    if (cmd_is(cmd, 2, "on")) {
        session_set_reply_mode(cmd->session, SESSION_REPLIES_ON);
        reply_ok(cmd->reply);
    } else if (cmd_is(cmd, 2, "off")) {
        session_set_reply_mode(cmd->session, SESSION_REPLIES_OFF);
    } else if (cmd_is(cmd, 2, "skip")) {
        session_set_reply_mode(cmd->session, SESSION_REPLIES_SKIP_ONE);
    } else {
        reply_error(cmd->reply, ERR_SYNTAX);
    }
}

/* ON or OFF in argument 2. False if an error was replied. */
static bool parse_on_off(struct cmd *cmd, bool *ret_on)
{
    *ret_on = cmd_is(cmd, 2, "on");
    if (*ret_on || cmd_is(cmd, 2, "off"))
        return true;
    reply_error(cmd->reply, ERR_SYNTAX);
    return false;
}

static void set_bit(uint32_t *flags, uint32_t bit, bool on)
{
    *flags = on ? *flags | bit : *flags & ~bit;
}

static void cmd_client_no_evict(struct cmd *cmd)
{
    bool on;
    if (!parse_on_off(cmd, &on))
        return;
    set_bit(&caller(cmd)->flags, CLIENT_NO_EVICT, on);
    reply_ok(cmd->reply);
}

static void cmd_client_no_touch(struct cmd *cmd)
{
    bool on;
    if (!parse_on_off(cmd, &on))
        return;
    set_bit(&cmd->session->flags, SESSION_NO_TOUCH, on);
    reply_ok(cmd->reply);
}

static void cmd_client_unblock(struct cmd *cmd)
{
    int64_t id;
    if (cmd->argc == 4 && !cmd_is(cmd, 3, "timeout") && !cmd_is(cmd, 3, "error")) {
        reply_error(cmd->reply, "ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR");
        return;
    }
    if (!cmd_int(cmd, 2, &id, NULL))
        return;
    bool as_error = cmd->argc == 4 && cmd_is(cmd, 3, "error");
    struct client *c = clients_find(cmd->owner, (uint64_t)id);
    bool waited = c && session_unblock(&c->session, as_error ? UNBLOCKED : NULL);
    reply_int(cmd->reply, waited);
}

static void cmd_client_pause(struct cmd *cmd)
{
    int64_t duration_ms;
    bool writes_only = false;
    if (cmd->argc == 4) {
        writes_only = cmd_is(cmd, 3, "write");
        if (!writes_only && !cmd_is(cmd, 3, "all")) {
            reply_error(cmd->reply, "ERR CLIENT PAUSE mode must be WRITE or ALL");
            return;
        }
    }
    if (!cmd_int(cmd, 2, &duration_ms, "ERR timeout is not an integer or out of range"))
        return;
    if (duration_ms < 0) {
        reply_error(cmd->reply, "ERR timeout is negative");
        return;
    }
    int64_t now_ms = cmd_now_ms(cmd);
    int64_t until_ms = duration_ms > INT64_MAX - now_ms ? INT64_MAX : now_ms + duration_ms;
    /* No time pauses nobody, but may make a pause that there is one of everything. */
    if (duration_ms > 0 || dispatch_paused_until(cmd->dispatch) != 0) {
        dispatch_pause(cmd->dispatch, writes_only, until_ms);
        clients_arm_pause(cmd->owner);
    }
    reply_ok(cmd->reply);
}

static void cmd_client_unpause(struct cmd *cmd)
{
    dispatch_pause(cmd->dispatch, false, 0);
    reply_ok(cmd->reply);
}

static void cmd_client_help(struct cmd *cmd)
{
    static const char *const lines[] = {
        "CACHING (YES|NO)",
        "    Track the keys of the next command (with OPTIN), or do not (with OPTOUT).",
        "GETREDIR",
        "    Return the connection to which invalidations are redirected.",
        "GETNAME",
        "    Return the name of this connection.",
        "ID",
        "    Return the id of this connection.",
        "INFO",
        "    Return what is known about this connection.",
        "KILL <ip:port>",
        "    Close the connection from <ip:port>.",
        "KILL <filter> <value> [<filter> <value> ...]",
        "    Close the connections that all filters mean, and return how many. Filters:",
        "    * ID <id> [<id> ...], TYPE (NORMAL|MASTER|REPLICA|PUBSUB), USER <name>",
        "    * ADDR <ip:port>, LADDR <ip:port>, IP <ip>: where it comes from, and goes to",
        "    * NAME <name>, LIB-NAME <name>, LIB-VER <version>, FLAGS <flags>, DB <index>",
        "    * MAXAGE <seconds>, IDLE <seconds>: at least as old, as idle",
        "    * NOT-<filter> <value>: the opposite of any of these",
        "    * SKIPME (YES|NO): leave this connection alone (default: yes)",
        "LIST [<filter> <value> ...]",
        "    Return what is known about connections: about all, or as KILL would choose them.",
        "NO-EVICT (ON|OFF)",
        "    Keep this connection when clients are evicted.",
        "NO-TOUCH (ON|OFF)",
        "    Do not count what this connection reads as use of the keys.",
        "PAUSE <timeout> [WRITE|ALL]",
        "    Let all commands, or those that write, wait for <timeout> milliseconds.",
        "REPLY (ON|OFF|SKIP)",
        "    Choose whether this connection gets replies; SKIP: not the next one.",
        "SETINFO (LIB-NAME|LIB-VER) <value>",
        "    Tell which client library this is.",
        "SETNAME <name>",
        "    Name this connection.",
        "TRACKING (ON|OFF) [REDIRECT <id>] [BCAST] [PREFIX <prefix> [...]]",
        "         [OPTIN] [OPTOUT] [NOLOOP]",
        "    Tell when keys that this connection has read are changed.",
        "TRACKINGINFO",
        "    Return how this connection tracks keys.",
        "UNBLOCK <id> [TIMEOUT|ERROR]",
        "    End the wait of a connection that is blocked.",
        "UNPAUSE",
        "    End a pause.",
        NULL,
    };
    cmd_reply_help(cmd, lines);
}

#define OWN CMD_NO_SCRIPT | CMD_LOADING | CMD_STALE
#define OF_OTHERS CMD_ADMIN | OWN

#define FILTER_SYNTAX                                                                         \
    "[ID client-id:int...] [TYPE client-type=<NORMAL | MASTER | PRIMARY | SLAVE | REPLICA | " \
    "PUBSUB>] [USER username] [ADDR addr] [LADDR laddr] [SKIPME skipme=<YES | NO>] "          \
    "[MAXAGE maxage:int] [NAME name] [IDLE idle:int] [FLAGS flags] [LIB-NAME lib-name] "      \
    "[LIB-VER lib-ver] [DB db:int] [CAPA capa] [IP ip]"

static const char *const list_tips[] = { "nondeterministic_output", NULL };

static const struct command subs[] = {
    {
        .name = "caching",
        .run = cmd_client_caching,
        .arity = 3,
        .flags = OWN,
        .group = GROUP_CONNECTION,
        .since = "6.0.0",
        .complexity = "O(1)",
        .summary = "Chooses whether the keys of the next command are tracked.",
        .syntax = "mode=<YES | NO>",
    },
    {
        .name = "getredir",
        .run = cmd_client_getredir,
        .arity = 2,
        .flags = OWN,
        .group = GROUP_CONNECTION,
        .since = "6.0.0",
        .complexity = "O(1)",
        .summary = "Shows where the connection's invalidations are sent.",
        .syntax = "",
    },
    {
        .name = "tracking",
        .run = cmd_client_tracking,
        .arity = -3,
        .flags = OWN,
        .group = GROUP_CONNECTION,
        .since = "6.0.0",
        .complexity = "O(1). Some options may introduce additional complexity.",
        .summary = "Lets the server tell which of the keys that the connection has read have "
                   "changed.",
        .syntax = "status=<ON | OFF> [REDIRECT client-id:int] [(PREFIX prefix)...] [BCAST] [OPTIN] "
                  "[OPTOUT] [NOLOOP]",
    },
    {
        .name = "trackinginfo",
        .run = cmd_client_trackinginfo,
        .arity = 2,
        .flags = OWN,
        .group = GROUP_CONNECTION,
        .since = "6.2.0",
        .complexity = "O(1)",
        .summary = "Shows how the connection tracks keys.",
        .syntax = "",
    },
    {
        .name = "getname",
        .run = cmd_client_getname,
        .arity = 2,
        .flags = OWN,
        .group = GROUP_CONNECTION,
        .since = "2.6.9",
        .complexity = "O(1)",
        .summary = "Shows the connection's name.",
        .syntax = "",
    },
    {
        .name = "help",
        .run = cmd_client_help,
        .arity = 2,
        .flags = CMD_LOADING | CMD_STALE,
        .group = GROUP_CONNECTION,
        .since = "5.0.0",
        .complexity = "O(1)",
        .summary = "Explains the subcommands.",
        .syntax = "",
    },
    {
        .name = "id",
        .run = cmd_client_id,
        .arity = 2,
        .flags = OWN,
        .group = GROUP_CONNECTION,
        .since = "5.0.0",
        .complexity = "O(1)",
        .summary = "Shows the connection's id.",
        .syntax = "",
    },
    {
        .name = "info",
        .run = cmd_client_info,
        .arity = 2,
        .flags = OWN,
        .group = GROUP_CONNECTION,
        .since = "6.2.0",
        .complexity = "O(1)",
        .summary = "Shows what is known about the connection.",
        .syntax = "",
        .tips = list_tips,
    },
    {
        .name = "kill",
        .run = cmd_client_kill,
        .arity = -3,
        .flags = OF_OTHERS,
        .group = GROUP_CONNECTION,
        .since = "2.4.0",
        .complexity = "O(N) where N is the number of client connections",
        .summary = "Closes connections.",
        .syntax = "filter=<old-format | new-format={" FILTER_SYNTAX "}...>",
    },
    {
        .name = "list",
        .run = cmd_client_list,
        .arity = -2,
        .flags = OF_OTHERS,
        .group = GROUP_CONNECTION,
        .since = "2.4.0",
        .complexity = "O(N) where N is the number of client connections",
        .summary = "Lists connections.",
        .syntax = FILTER_SYNTAX,
        .tips = list_tips,
    },
    {
        .name = "no-evict",
        .run = cmd_client_no_evict,
        .arity = 3,
        .flags = OF_OTHERS,
        .group = GROUP_CONNECTION,
        .since = "7.0.0",
        .complexity = "O(1)",
        .summary = "Excepts the connection from the eviction of clients.",
        .syntax = "enabled=<ON | OFF>",
    },
    {
        .name = "no-touch",
        .run = cmd_client_no_touch,
        .arity = 3,
        .flags = OWN,
        .group = GROUP_CONNECTION,
        .since = "7.2.0",
        .complexity = "O(1)",
        .summary = "Chooses whether the connection's reads count as use of keys.",
        .syntax = "enabled=<ON | OFF>",
    },
    {
        .name = "pause",
        .run = cmd_client_pause,
        .arity = -3,
        .flags = OF_OTHERS,
        .group = GROUP_CONNECTION,
        .since = "2.9.50",
        .complexity = "O(1)",
        .summary = "Makes the commands of clients wait.",
        .syntax = "timeout:int [mode=<WRITE | ALL>@6.2.0]",
    },
    {
        .name = "reply",
        .run = cmd_client_reply,
        .arity = 3,
        .flags = OWN,
        .group = GROUP_CONNECTION,
        .since = "3.2.0",
        .complexity = "O(1)",
        .summary = "Chooses whether the connection gets replies.",
        .syntax = "on_off_skip=<ON | OFF | SKIP>",
    },
    {
        .name = "setinfo",
        .run = cmd_client_setinfo,
        .arity = 4,
        .flags = OWN,
        .group = GROUP_CONNECTION,
        .since = "7.2.0",
        .complexity = "O(1)",
        .summary = "Notes which client library uses the connection.",
        .syntax = "attr=<LIB-NAME libname | LIB-VER libver>",
    },
    {
        .name = "setname",
        .run = cmd_client_setname,
        .arity = 3,
        .flags = OWN,
        .group = GROUP_CONNECTION,
        .since = "2.6.9",
        .complexity = "O(1)",
        .summary = "Names the connection.",
        .syntax = "connection-name",
    },
    {
        .name = "unblock",
        .run = cmd_client_unblock,
        .arity = -3,
        .flags = OF_OTHERS,
        .group = GROUP_CONNECTION,
        .since = "5.0.0",
        .complexity = "O(log N) where N is the number of client connections",
        .summary = "Ends another connection's blocking command.",
        .syntax = "client-id:int [timeout_error=<TIMEOUT | ERROR>]",
    },
    {
        .name = "unpause",
        .run = cmd_client_unpause,
        .arity = 2,
        .flags = OF_OTHERS,
        .group = GROUP_CONNECTION,
        .since = "6.2.0",
        .complexity = "O(N) Where N is the number of paused clients",
        .summary = "Lets paused clients go on.",
        .syntax = "",
    },
};

static const struct command client_row = {
    .name = "client",
    .arity = -2,
    .group = GROUP_CONNECTION,
    .acl = ACL_NO_GROUP,
    .since = "2.4.0",
    .complexity = "Depends on subcommand.",
    .summary = "Shows and governs connections.",
    .syntax = "",
    .subs = subs,
    .sub_count = COUNT_OF(subs),
};

struct command_table clients_commands(struct clients *cs)
{
    return (struct command_table){ &client_row, 1, cs };
}
