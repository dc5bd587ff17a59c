/* A server without connections for the tests of verbs: keyspace, journal, dispatcher and one
 * session, whose clock stands where the test puts it.
 *
 * Replies are shown in the words of the protocol with spaces for line ends: "+OK", ":1",
 * "$5 hello", "*2 $1 a $-1"; events as "0:set(k) 0:expire(k)", with the database; effects as
 * journal/test_sink.h shows them. */
#ifndef COMMANDS_TESTING_H
#define COMMANDS_TESTING_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "commands/commands.h"
#include "db/db.h"
#include "dispatch/dispatch.h"
#include "journal/test_sink.h"

#define TESTING_NOW_MS ((int64_t)1700000000000)

struct testing {
    int64_t now_ms; /* TESTING_NOW_MS at first; may be set between requests */
    int64_t string_bytes_max;

    struct journal *journal;
    struct keyspace *keyspace;
    struct dispatch *dispatch;
    struct session session;
    struct commands_settings settings;
    struct clock_source clock;
    struct test_sink sink;
    struct arena arena;
    struct buf reply, shown, events, told;
    size_t places[REPLY_DEFERRED_DEPTH];
};

void testing_init(struct testing *t);
void testing_done(struct testing *t);

/* `line` is split as an inline request is. What is returned is borrowed until the next call. */
const char *testing_run(struct testing *t, const char *line);
/* The same with arguments of any bytes; `bulk` as in struct request. */
const char *testing_run_args(struct testing *t, struct slice *argv, size_t argc, struct blob *bulk);
/* Runs one request and shows all that it told: "reply | events | effects". */
const char *testing_tell(struct testing *t, const char *line);

/* To be changed by tests. */
struct keyspace_settings *testing_keyspace_settings(struct testing *t);

#endif
