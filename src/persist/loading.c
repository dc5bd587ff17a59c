/* That data is being read into memory: gate, clocks, progress. */
#include "persist/loading.h"

#include <errno.h>
#include <inttypes.h>
#include <time.h>

#include "base/assert.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "db/db.h"
#include "dispatch/dispatch.h"
#include "dispatch/nest.h"
#include "event/loop.h"
#include "journal/journal.h"
#include "persist/persist_priv.h"

#define NS_PER_S UINT64_C(1000000000)
#define LOOK_NS (NS_PER_S / 10)
/* The clock is read once in so many bytes. */
#define CLOCK_BYTES ((uint64_t)32 * 1024)

struct loading_settings {
    int64_t key_delay_us, interval_bytes;
};

struct loading {
    struct persist *persist;
    struct loading_settings settings;
    bool on;
    uint64_t total_bytes, done_bytes, used_memory;
    uint64_t clock_at_bytes,
        look_at_bytes; /* when the clock is read, when clients are looked at, at the latest */
    uint64_t look_at_ns, log_at_ns;
    uint64_t undelayed; /* keys since the last delay, where several make one microsecond */
    int64_t start_s;
    uint64_t keys_loaded, keys_expired; /* of the last RDB file */
};

struct loading *loading_new(struct persist *p)
{
    struct loading *l = mem_zalloc(sizeof(*l));
    l->persist = p;
    struct directive_table table = loading_directives(l);
    directive_init_all(&table);
    return l;
}

void loading_free(struct loading *l)
{
    mem_free(l);
}

bool loading_is_on(const struct loading *l)
{
    return l->on;
}

/* ---- begin and end ---- */

/* What holds while data is loaded, but not in the nested turns. */
static void shut_off(struct persist *p, bool off)
{
    journal_mute(p->journal, off);
    dispatch_hold_waiters(p->dispatch, off);
}

/* A pause hides what is over, with or without a load. */
static void set_expiry(struct persist *p, bool loads)
{
    enum keyspace_expiry_mode else_mode = dispatch_paused_until(p->dispatch) ? EXPIRY_HIDE
                                                                             : EXPIRY_REMOVE;
    keyspace_set_expiry_mode(p->keyspace, loads ? EXPIRY_IGNORE : else_mode);
}

void loading_begin(struct loading *l, uint64_t total_bytes)
{
    ASSERT(!l->on);
    uint64_t now_ns = clock_mono_ns();
    l->on = true;
    l->total_bytes = total_bytes;
    l->done_bytes = l->used_memory = l->undelayed = 0;
    l->start_s = clock_wall_ms() / 1000;
    l->look_at_bytes = (uint64_t)l->settings.interval_bytes;
    l->clock_at_bytes = CLOCK_BYTES;
    l->look_at_ns = now_ns + LOOK_NS;
    l->log_at_ns = now_ns + NS_PER_S;
    dispatch_gate_set(l->persist->dispatch, GATE_LOADING, true);
    set_expiry(l->persist, true);
    shut_off(l->persist, true);
}

void loading_end(struct loading *l, bool ok UNUSED)
{
    ASSERT(l->on);
    l->on = false;
    shut_off(l->persist, false);
    set_expiry(l->persist, false);
    dispatch_gate_set(l->persist->dispatch, GATE_LOADING, false);
}

/* ---- on the way ---- */

static double percent(const struct loading *l)
{
    uint64_t whole = l->total_bytes ? l->total_bytes : l->used_memory;
    return whole ? (double)l->done_bytes / (double)whole * 100 : 0;
}

static void log_progress(struct loading *l, uint64_t now_ns)
{
    if (now_ns < l->log_at_ns)
        return;
    l->log_at_ns = now_ns + NS_PER_S;
    log_write(LOG_NOTICE, "Loading data: %.1f%% (%" PRIu64 " of %" PRIu64 " bytes)", percent(l),
              l->done_bytes, l->total_bytes);
}

static void look_at_clients(struct loading *l)
{
    struct persist *p = l->persist;
    l->look_at_bytes = l->done_bytes + (uint64_t)l->settings.interval_bytes;
    if (!dispatch_may_nest(p->dispatch))
        return;
    shut_off(p, false);
    HOOK_CALL(p->hooks.yield);
    shut_off(p, true);
    set_expiry(p, true);
    l->look_at_ns = clock_mono_ns() + LOOK_NS;
}

int loading_progress(struct loading *l, uint64_t done_bytes)
{
    ASSERT(l->on);
    l->done_bytes = done_bytes;
    if (LIKELY(done_bytes < l->clock_at_bytes && done_bytes < l->look_at_bytes))
        return 0;
    uint64_t now_ns = clock_mono_ns();
    l->clock_at_bytes = done_bytes + CLOCK_BYTES;
    log_progress(l, now_ns);
    if (done_bytes >= l->look_at_bytes || now_ns >= l->look_at_ns)
        look_at_clients(l);
    return loop_is_stopped(l->persist->loop) ? -ECANCELED : 0;
}

static void sleep_us(uint64_t us)
{
    struct timespec left = { .tv_sec = (time_t)(us / 1000000),
                             .tv_nsec = (long)(us % 1000000) * 1000 };
    while (nanosleep(&left, &left) < 0 && errno == EINTR)
        continue;
}

void loading_did_keys(struct loading *l, uint64_t count)
{
    int64_t delay = l->settings.key_delay_us;
    if (LIKELY(delay == 0))
        return;
    l->clock_at_bytes = 0; /* a few keys may take long */
    if (delay > 0) {
        sleep_us((uint64_t)delay * count);
        return;
    }
    l->undelayed += count;
    uint64_t per_us = (uint64_t)-delay;
    if (l->undelayed >= per_us)
        sleep_us(l->undelayed / per_us);
    l->undelayed %= per_us;
}

bool loading_is_slowed(const struct loading *l)
{
    return l->settings.key_delay_us != 0;
}

void loading_note_keys(struct loading *l, uint64_t loaded, uint64_t expired)
{
    l->keys_loaded = loaded;
    l->keys_expired = expired;
}

void loading_note_used_memory(struct loading *l, uint64_t bytes)
{
    l->used_memory = bytes;
}

/* ---- directives ---- */

#define CELL(field) .offset = offsetof(struct loading_settings, field)

static const struct directive rows[] = {
    { .name = "key-load-delay",
      .type = DIRECTIVE_INT,
      .flags = DIRECTIVE_HIDDEN,
      CELL(key_delay_us),
      .min = INT32_MIN,
      .max = INT32_MAX,
      .initial = "0",
      .summary = "For tests: microseconds to sleep behind each key that is loaded. Negative: "
                 "one microsecond for so many keys." },
    { .name = "loading-process-events-interval-bytes",
      .type = DIRECTIVE_INT,
      .flags = DIRECTIVE_HIDDEN,
      CELL(interval_bytes),
      .min = 1024,
      .max = INT32_MAX,
      .initial = "2097152",
      .summary = "How many bytes are loaded between two looks at the clients." },
};

struct directive_table loading_directives(struct loading *l)
{
    return (struct directive_table){
        .rows = rows,
        .count = COUNT_OF(rows),
        .settings = &l->settings,
        .owner = l,
        .title = "Persistence",
    };
}

/* ---- INFO ---- */

static const struct loading *self(const void *owner)
{
    return owner;
}

static bool is_on(const void *owner)
{
    return self(owner)->on;
}

static uint64_t on(const void *owner)
{
    return self(owner)->on;
}

static uint64_t zero(const void *owner UNUSED)
{
    return 0;
}

static uint64_t keys_expired(const void *owner)
{
    return self(owner)->keys_expired;
}

static uint64_t keys_loaded(const void *owner)
{
    return self(owner)->keys_loaded;
}

static int64_t start_time(const void *owner)
{
    return self(owner)->start_s;
}

static uint64_t total_bytes(const void *owner)
{
    return self(owner)->total_bytes;
}

static uint64_t used_memory(const void *owner)
{
    return self(owner)->used_memory;
}

static uint64_t loaded_bytes(const void *owner)
{
    return self(owner)->done_bytes;
}

static void loaded_percent(const void *owner, struct buf *out)
{
    buf_printf(out, "%.2f", percent(self(owner)));
}

/* At the pace so far; what has taken no second yet is taken for one. */
static int64_t eta(const void *owner)
{
    const struct loading *l = owner;
    uint64_t whole = l->total_bytes ? l->total_bytes : l->used_memory;
    double left = whole > l->done_bytes ? (double)(whole - l->done_bytes) : 1;
    int64_t took_s = clock_wall_ms() / 1000 - l->start_s;
    return took_s <= 0 ? 1 : (int64_t)((double)took_s * left / (double)(l->done_bytes + 1));
}

#define ROW(field) .section = "Persistence", .name = field

static const struct metric metrics[] = {
    { ROW("loading"), .summary = "Whether data is being loaded.", .count = on },
    { ROW("async_loading"), .summary = "Whether data is being loaded while the old one is served.",
      .count = zero },
    { ROW("rdb_last_load_keys_expired"),
      .summary =
          "Keys of the last snapshot that was loaded whose time was over: they were dropped.",
      .count = keys_expired },
    { ROW("rdb_last_load_keys_loaded"),
      .summary = "Keys of the last snapshot that was loaded, without those dropped.",
      .count = keys_loaded },
    { ROW("loading_start_time"), .summary = "When loading began, in seconds since 1970.",
      .value = start_time, .is_there = is_on },
    { ROW("loading_total_bytes"), .summary = "Bytes of all files that are being loaded.",
      .count = total_bytes, .is_there = is_on },
    { ROW("loading_rdb_used_mem"),
      .summary = "Memory that the snapshot's data took where it was saved, in bytes.",
      .count = used_memory, .is_there = is_on },
    { ROW("loading_loaded_bytes"), .summary = "Bytes that are loaded.", .count = loaded_bytes,
      .is_there = is_on },
    { ROW("loading_loaded_perc"), .summary = "The same in percent of all.", .text = loaded_percent,
      .is_there = is_on },
    { ROW("loading_eta_seconds"), .summary = "Seconds that the rest will take, at the pace so far.",
      .value = eta, .is_there = is_on },
};

struct metric_table loading_metrics(struct loading *l)
{
    return (struct metric_table){ .rows = metrics, .count = COUNT_OF(metrics), .owner = l };
}
