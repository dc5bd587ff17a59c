/* Directives whose features are still to come.
 *
 * Configuration files of the peers must start Tarn, so every directive is read, checked, kept and
 * shown from the first day on. Those that no room implements are rows here, in one file a chapter.
 * A room that builds a feature takes its rows with it: each row stands for itself, so that moving
 * it is cutting it out.
 *
 * A row's value lies in a cell of its own, which UNBUILT_CELL takes: the n-th one of the file. Rows
 * with `parse` and `show` get the chapter's cells as their owner. */
#ifndef CONFIG_UNBUILT_H
#define CONFIG_UNBUILT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/directive.h"
#include "base/macros.h"

union unbuilt_cell {
    bool flag;
    int choice;
    int64_t number;
    uint64_t bits;
    char *text;
};

#define UNBUILT_CELL .offset = __COUNTER__ * sizeof(union unbuilt_cell)
/* Their number, behind the last row. */
#define UNBUILT_CELLS __COUNTER__

struct unbuilt_chapter {
    const struct directive *rows;
    size_t count;
    size_t cells;
    const char *title;
    void (*done)(union unbuilt_cell *cells); /* frees texts that `parse` kept; may be NULL */
};

extern const struct unbuilt_chapter unbuilt_persistence;
extern const struct unbuilt_chapter unbuilt_replication;
extern const struct unbuilt_chapter unbuilt_cluster;
extern const struct unbuilt_chapter unbuilt_tls;
extern const struct unbuilt_chapter unbuilt_memory;
extern const struct unbuilt_chapter unbuilt_features;
extern const struct unbuilt_chapter unbuilt_network;

struct unbuilt;

/* All chapters with their initial values. */
struct unbuilt *unbuilt_new(void);
void unbuilt_free(struct unbuilt *u); /* accepts NULL */
#define UNBUILT_TABLES_MAX 12
/* Returns their number. The tables hold as long as `u` does. */
size_t unbuilt_tables(struct unbuilt *u, struct directive_table out[static UNBUILT_TABLES_MAX]);

/* For `parse`: the cell's text becomes a copy of `text`. */
void unbuilt_keep_text(union unbuilt_cell *cell, struct slice text);

#endif
