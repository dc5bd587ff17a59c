/* Sets as tables, and what is to be known of the forms that sets alone have. */
#include "types/set_priv.h"

static struct slice table_key(const void *m);
static void intset_value_free(void *value);
static void *intset_value_copy(void *value);
static size_t intset_free_effort(const void *value);
static size_t intset_value_footprint(const void *value);
static void table_value_free(void *value);
static void *table_value_copy(void *value);
static size_t table_free_effort(const void *value);
static size_t table_value_footprint(const void *value);
static const struct table *table_of_value(const void *value);

const struct table_type set_table_type = { .key = table_key };

const struct encoding_ops set_intset_ops = {
    .free = intset_value_free,
    .copy = intset_value_copy,
    .free_effort = intset_free_effort,
    .footprint = intset_value_footprint,
};

const struct encoding_ops set_table_ops = {
    .free = table_value_free,
    .copy = table_value_copy,
    .free_effort = table_free_effort,
    .footprint = table_value_footprint,
    .table = table_of_value,
};

struct set *set_table_new(const struct hash_key *hash_key)
{
    struct set *s = mem_alloc(sizeof(*s));
    s->table = table_new(&set_table_type, hash_key);
    s->block_bytes = 0;
    return s;
}

void set_table_insert(struct set *s, uint64_t hash, struct slice text)
{
    const size_t size = set_member_size(text.len);
    table_insert(s->table, hash, set_member_write(mem_alloc(size), text));
    s->block_bytes += mem_size_class(size);
}

static void drop_visited(void *arg, void *entry)
{
    set_table_drop(arg, entry);
}

void set_fill_open(struct set_fill *f, struct entry *e)
{
    ASSERT(set_table(e));
    f->set = set_of(e);
    table_fill_init(&f->fill, f->set->table);
}

bool set_fill_add(struct set_fill *f, struct slice member)
{
    const size_t size = set_member_size(member.len);
    struct set_member *m = set_member_write(mem_alloc(size), member);
    f->set->block_bytes += mem_size_class(size);
    return table_fill_add(&f->fill, table_hash(f->set->table, member), m);
}

bool set_fill_close(struct set_fill *f)
{
    const bool is_new = table_fill_finish(&f->fill);
    table_fill_drop(&f->fill, drop_visited, f->set);
    return is_new;
}

void set_table_drop(struct set *s, struct set_member *m)
{
    const size_t size = set_member_size(set_member_text(m).len);
    s->block_bytes -= mem_size_class(size);
    mem_free_sized(set_member_block(m), size);
}

static struct slice table_key(const void *m)
{
    return set_member_text(m);
}

static void intset_value_free(void *value)
{
    intset_free(value);
}

static void *intset_value_copy(void *value)
{
    return intset_copy(value);
}

/* One block, however many numbers are in it. */
static size_t intset_free_effort(const void *value UNUSED)
{
    return 1;
}

static size_t intset_value_footprint(const void *value)
{
    return intset_footprint(value);
}

static void free_member(void *arg UNUSED, void *entry)
{
    mem_free_sized(set_member_block(entry), set_member_size(set_member_text(entry).len));
}

static void table_value_free(void *value)
{
    struct set *s = value;
    table_each(s->table, free_member, NULL);
    table_free(s->table);
    mem_free_sized(s, sizeof(*s));
}

static void copy_member(void *arg, void *entry)
{
    struct set *copy = arg;
    const struct slice text = set_member_text(entry);
    set_table_insert(copy, table_hash(copy->table, text), text);
}

static void *table_value_copy(void *value)
{
    const struct set *s = value;
    struct set *copy = set_table_new(table_hash_key(s->table));
    table_reserve(copy->table, table_count(s->table));
    table_each(s->table, copy_member, copy);
    return copy;
}

static size_t table_free_effort(const void *value)
{
    return table_count(((const struct set *)value)->table);
}

static size_t table_value_footprint(const void *value)
{
    const struct set *s = value;
    return mem_size_class(sizeof(*s)) + table_footprint(s->table) + s->block_bytes;
}

static const struct table *table_of_value(const void *value)
{
    return ((const struct set *)value)->table;
}
