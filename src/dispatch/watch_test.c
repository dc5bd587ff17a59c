/* WATCH: what breaks a watch and what does not. The outcomes are redis-server's. */
#include <stdio.h>

#include "base/num.h"
#include "dispatch/cmd.h"
#include "dispatch/dispatch_priv.h"
#include "dispatch/testing.h"
#include "tests/unit/check.h"
#include "types/string.h"

/* set KEY VALUE [ms]: with a time to live from now, which may be over already. */
static void run_set(struct cmd *cmd)
{
    struct key key = cmd_key(cmd, 1);
    int64_t ttl_ms = 0;
    if (cmd->argc == 4 && !cmd_int(cmd, 3, &ttl_ms, NULL))
        return;
    int64_t when_ms = cmd->argc == 4 ? cmd_now_ms(cmd) + ttl_ms : ENTRY_NO_EXPIRY;
    db_set(cmd->db, key, string_new(key.name, cmd_arg(cmd, 2), when_ms));
    reply_ok(cmd->reply);
}

static void run_del(struct cmd *cmd)
{
    struct key key = cmd_key(cmd, 1);
    struct entry *e = db_lookup_write(cmd->db, key);
    if (e)
        db_delete(cmd->db, key, e, false);
    reply_int(cmd->reply, e != NULL);
}

static void run_get(struct cmd *cmd)
{
    char scratch[NUM_INT_MAX_CHARS];
    struct entry *e = db_lookup_read(cmd->db, cmd_key(cmd, 1));
    if (e)
        reply_bulk(cmd->reply, string_bytes(e, scratch));
    else
        reply_null(cmd->reply);
}

static void run_flush(struct cmd *cmd)
{
    int64_t index;
    if (cmd_int(cmd, 1, &index, NULL))
        (void)keyspace_flush(db_keyspace(cmd->db), (int)index, false);
    reply_ok(cmd->reply);
}

static void run_swap(struct cmd *cmd)
{
    int64_t a, b;
    if (cmd_int(cmd, 1, &a, NULL) && cmd_int(cmd, 2, &b, NULL))
        keyspace_swap(db_keyspace(cmd->db), (int)a, (int)b);
    reply_ok(cmd->reply);
}

/* Active expiry. */
static void run_expire_due(struct cmd *cmd)
{
    (void)keyspace_expire_due(db_keyspace(cmd->db), cmd_now_ms(cmd), 1000);
    reply_ok(cmd->reply);
}

static const struct command rows[] = {
    { .name = "set", .run = run_set, .arity = -3, .flags = CMD_WRITE, .keys = KEY_AT(1, KEY_RW) },
    { .name = "get", .run = run_get, .arity = 2, .flags = CMD_READ, .keys = KEY_AT(1, KEY_RO) },
    { .name = "del", .run = run_del, .arity = 2, .flags = CMD_WRITE, .keys = KEY_AT(1, KEY_RW) },
    { .name = "flush", .run = run_flush, .arity = 2, .flags = CMD_WRITE },
    { .name = "swap", .run = run_swap, .arity = 3, .flags = CMD_WRITE },
    { .name = "expiredue", .run = run_expire_due, .arity = 1 },
};

static struct dispatch_world *world(void)
{
    static struct dispatch_world w;
    dispatch_world_init(&w, rows, COUNT_OF(rows));
    return &w;
}

/* A line of words of session `s`. */
static void say(struct dispatch_world *w, int s, const char *line)
{
    dispatch_world_add(w, s, line);
    dispatch_world_run(w);
    (void)dispatch_world_reply(w, s);
}

/* MULTI, EXEC of session 0: true if it ran. */
static bool runs(struct dispatch_world *w)
{
    say(w, 0, "multi");
    const char *reply = dispatch_world_ask(w, "exec");
    CHECK(strcmp(reply, "*0") == 0 || strcmp(reply, "*-1") == 0);
    return strcmp(reply, "*0") == 0;
}

static const struct interests *interests(struct dispatch_world *w)
{
    return &w->dispatch->interests;
}

static bool listens(struct dispatch_world *w)
{
    return keyspace_hooks(w->ks)->changed.fn != NULL;
}

/* ---- changes ---- */

TEST(a_change_by_anybody_breaks_the_watch)
{
    struct dispatch_world *w = world();
    say(w, 0, "watch a b");
    CHECK(runs(w));
    say(w, 0, "watch a b");
    say(w, 1, "set b 1");
    CHECK(!runs(w));
    CHECK(runs(w)); /* once */
    say(w, 0, "watch b");
    say(w, 0, "set b 2"); /* also by itself */
    CHECK(!runs(w));
    say(w, 0, "watch b");
    say(w, 1, "del b");
    CHECK(!runs(w));
    say(w, 0, "watch b");
    say(w, 1, "set c 1");
    say(w, 1, "get b");
    say(w, 1, "del b"); /* is not there */
    CHECK(runs(w));
    dispatch_world_done(w);
}

TEST(the_database_is_part_of_what_is_watched)
{
    struct dispatch_world *w = world();
    say(w, 0, "watch k");
    say(w, 1, "select 2");
    say(w, 1, "set k 1");
    CHECK(runs(w));
    say(w, 0, "select 2");
    say(w, 0, "watch k");
    say(w, 0, "select 0");
    say(w, 1, "set k 2");
    CHECK(!runs(w));
    dispatch_world_done(w);
}

TEST(changes_of_the_own_transaction_break_nothing)
{
    struct dispatch_world *w = world();
    say(w, 0, "watch k");
    say(w, 0, "multi");
    say(w, 0, "set k 1");
    CHECK_STR(dispatch_world_ask(w, "exec"), "*1 +OK");
    CHECK_STR(dispatch_world_ask(w, "get k"), "$1 1");
    dispatch_world_done(w);
}

TEST(unwatch_discard_and_reset_mend)
{
    struct dispatch_world *w = world();
    say(w, 0, "watch k");
    say(w, 1, "set k 1");
    say(w, 0, "unwatch");
    CHECK(runs(w));
    say(w, 0, "watch k");
    say(w, 1, "set k 1");
    say(w, 0, "multi");
    say(w, 0, "discard");
    CHECK(runs(w));
    say(w, 0, "watch k");
    say(w, 1, "set k 1");
    say(w, 0, "reset");
    CHECK(runs(w));
    /* Inside a transaction it comes too late. */
    say(w, 0, "watch k");
    say(w, 1, "set k 1");
    say(w, 0, "multi");
    say(w, 0, "unwatch");
    CHECK_STR(dispatch_world_ask(w, "exec"), "*-1");
    dispatch_world_done(w);
}

TEST(what_is_broken_is_not_watched_again_until_it_is_mended)
{
    struct dispatch_world *w = world();
    say(w, 0, "watch k");
    say(w, 1, "set k 1");
    CHECK_UINT(session_watched(&w->sessions[0].session), 0);
    CHECK_STR(dispatch_world_ask(w, "watch j"), "+OK");
    CHECK_UINT(session_watched(&w->sessions[0].session), 0);
    CHECK(!runs(w));
    dispatch_world_done(w);
}

/* ---- whole databases ---- */

TEST(a_flush_breaks_watches_on_keys_that_are_there)
{
    struct dispatch_world *w = world();
    say(w, 1, "set k 1");
    say(w, 0, "watch nokey");
    say(w, 1, "flush -1");
    CHECK(runs(w));
    say(w, 1, "set k 1");
    say(w, 0, "watch k");
    say(w, 1, "flush 1"); /* another database */
    CHECK(runs(w));
    say(w, 0, "watch k");
    say(w, 1, "flush 0");
    CHECK(!runs(w));
    dispatch_world_done(w);
}

TEST(a_swap_breaks_watches_on_keys_that_are_on_either_side)
{
    struct dispatch_world *w = world();
    say(w, 1, "set here 1");
    say(w, 1, "select 1");
    say(w, 1, "set there 1");
    say(w, 0, "watch nowhere");
    say(w, 1, "swap 0 1");
    CHECK(runs(w));
    say(w, 0, "watch here"); /* is now on the other side: comes with the swap */
    say(w, 1, "swap 0 1");
    CHECK(!runs(w));
    say(w, 0, "watch here");
    say(w, 1, "swap 0 1"); /* goes with the swap */
    CHECK(!runs(w));
    say(w, 0, "watch here");
    say(w, 1, "swap 2 3");
    say(w, 1, "swap 0 0");
    CHECK(runs(w));
    dispatch_world_done(w);
}

/* ---- expiry ---- */

TEST(a_key_that_expires_between_breaks_the_watch)
{
    struct dispatch_world *w = world();
    say(w, 1, "set k 1 10");
    say(w, 0, "watch k");
    dispatch_world_pass(w, 10);
    say(w, 0, "multi"); /* lives through its last millisecond */
    CHECK_STR(dispatch_world_ask(w, "exec"), "*0");
    say(w, 0, "watch k");
    dispatch_world_pass(w, 1);
    CHECK(!runs(w)); /* nobody has removed it yet */

    say(w, 1, "set k 1 10");
    say(w, 0, "watch k");
    dispatch_world_pass(w, 11);
    say(w, 1, "get k"); /* removes it */
    CHECK(!runs(w));

    say(w, 1, "set k 1 10");
    say(w, 0, "watch k");
    dispatch_world_pass(w, 11);
    say(w, 1, "expiredue");
    CHECK(!runs(w));
    dispatch_world_done(w);
}

TEST(a_key_that_was_expired_when_the_watch_began_counts_as_absent)
{
    struct dispatch_world *w = world();
    say(w, 1, "set k 1 -10");
    say(w, 0, "watch k");
    CHECK(runs(w));
    say(w, 0, "watch k");
    say(w, 1, "get k"); /* removes it: as absent as before */
    CHECK(runs(w));
    say(w, 1, "set k 1 -10");
    say(w, 0, "watch k");
    say(w, 1, "get k");
    say(w, 1, "set k 2"); /* but this is a change */
    CHECK(!runs(w));
    say(w, 1, "set k 1 -10");
    say(w, 0, "watch k");
    say(w, 1, "set k 2");
    CHECK(!runs(w));
    say(w, 1, "set k 1 -10");
    say(w, 0, "watch k");
    say(w, 1, "flush 0");
    CHECK(runs(w));
    dispatch_world_done(w);
}

TEST(a_swap_from_one_absence_to_another_changes_nothing)
{
    struct dispatch_world *w = world();
    say(w, 1, "select 1");
    say(w, 1, "set k 1 -10");
    say(w, 0, "watch k"); /* absent here, expired there */
    say(w, 1, "swap 0 1");
    CHECK(runs(w));
    say(w, 0, "watch k"); /* expired here, absent there */
    say(w, 1, "swap 0 1");
    CHECK(runs(w));
    say(w, 0, "watch k");
    say(w, 1, "swap 0 1"); /* becomes an expired one, */
    say(w, 1, "select 0");
    say(w, 1, "get k"); /* which is removed at last */
    CHECK(runs(w));
    say(w, 1, "set k 1 -10");
    say(w, 1, "select 1");
    say(w, 1, "set k 1");
    say(w, 0, "watch k"); /* expired here, alive there */
    say(w, 1, "swap 0 1");
    CHECK(!runs(w));
    dispatch_world_done(w);
}

/* ---- what it costs ---- */

TEST(the_keyspace_is_listened_to_only_while_somebody_watches)
{
    struct dispatch_world *w = world();
    CHECK(!listens(w));
    say(w, 0, "watch a b a");
    say(w, 1, "watch b c");
    CHECK(listens(w));
    CHECK_UINT(interests(w)->watched, 3);
    CHECK_UINT(w->dispatch->watching_sessions, 2);
    CHECK_UINT(session_watched(&w->sessions[0].session), 2);
    CHECK(session_memory(&w->sessions[0].session) > 0);
    say(w, 0, "unwatch");
    CHECK_UINT(interests(w)->watched, 2);
    CHECK_UINT(w->dispatch->watching_sessions, 1);
    say(w, 2, "set c 1");
    CHECK_UINT(w->dispatch->watching_sessions, 0);
    CHECK_UINT(interests(w)->keys, 0);
    CHECK(!listens(w));
    CHECK_UINT(session_memory(&w->sessions[0].session), 0);
    dispatch_world_done(w);
}

TEST(many_keys_and_many_sessions)
{
    struct dispatch_world *w = world();
    char line[32];
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 1000; i++) {
            (void)snprintf(line, sizeof(line), "watch key:%d", i);
            say(w, i % DISPATCH_WORLD_SESSIONS, line);
            (void)snprintf(line, sizeof(line), "set key:%d 1", i + 5000);
            say(w, 1, line);
        }
        CHECK_UINT(interests(w)->watched, 1000);
        say(w, 1, round ? "flush 0" : "set key:0 1"); /* one of session 0's */
        CHECK_UINT(interests(w)->watched, round ? 0 : 1000 - 167);
        CHECK(!runs(w));
        for (int s = 0; s < DISPATCH_WORLD_SESSIONS; s++)
            say(w, s, "unwatch");
        CHECK_UINT(interests(w)->keys, 0);
        for (int i = 0; i < 1000; i++) {
            (void)snprintf(line, sizeof(line), "set key:%d 1", i);
            say(w, 1, line);
        }
    }
    dispatch_world_done(w);
}
