/* The forms of a hash. */
#ifndef TYPES_HASH_PRIV_H
#define TYPES_HASH_PRIV_H

#include <string.h>

#include "ds/timetree.h"
#include "types/entry_priv.h"
#include "types/hash.h"

INLINE bool is_over(int64_t when_ms, int64_t now_ms)
{
    return when_ms != ENTRY_NO_EXPIRY && now_ms > when_ms;
}

/* ---- the listpack forms ---- */

#define PAIR ((size_t)2)
#define TRIPLET ((size_t)3)

/* What the word of ENCODING_HASH_EXPIRING points to. */
struct hash_pack {
    int64_t listed_ms;
    int64_t due_ms; /* of the field that goes first, or HASH_NEVER */
    struct listpack *lp;
};

/* A listpack and how many entries a field has in it. */
struct pack {
    struct listpack *lp;
    size_t width;
};

INLINE bool is_table(const struct entry *e)
{
    return entry_encoding(e) == ENCODING_HASH_TABLE;
}

INLINE struct pack pack_of(const struct entry *e)
{
    if (LIKELY(entry_encoding(e) == ENCODING_LISTPACK))
        return (struct pack){ entry_pointer(e), PAIR };
    const struct hash_pack *p = entry_pointer(e);
    return (struct pack){ p->lp, TRIPLET };
}

/* The place of a field's name, or LISTPACK_NONE. */
size_t pack_find(const struct pack *p, struct slice name);
int64_t pack_expiry(const struct pack *p, size_t at);
/* The field at `at`, as slices with digits in the two rooms; returns the place of the next. */
size_t pack_read(const struct pack *p, size_t at, char *name, char *value,
                 struct hash_field *ret_field);
/* Of the field that goes first, or HASH_NEVER. */
int64_t pack_due(const struct pack *p);
size_t pack_count(const struct pack *p, int64_t now_ms);

/* Another expiry makes a hash of pairs one of triplets. */
bool pack_put(struct entry *e, const struct hash_field *f, int64_t now_ms);
void pack_set_expiry(struct entry *e, size_t at, int64_t when_ms);
void pack_remove(struct entry *e, size_t at);
size_t pack_each_due(const struct pack *p, int64_t now_ms, size_t max, hash_visit visit, void *arg);
void pack_expire(struct entry *e, int64_t now_ms, size_t count);
/* Whether a field with such bytes may be put into it and stay a listpack. */
bool pack_takes(const struct pack *p, const struct type_env *env, const struct hash_field *f);
/* Allocates what the word of ENCODING_HASH_EXPIRING points to; takes over the listpack. */
struct hash_pack *pack_wrap(struct listpack *lp);
void pack_verify(const struct entry *e);

/* ---- the table ---- */

/* What the word of ENCODING_HASH_TABLE points to. */
struct hash_table {
    int64_t listed_ms;
    struct table *fields;
    struct timetree *times; /* of fields that expire; NULL until the first */
    size_t block_bytes;     /* of all fields */
};

struct hash_table *fields_new(const struct hash_key *hash_key);
void fields_free(struct hash_table *h);
/* NULL if a field is in it twice. */
struct hash_table *fields_from_pack(const struct pack *p, const struct hash_key *hash_key);

/* A field's block. */
struct block *fields_find(const struct hash_table *h, struct slice name);
struct hash_field block_read(const struct block *b);
int64_t block_expiry(const struct block *b);

bool fields_put(struct hash_table *h, const struct hash_field *f, int64_t now_ms);
void fields_set_expiry(struct hash_table *h, struct block *b, int64_t when_ms);
bool fields_remove(struct hash_table *h, struct slice name, int64_t now_ms);
size_t fields_count(const struct hash_table *h, int64_t now_ms);
bool fields_are_over(const struct hash_table *h, int64_t now_ms);
int64_t fields_due(const struct hash_table *h);
size_t fields_each_due(const struct hash_table *h, int64_t now_ms, size_t max, hash_visit visit,
                       void *arg);
void fields_expire(struct hash_table *h, int64_t now_ms, size_t count);
uint64_t fields_scan(struct hash_table *h, uint64_t cursor, int64_t now_ms, hash_visit visit,
                     void *arg);
/* Different fields, few of many. */
void fields_draw(struct hash_table *h, const struct type_env *env, int64_t now_ms, size_t count,
                 hash_visit visit, void *arg);
/* One field; NULL if chance did not find one that is to be seen. */
struct block *fields_random(const struct hash_table *h, const struct type_env *env, int64_t now_ms);
void fields_verify(const struct hash_table *h);

extern const struct encoding_ops hash_pack_ops;
extern const struct encoding_ops hash_table_ops;

#endif
