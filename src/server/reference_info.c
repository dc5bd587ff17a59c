/* The page of INFO's fields. */
#include "server/reference_priv.h"

static void put_field(struct buf *out, const struct metric *row)
{
    const char *name = row->name ? row->name : row->pattern;
    buf_append_str(out, "| `");
    text_cell(out, name ? name : "...");
    buf_append_str(out, "` | ");
    text_cell(out, row->summary ? row->summary : "");
    buf_append_str(out, " |\n");
}

static void put_section(struct buf *out, const struct metric_table *tables, size_t count,
                        const char *section, bool usual)
{
    bool any = false;
    for (size_t t = 0; t < count; t++) {
        for (size_t i = 0; i < tables[t].count; i++) {
            const struct metric *row = &tables[t].rows[i];
            if (strcmp(row->section, section) != 0)
                continue;
            if (!any)
                buf_printf(out, "\n## %s\n\n%s| field | meaning |\n|---|---|\n", section,
                           usual ? "" : "Only by its name, or by INFO ALL.\n\n");
            any = true;
            put_field(out, row);
        }
    }
}

void reference_info(struct server *s, struct pages *pages)
{
    struct metric_table tables[METRIC_TABLES_MAX];
    size_t count = server_metric_tables(s, tables);
    struct buf page;
    bool usual;
    buf_init(&page, BUF_NO_CEILING);
    buf_append_str(&page, "# Fields of INFO\n\n");
    text_wrap(&page, "",
              "`INFO` shows the usual sections, `INFO <section> ...` those that are named, `INFO "
              "ALL` and `INFO EVERYTHING` all of them. Where a name has a part in angle brackets, "
              "there is a line for each thing of this kind.");
    const char *section;
    for (size_t i = 0; (section = info_section(i, &usual)) != NULL; i++)
        put_section(&page, tables, count, section, usual);
    pages_put(pages, "info.md", &page);
    buf_done(&page);
}
