/* Sorted sets: what the verbs share. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "commands/zset_priv.h"

void zset_removed(struct cmd *cmd, struct key key, struct entry *e, size_t count, const char *event)
{
    const bool is_empty = zset_count(e) == 0;
    if (count == 0)
        return;
    if (is_empty)
        db_delete(cmd->db, key, e, /* lazy= */ false);
    else
        db_store(cmd->db, key, e, e);
    keyspace_count_dirty(db_keyspace(cmd->db), count - 1);
    db_notify(cmd->db, EVENT_ZSET, event, key.name);
    if (is_empty)
        db_notify(cmd->db, EVENT_GENERIC, "del", key.name);
}

void zset_clear(struct cmd *cmd, struct key key)
{
    struct entry *e = db_peek(cmd->db, key);
    if (!e)
        return;
    db_delete(cmd->db, key, e, keyspace_settings(db_keyspace(cmd->db))->lazyfree_server_del);
    db_notify(cmd->db, EVENT_GENERIC, "del", key.name);
}

void zset_store_nothing(struct cmd *cmd, struct key key)
{
    reply_int(cmd->reply, 0); /* the peers fire behind it */
    zset_clear(cmd, key);
}

void zset_store_build(struct cmd *cmd, struct key key, struct zset_build *b, const char *event)
{
    const size_t count = zset_build_count(b);
    if (count == 0) {
        zset_build_done(b);
        zset_store_nothing(cmd, key);
        return;
    }
    db_set(cmd->db, key, zset_build_finish(b, key.name, ENTRY_NO_EXPIRY));
    reply_int(cmd->reply, (int64_t)count);
    db_notify(cmd->db, EVENT_ZSET, event, key.name);
}

/* ---- ranges ---- */

/* A number as strtod reads the text up to its first NUL: with spaces in front, empty for 0, and an
 * overflow for infinity. */
static bool loose_double(const struct cmd *cmd, struct slice text, double *ret_value)
{
    if (num_parse_double(text, ret_value))
        return true;
    char *copy = arena_alloc(cmd->arena, text.len + 1);
    if (text.len)
        memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    char *end;
    const double value = strtod(copy, &end);
    if (*end || isnan(value))
        return false;
    *ret_value = value;
    return true;
}

static bool score_bound(const struct cmd *cmd, int i, double *ret_bound, bool *ret_open)
{
    const struct slice text = cmd_arg(cmd, i);
    *ret_open = text.len > 0 && text.ptr[0] == '(';
    return loose_double(cmd, slice_from(text, *ret_open), ret_bound);
}

bool zset_score_range_arg(const struct cmd *cmd, int min, int max,
                          struct zset_score_range *ret_range)
{
    if (score_bound(cmd, min, &ret_range->min, &ret_range->min_open) &&
        score_bound(cmd, max, &ret_range->max, &ret_range->max_open))
        return true;
    reply_error(cmd->reply, "ERR min or max is not a float");
    return false;
}

static bool lex_bound(const struct cmd *cmd, int i, struct zset_lex_bound *ret_bound)
{
    const struct slice text = cmd_arg(cmd, i);
    if (text.len == 0)
        return false;
    const bool is_word = text.len == 1 || text.ptr[1] == '\0';
    *ret_bound = (struct zset_lex_bound){ .text = slice_from(text, 1) };
    switch (text.ptr[0]) {
    case '-':
        ret_bound->kind = LEX_LOWEST;
        return is_word;
    case '+':
        ret_bound->kind = LEX_HIGHEST;
        return is_word;
    case '(':
        ret_bound->kind = LEX_OPEN;
        return true;
    case '[':
        ret_bound->kind = LEX_CLOSED;
        return true;
    default:
        return false;
    }
}

bool zset_lex_range_arg(const struct cmd *cmd, int min, int max, struct zset_lex_range *ret_range)
{
    if (lex_bound(cmd, min, &ret_range->min) && lex_bound(cmd, max, &ret_range->max))
        return true;
    reply_error(cmd->reply, "ERR min or max not valid string range item");
    return false;
}

struct zset_span zset_span_of_ranks(size_t count, int64_t start, int64_t stop)
{
    const int64_t n = (int64_t)count;
    start = start < 0 ? MAX_OF(start + n, (int64_t)0) : start;
    stop = stop < 0 ? stop + n : MIN_OF(stop, n - 1);
    if (start > stop || start >= n)
        return (struct zset_span){ 0, 0 };
    return (struct zset_span){ (size_t)start, (size_t)(stop - start + 1) };
}

/* ---- replies ---- */

void zset_reply_header(const struct cmd *cmd, size_t count, bool with_scores)
{
    reply_array(cmd->reply, with_scores && cmd->reply->proto == 2 ? count * 2 : count);
}

void zset_reply_element(const struct cmd *cmd, const struct zset_element *element, bool with_scores)
{
    if (with_scores && cmd->reply->proto == 3)
        reply_array(cmd->reply, 2);
    reply_bulk(cmd->reply, element->member);
    if (with_scores)
        reply_double(cmd->reply, element->score);
}
