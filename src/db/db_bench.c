/* Bytes a key, and the time of inserting and of looking up in batches.
 *
 * The peer's column is what Debian's redis-server 7.0.15 takes for the same million keys (the difference
 * of used_memory, amd64), so that a ratio is seen without running it. */
#include <stdio.h>

#include "base/clock.h"
#include "base/mem.h"
#include "db/db.h"
#include "journal/journal.h"
#include "types/string.h"

#define KEYS 1000000
#define BATCH 100
#define KEY_LEN 16
#define VALUE_LEN_MAX 100
#define NOW_MS INT64_C(1700000000000)
#define TTL_SPREAD_MS 1000000

struct row {
    const char *name;
    size_t value_len; /* 0: an integer */
    bool ttl;
    double peer_bytes, ratio_max;
};

static const struct row rows[] = {
    { "8-byte value", 8, false, 104.4, 0.54 },       { "32-byte value", 32, false, 136.4, 0.58 },
    { "100-byte value", 100, false, 200.4, 0.80 },   { "integer value", 0, false, 88.4, 0.53 },
    { "32-byte value, TTL", 32, true, 176.8, 0.57 },
};

/* "key:000000000042" */
static struct slice key_name(char room[static KEY_LEN], unsigned i)
{
    memcpy(room, "key:000000000000", KEY_LEN);
    for (size_t at = KEY_LEN; i > 0; i /= 10)
        room[--at] = (char)('0' + i % 10);
    return slice_of(room, KEY_LEN);
}

static void fill(struct db *db, const struct row *row)
{
    char name[KEY_LEN], value[VALUE_LEN_MAX];
    memset(value, 'v', sizeof(value));
    for (unsigned i = 0; i < KEYS; i++) {
        struct key key = db_key(db, key_name(name, i));
        int64_t when_ms = row->ttl ? NOW_MS + (int64_t)i * 7919 % TTL_SPREAD_MS + 1
                                   : ENTRY_NO_EXPIRY;
        struct entry *e = row->value_len
                              ? string_new(key.name, slice_of(value, row->value_len), when_ms)
                              : string_new_int(key.name, 1000000 + i, when_ms);
        db_insert(db, key, e);
    }
}

/* In batches with prefetch, as the dispatcher does; the sum keeps the compiler from dropping it. */
static size_t read_all(struct db *db, struct rand *rand)
{
    static char names[BATCH][KEY_LEN];
    char scratch[NUM_INT_MAX_CHARS];
    struct key keys[BATCH];
    size_t bytes = 0;
    for (size_t done = 0; done < KEYS; done += BATCH) {
        for (size_t i = 0; i < BATCH; i++)
            keys[i] = db_key(db, key_name(names[i], (unsigned)rand_below(rand, KEYS)));
        for (size_t i = 0; i < BATCH; i++)
            db_prefetch_bucket(db, keys[i].hash);
        for (size_t i = 0; i < BATCH; i++)
            (void)db_prefetch_entry(db, keys[i].hash, false);
        for (size_t i = 0; i < BATCH; i++)
            bytes += string_bytes(db_lookup_read(db, keys[i]), scratch).len;
    }
    return bytes;
}

static void run(const struct row *row)
{
    struct journal *journal = journal_new();
    struct keyspace *ks = keyspace_new(journal, NULL, /* seed= */ 1);
    keyspace_start(ks);
    keyspace_set_now(ks, NOW_MS);
    struct db *db = keyspace_db(ks, 0);
    struct rand rand;
    rand_seed(&rand, 2);

    uint64_t before = mem_used();
    uint64_t start = clock_thread_cpu_ns();
    fill(db, row);
    uint64_t filled = clock_thread_cpu_ns();
    double bytes = (double)(mem_used() - before) / KEYS;
    (void)read_all(db, &rand); /* warms up */
    uint64_t warm = clock_thread_cpu_ns();
    size_t sum = read_all(db, &rand);
    uint64_t end = clock_thread_cpu_ns();

    printf("%-20s %6.1f bytes a key (overhead %4.1f)  %.2f of the peer, at most %.2f%s   "
           "%3.0f ns insert  %3.0f ns read%s\n",
           row->name, bytes, (double)db_overhead(db) / KEYS, bytes / row->peer_bytes,
           row->ratio_max, bytes / row->peer_bytes > row->ratio_max ? " MISSED" : "",
           (double)(filled - start) / KEYS, (double)(end - warm) / KEYS, sum ? "" : " nothing");
    keyspace_free(ks);
    journal_free(journal);
}

int main(void)
{
    mem_thread_enter();
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        run(&rows[i]);
    mem_thread_leave();
    return 0;
}
