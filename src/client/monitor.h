/* Monitors: clients that are shown every command that others run.
 *
 * A line is encoded once, when the command has run, and shared by all monitors that want it. What
 * is secret is not shown, nor are commands of administration. A monitor may choose what it sees:
 * commands by name, one client's, one database's, those with an argument that matches a pattern.
 *
 * Invariant: a monitor is in `all` as long as its client is one. */
#ifndef CLIENT_MONITOR_H
#define CLIENT_MONITOR_H

#include "base/buf.h"
#include "base/list.h"

struct client;
struct clients;
struct cmd;
struct monitor;

struct monitors {
    struct list all;
    struct buf line; /* the latest one; its room is used again */
};

void monitors_init(struct clients *cs);
void monitors_done(struct monitors *ms);
/* A command has run. */
void monitors_show(struct monitors *ms, const struct cmd *cmd);

/* It is none any more; does nothing if it was none. */
void client_end_monitor(struct client *c);

/* MONITOR. */
void cmd_monitor(struct cmd *cmd);

#endif
