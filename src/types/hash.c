/* What a hash does, whichever form it has. */
#include "types/hash.h"

#include "base/mem.h"
#include "types/hash_priv.h"

/* A table is walked over, not drawn from, if a sample is more than one in so many. */
#define SAMPLE_WALK 3

struct entry *hash_new(struct slice key, int64_t when_ms)
{
    struct entry *e = entry_new(TYPE_HASH, ENCODING_LISTPACK, key, 0, when_ms);
    entry_put_pointer(e, listpack_new());
    return e;
}

static struct hash_table *table_of(const struct entry *e)
{
    ASSERT_DEBUG(is_table(e));
    return entry_pointer(e);
}

/* The listpack has no field twice. The hash stays listed as it is. */
static void become_table(struct entry *e, const struct type_env *env)
{
    struct pack pack = pack_of(e);
    struct hash_table *h = fields_from_pack(&pack, env->hash_key);
    ASSERT(h);
    h->listed_ms = hash_listed(e);
    if (pack.width == TRIPLET)
        hash_pack_ops.free(entry_pointer(e));
    else
        listpack_free(pack.lp);
    entry_put_encoded(e, ENCODING_HASH_TABLE, h);
}

void hash_reserve(struct entry *e, const struct type_env *env, size_t count)
{
    if (count <= (size_t)env->hash_listpack_entries && !is_table(e))
        return;
    if (!is_table(e))
        become_table(e, env);
    table_reserve(table_of(e)->fields, count);
}

/* ---- one field ---- */

bool hash_get(const struct entry *e, struct slice name, int64_t now_ms,
              char scratch[static NUM_INT_MAX_CHARS], struct slice *ret_value)
{
    if (is_table(e)) {
        struct block *b = fields_find(table_of(e), name);
        if (!b)
            return false;
        struct hash_field f = block_read(b);
        if (is_over(f.when_ms, now_ms))
            return false;
        *ret_value = f.value;
        return true;
    }
    struct pack pack = pack_of(e);
    size_t at = pack_find(&pack, name);
    if (at == LISTPACK_NONE || is_over(pack_expiry(&pack, at), now_ms))
        return false;
    *ret_value = listpack_text(pack.lp, listpack_next(pack.lp, at), scratch);
    return true;
}

bool hash_expiry(const struct entry *e, struct slice name, int64_t now_ms, int64_t *ret_when_ms)
{
    int64_t when_ms;
    if (is_table(e)) {
        struct block *b = fields_find(table_of(e), name);
        if (!b)
            return false;
        when_ms = block_expiry(b);
    } else {
        struct pack pack = pack_of(e);
        size_t at = pack_find(&pack, name);
        if (at == LISTPACK_NONE)
            return false;
        when_ms = pack_expiry(&pack, at);
    }
    if (is_over(when_ms, now_ms))
        return false;
    *ret_when_ms = when_ms;
    return true;
}

bool hash_has(const struct entry *e, struct slice name, int64_t now_ms)
{
    int64_t when_ms;
    return hash_expiry(e, name, now_ms, &when_ms);
}

/* A time that is not after 1970 is over like any other past one, but 0 and -1 mean something. */
static int64_t storable(int64_t when_ms)
{
    return when_ms == ENTRY_NO_EXPIRY || when_ms == HASH_KEEP_EXPIRY ? when_ms
                                                                     : MAX_OF(when_ms, (int64_t)1);
}

bool hash_put(struct entry *e, const struct type_env *env, const struct hash_field *f,
              int64_t now_ms)
{
    struct hash_field put = *f;
    put.when_ms = storable(put.when_ms);
    if (!is_table(e)) {
        struct pack pack = pack_of(e);
        if (LIKELY(pack_takes(&pack, env, &put)))
            return pack_put(e, &put, now_ms);
        become_table(e, env);
    }
    return fields_put(table_of(e), &put, now_ms);
}

bool hash_set_expiry(struct entry *e, const struct type_env *env, struct slice name,
                     int64_t when_ms)
{
    when_ms = storable(when_ms);
    if (is_table(e)) {
        struct block *b = fields_find(table_of(e), name);
        if (b)
            fields_set_expiry(table_of(e), b, when_ms);
        return b != NULL;
    }
    struct pack pack = pack_of(e);
    size_t at = pack_find(&pack, name);
    if (at == LISTPACK_NONE)
        return false;
    /* Expiries make it longer. */
    if (!listpack_has_room(pack.lp, NUM_INT_MAX_CHARS * listpack_count(pack.lp))) {
        become_table(e, env);
        return hash_set_expiry(e, env, name, when_ms);
    }
    pack_set_expiry(e, at, when_ms);
    return true;
}

bool hash_remove(struct entry *e, struct slice name, int64_t now_ms)
{
    if (is_table(e))
        return fields_remove(table_of(e), name, now_ms);
    struct pack pack = pack_of(e);
    size_t at = pack_find(&pack, name);
    if (at == LISTPACK_NONE || is_over(pack_expiry(&pack, at), now_ms))
        return false;
    pack_remove(e, at);
    return true;
}

/* ---- all fields ---- */

size_t hash_count(const struct entry *e, int64_t now_ms)
{
    if (is_table(e))
        return fields_count(table_of(e), now_ms);
    struct pack pack = pack_of(e);
    return pack_count(&pack, now_ms);
}

bool hash_is_over(const struct entry *e, int64_t now_ms)
{
    return is_table(e) ? fields_are_over(table_of(e), now_ms) : hash_count(e, now_ms) == 0;
}

void hash_walk_open(struct hash_walk *w, const struct entry *e, int64_t now_ms)
{
    w->now_ms = now_ms;
    w->lp = NULL;
    w->next = w->filled = 0;
    if (is_table(e)) {
        table_iter_open(&w->iter, table_of(e)->fields);
        return;
    }
    struct pack pack = pack_of(e);
    w->lp = pack.lp;
    w->width = pack.width;
    w->at = listpack_first(pack.lp);
}

/* False: there are no more. */
static bool look_ahead(struct hash_walk *w)
{
    void *b;
    w->next = w->filled = 0;
    while (w->filled < HASH_WALK_AHEAD && (b = table_iter_next(&w->iter)) != NULL) {
        __builtin_prefetch(b);
        w->ahead[w->filled++] = b;
    }
    return w->filled > 0;
}

static bool walk_step(struct hash_walk *w, struct hash_field *ret_field)
{
    if (w->lp) {
        struct pack pack = { (struct listpack *)(uintptr_t)w->lp, w->width };
        if (w->at == LISTPACK_NONE)
            return false;
        w->at = pack_read(&pack, w->at, w->name, w->value, ret_field);
        return true;
    }
    if (w->next == w->filled && !look_ahead(w))
        return false;
    *ret_field = block_read(w->ahead[w->next++]);
    return true;
}

bool hash_walk_next(struct hash_walk *w, struct hash_field *ret_field)
{
    while (walk_step(w, ret_field))
        if (LIKELY(!is_over(ret_field->when_ms, w->now_ms)))
            return true;
    return false;
}

void hash_walk_close(struct hash_walk *w)
{
    if (!w->lp)
        table_iter_close(&w->iter);
}

uint64_t hash_scan(struct entry *e, uint64_t cursor, int64_t now_ms, hash_visit visit, void *arg)
{
    if (is_table(e))
        return fields_scan(table_of(e), cursor, now_ms, visit, arg);
    struct hash_walk walk;
    struct hash_field f;
    hash_walk_open(&walk, e, now_ms);
    while (hash_walk_next(&walk, &f))
        visit(arg, &f);
    hash_walk_close(&walk);
    return 0;
}

struct plan {
    size_t count;
    hash_visit visit;
    void *arg;
};

/* Takes each field with the chance that what is still wanted has among what is still to come. */
static void sample_walk(const struct entry *e, const struct type_env *env, int64_t now_ms,
                        const struct plan *plan)
{
    size_t left = hash_count(e, now_ms);
    size_t wanted = MIN_OF(plan->count, left);
    struct hash_walk walk;
    struct hash_field f;
    hash_walk_open(&walk, e, now_ms);
    while (wanted > 0 && hash_walk_next(&walk, &f)) {
        if (rand_below(env->rand, left) < wanted) {
            plan->visit(plan->arg, &f);
            wanted--;
        }
        left--;
    }
    hash_walk_close(&walk);
}

void hash_sample(struct entry *e, const struct type_env *env, int64_t now_ms, size_t count,
                 hash_visit visit, void *arg)
{
    size_t seen = hash_count(e, now_ms);
    bool few_hide = seen >= hash_count(e, HASH_SHOW_ALL) / 2;
    if (is_table(e) && few_hide && count <= seen / SAMPLE_WALK) {
        fields_draw(table_of(e), env, now_ms, count, visit, arg);
        return;
    }
    struct plan plan = { count, visit, arg };
    sample_walk(e, env, now_ms, &plan);
}

void hash_random(struct entry *e, const struct type_env *env, int64_t now_ms, hash_visit visit,
                 void *arg)
{
    if (is_table(e)) {
        struct block *b = fields_random(table_of(e), env, now_ms);
        if (b) {
            struct hash_field f = block_read(b);
            visit(arg, &f);
            return;
        }
    } else if (entry_encoding(e) == ENCODING_LISTPACK) {
        struct pack pack = pack_of(e);
        struct hash_field f;
        char name[NUM_INT_MAX_CHARS], value[NUM_INT_MAX_CHARS];
        size_t at = listpack_random(pack.lp, env->rand, pack.width);
        if (at == LISTPACK_NONE)
            return;
        (void)pack_read(&pack, at, name, value, &f);
        visit(arg, &f);
        return;
    }
    struct plan plan = { 1, visit, arg };
    sample_walk(e, env, now_ms, &plan);
}

/* ---- fields that expire ---- */

int64_t hash_due(const struct entry *e)
{
    if (is_table(e))
        return fields_due(table_of(e));
    if (entry_encoding(e) == ENCODING_LISTPACK)
        return HASH_NEVER;
    return ((const struct hash_pack *)entry_pointer(e))->due_ms;
}

size_t hash_count_expiring(const struct entry *e)
{
    if (is_table(e))
        return table_of(e)->times ? timetree_count(table_of(e)->times) : 0;
    if (hash_due(e) == HASH_NEVER)
        return 0;
    size_t count = 0;
    struct hash_walk walk;
    struct hash_field f;
    hash_walk_open(&walk, e, HASH_SHOW_ALL);
    while (hash_walk_next(&walk, &f))
        count += f.when_ms != ENTRY_NO_EXPIRY;
    hash_walk_close(&walk);
    return count;
}

size_t hash_each_due(const struct entry *e, int64_t now_ms, size_t max, hash_visit visit, void *arg)
{
    if (is_table(e))
        return fields_each_due(table_of(e), now_ms, max, visit, arg);
    struct pack pack = pack_of(e);
    return pack_each_due(&pack, now_ms, max, visit, arg);
}

void hash_expire(struct entry *e, int64_t now_ms, size_t count)
{
    if (is_table(e))
        fields_expire(table_of(e), now_ms, count);
    else
        pack_expire(e, now_ms, count);
}

int64_t hash_listed(const struct entry *e)
{
    if (is_table(e))
        return table_of(e)->listed_ms;
    if (entry_encoding(e) == ENCODING_LISTPACK)
        return HASH_NEVER;
    return ((const struct hash_pack *)entry_pointer(e))->listed_ms;
}

void hash_set_listed(struct entry *e, int64_t when_ms)
{
    ASSERT(entry_encoding(e) != ENCODING_LISTPACK);
    if (is_table(e))
        table_of(e)->listed_ms = when_ms;
    else
        ((struct hash_pack *)entry_pointer(e))->listed_ms = when_ms;
}

/* ---- bytes of files and peers ---- */

bool hash_is_table(const struct entry *e)
{
    return is_table(e);
}

void hash_fill_open(struct hash_fill *f, struct entry *e)
{
    f->table = table_of(e);
    table_fill_init(&f->fill, f->table->fields);
}

const struct listpack *hash_listpack(const struct entry *e, size_t *ret_width)
{
    if (is_table(e))
        return NULL;
    struct pack pack = pack_of(e);
    *ret_width = pack.width;
    return pack.lp;
}

/* Whether every third entry is a number that is a time or 0. */
static bool times_are_valid(const struct listpack *lp)
{
    int64_t when_ms;
    for (size_t at = listpack_first(lp); at != LISTPACK_NONE; at = listpack_next(lp, at)) {
        at = listpack_next(lp, listpack_next(lp, at));
        if (!listpack_int(lp, at, &when_ms) || when_ms < 0)
            return false;
    }
    return true;
}

struct entry *hash_new_listpack(struct slice key, struct listpack *lp, size_t width,
                                int64_t when_ms, const struct type_env *env)
{
    struct pack pack = { lp, width };
    size_t count = listpack_count(lp);
    ASSERT(width == PAIR || width == TRIPLET);
    if (count == 0 || count % width != 0 || (width == TRIPLET && !times_are_valid(lp)))
        return NULL;
    struct hash_table *h = NULL;
    if (count / width > (size_t)env->hash_listpack_entries) {
        h = fields_from_pack(&pack, env->hash_key);
        if (!h)
            return NULL;
    } else if (!listpack_all_differ(lp, width, env->hash_key)) {
        return NULL;
    }

    struct entry *e = entry_new(TYPE_HASH, ENCODING_LISTPACK, key, 0, when_ms);
    if (h) {
        listpack_free(lp);
        entry_put_encoded(e, ENCODING_HASH_TABLE, h);
        return e;
    }
    entry_put_pointer(e, lp);
    if (width == TRIPLET) {
        struct hash_pack *p = pack_wrap(lp);
        p->due_ms = pack_due(&pack);
        entry_put_encoded(e, ENCODING_HASH_EXPIRING, p);
    }
    return e;
}

void hash_verify(const struct entry *e)
{
    if (is_table(e))
        fields_verify(table_of(e));
    else
        pack_verify(e);
}
