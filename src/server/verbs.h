/* The verbs of this room, for its rows in commands.c. */
#ifndef SERVER_VERBS_H
#define SERVER_VERBS_H

struct cmd;

/* config_command.c */
void cmd_config_get(struct cmd *cmd);
void cmd_config_set(struct cmd *cmd);
void cmd_config_resetstat(struct cmd *cmd);
void cmd_config_rewrite(struct cmd *cmd);
void cmd_config_help(struct cmd *cmd);
/* debug.c */
void cmd_debug(struct cmd *cmd);
/* info.c */
void cmd_info(struct cmd *cmd);
/* shutdown.c */
void cmd_shutdown(struct cmd *cmd);

#endif
