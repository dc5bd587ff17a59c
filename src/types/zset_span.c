/* Sorted sets: spans of neighbours, and walks over them.
 *
 * Every range, of scores or of members, is a span of ranks; so one walk and one deletion serve them all. */
#include "types/zset_priv.h"

static struct zset_span span_between(size_t first, size_t end)
{
    return (struct zset_span){ first, end > first ? end - first : 0 };
}

bool zset_score_in(const struct zset_score_range *range, double score)
{
    const bool above = range->min_open ? score > range->min : score >= range->min;
    const bool below = range->max_open ? score < range->max : score <= range->max;
    return above && below;
}

/* ---- by score ---- */

static bool score_is_below(const struct zset_score_range *range, double score)
{
    return range->min_open ? score <= range->min : score < range->min;
}

static struct zset_span pack_span_of_scores(const struct listpack *lp,
                                            const struct zset_score_range *range)
{
    size_t at = listpack_first(lp);
    size_t first = 0;
    for (; at && score_is_below(range, zset_pack_score(lp, at)); first++)
        at = zset_pack_next(lp, at);
    size_t end = first;
    for (; at && zset_score_in(range, zset_pack_score(lp, at)); end++)
        at = zset_pack_next(lp, at);
    return span_between(first, end);
}

/* How many have a score below `score`, or up to it. The order behind that of inf is a number, too. */
static size_t tree_rank_of_score(const struct zset *z, double score, bool behind)
{
    return btree_rank(&z->tree, (struct btree_key){ score_order(score) + behind, NULL });
}

struct zset_span zset_span_of_scores(const struct entry *e, const struct zset_score_range *range)
{
    if (range->min > range->max ||
        (range->min == range->max && (range->min_open || range->max_open)))
        return (struct zset_span){ 0, 0 };
    const struct zset *z = zset_tree(e);
    if (!z)
        return pack_span_of_scores(zset_pack(e), range);
    return span_between(tree_rank_of_score(z, range->min, range->min_open),
                        tree_rank_of_score(z, range->max, !range->max_open));
}

/* ---- by member ---- */

/* Whether the member stands before the bound: as a lower bound a closed one lets its text in. */
static bool lex_is_before(const struct zset_lex_bound *bound, struct slice member, bool is_max)
{
    if (bound->kind == LEX_LOWEST || bound->kind == LEX_HIGHEST)
        return bound->kind == LEX_HIGHEST;
    const int order = slice_cmp(member, bound->text);
    const bool takes_equal = is_max == (bound->kind == LEX_CLOSED);
    return order < 0 || (order == 0 && takes_equal);
}

static struct zset_span pack_span_of_lex(const struct listpack *lp,
                                         const struct zset_lex_range *range)
{
    char digits[NUM_INT_MAX_CHARS];
    size_t at = listpack_first(lp);
    size_t first = 0;
    for (; at && lex_is_before(&range->min, listpack_text(lp, at, digits), false); first++)
        at = zset_pack_next(lp, at);
    size_t end = first;
    for (; at && lex_is_before(&range->max, listpack_text(lp, at, digits), true); end++)
        at = zset_pack_next(lp, at);
    return span_between(first, end);
}

/* All have one score: that of the first and of the last. */
static size_t tree_rank_of_lex(const struct zset *z, const struct zset_lex_bound *bound,
                               bool is_max)
{
    if (bound->kind == LEX_LOWEST || bound->kind == LEX_HIGHEST)
        return bound->kind == LEX_LOWEST ? 0 : btree_count(&z->tree);
    struct btree_cursor c;
    (void)btree_at(&z->tree, is_max ? btree_count(&z->tree) - 1 : 0, &c);
    const struct zset_probe probe = {
        .text = bound->text,
        .behind = is_max == (bound->kind == LEX_CLOSED),
    };
    return btree_rank(&z->tree, (struct btree_key){ c.order, &probe });
}

static bool lex_is_empty(const struct zset_lex_range *range)
{
    const struct zset_lex_bound *min = &range->min;
    const struct zset_lex_bound *max = &range->max;
    if (min->kind == LEX_LOWEST || max->kind == LEX_HIGHEST)
        return min->kind == max->kind;
    if (min->kind == LEX_HIGHEST || max->kind == LEX_LOWEST)
        return true;
    const int order = slice_cmp(min->text, max->text);
    return order > 0 || (order == 0 && (min->kind == LEX_OPEN || max->kind == LEX_OPEN));
}

struct zset_span zset_span_of_lex(const struct entry *e, const struct zset_lex_range *range)
{
    if (lex_is_empty(range))
        return (struct zset_span){ 0, 0 };
    const struct zset *z = zset_tree(e);
    if (!z)
        return pack_span_of_lex(zset_pack(e), range);
    return span_between(tree_rank_of_lex(z, &range->min, /* is_max= */ false),
                        tree_rank_of_lex(z, &range->max, /* is_max= */ true));
}

/* ---- walks ---- */

void zset_walk_open(struct zset_walk *w, const struct entry *e, size_t rank, bool down)
{
    const struct zset *z = zset_tree(e);
    w->down = down;
    w->lp = NULL;
    if (z) {
        (void)btree_at(&z->tree, rank, &w->cursor);
        return;
    }
    w->lp = zset_pack(e);
    w->at = listpack_seek(w->lp, (int64_t)rank * 2);
}

static bool pack_walk_next(struct zset_walk *w, struct zset_element *ret_element)
{
    const struct listpack *lp = w->lp;
    if (!w->at)
        return false;
    const size_t at = w->at;
    ret_element->member = listpack_text(lp, at, w->digits);
    ret_element->score = zset_pack_score(lp, at);
    if (!w->down) {
        w->at = zset_pack_next(lp, at);
        return true;
    }
    const size_t before = listpack_prev(lp, at);
    w->at = before ? listpack_prev(lp, before) : LISTPACK_NONE;
    return true;
}

bool zset_walk_next(struct zset_walk *w, struct zset_element *ret_element)
{
    if (w->lp)
        return pack_walk_next(w, ret_element);
    const struct zset_member *m = w->cursor.item;
    if (!m)
        return false;
    *ret_element = (struct zset_element){ member_text(m), m->score };
    (void)(w->down ? btree_prev(&w->cursor) : btree_next(&w->cursor));
    return true;
}

void zset_delete_span(struct entry *e, struct zset_span span)
{
    struct zset *z = zset_tree(e);
    if (span.count == 0)
        return;
    if (z)
        zset_tree_delete_span(z, span);
    else
        entry_put_pointer(
            e, listpack_delete_range(zset_pack(e), (int64_t)span.first * 2, span.count * 2));
}

/* ---- scans ---- */

struct scan {
    zset_visit visit;
    void *arg;
};

static void visit_member(void *arg, void *item)
{
    const struct scan *s = arg;
    const struct zset_member *m = item;
    const struct zset_element element = { member_text(m), m->score };
    s->visit(s->arg, &element);
}

uint64_t zset_scan(struct entry *e, uint64_t cursor, zset_visit visit, void *arg)
{
    struct zset *z = zset_tree(e);
    if (z) {
        struct scan s = { visit, arg };
        return table_scan(z->table, cursor, visit_member, &s);
    }
    struct zset_walk w;
    struct zset_element element;
    zset_walk_open(&w, e, 0, /* down= */ false);
    while (zset_walk_next(&w, &element))
        visit(arg, &element);
    return 0;
}
