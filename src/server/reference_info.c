/* The page of INFO's fields. */
#include "base/metric.h"
#include "server/info.h"
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

static void put_section(struct buf *out, const char *section, bool usual)
{
    buf_printf(out, "\n## %s\n\n%s| field | meaning |\n|---|---|\n", section,
               usual ? "" : "Not shown by plain INFO.\n\n");
}

/* A section begins where the rows of the one before end. */
static void put_rows(struct server *s, struct buf *out)
{
    const struct metric *row;
    const char *section, *before = "";
    bool usual;
    size_t number = 0;
    for (size_t i = 0; (row = info_row(s, i)) != NULL; i++) {
        while ((section = info_section(number, &usual)) && strcmp(section, row->section) != 0)
            number++;
        if (strcmp(before, row->section) != 0)
            put_section(out, row->section, usual);
        before = row->section;
        put_field(out, row);
    }
}

void reference_info(struct server *s, struct pages *pages)
{
    struct buf page;
    buf_init(&page, BUF_NO_CEILING);
    buf_append_str(&page, "# Fields of INFO\n\n");
    text_wrap(
        &page, "",
        "`INFO` shows the usual sections, `INFO <section> ...` those that are named, `INFO "
        "ALL` and `INFO EVERYTHING` all but Debug. Where a name has a part in angle brackets, "
        "there is a line for each thing of this kind.");
    put_rows(s, &page);
    pages_put(pages, "info.md", &page);
    buf_done(&page);
}
