/* What the files of the crash reporter share. */
#ifndef SERVER_CRASH_PRIV_H
#define SERVER_CRASH_PRIV_H

#include "base/buf.h"
#include "server/crash.h"

/* ---- crash.c ---- */

/* crash-log-enabled changed. Does nothing before crash_install. */
void crash_apply_enabled(bool enabled);

/* ---- crash_server.c: parts of a report, with `text` as room ---- */

void crash_say_info(struct server *s, struct buf *text);
void crash_say_clients(struct server *s, struct buf *text);
/* The command that runs, and who sent it. */
void crash_say_current(struct server *s, struct buf *text);
void crash_say_config(struct server *s, struct buf *text);

#endif
