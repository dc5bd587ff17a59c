/* Sorted sets. */
#include <math.h>

#include "codec/value_priv.h"
#include "types/zset.h"

/* In place of a score's length. */
enum {
    SCORE_NAN = 253,
    SCORE_INF = 254,
    SCORE_MINUS_INF = 255,
};

static bool read_text_score(struct codec_reader *r, double *ret_score)
{
    uint8_t len;
    char text[SCORE_NAN];
    if (!codec_read_byte(r, &len))
        return false;
    if (len == SCORE_INF || len == SCORE_MINUS_INF) {
        *ret_score = len == SCORE_INF ? INFINITY : -INFINITY;
        return true;
    }
    if (len == SCORE_NAN || !codec_read_bytes(r, text, len) ||
        !num_parse_double(slice_of(text, len), ret_score))
        return codec_fail(r, -EBADMSG, "a score");
    return true;
}

static bool read_score(struct codec_reader *r, uint8_t kind, double *ret_score)
{
    if (kind == KIND_ZSET_TEXT)
        return read_text_score(r, ret_score);
    if (!codec_read_double(r, ret_score))
        return false;
    return !isnan(*ret_score) || codec_fail(r, -EBADMSG, "a score, not NaN");
}

static bool read_members(struct codec_reader *r, uint8_t kind, struct zset_build *b)
{
    uint64_t count;
    if (!read_count(r, &count))
        return false;
    zset_build_reserve(b, count_to_reserve(r, count));
    while (count-- > 0) {
        struct slice member;
        double score;
        if (!read_element(r, &member))
            return false;
        double *at = zset_build_new(b, member);
        if (!at)
            break;
        if (!read_score(r, kind, &score))
            return false;
        *at = score;
    }
    return zset_build_all_new(b) || codec_fail(r, -EBADMSG, "members, each once");
}

struct entry *read_zset(struct codec_reader *r, uint8_t kind, const struct codec_target *to)
{
    struct zset_build b;
    zset_build_init(&b, to->env);
    if (!read_members(r, kind, &b)) {
        zset_build_done(&b);
        return NULL;
    }
    return zset_build_finish(&b, to->key, to->when_ms);
}

struct entry *read_zset_packed(struct codec_reader *r, uint8_t kind, const struct codec_target *to)
{
    struct listpack *lp = kind == KIND_ZSET_ZIPLIST ? read_ziplist(r) : read_listpack(r);
    if (!lp)
        return NULL;
    if (!zset_listpack_is_valid(lp, to->env)) {
        listpack_free(lp);
        return failed(r, "members and scores in their order");
    }
    return zset_new_listpack(to->key, lp, to->when_ms, to->env);
}

uint8_t zset_kind(const struct entry *e, int version UNUSED)
{
    return zset_listpack(e) ? KIND_ZSET_LISTPACK : KIND_ZSET;
}

void write_zset(struct codec_writer *w, const struct entry *e)
{
    struct zset_walk walk;
    struct zset_element m;
    const size_t count = zset_count(e);
    if (zset_listpack(e)) {
        write_packed(w, zset_listpack(e));
        return;
    }
    codec_write_len(w, count);
    /* Downwards: peers that read it put each in front of the others, which they do fastest. */
    zset_walk_open(&walk, e, count - 1, /* down= */ true);
    while (zset_walk_next(&walk, &m)) {
        codec_write_string(w, m.member);
        codec_write_double(w, m.score);
    }
}
