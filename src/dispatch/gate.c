/* Gates: what must hold before a command may run, in order.
 *
 * A gate is one small function that passes, refuses (and replies), parks or queues. Which gates can matter
 * now is a mask in the dispatcher and one in the session; which concern a command is a mask in its
 * slot: the usual request pays one AND and meets no gate. That the command exists and has the
 * right number of arguments is checked ahead of them, for every request. */
#include <stdio.h>

#include "base/buf.h"
#include "base/mem.h"
#include "dispatch/dispatch_priv.h"

/* As much of the arguments is shown in the error of an unknown command. */
#define UNKNOWN_SHOWN_MAX 128

typedef enum verdict (*gate_fn)(struct dispatch *d, struct cmd *cmd);

static enum verdict gate_protected(struct dispatch *d, struct cmd *cmd)
{
    bool is_module = slice_is(cmd->argv[0], "module");
    int setting = is_module ? d->settings.enable_module_command : d->settings.enable_debug_command;
    if (session_is_allowed(cmd->session, setting))
        return VERDICT_PASS;

    gate_refusef(cmd,
                 "ERR %s command not allowed. If the %s option is set to \"local\", you can run it "
                 "from a local connection, otherwise you need to set this option in the "
                 "configuration file, and then restart the server.",
                 is_module ? "MODULE" : "DEBUG",
                 is_module ? "enable-module-command" : "enable-debug-command");
    return VERDICT_REFUSE;
}

static enum verdict gate_auth(struct dispatch *d UNUSED, struct cmd *cmd)
{
    if (session_is_authenticated(cmd->session))
        return VERDICT_PASS;
    gate_refuse(cmd, "NOAUTH Authentication required.");
    return VERDICT_REFUSE;
}

static enum verdict gate_no_multi(struct dispatch *d UNUSED, struct cmd *cmd)
{
    gate_refuse(cmd, "ERR Command not allowed inside a transaction");
    return VERDICT_REFUSE;
}

static enum verdict gate_disk_error(struct dispatch *d, struct cmd *cmd)
{
    if (!(gate_flags(cmd) & CMD_WRITE) && !(cmd->row->flags & CMD_ASKS_HEALTH))
        return VERDICT_PASS;
    for (size_t i = 0; i < DISK_USER_COUNT; i++) {
        if (!d->disk_errors[i])
            continue;
        gate_refuse(cmd, d->disk_errors[i]);
        return VERDICT_REFUSE;
    }
    return VERDICT_PASS;
}

/* A subscriber of RESP2 cannot tell replies from messages. */
static enum verdict gate_subscribed(struct dispatch *d UNUSED, struct cmd *cmd)
{
    if (cmd->reply->proto != 2)
        return VERDICT_PASS;
    gate_refusef(cmd,
                 "ERR Can't execute '%s': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / "
                 "RESET are allowed in this context",
                 cmd->request->slot->full_name);
    return VERDICT_REFUSE;
}

/* Data is being loaded: what looks at it would see a part. */
static enum verdict gate_loading(struct dispatch *d UNUSED, struct cmd *cmd)
{
    if (gate_flags_of_all(cmd) & CMD_LOADING)
        return VERDICT_PASS;
    gate_refuse(cmd, ERR_LOADING);
    return VERDICT_REFUSE;
}

static enum verdict gate_no_keys(struct dispatch *d UNUSED, struct cmd *cmd)
{
    gate_refuse(cmd, "ERR Replica can't interact with the keyspace");
    return VERDICT_REFUSE;
}

static enum verdict gate_pause(struct dispatch *d, struct cmd *cmd)
{
    bool may_change = gate_flags(cmd) & (CMD_WRITE | CMD_MAY_REPLICATE);
    return !d->pause.writes_only || may_change ? VERDICT_PARK : VERDICT_PASS;
}

static enum verdict gate_queue(struct dispatch *d UNUSED, struct cmd *cmd)
{
    transaction_queue(cmd->session, cmd->request);
    reply_status(cmd->reply, SLICE("QUEUED"));
    return VERDICT_QUEUE;
}

static const struct gate {
    const char *name;
    gate_fn ask;
    uint32_t needs;  /* command flags of which one must be set, 0: concerns all commands, */
    uint32_t spares; /* but not those with one of these */
} gates[GATE_COUNT] = {
    [GATE_PROTECTED] = { "protected", gate_protected, CMD_PROTECTED, 0 },
    [GATE_AUTH] = { "authentication", gate_auth, 0, CMD_NO_AUTH },
    [GATE_NO_MULTI] = { "no-multi", gate_no_multi, CMD_NO_MULTI, 0 },
    [GATE_DISK_ERROR] = { "disk error", gate_disk_error, 0, 0 },
    [GATE_SUBSCRIBED] = { "subscribed", gate_subscribed, 0, CMD_SUBSCRIBED },
    [GATE_LOADING] = { "loading", gate_loading, 0, 0 },
    [GATE_NO_KEYS] = { "no keys", gate_no_keys, CMD_WRITE | CMD_READ | CMD_MAY_REPLICATE, 0 },
    [GATE_PAUSE] = { "pause", gate_pause, 0, 0 },
    [GATE_QUEUE] = { "queue", gate_queue, 0, CMD_NO_QUEUE },
};

uint32_t gate_mask_of(const struct command *row)
{
    uint32_t mask = 0;
    for (unsigned i = 0; i < GATE_COUNT; i++) {
        bool concerned = gates[i].needs == 0 || (row->flags & gates[i].needs);
        if (concerned && !(row->flags & gates[i].spares))
            mask |= 1u << i;
    }
    return mask;
}

enum verdict gates_ask(struct dispatch *d, struct cmd *cmd, const struct command_slot *slot)
{
    uint32_t live = slot->gates & (d->live_gates | cmd->session->gates) & ~cmd->session->exempt;
    while (live) {
        unsigned gate = (unsigned)__builtin_ctz(live);
        enum verdict verdict = gates[gate].ask(d, cmd);
        if (verdict != VERDICT_PASS)
            return verdict;
        live &= live - 1;
    }
    return VERDICT_PASS;
}

void dispatch_gate_set(struct dispatch *d, enum gate_id gate, bool live)
{
    if (live)
        d->live_gates |= 1u << gate;
    else
        d->live_gates &= ~(1u << gate);
}

void dispatch_set_disk_error(struct dispatch *d, enum dispatch_disk_user who, const char *text)
{
    bool any = false;
    mem_free(d->disk_errors[who]);
    d->disk_errors[who] = text ? mem_strdup(text) : NULL;
    for (size_t i = 0; i < DISK_USER_COUNT; i++)
        any |= d->disk_errors[i] != NULL;
    dispatch_gate_set(d, GATE_DISK_ERROR, any);
}

/* ---- refusing ---- */

uint32_t gate_flags(const struct cmd *cmd)
{
    uint32_t flags = cmd->row->flags;
    return command_is_exec(cmd->request->slot) ? flags | transaction_flags(cmd->session) : flags;
}

uint32_t gate_flags_of_all(const struct cmd *cmd)
{
    uint32_t flags = cmd->row->flags;
    return command_is_exec(cmd->request->slot) ? flags & transaction_flags_of_all(cmd->session)
                                               : flags;
}

static const char *without_err(const char *text)
{
    return strncmp(text, "ERR ", 4) == 0 ? text + 4 : text;
}

/* Whoever was shown MULTI is shown its end, too. */
static void tell_refused_exec(const struct cmd *cmd)
{
    struct cmd exec = *cmd;
    exec.row = cmd->request->slot->row;
    HOOK_CALL(cmd->dispatch->hooks.called, &exec);
}

void gate_refuse(struct cmd *cmd, const char *text)
{
    transaction_mark_refused(cmd->session);
    if (!command_is_exec(cmd->request->slot)) {
        reply_error(cmd->reply, text);
        return;
    }
    session_discard(cmd->session);
    reply_errorf(cmd->reply, "EXECABORT Transaction discarded because of: %s", without_err(text));
    tell_refused_exec(cmd);
}

void gate_refusef(struct cmd *cmd, const char *fmt, ...)
{
    struct buf text;
    va_list args;
    buf_init(&text, BUF_NO_CEILING);
    va_start(args, fmt);
    buf_vprintf(&text, fmt, args);
    va_end(args);
    gate_refuse(cmd, buf_cstr(&text));
    buf_done(&text);
}

/* What the peers show of an argument. */
static struct slice up_to_nul(struct slice arg)
{
    ptrdiff_t nul = slice_find(arg, '\0');
    return nul < 0 ? arg : slice_of(arg.ptr, (size_t)nul);
}

static void refuse_unknown_command(struct cmd *cmd)
{
    struct buf args;
    buf_init(&args, BUF_NO_CEILING);
    for (int i = 1; i < cmd->argc && args.len < UNKNOWN_SHOWN_MAX; i++) {
        struct slice arg = up_to_nul(cmd->argv[i]);
        arg.len = MIN_OF(arg.len, UNKNOWN_SHOWN_MAX - args.len);
        buf_append_char(&args, '\'');
        buf_append(&args, arg);
        buf_append_str(&args, "' ");
    }
    struct slice name = cmd->argv[0];
    name.len = MIN_OF(name.len, (size_t)UNKNOWN_SHOWN_MAX);
    gate_refusef(cmd, "ERR unknown command '%.*s', with args beginning with: %.*s",
                 SLICE_ARGS(name), (int)args.len, args.len ? args.ptr : "");
    buf_done(&args);
}

void gate_refuse_unknown(struct dispatch *d, struct cmd *cmd)
{
    const struct command_slot *container = dispatch_find(d, cmd->argv[0]);
    if (!container) {
        refuse_unknown_command(cmd);
        return;
    }
    struct slice sub = cmd->argv[1];
    sub.len = MIN_OF(sub.len, (size_t)UNKNOWN_SHOWN_MAX);
    char upper[COMMAND_NAME_MAX];
    struct slice name = command_name_upper(slice_str(container->row->name), upper);
    gate_refusef(cmd, "ERR unknown subcommand '%.*s'. Try %.*s HELP.", SLICE_ARGS(sub),
                 SLICE_ARGS(name));
}

void gate_refuse_arity(struct cmd *cmd, const struct command_slot *slot)
{
    gate_refusef(cmd, "ERR wrong number of arguments for '%s' command", slot->full_name);
}

/* ---- pause ---- */

void dispatch_pause(struct dispatch *d, bool writes_only, int64_t until_ms)
{
    if (until_ms == 0) {
        bool was_paused = d->pause.until_ms != 0;
        d->pause = (struct dispatch_pause_state){ 0 };
        dispatch_gate_set(d, GATE_PAUSE, false);
        keyspace_set_expiry_mode(d->keyspace, EXPIRY_REMOVE);
        if (was_paused)
            HOOK_CALL(d->hooks.resumed);
        return;
    }
    /* A second pause never shortens the first, nor makes it milder. */
    bool all = d->pause.until_ms != 0 && !d->pause.writes_only;
    d->pause.writes_only = writes_only && !all;
    d->pause.until_ms = MAX_OF(d->pause.until_ms, until_ms);
    dispatch_gate_set(d, GATE_PAUSE, true);
    /* Nothing may change, also not by time. */
    keyspace_set_expiry_mode(d->keyspace, EXPIRY_HIDE);
}

int64_t dispatch_paused_until(const struct dispatch *d)
{
    return d->pause.until_ms;
}

bool dispatch_pause_spares_reads(const struct dispatch *d)
{
    return d->pause.writes_only;
}

void dispatch_pause_check(struct dispatch *d, int64_t now_ms)
{
    if (d->pause.until_ms != 0 && now_ms >= d->pause.until_ms)
        dispatch_pause(d, false, 0);
}
