/* Sorted sets in a listpack. */
#include "types/zset_priv.h"

/* Scores up to here are kept as whole numbers, as the peers do. */
#define SCORE_INT_MAX ((double)(INT64_MAX / 2))

static bool score_as_int(double score, int64_t *ret_value)
{
    if (!(score >= -SCORE_INT_MAX && score <= SCORE_INT_MAX))
        return false;
    *ret_value = (int64_t)score;
    return (double)*ret_value == score;
}

struct slice zset_score_text(double score, char *text)
{
    return slice_of(text, num_format_double(text, score));
}

struct slice zset_listpack_score_text(double score, char *text)
{
    int64_t whole;
    if (score_as_int(score, &whole))
        return slice_of(text, num_format_int(text, whole));
    return zset_score_text(score, text);
}

/* False: not a number. */
static bool score_at(const struct listpack *lp, size_t at, double *ret_score)
{
    const struct listpack_value value = listpack_get(lp, at);
    if (LIKELY(!value.text.ptr)) {
        *ret_score = (double)value.number;
        return true;
    }
    return num_parse_double(value.text, ret_score);
}

double zset_pack_score(const struct listpack *lp, size_t at)
{
    double score = 0;
    const bool is_number = score_at(lp, listpack_next(lp, at), &score);
    ASSERT(is_number); /* checked when it came in */
    return score;
}

size_t zset_pack_find(const struct listpack *lp, struct slice member)
{
    return listpack_find(lp, listpack_first(lp), member, 1);
}

struct listpack *zset_pack_append(struct listpack *lp, const struct zset_element *what)
{
    char text[NUM_DOUBLE_MAX_CHARS];
    int64_t whole;
    lp = listpack_append(lp, what->member);
    if (score_as_int(what->score, &whole))
        return listpack_append_int(lp, whole);
    return listpack_append(lp, zset_score_text(what->score, text));
}

/* Whether the pair at `at` stands behind another. */
static bool stands_behind(const struct listpack *lp, size_t at, const struct zset_element *what)
{
    char digits[NUM_INT_MAX_CHARS];
    const double score = zset_pack_score(lp, at);
    if (score != what->score)
        return score > what->score;
    return slice_cmp(listpack_text(lp, at, digits), what->member) > 0;
}

struct listpack *zset_pack_insert(struct listpack *lp, const struct zset_element *what)
{
    /* Rising scores are common. */
    const size_t last = listpack_last(lp);
    if (!last || !stands_behind(lp, listpack_prev(lp, last), what))
        return zset_pack_append(lp, what);

    size_t at = listpack_first(lp);
    while (!stands_behind(lp, at, what))
        at = zset_pack_next(lp, at);

    char text[NUM_DOUBLE_MAX_CHARS];
    int64_t whole;
    if (score_as_int(what->score, &whole))
        lp = listpack_insert_int(lp, at, whole);
    else
        lp = listpack_insert(lp, at, zset_score_text(what->score, text));
    return listpack_insert(lp, at, what->member);
}

/* Whether the pair may stand behind the one before. */
static bool is_in_order(const struct zset_element *before, const struct zset_element *here)
{
    if (here->score != before->score)
        return here->score > before->score;
    return slice_cmp(here->member, before->member) > 0;
}

static bool pairs_are_in_order(const struct listpack *lp)
{
    struct zset_element before = { .member = { NULL, 0 } };
    char digits[2][NUM_INT_MAX_CHARS];
    unsigned turn = 0;
    for (size_t at = listpack_first(lp); at; turn ^= 1) {
        struct zset_element here = { .member = listpack_text(lp, at, digits[turn]) };
        const size_t score = listpack_next(lp, at);
        if (!score || !score_at(lp, score, &here.score))
            return false;
        if (before.member.ptr && !is_in_order(&before, &here))
            return false;
        before = here;
        at = listpack_next(lp, score);
    }
    return true;
}

bool zset_listpack_is_valid(const struct listpack *lp, const struct type_env *env)
{
    return pairs_are_in_order(lp) && listpack_all_differ(lp, 2, env->hash_key);
}
