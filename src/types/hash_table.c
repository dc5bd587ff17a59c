/* Big hashes: a table of blocks, one for each field.
 *
 *   offset  size  what
 *   0       1     bit 7: expires; bits 0 to 6: length of the name, 127: lengths are long
 *   1       1     length of the value
 *   2       16    both lengths, 8 bytes each    only if long
 *   +       8     expiry in ms                  only if it expires
 *   +       n     name
 *   +       v     value */
#include "base/mem.h"
#include "types/hash_priv.h"

struct block {
    uint8_t name_len;
    uint8_t value_len;
    char bytes[];
};

#define EXPIRES 0x80
#define LONG_NAME 127
#define VALUE_LEN_MAX 255
#define LONG_BYTES (2 * sizeof(uint64_t))

/* Buckets that are emptied at a time. */
#define DRAIN_BUCKETS 1024
/* Draws before chance gives up finding a field that is not over. */
#define DRAWS_MAX 100

/* What follows from lengths and expiry. */
struct block_shape {
    size_t name_len, value_len;
    bool is_long, expires;
};

static struct block_shape shape_for(const struct hash_field *f)
{
    return (struct block_shape){
        .name_len = f->name.len,
        .value_len = f->value.len,
        .is_long = f->name.len >= LONG_NAME || f->value.len > VALUE_LEN_MAX,
        .expires = f->when_ms != ENTRY_NO_EXPIRY,
    };
}

INLINE struct block_shape shape_of(const struct block *b)
{
    struct block_shape s = {
        .name_len = b->name_len & LONG_NAME,
        .value_len = b->value_len,
        .expires = (b->name_len & EXPIRES) != 0,
    };
    if (UNLIKELY(s.name_len == LONG_NAME)) {
        uint64_t lens[2];
        memcpy(lens, b->bytes, sizeof(lens));
        s.is_long = true;
        s.name_len = lens[0];
        s.value_len = lens[1];
    }
    return s;
}

INLINE size_t name_offset(const struct block_shape *s)
{
    return s->is_long * LONG_BYTES + s->expires * sizeof(int64_t);
}

static size_t shape_size(const struct block_shape *s)
{
    return sizeof(struct block) + name_offset(s) + s->name_len + s->value_len;
}

/* What the allocator gives for it. */
static size_t shape_block(const struct block_shape *s)
{
    return mem_size_class(shape_size(s));
}

static int64_t read_expiry(const struct block *b, const struct block_shape *s)
{
    int64_t when_ms = ENTRY_NO_EXPIRY;
    if (s->expires)
        memcpy(&when_ms, b->bytes + name_offset(s) - sizeof(when_ms), sizeof(when_ms));
    return when_ms;
}

int64_t block_expiry(const struct block *b)
{
    struct block_shape s = shape_of(b);
    return read_expiry(b, &s);
}

struct hash_field block_read(const struct block *b)
{
    struct block_shape s = shape_of(b);
    const char *name = b->bytes + name_offset(&s);
    return (struct hash_field){
        .name = slice_of(name, s.name_len),
        .value = slice_of(name + s.name_len, s.value_len),
        .when_ms = read_expiry(b, &s),
    };
}

static struct slice key_of_block(const void *entry)
{
    const struct block *b = entry;
    struct block_shape s = shape_of(b);
    return slice_of(b->bytes + name_offset(&s), s.name_len);
}

static const struct table_type field_table = { .key = key_of_block, .dense = true };

/* All but the name. */
static void block_write(struct block *b, const struct block_shape *s, const struct hash_field *f)
{
    b->name_len = (uint8_t)((s->is_long ? LONG_NAME : s->name_len) | (s->expires ? EXPIRES : 0));
    b->value_len = s->is_long ? 0 : (uint8_t)s->value_len;
    if (s->is_long)
        memcpy(b->bytes, (const uint64_t[]){ s->name_len, s->value_len }, LONG_BYTES);
    char *name = b->bytes + name_offset(s);
    if (s->expires)
        memcpy(name - sizeof(f->when_ms), &f->when_ms, sizeof(f->when_ms));
    if (s->value_len)
        memcpy(name + s->name_len, f->value.ptr, s->value_len);
}

static struct block *block_new(const struct hash_field *f)
{
    struct block_shape s = shape_for(f);
    struct block *b = mem_alloc(shape_size(&s));
    block_write(b, &s, f);
    if (s.name_len)
        memcpy(b->bytes + name_offset(&s), f->name.ptr, s.name_len);
    return b;
}

static void block_free(struct block *b)
{
    struct block_shape s = shape_of(b);
    mem_free_sized(b, shape_size(&s));
}

/* ---- life ---- */

struct hash_table *fields_new(const struct hash_key *hash_key)
{
    struct hash_table *h = mem_alloc(sizeof(*h));
    *h = (struct hash_table){
        .listed_ms = HASH_NEVER,
        .fields = table_new(&field_table, hash_key),
    };
    return h;
}

static void free_visited(void *arg UNUSED, void *entry)
{
    block_free(entry);
}

void fields_free(struct hash_table *h)
{
    timetree_free(h->times);
    while (!table_drain(h->fields, DRAIN_BUCKETS, free_visited, NULL))
        continue;
    table_free(h->fields);
    mem_free_sized(h, sizeof(*h));
}

static void add_time(struct hash_table *h, struct block *b, int64_t when_ms)
{
    if (when_ms == ENTRY_NO_EXPIRY)
        return;
    if (!h->times)
        h->times = timetree_new();
    timetree_add(h->times, when_ms, b);
}

static void insert(struct hash_table *h, uint64_t hash, const struct hash_field *f)
{
    struct block *b = block_new(f);
    struct block_shape s = shape_of(b);
    table_insert(h->fields, hash, b);
    add_time(h, b, f->when_ms);
    h->block_bytes += shape_block(&s);
}

static void free_waiting(void *arg UNUSED, void *entry)
{
    block_free(entry);
}

bool hash_fill_add(struct hash_fill *f, const struct hash_field *field)
{
    struct block *b = block_new(field);
    struct block_shape s = shape_of(b);
    f->table->block_bytes += shape_block(&s);
    add_time(f->table, b, field->when_ms);
    return table_fill_add(&f->fill, table_hash(f->table->fields, field->name), b);
}

bool hash_fill_close(struct hash_fill *f)
{
    const bool is_new = table_fill_finish(&f->fill);
    table_fill_drop(&f->fill, free_waiting, NULL);
    return is_new;
}

struct hash_table *fields_from_pack(const struct pack *p, const struct hash_key *hash_key)
{
    struct hash_table *h = fields_new(hash_key);
    char name[NUM_INT_MAX_CHARS], value[NUM_INT_MAX_CHARS];
    table_reserve(h->fields, listpack_count(p->lp) / p->width);
    for (size_t at = listpack_first(p->lp); at != LISTPACK_NONE;) {
        struct hash_field f;
        at = pack_read(p, at, name, value, &f);
        uint64_t hash = table_hash(h->fields, f.name);
        if (table_find(h->fields, hash, f.name)) {
            fields_free(h);
            return NULL;
        }
        insert(h, hash, &f);
    }
    return h;
}

static void op_free(void *value)
{
    fields_free(value);
}

static void copy_visited(void *arg, void *entry)
{
    struct hash_table *copy = arg;
    struct hash_field f = block_read(entry);
    insert(copy, table_hash(copy->fields, f.name), &f);
}

static void *op_copy(void *value)
{
    const struct hash_table *h = value;
    struct hash_table *copy = fields_new(table_hash_key(h->fields));
    table_reserve(copy->fields, table_count(h->fields));
    table_each(h->fields, copy_visited, copy);
    return copy;
}

static size_t op_free_effort(const void *value)
{
    return table_count(((const struct hash_table *)value)->fields);
}

static size_t op_footprint(const void *value)
{
    const struct hash_table *h = value;
    size_t bytes = mem_size_class(sizeof(*h)) + table_footprint(h->fields) + h->block_bytes;
    return bytes + (h->times ? timetree_footprint(h->times) : 0);
}

static const struct table *op_table(const void *value)
{
    return ((const struct hash_table *)value)->fields;
}

const struct encoding_ops hash_table_ops = {
    .free = op_free,
    .copy = op_copy,
    .free_effort = op_free_effort,
    .footprint = op_footprint,
    .table = op_table,
};

/* ---- one field ---- */

struct block *fields_find(const struct hash_table *h, struct slice name)
{
    return table_find(h->fields, table_hash(h->fields, name), name);
}

/* In place if the allocator would give the same block for it. */
static void change(struct hash_table *h, uint64_t hash, struct block *b, const struct hash_field *f)
{
    struct block_shape before = shape_of(b), after = shape_for(f);
    int64_t old_ms = read_expiry(b, &before);
    size_t old_bytes = shape_block(&before), new_bytes = shape_block(&after);
    if (old_ms != ENTRY_NO_EXPIRY)
        timetree_remove(h->times, old_ms, b);
    if (old_bytes == new_bytes) {
        if (name_offset(&before) != name_offset(&after))
            memmove(b->bytes + name_offset(&after), b->bytes + name_offset(&before),
                    after.name_len);
        block_write(b, &after, f);
    } else {
        struct block *moved = block_new(f);
        table_replace(h->fields, hash, b, moved);
        block_free(b);
        b = moved;
        h->block_bytes += new_bytes - old_bytes;
    }
    add_time(h, b, f->when_ms);
}

bool fields_put(struct hash_table *h, const struct hash_field *f, int64_t now_ms)
{
    struct hash_field put = *f;
    uint64_t hash = table_hash(h->fields, put.name);
    struct block *b = table_find(h->fields, hash, put.name);
    if (!b) {
        if (put.when_ms == HASH_KEEP_EXPIRY)
            put.when_ms = ENTRY_NO_EXPIRY;
        insert(h, hash, &put);
        return true;
    }
    int64_t old_ms = block_expiry(b);
    bool is_new = is_over(old_ms, now_ms);
    if (put.when_ms == HASH_KEEP_EXPIRY)
        put.when_ms = is_new ? ENTRY_NO_EXPIRY : old_ms;
    change(h, hash, b, &put);
    return is_new;
}

void fields_set_expiry(struct hash_table *h, struct block *b, int64_t when_ms)
{
    struct hash_field f = block_read(b);
    if (f.when_ms == when_ms)
        return;
    uint64_t hash = table_hash(h->fields, f.name);
    struct block_shape before = shape_of(b);
    f.when_ms = when_ms;
    struct block_shape after = shape_for(&f);
    if (name_offset(&before) == name_offset(&after)) {
        timetree_remove(h->times, block_expiry(b), b);
        memcpy(b->bytes + name_offset(&after) - sizeof(when_ms), &when_ms, sizeof(when_ms));
        add_time(h, b, when_ms);
        return;
    }
    /* Name and value lie in the block: another one takes them. */
    struct block *moved = block_new(&f);
    int64_t old_ms = block_expiry(b);
    if (old_ms != ENTRY_NO_EXPIRY)
        timetree_remove(h->times, old_ms, b);
    table_replace(h->fields, hash, b, moved);
    block_free(b);
    h->block_bytes += shape_block(&after) - shape_block(&before);
    add_time(h, moved, when_ms);
}

/* Out of the table already. */
static void forget(struct hash_table *h, struct block *b)
{
    struct block_shape s = shape_of(b);
    if (s.expires)
        timetree_remove(h->times, read_expiry(b, &s), b);
    h->block_bytes -= shape_block(&s);
    block_free(b);
}

bool fields_remove(struct hash_table *h, struct slice name, int64_t now_ms)
{
    uint64_t hash = table_hash(h->fields, name);
    struct block *b = table_find(h->fields, hash, name);
    if (!b || is_over(block_expiry(b), now_ms))
        return false;
    table_remove(h->fields, hash, b);
    forget(h, b);
    return true;
}

/* ---- all fields ---- */

/* How many are over. */
static size_t count_over(const struct hash_table *h, int64_t now_ms)
{
    return h->times && now_ms != HASH_SHOW_ALL ? timetree_count_before(h->times, now_ms) : 0;
}

size_t fields_count(const struct hash_table *h, int64_t now_ms)
{
    return table_count(h->fields) - count_over(h, now_ms);
}

bool fields_are_over(const struct hash_table *h, int64_t now_ms)
{
    int64_t last_ms;
    size_t count = table_count(h->fields);
    if (count == 0)
        return true;
    if (!h->times || timetree_count(h->times) < count)
        return false;
    return timetree_last(h->times, &last_ms) && is_over(last_ms, now_ms);
}

struct scan {
    int64_t now_ms;
    hash_visit visit;
    void *arg;
};

static void scan_visited(void *arg, void *entry)
{
    const struct scan *scan = arg;
    struct hash_field f = block_read(entry);
    if (!is_over(f.when_ms, scan->now_ms))
        scan->visit(scan->arg, &f);
}

uint64_t fields_scan(struct hash_table *h, uint64_t cursor, int64_t now_ms, hash_visit visit,
                     void *arg)
{
    struct scan scan = { now_ms, visit, arg };
    return table_scan(h->fields, cursor, scan_visited, &scan);
}

struct block *fields_random(const struct hash_table *h, const struct type_env *env, int64_t now_ms)
{
    for (unsigned draw = 0; draw < DRAWS_MAX; draw++) {
        struct block *b = table_random(h->fields, env->rand);
        if (!b || !is_over(block_expiry(b), now_ms))
            return b;
    }
    return NULL;
}

void fields_draw(struct hash_table *h, const struct type_env *env, int64_t now_ms, size_t count,
                 hash_visit visit, void *arg)
{
    struct table *drawn = table_new(&field_table, table_hash_key(h->fields));
    while (table_count(drawn) < count) {
        struct block *b = table_random(h->fields, env->rand);
        struct hash_field f = block_read(b);
        uint64_t hash = table_hash(drawn, f.name);
        if (is_over(f.when_ms, now_ms) || table_find(drawn, hash, f.name))
            continue;
        table_insert(drawn, hash, b);
        visit(arg, &f);
    }
    table_free(drawn);
}

/* ---- fields that expire ---- */

int64_t fields_due(const struct hash_table *h)
{
    int64_t when_ms;
    return h->times && timetree_first(h->times, &when_ms) ? when_ms : HASH_NEVER;
}

struct due {
    size_t left;
    hash_visit visit;
    void *arg;
};

static bool visit_due(void *arg, int64_t when_ms UNUSED, void *item)
{
    struct due *due = arg;
    if (due->left == 0)
        return false;
    struct hash_field f = block_read(item);
    due->visit(due->arg, &f);
    due->left--;
    return true;
}

size_t fields_each_due(const struct hash_table *h, int64_t now_ms, size_t max, hash_visit visit,
                       void *arg)
{
    struct due due = { .left = max, .visit = visit, .arg = arg };
    if (h->times)
        timetree_each_before(h->times, now_ms, visit_due, &due);
    return max - due.left;
}

void fields_expire(struct hash_table *h, int64_t now_ms, size_t count)
{
    for (; count > 0; count--) {
        int64_t when_ms;
        struct block *b = timetree_first(h->times, &when_ms);
        ASSERT(b);
        ASSERT(is_over(when_ms, now_ms));
        struct slice name = key_of_block(b);
        table_remove(h->fields, table_hash(h->fields, name), b);
        forget(h, b);
    }
}

/* ---- checks ---- */

static void add_bytes(void *arg, void *entry)
{
    struct block_shape s = shape_of(entry);
    *(size_t *)arg += shape_block(&s);
}

static void check_time(void *arg, int64_t when_ms, void *item)
{
    const struct hash_table *h = arg;
    struct hash_field f = block_read(item);
    ASSERT(f.when_ms == when_ms);
    ASSERT(fields_find(h, f.name) == item);
}

static void count_time(void *arg, void *entry)
{
    *(size_t *)arg += block_expiry(entry) != ENTRY_NO_EXPIRY;
}

void fields_verify(const struct hash_table *h)
{
    size_t bytes = 0, expiring = 0;
    table_verify(h->fields);
    table_each(h->fields, add_bytes, &bytes);
    table_each(h->fields, count_time, &expiring);
    ASSERT(bytes == h->block_bytes);
    ASSERT(expiring == (h->times ? timetree_count(h->times) : 0));
    if (h->times) {
        timetree_verify(h->times);
        timetree_each(h->times, check_time, (void *)(uintptr_t)h);
    }
}
