/* The keyspace against a plain model: random operations under a virtual time. */
#include <stdio.h>

#include "base/mem.h"
#include "db/testing.h"
#include "tests/unit/check.h"

#define DBS 3
#define KEYS 300
#define STEPS 20000
#define VALUE_LEN_MAX 60

/* A key as it should be. */
struct want {
    bool present;
    int64_t when_ms;
    char value[VALUE_LEN_MAX + 1];
};

struct model {
    struct db_world *world;
    struct keyspace *ks;
    struct rand rand;
    int64_t now_ms;
    struct want want[DBS][KEYS];
    uint64_t dirty;
    bool hidden; /* expiry mode */
    unsigned seen[KEYS];
    int64_t last_expired_ms; /* of the slice that is running */
};

struct pick {
    int db_index, number;
    struct db *db;
    struct want *want;
    char name[16];
    struct key key;
};

static struct pick pick_in(struct model *m, int db_index)
{
    struct pick p = { .db_index = db_index, .number = (int)rand_below(&m->rand, KEYS) };
    p.db = keyspace_db(m->ks, p.db_index);
    p.want = &m->want[p.db_index][p.number];
    (void)snprintf(p.name, sizeof(p.name), "key%d", p.number);
    return p;
}

static struct pick pick(struct model *m)
{
    return pick_in(m, (int)rand_below(&m->rand, DBS));
}

/* The key's bytes lie in the pick itself. */
static struct key key_of(const struct pick *p)
{
    return db_world_key(p->db, p->name);
}

static bool is_due(const struct model *m, const struct want *want)
{
    return want->when_ms != ENTRY_NO_EXPIRY && m->now_ms > want->when_ms;
}

/* What a look-up finds, and does to the model. */
static bool model_find(struct model *m, struct want *want)
{
    if (!want->present || !is_due(m, want))
        return want->present;
    if (!m->hidden)
        want->present = false;
    return false;
}

static void check_entry(const struct entry *e, const struct want *want)
{
    char scratch[NUM_INT_MAX_CHARS];
    struct slice value = string_bytes(e, scratch);
    CHECK_BYTES(value.ptr, value.len, want->value, strlen(want->value));
    CHECK_INT(entry_expiry(e), want->when_ms);
}

static struct entry *look(struct model *m, const struct pick *p)
{
    struct entry *(*const ways[])(struct db *, struct key) = { db_lookup_read, db_lookup_write,
                                                               db_lookup_info, db_peek };
    bool found = model_find(m, p->want);
    struct entry *e = ways[rand_below(&m->rand, COUNT_OF(ways))](p->db, key_of(p));
    CHECK_INT(e != NULL, found);
    if (e)
        check_entry(e, p->want);
    return e;
}

static int64_t random_time(struct model *m)
{
    if (rand_below(&m->rand, 2))
        return ENTRY_NO_EXPIRY;
    return m->now_ms + (int64_t)rand_below(&m->rand, 500);
}

static void random_value(struct model *m, struct want *want)
{
    size_t len = rand_below(&m->rand, VALUE_LEN_MAX + 1);
    memset(want->value, 0, sizeof(want->value));
    for (size_t i = 0; i < len; i++)
        want->value[i] = (char)('0' + rand_below(&m->rand, len < 5 ? 10 : 60));
}

static void do_look(struct model *m)
{
    struct pick p = pick(m);
    (void)look(m, &p);
}

static void do_set(struct model *m)
{
    struct pick p = pick(m);
    random_value(m, p.want);
    int64_t when_ms = random_time(m);
    db_set(p.db, key_of(&p), string_new(slice_str(p.name), slice_str(p.want->value), when_ms));
    p.want->present = true;
    p.want->when_ms = when_ms;
    m->dirty++;
}

static void do_store(struct model *m)
{
    struct pick p = pick(m);
    struct entry *e = look(m, &p);
    if (!e)
        return;
    random_value(m, p.want);
    db_store(p.db, key_of(&p), e, string_set(e, slice_str(p.want->value)));
    m->dirty++;
}

static void do_delete(struct model *m)
{
    struct pick p = pick(m);
    struct entry *e = look(m, &p);
    if (!e)
        return;
    db_delete(p.db, key_of(&p), e, rand_below(&m->rand, 2));
    p.want->present = false;
    m->dirty++;
}

static void do_rename(struct model *m)
{
    struct pick from = pick(m);
    struct pick to = pick(m);
    struct entry *e = look(m, &from);
    if (!e || from.want == to.want)
        return;
    e = db_take(from.db, key_of(&from), e);
    db_set(to.db, key_of(&to), entry_rename(e, slice_str(to.name)));
    *to.want = *from.want;
    from.want->present = false;
    m->dirty += 2;
}

static void do_copy(struct model *m)
{
    struct pick from = pick(m);
    struct pick to = pick(m);
    const struct entry *e = look(m, &from);
    if (!e || from.want == to.want)
        return;
    int64_t when_ms = random_time(m);
    db_set(to.db, key_of(&to), entry_copy(e, slice_str(to.name), when_ms));
    *to.want = *from.want;
    to.want->when_ms = when_ms;
    m->dirty++;
}

static void do_expiry(struct model *m)
{
    struct pick p = pick(m);
    struct entry *e = look(m, &p);
    if (!e)
        return;
    int64_t when_ms = random_time(m);
    bool nothing = when_ms == ENTRY_NO_EXPIRY && p.want->when_ms == ENTRY_NO_EXPIRY;
    p.want->when_ms = when_ms;
    check_entry(db_set_expiry(p.db, key_of(&p), e, when_ms), p.want);
    m->dirty += !nothing;
}

static void do_time(struct model *m)
{
    m->now_ms += (int64_t)rand_below(&m->rand, 20);
    keyspace_set_now(m->ks, m->now_ms);
}

static void do_flush(struct model *m)
{
    if (rand_below(&m->rand, 50) != 0)
        return;
    int index = (int)rand_below(&m->rand, DBS + 1) - 1;
    size_t count = 0;
    for (int d = 0; d < DBS; d++) {
        for (int k = 0; k < KEYS && (index < 0 || index == d); k++) {
            count += m->want[d][k].present;
            m->want[d][k].present = false;
        }
    }
    CHECK_UINT(keyspace_flush(m->ks, index, rand_below(&m->rand, 2)), count);
    m->dirty += count;
}

static void do_swap(struct model *m)
{
    int a = (int)rand_below(&m->rand, DBS);
    int b = (int)rand_below(&m->rand, DBS);
    keyspace_swap(m->ks, a, b);
    m->dirty += a != b;
    for (int k = 0; k < KEYS; k++) {
        struct want kept = m->want[a][k];
        m->want[a][k] = m->want[b][k];
        m->want[b][k] = kept;
    }
}

static void do_hide(struct model *m)
{
    m->hidden = rand_below(&m->rand, 4) == 0;
    keyspace_set_expiry_mode(m->ks, m->hidden ? EXPIRY_HIDE : EXPIRY_REMOVE);
}

static int number_of(struct slice name)
{
    int number = 0;
    for (size_t i = strlen("key"); i < name.len; i++)
        number = number * 10 + (name.ptr[i] - '0');
    return number;
}

static void do_random(struct model *m)
{
    int d = (int)rand_below(&m->rand, DBS);
    const struct entry *e = db_random(keyspace_db(m->ks, d));
    bool alive = false;
    for (int k = 0; k < KEYS; k++) {
        struct want *want = &m->want[d][k];
        alive = alive || (want->present && !is_due(m, want));
        /* Due keys that were drawn first have been removed. */
        if (want->present && is_due(m, want) && !m->hidden) {
            char name[16];
            (void)snprintf(name, sizeof(name), "key%d", k);
            want->present = db_find_any(keyspace_db(m->ks, d),
                                        db_world_key(keyspace_db(m->ks, d), name)) != NULL;
        }
    }
    CHECK_INT(e != NULL, alive);
    if (!e)
        return;
    const struct want *want = &m->want[d][number_of(entry_key(e))];
    CHECK(want->present && !is_due(m, want));
    check_entry(e, want);
}

/* Removes the keys from the model as they go, and sees that they go in order. */
static void note_expired(void *arg, struct db *db, enum db_event_class class, const char *event,
                         struct slice name)
{
    struct model *m = arg;
    if (class != EVENT_EXPIRED || m->last_expired_ms == INT64_MAX)
        return;
    CHECK_STR(event, "expired");
    struct want *want = &m->want[db_index(db)][number_of(name)];
    CHECK(want->present && is_due(m, want));
    CHECK(want->when_ms >= m->last_expired_ms);
    m->last_expired_ms = want->when_ms;
    want->present = false;
}

static void do_slice(struct model *m)
{
    size_t due = 0;
    for (int d = 0; d < DBS; d++)
        for (int k = 0; k < KEYS; k++)
            due += m->want[d][k].present && is_due(m, &m->want[d][k]);
    size_t max = 1 + rand_below(&m->rand, 8);
    uint64_t before = m->ks->stats.expired;
    m->last_expired_ms = 0;
    bool more = keyspace_expire_due(m->ks, m->now_ms, max);
    m->last_expired_ms = INT64_MAX;
    CHECK_UINT(m->ks->stats.expired - before, m->hidden ? 0 : MIN_OF(due, max));
    CHECK_INT(more, !m->hidden && due > max);
}

static void note_seen(void *arg, void *entry)
{
    struct model *m = arg;
    m->seen[number_of(entry_key(entry))]++;
}

/* Everything about one database. */
static void check_db(struct model *m, int d)
{
    struct db *db = keyspace_db(m->ks, d);
    size_t count = 0;
    size_t expires = 0;
    memset(m->seen, 0, sizeof(m->seen));
    db_each(db, note_seen, m);
    for (int k = 0; k < KEYS; k++) {
        const struct want *want = &m->want[d][k];
        CHECK_UINT(m->seen[k], want->present);
        count += want->present;
        expires += want->present && want->when_ms != ENTRY_NO_EXPIRY;
    }
    CHECK_UINT(db_count(db), count);
    CHECK_UINT(db_count_expires(db), expires);
    if (db->keys)
        table_verify(db->keys);
    if (db->expires)
        timetree_verify(db->expires);

    uint64_t cursor = 0;
    memset(m->seen, 0, sizeof(m->seen));
    do
        cursor = db_scan(db, cursor, note_seen, m);
    while (cursor != 0);
    for (int k = 0; k < KEYS; k++)
        CHECK_INT(m->seen[k] > 0, m->want[d][k].present);
}

static void check_next_due(const struct model *m)
{
    int64_t next_ms = INT64_MAX;
    for (int d = 0; d < DBS; d++)
        for (int k = 0; k < KEYS; k++)
            if (m->want[d][k].present && m->want[d][k].when_ms != ENTRY_NO_EXPIRY)
                next_ms = MIN_OF(next_ms, m->want[d][k].when_ms + 1);
    CHECK_INT(keyspace_next_due(m->ks), m->hidden ? INT64_MAX : next_ms);
}

static void (*const actions[])(struct model *m) = {
    do_look,   do_set,  do_set,   do_set,   do_store, do_delete, do_rename, do_copy,
    do_expiry, do_time, do_slice, do_slice, do_flush, do_swap,   do_hide,   do_random,
};

static void run(struct model *m, uint64_t seed, bool with_worker)
{
    m->world = db_world_new(with_worker);
    m->ks = m->world->ks;
    keyspace_hooks(m->ks)->changed.fn = NULL;
    keyspace_hooks(m->ks)->event.fn = note_expired;
    keyspace_hooks(m->ks)->event.arg = m;
    m->now_ms = DB_WORLD_START_MS;
    m->last_expired_ms = INT64_MAX;
    rand_seed(&m->rand, seed);
    for (int i = 0; i < STEPS; i++) {
        actions[rand_below(&m->rand, COUNT_OF(actions))](m);
        CHECK_UINT(keyspace_dirty(m->ks), m->dirty);
        check_next_due(m);
        if (i % 50 == 0)
            check_db(m, i / 50 % DBS);
    }
    for (int d = 0; d < DBS; d++)
        check_db(m, d);
    db_world_free(m->world);
}

TEST(random_operations_agree_with_a_plain_model)
{
    for (uint64_t seed = 1; seed <= 3; seed++) {
        struct model *m = mem_zalloc(sizeof(*m));
        run(m, seed, seed == 2);
        mem_free(m);
    }
}
