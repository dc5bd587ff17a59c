/* What the rows of transports share. */
#ifndef NET_CONN_PRIV_H
#define NET_CONN_PRIV_H

#include "net/conn.h"

/* Calls a handler with a reference held. False if the connection is gone. */
bool conn_call(struct conn *c, conn_fn fn);

/* Notes an error (errno); state error if it was connected. Returns -error. */
int conn_failed(struct conn *c, int error);

/* Makes the loop watch what the handlers and the state need. */
MUST_USE int conn_watch(struct conn *c);

/* Deregisters, closes the descriptor and frees the memory as soon as no handler runs. */
void conn_release(struct conn *c);

/* The deadline functions in terms of the row's read and write. */
ssize_t conn_generic_read_deadline(struct conn *c, void *out, size_t len, int64_t timeout_ms);
ssize_t conn_generic_write_deadline(struct conn *c, const void *bytes, size_t len,
                                    int64_t timeout_ms);
ssize_t conn_generic_read_line_deadline(struct conn *c, char *out, size_t size, int64_t timeout_ms);

#endif
