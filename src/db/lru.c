/* The 24 bits that each entry keeps about its use.
 *
 * LRU: seconds of the last touch. LFU: 16 bits of minutes, of the last decay, above 8 bits of a counter that rises
 * with the logarithm of the number of touches and falls with time. */
#include "db/db_priv.h"

#include "base/assert.h"

#define LFU_COUNT_START 5 /* so that a new key is not the first to go */
#define LFU_COUNT_MAX 255

static uint32_t lfu_pack(uint32_t minutes, unsigned count)
{
    return minutes << 8 | count;
}

/* The counter as it is now: one less for every lfu-decay-time minutes. */
static unsigned lfu_decayed(const struct keyspace *ks, const struct entry *e)
{
    uint32_t field = entry_lru(e);
    unsigned count = field & 0xff;
    if (ks->settings.lfu_decay_time == 0)
        return count;
    uint32_t elapsed = (ks->lfu_minutes - (field >> 8)) & 0xffff;
    int64_t periods = (int64_t)elapsed / ks->settings.lfu_decay_time;
    return periods >= count ? 0 : count - (unsigned)periods;
}

void db_lfu_touch(struct keyspace *ks, struct entry *e)
{
    unsigned count = lfu_decayed(ks, e);
    if (count < LFU_COUNT_MAX) {
        unsigned above = count > LFU_COUNT_START ? count - LFU_COUNT_START : 0;
        double one_in = (double)above * (double)ks->settings.lfu_log_factor + 1;
        if (rand_unit(&ks->rand) * one_in < 1)
            count++;
    }
    uint32_t field = lfu_pack(ks->lfu_minutes, count);
    if (entry_lru(e) != field)
        entry_set_lru(e, field);
}

void db_lru_init(const struct keyspace *ks, struct entry *e)
{
    if (keyspace_uses_lfu(ks))
        entry_set_lru(e, lfu_pack(ks->lfu_minutes, LFU_COUNT_START));
    else
        entry_set_lru(e, ks->lru_clock);
}

bool keyspace_uses_lfu(const struct keyspace *ks)
{
    return ks->settings.maxmemory_policy == POLICY_VOLATILE_LFU ||
           ks->settings.maxmemory_policy == POLICY_ALLKEYS_LFU;
}

int64_t db_idle_s(const struct db *db, const struct entry *e)
{
    return (int64_t)((db->ks->lru_clock - entry_lru(e)) & ENTRY_LRU_MAX);
}

unsigned db_frequency(const struct db *db, const struct entry *e)
{
    return lfu_decayed(db->ks, e);
}

void db_set_idle_s(const struct db *db, struct entry *e, int64_t idle_s)
{
    ASSERT(idle_s >= 0);
    /* Older than the clock reaches: as old as it can show. */
    uint32_t idle = (uint32_t)MIN_OF(idle_s, (int64_t)ENTRY_LRU_MAX - 1);
    uint32_t field = (db->ks->lru_clock - idle) & ENTRY_LRU_MAX;
    entry_set_lru(e, field ? field : 1);
}

void db_set_frequency(const struct db *db, struct entry *e, unsigned frequency)
{
    ASSERT(frequency <= LFU_COUNT_MAX);
    entry_set_lru(e, lfu_pack(db->ks->lfu_minutes, frequency));
}
