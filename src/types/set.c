/* Sets: what is asked and changed of single members, and which form a set has. */
#include "types/set.h"

#include "types/set_priv.h"

static struct entry *new_of(enum value_encoding encoding, struct slice key, void *value,
                            int64_t when_ms)
{
    struct entry *e = entry_new(TYPE_SET, encoding, key, 0, when_ms);
    entry_put_pointer(e, value);
    return e;
}

struct entry *set_new(struct slice key, int64_t when_ms)
{
    return new_of(ENCODING_INTSET, key, intset_new(), when_ms);
}

struct entry *set_new_for(struct slice key, const struct type_env *env, struct slice first,
                          size_t count)
{
    int64_t number;
    if (num_parse_int(first, &number))
        return set_new(key, ENTRY_NO_EXPIRY);
    if ((int64_t)count <= env->set_listpack_entries)
        return new_of(ENCODING_LISTPACK, key, listpack_new(), ENTRY_NO_EXPIRY);
    struct set *s = set_table_new(env->hash_key);
    table_reserve(s->table, count);
    return new_of(ENCODING_SET_TABLE, key, s, ENTRY_NO_EXPIRY);
}

void set_expect(struct entry *e, const struct type_env *env, size_t count)
{
    /* How many integers are different has to be seen. */
    if (set_listpack(e) && (int64_t)count > env->set_listpack_entries)
        set_become_table(e, env, count);
}

size_t set_count(const struct entry *e)
{
    switch (entry_encoding(e)) {
    case ENCODING_INTSET:
        return intset_count(entry_pointer(e));
    case ENCODING_LISTPACK:
        return listpack_count(entry_pointer(e));
    default:
        return table_count(set_of(e)->table);
    }
}

static size_t pack_find(const struct listpack *lp, struct slice member)
{
    return listpack_find(lp, listpack_first(lp), member, 0);
}

bool set_has(const struct entry *e, struct slice member)
{
    int64_t number;
    switch (entry_encoding(e)) {
    case ENCODING_INTSET:
        return num_parse_int(member, &number) && intset_has(entry_pointer(e), number);
    case ENCODING_LISTPACK:
        return pack_find(entry_pointer(e), member) != LISTPACK_NONE;
    default: {
        const struct table *t = set_of(e)->table;
        return table_find(t, table_hash(t, member), member) != NULL;
    }
    }
}

/* ---- changes of the form ---- */

void set_put_encoded(struct entry *e, enum value_encoding encoding, void *value)
{
    void *old = entry_pointer(e);
    const enum value_encoding had = entry_encoding(e);
    entry_put_encoded(e, encoding, value);
    if (had == ENCODING_INTSET)
        intset_free(old);
    else if (had == ENCODING_LISTPACK)
        listpack_free(old);
    else
        set_table_ops.free(old);
}

void set_become_table(struct entry *e, const struct type_env *env, size_t count)
{
    struct set *s = set_table_new(env->hash_key);
    struct set_walk w;
    struct slice member;
    table_reserve(s->table, count);
    set_walk_open(&w, e);
    while (set_walk_next(&w, &member))
        set_table_insert(s, table_hash(s->table, member), member);
    set_walk_close(&w);
    set_put_encoded(e, ENCODING_SET_TABLE, s);
}

static struct listpack *pack_of_intset(const struct intset *is)
{
    struct listpack *lp = listpack_new();
    for (size_t i = 0; i < intset_count(is); i++)
        lp = listpack_append_int(lp, intset_at(is, i));
    return lp;
}

/* Whether the integers and a text of `len` bytes make a small set. */
static bool intset_fits_pack(const struct intset *is, const struct type_env *env, size_t len)
{
    const size_t count = intset_count(is);
    size_t longest = 0;
    if (count > 0)
        longest = MAX_OF(num_int_len(intset_at(is, 0)), num_int_len(intset_at(is, count - 1)));
    /* No number takes more than 11 bytes of a listpack. */
    return (int64_t)count < env->set_listpack_entries &&
           (int64_t)MAX_OF(len, longest) <= env->set_listpack_value &&
           len + (count + 1) * 11 < LISTPACK_BYTES_MAX;
}

/* ---- additions ---- */

static bool table_add(struct set *s, struct slice member)
{
    const uint64_t hash = table_hash(s->table, member);
    if (table_find(s->table, hash, member))
        return false;
    set_table_insert(s, hash, member);
    return true;
}

/* A text comes to integers: it is not among them. */
static void intset_add_text(struct entry *e, const struct type_env *env, struct slice member)
{
    const struct intset *is = entry_pointer(e);
    if (intset_fits_pack(is, env, member.len)) {
        struct listpack *lp = listpack_append(pack_of_intset(is), member);
        set_put_encoded(e, ENCODING_LISTPACK, lp);
        return;
    }
    set_become_table(e, env, intset_count(is) + 1);
    struct set *s = set_of(e);
    set_table_insert(s, table_hash(s->table, member), member);
}

static bool intset_add_member(struct entry *e, const struct type_env *env, struct slice member)
{
    int64_t number;
    bool is_new;
    if (!num_parse_int(member, &number)) {
        intset_add_text(e, env, member);
        return true;
    }
    if (UNLIKELY(!intset_has_room(entry_pointer(e)))) {
        set_become_table(e, env, 0);
        return table_add(set_of(e), member);
    }
    struct intset *is = intset_add(entry_pointer(e), number, &is_new);
    entry_put_pointer(e, is);
    if (is_new && (int64_t)intset_count(is) > env->set_intset_entries)
        set_become_table(e, env, 0);
    return is_new;
}

static bool pack_add(struct entry *e, const struct type_env *env, struct slice member)
{
    struct listpack *lp = entry_pointer(e);
    if (pack_find(lp, member) != LISTPACK_NONE)
        return false;
    const size_t count = listpack_count(lp);
    if ((int64_t)count < env->set_listpack_entries &&
        (int64_t)member.len <= env->set_listpack_value && listpack_has_room(lp, member.len)) {
        entry_put_pointer(e, listpack_append(lp, member));
        return true;
    }
    set_become_table(e, env, count + 1);
    struct set *s = set_of(e);
    set_table_insert(s, table_hash(s->table, member), member);
    return true;
}

bool set_add(struct entry *e, const struct type_env *env, struct slice member)
{
    switch (entry_encoding(e)) {
    case ENCODING_INTSET:
        return intset_add_member(e, env, member);
    case ENCODING_LISTPACK:
        return pack_add(e, env, member);
    default:
        return table_add(set_of(e), member);
    }
}

/* ---- removals ---- */

static bool intset_remove_member(struct entry *e, struct slice member)
{
    int64_t number;
    bool was_there = false;
    if (num_parse_int(member, &number))
        entry_put_pointer(e, intset_remove(entry_pointer(e), number, &was_there));
    return was_there;
}

static bool pack_remove(struct entry *e, struct slice member)
{
    struct listpack *lp = entry_pointer(e);
    const size_t at = pack_find(lp, member);
    if (at != LISTPACK_NONE)
        entry_put_pointer(e, listpack_delete(lp, at, 1));
    return at != LISTPACK_NONE;
}

bool set_remove(struct entry *e, struct slice member)
{
    switch (entry_encoding(e)) {
    case ENCODING_INTSET:
        return intset_remove_member(e, member);
    case ENCODING_LISTPACK:
        return pack_remove(e, member);
    default: {
        struct set *s = set_of(e);
        struct set_member *m = table_take(s->table, table_hash(s->table, member), member);
        if (m)
            set_table_drop(s, m);
        return m != NULL;
    }
    }
}

void set_pack_integers(struct entry *e, const struct type_env *env)
{
    if (entry_encoding(e) == ENCODING_INTSET || (int64_t)set_count(e) > env->set_intset_entries)
        return;
    struct intset *is = intset_new();
    struct set_walk w;
    struct slice member;
    int64_t number;
    bool all = true;
    set_walk_open(&w, e);
    while (all && set_walk_next(&w, &member)) {
        all = num_parse_int(member, &number);
        if (all)
            is = intset_add(is, number, NULL);
    }
    set_walk_close(&w);
    if (all)
        set_put_encoded(e, ENCODING_INTSET, is);
    else
        intset_free(is);
}

/* ---- bytes of files and peers ---- */

const struct intset *set_intset(const struct entry *e)
{
    return entry_encoding(e) == ENCODING_INTSET ? entry_pointer(e) : NULL;
}

const struct listpack *set_listpack(const struct entry *e)
{
    return entry_encoding(e) == ENCODING_LISTPACK ? entry_pointer(e) : NULL;
}

struct table *set_table(const struct entry *e)
{
    return entry_encoding(e) == ENCODING_SET_TABLE ? set_of(e)->table : NULL;
}

struct entry *set_new_intset(struct slice key, struct intset *is, int64_t when_ms,
                             const struct type_env *env)
{
    struct entry *e = new_of(ENCODING_INTSET, key, is, when_ms);
    if ((int64_t)intset_count(is) > env->set_intset_entries)
        set_become_table(e, env, intset_count(is));
    return e;
}

struct entry *set_new_listpack(struct slice key, struct listpack *lp, int64_t when_ms,
                               const struct type_env *env)
{
    struct entry *e = new_of(ENCODING_LISTPACK, key, lp, when_ms);
    const size_t count = listpack_count(lp);
    if ((int64_t)count > env->set_listpack_entries)
        set_become_table(e, env, count);
    return e;
}
