/* Keys that somebody watches or waits for, and what a change of them sets off. */
#include "dispatch/interest_priv.h"

#include "base/assert.h"
#include "base/mem.h"
#include "dispatch/cmd.h"
#include "dispatch/dispatch_priv.h"
#include "ds/table.h"

static struct slice name_of(const void *entry)
{
    return ((const struct interest *)entry)->key.name;
}

static const struct table_type interest_table = { .key = name_of };

static void wake(struct dispatch *d, struct interest *it)
{
    if (!list_is_empty(&it->queue.waiters))
        block_queue_wake(d, &it->queue);
}

/* Keys are served in the order in which they came to hold what is waited for, not in that of other changes. */
static void wake_if_useful(struct dispatch *d, struct interest *it)
{
    const struct entry *e = it->any_state ? NULL : db_peek_stored(it->db, it->key);
    if (it->any_state || (e && (it->types & BLOCK_TYPE(entry_type(e)))))
        wake(d, it);
}

static void on_changed(void *arg, struct db *db, const struct key *key)
{
    struct dispatch *d = arg;
    struct table *t = d->interests.keys ? d->interests.by_db[db_index(db)] : NULL;
    struct interest *it = t ? table_find(t, key->hash, key->name) : NULL;
    if (it) {
        interest_pin(it);
        watches_touch(it);
        wake_if_useful(d, it);
        interest_unpin(d, it);
    }
    HOOK_CALL(d->hooks.changed, db, key);
}

void cmd_wake_waiters(const struct cmd *cmd, struct key key)
{
    const struct interests *all = &cmd->dispatch->interests;
    struct table *t = all->keys ? all->by_db[db_index(cmd->db)] : NULL;
    struct interest *it = t ? table_find(t, key.hash, key.name) : NULL;
    if (it)
        wake(cmd->dispatch, it);
}

/* Names that the database does not hold are left alone. */
static void on_replaced(void *arg, struct db *db, enum db_replacement what)
{
    struct dispatch *d = arg;
    struct table *t = d->interests.by_db[db_index(db)];
    if (!t)
        return;
    struct table_iter iter;
    table_iter_open(&iter, t);
    for (struct interest *it; (it = table_iter_next(&iter)) != NULL;) {
        const struct entry *e = db_peek_stored(db, it->key);
        if (!e)
            continue;
        interest_pin(it);
        watches_replace(it, what, db_is_expired(db, e));
        wake(d, it);
        interest_unpin(d, it);
    }
    table_iter_close(&iter);
}

/* The keyspace tells of changes while somebody cares, and no longer. */
void dispatch_listen(struct dispatch *d)
{
    struct keyspace_hooks *hooks = keyspace_hooks(d->keyspace);
    bool cares = d->interests.keys > 0;
    hooks->changed.fn = cares || d->hooks.changed.fn ? on_changed : NULL;
    hooks->changed.arg = d;
    hooks->replaced.fn = cares ? on_replaced : NULL;
    hooks->replaced.arg = d;
    d->is_looked_at = d->hooks.called.fn || d->hooks.unit_ended.fn;
}

static struct table *table_of(struct dispatch *d, const struct db *db)
{
    struct interests *all = &d->interests;
    if (!all->by_db)
        all->by_db = mem_zalloc((size_t)keyspace_count(d->keyspace) * sizeof(*all->by_db));
    struct table **place = &all->by_db[db_index(db)];
    if (!*place)
        *place = table_new(&interest_table, keyspace_hash_key(d->keyspace));
    return *place;
}

struct interest *interest_get(struct dispatch *d, struct db *db, struct key key)
{
    struct table *t = table_of(d, db);
    struct interest *it = table_find(t, key.hash, key.name);
    if (it)
        return it;
    it = mem_alloc(sizeof(*it) + key.name.len);
    *it = (struct interest){ .db = db, .key = key };
    if (key.name.len)
        memcpy(it->name, key.name.ptr, key.name.len);
    it->key.name.ptr = it->name;
    list_init(&it->watches);
    block_queue_init(&it->queue);
    it->queue.of_key = true;
    table_insert(t, key.hash, it);
    if (d->interests.keys++ == 0)
        dispatch_listen(d);
    return it;
}

void interest_release(struct dispatch *d, struct interest *it)
{
    if (it->pins || !list_is_empty(&it->watches) || !list_is_empty(&it->queue.waiters))
        return;
    list_unlink(&it->queue.in_ready);
    table_remove(table_of(d, it->db), it->key.hash, it);
    mem_free(it);
    if (--d->interests.keys == 0)
        dispatch_listen(d);
}

void interest_unpin(struct dispatch *d, struct interest *it)
{
    ASSERT(it->pins > 0);
    it->pins--;
    interest_release(d, it);
}

void interests_done(struct dispatch *d)
{
    ASSERT(d->interests.keys == 0); /* sessions were done before */
    if (!d->interests.by_db)
        return;
    for (int i = 0; i < keyspace_count(d->keyspace); i++)
        table_free(d->interests.by_db[i]);
    mem_free(d->interests.by_db);
    d->interests.by_db = NULL;
}

/* ---- INFO ---- */

static uint64_t watching_sessions(const void *owner)
{
    return ((const struct dispatch *)owner)->watching_sessions;
}

static uint64_t watched_keys(const void *owner)
{
    return ((const struct dispatch *)owner)->interests.watched;
}

static uint64_t waited_keys(const void *owner)
{
    return dispatch_block_counts(owner).keys;
}

static uint64_t waited_any_state(const void *owner)
{
    return dispatch_block_counts(owner).keys_any_state;
}

static const struct metric metrics[] = {
    { .section = "Clients",
      .name = "watching_clients",
      .count = watching_sessions,
      .summary = "Clients that watch keys." },
    { .section = "Clients",
      .name = "total_watched_keys",
      .count = watched_keys,
      .summary = "Keys that are watched." },
    { .section = "Clients",
      .name = "total_blocking_keys",
      .count = waited_keys,
      .summary = "Keys that a blocked client waits for." },
    { .section = "Clients",
      .name = "total_blocking_keys_on_nokey",
      .count = waited_any_state,
      .summary = "Of these, keys whose vanishing is waited for, too." },
};

struct metric_table dispatch_interest_metrics(struct dispatch *d)
{
    return (struct metric_table){ .rows = metrics, .count = COUNT_OF(metrics), .owner = d };
}
