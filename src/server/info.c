/* INFO: the metrics of all rooms, printed by section. */
#include "base/buf.h"
#include "base/num.h"
#include "dispatch/cmd.h"
#include "server/server_priv.h"
#include "server/verbs.h"

/* The sections in their order. Those that are not usual show by their name, by ALL or EVERYTHING. */
static const struct section {
    const char *name;
    bool usual;
} sections[] = {
    { "Server", true },      { "Clients", true }, { "Memory", true },
    { "Persistence", true }, { "Stats", true },   { "Replication", true },
    { "CPU", true },         { "Modules", true }, { "Commandstats", false },
    { "Errorstats", true },  { "Cluster", true }, { "Keyspace", true },
};

const char *info_section(size_t index, bool *ret_usual)
{
    if (index >= COUNT_OF(sections))
        return NULL;
    *ret_usual = sections[index].usual;
    return sections[index].name;
}

static bool is_wanted(const struct cmd *cmd, const struct section *section)
{
    if (cmd->argc == 1)
        return section->usual;
    for (int i = 1; i < cmd->argc; i++) {
        if (cmd_is(cmd, i, "all") || cmd_is(cmd, i, "everything") ||
            cmd_is(cmd, i, section->name) || (cmd_is(cmd, i, "default") && section->usual))
            return true;
    }
    return false;
}

static void print_metric(const struct metric *row, const void *owner, struct buf *out)
{
    if (!row->name) {
        row->text(owner, out);
        return;
    }
    buf_append_str(out, row->name);
    buf_append_char(out, ':');
    if (row->count)
        buf_append_uint(out, row->count(owner));
    else if (row->value)
        buf_append_int(out, row->value(owner));
    else
        row->text(owner, out);
    buf_append_str(out, "\r\n");
}

static bool has_rows(const struct metric_table *tables, size_t count, const char *section)
{
    for (size_t t = 0; t < count; t++)
        for (size_t i = 0; i < tables[t].count; i++)
            if (strcmp(tables[t].rows[i].section, section) == 0)
                return true;
    return false;
}

static void print_section(struct server *s, const char *section, struct buf *out)
{
    struct metric_table tables[METRIC_TABLES_MAX];
    size_t count = server_metric_tables(s, tables);
    if (!has_rows(tables, count, section))
        return;
    if (out->len)
        buf_append_str(out, "\r\n");
    buf_printf(out, "# %s\r\n", section);
    for (size_t t = 0; t < count; t++)
        for (size_t i = 0; i < tables[t].count; i++)
            if (strcmp(tables[t].rows[i].section, section) == 0)
                print_metric(&tables[t].rows[i], tables[t].owner, out);
}

void cmd_info(struct cmd *cmd)
{
    struct buf out;
    buf_init(&out, BUF_NO_CEILING);
    for (size_t i = 0; i < COUNT_OF(sections); i++)
        if (is_wanted(cmd, &sections[i]))
            print_section(cmd->owner, sections[i].name, &out);
    reply_verbatim(cmd->reply, "txt", buf_slice(&out));
    buf_done(&out);
}
