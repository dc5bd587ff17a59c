/* INFO: the metrics of all rooms, printed by section.
 *
 * The rows stand in tables of many rooms; the order in which clients know the fields is a list here.
 * An index of all rows in that order is made at the first INFO and kept: rows do not change once the
 * server has started. */
#include "server/info.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/num.h"
#include "dispatch/cmd.h"
#include "server/server_priv.h"
#include "server/verbs.h"

enum shown { SHOWN_USUALLY, SHOWN_WITH_ALL, SHOWN_BY_NAME };

/* The sections in their order. `order` is that of the fields where several rooms have some; those
 * that it does not name stand behind it in the order of their tables. */
static const struct section {
    const char *name;
    enum shown shown;
    const char *order;
} sections[] = {
    { "Server", SHOWN_USUALLY, NULL },
    { "Clients", SHOWN_USUALLY,
      "connected_clients cluster_connections maxclients client_recent_max_input_buffer "
      "client_recent_max_output_buffer blocked_clients tracking_clients pubsub_clients "
      "watching_clients clients_in_timeout_table total_watched_keys "
      "total_blocking_keys total_blocking_keys_on_nokey paused_reason paused_actions "
      "paused_timeout_milliseconds" },
    { "Memory", SHOWN_USUALLY,
      "used_memory used_memory_human used_memory_rss used_memory_rss_human "
      "used_memory_peak used_memory_peak_human used_memory_peak_time "
      "used_memory_peak_perc used_memory_overhead used_memory_startup "
      "used_memory_dataset used_memory_dataset_perc allocator_allocated "
      "allocator_active allocator_resident allocator_muzzy total_system_memory "
      "total_system_memory_human used_memory_lua used_memory_vm_eval "
      "used_memory_lua_human used_memory_scripts_eval number_of_cached_scripts "
      "number_of_functions number_of_libraries used_memory_vm_functions "
      "used_memory_vm_total used_memory_vm_total_human used_memory_functions "
      "used_memory_scripts used_memory_scripts_human maxmemory maxmemory_human "
      "maxmemory_policy allocator_frag_ratio allocator_frag_bytes allocator_rss_ratio "
      "allocator_rss_bytes rss_overhead_ratio rss_overhead_bytes "
      "mem_fragmentation_ratio mem_fragmentation_bytes mem_not_counted_for_evict "
      "mem_replication_backlog mem_total_replication_buffers mem_replicas_repl_buffer "
      "mem_clients_slaves mem_clients_normal mem_cluster_links mem_cluster_slot_import "
      "mem_cluster_slot_export mem_aof_buffer mem_allocator "
      "mem_overhead_db_hashtable_rehashing active_defrag_running "
      "lazyfree_pending_objects lazyfreed_objects" },
    { "Persistence", SHOWN_USUALLY,
      "loading async_loading current_cow_peak current_cow_size current_cow_size_age "
      "current_fork_perc current_save_keys_processed current_save_keys_total "
      "rdb_changes_since_last_save rdb_bgsave_in_progress rdb_last_save_time "
      "rdb_last_bgsave_status rdb_last_bgsave_time_sec rdb_current_bgsave_time_sec "
      "rdb_saves rdb_saves_consecutive_failures rdb_last_cow_size rdb_last_load_keys_expired "
      "rdb_last_load_keys_loaded aof_enabled aof_rewrite_in_progress "
      "aof_rewrite_scheduled aof_last_rewrite_time_sec aof_current_rewrite_time_sec "
      "aof_last_bgrewrite_status aof_rewrites aof_rewrites_consecutive_failures "
      "aof_last_write_status aof_last_cow_size module_fork_in_progress "
      "module_fork_last_cow_size slot_migration_fork_in_progress" },
    { "Stats", SHOWN_USUALLY,
      "total_connections_received total_commands_processed instantaneous_ops_per_sec "
      "total_net_input_bytes total_net_output_bytes total_net_repl_input_bytes "
      "total_net_repl_output_bytes total_net_cluster_slot_import_bytes "
      "total_net_cluster_slot_export_bytes instantaneous_input_kbps instantaneous_output_kbps "
      "instantaneous_input_repl_kbps instantaneous_output_repl_kbps rejected_connections "
      "sync_full sync_partial_ok sync_partial_err expired_keys expired_keys_active "
      "expired_fields expired_stale_perc expired_keys_with_volatile_items_stale_perc "
      "expired_time_cap_reached_count expire_cycle_cpu_milliseconds evicted_keys "
      "evicted_clients evicted_scripts total_eviction_exceeded_time "
      "current_eviction_exceeded_time keyspace_hits keyspace_misses pubsub_channels "
      "pubsub_patterns pubsubshard_channels latest_fork_usec total_forks "
      "migrate_cached_sockets slave_expires_tracked_keys active_defrag_hits "
      "active_defrag_misses active_defrag_key_hits active_defrag_key_misses "
      "total_active_defrag_time current_active_defrag_time tracking_total_keys "
      "tracking_total_items tracking_total_prefixes unexpected_error_replies "
      "total_error_replies dump_payload_sanitizations total_reads_processed "
      "total_writes_processed io_threaded_reads_processed io_threaded_writes_processed "
      "io_threaded_freed_objects io_threaded_accept_processed io_threaded_poll_processed "
      "io_threaded_total_prefetch_batches io_threaded_total_prefetch_entries "
      "client_query_buffer_limit_disconnections client_output_buffer_limit_disconnections "
      "reply_buffer_shrinks reply_buffer_expands eventloop_cycles "
      "eventloop_cycles_with_clients_processing eventloop_duration_sum "
      "eventloop_duration_cmd_sum instantaneous_eventloop_cycles_per_sec "
      "instantaneous_eventloop_duration_usec acl_access_denied_auth acl_access_denied_cmd "
      "acl_access_denied_key acl_access_denied_channel" },
    { "Replication", SHOWN_USUALLY,
      "role connected_slaves replicas_waiting_psync master_failover_state "
      "master_replid master_replid2 master_repl_offset second_repl_offset "
      "repl_backlog_active repl_backlog_size repl_backlog_first_byte_offset "
      "repl_backlog_histlen" },
    { "CPU", SHOWN_USUALLY, NULL },
    { "Modules", SHOWN_USUALLY, NULL },
    { "Commandstats", SHOWN_WITH_ALL, NULL },
    { "Errorstats", SHOWN_USUALLY, NULL },
    { "Latencystats", SHOWN_WITH_ALL, NULL },
    { "Cluster", SHOWN_USUALLY, NULL },
    { "Keyspace", SHOWN_USUALLY, NULL },
    { "Debug", SHOWN_BY_NAME, NULL },
};

const char *info_section(size_t index, bool *ret_usual)
{
    if (index >= COUNT_OF(sections))
        return NULL;
    *ret_usual = sections[index].shown == SHOWN_USUALLY;
    return sections[index].name;
}

const char *info_section_order(size_t index)
{
    return sections[index].order;
}

/* ---- the index ---- */

struct info_item {
    const struct metric *row;
    size_t name_len;
    size_t table;
    size_t section, rank; /* what it is sorted by, */
    size_t number;        /* and by the order of the tables */
};

struct info {
    struct metric_table tables[METRIC_TABLES_MAX];
    size_t table_count;
    struct info_item *items;
    size_t count;
};

static size_t section_of(const char *name)
{
    size_t i = 0;
    while (i < COUNT_OF(sections) && strcmp(sections[i].name, name) != 0)
        i++;
    ASSERT(i < COUNT_OF(sections)); /* a row of a section that INFO does not know */
    return i;
}

/* The place of a whole word in the list; behind all of it for others. */
static size_t rank_of(const char *order, const char *name)
{
    if (!order || !name)
        return SIZE_MAX;
    size_t len = strlen(name);
    for (const char *at = strstr(order, name); at; at = strstr(at + 1, name))
        if ((at == order || at[-1] == ' ') && (at[len] == ' ' || at[len] == '\0'))
            return (size_t)(at - order);
    return SIZE_MAX;
}

static int compare_sizes(size_t a, size_t b)
{
    return a < b ? -1 : a > b;
}

static int compare_items(const void *a, const void *b)
{
    const struct info_item *x = a, *y = b;
    int by_section = compare_sizes(x->section, y->section);
    if (by_section)
        return by_section;
    int by_rank = compare_sizes(x->rank, y->rank);
    return by_rank ? by_rank : compare_sizes(x->number, y->number);
}

static void add_table(struct info *info, size_t table)
{
    const struct metric_table *rows = &info->tables[table];
    for (size_t i = 0; i < rows->count; i++) {
        const struct metric *row = &rows->rows[i];
        size_t section = section_of(row->section);
        info->items[info->count] = (struct info_item){
            .row = row,
            .name_len = row->name ? strlen(row->name) : 0,
            .table = table,
            .section = section,
            .rank = rank_of(sections[section].order, row->name),
            .number = info->count,
        };
        info->count++;
    }
}

static struct info *info_new(struct server *s)
{
    struct info *info = mem_zalloc(sizeof(*info));
    info->table_count = server_metric_tables(s, info->tables);
    size_t total = 0;
    for (size_t t = 0; t < info->table_count; t++)
        total += info->tables[t].count;
    info->items = mem_alloc(total * sizeof(*info->items));
    for (size_t t = 0; t < info->table_count; t++)
        add_table(info, t);
    qsort(info->items, info->count, sizeof(*info->items), compare_items);
    return info;
}

void info_free(struct info *info)
{
    if (!info)
        return;
    mem_free(info->items);
    mem_free(info);
}

const struct metric *info_row(struct server *s, size_t index)
{
    if (!s->info)
        s->info = info_new(s);
    return index < s->info->count ? s->info->items[index].row : NULL;
}

/* ---- printing ---- */

/* "name:12\r\n" in one piece: most rows are numbers, and there are hundreds. */
static void print_number(const struct info_item *item, const void *owner, struct buf *out)
{
    char *at = buf_reserve(out, item->name_len + 1 + NUM_INT_MAX_CHARS + 2);
    const char *start = at;
    at = mempcpy(at, item->row->name, item->name_len);
    *at++ = ':';
    if (item->row->count)
        at += num_format_uint(at, item->row->count(owner));
    else
        at += num_format_int(at, item->row->value(owner));
    at = mempcpy(at, "\r\n", 2);
    buf_commit(out, (size_t)(at - start));
}

static void print_item(const struct info_item *item, const void *owner, struct buf *out)
{
    const struct metric *row = item->row;
    if (row->is_there && !row->is_there(owner))
        return;
    if (!row->text) {
        print_number(item, owner, out);
        return;
    }
    if (row->name) {
        buf_append(out, slice_of(row->name, item->name_len));
        buf_append_char(out, ':');
    }
    row->text(owner, out);
    if (row->name)
        buf_append_str(out, "\r\n");
}

void info_print(struct server *s, const bool wanted[static INFO_SECTIONS_MAX], struct buf *out)
{
    static_assert(COUNT_OF(sections) <= INFO_SECTIONS_MAX, "one bit a section");
    bool prepared[METRIC_TABLES_MAX] = { false };
    if (!s->info)
        s->info = info_new(s);
    const struct info *info = s->info;

    size_t at = 0;
    for (size_t section = 0; section < COUNT_OF(sections); section++) {
        if (wanted[section])
            buf_printf(out, "%s# %s\r\n", out->len ? "\r\n" : "", sections[section].name);
        for (; at < info->count && info->items[at].section == section; at++) {
            const struct info_item *item = &info->items[at];
            const struct metric_table *table = &info->tables[item->table];
            if (!wanted[section])
                continue;
            if (table->prepare && !prepared[item->table])
                table->prepare(table->owner);
            prepared[item->table] = true;
            print_item(item, table->owner, out);
        }
    }
}

/* ---- the command ---- */

static bool is_wanted(const struct cmd *cmd, const struct section *section)
{
    bool usual = section->shown == SHOWN_USUALLY;
    if (cmd->argc == 1)
        return usual;
    for (int i = 1; i < cmd->argc; i++) {
        bool all = cmd_is(cmd, i, "all") || cmd_is(cmd, i, "everything");
        if (cmd_is(cmd, i, section->name) || (cmd_is(cmd, i, "default") && usual) ||
            (all && section->shown != SHOWN_BY_NAME))
            return true;
    }
    return false;
}

void cmd_info(struct cmd *cmd)
{
    bool wanted[INFO_SECTIONS_MAX] = { false };
    for (size_t i = 0; i < COUNT_OF(sections); i++)
        wanted[i] = is_wanted(cmd, &sections[i]);

    struct buf out;
    buf_init(&out, BUF_NO_CEILING);
    info_print(cmd->owner, wanted, &out);
    reply_verbatim(cmd->reply, "txt", buf_slice(&out));
    buf_done(&out);
}
