/* The subcommands of DEBUG; their rows stand in debug.c. */
#ifndef SERVER_DEBUG_PRIV_H
#define SERVER_DEBUG_PRIV_H

#include "dispatch/cmd.h"

/* Argument `i` as a switch, as the peers read it: any number but 0 is on, what is no number off. */
bool debug_flag(const struct cmd *cmd, int i);

/* ---- debug_data.c ---- */
void debug_dict_resizing(struct cmd *cmd);
void debug_digest(struct cmd *cmd);
void debug_digest_value(struct cmd *cmd);
void debug_htstats(struct cmd *cmd);
void debug_htstats_key(struct cmd *cmd);
void debug_populate(struct cmd *cmd);
void debug_set_active_expire(struct cmd *cmd);
void debug_set_skip_checksum(struct cmd *cmd);
void debug_stringmatch_len(struct cmd *cmd);
void debug_structsize(struct cmd *cmd);

/* ---- debug_value.c ---- */
void debug_listpack(struct cmd *cmd);
void debug_object(struct cmd *cmd);
void debug_quicklist(struct cmd *cmd);
void debug_quicklist_packed_threshold(struct cmd *cmd);

/* ---- debug_persist.c ---- */
void debug_pause_after_fork(struct cmd *cmd);
void debug_reload(struct cmd *cmd);
void debug_loadaof(struct cmd *cmd);

/* ---- debug_process.c ---- */
void debug_aof_flush_sleep(struct cmd *cmd);
void debug_assert(struct cmd *cmd);
void debug_client_eviction(struct cmd *cmd);
void debug_config_rewrite_force_all(struct cmd *cmd);
void debug_crash_and_recover(struct cmd *cmd);
void debug_error(struct cmd *cmd);
void debug_leak(struct cmd *cmd);
void debug_log(struct cmd *cmd);
void debug_mallctl(struct cmd *cmd);
void debug_mallctl_str(struct cmd *cmd);
void debug_nothing_to_do(struct cmd *cmd);
void debug_oom(struct cmd *cmd);
void debug_panic(struct cmd *cmd);
void debug_pause_cron(struct cmd *cmd);
void debug_replybuffer(struct cmd *cmd);
void debug_restart(struct cmd *cmd);
void debug_segfault(struct cmd *cmd);
void debug_sigalrm(struct cmd *cmd);
void debug_sleep(struct cmd *cmd);

/* ---- debug_protocol.c ---- */
void debug_protocol(struct cmd *cmd);

#endif
