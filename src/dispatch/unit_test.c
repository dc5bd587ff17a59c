/* Units and batches: what a handler gets, what becomes of what it did, and who runs when. */
#include <stdio.h>

#include "dispatch/cmd.h"
#include "dispatch/testing.h"
#include "tests/unit/check.h"
#include "types/string.h"

static struct dispatch_world *world_of(const struct cmd *cmd)
{
    return cmd->owner;
}

/* set KEY VALUE: by default its effect is the request. */
static void run_set(struct cmd *cmd)
{
    struct key key = cmd_key(cmd, 1);
    db_set(cmd->db, key, string_new(key.name, cmd_arg(cmd, 2), ENTRY_NO_EXPIRY));
    reply_ok(cmd->reply);
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

static void run_set_told(struct cmd *cmd)
{
    run_set(cmd);
    CMD_EFFECT(cmd, SLICE("SET"), cmd_arg(cmd, 1), SLICE("told"));
    cmd_effect_in(cmd, 3, (const struct slice[]){ SLICE("DEL"), SLICE("other") }, 2);
}

static void run_set_secretly(struct cmd *cmd)
{
    run_set(cmd);
    cmd_no_effect(cmd);
}

static void run_fail(struct cmd *cmd)
{
    reply_error(cmd->reply, "ERR no luck");
}

static void run_time(struct cmd *cmd)
{
    int64_t first = cmd_now_ms(cmd);
    world_of(cmd)->now_ns += 5000000; /* time that passes inside is seen by the next unit */
    reply_int(cmd->reply, cmd_now_ms(cmd) == first ? first - DISPATCH_WORLD_NOW_MS : -1);
}

/* Closes or parks a session: "close N", "park N". */
static void run_close(struct cmd *cmd)
{
    int64_t which;
    if (cmd_int(cmd, 1, &which, NULL))
        world_of(cmd)->sessions[which].session.flags |= SESSION_CLOSING;
    reply_ok(cmd->reply);
}

static void run_park(struct cmd *cmd)
{
    int64_t which;
    if (cmd_int(cmd, 1, &which, NULL))
        world_of(cmd)->sessions[which].session.flags |= SESSION_PARKED;
    reply_ok(cmd->reply);
}

static void run_halt(struct cmd *cmd)
{
    dispatch_halt(cmd->dispatch);
}

static void run_mute(struct cmd *cmd)
{
    session_set_reply_mode(cmd->session, cmd_is(cmd, 1, "off")    ? SESSION_REPLIES_OFF
                                         : cmd_is(cmd, 1, "skip") ? SESSION_REPLIES_SKIP_ONE
                                                                  : SESSION_REPLIES_ON);
    reply_ok(cmd->reply);
}

#define WRITES .flags = CMD_WRITE, .keys = KEY_AT(1, KEY_RW)

static const struct command rows[] = {
    { .name = "set", .run = run_set, .arity = 3, WRITES },
    { .name = "get", .run = run_get, .arity = 2, .flags = CMD_READ, .keys = KEY_AT(1, KEY_RO) },
    { .name = "settold", .run = run_set_told, .arity = 3, WRITES },
    { .name = "setsecret", .run = run_set_secretly, .arity = 3, WRITES },
    { .name = "fail", .run = run_fail, .arity = -1 },
    { .name = "now", .run = run_time, .arity = 1 },
    { .name = "close", .run = run_close, .arity = 2 },
    { .name = "park", .run = run_park, .arity = 2 },
    { .name = "halt", .run = run_halt, .arity = 1 },
    { .name = "mute", .run = run_mute, .arity = 2 },
};

static struct dispatch_world *world(void)
{
    static struct dispatch_world w;
    dispatch_world_init(&w, rows, COUNT_OF(rows));
    (void)dispatch_world_ask(&w, "set first SELECT"); /* so that effects below show without it */
    test_sink_clear(&w.sink);
    return &w;
}

#define REPLY(w, s, text) CHECK_STR(dispatch_world_reply((w), (s)), text)
#define ASK(w, line, text) CHECK_STR(dispatch_world_ask((w), line), text)
#define EFFECTS(w, text)                             \
    do {                                             \
        CHECK_STR(test_sink_text(&(w)->sink), text); \
        test_sink_clear(&(w)->sink);                 \
    } while (0)

/* ---- what is refused before it runs ---- */

TEST(unknown_commands_show_the_beginning_of_their_arguments)
{
    struct dispatch_world *w = world();
    ASK(w, "nosuch", "-ERR unknown command 'nosuch', with args beginning with: ");
    ASK(w, "nosuch a b", "-ERR unknown command 'nosuch', with args beginning with: 'a' 'b' ");
    ASK(w, "nosuch \"a\\x00b\" c",
        "-ERR unknown command 'nosuch', with args beginning with: 'a' 'c' ");
    ASK(w, "nosuch \"a\\r\\nb\"",
        "-ERR unknown command 'nosuch', with args beginning with: 'a  b' ");
    dispatch_world_done(w);
}

TEST(arity_is_exact_or_a_minimum)
{
    struct dispatch_world *w = world();
    ASK(w, "get", "-ERR wrong number of arguments for 'get' command");
    ASK(w, "GET a b", "-ERR wrong number of arguments for 'get' command");
    ASK(w, "fail 1 2 3", "-ERR no luck");
    const struct command_slot *slot = dispatch_find(w->dispatch, SLICE("get"));
    CHECK_UINT(slot->rejected, 2);
    CHECK_UINT(slot->calls, 0);
    dispatch_world_done(w);
}

TEST(what_browsers_send_is_not_answered)
{
    struct dispatch_world *w = world();
    dispatch_world_add(w, 0, "set k 1");
    dispatch_world_add(w, 0, "POST / HTTP/1.1");
    dispatch_world_add(w, 0, "set k 2");
    dispatch_world_run(w);
    REPLY(w, 0, "+OK");
    CHECK_INT(w->sessions[0].suspicious, 1);
    dispatch_world_add(w, 1, "host: localhost");
    dispatch_world_run(w);
    CHECK_INT(w->sessions[1].suspicious, 1);
    dispatch_world_add(w, 2, "get k");
    dispatch_world_run(w);
    REPLY(w, 2, "$1 1");
    dispatch_world_done(w);
}

/* ---- effects ---- */

TEST(a_change_is_journaled_as_the_request_came)
{
    struct dispatch_world *w = world();
    ASK(w, "SeT k 1", "+OK");
    EFFECTS(w, "SeT k 1");
    ASK(w, "get k", "$1 1");
    ASK(w, "fail", "-ERR no luck");
    EFFECTS(w, "");
    dispatch_world_done(w);
}

TEST(the_wire_is_journaled_byte_by_byte_where_there_is_one)
{
    struct dispatch_world *w = world();
    static const char wire[] = "*3\r\n$3\r\nset\r\n$1\r\nk\r\n$2\r\n07\r\n";
    dispatch_world_add(w, 0, "set k 07");
    w->batch.items[0].parsed.wire = slice_str(wire);
    dispatch_world_run(w);
    CHECK_SLICE(test_sink_wire(&w->sink), "*3\r\n$3\r\nset\r\n$1\r\nk\r\n$2\r\n07\r\n");
    dispatch_world_done(w);
}

TEST(effects_that_are_told_take_the_requests_place_as_one_unit)
{
    struct dispatch_world *w = world();
    ASK(w, "settold k 1", "+OK");
    EFFECTS(w, "MULTI; SET k told; SELECT 3; DEL other; EXEC");
    ASK(w, "setsecret k 2", "+OK");
    EFFECTS(w, "");
    ASK(w, "set k 3", "+OK");
    EFFECTS(w, "SELECT 0; set k 3");
    dispatch_world_done(w);
}

TEST(effects_of_a_batch_are_in_the_order_of_its_requests)
{
    struct dispatch_world *w = world();
    dispatch_world_add(w, 1, "set a 1");
    dispatch_world_add(w, 0, "settold b 1");
    dispatch_world_add(w, 2, "get a");
    dispatch_world_add(w, 1, "set c 1");
    dispatch_world_run(w);
    EFFECTS(w, "set a 1 | MULTI; SET b told; SELECT 3; DEL other; EXEC | SELECT 0; set c 1");
    REPLY(w, 2, "$1 1");
    dispatch_world_done(w);
}

TEST(requests_run_in_the_database_of_their_session)
{
    struct dispatch_world *w = world();
    dispatch_world_add(w, 0, "select 5");
    dispatch_world_add(w, 0, "set k 5");
    dispatch_world_add(w, 1, "get k");
    dispatch_world_add(w, 0, "get k");
    dispatch_world_run(w);
    REPLY(w, 0, "+OK +OK $1 5");
    REPLY(w, 1, "$-1");
    EFFECTS(w, "SELECT 5; set k 5");
    dispatch_world_done(w);
}

/* ---- time and statistics ---- */

TEST(time_stands_within_a_unit_and_goes_on_with_the_next)
{
    struct dispatch_world *w = world();
    dispatch_world_add(w, 0, "now");
    dispatch_world_add(w, 0, "now");
    dispatch_world_add(w, 0, "now");
    dispatch_world_run(w);
    REPLY(w, 0, ":0 :5 :10");
    dispatch_world_done(w);
}

TEST(a_unit_takes_one_reading_of_the_clock_and_receiving_takes_no_units_time)
{
    struct dispatch_world *w = world();
    w->now_ns = 0;
    dispatch_time_sync(w->dispatch);
    w->now_ns += 7000000; /* receiving */
    w->step_ns = 1000;    /* each reading costs this */
    for (int i = 0; i < 10; i++)
        dispatch_world_add(w, 0, "get k");
    dispatch_run_batch(w->dispatch, &w->batch);
    CHECK_UINT(w->now_ns, 7000000 + 11 * 1000);
    const struct command_slot *slot = dispatch_find(w->dispatch, SLICE("get"));
    CHECK_UINT(slot->calls, 10);
    CHECK_UINT(slot->ns, 10 * 1000);
    CHECK_INT(dispatch_now_ms(w->dispatch), DISPATCH_WORLD_NOW_MS + 7);
    dispatch_world_done(w);
}

TEST(calls_failures_and_error_codes_are_counted)
{
    struct dispatch_world *w = world();
    uint64_t before = dispatch_commands_processed(w->dispatch);
    (void)dispatch_world_ask(w, "fail");
    (void)dispatch_world_ask(w, "fail");
    (void)dispatch_world_ask(w, "get k");
    (void)dispatch_world_ask(w, "nosuch");
    const struct command_slot *slot = dispatch_find(w->dispatch, SLICE("fail"));
    CHECK_UINT(slot->calls, 2);
    CHECK_UINT(slot->failed, 2);
    CHECK_UINT(dispatch_commands_processed(w->dispatch) - before, 3);

    struct metric_table metrics = dispatch_metrics(w->dispatch);
    struct buf out;
    buf_init(&out, BUF_NO_CEILING);
    dispatch_count_error(w->dispatch, SLICE("A\nB:c rest"));
    for (size_t i = 0; i < metrics.count; i++)
        if (strcmp(metrics.rows[i].section, "Errorstats") == 0)
            metrics.rows[i].text(metrics.owner, &out);
    CHECK_STR(buf_cstr(&out), "errorstat_A_B_c:count=1\r\nerrorstat_ERR:count=3\r\n");
    metrics.reset(metrics.owner);
    CHECK_UINT(slot->calls, 0);
    buf_done(&out);
    dispatch_world_done(w);
}

/* ---- who runs ---- */

TEST(a_parked_session_keeps_its_requests_and_others_run)
{
    struct dispatch_world *w = world();
    dispatch_world_add(w, 0, "park 1");
    dispatch_world_add(w, 1, "set a 1");
    dispatch_world_add(w, 2, "set b 1");
    dispatch_world_add(w, 1, "get a");
    dispatch_world_add_error(w, 1, "Protocol error: x");
    dispatch_world_run(w);
    REPLY(w, 1, "");
    REPLY(w, 2, "+OK");
    CHECK_STR(dispatch_world_deferred(w, 1), "set a 1; get a; (Protocol error: x)");
    CHECK_STR(dispatch_world_deferred(w, 2), "");
    dispatch_world_done(w);
}

TEST(a_session_that_parks_itself_runs_that_command_to_its_end)
{
    struct dispatch_world *w = world();
    dispatch_world_add(w, 0, "park 0");
    dispatch_world_add(w, 0, "get a");
    dispatch_world_run(w);
    REPLY(w, 0, "+OK");
    CHECK_STR(dispatch_world_deferred(w, 0), "get a");
    dispatch_world_done(w);
}

TEST(requests_of_a_closing_session_are_dropped)
{
    struct dispatch_world *w = world();
    dispatch_world_add(w, 1, "set a 1");
    dispatch_world_add(w, 0, "close 1");
    dispatch_world_add(w, 1, "set a 2");
    dispatch_world_add_error(w, 1, "Protocol error: x");
    dispatch_world_add(w, 0, "get a");
    dispatch_world_run(w);
    REPLY(w, 0, "+OK $1 1");
    REPLY(w, 1, "+OK");
    CHECK_STR(dispatch_world_deferred(w, 1), "");
    dispatch_world_done(w);
}

TEST(a_protocol_error_is_replied_in_its_place)
{
    struct dispatch_world *w = world();
    dispatch_world_add(w, 0, "set a 1");
    dispatch_world_add_error(w, 0, "Protocol error: x");
    dispatch_world_run(w);
    REPLY(w, 0, "+OK -ERR Protocol error: x");
    dispatch_world_done(w);
}

TEST(nothing_runs_behind_the_halt)
{
    struct dispatch_world *w = world();
    dispatch_world_add(w, 0, "set a 1");
    dispatch_world_add(w, 0, "halt");
    dispatch_world_add(w, 0, "set a 2");
    dispatch_world_add(w, 1, "set a 3");
    dispatch_world_run(w);
    REPLY(w, 0, "+OK");
    REPLY(w, 1, "");
    EFFECTS(w, "set a 1");
    dispatch_world_done(w);
}

/* Longer than the looks ahead, which must not run over its end. */
TEST(a_batch_of_any_length_runs_in_order)
{
    for (int count = 1; count <= 70; count++) {
        struct dispatch_world *w = world();
        char line[32];
        for (int i = 0; i < count; i++) {
            (void)snprintf(line, sizeof(line), i % 2 ? "set k%d 1" : "get k%d", i);
            dispatch_world_add(w, i % DISPATCH_WORLD_SESSIONS, line);
        }
        dispatch_world_run(w);
        CHECK_UINT(w->batch.count, 0);
        CHECK_UINT(dispatch_find(w->dispatch, SLICE("get"))->calls, (count + 1) / 2);
        CHECK_UINT(dispatch_find(w->dispatch, SLICE("set"))->calls, 1 + count / 2);
        dispatch_world_done(w);
    }
}

/* ---- CLIENT REPLY ---- */

TEST(skip_swallows_its_own_and_the_next_reply)
{
    struct dispatch_world *w = world();
    dispatch_world_add(w, 0, "mute skip");
    dispatch_world_add(w, 0, "set a 1");
    dispatch_world_add(w, 0, "get a");
    dispatch_world_add(w, 0, "mute skip");
    dispatch_world_add(w, 0, "nosuch");
    dispatch_world_add(w, 0, "get a");
    dispatch_world_run(w);
    /* The world's own verb replies OK, where CLIENT REPLY SKIP says nothing. */
    REPLY(w, 0, "+OK $1 1 +OK $1 1");
    dispatch_world_done(w);
}

TEST(off_swallows_all_until_on_and_skip_changes_nothing_meanwhile)
{
    struct dispatch_world *w = world();
    dispatch_world_add(w, 0, "mute off");
    dispatch_world_add(w, 0, "mute skip");
    dispatch_world_add(w, 0, "get a");
    dispatch_world_add(w, 0, "get a");
    dispatch_world_add(w, 0, "mute on");
    dispatch_world_add(w, 0, "get a");
    dispatch_world_run(w);
    REPLY(w, 0, "+OK $-1");
    dispatch_world_done(w);
}

TEST(skip_waits_for_a_parked_request)
{
    struct dispatch_world *w = world();
    dispatch_world_add(w, 0, "mute skip");
    dispatch_world_add(w, 0, "set a 1");
    dispatch_pause(w->dispatch, true, DISPATCH_WORLD_NOW_MS + 1000);
    dispatch_world_run(w);
    CHECK_STR(dispatch_world_deferred(w, 0), "set a 1");
    (void)dispatch_world_reply(w, 0);
    dispatch_pause(w->dispatch, false, 0);
    w->sessions[0].session.flags &= ~(uint32_t)SESSION_PARKED;
    dispatch_world_add(w, 0, "set a 1");
    dispatch_world_add(w, 0, "get a");
    dispatch_world_run(w);
    REPLY(w, 0, "$1 1");
    dispatch_world_done(w);
}

TEST(a_flood_of_requests_costs_no_memory_for_ever)
{
    struct dispatch_world *w = world();
    const size_t many = 100000;
    for (size_t i = 0; i < many; i++)
        dispatch_world_add(w, 0, "get a");
    CHECK(w->batch.cap >= many);
    dispatch_world_run(w);
    dispatch_world_add(w, 0, "get a"); /* what comes behind shows that the flood is over */
    dispatch_world_run(w);
    CHECK(w->batch.cap < many / 4);
    dispatch_world_done(w);
}
