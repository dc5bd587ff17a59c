/* What the room gives to CONFIG, INFO and the cron. */
#include "base/macros.h"
#include "db/db_priv.h"

/* Buckets that a database's table catches up with at a time. */
#define SETTLE_STEPS 1000

static const struct directive_word policy_words[] = {
    { "volatile-lru", POLICY_VOLATILE_LRU },
    { "volatile-lfu", POLICY_VOLATILE_LFU },
    { "volatile-random", POLICY_VOLATILE_RANDOM },
    { "volatile-ttl", POLICY_VOLATILE_TTL },
    { "allkeys-lru", POLICY_ALLKEYS_LRU },
    { "allkeys-lfu", POLICY_ALLKEYS_LFU },
    { "allkeys-random", POLICY_ALLKEYS_RANDOM },
    { "noeviction", POLICY_NOEVICTION },
    { NULL, 0 },
};

static int apply_policy(void *owner, const char **ret_error)
{
    (void)ret_error;
    keyspace_update_touch(owner);
    return 0;
}

#define AT(member) .offset = offsetof(struct keyspace_settings, member)
#define LAZYFREE(word, member, what)                                                         \
    {                                                                                        \
        .name = "lazyfree-lazy-" word, .type = DIRECTIVE_BOOL, AT(member), .initial = "yes", \
        .summary = what " in the background."                                                \
    }

static const struct directive directives[] = {
    { .name = "databases",
      .type = DIRECTIVE_INT,
      .flags = DIRECTIVE_IMMUTABLE,
      AT(databases),
      .min = 1,
      .max = INT32_MAX,
      .initial = "16",
      .summary = "How many databases there are. SELECT chooses one by its number, from "
                 "0." },
    LAZYFREE("eviction", lazyfree_eviction, "Big values that are evicted are freed"),
    LAZYFREE("expire", lazyfree_expire, "Big values that have expired are freed"),
    LAZYFREE("server-del", lazyfree_server_del, "Big values that a command replaces are freed"),
    LAZYFREE("user-del", lazyfree_user_del, "DEL frees big values as UNLINK does,"),
    LAZYFREE("user-flush", lazyfree_user_flush,
             "FLUSHALL and FLUSHDB without SYNC or ASYNC empty databases"),
    { .name = "maxmemory-policy",
      .type = DIRECTIVE_ENUM,
      AT(maxmemory_policy),
      .initial = "noeviction",
      .summary = "Which keys go when memory is full: those that were not used for long "
                 "(lru), that are seldom used (lfu), that expire soonest (ttl), or any "
                 "(random), among all keys or only those that expire (volatile); or "
                 "none. It also decides what is remembered of a key's use. Nothing is "
                 "evicted in this version yet.",
      .words = policy_words,
      .apply = apply_policy },
    { .name = "lfu-log-factor",
      .type = DIRECTIVE_INT,
      AT(lfu_log_factor),
      .min = 0,
      .max = INT32_MAX,
      .initial = "10",
      .summary = "How slowly the counter of a key's use grows under an lfu policy: with "
                 "10 it is full after about a million uses." },
    { .name = "lfu-decay-time",
      .type = DIRECTIVE_INT,
      AT(lfu_decay_time),
      .min = 0,
      .max = INT32_MAX,
      .initial = "1",
      .summary = "Minutes after which the counter of a key's use shrinks by one under an "
                 "lfu policy. 0 never shrinks it." },
    { .name = "active-expire-effort",
      .type = DIRECTIVE_INT,
      AT(active_expire_effort),
      .min = 1,
      .max = 10,
      .initial = "1",
      .summary = "How much time goes into the removal of expired keys that nobody asks "
                 "for: 1 is the least." },
    { .name = "hash-seed",
      .type = DIRECTIVE_STRING,
      .flags = DIRECTIVE_IMMUTABLE | DIRECTIVE_EMPTY_IS_NULL,
      AT(hash_seed),
      .initial = "",
      .summary = "A text from which the seed of the tables' hash is made, for the same "
                 "order of keys in every run. Empty: the seed is random, which keeps "
                 "strangers from choosing keys that collide." },
};

struct directive_table keyspace_directives(struct keyspace *ks)
{
    return (struct directive_table){
        .rows = directives,
        .count = COUNT_OF(directives),
        .settings = &ks->settings,
        .owner = ks,
        .title = "Keyspace",
    };
}

static uint64_t show_expired(const void *owner)
{
    return ((const struct keyspace *)owner)->stats.expired;
}

static uint64_t show_expired_active(const void *owner)
{
    return ((const struct keyspace *)owner)->stats.expired_active;
}

static uint64_t show_expired_fields(const void *owner)
{
    return ((const struct keyspace *)owner)->stats.expired_fields;
}

/* Nothing is ever stale: the earliest key is known. */
static void show_stale(const void *owner, struct buf *out)
{
    (void)owner;
    buf_append_str(out, "0.00");
}

static uint64_t show_slices_full(const void *owner)
{
    return ((const struct keyspace *)owner)->stats.slices_full;
}

static uint64_t show_expire_ms(const void *owner)
{
    return ((const struct keyspace *)owner)->stats.expire_ns / 1000000;
}

static uint64_t show_evicted(const void *owner)
{
    return ((const struct keyspace *)owner)->stats.evicted;
}

static uint64_t show_hits(const void *owner)
{
    return ((const struct keyspace *)owner)->stats.hits;
}

static uint64_t show_misses(const void *owner)
{
    return ((const struct keyspace *)owner)->stats.misses;
}

static uint64_t show_pending(const void *owner)
{
    return lazyfree_pending(((const struct keyspace *)owner)->lazy);
}

static uint64_t show_freed(const void *owner)
{
    return lazyfree_freed(((const struct keyspace *)owner)->lazy);
}

/* Of the keys with an expiry, in milliseconds from now. */
static int64_t avg_ttl(const struct db *db)
{
    size_t count = db_count_expires(db);
    if (count == 0)
        return 0;
    int64_t ttl_ms = (int64_t)(db->expiry_sum / (__int128)count - db->ks->now_ms);
    return MAX_OF(ttl_ms, (int64_t)0);
}

static void show_databases(const void *owner, struct buf *out)
{
    const struct keyspace *ks = owner;
    for (int i = 0; i < ks->count; i++) {
        const struct db *db = &ks->dbs[i];
        if (db_count(db) == 0)
            continue;
        buf_printf(out, "db%d:keys=%zu,expires=%zu,avg_ttl=%lld", i, db_count(db),
                   db_count_expires(db), (long long)avg_ttl(db));
        if (db_count_fields(db) > 0)
            buf_printf(out, ",keys_with_volatile_items=%zu", db_count_fields(db));
        buf_append_str(out, "\r\n");
    }
}

static const struct metric metrics[] = {
    { .section = "Memory",
      .name = "lazyfree_pending_objects",
      .summary = "Values that wait to be freed in the background.",
      .count = show_pending },
    { .section = "Memory",
      .name = "lazyfreed_objects",
      .summary = "Values that were freed in the background.",
      .count = show_freed },
    { .section = "Stats",
      .name = "expired_keys",
      .summary = "Keys that expired.",
      .count = show_expired },
    { .section = "Stats",
      .name = "expired_keys_active",
      .summary = "Of these, keys that went at their time, not when they were asked for.",
      .count = show_expired_active },
    { .section = "Stats",
      .name = "expired_fields",
      .summary = "Fields of hashes that expired.",
      .count = show_expired_fields },
    { .section = "Stats",
      .name = "expired_stale_perc",
      .summary = "Expired keys that still take memory, in percent; the earliest is known, so there "
                 "are none.",
      .text = show_stale },
    { .section = "Stats",
      .name = "expired_time_cap_reached_count",
      .summary = "Turns in which more keys were due than expire in one turn.",
      .count = show_slices_full },
    { .section = "Stats",
      .name = "expire_cycle_cpu_milliseconds",
      .summary = "Milliseconds that expiry took.",
      .count = show_expire_ms },
    { .section = "Stats",
      .name = "evicted_keys",
      .summary = "Keys that went because memory was short.",
      .count = show_evicted },
    { .section = "Stats",
      .name = "keyspace_hits",
      .summary = "Look-ups that found their key.",
      .count = show_hits },
    { .section = "Stats",
      .name = "keyspace_misses",
      .summary = "Look-ups that did not.",
      .count = show_misses },
    { .section = "Keyspace",
      .pattern = "db<n>",
      .summary = "Of each database that has keys: how many, how many of them expire, and in how "
                 "many milliseconds on average; if there are any, how many hashes have fields "
                 "that expire.",
      .text = show_databases },
};

static void reset_metrics(void *owner)
{
    struct keyspace *ks = owner;
    ks->stats = (struct keyspace_stats){ 0 };
    lazyfree_reset(ks->lazy);
}

struct metric_table keyspace_metrics(struct keyspace *ks)
{
    return (struct metric_table){
        .rows = metrics,
        .count = COUNT_OF(metrics),
        .owner = ks,
        .reset = reset_metrics,
    };
}

static void settle(void *owner)
{
    struct keyspace *ks = owner;
    for (int i = 0; i < ks->count && !ks->held; i++)
        if (ks->dbs[i].keys)
            (void)table_settle(ks->dbs[i].keys, SETTLE_STEPS);
}

static const struct job jobs[] = {
    { .name = "settle tables", .period_ms = 0, .run = settle },
};

struct job_table keyspace_jobs(struct keyspace *ks)
{
    return (struct job_table){ .rows = jobs, .count = COUNT_OF(jobs), .owner = ks };
}
