/* tarn-reference: the reference, the default tarn.conf and the man pages, written from the rows.
 *
 * A program of its own that is made from the library: it builds the rooms of a server that never
 * runs, and reads the tables of commands, directives and metrics that every room exports. It is run
 * by the build and by the tests, and is not installed. */
#ifndef SERVER_REFERENCE_PRIV_H
#define SERVER_REFERENCE_PRIV_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "server/server_priv.h"

#define REFERENCE_COLUMNS 100

/* ---- reference_text.c ---- */

/* Appends `text` as lines of at most REFERENCE_COLUMNS, each behind `prefix`, each with its end. */
void text_wrap(struct buf *out, const char *prefix, const char *text);
/* The same for a syntax line: it is broken outside of brackets alone, and goes on indented. */
void text_wrap_syntax(struct buf *out, const char *text);
/* A cell of a table: bars are escaped. */
void text_cell(struct buf *out, const char *text);
/* Text for troff: backslashes escaped, no line taken for a request. */
void text_man(struct buf *out, const char *text);
/* In capitals, with a space for the bar: "CLIENT KILL". */
void text_command_name(struct buf *out, const char *full_name);

/* ---- reference_pages.c ---- */

/* Pages are written, or compared with what is there. A page that is as it should be is not
 * touched. */
struct pages {
    const char *dir;
    bool only_check;
    int stale; /* pages that differ, are missing, or are nobody's */
    char (*names)[64];
    size_t count;
};

void pages_init(struct pages *p, const char *dir, bool only_check);
/* A page is whole; `name` is relative to the folder. */
void pages_put(struct pages *p, const char *name, const struct buf *text);
/* Files of `subdir` that were not put are removed. */
void pages_sweep(struct pages *p, const char *subdir);
void pages_done(struct pages *p);

/* ---- what is written ---- */

void reference_commands(struct server *s, struct pages *pages, const char *examples);
/* The list of commands by group, for the first page. */
void reference_command_index(struct server *s, struct buf *out);
void reference_directives(struct server *s, struct pages *pages);
void reference_info(struct server *s, struct pages *pages);
/* The commented tarn.conf, whose data folder is `state_dir`. */
void reference_conf(struct server *s, struct buf *out, const char *state_dir);
/* The directives for a man page. */
void reference_man_directives(struct server *s, struct buf *out);
/* What has no summary, one line each. Returns how many. */
int reference_gaps(struct server *s);

#endif
