/* Transactions: MULTI, what is queued behind it, EXEC and DISCARD.
 *
 * While a transaction is open two gates are live for its session: one refuses what may not be part
 * of it, the other, which is the last of all, queues. A queued request is a copy in the
 * transaction's own memory, which is given back in one piece. A request that was refused marks the
 * transaction, and EXEC then refuses all of it.
 *
 * EXEC is one unit: what is nested in it is called without gates, one effect of all goes to the
 * journal, and nothing else runs in between. */
#include "base/arena.h"
#include "base/blob.h"
#include "base/mem.h"
#include "dispatch/dispatch_priv.h"

/* Some ten short requests. */
#define ARENA_BLOCK ((size_t)2048 - 64)
/* So many requests are looked ahead at before the first of them runs. */
#define LOOK_AHEAD 32

struct queued {
    struct queued *next;
    struct request request;
};

struct transaction {
    struct arena arena;
    struct queued *first, **end;
    size_t count;
    size_t bytes;      /* of arguments */
    size_t blob_bytes; /* of memory of their own */
    uint32_t flags;    /* of the queued commands, or-ed */
    uint32_t lacking;  /* that not all of them have */
    bool refused;      /* a request was: EXEC refuses all */
};

static const uint32_t open_gates = 1u << GATE_NO_MULTI | 1u << GATE_QUEUE;

static void transaction_open(struct session *s)
{
    struct transaction *t = mem_zalloc(sizeof(*t));
    arena_init(&t->arena, ARENA_BLOCK, 0);
    t->end = &t->first;
    s->transaction = t;
    s->gates |= open_gates;
}

void session_discard(struct session *s)
{
    struct transaction *t = s->transaction;
    session_unwatch(s);
    s->flags &= ~(uint32_t)SESSION_WATCH_BROKEN;
    s->gates &= ~open_gates;
    s->transaction = NULL;
    if (!t)
        return;
    for (struct queued *q = t->first; q; q = q->next)
        request_drop(&q->request);
    arena_done(&t->arena);
    mem_free_sized(t, sizeof(*t));
}

void transaction_mark_refused(struct session *s)
{
    if (s->transaction)
        s->transaction->refused = true;
}

/* One that cannot run any more costs no memory. */
static bool is_doomed(const struct session *s)
{
    return s->transaction->refused || (s->flags & SESSION_WATCH_BROKEN);
}

void transaction_queue(struct session *s, const struct request *request)
{
    struct transaction *t = s->transaction;
    if (is_doomed(s))
        return;
    struct queued *q = arena_alloc(&t->arena, sizeof(*q));
    q->next = NULL;
    request_keep(&q->request, request, &t->arena);
    *t->end = q;
    t->end = &q->next;
    t->count++;
    t->bytes += request_args_bytes(request);
    t->blob_bytes += request->bulk ? blob_footprint(request->bulk) : 0;
    t->flags |= request->slot->row->flags;
    t->lacking |= ~request->slot->row->flags;
}

/* ---- what others ask ---- */

size_t session_queued(const struct session *s)
{
    return s->transaction ? s->transaction->count : 0;
}

size_t session_queued_bytes(const struct session *s)
{
    return s->transaction ? s->transaction->bytes : 0;
}

uint32_t transaction_flags(const struct session *s)
{
    return s->transaction ? s->transaction->flags : 0;
}

uint32_t transaction_flags_of_all(const struct session *s)
{
    return s->transaction ? ~s->transaction->lacking : UINT32_MAX;
}

size_t session_memory(const struct session *s)
{
    const struct transaction *t = s->transaction;
    size_t bytes = watch_memory(s) + waiter_memory(s->waiter);
    if (t)
        bytes += mem_size_class(sizeof(*t)) + arena_footprint(&t->arena) + t->blob_bytes;
    return bytes;
}

/* ---- verbs ---- */

static void cmd_multi(struct cmd *cmd)
{
    if (session_in_transaction(cmd->session)) {
        reply_error(cmd->reply, "ERR MULTI calls can not be nested");
        return;
    }
    transaction_open(cmd->session);
    reply_ok(cmd->reply);
}

static void cmd_discard(struct cmd *cmd)
{
    if (!session_in_transaction(cmd->session)) {
        reply_error(cmd->reply, "ERR DISCARD without MULTI");
        return;
    }
    session_discard(cmd->session);
    reply_ok(cmd->reply);
}

/* The cache lines of the next requests' keys; the one behind them. */
static struct queued *look_ahead(const struct db *db, struct queued *from)
{
    struct queued *q = from;
    for (int i = 0; q && i < LOOK_AHEAD; i++, q = q->next)
        if (q->request.hash)
            db_prefetch_bucket(db, q->request.hash);
    struct queued *behind = q;
    for (q = from; q != behind; q = q->next)
        if (q->request.hash)
            (void)db_prefetch_entry(db, q->request.hash, /* again= */ false);
    return behind;
}

static void run_queued(struct cmd *cmd)
{
    struct session *s = cmd->session;
    struct queued *unseen = s->transaction->first;

    reply_array(cmd->reply, s->transaction->count);
    for (struct queued *q = unseen; q; q = q->next) {
        if (q == unseen)
            unseen = look_ahead(s->db, q);
        unit_nest(cmd, &q->request);
        if (UNLIKELY(s->flags & SESSION_CLOSING))
            reply_mute(cmd->reply, true); /* it has killed itself: the rest runs, but is not told */
    }
}

static void cmd_exec(struct cmd *cmd)
{
    struct session *s = cmd->session;
    const struct transaction *t = s->transaction;

    if (!t) {
        reply_error(cmd->reply, "ERR EXEC without MULTI");
    } else if (t->refused) {
        session_discard(s);
        reply_error(cmd->reply, "EXECABORT Transaction discarded because of previous errors.");
    } else if ((s->flags & SESSION_WATCH_BROKEN) || watch_has_expired(s)) {
        session_discard(s);
        reply_null_array(cmd->reply);
    } else {
        /* What it does itself breaks nothing. */
        session_unwatch(s);
        s->flags |= SESSION_NO_BLOCK;
        run_queued(cmd);
        s->flags &= ~(uint32_t)SESSION_NO_BLOCK;
        session_discard(s);
        cmd_no_effect(cmd); /* but those of what was queued */
    }
}

bool command_is_exec(const struct command_slot *slot)
{
    return slot && slot->row->run == cmd_exec;
}

#define OWN CMD_NO_SCRIPT | CMD_LOADING | CMD_STALE | CMD_NO_QUEUE

const struct command multi_rows[] = {
    {
        .name = "discard",
        .run = cmd_discard,
        .arity = 1,
        .flags = OWN | CMD_FAST | CMD_ALLOW_BUSY,
        .group = GROUP_TRANSACTIONS,
        .since = "2.0.0",
        .complexity = "O(N), when N is the number of queued commands",
        .summary = "Gives up the transaction.",
        .syntax = "",
    },
    {
        .name = "exec",
        .run = cmd_exec,
        .arity = 1,
        .flags = OWN | CMD_SKIP_SLOWLOG,
        .group = GROUP_TRANSACTIONS,
        .since = "1.2.0",
        .complexity = "Depends on commands in the transaction",
        .summary = "Runs the transaction's commands, with nothing in between.",
        .syntax = "",
    },
    {
        .name = "multi",
        .run = cmd_multi,
        .arity = 1,
        .flags = OWN | CMD_FAST | CMD_ALLOW_BUSY,
        .group = GROUP_TRANSACTIONS,
        .since = "1.2.0",
        .complexity = "O(1)",
        .summary = "Begins a transaction: what follows is queued until EXEC.",
        .syntax = "",
    },
};

const size_t multi_row_count = COUNT_OF(multi_rows);
