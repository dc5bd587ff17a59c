/* The batch: the requests of a turn, run with looks ahead.
 *
 * The cache lines of later requests are on their way while earlier ones run: first the command is
 * resolved, the key hashed and its bucket asked for; some requests later, when the bucket has come,
 * the entry; and once more for those few whose bucket overflows. A command that looks an element of the
 * value up (`element` in its row) has the same three steps in the value's table. The distances were
 * chosen with `make bench`: shorter ones wait for memory, longer ones lose lines again. */
#include "base/assert.h"
#include "base/blob.h"
#include "base/mem.h"
#include "dispatch/dispatch_priv.h"
#include "dispatch/repeat.h"

#define LOOK_AHEAD_BUCKET 16
#define LOOK_AHEAD_ENTRY 12
#define LOOK_AHEAD_CHAIN 8 /* and the bucket of an element */
#define LOOK_AHEAD_ELEMENT 5
#define LOOK_AHEAD_ELEMENT_CHAIN 2

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

/* ---- looking ahead ---- */

static void look_ahead(struct dispatch *d, struct request *request)
{
    struct command_slot *slot = NULL;
    if (LIKELY(!request->error))
        slot = dispatch_resolve(d, request->parsed.argv, (int)request->parsed.argc);
    request->slot = slot;
    request->hash = 0;
    request->overflows = 0;
    request->element = 0;
    request->seeks_element = false;
    if (!slot || slot->first_key == 0 || (uint32_t)slot->first_key >= request->parsed.argc)
        return;
    const struct db *db = request->session->db;
    request->hash = db_key(db, request->parsed.argv[slot->first_key]).hash;
    db_prefetch_bucket(db, request->hash);
    const int element = slot->row->element;
    if (element && (uint32_t)element < request->parsed.argc)
        request->element = (uint8_t)element;
}

static void ask_entry(struct request *request)
{
    if (request->hash)
        request->overflows = db_prefetch_entry(request->session->db, request->hash,
                                               /* again= */ false);
}

static struct key key_of(const struct request *request)
{
    return (struct key){ request->parsed.argv[request->slot->first_key], request->hash };
}

static void follow(struct request *request)
{
    const struct db *db = request->session->db;
    if (request->overflows)
        (void)db_prefetch_entry(db, request->hash, /* again= */ true);
    else
        request->seeks_element = db_prefetch_value(
            db, key_of(request), request->parsed.argv[request->element], &request->element_hash);
}

/* The element, and later what an overflow of its bucket leads to. */
static void ask_element(struct request *request, bool again)
{
    request->seeks_element = db_prefetch_element(request->session->db, key_of(request),
                                                 request->element_hash, again);
}

/* ---- running ---- */

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
        unit_run(d, request, arena);
}

/* How far ahead of the running request each look is. */
struct looks {
    size_t looked, asked, followed;
};

INLINE void look_from(struct dispatch *d, struct looks *l, const struct batch *batch, size_t i)
{
    struct request *items = batch->items;
    const size_t count = batch->count;
    for (; l->looked < count && l->looked <= i + LOOK_AHEAD_BUCKET; l->looked++)
        look_ahead(d, &items[l->looked]);
    for (; l->asked < count && l->asked <= i + LOOK_AHEAD_ENTRY; l->asked++)
        ask_entry(&items[l->asked]);
    for (; l->followed < count && l->followed <= i + LOOK_AHEAD_CHAIN; l->followed++)
        if (items[l->followed].overflows | items[l->followed].element)
            follow(&items[l->followed]);
    if (count - i > LOOK_AHEAD_ELEMENT && items[i + LOOK_AHEAD_ELEMENT].seeks_element)
        ask_element(&items[i + LOOK_AHEAD_ELEMENT], /* again= */ false);
    if (count - i > LOOK_AHEAD_ELEMENT_CHAIN && items[i + LOOK_AHEAD_ELEMENT_CHAIN].seeks_element)
        ask_element(&items[i + LOOK_AHEAD_ELEMENT_CHAIN], /* again= */ true);
}

void dispatch_run_batch(struct dispatch *d, struct batch *batch)
{
    struct looks looks = { 0 };
    const size_t count = batch->count;
    struct request *items = batch->items;

    if (count > 0)
        unit_time_restart(d); /* receiving belongs to no unit */
    for (size_t i = 0; i < count; i++) {
        look_from(d, &looks, batch, i);
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

int dispatch_repeat(struct dispatch *d, struct batch *batch, size_t *ret_at)
{
    struct looks looks = { 0 };
    for (size_t i = 0; i < batch->count; i++) {
        look_from(d, &looks, batch, i);
        int error = unit_repeat(d, &batch->items[i], batch->arena);
        if (UNLIKELY(error < 0)) {
            *ret_at = i;
            return error;
        }
    }
    batch->count = 0;
    return 0;
}

void dispatch_halt(struct dispatch *d)
{
    d->halted = true;
}

/* ---- requests that outlive their batch ---- */

static bool is_within(struct slice part, struct slice whole)
{
    return part.ptr >= whole.ptr && part.ptr + part.len <= whole.ptr + whole.len;
}

size_t request_args_bytes(const struct request *request)
{
    size_t bytes = 0;
    for (uint32_t i = 0; i < request->parsed.argc; i++)
        bytes += request->parsed.argv[i].len;
    return bytes;
}

void request_keep(struct request *kept, const struct request *request, struct arena *arena)
{
    const struct resp_request *from = &request->parsed;
    *kept = *request;
    kept->parsed.argv = arena_alloc(arena, from->argc * sizeof(struct slice));
    if (from->wire.len)
        kept->parsed.wire = arena_copy(arena, from->wire);
    for (uint32_t i = 0; i < from->argc; i++) {
        struct slice arg = from->argv[i];
        if (request->bulk && arg.ptr == request->bulk->bytes)
            kept->parsed.argv[i] = arg; /* the blob is kept as a whole */
        else if (from->wire.len && is_within(arg, from->wire))
            kept->parsed.argv[i] = slice_of(kept->parsed.wire.ptr + (arg.ptr - from->wire.ptr),
                                            arg.len);
        else
            kept->parsed.argv[i] = arena_copy(arena, arg);
    }
    if (kept->bulk)
        blob_ref(kept->bulk);
}

void request_drop(struct request *kept)
{
    if (kept->bulk)
        blob_unref(kept->bulk);
    kept->bulk = NULL;
}
