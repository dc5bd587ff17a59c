/* What the verbs of streams share: IDs as arguments, entries as replies, effects. */
#ifndef COMMANDS_STREAM_PRIV_H
#define COMMANDS_STREAM_PRIV_H

#include "commands/commands_priv.h"
#include "types/stream.h"

/* Reads "5-1", "5" (with `seq` behind it). With `form` also "5-*", which it tells. */
MUST_USE bool xstream_read_id(struct slice text, uint64_t seq, struct xstream_id *ret_id,
                              enum xstream_id_form *ret_form);
/* Argument `i`; else replies the error. */
MUST_USE bool cmd_stream_id(const struct cmd *cmd, int i, struct xstream_id *ret_id);
/* Also "-" and "+". */
MUST_USE bool cmd_stream_id_or_end(const struct cmd *cmd, int i, uint64_t seq,
                                   struct xstream_id *ret_id);
/* The ends of an interval: "-", "+", "(5-1". */
MUST_USE bool cmd_stream_first(const struct cmd *cmd, int i, struct xstream_id *ret_id);
MUST_USE bool cmd_stream_last(const struct cmd *cmd, int i, struct xstream_id *ret_id);
/* All arguments from `first` to `last`, in the arena; NULL: the error was replied. */
MUST_USE struct xstream_id *cmd_stream_ids(const struct cmd *cmd, int first, int last);

/* IDS count id ... from argument `at` on. */
struct id_list {
    struct xstream_id *ids;
    int first; /* argument */
    int count;
};
MUST_USE bool cmd_stream_id_list(const struct cmd *cmd, int at, bool to_the_end,
                                 struct id_list *ret_list);
/* KEEPREF, DELREF, ACKED. */
MUST_USE bool cmd_stream_refs(const struct cmd *cmd, int i, enum xstream_refs *ret_refs);

void reply_stream_id(struct reply *r, struct xstream_id id);
/* The entry at which the iterator stands: [id, [field, value, ...]]; the second in two parts for
 * who has more to say behind it. */
void reply_stream_entry(struct reply *r, struct xstream_iter *it);
void reply_stream_fields(struct reply *r, struct xstream_iter *it);
/* Entries from `first` to `last`, at most `count` (0: all) as an array. */
struct xstream_range {
    struct xstream_id first, last;
    bool reverse;
    uint64_t count;
};
void reply_stream_range(struct reply *r, const struct xstream *s,
                        const struct xstream_range *range);
/* The entry of this ID as reply_stream_entry; false, and nothing, if it is not there. */
bool reply_stream_one(struct reply *r, const struct xstream *s, struct xstream_id id);

/* True if `e` is NULL or a stream; else replies WRONGTYPE. */
INLINE bool is_stream(const struct cmd *cmd, const struct entry *e)
{
    return cmd_type_ok(cmd, e, TYPE_STREAM);
}

/* ---- groups ---- */

/* A group that a verb works on. */
struct group_of {
    struct key key;
    struct entry *e;
    struct xstream *s;
    struct xstream_group *g;
};

/* Key at argument 1, group at argument 2; `g` is NULL if either is not there. False: WRONGTYPE was replied. */
MUST_USE bool find_group(struct cmd *cmd, struct group_of *ret_group);
/* The same in two steps, where arguments are looked at in between: only the second replies. */
void look_up_group(struct cmd *cmd, struct group_of *ret_group);
MUST_USE bool open_group(const struct cmd *cmd, struct group_of *group);
/* "NOGROUP No such key '...' or consumer group '...'" */
COLD void reply_no_group(const struct cmd *cmd, struct slice key, struct slice group);

/* The consumer, made if need be, with event and change; it is seen now. */
struct xstream_consumer *get_consumer(struct cmd *cmd, const struct group_of *group,
                                      struct slice name, bool *ret_created);

/* What is told of groups: that an entry is pending as it is now; the group's place; a consumer. */
void effect_claim(struct cmd *cmd, const struct group_of *group, struct xstream_id id,
                  const struct xstream_pending *p);
void effect_group_place(struct cmd *cmd, const struct group_of *group);
void effect_consumer(struct cmd *cmd, const struct group_of *group, struct slice name);
/* An entry that is not in the stream any more is pending no longer. */
void drop_pending(struct cmd *cmd, const struct group_of *group, struct xstream_id id,
                  const struct xstream_pending *p);

/* Counts changes that no WATCH is broken by: who has read what. */
INLINE void count_change(const struct cmd *cmd)
{
    keyspace_count_dirty(db_keyspace(cmd->db), 1);
}

#endif
