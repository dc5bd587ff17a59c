/* Directives: configuration as typed rows beside the state that they set.
 *
 * A room keeps its settings in one plain struct and exports an array of rows that say where in it
 * each value lives, what it may be, and what to call when it has changed. The server's table of
 * tables reads files and the command line, answers CONFIG GET and performs CONFIG SET through the
 * rows alone: all or nothing, the old values being put back if one `apply` refuses.
 *
 * Storage by type: BOOL bool; INT, MEMORY, PERCENT_OR_MEMORY int64_t (a percentage is stored
 * negative); ENUM, OCTAL int; FLAGS uint64_t; STRING char * (owned by the struct, may be NULL: shown
 * as ""); CUSTOM none. */
#ifndef BASE_DIRECTIVE_H
#define BASE_DIRECTIVE_H

#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"

enum directive_type {
    DIRECTIVE_BOOL,              /* yes, no */
    DIRECTIVE_INT,               /* min..max, in the canonical form alone */
    DIRECTIVE_MEMORY,            /* 1k, 1kb, ... within min..max */
    DIRECTIVE_PERCENT_OR_MEMORY, /* 5%, 0..max bytes; -min is the highest percentage, 100 if 0 */
    DIRECTIVE_OCTAL,             /* a file mode; min..max */
    DIRECTIVE_ENUM,              /* one of `words`, in any case */
    DIRECTIVE_FLAGS,             /* several of `words`, separated by spaces, or-ed */
    DIRECTIVE_STRING,
    DIRECTIVE_CUSTOM, /* `parse` and `show` do it all */
};

enum {
    DIRECTIVE_IMMUTABLE = 1 << 0, /* not by CONFIG SET */
    DIRECTIVE_SENSITIVE = 1 << 1, /* redacted in logs */
    DIRECTIVE_HIDDEN = 1 << 2,    /* not in CONFIG GET with a pattern */
    DIRECTIVE_MULTI = 1 << 3,     /* several arguments; repeated lines add */
    DIRECTIVE_PROTECTED = 1 << 4, /* mutable only with enable-protected-configs */
    DIRECTIVE_EMPTY_IS_NULL = 1 << 5,
    /* Kept and shown, but has no effect yet: whoever sets it to anything but its initial value is
     * told so, once. */
    DIRECTIVE_UNBUILT = 1 << 6,
    DIRECTIVE_UNSIGNED = 1 << 7,     /* INT, MEMORY: any uint64_t, in the place of an int64_t */
    DIRECTIVE_ADDS = 1 << 8,         /* a further line of a file adds its words to what is shown */
    DIRECTIVE_DENY_LOADING = 1 << 9, /* not by CONFIG SET while data is loaded */
    DIRECTIVE_REAPPLY = 1 << 10,     /* `apply` runs even if the value is the same as before */
};

struct directive_word {
    const char *word;
    int value;
};

struct directive {
    const char *name;
    const char *alias; /* the other spelling, or NULL */
    enum directive_type type;
    uint32_t flags;
    size_t offset; /* of the value in the settings */
    int64_t min, max;
    unsigned line_words; /* CONFIG REWRITE: words of the value in a line; 0: all */
    const char *initial; /* as it would be written in a file */
    const char *summary; /* what it does, for the reference and the commented tarn.conf: sentences,
                          * in our own words, lines joined by single spaces */
    const struct directive_word *words; /* ENUM and FLAGS, ended by {NULL, 0} */

    /* Checks a value before it is stored, beyond type and range. 0, or -EINVAL with *ret_error
     * pointing to a static text. May be NULL. */
    int (*check)(void *owner, struct slice value, const char **ret_error);
    /* Puts a stored value into effect. As above; on refusal the old value is stored and applied
     * again. May be NULL. */
    int (*apply)(void *owner, const char **ret_error);
    /* CUSTOM: from words, and to the text that CONFIG GET and REWRITE print. */
    int (*parse)(void *owner, const struct slice *words, size_t count, const char **ret_error);
    void (*show)(const void *owner, struct buf *out);
};

/* What a room exports. */
struct directive_table {
    const struct directive *rows;
    size_t count;
    void *settings;
    void *owner;       /* first parameter of the functions; usually the room's handle */
    const char *title; /* the chapter of the reference and of tarn.conf: "Network" */
};

/* Why a value was refused, in the peers' words. */
struct directive_error {
    char text[512];
};

/* Parses words for `row` (CONFIG SET passes one, a file's line may have several) and stores the value
 * in the settings; `check` is called before, `apply` is not. 0, or -EINVAL with the reason; then
 * nothing was stored. */
MUST_USE int directive_parse(const struct directive_table *table, const struct directive *row,
                             const struct slice *words, size_t count,
                             struct directive_error *ret_error);
/* Prints the value that the settings hold, as CONFIG GET does. */
void directive_show(const struct directive_table *table, const struct directive *row,
                    struct buf *out);
/* Stores every row's initial value, without `check` and `apply`, in settings that are zeroed; aborts on
 * a row that contradicts itself. A CUSTOM row's initial text is split into words first; NULL leaves
 * a STRING NULL and a CUSTOM value as it is. */
void directive_init_all(const struct directive_table *table);
/* Frees the strings. */
void directive_done_all(const struct directive_table *table);

#endif
