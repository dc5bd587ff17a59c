/* All families at once. */
#include "commands/commands.h"

#include "dispatch/dispatch.h"

void commands_register(struct dispatch *d, const struct commands_settings *settings)
{
    const struct command_table tables[] = {
        commands_connection(),
        commands_string_get(),
        commands_string_set(),
        commands_string_change(settings),
        commands_string_range(settings),
        commands_string_lcs(settings),
        commands_string_newer(),
        commands_string_increx(),
        commands_bit(settings),
        commands_bitop(),
        commands_bitfield(settings),
        commands_set_get(),
        commands_set_change(),
        commands_set_combine(),
        commands_hll(),
        commands_zset_change(),
        commands_zset_get(),
        commands_zset_range(),
        commands_zset_pop(),
        commands_zset_combine(),
        commands_geo(),
        commands_geo_search(),
        commands_keys(),
        commands_scan(),
        commands_hash_get(),
        commands_hash_set(),
        commands_hash_random(),
        commands_hash_expire(),
        commands_hash_ex(),
        commands_expire(),
        commands_flush(),
        commands_object(),
        commands_list_get(),
        commands_list_change(),
        commands_list_move(),
        commands_list_wait(),
        commands_sort(),
        commands_dump(settings),
        commands_stream_add(),
        commands_stream_read(),
        commands_stream_consume(),
        commands_stream_pending(),
        commands_stream_claim(),
        commands_stream_group(),
        commands_stream_info(),
    };
    for (size_t i = 0; i < COUNT_OF(tables); i++)
        dispatch_register(d, &tables[i]);
}
