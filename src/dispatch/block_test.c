/* Waiting: who is asked, when, in which order, and how a wait ends. */
#include "dispatch/block.h"

#include "base/num.h"
#include "dispatch/cmd.h"
#include "dispatch/dispatch_priv.h"
#include "dispatch/testing.h"
#include "tests/unit/check.h"
#include "types/string.h"

static struct block_queue queue;

static void run_set(struct cmd *cmd)
{
    struct key key = cmd_key(cmd, 1);
    db_set(cmd->db, key, string_new(key.name, cmd_arg(cmd, 2), ENTRY_NO_EXPIRY));
    reply_ok(cmd->reply);
}

/* ---- take KEY... SECONDS: the name and the value of a key, which goes; the first that is there ---- */

static bool take(struct cmd *cmd, struct slice name)
{
    char scratch[NUM_INT_MAX_CHARS];
    struct key key = db_key(cmd->db, name);
    struct entry *e = db_lookup_write(cmd->db, key);
    if (!e)
        return false;
    reply_array(cmd->reply, 2);
    reply_bulk(cmd->reply, name);
    reply_bulk(cmd->reply, string_bytes(e, scratch));
    db_delete(cmd->db, key, e, false);
    CMD_EFFECT(cmd, SLICE("DEL"), name);
    return true;
}

static bool serve_take(struct cmd *cmd, const struct block_wake *wake)
{
    return take(cmd, wake->key);
}

static void run_take(struct cmd *cmd)
{
    int64_t timeout_ms;
    if (!cmd_timeout(cmd, cmd->argc - 1, TIMEOUT_IN_SECONDS, &timeout_ms))
        return;
    for (int i = 1; i < cmd->argc - 1; i++)
        if (take(cmd, cmd_arg(cmd, i)))
            return;
    cmd_block(cmd, &(struct block_on){ .serve = serve_take,
                                       .timeout_ms = timeout_ms,
                                       .types = BLOCK_TYPE(TYPE_STRING),
                                       .first_key = 1,
                                       .key_count = cmd->argc - 2 });
}

/* ---- move FROM TO: waits for FROM, and gives its value to TO ---- */

static bool serve_move(struct cmd *cmd, const struct block_wake *wake UNUSED)
{
    struct key from = cmd_key(cmd, 1), to = cmd_key(cmd, 2);
    struct entry *e = db_lookup_write(cmd->db, from);
    if (!e)
        return false;
    char scratch[NUM_INT_MAX_CHARS];
    db_set(cmd->db, to, string_new(to.name, string_bytes(e, scratch), ENTRY_NO_EXPIRY));
    db_delete(cmd->db, from, db_lookup_write(cmd->db, from), false);
    reply_ok(cmd->reply);
    CMD_EFFECT(cmd, SLICE("RENAME"), from.name, to.name);
    return true;
}

static void run_move(struct cmd *cmd)
{
    if (!serve_move(cmd, NULL))
        cmd_block(cmd, &(struct block_on){ .serve = serve_move,
                                           .types = BLOCK_TYPE(TYPE_STRING),
                                           .first_key = 1,
                                           .key_count = 1 });
}

/* ---- until KEY VALUE [MS]: until it has this value; an error when it goes ---- */

static bool serve_until(struct cmd *cmd, const struct block_wake *wake)
{
    char scratch[NUM_INT_MAX_CHARS];
    struct entry *e = db_lookup_read(cmd->db, cmd_key(cmd, 1));
    if (!e)
        reply_error(cmd->reply, "UNBLOCKED the key no longer exists");
    else if (!slice_eq(string_bytes(e, scratch), wake->note))
        return false;
    else
        reply_bulk(cmd->reply, wake->note);
    return true;
}

static void say_late(struct cmd *cmd, const struct block_wake *wake)
{
    reply_bulk(cmd->reply, wake->note);
}

static void run_until(struct cmd *cmd)
{
    int64_t timeout_ms = 0;
    if (cmd->argc == 4 && !cmd_timeout(cmd, 3, TIMEOUT_IN_MS, &timeout_ms))
        return;
    cmd_block(cmd, &(struct block_on){ .serve = serve_until,
                                       .timed_out = say_late,
                                       .timeout_ms = timeout_ms,
                                       .types = BLOCK_ANY_STATE,
                                       .note = cmd_arg(cmd, 2),
                                       .first_key = 1,
                                       .key_count = 1 });
}

/* ---- ring: wakes all who "listen" ---- */

static bool serve_listen(struct cmd *cmd, const struct block_wake *wake)
{
    reply_status(cmd->reply, wake->key.ptr ? SLICE("key") : SLICE("rang"));
    return true;
}

static void run_listen(struct cmd *cmd)
{
    cmd_block(cmd, &(struct block_on){ .serve = serve_listen, .queue = &queue });
}

static void run_ring(struct cmd *cmd)
{
    block_queue_wake(cmd->dispatch, &queue);
    reply_ok(cmd->reply);
}

static void run_swap(struct cmd *cmd)
{
    keyspace_swap(db_keyspace(cmd->db), 0, 1);
    reply_ok(cmd->reply);
}

/* unblock N [ERROR]. */
static void run_unblock(struct cmd *cmd)
{
    struct dispatch_world *w = cmd->owner;
    int64_t which;
    if (cmd_int(cmd, 1, &which, NULL))
        reply_int(cmd->reply, session_unblock(&w->sessions[which].session,
                                              cmd->argc == 3 ? "UNBLOCKED by force" : NULL));
}

static void run_mute(struct cmd *cmd)
{
    session_set_reply_mode(cmd->session, SESSION_REPLIES_SKIP_ONE);
}

#define WAITS .flags = CMD_WRITE | CMD_BLOCKING

static const struct command rows[] = {
    { .name = "set", .run = run_set, .arity = 3, .flags = CMD_WRITE, .keys = KEY_AT(1, KEY_RW) },
    { .name = "take", .run = run_take, .arity = -3, WAITS, .keys = KEYS_FROM(1, -2, 1, KEY_RW) },
    { .name = "move", .run = run_move, .arity = 3, WAITS, .keys = KEYS_FROM(1, 2, 1, KEY_RW) },
    { .name = "until", .run = run_until, .arity = -3, WAITS, .keys = KEY_AT(1, KEY_RO) },
    { .name = "listen", .run = run_listen, .arity = 1, WAITS },
    { .name = "ring", .run = run_ring, .arity = 1 },
    { .name = "swap", .run = run_swap, .arity = 1, .flags = CMD_WRITE },
    { .name = "unblock", .run = run_unblock, .arity = -2 },
    { .name = "mute", .run = run_mute, .arity = 1 },
};

static struct dispatch_world *world(void)
{
    static struct dispatch_world w;
    block_queue_init(&queue);
    dispatch_world_init(&w, rows, COUNT_OF(rows));
    (void)dispatch_world_ask(&w, "set first SELECT");
    test_sink_clear(&w.sink);
    return &w;
}

static const char *ask(struct dispatch_world *w, int s, const char *line)
{
    dispatch_world_add(w, s, line);
    dispatch_world_run(w);
    return dispatch_world_reply(w, s);
}

#define ASK(w, s, line, text) CHECK_STR(ask((w), (s), line), text)
#define REPLY(w, s, text) CHECK_STR(dispatch_world_reply((w), (s)), text)
#define EFFECTS(w, text)                             \
    do {                                             \
        CHECK_STR(test_sink_text(&(w)->sink), text); \
        test_sink_clear(&(w)->sink);                 \
    } while (0)
#define IS_BLOCKED(w, s) (((w)->sessions[s].session.flags & SESSION_BLOCKED) != 0)

/* ---- being served ---- */

TEST(who_waits_is_served_at_the_end_of_the_unit_that_feeds_it)
{
    struct dispatch_world *w = world();
    ASK(w, 1, "take k 0", "");
    CHECK(IS_BLOCKED(w, 1));
    CHECK(!session_runs(&w->sessions[1].session));
    dispatch_world_add(w, 2, "set k 1");
    dispatch_world_add(w, 2, "take k 0"); /* it has gone by then */
    dispatch_world_run(w);
    REPLY(w, 1, "*2 $1 k $1 1");
    REPLY(w, 2, "+OK");
    CHECK(IS_BLOCKED(w, 2));
    CHECK(!IS_BLOCKED(w, 1));
    CHECK(session_runs(&w->sessions[1].session));
    CHECK_INT(w->sessions[1].resumes, 1);
    EFFECTS(w, "set k 1 | DEL k"); /* a unit of its own */
    dispatch_world_done(w);
}

TEST(first_come_first_served)
{
    struct dispatch_world *w = world();
    ASK(w, 3, "take k 0", "");
    ASK(w, 1, "take k 0", "");
    ASK(w, 2, "take k 0", "");
    ASK(w, 0, "set k a", "+OK");
    REPLY(w, 3, "*2 $1 k $1 a");
    ASK(w, 3, "take k 0", ""); /* stands behind the others now */
    ASK(w, 0, "set k b", "+OK");
    REPLY(w, 1, "*2 $1 k $1 b");
    ASK(w, 0, "set k c", "+OK");
    REPLY(w, 2, "*2 $1 k $1 c");
    ASK(w, 0, "set k d", "+OK");
    REPLY(w, 3, "*2 $1 k $1 d");
    CHECK_UINT(dispatch_block_counts(w->dispatch).sessions, 0);
    dispatch_world_done(w);
}

TEST(one_of_several_keys_is_enough_and_the_others_are_let_go)
{
    struct dispatch_world *w = world();
    ASK(w, 1, "take a b a c 0", "");
    CHECK_UINT(dispatch_block_counts(w->dispatch).keys, 3);
    ASK(w, 2, "take c 0", "");
    CHECK_UINT(dispatch_block_counts(w->dispatch).keys, 3);
    ASK(w, 0, "set c 1", "+OK");
    REPLY(w, 1, "*2 $1 c $1 1");
    CHECK_UINT(dispatch_block_counts(w->dispatch).keys, 1);
    ASK(w, 0, "set a 1", "+OK");
    REPLY(w, 1, "");
    REPLY(w, 2, "");
    dispatch_world_done(w);
}

TEST(a_transaction_serves_when_it_is_over_and_keys_in_the_order_of_their_changes)
{
    struct dispatch_world *w = world();
    ASK(w, 1, "take a b 0", "");
    ASK(w, 2, "take a b 0", "");
    ASK(w, 0, "multi", "+OK");
    ASK(w, 0, "set b 1", "+QUEUED");
    ASK(w, 0, "set a 2", "+QUEUED");
    ASK(w, 0, "set b 3", "+QUEUED");
    ASK(w, 0, "exec", "*3 +OK +OK +OK");
    REPLY(w, 1, "*2 $1 b $1 3");
    REPLY(w, 2, "*2 $1 a $1 2");
    EFFECTS(w, "MULTI; set b 1; set a 2; set b 3; EXEC | DEL b | DEL a");
    dispatch_world_done(w);
}

TEST(what_is_gone_again_at_the_units_end_serves_nobody)
{
    struct dispatch_world *w = world();
    ASK(w, 1, "take k 0", "");
    ASK(w, 0, "multi", "+OK");
    ASK(w, 0, "set k 1", "+QUEUED");
    ASK(w, 0, "take k 0", "+QUEUED");
    ASK(w, 0, "exec", "*2 +OK *2 $1 k $1 1");
    REPLY(w, 1, "");
    CHECK(IS_BLOCKED(w, 1));
    dispatch_world_done(w);
}

TEST(who_is_served_may_feed_the_next)
{
    struct dispatch_world *w = world();
    ASK(w, 1, "take c 0", "");
    ASK(w, 2, "move b c", "");
    ASK(w, 3, "move a b", "");
    ASK(w, 0, "set a 1", "+OK");
    REPLY(w, 3, "+OK");
    REPLY(w, 2, "+OK");
    REPLY(w, 1, "*2 $1 c $1 1");
    EFFECTS(w, "set a 1 | RENAME a b | RENAME b c | DEL c");
    dispatch_world_done(w);
}

TEST(two_who_feed_each_other_come_to_an_end)
{
    struct dispatch_world *w = world();
    ASK(w, 1, "move a b", "");
    ASK(w, 2, "move b a", "");
    ASK(w, 0, "set a 1", "+OK");
    REPLY(w, 1, "+OK");
    REPLY(w, 2, "+OK");
    CHECK_UINT(dispatch_block_counts(w->dispatch).sessions, 0);
    ASK(w, 0, "take a 0", "*2 $1 a $1 1");
    dispatch_world_done(w);
}

TEST(a_swapped_in_key_serves)
{
    struct dispatch_world *w = world();
    ASK(w, 1, "take k 0", "");
    ASK(w, 2, "select 1", "+OK");
    ASK(w, 2, "set k 1", "+OK");
    REPLY(w, 1, "");
    ASK(w, 2, "swap", "+OK");
    REPLY(w, 1, "*2 $1 k $1 1");
    dispatch_world_done(w);
}

TEST(who_wants_to_know_every_state_is_asked_when_the_key_goes)
{
    struct dispatch_world *w = world();
    ASK(w, 1, "until k 3", "");
    CHECK_UINT(dispatch_block_counts(w->dispatch).keys_any_state, 1);
    ASK(w, 0, "set k 1", "+OK");
    REPLY(w, 1, "");
    ASK(w, 0, "set k 3", "+OK");
    REPLY(w, 1, "$1 3");
    CHECK_UINT(dispatch_block_counts(w->dispatch).keys_any_state, 0);
    ASK(w, 1, "until k 4", "");
    ASK(w, 0, "take k 0", "*2 $1 k $1 3");
    REPLY(w, 1, "-UNBLOCKED the key no longer exists");
    CHECK_UINT(dispatch_find(w->dispatch, SLICE("until"))->failed, 1);
    dispatch_world_done(w);
}

TEST(expiry_outside_of_units_wakes_at_the_next_look)
{
    struct dispatch_world *w = world();
    struct db *db = keyspace_db(w->ks, 0);
    struct key key = db_key(db, SLICE("k"));
    db_set(db, key, string_new(key.name, SLICE("1"), DISPATCH_WORLD_NOW_MS + 10));
    ASK(w, 1, "until k 2", "");
    dispatch_world_pass(w, 20);
    CHECK(!keyspace_expire_due(w->ks, dispatch_now_ms(w->dispatch), 10));
    REPLY(w, 1, "");
    dispatch_serve_waiters(w->dispatch);
    REPLY(w, 1, "-UNBLOCKED the key no longer exists");
    dispatch_world_done(w);
}

TEST(a_queue_wakes_all_who_stand_in_it)
{
    struct dispatch_world *w = world();
    ASK(w, 2, "listen", "");
    ASK(w, 1, "listen", "");
    ASK(w, 0, "ring", "+OK");
    REPLY(w, 1, "+rang");
    REPLY(w, 2, "+rang");
    ASK(w, 0, "ring", "+OK");
    ASK(w, 1, "listen", "");
    block_queue_wake(w->dispatch, &queue);
    REPLY(w, 1, "");
    dispatch_serve_waiters(w->dispatch);
    REPLY(w, 1, "+rang");
    dispatch_world_done(w);
}

/* ---- what comes behind ---- */

TEST(later_requests_are_set_aside_until_it_is_resumed)
{
    struct dispatch_world *w = world();
    dispatch_world_add(w, 1, "take k 0");
    dispatch_world_add(w, 1, "set a 1");
    dispatch_world_add(w, 0, "set k 1");
    dispatch_world_run(w);
    REPLY(w, 1, "*2 $1 k $1 1");
    CHECK_STR(dispatch_world_deferred(w, 1), "set a 1");
    dispatch_world_done(w);
}

TEST(the_request_outlives_its_bytes)
{
    struct dispatch_world *w = world();
    ASK(w, 1, "take a-key-with-a-long-name-that-is-in-the-arena 0", "");
    for (int i = 0; i < 100; i++)
        (void)ask(w, 0,
                  "set other xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
    CHECK(session_memory(&w->sessions[1].session) > 0);
    ASK(w, 0, "set a-key-with-a-long-name-that-is-in-the-arena 1", "+OK");
    REPLY(w, 1, "*2 $43 a-key-with-a-long-name-that-is-in-the-arena $1 1");
    CHECK_UINT(session_memory(&w->sessions[1].session), 0);
    dispatch_world_done(w);
}

TEST(skip_swallows_the_reply_of_one_that_waited)
{
    struct dispatch_world *w = world();
    ASK(w, 1, "mute", "");
    ASK(w, 1, "take k 0", "");
    ASK(w, 0, "set k 1", "+OK");
    REPLY(w, 1, "");
    ASK(w, 1, "ring", "+OK");
    dispatch_world_done(w);
}

TEST(inside_exec_nothing_waits)
{
    struct dispatch_world *w = world();
    ASK(w, 0, "multi", "+OK");
    ASK(w, 0, "take k 0", "+QUEUED");
    ASK(w, 0, "until k 7", "+QUEUED");
    ASK(w, 0, "exec", "*2 *-1 $1 7");
    CHECK_UINT(dispatch_block_counts(w->dispatch).sessions, 0);
    ASK(w, 0, "take k 0", "");
    CHECK(IS_BLOCKED(w, 0));
    dispatch_world_done(w);
}

/* ---- timeouts ---- */

TEST(a_wait_ends_when_its_time_is_over)
{
    struct dispatch_world *w = world();
    ASK(w, 1, "take k 0.0101", "");
    ASK(w, 2, "until k 5 10", "");
    ASK(w, 3, "take k 0", "");
    CHECK_UINT(dispatch_block_counts(w->dispatch).sessions, 3);
    CHECK_UINT(dispatch_block_counts(w->dispatch).with_timeout, 2);
    dispatch_world_pass(w, 10);
    REPLY(w, 1, ""); /* a fraction of a millisecond counts as one */
    REPLY(w, 2, "$1 5");
    dispatch_world_pass(w, 1);
    REPLY(w, 1, "*-1");
    CHECK_INT(w->sessions[1].resumes, 1);
    CHECK_UINT(dispatch_block_counts(w->dispatch).with_timeout, 0);
    dispatch_world_pass(w, 1000000);
    REPLY(w, 3, "");
    ASK(w, 0, "set k 1", "+OK");
    REPLY(w, 3, "*2 $1 k $1 1");
    dispatch_world_done(w);
}

TEST(a_timer_goes_with_its_wait)
{
    struct dispatch_world *w = world();
    ASK(w, 1, "take k 1", "");
    ASK(w, 0, "set k 1", "+OK");
    REPLY(w, 1, "*2 $1 k $1 1");
    CHECK_INT(loop_timer_nearest_ns(w->loop), -1);
    dispatch_world_done(w);
}

TEST(a_timeout_of_centuries_is_no_shorter)
{
    struct dispatch_world *w = world();
    ASK(w, 1, "take k 9223372036854775", "");
    ASK(w, 2, "take k 1000000", "");
    for (int i = 0; i < 3000; i++)
        dispatch_world_pass(w, 300000);
    REPLY(w, 2, "");
    for (int i = 0; i < 1000; i++)
        dispatch_world_pass(w, 300000);
    REPLY(w, 1, "");
    REPLY(w, 2, "*-1");
    dispatch_world_done(w);
}

TEST(timeouts_are_read_as_the_peers_read_them)
{
    static const char *const cases[][2] = {
        { "take k x", "-ERR timeout is not a float or out of range" },
        { "take k nan", "-ERR timeout is not a float or out of range" },
        { "take k -1", "-ERR timeout is negative" },
        { "take k -0.9", "-ERR timeout is negative" },
        { "take k inf", "-ERR timeout is negative" },
        { "take k 1e18", "-ERR timeout is negative" },
        { "until k 1 x", "-ERR timeout is not an integer or out of range" },
        { "until k 1 1.5", "-ERR timeout is not an integer or out of range" },
        { "until k 1 -1", "-ERR timeout is negative" },
        { "take k -0.0001", "" }, /* rounded up: for ever */
    };
    struct dispatch_world *w = world();
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        ASK(w, 1, cases[i][0], cases[i][1]);
    CHECK_UINT(dispatch_block_counts(w->dispatch).with_timeout, 0);
    dispatch_world_done(w);
}

/* ---- ends by others ---- */

TEST(unblock_ends_a_wait_as_a_timeout_or_as_an_error)
{
    struct dispatch_world *w = world();
    ASK(w, 0, "unblock 1", ":0");
    ASK(w, 1, "take k 0", "");
    ASK(w, 0, "unblock 1", ":1");
    REPLY(w, 1, "*-1");
    ASK(w, 0, "unblock 1", ":0");
    ASK(w, 1, "until k 9", "");
    ASK(w, 0, "unblock 1", ":1");
    REPLY(w, 1, "$1 9");
    ASK(w, 1, "take k 0", "");
    ASK(w, 0, "unblock 1 error", ":1");
    REPLY(w, 1, "-UNBLOCKED by force");
    CHECK_UINT(dispatch_find(w->dispatch, SLICE("take"))->failed, 2);
    CHECK_UINT(dispatch_find(w->dispatch, SLICE("unblock"))->failed, 0);
    ASK(w, 0, "set k 1", "+OK");
    REPLY(w, 1, "");
    dispatch_world_done(w);
}

TEST(a_cancelled_wait_says_nothing_and_leaves_nothing)
{
    struct dispatch_world *w = world();
    ASK(w, 1, "take a b 5", "");
    ASK(w, 2, "take a 0", "");
    session_cancel_wait(&w->sessions[1].session);
    session_cancel_wait(&w->sessions[1].session);
    CHECK(!session_runs(&w->sessions[1].session));
    ASK(w, 0, "set a 1", "+OK");
    REPLY(w, 1, "");
    REPLY(w, 2, "*2 $1 a $1 1");
    CHECK_INT(loop_timer_nearest_ns(w->loop), -1);
    CHECK_UINT(w->dispatch->interests.keys, 0);
    dispatch_world_done(w);
}

TEST(a_session_may_end_while_it_waits)
{
    struct dispatch_world *w = world();
    ASK(w, 1, "take a b 5", "");
    ASK(w, 2, "listen", "");
    dispatch_world_done(w); /* the leak checker looks */
}

/* ---- statistics ---- */

TEST(a_wait_is_counted_once_and_its_time_is_the_commands_own)
{
    struct dispatch_world *w = world();
    const struct command_slot *slot = dispatch_find(w->dispatch, SLICE("take"));
    uint64_t before = dispatch_commands_processed(w->dispatch);
    ASK(w, 1, "take k 0", "");
    CHECK_UINT(slot->calls, 1);
    dispatch_world_pass(w, 1000);
    ASK(w, 0, "set k 1", "+OK");
    CHECK_UINT(slot->calls, 1);
    CHECK(slot->ns < 1000000);
    CHECK_UINT(dispatch_commands_processed(w->dispatch) - before, 2);
    CHECK_UINT(w->sessions[1].session.commands, 1);
    dispatch_world_done(w);
}
