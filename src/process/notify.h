/* Telling the init system how the server is: the protocol of systemd's notify socket.
 *
 * A message is one datagram of lines "NAME=value". The socket's path comes from NOTIFY_SOCKET; an '@'
 * at its beginning stands for the abstract name space. Who nobody supervises tells nobody. */
#ifndef PROCESS_NOTIFY_H
#define PROCESS_NOTIFY_H

#include <stdbool.h>

#include "base/macros.h"

/* One message to the socket. 0; -EINVAL for a path that is none; -errno. */
MUST_USE int notify_send(const char *socket_path, const char *message);

enum supervised { SUPERVISED_NO, SUPERVISED_SYSTEMD, SUPERVISED_UPSTART, SUPERVISED_AUTO };

/* Who supervises the process, as asked for and as the environment says: auto takes the one that is
 * there, the others are SUPERVISED_NO if what they need is missing. */
enum supervised notify_detect(enum supervised asked);

/* To systemd, if it is the one; else nothing. */
void notify_ready(enum supervised by);
void notify_stopping(enum supervised by);
/* Between the two, the configuration (here: the log) is read anew. */
void notify_reloading(enum supervised by);

#endif
