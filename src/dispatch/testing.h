/* A dispatcher for the tests of this room: made-up commands, sessions without sockets, a journal
 * with a sink, and a clock that stands where the test puts it.
 *
 * Replies are shown with spaces for line ends: "+OK :1 $5 hello". What a session's owner is asked
 * to keep shows as lines of words: "set a 1; get a". */
#ifndef DISPATCH_TESTING_H
#define DISPATCH_TESTING_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "db/db.h"
#include "dispatch/dispatch.h"
#include "journal/test_sink.h"

#define DISPATCH_WORLD_NOW_MS ((int64_t)1700000000000)
#define DISPATCH_WORLD_SESSIONS 6

struct dispatch_world;

struct world_session {
    struct session session;
    struct dispatch_world *world;
    struct buf reply, deferred;
    size_t places[REPLY_DEFERRED_DEPTH];
    int suspicious, resets, closes, resumes;
    bool is_local;
    char name[32];
};

struct dispatch_world {
    uint64_t now_ns; /* since the start; a reading of the clock adds step_ns */
    uint64_t step_ns;
    int resumed; /* calls of the hook */
    struct clock_source clock;
    struct loop *loop; /* its timers run in dispatch_world_pass() */
    struct journal *journal;
    struct test_sink sink;
    struct keyspace *ks;
    struct dispatch *dispatch;
    struct arena arena;
    struct batch batch;
    struct buf shown;
    struct world_session sessions[DISPATCH_WORLD_SESSIONS];
};

/* With the room's own commands and those of `rows`, whose owner is the world. */
void dispatch_world_init(struct dispatch_world *w, const struct command *rows, size_t count);
void dispatch_world_done(struct dispatch_world *w);

/* Adds a request of session `s` to the batch: words as in an inline request. */
void dispatch_world_add(struct dispatch_world *w, int s, const char *line);
/* A protocol error, in its place. */
void dispatch_world_add_error(struct dispatch_world *w, int s, const char *text);
void dispatch_world_run(struct dispatch_world *w);
/* What session `s` was replied, or asked to keep, since the last call. */
const char *dispatch_world_reply(struct dispatch_world *w, int s);
const char *dispatch_world_deferred(struct dispatch_world *w, int s);
/* One request of session 0, and its reply. */
const char *dispatch_world_ask(struct dispatch_world *w, const char *line);
/* Time passes; timers that are due run. */
void dispatch_world_pass(struct dispatch_world *w, int64_t ms);
/* Stores and applies a directive's value. */
void dispatch_world_config(struct dispatch_world *w, const char *name, const char *value);

#endif
