#include "client/prefixes.h"

#include <stdlib.h>

#include "base/assert.h"
#include "base/mem.h"

static struct slice name_of_prefix(const void *entry)
{
    return prefix_name(entry);
}

static struct slice name_of_key(const void *entry)
{
    const struct changed_key *k = entry;
    return slice_of(k->name, k->len);
}

static const struct table_type prefix_table = { .key = name_of_prefix };
static const struct table_type key_table = { .key = name_of_key };

void prefixes_init(struct prefixes *ps, const struct hash_key *hash_key)
{
    *ps = (struct prefixes){ .hash_key = hash_key };
    list_init(&ps->changed);
}

void prefixes_done(struct prefixes *ps)
{
    ASSERT(prefixes_count(ps) == 0);
    table_free(ps->by_name);
    mem_free(ps->lengths);
}

size_t prefixes_count(const struct prefixes *ps)
{
    return ps->by_name ? table_count(ps->by_name) : 0;
}

/* ---- lengths ---- */

static struct prefix_length *find_length(struct prefixes *ps, size_t len)
{
    for (size_t i = 0; i < ps->length_count; i++)
        if (ps->lengths[i].len == len)
            return &ps->lengths[i];
    return NULL;
}

static void count_length(struct prefixes *ps, size_t len)
{
    struct prefix_length *found = find_length(ps, len);
    if (found) {
        found->count++;
        return;
    }
    if (ps->length_count == ps->length_cap) {
        ps->length_cap = ps->length_cap ? ps->length_cap * 2 : 4;
        ps->lengths = mem_realloc(ps->lengths, ps->length_cap * sizeof(*ps->lengths));
    }
    ps->lengths[ps->length_count++] = (struct prefix_length){ len, 1 };
}

static void discount_length(struct prefixes *ps, size_t len)
{
    struct prefix_length *found = find_length(ps, len);
    ASSERT(found);
    if (--found->count == 0)
        *found = ps->lengths[--ps->length_count];
}

/* ---- listeners ---- */

static struct prefix *prefix_new(struct prefixes *ps, struct slice name, uint64_t hash)
{
    struct prefix *p = mem_alloc(sizeof(*p) + name.len);
    *p = (struct prefix){ .hash = hash, .len = name.len };
    if (name.len)
        memcpy(p->name, name.ptr, name.len);
    list_init(&p->in_changed);
    table_insert(ps->by_name, hash, p);
    count_length(ps, name.len);
    return p;
}

struct prefix *prefixes_listen(struct prefixes *ps, struct slice name, void *listener)
{
    if (!ps->by_name)
        ps->by_name = table_new(&prefix_table, ps->hash_key);
    uint64_t hash = table_hash(ps->by_name, name);
    struct prefix *p = table_find(ps->by_name, hash, name);
    if (!p)
        p = prefix_new(ps, name, hash);
    if (p->count == p->cap) {
        p->cap = p->cap ? p->cap * 2 : 2;
        p->listeners = mem_realloc(p->listeners, p->cap * sizeof(*p->listeners));
    }
    p->listeners[p->count++] = listener;
    return p;
}

static void free_key(void *arg UNUSED, void *entry)
{
    mem_free(entry);
}

static void forget_keys(struct prefix *p)
{
    list_unlink(&p->in_changed);
    if (!p->changed)
        return;
    table_each(p->changed, free_key, NULL);
    table_free(p->changed);
    p->changed = NULL;
}

void prefixes_leave(struct prefixes *ps, struct prefix *p, const void *listener)
{
    uint32_t i = 0;
    while (i < p->count && p->listeners[i] != listener)
        i++;
    ASSERT(i < p->count);
    p->listeners[i] = p->listeners[--p->count];
    if (p->count > 0)
        return;
    forget_keys(p);
    discount_length(ps, p->len);
    table_remove(ps->by_name, p->hash, p);
    mem_free(p->listeners);
    mem_free(p);
}

/* ---- changes ---- */

static void note(struct prefixes *ps, struct prefix *p, struct key key, uint64_t writer)
{
    if (!p->changed) {
        p->changed = table_new(&key_table, ps->hash_key);
        list_push_back(&ps->changed, &p->in_changed);
    }
    struct changed_key *k = table_find(p->changed, key.hash, key.name);
    if (!k) {
        k = mem_alloc(sizeof(*k) + key.name.len);
        k->len = key.name.len;
        if (k->len)
            memcpy(k->name, key.name.ptr, k->len);
        table_insert(p->changed, key.hash, k);
    }
    k->writer = writer;
}

void prefixes_note(struct prefixes *ps, struct key key, uint64_t writer)
{
    for (size_t i = 0; i < ps->length_count; i++) {
        if (ps->lengths[i].len > key.name.len)
            continue;
        struct slice name = slice_of(key.name.ptr, ps->lengths[i].len);
        struct prefix *p = table_find(ps->by_name, table_hash(ps->by_name, name), name);
        if (p)
            note(ps, p, key, writer);
    }
}

static int by_prefix_name(const void *a, const void *b)
{
    return slice_cmp(name_of_prefix(*(void *const *)a), name_of_prefix(*(void *const *)b));
}

static int by_key_name(const void *a, const void *b)
{
    return slice_cmp(name_of_key(*(void *const *)a), name_of_key(*(void *const *)b));
}

struct collection {
    struct changed_key **keys;
    size_t count;
};

static void collect(void *arg, void *entry)
{
    struct collection *c = arg;
    c->keys[c->count++] = entry;
}

static void tell_prefix(struct prefix *p, prefixes_tell tell, void *arg)
{
    struct collection c = { .keys = mem_alloc(table_count(p->changed) * sizeof(*c.keys)) };
    table_each(p->changed, collect, &c);
    qsort(c.keys, c.count, sizeof(*c.keys), by_key_name);
    tell(arg, p, c.keys, c.count);
    mem_free(c.keys);
    forget_keys(p);
}

void prefixes_tell_changes(struct prefixes *ps, prefixes_tell tell, void *arg)
{
    size_t count = 0;
    struct prefix **sorted = mem_alloc(prefixes_count(ps) * sizeof(struct prefix *) + 1);
    for (struct list *node = ps->changed.next; node != &ps->changed; node = node->next)
        sorted[count++] = LIST_ENTRY(node, struct prefix, in_changed);
    qsort(sorted, count, sizeof(*sorted), by_prefix_name);
    for (size_t i = 0; i < count; i++)
        tell_prefix(sorted[i], tell, arg);
    mem_free(sorted);
}
