/* Sets. */
#include "codec/value_priv.h"
#include "types/set.h"

uint8_t set_kind(const struct entry *e, int version)
{
    if (set_intset(e))
        return KIND_SET_INTSET;
    return set_listpack(e) && version >= CODEC_VERSION_SETS ? KIND_SET_LISTPACK : KIND_SET;
}

void write_set(struct codec_writer *w, const struct entry *e)
{
    struct set_walk walk;
    struct slice member;
    switch (set_kind(e, w->version)) {
    case KIND_SET_INTSET:
        codec_write_string(w, intset_slice(set_intset(e)));
        return;
    case KIND_SET_LISTPACK:
        write_packed(w, set_listpack(e));
        return;
    default:
        break;
    }
    codec_write_len(w, set_count(e));
    set_walk_open(&walk, e);
    while (set_walk_next(&walk, &member))
        codec_write_string(w, member);
    set_walk_close(&walk);
}

static bool add_one_by_one(struct codec_reader *r, const struct codec_target *to, struct entry *e,
                           uint64_t count)
{
    struct slice member;
    while (count-- > 0) {
        if (!read_element(r, &member))
            return false;
        if (!set_add(e, to->env, member))
            return codec_fail(r, -EBADMSG, "members, each once");
    }
    return true;
}

static bool fill_table(struct codec_reader *r, struct entry *e, uint64_t count)
{
    struct set_fill fill;
    struct slice member;
    bool goes = true;
    set_fill_open(&fill, e);
    while (goes && count-- > 0)
        goes = read_element(r, &member) && set_fill_add(&fill, member);
    /* If the reader has failed already, that stays the reason. */
    return (set_fill_close(&fill) && goes) || codec_fail(r, -EBADMSG, "members, each once");
}

/* *e is made for the first member. */
static bool read_members(struct codec_reader *r, const struct codec_target *to, struct entry **e)
{
    uint64_t count;
    struct slice first;
    if (!read_count(r, &count) || !read_element(r, &first))
        return false;
    *e = set_new_for(to->key, to->env, first, count_to_reserve(r, count));
    (void)set_add(*e, to->env, first);
    if (set_table(*e))
        return fill_table(r, *e, count - 1);
    return add_one_by_one(r, to, *e, count - 1);
}

struct entry *read_set(struct codec_reader *r, uint8_t kind UNUSED, const struct codec_target *to)
{
    struct entry *e = NULL;
    if (read_members(r, to, &e)) {
        if (to->when_ms != ENTRY_NO_EXPIRY)
            e = entry_set_expiry(e, to->when_ms);
        return e;
    }
    if (e)
        entry_free(e);
    return NULL;
}

struct entry *read_set_intset(struct codec_reader *r, uint8_t kind UNUSED,
                              const struct codec_target *to)
{
    struct slice bytes;
    if (!codec_read_string(r, &bytes))
        return NULL;
    struct intset *is = intset_from_bytes(bytes);
    if (is && intset_count(is) > 0)
        return set_new_intset(to->key, is, to->when_ms, to->env);
    intset_free(is);
    return failed(r, "an intset with numbers");
}

struct entry *read_set_listpack(struct codec_reader *r, uint8_t kind UNUSED,
                                const struct codec_target *to)
{
    struct listpack *lp = read_listpack(r);
    if (!lp)
        return NULL;
    if (set_listpack_is_valid(lp, to->env))
        return set_new_listpack(to->key, lp, to->when_ms, to->env);
    listpack_free(lp);
    return failed(r, "members, each once");
}
