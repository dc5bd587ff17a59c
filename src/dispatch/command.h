/* Commands as rows: everything that is known about a verb, beside its handler.
 *
 * A room exports one array of rows. COMMAND, COMMAND DOCS, the gates, ACL categories, key
 * extraction and cluster routing read them; nothing about a command is written down elsewhere. A
 * container (CLIENT, CONFIG) is a row without handler that has sub-rows.
 *
 * Rows are constant. What changes (statistics, the ids of COMMAND) is in the registry's slots. */
#ifndef DISPATCH_COMMAND_H
#define DISPATCH_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

struct buf;
struct cmd;

enum command_flag {
    CMD_WRITE = 1 << 0,
    CMD_READ = 1 << 1, /* "readonly" */
    CMD_DENY_OOM = 1 << 2,
    CMD_ADMIN = 1 << 3,
    CMD_PUBSUB = 1 << 4,
    CMD_NO_SCRIPT = 1 << 5,
    CMD_BLOCKING = 1 << 6,
    CMD_LOADING = 1 << 7,
    CMD_STALE = 1 << 8,
    CMD_SKIP_MONITOR = 1 << 9,
    CMD_SKIP_SLOWLOG = 1 << 10,
    CMD_ASKING = 1 << 11,
    CMD_FAST = 1 << 12,
    CMD_NO_AUTH = 1 << 13,
    CMD_MAY_REPLICATE = 1 << 14,
    CMD_NO_ASYNC_LOADING = 1 << 15,
    CMD_NO_MULTI = 1 << 16,
    CMD_MOVABLE_KEYS = 1 << 17,
    CMD_ALLOW_BUSY = 1 << 18,
    CMD_NO_MANDATORY_KEYS = 1 << 19,
    CMD_PROTECTED = 1 << 20,   /* needs enable-debug-command or its kin */
    CMD_SUBSCRIBED = 1 << 21,  /* also for subscribers of RESP2 */
    CMD_SENTINEL = 1 << 22,    /* also in Sentinel mode */
    CMD_ASKS_HEALTH = 1 << 23, /* refused like a write while the disk fails */
    CMD_SECRET_ARGS = 1 << 24, /* has arguments that are never shown: command_arg_is_secret */
    CMD_NO_QUEUE = 1 << 25,    /* runs at once also inside MULTI */
    CMD_SYSTEM = 1 << 26,      /* "syscmd" of COMMAND DOCS: not for applications */
};

/* The group decides the data category of ACL (@string, @keyspace, ...) and of COMMAND DOCS. */
enum command_group {
    GROUP_GENERIC,
    GROUP_STRING,
    GROUP_LIST,
    GROUP_SET,
    GROUP_SORTED_SET,
    GROUP_HASH,
    GROUP_PUBSUB,
    GROUP_TRANSACTIONS,
    GROUP_CONNECTION,
    GROUP_SERVER,
    GROUP_SCRIPTING,
    GROUP_HYPERLOGLOG,
    GROUP_CLUSTER,
    GROUP_SENTINEL,
    GROUP_GEO,
    GROUP_STREAM,
    GROUP_BITMAP,
    GROUP_COUNT,
};

/* ACL categories that neither flags nor group imply. */
enum command_acl {
    ACL_KEYSPACE = 1 << 0,
    ACL_DANGEROUS = 1 << 1,
    ACL_CONNECTION = 1 << 2,
    ACL_ADMIN = 1 << 3,
    ACL_READ = 1 << 4,
    ACL_WRITE = 1 << 5,
    ACL_STRING = 1 << 6,
    ACL_BLOCKING = 1 << 7,
    ACL_TRANSACTION = 1 << 8,
    ACL_SCRIPTING = 1 << 9,
    ACL_PUBSUB = 1 << 10,
    ACL_NO_GROUP = 1 << 11, /* the group's own category does not apply */
    ACL_LIST = 1 << 12,
    ACL_SET = 1 << 13,
    ACL_SORTED_SET = 1 << 14,
};

enum key_flag {
    KEY_RO = 1 << 0,
    KEY_RW = 1 << 1,
    KEY_OW = 1 << 2,
    KEY_RM = 1 << 3,
    KEY_ACCESS = 1 << 4,
    KEY_UPDATE = 1 << 5,
    KEY_INSERT = 1 << 6,
    KEY_DELETE = 1 << 7,
    KEY_NOT_KEY = 1 << 8,
    KEY_INCOMPLETE = 1 << 9,
    KEY_VARIABLE_FLAGS = 1 << 10,
};

/* Where keys stand: where the search begins, and how keys are found from there. As in COMMAND's
 * key specifications. */
struct key_spec {
    uint32_t flags;
    enum { KEYS_NONE, KEYS_INDEX, KEYS_KEYWORD, KEYS_BEGIN_UNKNOWN } begin;
    enum { KEYS_RANGE, KEYS_NUMKEYS, KEYS_FIND_UNKNOWN } find;
    int at;                /* INDEX: the argument; KEYWORD: where the search starts */
    const char *keyword;   /* KEYWORD */
    int last, step, limit; /* RANGE: relative to the first, -1 last argument */
    int count_at, first;   /* NUMKEYS: relative to the beginning */
    const char *notes;
};

#define KEY_SPECS_MAX 4

/* One key at argument `i`; keys from argument `i` to `l` (negative: from the end), every `s`. */
#define KEY_AT(i, f)                                                           \
    {                                                                          \
        {                                                                      \
            .flags = (f), .begin = KEYS_INDEX, .at = (i), .last = 0, .step = 1 \
        }                                                                      \
    }
#define KEYS_FROM(i, l, s, f)                                                      \
    {                                                                              \
        {                                                                          \
            .flags = (f), .begin = KEYS_INDEX, .at = (i), .last = (l), .step = (s) \
        }                                                                          \
    }

typedef void (*command_run)(struct cmd *cmd);
/* What a request really does to the key of a specification with KEY_VARIABLE_FLAGS. */
typedef uint32_t (*command_key_flags)(const struct slice *argv, int argc);
/* Where in a request the key of a specification stands that begins at an unknown place; 0: nowhere. */
typedef int (*command_find_key)(const struct key_spec *spec, const struct slice *argv, int argc);

/* Whether argument `i` is a secret, in a row with CMD_SECRET_ARGS; `owner` is the table's. */
typedef bool (*command_secret)(void *owner, const struct slice *argv, int argc, int i);

struct command_history {
    const char *since, *change;
};

struct command {
    const char *name; /* lower case; a subcommand's own name */
    command_run run;  /* NULL for a container without a form of its own */
    int arity;        /* with the command's name (and subcommand); negative: at least */
    uint32_t flags;
    enum command_group group;
    uint32_t acl; /* beyond what flags and group imply */
    struct key_spec keys[KEY_SPECS_MAX];
    /* The argument that mostly names an element of the first key's value, which is looked up; 0: none does.
     * A hint, for looking ahead. */
    int element;
    command_key_flags key_flags; /* NULL without variable flags */
    command_find_key find_key;   /* NULL: none is found where the beginning is unknown */
    command_secret is_secret;    /* with CMD_SECRET_ARGS: NULL if all arguments are */

    const char *since, *complexity, *summary;
    /* The arguments in the notation of dispatch/syntax.h, "" if none. */
    const char *syntax;
    const char *deprecated_since, *replaced_by;
    const char *const *tips; /* ended by NULL, or NULL */

    const struct command *subs;
    size_t sub_count;
};

/* Whether argument `i` of a request must not be shown: command logs, MONITOR and crash reports show
 * "(redacted)" instead. The command's and the subcommand's name never are secrets. */
bool command_arg_is_secret(const struct command *row, void *owner, const struct slice *argv,
                           int argc, int i);

/* What a room exports: `owner` is passed to its handlers as cmd->owner. */
struct command_table {
    const struct command *rows;
    size_t count;
    void *owner;
};

/* "sorted-set". */
const char *group_name(enum command_group group);
/* The names that COMMAND INFO shows, with spaces between them. */
void command_print_flags(struct buf *out, const struct command *row);
void command_print_categories(struct buf *out, const struct command *row);
void command_print_key_flags(struct buf *out, uint32_t flags);

#endif
