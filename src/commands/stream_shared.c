/* What the verbs of streams share. */
#include <errno.h>
#include <stdlib.h>

#include "base/num.h"
#include "commands/stream_priv.h"

#define ERR_STREAM_ID "ERR Invalid stream ID specified as stream command argument"

/* ---- IDs ---- */

#define ID_TEXT_MAX 127

/* As the peers read it: what is no canonical integer may have spaces and a sign before it. */
static bool read_part(const char *text, uint64_t *ret_value)
{
    int64_t number;
    if (num_parse_int(slice_str(text), &number)) {
        *ret_value = (uint64_t)number;
        return number >= 0;
    }
    char *end;
    errno = 0;
    *ret_value = strtoull(text, &end, 10);
    return errno == 0 && *text != '\0' && *end == '\0';
}

bool xstream_read_id(struct slice text, uint64_t seq, struct xstream_id *ret_id,
                     enum xstream_id_form *ret_form)
{
    char copy[ID_TEXT_MAX + 1];
    struct xstream_id id = { 0, seq };
    if (text.len > ID_TEXT_MAX)
        return false;
    if (text.len)
        memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    char *dash = strchr(copy, '-');
    if (dash)
        *dash = '\0';
    if (!read_part(copy, &id.ms))
        return false;
    if (ret_form)
        *ret_form = STREAM_ID_WHOLE;
    if (dash && ret_form && strcmp(dash + 1, "*") == 0) {
        id.seq = 0;
        *ret_form = STREAM_ID_MS_ONLY;
    } else if (dash && !read_part(dash + 1, &id.seq)) {
        return false;
    }
    *ret_id = id;
    return true;
}

/* The text up to a zero byte, as the peers see it, is this one sign. */
static bool is_sign(struct slice text, char sign)
{
    return text.len >= 1 && text.ptr[0] == sign && (text.len == 1 || text.ptr[1] == '\0');
}

static bool read_id_or_end(struct slice text, uint64_t seq, struct xstream_id *ret_id)
{
    if (text.len <= ID_TEXT_MAX && is_sign(text, '-'))
        *ret_id = STREAM_ID_MIN;
    else if (text.len <= ID_TEXT_MAX && is_sign(text, '+'))
        *ret_id = STREAM_ID_MAX;
    else
        return xstream_read_id(text, seq, ret_id, NULL);
    return true;
}

static bool or_error(const struct cmd *cmd, bool ok)
{
    if (!ok)
        reply_error(cmd->reply, ERR_STREAM_ID);
    return ok;
}

bool cmd_stream_id(const struct cmd *cmd, int i, struct xstream_id *ret_id)
{
    return or_error(cmd, xstream_read_id(cmd_arg(cmd, i), 0, ret_id, NULL));
}

bool cmd_stream_id_or_end(const struct cmd *cmd, int i, uint64_t seq, struct xstream_id *ret_id)
{
    return or_error(cmd, read_id_or_end(cmd_arg(cmd, i), seq, ret_id));
}

/* An end of an interval; what it excludes is still to be passed over. */
static bool read_end(const struct cmd *cmd, int i, uint64_t seq, struct xstream_id *ret_id,
                     bool *ret_excluded)
{
    struct slice text = cmd_arg(cmd, i);
    *ret_excluded = text.len > 1 && text.ptr[0] == '(';
    if (*ret_excluded)
        return or_error(cmd, xstream_read_id(slice_from(text, 1), seq, ret_id, NULL));
    return cmd_stream_id_or_end(cmd, i, seq, ret_id);
}

bool cmd_stream_first(const struct cmd *cmd, int i, struct xstream_id *ret_id)
{
    bool excluded;
    if (!read_end(cmd, i, 0, ret_id, &excluded))
        return false;
    if (!excluded || xstream_id_next(ret_id))
        return true;
    reply_error(cmd->reply, "ERR invalid start ID for the interval");
    return false;
}

bool cmd_stream_last(const struct cmd *cmd, int i, struct xstream_id *ret_id)
{
    bool excluded;
    if (!read_end(cmd, i, UINT64_MAX, ret_id, &excluded))
        return false;
    if (!excluded || xstream_id_prev(ret_id))
        return true;
    reply_error(cmd->reply, "ERR invalid end ID for the interval");
    return false;
}

struct xstream_id *cmd_stream_ids(const struct cmd *cmd, int first, int last)
{
    struct xstream_id *ids = arena_alloc(cmd->arena, (size_t)(last - first + 1) * sizeof(*ids));
    for (int i = first; i <= last; i++) {
        if (!cmd_stream_id(cmd, i, &ids[i - first]))
            return NULL;
    }
    return ids;
}

bool cmd_stream_id_list(const struct cmd *cmd, int at, bool to_the_end, struct id_list *ret_list)
{
    int64_t count;
    if (at + 1 >= cmd->argc || !cmd_is(cmd, at, "IDS")) {
        reply_error(cmd->reply, ERR_SYNTAX);
        return false;
    }
    if (!cmd_int_in(cmd, at + 1, 1, INT32_MAX, &count,
                    "ERR Number of IDs must be a positive integer"))
        return false;
    int left = cmd->argc - at - 2;
    if (count > left || (to_the_end && count < left)) {
        reply_error(cmd->reply, "ERR The `numids` parameter must match the number of arguments");
        return false;
    }
    ret_list->first = at + 2;
    ret_list->count = (int)count;
    ret_list->ids = cmd_stream_ids(cmd, at + 2, at + 1 + (int)count);
    return ret_list->ids != NULL;
}

bool cmd_stream_refs(const struct cmd *cmd, int i, enum xstream_refs *ret_refs)
{
    static const char *const words[] = {
        [STREAM_REFS_KEEP] = "KEEPREF",
        [STREAM_REFS_DROP] = "DELREF",
        [STREAM_REFS_ACKED] = "ACKED",
    };
    for (size_t w = 0; w < COUNT_OF(words); w++) {
        if (!cmd_is(cmd, i, words[w]))
            continue;
        *ret_refs = (enum xstream_refs)w;
        return true;
    }
    return false;
}

/* ---- replies ---- */

void reply_stream_id(struct reply *r, struct xstream_id id)
{
    char text[STREAM_ID_MAX_CHARS];
    reply_bulk(r, slice_of(text, xstream_id_format(text, id)));
}

void reply_stream_fields(struct reply *r, struct xstream_iter *it)
{
    reply_array(r, 2 * it->field_count);
    for (size_t i = 0; i < it->field_count; i++) {
        char scratch[2 * STREAM_SCRATCH];
        struct slice field, value;
        xstream_iter_pair(it, &field, &value, scratch);
        reply_bulk(r, field);
        reply_bulk(r, value);
    }
}

void reply_stream_entry(struct reply *r, struct xstream_iter *it)
{
    reply_array(r, 2);
    reply_stream_id(r, it->id);
    reply_stream_fields(r, it);
}

void reply_stream_range(struct reply *r, const struct xstream *s, const struct xstream_range *range)
{
    struct xstream_iter it;
    uint64_t n = 0;
    xstream_iter_init(&it, s, range->first, range->last, range->reverse);
    reply_defer(r);
    while ((range->count == 0 || n < range->count) && xstream_iter_next(&it)) {
        reply_stream_entry(r, &it);
        n++;
    }
    reply_settle(r, REPLY_ARRAY, n);
}

bool reply_stream_one(struct reply *r, const struct xstream *s, struct xstream_id id)
{
    struct xstream_iter it;
    xstream_iter_init(&it, s, id, id, false);
    if (!xstream_iter_next(&it))
        return false;
    reply_stream_entry(r, &it);
    return true;
}

/* ---- groups ---- */

void look_up_group(struct cmd *cmd, struct group_of *ret_group)
{
    *ret_group = (struct group_of){ .key = cmd_key(cmd, 1) };
    ret_group->e = db_lookup_read(cmd->db, ret_group->key);
}

bool open_group(const struct cmd *cmd, struct group_of *group)
{
    if (!is_stream(cmd, group->e))
        return false;
    if (group->e) {
        group->s = xstream_of(group->e);
        group->g = xstream_group_find(group->s, cmd_arg(cmd, 2));
    }
    return true;
}

bool find_group(struct cmd *cmd, struct group_of *ret_group)
{
    look_up_group(cmd, ret_group);
    return open_group(cmd, ret_group);
}

void reply_no_group(const struct cmd *cmd, struct slice key, struct slice group)
{
    reply_errorf(cmd->reply, "NOGROUP No such key '%.*s' or consumer group '%.*s'", SLICE_ARGS(key),
                 SLICE_ARGS(group));
}

struct xstream_consumer *get_consumer(struct cmd *cmd, const struct group_of *group,
                                      struct slice name, bool *ret_created)
{
    struct xstream_consumer *c = xstream_consumer_find(group->g, name);
    *ret_created = !c;
    if (!c) {
        c = xstream_consumer_add(group->g, name, cmd_now_ms(cmd));
        count_change(cmd);
        db_notify(cmd->db, EVENT_STREAM, "xgroup-createconsumer", group->key.name);
    }
    c->seen_ms = cmd_now_ms(cmd);
    return c;
}

void effect_claim(struct cmd *cmd, const struct group_of *group, struct xstream_id id,
                  const struct xstream_pending *p)
{
    char id_text[STREAM_ID_MAX_CHARS], last_text[STREAM_ID_MAX_CHARS];
    char time_text[NUM_INT_MAX_CHARS], count_text[NUM_INT_MAX_CHARS];
    CMD_EFFECT(cmd, SLICE("XCLAIM"), group->key.name, group->g->name, p->consumer->name, SLICE("0"),
               slice_of(id_text, xstream_id_format(id_text, id)), SLICE("TIME"),
               slice_of(time_text, num_format_int(time_text, p->delivered_ms)), SLICE("RETRYCOUNT"),
               slice_of(count_text, num_format_int(count_text, p->deliveries)), SLICE("FORCE"),
               SLICE("JUSTID"), SLICE("LASTID"),
               slice_of(last_text, xstream_id_format(last_text, group->g->last)));
}

void effect_group_place(struct cmd *cmd, const struct group_of *group)
{
    char id_text[STREAM_ID_MAX_CHARS], read_text[NUM_INT_MAX_CHARS];
    CMD_EFFECT(cmd, SLICE("XGROUP"), SLICE("SETID"), group->key.name, group->g->name,
               slice_of(id_text, xstream_id_format(id_text, group->g->last)), SLICE("ENTRIESREAD"),
               slice_of(read_text, num_format_int(read_text, group->g->entries_read)));
}

void effect_consumer(struct cmd *cmd, const struct group_of *group, struct slice name)
{
    CMD_EFFECT(cmd, SLICE("XGROUP"), SLICE("CREATECONSUMER"), group->key.name, group->g->name,
               name);
}

void drop_pending(struct cmd *cmd, const struct group_of *group, struct xstream_id id,
                  const struct xstream_pending *p)
{
    char id_text[STREAM_ID_MAX_CHARS];
    if (p->consumer)
        effect_claim(cmd, group, id, p);
    else
        CMD_EFFECT(cmd, SLICE("XACK"), group->key.name, group->g->name,
                   slice_of(id_text, xstream_id_format(id_text, id)));
    count_change(cmd);
    (void)xstream_pending_remove(group->g, id);
}
