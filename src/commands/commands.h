/* The data verbs: one file a family, each with the rows of its commands.
 *
 * A verb parses its arguments, looks up, asks the type, replies. What it does to data is told in
 * three ways: db/ counts the change and tells those who watch the key; db_notify names the event;
 * cmd_effect says what the journal keeps, when that is not the request itself. */
#ifndef COMMANDS_COMMANDS_H
#define COMMANDS_COMMANDS_H

#include <stdbool.h>
#include <stdint.h>

#include "dispatch/command.h"

struct dispatch;
struct entry;

/* What the verbs need to know of the configuration: where it is kept. */
struct commands_settings {
    const int64_t *string_bytes_max; /* proto-max-bulk-len: no string grows beyond it */
    bool skip_checksum;              /* of RESTORE: DEBUG SET-SKIP-CHECKSUM-VALIDATION */
    const int *version_leniency;     /* the same, by rdb-version-check: not 0, relaxed; or NULL */
};

/* Registers every family. `settings` must outlive the dispatcher. */
void commands_register(struct dispatch *d, const struct commands_settings *settings);

/* The families. */
struct command_table commands_connection(void);
struct command_table commands_string_get(void);
struct command_table commands_string_set(void);
struct command_table commands_string_change(const struct commands_settings *settings);
struct command_table commands_string_range(const struct commands_settings *settings);
struct command_table commands_string_lcs(const struct commands_settings *settings);
struct command_table commands_string_newer(void);
struct command_table commands_string_increx(void);
struct command_table commands_bit(const struct commands_settings *settings);
struct command_table commands_bitop(void);
struct command_table commands_bitfield(const struct commands_settings *settings);
struct command_table commands_set_get(void);
struct command_table commands_set_change(void);
struct command_table commands_set_combine(void);
struct command_table commands_hll(void);
struct command_table commands_zset_change(void);
struct command_table commands_zset_get(void);
struct command_table commands_zset_range(void);
struct command_table commands_zset_pop(void);
struct command_table commands_zset_combine(void);
struct command_table commands_geo(void);
struct command_table commands_geo_search(void);
struct command_table commands_keys(void);
struct command_table commands_scan(void);
struct command_table commands_hash_get(void);
struct command_table commands_hash_set(void);
struct command_table commands_hash_random(void);
struct command_table commands_hash_expire(void);
struct command_table commands_hash_ex(void);
struct command_table commands_expire(void);
struct command_table commands_flush(void);
struct command_table commands_object(void);
struct command_table commands_list_get(void);
struct command_table commands_list_change(void);
struct command_table commands_list_move(void);
struct command_table commands_list_wait(void);
struct command_table commands_sort(void);
struct command_table commands_dump(const struct commands_settings *settings);
struct command_table commands_stream_add(void);
struct command_table commands_stream_read(void);
struct command_table commands_stream_consume(void);
struct command_table commands_stream_pending(void);
struct command_table commands_stream_claim(void);
struct command_table commands_stream_group(void);
struct command_table commands_stream_info(void);

/* What OBJECT REFCOUNT and DEBUG OBJECT show. */
int64_t commands_refcount(const struct entry *e);

#endif
