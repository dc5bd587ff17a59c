/* The unit: one outermost command with everything that follows from it.
 *
 * A *call* is one run of a handler: the outermost one, those that EXEC nests in it, and those that
 * serve a waiter. A unit is an outermost call with its end. Time stands still within a unit; a
 * call takes one reading of the clock, which is the start of the next one. */
#include <errno.h>
#include <string.h>

#include "base/assert.h"
#include "base/clock.h"
#include "dispatch/dispatch_priv.h"
#include "journal/journal.h"

/* ---- time ---- */

static void set_now(struct dispatch_clock *clock, struct keyspace *ks, uint64_t mono_ns)
{
    uint64_t wall_us = clock->base_wall_us + (mono_ns - clock->base_mono_ns) / 1000;
    clock->now_ms = (int64_t)(wall_us / 1000);
    clock->next_ms_at_ns = mono_ns + (1000 - wall_us % 1000) * 1000;
    keyspace_set_now(ks, clock->now_ms);
}

void dispatch_time_sync(struct dispatch *d)
{
    uint64_t now = clock_mono_ns();
    d->clock.base_mono_ns = now;
    d->clock.base_wall_us = clock_wall_us();
    d->clock.unit_start_ns = d->clock.last_ns = now;
    set_now(&d->clock, d->keyspace, now);
}

int64_t dispatch_now_ms(const struct dispatch *d)
{
    return d->clock.now_ms;
}

uint64_t dispatch_called_at_us(const struct dispatch *d)
{
    return d->clock.base_wall_us + (d->clock.last_ns - d->clock.base_mono_ns) / 1000;
}

uint64_t dispatch_now_mono_ns(const struct dispatch *d)
{
    return d->clock.unit_start_ns;
}

/* From here on it is the next unit's time. */
static void start_unit(struct dispatch *d)
{
    uint64_t now = d->clock.last_ns;
    d->clock.unit_start_ns = now;
    if (UNLIKELY(now >= d->clock.next_ms_at_ns))
        set_now(&d->clock, d->keyspace, now);
}

void unit_time_restart(struct dispatch *d)
{
    d->clock.last_ns = clock_mono_ns();
    start_unit(d);
}

/* ---- one call ---- */

struct call {
    const struct cmd *outer;
    uint64_t start_ns, dirty_before;
    struct observe_mark mark;
    bool journaled, no_touch;
};

INLINE void call_begin(struct dispatch *d, struct cmd *cmd, struct call *call)
{
    call->outer = d->current;
    call->start_ns = d->clock.last_ns;
    call->mark = observe_begin(cmd->reply);
    call->journaled = journal_is_on(d->journal);
    d->current = cmd;
    d->errors_noted = cmd->reply->errors;
    if (UNLIKELY(call->journaled)) {
        call->dirty_before = keyspace_dirty(d->keyspace);
        journal_unit_begin(d->journal);
    }
    call->no_touch = cmd->session->flags & SESSION_NO_TOUCH;
    if (UNLIKELY(call->no_touch))
        keyspace_set_no_touch(d->keyspace, !slice_is(cmd->argv[0], "touch"));
}

/* What the call changed goes to the journal: as the handler told, else as it was received. */
static COLD void journal_request(struct dispatch *d, const struct cmd *cmd, const struct call *call)
{
    if (cmd->told_effect || keyspace_dirty(d->keyspace) == call->dirty_before)
        return;
    const struct resp_request *parsed = &cmd->request->parsed;
    if (parsed->wire.len)
        journal_effect_wire(d->journal, db_index(cmd->db), parsed->wire);
    else
        journal_effect(d->journal, db_index(cmd->db), cmd->argv, (size_t)cmd->argc);
}

/* The handler has returned. */
INLINE void call_leave(struct dispatch *d, const struct cmd *cmd, const struct call *call)
{
    if (UNLIKELY(call->no_touch))
        keyspace_set_no_touch(d->keyspace, false);
    if (UNLIKELY(call->journaled))
        journal_request(d, cmd, call);
    d->current = call->outer;
}

INLINE uint64_t call_took(struct dispatch *d, const struct call *call)
{
    d->clock.last_ns = clock_mono_ns();
    return d->clock.last_ns - call->start_ns;
}

/* Notes what there is to know about a call that has been replied. Failed is one that made errors of
 * its own: those of calls nested in it were noted with them. */
INLINE void call_note(struct dispatch *d, struct cmd *cmd, struct call *call, uint64_t took_ns)
{
    struct command_slot *slot = cmd->request->slot;
    call->mark.errors = d->errors_noted;
    d->errors_noted = cmd->reply->errors;
    cmd->session->commands++;
    observe_end(d, cmd, slot, &call->mark, took_ns);
}

/* A call that waits is counted, and observed when it is served. */
static COLD void note_blocked(struct dispatch *d, struct cmd *cmd, uint64_t took_ns)
{
    cmd->session->commands++;
    cmd->session->waiter->spent_ns = took_ns;
    observe_count(d, cmd->request->slot, took_ns);
}

static void note_served(struct dispatch *d, struct cmd *cmd, const struct call *call,
                        const struct waiter *w)
{
    struct command_slot *slot = cmd->request->slot;
    const struct reply *r = cmd->reply;
    uint64_t took_ns = call_took(d, call);
    slot->ns += took_ns;
    slot->failed += r->errors != call->mark.errors;
    observe_took(d, cmd, slot, w->spent_ns + took_ns,
                 r->closed ? 0 : reply_total(r) - call->mark.replied);
}

static void end_journaled(struct dispatch *d, struct session *s)
{
    journal_unit_end(d->journal);
    s->journal_offset = journal_offset(d->journal);
}

/* ---- the end of a unit ----
 *
 * In this order: statistics, histogram and command logs of each call (call_note); those who look on;
 * the effects, as one; then whoever waited for what was changed, each as a unit of its own. */
INLINE void end_unit(struct dispatch *d, struct session *s, const struct call *call)
{
    if (UNLIKELY(call->journaled))
        end_journaled(d, s);
    start_unit(d);
    if (UNLIKELY(!list_is_empty(&d->waiting.ready)))
        waiting_serve(d);
}

static void run_unit(struct dispatch *d, struct cmd *cmd)
{
    struct call call;
    call_begin(d, cmd, &call);
    cmd->row->run(cmd);
    call_leave(d, cmd, &call);
    uint64_t took_ns = call_took(d, &call);
    if (UNLIKELY(cmd->session->flags & SESSION_BLOCKED))
        note_blocked(d, cmd, took_ns);
    else
        call_note(d, cmd, &call, took_ns);
    if (UNLIKELY(d->is_looked_at)) {
        HOOK_CALL(d->hooks.called, cmd);
        HOOK_CALL(d->hooks.unit_ended);
    }
    end_unit(d, cmd->session, &call);
}

INLINE struct cmd cmd_of(struct session *s, const struct request *request, struct arena *arena)
{
    return (struct cmd){
        .argv = request->parsed.argv,
        .argc = (int)request->parsed.argc,
        .reply = &s->reply,
        .db = s->db,
        .session = s,
        .dispatch = s->dispatch,
        .arena = arena,
        .request = request,
    };
}

/* What the command's row and slot say, when it is known to have one. */
INLINE void cmd_take_slot(struct cmd *cmd, const struct command_slot *slot)
{
    cmd->row = slot->row;
    cmd->owner = slot->owner;
    cmd->hash = cmd->request->hash;
    cmd->hash_at = slot->first_key;
}

void unit_nest(struct cmd *outer, struct request *request)
{
    struct dispatch *d = outer->dispatch;
    struct cmd cmd = cmd_of(outer->session, request, outer->arena);
    cmd_take_slot(&cmd, request->slot);
    struct call call;
    call_begin(d, &cmd, &call);
    cmd.row->run(&cmd);
    call_leave(d, &cmd, &call);
    if (UNLIKELY(call.journaled))
        journal_unit_end(d->journal);
    if (UNLIKELY(d->repeats))
        return;
    call_note(d, &cmd, &call, call_took(d, &call));
    if (UNLIKELY(d->is_looked_at))
        HOOK_CALL(d->hooks.called, &cmd);
}

/* ---- repeating ---- */

static bool may_be_repeated(const struct command *row)
{
    const uint32_t of_data = CMD_WRITE | CMD_READ | CMD_MAY_REPLICATE;
    return (row->flags & of_data) || row->group == GROUP_TRANSACTIONS ||
           strcmp(row->name, "select") == 0;
}

int unit_repeat(struct dispatch *d, struct request *request, struct arena *arena)
{
    struct session *s = request->session;
    struct command_slot *slot = request->slot;
    if (!slot || !slot->row->run)
        return -ENOENT;
    if (!arity_fits(slot->row, request->parsed.argc))
        return -EINVAL;
    if (!may_be_repeated(slot->row))
        return -EPERM;
    s->last = slot;
    if (session_in_transaction(s) && !(slot->row->flags & CMD_NO_QUEUE)) {
        transaction_queue(s, request);
        return 0;
    }
    struct cmd cmd = cmd_of(s, request, arena);
    const struct cmd *outer = d->current;
    cmd_take_slot(&cmd, slot);
    d->current = &cmd;
    d->repeats = true;
    cmd.row->run(&cmd);
    d->repeats = false;
    d->current = outer;
    return 0;
}

bool unit_serve(struct dispatch *d, struct waiter *w, const struct block_wake *wake)
{
    struct cmd cmd = cmd_of(w->session, &w->request, &d->waiting.scratch);
    cmd_take_slot(&cmd, w->request.slot);
    struct call call;
    call_begin(d, &cmd, &call);
    bool served = w->block.serve(&cmd, wake);
    call_leave(d, &cmd, &call);
    if (served)
        note_served(d, &cmd, &call, w);
    if (UNLIKELY(d->is_looked_at))
        HOOK_CALL(d->hooks.unit_ended);
    if (UNLIKELY(call.journaled))
        end_journaled(d, cmd.session);
    start_unit(d);
    arena_reset(&d->waiting.scratch);
    return served;
}

void unit_give_up(struct dispatch *d, struct waiter *w, const char *error)
{
    struct cmd cmd = cmd_of(w->session, &w->request, &d->waiting.scratch);
    cmd_take_slot(&cmd, w->request.slot);
    const struct block_wake wake = { .note = w->block.note };
    uint32_t errors_noted = d->errors_noted; /* of the session that unblocks this one */
    struct call call;
    call_begin(d, &cmd, &call);
    if (error)
        reply_error(cmd.reply, error);
    else
        block_time_out(&cmd, &w->block, &wake);
    call_leave(d, &cmd, &call);
    if (UNLIKELY(call.journaled))
        journal_unit_end(d->journal);
    arena_reset(&d->waiting.scratch);
    d->errors_noted = errors_noted;
}

/* ---- what must hold before it runs ---- */

/* What browsers say when they are made to talk to a server of another protocol. */
static bool is_http(struct slice name)
{
    return slice_is(name, "post") || slice_is(name, "host:");
}

static COLD void refuse(struct dispatch *d, struct cmd *cmd, struct command_slot *slot)
{
    const struct session_host *host = cmd->session->host;
    if (!slot && host->suspicious && is_http(cmd->argv[0])) {
        host->suspicious(cmd->session);
    } else if (!slot) {
        gate_refuse_unknown(d, cmd);
    } else {
        gate_refuse_arity(cmd, slot);
        slot->rejected++;
    }
}

/* True when every live gate lets the request pass; else it was refused, queued or parked. */
static COLD bool pass_gates(struct dispatch *d, struct cmd *cmd, struct command_slot *slot)
{
    switch (gates_ask(d, cmd, slot)) {
    case VERDICT_PASS:
        return true;
    case VERDICT_REFUSE:
        slot->rejected++;
        return false;
    case VERDICT_QUEUE:
        return false;
    case VERDICT_PARK:
        cmd->session->flags |= SESSION_PARKED;
        cmd->session->host->defer(cmd->session, cmd->request);
        return false;
    }
    return false;
}

void unit_run(struct dispatch *d, struct request *request, struct arena *arena)
{
    struct session *s = request->session;
    struct command_slot *slot = request->slot;
    struct cmd cmd = cmd_of(s, request, arena);

    s->last = slot;
    if (UNLIKELY(!slot || !arity_fits(slot->row, request->parsed.argc) || !slot->row->run)) {
        refuse(d, &cmd, slot);
    } else {
        cmd_take_slot(&cmd, slot);
        uint32_t live = slot->gates & (d->live_gates | s->gates) & ~s->exempt;
        if (LIKELY(live == 0) || pass_gates(d, &cmd, slot))
            run_unit(d, &cmd);
        else if (s->flags & SESSION_PARKED)
            return; /* its turn, and what CLIENT REPLY SKIP says about it, is still to come */
    }
    const uint32_t not_over = SESSION_REPLY_SKIP | SESSION_REPLY_SKIP_NEXT | SESSION_CACHING;
    if (LIKELY(!(s->flags & (not_over | SESSION_BLOCKED))))
        return;
    if (!(s->flags & SESSION_BLOCKED))
        session_after_unit(s);
}
