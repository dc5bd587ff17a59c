/* Transactions: what is queued and what is not, what EXEC does, and what is left behind. */
#include <stdio.h>

#include "base/blob.h"
#include "dispatch/cmd.h"
#include "dispatch/testing.h"
#include "tests/unit/check.h"
#include "types/string.h"

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

static void run_fail(struct cmd *cmd)
{
    reply_error(cmd->reply, "ERR no luck");
}

/* Time passes inside: all calls of one unit see the same. */
static void run_now(struct cmd *cmd)
{
    struct dispatch_world *w = cmd->owner;
    reply_int(cmd->reply, cmd_now_ms(cmd) - DISPATCH_WORLD_NOW_MS);
    w->now_ns += 5000000;
}

static void run_mute(struct cmd *cmd)
{
    session_set_reply_mode(cmd->session, cmd_is(cmd, 1, "off")    ? SESSION_REPLIES_OFF
                                         : cmd_is(cmd, 1, "skip") ? SESSION_REPLIES_SKIP_ONE
                                                                  : SESSION_REPLIES_ON);
}

/* Says whether its last argument came as a blob of its own, and how many hold it. */
static void run_blob(struct cmd *cmd)
{
    struct blob *blob = cmd_take_blob(cmd, 1);
    reply_int(cmd->reply, blob ? (int64_t)blob->refs : 0);
    blob_unref(blob);
}

#define WRITES .flags = CMD_WRITE, .keys = KEY_AT(1, KEY_RW)

static const struct command rows[] = {
    { .name = "set", .run = run_set, .arity = 3, WRITES },
    { .name = "get", .run = run_get, .arity = 2, .flags = CMD_READ, .keys = KEY_AT(1, KEY_RO) },
    { .name = "fail", .run = run_fail, .arity = 1 },
    { .name = "now", .run = run_now, .arity = 1 },
    { .name = "mute", .run = run_mute, .arity = 2 },
    { .name = "blob", .run = run_blob, .arity = 2 },
    { .name = "never", .run = run_fail, .arity = 1, .flags = CMD_NO_MULTI },
    { .name = "locked", .run = run_fail, .arity = 1, .flags = CMD_PROTECTED },
};

static struct dispatch_world *world(void)
{
    static struct dispatch_world w;
    dispatch_world_init(&w, rows, COUNT_OF(rows));
    (void)dispatch_world_ask(&w, "set first SELECT"); /* so that effects below show without it */
    test_sink_clear(&w.sink);
    return &w;
}

#define ASK(w, line, text) CHECK_STR(dispatch_world_ask((w), line), text)
#define EFFECTS(w, text)                             \
    do {                                             \
        CHECK_STR(test_sink_text(&(w)->sink), text); \
        test_sink_clear(&(w)->sink);                 \
    } while (0)
#define ABORTED "-EXECABORT Transaction discarded because of previous errors."

static const struct command_slot *slot(struct dispatch_world *w, const char *name)
{
    return dispatch_find(w->dispatch, slice_str(name));
}

static void all(struct dispatch_world *w, const char *const *lines)
{
    for (; *lines; lines++)
        dispatch_world_add(w, 0, *lines);
    dispatch_world_run(w);
}

/* ---- queueing ---- */

TEST(what_follows_multi_is_queued_and_runs_with_exec)
{
    struct dispatch_world *w = world();
    ASK(w, "multi", "+OK");
    ASK(w, "set k 1", "+QUEUED");
    ASK(w, "get k", "+QUEUED");
    EFFECTS(w, "");
    CHECK_UINT(slot(w, "get")->calls, 0);
    ASK(w, "exec", "*2 +OK $1 1");
    EFFECTS(w, "set k 1");
    CHECK(!session_in_transaction(&w->sessions[0].session));
    ASK(w, "get k", "$1 1");
    dispatch_world_done(w);
}

TEST(one_batch_may_hold_a_whole_transaction_and_more)
{
    struct dispatch_world *w = world();
    all(w, (const char *const[]){ "multi", "set k 1", "get k", "exec", "get k", "multi", "exec",
                                  NULL });
    CHECK_STR(dispatch_world_reply(w, 0), "+OK +QUEUED +QUEUED *2 +OK $1 1 $1 1 +OK *0");
    dispatch_world_done(w);
}

TEST(others_run_in_between_but_not_within)
{
    struct dispatch_world *w = world();
    dispatch_world_add(w, 0, "multi");
    dispatch_world_add(w, 0, "get k");
    dispatch_world_add(w, 1, "set k 1");
    dispatch_world_add(w, 0, "set k 2");
    dispatch_world_add(w, 1, "get k");
    dispatch_world_add(w, 0, "exec");
    dispatch_world_run(w);
    CHECK_STR(dispatch_world_reply(w, 0), "+OK +QUEUED +QUEUED *2 $1 1 +OK");
    CHECK_STR(dispatch_world_reply(w, 1), "+OK $1 1");
    EFFECTS(w, "set k 1 | set k 2");
    dispatch_world_done(w);
}

TEST(what_is_queued_outlives_the_bytes_that_it_came_in)
{
    struct dispatch_world *w = world();
    char line[300];
    ASK(w, "multi", "+OK");
    for (int i = 0; i < 200; i++) { /* each in a batch of its own, whose memory is used again */
        (void)snprintf(line, sizeof(line), "set key:%d %d%0200d", i, i, 7);
        ASK(w, line, "+QUEUED");
    }
    CHECK_UINT(session_queued(&w->sessions[0].session), 200);
    CHECK(session_memory(&w->sessions[0].session) > (size_t)200 * 200);
    (void)dispatch_world_ask(w, "exec");
    (void)snprintf(line, sizeof(line), "$203 150%0200d", 7);
    ASK(w, "get key:150", line);
    CHECK_UINT(session_memory(&w->sessions[0].session), 0);
    dispatch_world_done(w);
}

TEST(the_wire_of_a_queued_request_is_kept_and_journaled)
{
    struct dispatch_world *w = world();
    char wire[] = "*3\r\n$3\r\nset\r\n$1\r\nk\r\n$2\r\n07\r\n";
    ASK(w, "multi", "+OK");
    dispatch_world_add(w, 0, "set k 07");
    struct resp_request *parsed = &w->batch.items[0].parsed;
    parsed->wire = slice_str(wire);
    parsed->argv[1] = slice_of(wire + 17, 1);
    parsed->argv[2] = slice_of(wire + 24, 2);
    dispatch_world_run(w);
    memset(wire, 'x', sizeof(wire) - 1);
    CHECK_STR(dispatch_world_reply(w, 0), "+QUEUED");
    ASK(w, "exec", "*1 +OK");
    CHECK_SLICE(test_sink_wire(&w->sink), "*3\r\n$3\r\nset\r\n$1\r\nk\r\n$2\r\n07\r\n");
    ASK(w, "get k", "$2 07");
    dispatch_world_done(w);
}

TEST(a_blob_is_kept_not_copied)
{
    struct dispatch_world *w = world();
    struct blob *blob = blob_copy(SLICE("big"));
    ASK(w, "multi", "+OK");
    dispatch_world_add(w, 0, "blob x");
    w->batch.items[0].bulk = blob;
    w->batch.items[0].parsed.argv[1] = blob_slice(blob);
    dispatch_world_run(w);
    (void)dispatch_world_reply(w, 0);
    CHECK_UINT(blob->refs, 2);
    ASK(w, "exec", "*1 :3"); /* ours, the queue's, the handler's */
    CHECK_UINT(blob->refs, 1);
    ASK(w, "multi", "+OK");
    dispatch_world_add(w, 0, "blob x");
    w->batch.items[0].bulk = blob;
    w->batch.items[0].parsed.argv[1] = blob_slice(blob);
    dispatch_world_run(w);
    (void)dispatch_world_reply(w, 0);
    ASK(w, "discard", "+OK");
    CHECK_UINT(blob->refs, 1);
    blob_unref(blob);
    dispatch_world_done(w);
}

/* ---- refusals ---- */

TEST(what_is_out_of_place_is_refused_and_harms_nothing)
{
    struct dispatch_world *w = world();
    ASK(w, "exec", "-ERR EXEC without MULTI");
    ASK(w, "discard", "-ERR DISCARD without MULTI");
    ASK(w, "multi", "+OK");
    ASK(w, "multi", "-ERR MULTI calls can not be nested");
    ASK(w, "watch k", "-ERR WATCH inside MULTI is not allowed");
    ASK(w, "get k", "+QUEUED");
    ASK(w, "exec", "*1 $-1");
    dispatch_world_done(w);
}

TEST(a_refused_request_refuses_the_whole)
{
    static const char *const refused[][2] = {
        { "nosuch", "-ERR unknown command 'nosuch', with args beginning with: " },
        { "get", "-ERR wrong number of arguments for 'get' command" },
        { "multi 1", "-ERR wrong number of arguments for 'multi' command" },
        { "discard 1", "-ERR wrong number of arguments for 'discard' command" },
        { "never", "-ERR Command not allowed inside a transaction" },
    };
    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        struct dispatch_world *w = world();
        ASK(w, "multi", "+OK");
        ASK(w, "set k 1", "+QUEUED");
        ASK(w, refused[i][0], refused[i][1]);
        ASK(w, "set k 2", "+QUEUED"); /* but costs no memory any more */
        CHECK_UINT(session_queued(&w->sessions[0].session), 1);
        ASK(w, "exec", ABORTED);
        EFFECTS(w, "");
        ASK(w, "multi", "+OK");
        ASK(w, "exec", "*0");
        dispatch_world_done(w);
    }
}

TEST(a_gate_that_refuses_marks_the_transaction_too)
{
    struct dispatch_world *w = world();
    ASK(w, "multi", "+OK");
    CHECK(strstr(dispatch_world_ask(w, "locked"), "DEBUG command not allowed") != NULL);
    ASK(w, "exec", ABORTED);
    dispatch_world_done(w);
}

TEST(a_refused_exec_discards_and_says_why)
{
    struct dispatch_world *w = world();
    ASK(w, "multi", "+OK");
    ASK(w, "set k 1", "+QUEUED");
    ASK(w, "exec 1",
        "-EXECABORT Transaction discarded because of: wrong number of arguments for 'exec' "
        "command");
    ASK(w, "get k", "$-1");
    ASK(w, "exec 1",
        "-EXECABORT Transaction discarded because of: wrong number of arguments for 'exec' "
        "command");

    ASK(w, "multi", "+OK");
    dispatch_world_config(w, "requirepass", "secret");
    session_set_authenticated(&w->sessions[0].session, false);
    ASK(w, "exec", "-EXECABORT Transaction discarded because of: NOAUTH Authentication required.");
    CHECK(!session_in_transaction(&w->sessions[0].session));
    CHECK_UINT(slot(w, "exec")->rejected, 3);
    dispatch_world_done(w);
}

TEST(discard_reset_and_the_end_of_a_session_forget_all)
{
    struct dispatch_world *w = world();
    ASK(w, "multi", "+OK");
    ASK(w, "set k 1", "+QUEUED");
    ASK(w, "discard", "+OK");
    ASK(w, "get k", "$-1");
    ASK(w, "multi", "+OK");
    ASK(w, "set k 1", "+QUEUED");
    ASK(w, "reset", "+RESET");
    ASK(w, "get k", "$-1");
    ASK(w, "multi", "+OK");
    ASK(w, "set k 1", "+QUEUED");
    ASK(w, "quit", "+OK"); /* runs at once; the rest is the leak checker's */
    CHECK_INT(w->sessions[0].closes, 1);
    dispatch_world_done(w);
}

/* ---- EXEC ---- */

TEST(an_error_inside_is_one_of_the_replies)
{
    struct dispatch_world *w = world();
    all(w, (const char *const[]){ "multi", "set a 1", "fail", "set b 1", "exec", NULL });
    CHECK_STR(dispatch_world_reply(w, 0), "+OK +QUEUED +QUEUED +QUEUED *3 +OK -ERR no luck +OK");
    EFFECTS(w, "MULTI; set a 1; set b 1; EXEC");
    dispatch_world_done(w);
}

TEST(effects_are_one_unit_with_the_databases_inside)
{
    struct dispatch_world *w = world();
    all(w,
        (const char *const[]){ "multi", "set a 1", "select 3", "set b 1", "get b", "exec", NULL });
    CHECK_STR(dispatch_world_reply(w, 0),
              "+OK +QUEUED +QUEUED +QUEUED +QUEUED *4 +OK +OK +OK $1 1");
    EFFECTS(w, "MULTI; set a 1; SELECT 3; set b 1; EXEC");
    all(w, (const char *const[]){ "multi", "get b", "exec", NULL });
    CHECK_STR(dispatch_world_reply(w, 0), "+OK +QUEUED *1 $1 1");
    EFFECTS(w, "");
    dispatch_world_done(w);
}

TEST(time_stands_still_within)
{
    struct dispatch_world *w = world();
    all(w, (const char *const[]){ "multi", "now", "now", "exec", "now", NULL });
    CHECK_STR(dispatch_world_reply(w, 0), "+OK +QUEUED +QUEUED *2 :0 :0 :10");
    dispatch_world_done(w);
}

TEST(each_nested_call_has_statistics_of_its_own)
{
    struct dispatch_world *w = world();
    uint64_t before = dispatch_commands_processed(w->dispatch);
    all(w, (const char *const[]){ "multi", "now", "fail", "exec", NULL });
    CHECK_UINT(slot(w, "now")->calls, 1);
    CHECK_UINT(slot(w, "now")->ns, 5000000);
    CHECK_UINT(slot(w, "fail")->calls, 1);
    CHECK_UINT(slot(w, "fail")->ns, 0);
    CHECK_UINT(slot(w, "fail")->failed, 1);
    CHECK_UINT(slot(w, "exec")->calls, 1);
    CHECK_UINT(slot(w, "exec")->ns, 5000000);
    CHECK_UINT(slot(w, "exec")->failed, 0); /* the error was the nested call's */
    CHECK_UINT(dispatch_commands_processed(w->dispatch) - before, 4);
    (void)dispatch_world_ask(w, "exec");
    CHECK_UINT(slot(w, "exec")->failed, 1);
    dispatch_world_done(w);
}

TEST(exec_takes_one_reading_of_the_clock_a_call)
{
    struct dispatch_world *w = world();
    all(w, (const char *const[]){ "multi", "get a", "get b", NULL });
    uint64_t start = w->now_ns;
    w->step_ns = 1000;
    dispatch_world_add(w, 0, "exec");
    dispatch_run_batch(w->dispatch, &w->batch);
    CHECK_UINT(w->now_ns - start, 4 * 1000); /* the batch, two calls, EXEC */
    w->step_ns = 0;
    dispatch_world_done(w);
}

TEST(the_mode_of_replies_changes_in_the_middle_and_skip_after_exec)
{
    struct dispatch_world *w = world();
    all(w, (const char *const[]){ "multi", "get a", "mute off", "get a", "exec", "get a", "mute on",
                                  "get a", NULL });
    CHECK_STR(dispatch_world_reply(w, 0), "+OK +QUEUED +QUEUED +QUEUED *3 $-1 $-1");
    all(w, (const char *const[]){ "multi", "mute skip", "get a", "exec", "get a", "get a", NULL });
    CHECK_STR(dispatch_world_reply(w, 0), "+OK +QUEUED +QUEUED *2 $-1 $-1");
    all(w, (const char *const[]){ "mute skip", "multi", "get a", "exec", NULL });
    CHECK_STR(dispatch_world_reply(w, 0), "+QUEUED *1 $-1");
    dispatch_world_done(w);
}

/* More than are looked ahead at. */
TEST(a_transaction_of_any_length_runs_in_order)
{
    struct dispatch_world *w = world();
    struct buf want;
    buf_init(&want, BUF_NO_CEILING);
    for (int count = 1; count <= 100; count += 11) {
        char line[64];
        buf_clear(&want);
        buf_printf(&want, "*%d", count);
        (void)dispatch_world_ask(w, "multi");
        for (int i = 0; i < count; i++) {
            (void)snprintf(line, sizeof(line), "set k%d %03d", i, count);
            (void)dispatch_world_ask(w, line);
            buf_append_str(&want, " +OK");
        }
        ASK(w, "exec", buf_cstr(&want));
        (void)snprintf(line, sizeof(line), "get k%d", count - 1);
        buf_clear(&want);
        buf_printf(&want, "$3 %03d", count);
        ASK(w, line, buf_cstr(&want));
    }
    buf_done(&want);
    dispatch_world_done(w);
}

/* ---- CLIENT PAUSE ---- */

TEST(while_writes_are_paused_an_exec_with_a_write_waits_as_a_whole)
{
    struct dispatch_world *w = world();
    all(w, (const char *const[]){ "multi", "get k", "set k 1", NULL });
    (void)dispatch_world_reply(w, 0);
    dispatch_pause(w->dispatch, /* writes_only= */ true, DISPATCH_WORLD_NOW_MS + 1000);
    ASK(w, "exec", "");
    CHECK_STR(dispatch_world_deferred(w, 0), "exec");
    CHECK(session_in_transaction(&w->sessions[0].session));
    dispatch_pause(w->dispatch, false, 0);
    w->sessions[0].session.flags &= ~(uint32_t)SESSION_PARKED;
    ASK(w, "exec", "*2 $-1 +OK");

    all(w, (const char *const[]){ "multi", "get k", NULL });
    (void)dispatch_world_reply(w, 0);
    dispatch_pause(w->dispatch, /* writes_only= */ true, DISPATCH_WORLD_NOW_MS + 1000);
    ASK(w, "exec", "*1 $1 1");
    all(w, (const char *const[]){ "multi", "set k 2", NULL });
    CHECK_STR(dispatch_world_reply(w, 0), "+OK");
    CHECK_STR(dispatch_world_deferred(w, 0), "set k 2"); /* waits before it is queued */
    dispatch_world_done(w);
}

/* ---- who looks on ---- */

static struct buf seen;

static void on_called(void *arg UNUSED, const struct cmd *cmd)
{
    buf_append(&seen, cmd_arg(cmd, 0));
    buf_append_char(&seen, ' ');
}

static void on_changed(void *arg UNUSED, struct db *db, const struct key *key)
{
    buf_printf(&seen, "(%d:%.*s) ", db_index(db), SLICE_ARGS(key->name));
}

static void on_unit_ended(void *arg UNUSED)
{
    buf_append_str(&seen, "| ");
}

static void look_on(struct dispatch_world *w, bool yes)
{
    struct dispatch_hooks *hooks = dispatch_hooks(w->dispatch);
    hooks->called.fn = yes ? on_called : NULL;
    hooks->changed.fn = yes ? on_changed : NULL;
    hooks->unit_ended.fn = yes ? on_unit_ended : NULL;
    dispatch_listen(w->dispatch);
}

TEST(who_looks_on_is_asked_after_each_call_and_at_the_end_of_the_unit)
{
    struct dispatch_world *w = world();
    buf_init(&seen, BUF_NO_CEILING);
    look_on(w, true);
    ASK(w, "set k 1", "+OK");
    all(w, (const char *const[]){ "multi", "set a 1", "get a", "exec", "nosuch", "get", NULL });
    CHECK_STR(buf_cstr(&seen), "(0:k) set | multi | (0:a) set get exec | ");
    buf_clear(&seen);
    look_on(w, false);
    (void)dispatch_world_reply(w, 0);
    ASK(w, "set k 1", "+OK");
    CHECK_STR(buf_cstr(&seen), "");
    buf_done(&seen);
    dispatch_world_done(w);
}

TEST(a_refused_exec_is_shown)
{
    struct dispatch_world *w = world();
    buf_init(&seen, BUF_NO_CEILING);
    look_on(w, true);
    all(w, (const char *const[]){ "multi", "exec too many", NULL });
    CHECK_STR(buf_cstr(&seen), "multi | exec ");
    look_on(w, false);
    buf_done(&seen);
    dispatch_world_done(w);
}

TEST(a_session_that_looks_on_is_kept_from_keys_and_out_of_pauses)
{
    struct dispatch_world *w = world();
    struct session *s = &w->sessions[0].session;
    session_set_onlooker(s, true);
    ASK(w, "get k", "-ERR Replica can't interact with the keyspace");
    ASK(w, "set k 1", "-ERR Replica can't interact with the keyspace");
    dispatch_pause(w->dispatch, /* writes_only= */ false, DISPATCH_WORLD_NOW_MS + 1000);
    ASK(w, "now", ":0");
    dispatch_pause(w->dispatch, false, 0);
    session_set_onlooker(s, false);
    ASK(w, "get k", "$-1");
    dispatch_world_done(w);
}
