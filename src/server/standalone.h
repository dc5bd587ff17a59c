/* Answers of a server that stands alone, and what else this room's files export as commands. */
#ifndef SERVER_STANDALONE_H
#define SERVER_STANDALONE_H

#include "dispatch/command.h"

struct server;

/* ROLE, WAIT, MODULE */
struct command_table standalone_commands(struct server *s);
/* CLUSTER, CLUSTERSCAN, READONLY, READWRITE, ASKING: there is no cluster */
struct command_table standalone_cluster_commands(void);
/* MIGRATE */
struct command_table migrate_commands(struct server *s);
/* MEMORY */
struct command_table memory_commands(struct server *s);
/* LOLWUT */
struct command_table lolwut_commands(struct server *s);

#endif
