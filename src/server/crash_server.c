/* What the server knows when it crashes: INFO, its clients, the command that runs.
 *
 * Unlike the rest of a report this walks the server's own structures, which may be what is broken. */
#include "base/log.h"
#include "base/words.h"
#include "client/clients.h"
#include "dispatch/cmd.h"
#include "dispatch/dispatch.h"
#include "process/crash_stack.h"
#include "server/crash_priv.h"
#include "server/server_priv.h"

#define ARGS_MAX 64
#define ARG_BYTES_MAX 1024

/* Directives that change what runs; a report shows them if they are there. */
static const char *const telling_directives[] = {
    "io-threads",
    "io-threads-do-reads",
    "net-transport",
    "activedefrag",
    "client-query-buffer-limit",
    "proto-max-bulk-len",
    "list-compress-depth",
    "lazyfree-lazy-eviction",
    "lazyfree-lazy-expire",
    "lazyfree-lazy-server-del",
    "lazyfree-lazy-user-del",
    "lazyfree-lazy-user-flush",
    "replica-read-only",
    "repl-diskless-load",
    "repl-diskless-sync",
    "sanitize-dump-payload",
    "debug-context",
};

static void say_text(struct buf *text)
{
    buf_append_char(text, '\n');
    log_raw(buf_cstr(text));
    buf_clear(text);
}

void crash_say_info(struct server *s, struct buf *text)
{
    bool wanted[INFO_SECTIONS_MAX], usual;
    for (size_t i = 0; i < INFO_SECTIONS_MAX; i++)
        wanted[i] = info_section(i, &usual) != NULL;
    crash_say("\n------ INFO OUTPUT ------\n");
    buf_clear(text);
    info_print(s, wanted, text);
    say_text(text);
}

static void say_client(void *arg, const struct client *c)
{
    struct buf *text = arg;
    buf_clear(text);
    client_describe_for_log(c, text);
    say_text(text);
}

void crash_say_clients(struct server *s, struct buf *text)
{
    crash_say("\n------ CLIENT LIST OUTPUT ------\n");
    clients_each(s->clients, say_client, text);
}

/* The command's name and the subcommand's are never hidden. */
static bool is_hidden(const struct cmd *cmd, int i)
{
    const struct command_slot *slot = cmd->session->last;
    int shown = slot && slot->parent ? 2 : 1;
    if (i < shown)
        return false;
    return log_hides_user_data() ||
           (cmd->row && command_arg_is_secret(cmd->row, cmd->owner, cmd->argv, cmd->argc, i));
}

static void say_argument(const struct cmd *cmd, int i, struct buf *text)
{
    struct slice arg = cmd->argv[i];
    buf_clear(text);
    buf_printf(text, "argv[%d]: ", i);
    if (is_hidden(cmd, i)) {
        buf_printf(text, "(redacted) %zu bytes", arg.len);
    } else {
        buf_append_char(text, '\'');
        words_quote(text, slice_of(arg.ptr, MIN_OF(arg.len, (size_t)ARG_BYTES_MAX)));
        buf_append_char(text, '\'');
        if (arg.len > ARG_BYTES_MAX)
            buf_printf(text, " and %zu bytes more", arg.len - ARG_BYTES_MAX);
    }
    say_text(text);
}

void crash_say_current(struct server *s, struct buf *text)
{
    const struct cmd *cmd = dispatch_current(s->dispatch);
    if (!cmd)
        return;
    crash_say("\n------ CURRENT CLIENT INFO ------\n");
    const struct client *client = clients_find(s->clients, cmd->session->id);
    if (client)
        say_client(text, client);
    else
        crash_say("(no client: %s)\n", cmd->session->host->kind);
    for (int i = 0; i < MIN_OF(cmd->argc, ARGS_MAX); i++)
        say_argument(cmd, i, text);
    if (cmd->argc > ARGS_MAX)
        crash_say("and %d arguments more\n", cmd->argc - ARGS_MAX);
}

void crash_say_config(struct server *s, struct buf *text)
{
    struct config_row found;
    crash_say("\n------ CONFIG DEBUG OUTPUT ------\n");
    for (size_t i = 0; i < COUNT_OF(telling_directives); i++) {
        if (!config_find(s->config, slice_str(telling_directives[i]), &found))
            continue;
        buf_clear(text);
        buf_printf(text, "%s ", telling_directives[i]);
        directive_show(found.table, found.row, text);
        say_text(text);
    }
}
