/* Tracking: telling clients which of the keys that they keep copies of have changed.
 *
 * A *tracker* is a client that asked for it (CLIENT TRACKING ON). By default the server remembers
 * which keys it reads (tracked.h) and tells it once when one of them changes; with BCAST it is told
 * of every changed key that begins with one of its prefixes (prefixes.h), at the end of the turn.
 * It is told by a push, or its messages are redirected to another connection, which may speak RESP2
 * if it listens to a channel.
 *
 * A change is told to others at once, and to the client whose command made it behind its reply.
 * What a flush has emptied is told as null, whatever was read.
 *
 * Invariants: `count` is the number of trackers; they stand in `all` in the order of their ids. */
#ifndef CLIENT_TRACKING_H
#define CLIENT_TRACKING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/directive.h"
#include "base/list.h"
#include "base/metric.h"
#include "base/rand.h"
#include "client/prefixes.h"
#include "client/tracked.h"

struct client;
struct clients;
struct cmd;

enum tracking_flag {
    TRACKING_BCAST = 1 << 0,
    TRACKING_OPTIN = 1 << 1,  /* only what is read behind CLIENT CACHING YES */
    TRACKING_OPTOUT = 1 << 2, /* all but what is read behind CLIENT CACHING NO */
    TRACKING_NOLOOP = 1 << 3, /* not what the client itself changes */
    TRACKING_BROKEN = 1 << 4, /* there was nobody to redirect to */
};

struct tracker {
    struct client *client;
    uint64_t id;
    uint32_t flags;
    uint64_t redirect_id;    /* 0: to the client itself */
    struct client *redirect; /* NULL when that one has gone */
    struct list in_all;
    struct prefix **prefixes; /* sorted by name */
    size_t prefix_count;
};

struct tracking {
    struct clients *owner;
    struct list all;
    size_t count;
    size_t redirecting;
    size_t readers; /* clients that are, or have been, trackers */
    struct table *by_id;
    struct tracked keys;
    struct prefixes prefixes;
    /* Keys that the running client changed and has read: it is told at its unit's end. */
    struct client *own_of;
    struct buf own;
    struct buf body, text[2]; /* scratch */
    struct rand rand;
    int64_t max_keys;
    unsigned rounds_over; /* units since there were more */
};

void tracking_init(struct clients *cs);
void tracking_done(struct tracking *t);

/* ---- what happens ---- */

/* A command has read; `tracker` may be NULL. */
void tracking_note_read(struct tracking *t, const struct tracker *tracker, const struct cmd *cmd);
/* The same for one key, for who knows what was read. */
void tracking_note_key(struct tracking *t, const struct tracker *tracker, struct key key);
void tracking_on_changed(void *tracking, struct db *db, const struct key *key);
void tracking_end_unit(struct tracking *t);
/* Before the turn sends: tells who wants to hear of prefixes. */
void tracking_end_turn(struct tracking *t);
/* A periodic job: frees what a flush left. */
void tracking_free_some(struct tracking *t);

/* ---- one client ---- */

/* `flags` of BCAST, OPTIN, OPTOUT and NOLOOP; prefixes are added to those that it has. */
struct tracking_choice {
    uint32_t flags;
    struct client *redirect; /* NULL: none */
    const struct slice *prefixes;
    size_t prefix_count;
};
void client_track(struct client *c, const struct tracking_choice *choice);
void client_untrack(struct client *c); /* does nothing if it does not track */
/* The client goes: it neither tracks nor is redirected to. */
void tracking_forget(struct tracking *t, struct client *c);
size_t tracker_memory(const struct tracker *tracker); /* accepts NULL */

/* ---- verbs, subcommands of CLIENT ---- */
void cmd_client_tracking(struct cmd *cmd);
void cmd_client_trackinginfo(struct cmd *cmd);
void cmd_client_caching(struct cmd *cmd);
void cmd_client_getredir(struct cmd *cmd);

/* Checks every invariant, for tests; asserts. */
void tracking_verify(const struct tracking *t);

#endif
