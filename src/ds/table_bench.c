/* What the table costs: nanoseconds of CPU time for an operation and bytes for an entry.
 *
 * bench_ds_table [count...] fills a table with so many entries of 64 bytes and 16-byte keys, looks
 * all up in another order, one by one and as batches with the two look-aheads, and empties it
 * again. A linear hash table is fullest just before it doubles, so counts between two powers of two
 * belong together: see README.md. The threshold is set by compiling with -DTABLE_SPLIT_HALVES=n. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "ds/table_priv.h"

#define KEY_BYTES 16
#define BATCH 64

struct entry {
    char header[8];
    char key[KEY_BYTES];
    char value[40];
};

struct bench {
    struct table *table;
    struct entry **entries; /* in the order of insertion */
    size_t *order;          /* of the look-ups */
    size_t count;
};

static const struct hash_key bench_hash_key = { 1, 2 };

static struct slice entry_key(const void *entry)
{
    return slice_of(((const struct entry *)entry)->key, KEY_BYTES);
}

static const struct table_type entry_type = { .key = entry_key };

static double each_ns(uint64_t since, size_t count)
{
    return (double)(clock_thread_cpu_ns() - since) / (double)count;
}

/* A letter and decimal digits, as keys are in the field. */
static void key_write(char *key, size_t n, char kind)
{
    key[0] = kind;
    for (size_t i = KEY_BYTES - 1; i > 0; i--, n /= 10)
        key[i] = (char)('0' + n % 10);
}

static struct bench bench_new(size_t count)
{
    struct rand rand;
    struct bench b = { .count = count };
    b.entries = mem_alloc(count * sizeof(*b.entries));
    b.order = mem_alloc(count * sizeof(*b.order));
    rand_seed(&rand, 1);
    for (size_t i = 0; i < count; i++) {
        b.entries[i] = mem_alloc(sizeof(struct entry));
        key_write(b.entries[i]->key, i, 'k');
        size_t at = rand_below(&rand, i + 1);
        b.order[i] = b.order[at];
        b.order[at] = i;
    }
    return b;
}

static void bench_free(struct bench *b)
{
    for (size_t i = 0; i < b->count; i++)
        mem_free(b->entries[i]);
    mem_free(b->entries);
    mem_free(b->order);
    table_free(b->table);
}

static double insert_all(struct bench *b)
{
    uint64_t start = clock_thread_cpu_ns();
    for (size_t i = 0; i < b->count; i++)
        table_insert(b->table, table_hash(b->table, entry_key(b->entries[i])), b->entries[i]);
    return each_ns(start, b->count);
}

/* Keys stand in a row, as arguments do: only the table and its entries are far away. */
static char (*keys_new(const struct bench *b, char kind))[KEY_BYTES]
{
    char(*keys)[KEY_BYTES] = mem_alloc(b->count * KEY_BYTES);
    for (size_t i = 0; i < b->count; i++)
        key_write(keys[i], b->order[i], kind);
    return keys;
}

static double find_all(const struct bench *b, char kind)
{
    char(*keys)[KEY_BYTES] = keys_new(b, kind);
    size_t found = 0;
    uint64_t start = clock_thread_cpu_ns();
    for (size_t i = 0; i < b->count; i++) {
        struct slice key = slice_of(keys[i], KEY_BYTES);
        found += table_find(b->table, table_hash(b->table, key), key) != NULL;
    }
    double spent = each_ns(start, b->count);
    ASSERT(found == (kind == 'k' ? b->count : 0));
    mem_free(keys);
    return spent;
}

static double remove_all(const struct bench *b)
{
    char(*keys)[KEY_BYTES] = keys_new(b, 'k');
    uint64_t start = clock_thread_cpu_ns();
    for (size_t i = 0; i < b->count; i++) {
        struct slice key = slice_of(keys[i], KEY_BYTES);
        ASSERT(table_take(b->table, table_hash(b->table, key), key));
    }
    double spent = each_ns(start, b->count);
    mem_free(keys);
    return spent;
}

static double find_batches(const struct bench *b)
{
    char(*keys)[KEY_BYTES] = keys_new(b, 'k');
    uint64_t hashes[BATCH];
    bool again[BATCH];
    size_t found = 0;
    uint64_t start = clock_thread_cpu_ns();
    for (size_t from = 0; from < b->count; from += BATCH) {
        size_t n = MIN_OF(b->count - from, (size_t)BATCH);
        for (size_t i = 0; i < n; i++) {
            hashes[i] = table_hash(b->table, slice_of(keys[from + i], KEY_BYTES));
            table_prefetch_bucket(b->table, hashes[i]);
        }
        for (size_t i = 0; i < n; i++)
            again[i] = table_prefetch_entry(b->table, hashes[i], false);
        for (size_t i = 0; i < n; i++)
            if (again[i])
                (void)table_prefetch_entry(b->table, hashes[i], true);
        for (size_t i = 0; i < n; i++)
            found += table_find(b->table, hashes[i], slice_of(keys[from + i], KEY_BYTES)) != NULL;
    }
    double spent = each_ns(start, b->count);
    ASSERT(found == b->count);
    mem_free(keys);
    return spent;
}

/* The longest single insertion, in microseconds of CPU time. What the kernel does while the thread
 * runs is in it: the first touch of a segment, an interrupt. */
static double longest_insert_us(struct bench *b)
{
    b->table = table_new(&entry_type, &bench_hash_key);
    uint64_t longest = 0;
    uint64_t before = clock_thread_cpu_ns();
    for (size_t i = 0; i < b->count; i++) {
        table_insert(b->table, table_hash(b->table, entry_key(b->entries[i])), b->entries[i]);
        uint64_t now = clock_thread_cpu_ns();
        longest = MAX_OF(longest, now - before);
        before = now;
    }
    table_free(b->table);
    return (double)longest / 1000;
}

static void run(size_t count)
{
    struct bench b = bench_new(count);
    double longest = longest_insert_us(&b);
    b.table = table_new(&entry_type, &bench_hash_key);
    double insert = insert_all(&b);
    double hit = find_all(&b, 'k');
    double miss = find_all(&b, 'x');
    double batch = find_batches(&b);
    double bytes = (double)table_footprint(b.table) / (double)count;
    struct table_stats stats;
    table_stats_read(b.table, &stats);
    double take = remove_all(&b);
    printf("%9zu %6.1f %6.1f %6.1f %6.1f %6.1f %9.1f %7.2f %7.3f %5zu\n", count, hit, miss, batch,
           insert, take, longest, bytes, (double)stats.overflow_buckets / (double)stats.buckets,
           stats.chain_max);
    bench_free(&b);
}

int main(int argc, char **argv)
{
    static const size_t usual[] = { 1000000, 1250000, 1500000, 1750000, 10000000 };
    mem_thread_enter();
    printf("split above %d/2 entries a bucket\n", TABLE_SPLIT_HALVES);
    printf("  entries    hit   miss  batch insert   take longest_us   bytes overfl. chain\n");
    for (int i = 1; i < argc; i++)
        run((size_t)strtoull(argv[i], NULL, 10));
    for (size_t i = 0; argc == 1 && i < COUNT_OF(usual); i++)
        run(usual[i]);
    return 0;
}
