#include "client/monitor.h"

#include <inttypes.h>

#include "base/glob.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/words.h"
#include "client/client_priv.h"
#include "db/db.h"
#include "dispatch/cmd.h"
#include "net/conn.h"

/* Room of the line beyond this is given back. */
#define LINE_MAX_KEPT ((size_t)64 * 1024)

/* What a monitor wants to see; what it does not say, it takes as it comes. */
struct monitor_filter {
    char *pattern; /* NULL: any arguments */
    size_t pattern_len;
    uint64_t client_id; /* 0: any */
    int db;             /* -1: any */
    size_t command_count;
    const struct command_slot **commands;
};

struct monitor {
    struct client *client;
    struct list in_all;
    struct monitor_filter filter;
};

static void filter_done(struct monitor_filter *f)
{
    mem_free(f->pattern);
    mem_free(f->commands);
}

/* ---- the filter ---- */

static bool is_command(const struct monitor_filter *f, const struct command_slot *slot)
{
    for (size_t i = 0; i < f->command_count; i++)
        if (f->commands[i] == slot || f->commands[i] == slot->parent)
            return true;
    return f->command_count == 0;
}

static bool is_hidden(const struct cmd *cmd, int i)
{
    return command_arg_is_secret(cmd->row, cmd->owner, cmd->argv, cmd->argc, i);
}

/* Any argument behind the command's name; what is not shown does not match. */
static bool has_match(const struct monitor_filter *f, const struct cmd *cmd)
{
    struct slice pattern = slice_of(f->pattern, f->pattern_len);
    for (int i = 1; i < cmd->argc; i++)
        if (!is_hidden(cmd, i) && glob_match(pattern, cmd->argv[i]))
            return true;
    return false;
}

static bool wants(const struct monitor_filter *f, const struct cmd *cmd)
{
    return (f->client_id == 0 || f->client_id == cmd->session->id) &&
           (f->db < 0 || f->db == db_index(cmd->session->db)) &&
           is_command(f, cmd->request->slot) && (!f->pattern || has_match(f, cmd));
}

/* ---- showing ---- */

/* Who ran it: the address, or for a client of the Unix socket that one's path. */
static void append_origin(struct buf *line, const struct session *s)
{
    if (s->reply.sink != &client_sink) {
        buf_append_str(line, slice_is(slice_str(s->host->kind), "script") ? "lua" : s->host->kind);
        return;
    }
    const struct client *c = CONTAINER_OF(s, const struct client, session);
    char text[SOCKET_TEXT_MAX];
    size_t len;
    if (c->flags & CLIENT_UNIX) {
        len = socket_own_text(stream_conn(c->stream)->fd, text);
        len -= len > 2 ? 2 : 0; /* ":0" */
        buf_append_str(line, "unix:");
    } else {
        len = socket_peer_text(stream_conn(c->stream)->fd, text);
    }
    buf_append(line, slice_of(text, len));
}

static void encode(struct buf *line, const struct cmd *cmd)
{
    uint64_t now_us = dispatch_called_at_us(cmd->dispatch);
    buf_clear(line);
    buf_printf(line, "+%" PRIu64 ".%06" PRIu64 " [%d ", now_us / 1000000, now_us % 1000000,
               db_index(cmd->session->db));
    append_origin(line, cmd->session);
    buf_append_char(line, ']');
    for (int i = 0; i < cmd->argc; i++) {
        buf_append_char(line, ' ');
        words_quote(line, is_hidden(cmd, i) ? SLICE("(redacted)") : cmd->argv[i]);
    }
    buf_append_str(line, "\r\n");
}

void monitors_show(struct monitors *ms, const struct cmd *cmd)
{
    if (cmd->row->flags & (CMD_SKIP_MONITOR | CMD_ADMIN))
        return;
    struct telling what = { 0 };
    LIST_FOR_EACH_SAFE(node, &ms->all)
    {
        const struct monitor *m = LIST_ENTRY(node, struct monitor, in_all);
        if (m->client->session.reply.muted || !wants(&m->filter, cmd))
            continue;
        if (what.text.len == 0) {
            encode(&ms->line, cmd);
            what.text = buf_slice(&ms->line);
        }
        telling_send(&what, m->client);
    }
    telling_done(&what);
    if (ms->line.cap > LINE_MAX_KEPT)
        buf_done(&ms->line);
}

/* ---- MONITOR ---- */

/* A command's name, a subcommand's as in "client|list". */
static const struct command_slot *find_command(const struct cmd *cmd, struct slice name)
{
    ptrdiff_t bar = slice_find(name, '|');
    if (bar < 0)
        return dispatch_find(cmd->dispatch, name);
    const struct command_slot *slot = dispatch_find(cmd->dispatch, slice_of(name.ptr, (size_t)bar));
    return slot ? dispatch_find_sub(slot, slice_from(name, (size_t)bar + 1)) : NULL;
}

static bool parse_client(struct cmd *cmd, int i, struct monitor_filter *f)
{
    int64_t id;
    if (!cmd_int_in(cmd, i, 1, INT64_MAX, &id, "ERR Invalid client ID"))
        return false;
    f->client_id = (uint64_t)id;
    return true;
}

static bool parse_db(struct cmd *cmd, int i, struct monitor_filter *f)
{
    int64_t db, count = keyspace_count(dispatch_keyspace(cmd->dispatch));
    if (!cmd_int_in(cmd, i, 0, count - 1, &db, "ERR DB index is out of range"))
        return false;
    f->db = (int)db;
    return true;
}

static bool parse_pattern(struct cmd *cmd, int i, struct monitor_filter *f)
{
    struct slice pattern = cmd->argv[i];
    f->pattern = mem_alloc(pattern.len + 1);
    f->pattern_len = pattern.len;
    memcpy(f->pattern, pattern.ptr, pattern.len);
    return true;
}

/* Each stands for one thing, and is given once. */
static const struct {
    const char *word;
    bool (*parse)(struct cmd *cmd, int i, struct monitor_filter *f);
} single[] = {
    { "match", parse_pattern },
    { "client", parse_client },
    { "db", parse_db },
};

static int find_single(const struct cmd *cmd, int i)
{
    for (int s = 0; s < (int)COUNT_OF(single); s++)
        if (cmd_is(cmd, i, single[s].word))
            return s;
    return -1;
}

static bool is_keyword(const struct cmd *cmd, int i)
{
    return cmd_is(cmd, i, "command") || find_single(cmd, i) >= 0;
}

/* Names behind COMMAND, up to the next keyword; the first is a name whatever it is. Moves *i behind
 * them. False if an error was replied. */
static bool parse_commands(struct cmd *cmd, int *i, struct monitor_filter *f)
{
    int first = *i;
    for (; *i < cmd->argc && (*i == first || !is_keyword(cmd, *i)); (*i)++) {
        const struct command_slot *slot = find_command(cmd, cmd->argv[*i]);
        if (!slot) {
            reply_errorf(cmd->reply, "ERR Unknown command '%.*s' behind COMMAND",
                         SLICE_ARGS(cmd->argv[*i]));
            return false;
        }
        f->commands[f->command_count++] = slot;
    }
    return true;
}

/* False if an error was replied. */
static bool parse_filter(struct cmd *cmd, struct monitor_filter *f)
{
    unsigned seen = 0;
    *f = (struct monitor_filter){ .db = -1 };
    if (cmd->argc > 1)
        f->commands = mem_alloc((size_t)cmd->argc * sizeof(struct command_slot *));
    for (int i = 1; i < cmd->argc;) {
        int s = find_single(cmd, i);
        bool has_more = i + 1 < cmd->argc;
        if (has_more && s >= 0 && !(seen & 1u << s)) {
            if (!single[s].parse(cmd, i + 1, f))
                return false;
            seen |= 1u << s;
            i += 2;
        } else if (has_more && cmd_is(cmd, i, "command")) {
            i++;
            if (!parse_commands(cmd, &i, f))
                return false;
        } else {
            reply_error(cmd->reply, ERR_SYNTAX);
            return false;
        }
    }
    return true;
}

void cmd_monitor(struct cmd *cmd)
{
    struct client *c = client_of(cmd->session);
    struct monitor_filter filter;
    if (cmd->session->flags & SESSION_NO_BLOCK) {
        reply_error(cmd->reply, "ERR MONITOR isn't allowed for DENY BLOCKING client");
        return;
    }
    if (c->monitor && cmd->argc == 1)
        return; /* the peers do not answer either */
    if (!parse_filter(cmd, &filter)) {
        filter_done(&filter);
        return;
    }
    if (c->monitor) {
        filter_done(&c->monitor->filter);
    } else {
        c->monitor = mem_zalloc(sizeof(*c->monitor));
        c->monitor->client = c;
        list_push_back(&c->owner->monitors.all, &c->monitor->in_all);
        session_set_onlooker(cmd->session, true);
        onlook_listen(c->owner);
    }
    c->monitor->filter = filter;
    reply_ok(cmd->reply);
}

void client_end_monitor(struct client *c)
{
    if (!c->monitor)
        return;
    list_unlink(&c->monitor->in_all);
    filter_done(&c->monitor->filter);
    mem_free(c->monitor);
    c->monitor = NULL;
    session_set_onlooker(&c->session, false);
    onlook_listen(c->owner);
}

void monitors_init(struct clients *cs)
{
    list_init(&cs->monitors.all);
    buf_init(&cs->monitors.line, BUF_NO_CEILING);
}

void monitors_done(struct monitors *ms)
{
    buf_done(&ms->line);
}

static const struct command rows[] = {
    {
        .name = "monitor",
        .run = cmd_monitor,
        .arity = -1,
        .flags = CMD_ADMIN | CMD_NO_SCRIPT | CMD_LOADING | CMD_STALE,
        .group = GROUP_SERVER,
        .since = "1.0.0",
        .complexity = "O(1) a command that is shown",
        .summary =
            "Shows every command that is run, or those that a filter lets through: with an "
            "argument that matches a pattern, of these names, of one client, in one database.",
        .syntax = "[MATCH pattern] [COMMAND name...] [CLIENT client-id:int] [DB index:int]",
    },
};

struct command_table clients_monitor_commands(struct clients *cs)
{
    return (struct command_table){ .rows = rows, .count = COUNT_OF(rows), .owner = cs };
}
