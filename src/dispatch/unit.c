/* The unit: one outermost command with everything that follows from it; and the batch that holds
 * the requests of a turn.
 *
 * A batch is run with looks ahead, so that the cache lines of later requests are on their way
 * while earlier ones run: first the command is resolved, the key hashed and its bucket asked for;
 * some requests later, when the bucket has come, the entry; and once more for those few whose bucket
 * overflows. The distances were chosen with
 * `make bench` at a pipeline of 100: shorter ones wait for memory, longer ones lose lines again. */
#include "base/assert.h"
#include "base/clock.h"
#include "base/mem.h"
#include "dispatch/dispatch_priv.h"
#include "journal/journal.h"

#define LOOK_AHEAD_BUCKET 16
#define LOOK_AHEAD_ENTRY 8
#define LOOK_AHEAD_CHAIN 4

/* Room for so many requests is kept from turn to turn. */
#define BATCH_KEEP ((size_t)16 * 1024)

void batch_init(struct batch *b, struct arena *arena)
{
    *b = (struct batch){ .arena = arena };
}

void batch_done(struct batch *b)
{
    mem_free(b->items);
    *b = (struct batch){ 0 };
}

/* One flood of requests does not cost memory for ever. */
static COLD void batch_forget_room(struct batch *b)
{
    mem_free(b->items);
    b->items = NULL;
    b->cap = 0;
}

struct request *batch_add(struct batch *b)
{
    if (b->count == b->cap) {
        b->cap = b->cap ? b->cap * 2 : 64;
        b->items = mem_realloc(b->items, b->cap * sizeof(*b->items));
    }
    struct request *request = &b->items[b->count++];
    request->error = NULL;
    request->bulk = NULL;
    return request;
}

/* ---- one unit ---- */

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
    d->clock.unit_start_ns = now;
    set_now(&d->clock, d->keyspace, now);
}

int64_t dispatch_now_ms(const struct dispatch *d)
{
    return d->clock.now_ms;
}

uint64_t dispatch_now_mono_ns(const struct dispatch *d)
{
    return d->clock.unit_start_ns;
}

/* Ends a unit: one reading of the clock is its end and the next one's start. */
static uint64_t take_time(struct dispatch *d)
{
    uint64_t now = clock_mono_ns();
    uint64_t took = now - d->clock.unit_start_ns;
    d->clock.unit_start_ns = now;
    if (UNLIKELY(now >= d->clock.next_ms_at_ns))
        set_now(&d->clock, d->keyspace, now);
    return took;
}

/* What the unit changed goes to the journal: as the handler told, else as it was received. */
static void journal_request(struct dispatch *d, const struct cmd *cmd, uint64_t dirty_before)
{
    if (cmd->told_effect || keyspace_dirty(d->keyspace) == dirty_before)
        return;
    const struct resp_request *parsed = &cmd->request->parsed;
    if (parsed->wire.len)
        journal_effect_wire(d->journal, db_index(cmd->db), parsed->wire);
    else
        journal_effect(d->journal, db_index(cmd->db), cmd->argv, (size_t)cmd->argc);
}

static void run_journaled(struct dispatch *d, struct cmd *cmd)
{
    if (LIKELY(!journal_is_on(d->journal))) {
        cmd->row->run(cmd);
        return;
    }
    uint64_t dirty_before = keyspace_dirty(d->keyspace);
    journal_unit_begin(d->journal);
    cmd->row->run(cmd);
    journal_request(d, cmd, dirty_before);
    journal_unit_end(d->journal);
}

static void run_unit(struct dispatch *d, struct cmd *cmd, struct command_slot *slot)
{
    struct session *s = cmd->session;
    struct observe_mark mark = observe_begin(&s->reply);
    const struct cmd *outer = d->current;

    d->current = cmd;
    s->last = slot;
    s->commands++;
    bool no_touch = s->flags & SESSION_NO_TOUCH;
    if (UNLIKELY(no_touch))
        keyspace_set_no_touch(d->keyspace, !slice_is(cmd->argv[0], "touch"));
    run_journaled(d, cmd);
    if (UNLIKELY(no_touch))
        keyspace_set_no_touch(d->keyspace, false);
    d->current = outer;

    observe_end(d, cmd, slot, &mark, take_time(d));
}

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

/* True when every live gate lets the request pass; else it was refused or parked. */
static COLD bool pass_gates(struct dispatch *d, struct cmd *cmd, struct command_slot *slot)
{
    switch (gates_ask(d, cmd, slot)) {
    case VERDICT_PASS:
        return true;
    case VERDICT_REFUSE:
        slot->rejected++;
        return false;
    case VERDICT_PARK:
        cmd->session->flags |= SESSION_PARKED;
        cmd->session->host->defer(cmd->session, cmd->request);
        return false;
    }
    return false;
}

static void run_request(struct dispatch *d, struct request *request, struct arena *arena)
{
    struct session *s = request->session;
    struct command_slot *slot = request->slot;
    struct cmd cmd = {
        .argv = request->parsed.argv,
        .argc = (int)request->parsed.argc,
        .reply = &s->reply,
        .db = s->db,
        .session = s,
        .dispatch = d,
        .arena = arena,
        .request = request,
    };

    if (UNLIKELY(!slot || !arity_fits(slot->row, request->parsed.argc) || !slot->row->run)) {
        refuse(d, &cmd, slot);
    } else {
        cmd.row = slot->row;
        cmd.owner = slot->owner;
        cmd.hash = request->hash;
        cmd.hash_at = slot->first_key;
        uint32_t live = slot->gates & (d->live_gates | s->gates) & ~s->exempt;
        if (LIKELY(live == 0) || pass_gates(d, &cmd, slot))
            run_unit(d, &cmd, slot);
        else if (s->flags & SESSION_PARKED)
            return; /* its turn, and what CLIENT REPLY SKIP says about it, is still to come */
    }
    if (UNLIKELY(s->flags & (SESSION_REPLY_SKIP | SESSION_REPLY_SKIP_NEXT)))
        session_after_unit(s);
}

/* ---- the batch ---- */

static void look_ahead(struct dispatch *d, struct request *request)
{
    struct command_slot *slot = NULL;
    if (LIKELY(!request->error))
        slot = dispatch_resolve(d, request->parsed.argv, (int)request->parsed.argc);
    request->slot = slot;
    request->hash = 0;
    request->overflows = false;
    if (!slot || slot->first_key == 0 || (uint32_t)slot->first_key >= request->parsed.argc)
        return;
    const struct db *db = request->session->db;
    request->hash = db_key(db, request->parsed.argv[slot->first_key]).hash;
    db_prefetch_bucket(db, request->hash);
}

static void ask_entry(struct request *request)
{
    if (request->hash)
        request->overflows = db_prefetch_entry(request->session->db, request->hash,
                                               /* again= */ false);
}

static COLD void set_aside(struct request *request)
{
    struct session *s = request->session;
    if (!(s->flags & SESSION_CLOSING))
        s->host->defer(s, request);
}

static void run_item(struct dispatch *d, struct request *request, struct arena *arena)
{
    if (UNLIKELY(d->halted))
        return;
    if (UNLIKELY(!session_runs(request->session)))
        set_aside(request);
    else if (UNLIKELY(request->error != NULL))
        request->session->host->protocol_error(request->session, request);
    else
        run_request(d, request, arena);
}

void dispatch_halt(struct dispatch *d)
{
    d->halted = true;
}

void dispatch_run_batch(struct dispatch *d, struct batch *batch)
{
    size_t looked = 0, asked = 0, followed = 0, count = batch->count;
    struct request *items = batch->items;

    if (count > 0)
        (void)take_time(d); /* receiving belongs to no unit */
    for (size_t i = 0; i < count; i++) {
        for (; looked < count && looked <= i + LOOK_AHEAD_BUCKET; looked++)
            look_ahead(d, &items[looked]);
        for (; asked < count && asked <= i + LOOK_AHEAD_ENTRY; asked++)
            ask_entry(&items[asked]);
        for (; followed < count && followed <= i + LOOK_AHEAD_CHAIN; followed++)
            if (UNLIKELY(items[followed].overflows))
                (void)db_prefetch_entry(items[followed].session->db, items[followed].hash, true);
        run_item(d, &items[i], batch->arena);
    }
    ASSERT(batch->count == count && batch->items == items);
    batch->count = 0;
    if (UNLIKELY(batch->cap > BATCH_KEEP && count < batch->cap / 4))
        batch_forget_room(batch);
}

void dispatch_run(struct dispatch *d, struct request *request, struct arena *arena)
{
    look_ahead(d, request);
    run_item(d, request, arena);
}
