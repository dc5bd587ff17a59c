/* Prefixes, who listens to them, and the keys that were changed. */
#include "client/prefixes.h"

#include "base/buf.h"
#include "tests/unit/check.h"

static const struct hash_key hash_key = { 1, 2 };

struct world {
    struct prefixes ps;
    struct buf told;
};

static void world_init(struct world *w)
{
    prefixes_init(&w->ps, &hash_key);
    buf_init(&w->told, BUF_NO_CEILING);
}

static void world_done(struct world *w)
{
    prefixes_done(&w->ps);
    buf_done(&w->told);
}

static void change(struct world *w, const char *name, uint64_t writer)
{
    struct slice slice = slice_str(name);
    prefixes_note(&w->ps, (struct key){ slice, hash_bytes(&hash_key, slice) }, writer);
}

static void tell(void *arg, const struct prefix *p, struct changed_key *const *keys, size_t count)
{
    struct world *w = arg;
    buf_printf(&w->told, "[%.*s:", SLICE_ARGS(prefix_name(p)));
    for (size_t i = 0; i < count; i++)
        buf_printf(&w->told, " %.*s/%d", (int)keys[i]->len, keys[i]->name, (int)keys[i]->writer);
    buf_append_char(&w->told, ']');
}

/* All that was changed since the last call. */
static const char *told(struct world *w)
{
    buf_clear(&w->told);
    prefixes_tell_changes(&w->ps, tell, w);
    return buf_cstr(&w->told);
}

TEST(changed_keys_are_told_by_prefix_in_the_order_of_names)
{
    struct world w;
    int a, b;
    world_init(&w);
    struct prefix *user = prefixes_listen(&w.ps, SLICE("user:"), &a);
    struct prefix *all = prefixes_listen(&w.ps, SLICE(""), &b);
    struct prefix *post = prefixes_listen(&w.ps, SLICE("post:"), &a);
    CHECK_UINT(prefixes_count(&w.ps), 3);
    CHECK(!prefixes_have_changes(&w.ps));
    change(&w, "user:2", 1);
    change(&w, "user:10", 1);
    change(&w, "use", 1);
    change(&w, "post:1", 2);
    CHECK(prefixes_have_changes(&w.ps));
    CHECK_STR(told(&w), "[: post:1/2 use/1 user:10/1 user:2/1][post:: post:1/2][user:: user:10/1 "
                        "user:2/1]");
    CHECK(!prefixes_have_changes(&w.ps));
    CHECK_STR(told(&w), "");
    prefixes_leave(&w.ps, user, &a);
    prefixes_leave(&w.ps, all, &b);
    prefixes_leave(&w.ps, post, &a);
    world_done(&w);
}

TEST(a_key_is_told_once_with_its_last_writer)
{
    struct world w;
    int a;
    world_init(&w);
    struct prefix *p = prefixes_listen(&w.ps, SLICE("k"), &a);
    change(&w, "k", 1);
    change(&w, "k", 2);
    change(&w, "k", 0);
    change(&w, "", 3);
    CHECK_STR(told(&w), "[k: k/0]");
    prefixes_leave(&w.ps, p, &a);
    world_done(&w);
}

TEST(a_prefix_lives_as_long_as_somebody_listens)
{
    struct world w;
    int a, b;
    world_init(&w);
    struct prefix *p = prefixes_listen(&w.ps, SLICE("k"), &a);
    CHECK_PTR(prefixes_listen(&w.ps, SLICE("k"), &b), p);
    CHECK_UINT(p->count, 2);
    prefixes_leave(&w.ps, p, &a);
    CHECK_UINT(p->count, 1);
    CHECK_PTR(p->listeners[0], &b);
    change(&w, "key", 1);
    prefixes_leave(&w.ps, p, &b); /* with what was not told yet */
    CHECK_UINT(prefixes_count(&w.ps), 0);
    CHECK(!prefixes_have_changes(&w.ps));
    change(&w, "key", 1);
    CHECK_STR(told(&w), "");
    world_done(&w);
}

TEST(many_prefixes_of_many_lengths_come_and_go)
{
    struct world w;
    struct prefix *ps[60];
    char name[64];
    int a;
    world_init(&w);
    memset(name, 'x', sizeof(name));
    for (size_t i = 0; i < COUNT_OF(ps); i++)
        ps[i] = prefixes_listen(&w.ps, slice_of(name, i), &a);
    change(&w, "xxxyxx", 1); /* matches the lengths 0 to 3 */
    CHECK_STR(told(&w), "[: xxxyxx/1][x: xxxyxx/1][xx: xxxyxx/1][xxx: xxxyxx/1]");
    for (size_t i = 0; i < COUNT_OF(ps); i += 2)
        prefixes_leave(&w.ps, ps[i], &a);
    change(&w, "xxxyxx", 1);
    CHECK_STR(told(&w), "[x: xxxyxx/1][xxx: xxxyxx/1]");
    for (size_t i = 1; i < COUNT_OF(ps); i += 2)
        prefixes_leave(&w.ps, ps[i], &a);
    CHECK_UINT(w.ps.length_count, 0);
    world_done(&w);
}
