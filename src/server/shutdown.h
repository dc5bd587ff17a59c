/* Shutting down: a list of steps, some of which have to be waited for, and which may be given up.
 *
 * What has to happen before the process ends is a table of rows, each the affair of one room: replicas
 * shall have caught up, the snapshot shall be written, the socket's file shall go. The way:
 *
 *     begin    every step is told (writes are paused, children ended, ...)
 *     wait     until every step says that it may end, or the time is over; not with SHUTDOWN_NOW
 *     finish   every step does its work, in the order of the rows
 *
 * A step that cannot do its work (a snapshot that cannot be written) ends the attempt: every step is
 * told to go back, and the server goes on. With SHUTDOWN_FORCE it is noted, and the rest is done.
 * Somebody may also give up while there is waiting. So the steps that cannot be taken back stand
 * last, and never fail. */
#ifndef SERVER_SHUTDOWN_H
#define SERVER_SHUTDOWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"

/* How, as bits; the words of SHUTDOWN and of shutdown-on-sigterm. */
enum {
    SHUTDOWN_SAVE = 1 << 0,
    SHUTDOWN_NOSAVE = 1 << 1,
    SHUTDOWN_NOW = 1 << 2,   /* without waiting */
    SHUTDOWN_FORCE = 1 << 3, /* whatever fails */
    SHUTDOWN_SAFE = 1 << 4,  /* not if a cluster would miss this node's slots */
    SHUTDOWN_FAILOVER = 1 << 5,
};

/* Functions may be NULL. */
struct shutdown_step {
    const char *name;
    void (*begin)(void *owner, uint32_t how);
    bool (*may_end)(void *owner);
    int (*finish)(void *owner, uint32_t how); /* 0, or -errno; says in the log what is wrong */
    void (*give_up)(void *owner);             /* undoes `begin` */
};

enum shutdown_state { SHUTDOWN_NONE, SHUTDOWN_WAITS, SHUTDOWN_ENDED, SHUTDOWN_FAILED };

struct shutdown {
    const struct shutdown_step *steps;
    size_t count;
    void *owner;
    uint32_t how;
    bool waits, ended;
    int64_t deadline_ms;
};

void shutdown_init(struct shutdown *sd, const struct shutdown_step *steps, size_t count,
                   void *owner);

/* Begins, unless there is waiting already. SHUTDOWN_WAITS: call shutdown_go_on() whenever something
 * may have changed, and at deadline_ms. SHUTDOWN_FAILED: nothing has begun. */
enum shutdown_state shutdown_start(struct shutdown *sd, uint32_t how, int64_t now_ms,
                                   int64_t patience_ms);
/* SHUTDOWN_NONE if there is nothing to go on with. */
enum shutdown_state shutdown_go_on(struct shutdown *sd, int64_t now_ms);
/* Gives up what waits. False if nothing does. */
bool shutdown_abort(struct shutdown *sd);

#endif
