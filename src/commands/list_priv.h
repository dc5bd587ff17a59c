/* What the verbs on lists share. */
#ifndef COMMANDS_LIST_PRIV_H
#define COMMANDS_LIST_PRIV_H

#include "commands/commands.h"
#include "commands/commands_priv.h"
#include "types/list.h"

#define ERR_POSITIVE "ERR value is out of range, must be positive"

/* True if `e` is NULL or a list; else replies WRONGTYPE. */
INLINE bool is_list(const struct cmd *cmd, const struct entry *e)
{
    return LIKELY(!e || entry_type(e) == TYPE_LIST) || cmd_type_ok(cmd, e, TYPE_LIST);
}

INLINE const struct type_env *list_env(const struct cmd *cmd)
{
    return keyspace_env(db_keyspace(cmd->db));
}

struct list_values {
    const struct slice *values;
    size_t count;
};

/* LEFT or RIGHT; false: an error was replied. */
MUST_USE bool list_end_arg(const struct cmd *cmd, int i, enum list_end *ret_end);

/* Indexes `start` to `stop`, negative ones from the end, of a list of `count`; nothing: count 0. */
struct list_span {
    size_t first, count;
};
struct list_span list_span(size_t count, int64_t start, int64_t stop);

void list_reply_value(struct reply *r, const struct packs_value *value);

/* The value at an end of a list that has some, copied. */
struct slice list_copy_end(const struct cmd *cmd, const struct entry *e, enum list_end end);
/* Takes values away, of which there are so many. */
void list_drop_end(const struct cmd *cmd, struct entry *e, enum list_end end, size_t count);

/* Puts values into the list, or (`e` is NULL) into a new one of the key, and counts. Returns how long it
 * is. Its event is the caller's: it comes before or behind the reply. */
size_t list_push_values(struct cmd *cmd, struct key key, struct entry *e, enum list_end end,
                        struct list_values values);
void list_tell_pushed(struct cmd *cmd, struct key key, enum list_end end);
/* Values went: the change is counted and told as `event`, and so is the end of the key if they were the last. */
void list_removed(struct cmd *cmd, struct key key, struct entry *e, size_t count,
                  const char *event);
/* The same after values were taken from an end. */
void list_popped(struct cmd *cmd, struct key key, struct entry *e, enum list_end end, size_t count);

/* What LPOP and its kin do, with their effect, whatever the verb: the list has values. */
enum list_pop_reply {
    LIST_POP_VALUE,  /* alone */
    LIST_POP_ARRAY,  /* of values */
    LIST_POP_KEYED,  /* the key and a value */
    LIST_POP_NESTED, /* the key and an array of values */
};
struct list_pop {
    enum list_end end;
    enum list_pop_reply reply;
    int64_t count;
};
void list_pop(struct cmd *cmd, struct key key, struct entry *e, const struct list_pop *p);
/* From the first of the keys that has something. True: replied, be it an error. */
bool list_pop_first(struct cmd *cmd, int first, int count, const struct list_pop *p);
/* numkeys key ... LEFT | RIGHT [COUNT n] from argument `at` on; false: an error was replied. */
MUST_USE bool list_pop_many_args(const struct cmd *cmd, int at, struct list_pop *ret_pop,
                                 int *ret_keys);

/* From an end of one list to an end of another. */
struct list_move {
    enum list_end from, to;
    struct slice source, target;
    bool waited; /* the request is not its own effect */
    /* of LMOVEM: */
    bool many;  /* replies an array */
    bool exact; /* `count` of them, or none */
    bool bulk;  /* in the order in which they stood */
    int64_t count;
};
/* The list at `source` has enough. False: the target is no list, which was replied. */
bool list_move(struct cmd *cmd, const struct list_move *m, struct entry *source);
/* Whether the list, which may be NULL, has what is to be moved. */
bool list_move_can(const struct entry *source, const struct list_move *m);
/* The options of LMOVEM from argument `at` to the end; false: an error was replied. */
MUST_USE bool list_move_many_args(const struct cmd *cmd, int at, struct list_move *m);
/* source target LEFT | RIGHT LEFT | RIGHT from argument 1 on. */
MUST_USE bool list_move_args(const struct cmd *cmd, struct list_move *ret_move);

#endif
