/* The chapters of directives whose features are still to come, and their cells. */
#include "config/unbuilt.h"

#include <string.h>

#include "base/mem.h"

static const struct unbuilt_chapter *const chapters[] = {
    &unbuilt_persistence, &unbuilt_replication, &unbuilt_cluster, &unbuilt_tls,
    &unbuilt_memory,      &unbuilt_features,    &unbuilt_network,
};

struct unbuilt {
    union unbuilt_cell *cells[COUNT_OF(chapters)];
};

static_assert(COUNT_OF(chapters) <= UNBUILT_TABLES_MAX, "callers have room for all");

size_t unbuilt_tables(struct unbuilt *u, struct directive_table out[static UNBUILT_TABLES_MAX])
{
    for (size_t i = 0; i < COUNT_OF(chapters); i++)
        out[i] = (struct directive_table){
            .rows = chapters[i]->rows,
            .count = chapters[i]->count,
            .settings = u->cells[i],
            .owner = u->cells[i],
            .title = chapters[i]->title,
        };
    return COUNT_OF(chapters);
}

struct unbuilt *unbuilt_new(void)
{
    struct unbuilt *u = mem_zalloc(sizeof(*u));
    struct directive_table tables[UNBUILT_TABLES_MAX];
    for (size_t i = 0; i < COUNT_OF(chapters); i++)
        u->cells[i] = mem_zalloc((chapters[i]->cells + 1) * sizeof(union unbuilt_cell));
    size_t count = unbuilt_tables(u, tables);
    for (size_t i = 0; i < count; i++)
        directive_init_all(&tables[i]);
    return u;
}

void unbuilt_free(struct unbuilt *u)
{
    struct directive_table tables[UNBUILT_TABLES_MAX];
    if (!u)
        return;
    size_t count = unbuilt_tables(u, tables);
    for (size_t i = 0; i < count; i++) {
        directive_done_all(&tables[i]);
        if (chapters[i]->done)
            chapters[i]->done(u->cells[i]);
        mem_free(u->cells[i]);
    }
    mem_free(u);
}

void unbuilt_keep_text(union unbuilt_cell *cell, struct slice text)
{
    char *copy = mem_alloc(text.len + 1);
    if (text.len)
        memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    mem_free(cell->text);
    cell->text = copy;
}
