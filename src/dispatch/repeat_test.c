/* Repeating requests of a file; what a nested turn leaves as it was; waiters that are held. */
#include "dispatch/repeat.h"

#include <errno.h>

#include "dispatch/block.h"
#include "dispatch/cmd.h"
#include "dispatch/nest.h"
#include "dispatch/testing.h"
#include "journal/journal.h"
#include "tests/unit/check.h"
#include "types/string.h"

static void run_set(struct cmd *cmd)
{
    struct key key = cmd_key(cmd, 1);
    db_set(cmd->db, key, string_new(key.name, cmd_arg(cmd, 2), ENTRY_NO_EXPIRY));
    reply_ok(cmd->reply);
}

static void run_fail(struct cmd *cmd)
{
    reply_error(cmd->reply, "ERR no");
}

static void run_get(struct cmd *cmd)
{
    reply_int(cmd->reply, db_peek(cmd->db, cmd_key(cmd, 1)) != NULL);
}

static bool serve_wait(struct cmd *cmd, const struct block_wake *wake UNUSED)
{
    reply_status(cmd->reply, SLICE("served"));
    return true;
}

static void run_wait(struct cmd *cmd)
{
    cmd_block(cmd, &(struct block_on){ .serve = serve_wait,
                                       .first_key = 1,
                                       .key_count = 1,
                                       .types = BLOCK_TYPE(TYPE_STRING) });
}

static const struct command rows[] = {
    { .name = "set", .run = run_set, .arity = 3, .flags = CMD_WRITE, .keys = KEY_AT(1, KEY_OW) },
    { .name = "fail", .run = run_fail, .arity = 1, .flags = CMD_WRITE },
    { .name = "get", .run = run_get, .arity = 2, .flags = CMD_READ, .keys = KEY_AT(1, KEY_RO) },
    { .name = "shut", .run = run_fail, .arity = 1, .flags = CMD_ADMIN },
    { .name = "wait", .run = run_wait, .arity = 2, .flags = CMD_BLOCKING, .keys = KEY_AT(1, 0) },
    { .name = "info", .run = run_fail, .arity = 1, .flags = CMD_LOADING },
};

static struct dispatch_world *world(void)
{
    static struct dispatch_world w;
    dispatch_world_init(&w, rows, COUNT_OF(rows));
    return &w;
}

/* What dispatch_repeat answers, for lines up to NULL; the index of the failure. */
static int repeat(struct dispatch_world *w, const char *const *lines, size_t *ret_at)
{
    for (; *lines; lines++)
        dispatch_world_add(w, 0, *lines);
    *ret_at = 0;
    int error = dispatch_repeat(w->dispatch, &w->batch, ret_at);
    w->batch.count = 0;
    arena_reset(&w->arena);
    return error;
}

#define REPEAT(w, at, ...) repeat((w), (const char *const[]){ __VA_ARGS__, NULL }, (at))

TEST(what_is_repeated_changes_data_and_is_counted_nowhere)
{
    struct dispatch_world *w = world();
    size_t at;
    journal_mute(w->journal, true);
    CHECK_INT(REPEAT(w, &at, "set a 1", "select 3", "set b 2", "get b"), 0);
    journal_mute(w->journal, false);
    CHECK_UINT(db_count(keyspace_db(w->ks, 0)), 1);
    CHECK_UINT(db_count(keyspace_db(w->ks, 3)), 1);
    CHECK_UINT(dispatch_commands_processed(w->dispatch), 0);
    CHECK_UINT(dispatch_find(w->dispatch, SLICE("set"))->calls, 0);
    CHECK_STR(test_sink_text(&w->sink), "");
    CHECK_PTR_NULL(dispatch_current(w->dispatch));
    dispatch_world_done(w);
}

TEST(what_cannot_be_repeated_is_told_with_its_place)
{
    struct dispatch_world *w = world();
    size_t at;
    CHECK_INT(REPEAT(w, &at, "set a 1", "nope", "set b 1"), -ENOENT);
    CHECK_UINT(at, 1);
    CHECK_UINT(db_count(keyspace_db(w->ks, 0)), 1);
    CHECK_INT(REPEAT(w, &at, "set a"), -EINVAL);
    CHECK_INT(REPEAT(w, &at, "set c 1", "get c", "shut"), -EPERM);
    CHECK_UINT(at, 2);
    CHECK_INT(REPEAT(w, &at, "quit"), -EPERM);
    CHECK_INT(REPEAT(w, &at, "client kill"), -ENOENT);
    dispatch_world_done(w);
}

TEST(a_transaction_runs_at_its_end)
{
    struct dispatch_world *w = world();
    size_t at;
    CHECK_INT(REPEAT(w, &at, "multi", "set a 1", "select 2", "set b 1"), 0);
    CHECK_UINT(db_count(keyspace_db(w->ks, 0)), 0);
    CHECK_INT(REPEAT(w, &at, "exec", "set c 1"), 0);
    CHECK_UINT(db_count(keyspace_db(w->ks, 0)), 1);
    CHECK_UINT(db_count(keyspace_db(w->ks, 2)), 2);
    CHECK_UINT(dispatch_commands_processed(w->dispatch), 0);
    dispatch_world_done(w);
}

TEST(no_gate_keeps_a_repeated_request_away)
{
    struct dispatch_world *w = world();
    size_t at;
    dispatch_world_config(w, "requirepass", "x");
    session_set_authenticated(&w->sessions[0].session, false);
    dispatch_gate_set(w->dispatch, GATE_LOADING, true);
    CHECK_INT(REPEAT(w, &at, "set a 1"), 0);
    CHECK_UINT(db_count(keyspace_db(w->ks, 0)), 1);
    dispatch_world_done(w);
}

/* ---- loading ---- */

#define LOADING "-LOADING Redis is loading the dataset in memory"

TEST(while_data_is_loaded_only_what_may_run_does)
{
    struct dispatch_world *w = world();
    dispatch_gate_set(w->dispatch, GATE_LOADING, true);
    CHECK_STR(dispatch_world_ask(w, "get a"), LOADING);
    CHECK_STR(dispatch_world_ask(w, "set a 1"), LOADING);
    CHECK_STR(dispatch_world_ask(w, "info"), "-ERR no");
    CHECK_STR(dispatch_world_ask(w, "get"), "-ERR wrong number of arguments for 'get' command");
    CHECK_UINT(dispatch_find(w->dispatch, SLICE("get"))->rejected, 2);
    dispatch_gate_set(w->dispatch, GATE_LOADING, false);
    CHECK_STR(dispatch_world_ask(w, "get a"), ":0");
    dispatch_world_done(w);
}

TEST(a_transaction_goes_by_what_it_holds)
{
    struct dispatch_world *w = world();
    CHECK_STR(dispatch_world_ask(w, "multi"), "+OK");
    CHECK_STR(dispatch_world_ask(w, "info"), "+QUEUED");
    CHECK_STR(dispatch_world_ask(w, "get a"), "+QUEUED");
    dispatch_gate_set(w->dispatch, GATE_LOADING, true);
    CHECK_STR(dispatch_world_ask(w, "exec"),
              "-EXECABORT Transaction discarded because of: LOADING Redis is loading the dataset "
              "in memory");
    CHECK_STR(dispatch_world_ask(w, "multi"), "+OK");
    CHECK_STR(dispatch_world_ask(w, "info"), "+QUEUED");
    CHECK_STR(dispatch_world_ask(w, "exec"), "*1 -ERR no");
    CHECK_STR(dispatch_world_ask(w, "multi"), "+OK");
    CHECK_STR(dispatch_world_ask(w, "get a"), LOADING);
    CHECK_STR(dispatch_world_ask(w, "exec"),
              "-EXECABORT Transaction discarded because of previous errors.");
    dispatch_world_done(w);
}

TEST(waiters_are_served_when_they_are_not_held_any_more)
{
    struct dispatch_world *w = world();
    size_t at;
    dispatch_world_add(w, 1, "wait k");
    dispatch_world_run(w);
    dispatch_hold_waiters(w->dispatch, true);
    CHECK_INT(REPEAT(w, &at, "set k 1"), 0);
    dispatch_serve_waiters(w->dispatch);
    CHECK_STR(dispatch_world_reply(w, 1), "");
    dispatch_hold_waiters(w->dispatch, false);
    dispatch_serve_waiters(w->dispatch);
    CHECK_STR(dispatch_world_reply(w, 1), "+served");
    dispatch_world_done(w);
}

/* ---- nested turns ---- */

TEST(a_nested_turn_gives_back_the_units_own_time)
{
    struct dispatch_world *w = world();
    dispatch_time_sync(w->dispatch);
    int64_t before = dispatch_now_ms(w->dispatch);
    struct dispatch_outer *outer = dispatch_nest_enter(w->dispatch);
    w->now_ns += 5000 * UINT64_C(1000000);
    dispatch_time_sync(w->dispatch);
    CHECK_INT(dispatch_now_ms(w->dispatch), before + 5000);
    dispatch_nest_leave(w->dispatch, outer);
    CHECK_INT(dispatch_now_ms(w->dispatch), before);
    CHECK(dispatch_may_nest(w->dispatch));
    dispatch_world_done(w);
}
