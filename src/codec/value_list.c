/* Lists. */
#include "codec/value_priv.h"
#include "types/list.h"

/* What a pack is, in front of its bytes. */
enum {
    PACK_PLAIN = 1, /* one value */
    PACK_LISTPACK = 2,
};

uint8_t list_kind(const struct entry *e UNUSED, int version UNUSED)
{
    return KIND_LIST_PACKS;
}

void write_list(struct codec_writer *w, const struct entry *e)
{
    struct packs_parts walk;
    struct packs_part part;
    if (list_listpack(e)) {
        codec_write_len(w, 1);
        codec_write_len(w, PACK_LISTPACK);
        write_packed(w, list_listpack(e));
        return;
    }
    codec_write_len(w, packs_pack_count(list_packs(e)));
    packs_parts_open(&walk, list_packs(e));
    while (packs_parts_next(&walk, &part)) {
        codec_write_len(w, part.lp ? PACK_LISTPACK : PACK_PLAIN);
        if (part.lp)
            write_packed(w, part.lp);
        else
            codec_write_string(w, part.plain);
    }
    packs_parts_close(&walk);
}

struct entry *read_list_packed(struct codec_reader *r, uint8_t kind UNUSED,
                               const struct codec_target *to)
{
    struct listpack *lp = read_ziplist(r);
    return lp ? list_new_listpack(to->key, lp, to->when_ms, to->env) : NULL;
}

/* Peers leave out a pack without values; so does this. */
static bool add_pack(struct codec_reader *r, uint8_t kind, struct entry *e)
{
    struct listpack *lp = kind == KIND_LIST_ZIPLISTS ? read_ziplist_any(r) : read_listpack_any(r);
    if (!lp)
        return false;
    if (listpack_count(lp) > 0)
        list_add_listpack(e, lp);
    else
        listpack_free(lp);
    return true;
}

static bool read_pack(struct codec_reader *r, uint8_t kind, struct entry *e)
{
    uint64_t container = PACK_LISTPACK;
    struct slice plain;
    if (kind == KIND_LIST_PACKS && !codec_read_len(r, &container))
        return false;
    if (container == PACK_LISTPACK)
        return add_pack(r, kind, e);
    if (container != PACK_PLAIN)
        return codec_fail(r, -EBADMSG, "a pack of a known sort");
    if (!read_element(r, &plain))
        return false;
    list_add_plain(e, plain);
    return true;
}

static bool read_values(struct codec_reader *r, uint8_t kind, const struct codec_target *to,
                        struct entry *e)
{
    uint64_t count;
    struct slice value;
    if (!read_count(r, &count))
        return false;
    while (count-- > 0) {
        if (kind != KIND_LIST) {
            if (!read_pack(r, kind, e))
                return false;
        } else {
            if (!read_element(r, &value))
                return false;
            list_push(e, to->env, LIST_TAIL, &value, 1);
        }
    }
    return list_count(e) > 0 || codec_fail(r, CODEC_EMPTY, "a list with values");
}

struct entry *read_list(struct codec_reader *r, uint8_t kind, const struct codec_target *to)
{
    struct entry *e = kind == KIND_LIST ? list_new(to->key, to->when_ms)
                                        : list_new_packs(to->key, to->when_ms, to->env);
    if (!read_values(r, kind, to, e)) {
        entry_free(e);
        return NULL;
    }
    if (kind != KIND_LIST)
        list_add_done(e, to->env);
    return e;
}
