/* Small hashes: listpacks of pairs, or of triplets with expiries. */
#include "base/mem.h"
#include "types/hash_priv.h"

/* A triplet's third entry for a field that does not expire. */
#define NO_TIME 0

struct hash_pack *pack_wrap(struct listpack *lp)
{
    struct hash_pack *p = mem_alloc(sizeof(*p));
    *p = (struct hash_pack){ .listed_ms = HASH_NEVER, .due_ms = HASH_NEVER, .lp = lp };
    return p;
}

static void op_free(void *value)
{
    struct hash_pack *p = value;
    listpack_free(p->lp);
    mem_free_sized(p, sizeof(*p));
}

static void *op_copy(void *value)
{
    const struct hash_pack *p = value;
    struct hash_pack *copy = pack_wrap(listpack_copy(p->lp));
    copy->due_ms = p->due_ms;
    return copy;
}

static size_t op_free_effort(const void *value UNUSED)
{
    return 1;
}

static size_t op_footprint(const void *value)
{
    const struct hash_pack *p = value;
    return mem_size_class(sizeof(*p)) + listpack_footprint(p->lp);
}

const struct encoding_ops hash_pack_ops = {
    .free = op_free,
    .copy = op_copy,
    .free_effort = op_free_effort,
    .footprint = op_footprint,
};

/* ---- reading ---- */

size_t pack_find(const struct pack *p, struct slice name)
{
    return listpack_find(p->lp, listpack_first(p->lp), name, p->width - 1);
}

/* A triplet's third entry, whose place is `at`. */
static int64_t read_time(const struct listpack *lp, size_t at)
{
    int64_t when_ms;
    bool is_number = listpack_int(lp, at, &when_ms);
    ASSERT(is_number);
    return when_ms == NO_TIME ? ENTRY_NO_EXPIRY : when_ms;
}

/* Of a field's name, the place of its expiry. */
static size_t time_place(const struct listpack *lp, size_t at)
{
    return listpack_next(lp, listpack_next(lp, at));
}

int64_t pack_expiry(const struct pack *p, size_t at)
{
    return p->width == PAIR ? ENTRY_NO_EXPIRY : read_time(p->lp, time_place(p->lp, at));
}

size_t pack_read(const struct pack *p, size_t at, char *name, char *value,
                 struct hash_field *ret_field)
{
    ret_field->name = listpack_text(p->lp, at, name);
    at = listpack_next(p->lp, at);
    ret_field->value = listpack_text(p->lp, at, value);
    at = listpack_next(p->lp, at);
    ret_field->when_ms = ENTRY_NO_EXPIRY;
    if (p->width == TRIPLET) {
        ret_field->when_ms = read_time(p->lp, at);
        at = listpack_next(p->lp, at);
    }
    return at;
}

/* Of the name at `at`, that of the next field. */
static size_t next_field(const struct pack *p, size_t at)
{
    at = time_place(p->lp, at);
    return p->width == TRIPLET ? listpack_next(p->lp, at) : at;
}

size_t pack_count(const struct pack *p, int64_t now_ms)
{
    size_t count = listpack_count(p->lp) / p->width;
    if (p->width == PAIR || now_ms == HASH_SHOW_ALL)
        return count;
    for (size_t at = listpack_first(p->lp); at != LISTPACK_NONE; at = next_field(p, at))
        count -= is_over(pack_expiry(p, at), now_ms);
    return count;
}

size_t pack_each_due(const struct pack *p, int64_t now_ms, size_t max, hash_visit visit, void *arg)
{
    char name[NUM_INT_MAX_CHARS], value[NUM_INT_MAX_CHARS];
    struct hash_field f;
    size_t count = 0;
    size_t at = p->width == PAIR ? LISTPACK_NONE : listpack_first(p->lp);
    while (at != LISTPACK_NONE && count < max) {
        at = pack_read(p, at, name, value, &f);
        if (!is_over(f.when_ms, now_ms))
            continue;
        visit(arg, &f);
        count++;
    }
    return count;
}

/* ---- changes ---- */

static void store(struct entry *e, struct listpack *lp)
{
    if (entry_encoding(e) == ENCODING_LISTPACK)
        entry_put_pointer(e, lp);
    else
        ((struct hash_pack *)entry_pointer(e))->lp = lp;
}

static struct listpack *copy_entry(struct listpack *to, const struct listpack *from, size_t at)
{
    struct listpack_value v = listpack_get(from, at);
    return v.text.ptr ? listpack_append(to, v.text) : listpack_append_int(to, v.number);
}

/* Makes room for expiries. */
static void widen(struct entry *e)
{
    struct listpack *pairs = entry_pointer(e);
    struct listpack *triplets = listpack_new();
    for (size_t at = listpack_first(pairs); at != LISTPACK_NONE; at = listpack_next(pairs, at)) {
        triplets = copy_entry(triplets, pairs, at);
        at = listpack_next(pairs, at);
        triplets = copy_entry(triplets, pairs, at);
        triplets = listpack_append_int(triplets, NO_TIME);
    }
    listpack_free(pairs);
    entry_put_encoded(e, ENCODING_HASH_EXPIRING, pack_wrap(triplets));
}

int64_t pack_due(const struct pack *p)
{
    int64_t due_ms = HASH_NEVER;
    if (p->width == PAIR)
        return due_ms;
    for (size_t at = listpack_first(p->lp); at != LISTPACK_NONE; at = next_field(p, at)) {
        int64_t when_ms = pack_expiry(p, at);
        if (when_ms != ENTRY_NO_EXPIRY && when_ms < due_ms)
            due_ms = when_ms;
    }
    return due_ms;
}

/* The time of one field has changed from `old_ms` to `when_ms`. */
static void follow_due(struct hash_pack *p, int64_t old_ms, int64_t when_ms)
{
    if (when_ms != ENTRY_NO_EXPIRY && when_ms <= p->due_ms) {
        p->due_ms = when_ms;
        return;
    }
    if (old_ms == ENTRY_NO_EXPIRY || old_ms != p->due_ms)
        return;
    p->due_ms = pack_due(&(struct pack){ p->lp, TRIPLET });
}

void pack_set_expiry(struct entry *e, size_t at, int64_t when_ms)
{
    if (entry_encoding(e) == ENCODING_LISTPACK) {
        if (when_ms == ENTRY_NO_EXPIRY)
            return;
        struct pack pairs = pack_of(e);
        int64_t index = 0;
        for (size_t i = listpack_first(pairs.lp); i != at; i = next_field(&pairs, i))
            index += (int64_t)TRIPLET;
        widen(e);
        at = listpack_seek(pack_of(e).lp, index);
    }
    struct hash_pack *p = entry_pointer(e);
    size_t place = time_place(p->lp, at);
    int64_t old_ms = read_time(p->lp, place);
    p->lp = listpack_replace_int(p->lp, place, when_ms == ENTRY_NO_EXPIRY ? NO_TIME : when_ms);
    follow_due(p, old_ms, when_ms);
}

static void append(struct entry *e, const struct hash_field *f)
{
    struct pack pack = pack_of(e);
    struct listpack *lp = listpack_append(listpack_append(pack.lp, f->name), f->value);
    if (pack.width == TRIPLET)
        lp = listpack_append_int(lp, f->when_ms == ENTRY_NO_EXPIRY ? NO_TIME : f->when_ms);
    store(e, lp);
    if (pack.width == TRIPLET)
        follow_due(entry_pointer(e), ENTRY_NO_EXPIRY, f->when_ms);
}

bool pack_put(struct entry *e, const struct hash_field *f, int64_t now_ms)
{
    struct hash_field put = *f;
    if (put.when_ms != ENTRY_NO_EXPIRY && put.when_ms != HASH_KEEP_EXPIRY &&
        entry_encoding(e) == ENCODING_LISTPACK)
        widen(e);
    struct pack pack = pack_of(e);
    size_t at = pack_find(&pack, put.name);
    if (at == LISTPACK_NONE) {
        if (put.when_ms == HASH_KEEP_EXPIRY)
            put.when_ms = ENTRY_NO_EXPIRY;
        append(e, &put);
        return true;
    }
    int64_t old_ms = pack_expiry(&pack, at);
    bool is_new = is_over(old_ms, now_ms);
    if (put.when_ms == HASH_KEEP_EXPIRY)
        put.when_ms = is_new ? ENTRY_NO_EXPIRY : old_ms;
    store(e, listpack_replace(pack.lp, listpack_next(pack.lp, at), put.value));
    if (put.when_ms != old_ms)
        pack_set_expiry(e, at, put.when_ms);
    return is_new;
}

void pack_remove(struct entry *e, size_t at)
{
    struct pack pack = pack_of(e);
    int64_t old_ms = pack_expiry(&pack, at);
    store(e, listpack_delete(pack.lp, at, pack.width));
    if (pack.width == TRIPLET)
        follow_due(entry_pointer(e), old_ms, ENTRY_NO_EXPIRY);
}

void pack_expire(struct entry *e, int64_t now_ms, size_t count)
{
    struct pack pack = pack_of(e);
    size_t at = listpack_first(pack.lp);
    while (count > 0) {
        ASSERT(at != LISTPACK_NONE);
        if (!is_over(pack_expiry(&pack, at), now_ms)) {
            at = next_field(&pack, at);
            continue;
        }
        pack_remove(e, at);
        pack = pack_of(e);
        count--;
        if (listpack_at_end(pack.lp, at))
            break;
    }
    ASSERT(count == 0);
}

bool pack_takes(const struct pack *p, const struct type_env *env, const struct hash_field *f)
{
    size_t longest = (size_t)env->hash_listpack_value;
    if (f->name.len > longest || f->value.len > longest)
        return false;
    if (!listpack_has_room(p->lp, f->name.len + f->value.len + NUM_INT_MAX_CHARS))
        return false;
    size_t count = listpack_count(p->lp) / p->width;
    size_t most = (size_t)env->hash_listpack_entries;
    return count < most || (count == most && pack_find(p, f->name) != LISTPACK_NONE);
}

void pack_verify(const struct entry *e)
{
    struct pack pack = pack_of(e);
    ASSERT(listpack_count(pack.lp) % pack.width == 0);
    if (pack.width == PAIR)
        return;
    const struct hash_pack *p = entry_pointer(e);
    ASSERT(pack_due(&pack) == p->due_ms);
}
