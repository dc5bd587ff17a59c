/* The registry: rows of all rooms, found by name.
 *
 * Names are looked up once a request, so the hash is a byte-wise multiply over the folded name
 * (names are ours and few; nobody outside chooses what is stored), with linear probing at a load
 * below one half. */
#include "dispatch/dispatch_priv.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/mem.h"

#define REGISTRY_MIN 256

static uint32_t name_hash(struct slice name)
{
    uint32_t h = 2166136261u;
    for (size_t i = 0; i < name.len; i++)
        h = (h ^ ((unsigned char)name.ptr[i] | 0x20)) * 16777619u;
    return h ^ h >> 15;
}

void registry_init(struct registry *r)
{
    r->by_name = mem_zalloc(REGISTRY_MIN * sizeof(struct command_slot *));
    r->mask = REGISTRY_MIN - 1;
    r->in_order = NULL;
    r->count = r->cap = 0;
}

static void slot_free(struct command_slot *slot)
{
    for (uint32_t i = 0; i < slot->sub_count; i++) {
        mem_free((void *)(uintptr_t)slot->subs[i].full_name);
        histogram_free(slot->subs[i].latency);
    }
    mem_free(slot->subs);
    mem_free(slot->found_as);
    histogram_free(slot->latency);
    mem_free(slot);
}

void registry_done(struct registry *r)
{
    for (size_t i = 0; i < r->count; i++)
        slot_free(r->in_order[i]);
    mem_free(r->in_order);
    mem_free(r->by_name);
}

static struct slice name_of(const struct command_slot *slot)
{
    return slice_str(slot->found_as ? slot->found_as : slot->row->name);
}

/* The place of `name`: its slot's, or the empty one where it belongs. */
static struct command_slot **place_of(const struct registry *r, struct slice name)
{
    for (size_t i = name_hash(name) & r->mask;; i = (i + 1) & r->mask) {
        struct command_slot **place = &r->by_name[i];
        if (!*place || slice_eq_nocase(name, name_of(*place)))
            return place;
    }
}

static void place_all(struct registry *r, size_t buckets)
{
    mem_free(r->by_name);
    r->by_name = mem_zalloc(buckets * sizeof(struct command_slot *));
    r->mask = buckets - 1;
    for (size_t i = 0; i < r->count; i++)
        *place_of(r, name_of(r->in_order[i])) = r->in_order[i];
}

static int first_key_of(const struct command *row)
{
    const struct key_spec *spec = &row->keys[0];
    bool plain = spec->begin == KEYS_INDEX && spec->find == KEYS_RANGE;
    return plain && !(spec->flags & KEY_NOT_KEY) ? spec->at : 0;
}

static void slot_init(struct command_slot *slot, const struct command *row, void *owner)
{
    *slot = (struct command_slot){
        .row = row,
        .owner = owner,
        .gates = gate_mask_of(row),
        .first_key = first_key_of(row),
        .full_name = row->name,
    };
}

static char *joined_name(const char *container, const char *name)
{
    size_t size = strlen(container) + strlen(name) + 2;
    char *joined = mem_alloc(size);
    (void)snprintf(joined, size, "%s|%s", container, name);
    return joined;
}

static struct command_slot *slot_new(const struct command *row, void *owner)
{
    struct command_slot *slot = mem_alloc(sizeof(*slot));
    slot_init(slot, row, owner);
    if (row->sub_count == 0)
        return slot;

    slot->subs = mem_alloc(row->sub_count * sizeof(*slot->subs));
    slot->sub_count = (uint32_t)row->sub_count;
    for (size_t i = 0; i < row->sub_count; i++) {
        slot_init(&slot->subs[i], &row->subs[i], owner);
        slot->subs[i].parent = slot;
        slot->subs[i].full_name = joined_name(row->name, row->subs[i].name);
    }
    return slot;
}

static void registry_add(struct registry *r, const struct command *row, void *owner)
{
    if (r->count * 2 >= r->mask)
        place_all(r, (r->mask + 1) * 2);
    if (r->count == r->cap) {
        r->cap = r->cap ? r->cap * 2 : 64;
        r->in_order = mem_realloc(r->in_order, r->cap * sizeof(struct command_slot *));
    }
    struct command_slot **place = place_of(r, slice_str(row->name));
    ASSERT(*place == NULL);
    *place = slot_new(row, owner);
    r->in_order[r->count++] = *place;
}

void dispatch_register(struct dispatch *d, const struct command_table *table)
{
    for (size_t i = 0; i < table->count; i++)
        registry_add(&d->registry, &table->rows[i], table->owner);
}

static void registry_remove(struct registry *r, struct command_slot *slot)
{
    size_t at = 0;
    while (r->in_order[at] != slot)
        at++;
    memmove(&r->in_order[at], &r->in_order[at + 1], (--r->count - at) * sizeof(*r->in_order));
    slot_free(slot);
}

int dispatch_rename(struct dispatch *d, struct slice from, struct slice to)
{
    struct registry *r = &d->registry;
    struct command_slot *slot = *place_of(r, from);
    if (!slot)
        return -ENOENT;
    if (to.len > 0 && *place_of(r, to))
        return -EEXIST;
    if (to.len == 0) {
        registry_remove(r, slot);
    } else {
        char *name = mem_alloc(to.len + 1);
        memcpy(name, to.ptr, to.len);
        name[to.len] = '\0';
        mem_free(slot->found_as);
        slot->found_as = name;
    }
    place_all(r, r->mask + 1);
    return 0;
}

struct command_slot *dispatch_find(const struct dispatch *d, struct slice name)
{
    return *place_of(&d->registry, name);
}

struct command_slot *dispatch_find_sub(const struct command_slot *slot, struct slice name)
{
    for (uint32_t i = 0; i < slot->sub_count; i++)
        if (slice_is(name, slot->subs[i].row->name))
            return &slot->subs[i];
    return NULL;
}

struct command_slot *dispatch_resolve(const struct dispatch *d, const struct slice *argv, int argc)
{
    struct command_slot *slot = argc > 0 ? dispatch_find(d, argv[0]) : NULL;
    if (!slot || slot->sub_count == 0 || argc < 2)
        return slot;
    return dispatch_find_sub(slot, argv[1]);
}

size_t dispatch_count(const struct dispatch *d)
{
    return d->registry.count;
}

struct command_slot *dispatch_at(const struct dispatch *d, size_t index)
{
    ASSERT(index < d->registry.count);
    return d->registry.in_order[index];
}
