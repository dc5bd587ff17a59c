/* Gates: what must hold before a command runs, and in which order it is asked. */
#include "dispatch/cmd.h"
#include "dispatch/testing.h"
#include "tests/unit/check.h"
#include "types/string.h"

static void run_ok(struct cmd *cmd)
{
    reply_ok(cmd->reply);
}

static void run_exists(struct cmd *cmd)
{
    reply_int(cmd->reply, db_peek(cmd->db, cmd_key(cmd, 1)) != NULL);
}

static void run_count(struct cmd *cmd)
{
    reply_int(cmd->reply, (int64_t)db_count(cmd->db));
}

static void run_set_px(struct cmd *cmd)
{
    struct key key = cmd_key(cmd, 1);
    int64_t ms;
    if (!cmd_int(cmd, 2, &ms, NULL))
        return;
    db_set(cmd->db, key, string_new(key.name, SLICE("v"), cmd_now_ms(cmd) + ms));
    reply_ok(cmd->reply);
}

static const struct command rows[] = {
    { .name = "read", .run = run_ok, .arity = 1, .flags = CMD_READ },
    { .name = "write", .run = run_ok, .arity = 1, .flags = CMD_WRITE },
    { .name = "health", .run = run_ok, .arity = 1, .flags = CMD_ASKS_HEALTH },
    { .name = "spread", .run = run_ok, .arity = 1, .flags = CMD_MAY_REPLICATE },
    { .name = "open", .run = run_ok, .arity = 1, .flags = CMD_NO_AUTH },
    { .name = "debug", .run = run_ok, .arity = 1, .flags = CMD_PROTECTED },
    { .name = "module", .run = run_ok, .arity = 1, .flags = CMD_PROTECTED },
    { .name = "exists", .run = run_exists, .arity = 2, .keys = KEY_AT(1, KEY_RO) },
    { .name = "dbsize", .run = run_count, .arity = 1 },
    { .name = "setpx", .run = run_set_px, .arity = 3, .keys = KEY_AT(1, KEY_OW) },
};

static struct dispatch_world *world(void)
{
    static struct dispatch_world w;
    dispatch_world_init(&w, rows, COUNT_OF(rows));
    return &w;
}

#define ASK(w, line, text) CHECK_STR(dispatch_world_ask((w), line), text)

#define NOAUTH "-NOAUTH Authentication required."
#define NOT_ALLOWED(what, directive)                                                           \
    "-ERR " what " command not allowed. If the " directive " option is set to \"local\", you " \
    "can run it from a local connection, otherwise you need to set this option in the "        \
    "configuration file, and then restart the server."

/* ---- protected commands ---- */

TEST(protected_commands_need_their_directive)
{
    struct dispatch_world *w = world();
    ASK(w, "debug", NOT_ALLOWED("DEBUG", "enable-debug-command"));
    ASK(w, "module", NOT_ALLOWED("MODULE", "enable-module-command"));
    dispatch_world_config(w, "enable-debug-command", "yes");
    ASK(w, "debug", "+OK");
    ASK(w, "module", NOT_ALLOWED("MODULE", "enable-module-command"));
    CHECK_UINT(dispatch_find(w->dispatch, SLICE("debug"))->rejected, 1);
    dispatch_world_done(w);
}

TEST(local_allows_connections_of_the_same_machine_alone)
{
    struct dispatch_world *w = world();
    dispatch_world_config(w, "enable-debug-command", "local");
    ASK(w, "debug", NOT_ALLOWED("DEBUG", "enable-debug-command"));
    w->sessions[0].is_local = true;
    ASK(w, "debug", "+OK");
    dispatch_world_done(w);
}

/* ---- authentication ---- */

TEST(a_password_keeps_new_sessions_out_and_those_inside_in)
{
    struct dispatch_world *w = world();
    dispatch_world_config(w, "requirepass", "secret");
    ASK(w, "read", "+OK"); /* was there before */
    session_set_authenticated(&w->sessions[0].session, false);
    ASK(w, "read", NOAUTH);
    ASK(w, "open", "+OK");
    ASK(w, "nosuch", "-ERR unknown command 'nosuch', with args beginning with: ");
    ASK(w, "read 1", "-ERR wrong number of arguments for 'read' command");
    ASK(w, "auth wrong", "-WRONGPASS invalid username-password pair or user is disabled.");
    ASK(w, "auth nobody secret", "-WRONGPASS invalid username-password pair or user is disabled.");
    ASK(w, "auth secret", "+OK");
    ASK(w, "read", "+OK");
    ASK(w, "auth wrong", "-WRONGPASS invalid username-password pair or user is disabled.");
    ASK(w, "read", "+OK");
    dispatch_world_done(w);
}

TEST(without_a_password_everybody_is_in)
{
    struct dispatch_world *w = world();
    dispatch_world_config(w, "requirepass", "secret");
    session_set_authenticated(&w->sessions[0].session, false);
    dispatch_world_config(w, "requirepass", "");
    ASK(w, "read", "+OK");
    dispatch_world_config(w, "requirepass", "other");
    ASK(w, "read", NOAUTH);
    dispatch_world_done(w);
}

TEST(gates_are_asked_in_order)
{
    struct dispatch_world *w = world();
    dispatch_world_config(w, "requirepass", "secret");
    session_set_authenticated(&w->sessions[0].session, false);
    dispatch_pause(w->dispatch, false, DISPATCH_WORLD_NOW_MS + 1000);
    ASK(w, "debug", NOT_ALLOWED("DEBUG", "enable-debug-command"));
    ASK(w, "read", NOAUTH);
    ASK(w, "open", "");
    CHECK_STR(dispatch_world_deferred(w, 0), "open");
    dispatch_world_done(w);
}

TEST(while_the_disk_fails_writes_are_refused_and_reads_are_not)
{
    struct dispatch_world *w = world();
    ASK(w, "multi", "+OK");
    ASK(w, "write", "+QUEUED");
    dispatch_set_disk_error(w->dispatch, DISK_AOF, "MISCONF the log");
    ASK(w, "exec", "-EXECABORT Transaction discarded because of: MISCONF the log");
    ASK(w, "write", "-MISCONF the log");
    ASK(w, "health", "-MISCONF the log");
    ASK(w, "read", "+OK");
    ASK(w, "spread", "+OK");
    dispatch_set_disk_error(w->dispatch, DISK_SNAPSHOT, "MISCONF the snapshot");
    ASK(w, "write", "-MISCONF the snapshot");
    dispatch_set_disk_error(w->dispatch, DISK_SNAPSHOT, NULL);
    ASK(w, "write", "-MISCONF the log");
    dispatch_set_disk_error(w->dispatch, DISK_AOF, NULL);
    ASK(w, "write", "+OK");
    ASK(w, "health", "+OK");
    dispatch_set_disk_error(w->dispatch, DISK_AOF,
                            "MISCONF the log"); /* freed with the dispatcher */
    dispatch_world_done(w);
}

TEST(a_session_may_be_exempt_from_a_gate)
{
    struct dispatch_world *w = world();
    w->sessions[0].session.exempt = 1u << GATE_PROTECTED | 1u << GATE_PAUSE;
    dispatch_pause(w->dispatch, false, DISPATCH_WORLD_NOW_MS + 1000);
    ASK(w, "debug", "+OK");
    dispatch_world_done(w);
}

/* ---- pause ---- */

static void unpark(struct dispatch_world *w, int s)
{
    w->sessions[s].session.flags &= ~(uint32_t)SESSION_PARKED;
}

TEST(a_pause_of_writes_parks_what_may_change_data)
{
    struct dispatch_world *w = world();
    dispatch_pause(w->dispatch, true, DISPATCH_WORLD_NOW_MS + 1000);
    ASK(w, "read", "+OK");
    ASK(w, "write", "");
    CHECK_STR(dispatch_world_deferred(w, 0), "write");
    ASK(w, "read", ""); /* behind it, so it waits too */
    CHECK_STR(dispatch_world_deferred(w, 0), "read");
    unpark(w, 0);
    ASK(w, "spread", "");
    CHECK_UINT(dispatch_find(w->dispatch, SLICE("write"))->rejected, 0);
    dispatch_world_done(w);
}

TEST(a_pause_of_all_parks_everything_that_is_a_command)
{
    struct dispatch_world *w = world();
    dispatch_pause(w->dispatch, false, DISPATCH_WORLD_NOW_MS + 1000);
    ASK(w, "nosuch", "-ERR unknown command 'nosuch', with args beginning with: ");
    ASK(w, "read", "");
    CHECK_STR(dispatch_world_deferred(w, 0), "read");
    dispatch_world_done(w);
}

TEST(the_end_of_a_pause_is_told_once)
{
    struct dispatch_world *w = world();
    dispatch_pause(w->dispatch, true, DISPATCH_WORLD_NOW_MS + 1000);
    dispatch_pause_check(w->dispatch, DISPATCH_WORLD_NOW_MS + 999);
    CHECK_INT(w->resumed, 0);
    CHECK_INT(dispatch_paused_until(w->dispatch), DISPATCH_WORLD_NOW_MS + 1000);
    dispatch_pause_check(w->dispatch, DISPATCH_WORLD_NOW_MS + 1000);
    CHECK_INT(w->resumed, 1);
    CHECK_INT(dispatch_paused_until(w->dispatch), 0);
    dispatch_pause_check(w->dispatch, DISPATCH_WORLD_NOW_MS + 2000);
    dispatch_pause(w->dispatch, false, 0);
    CHECK_INT(w->resumed, 1);
    ASK(w, "write", "+OK");
    dispatch_world_done(w);
}

TEST(a_second_pause_is_never_shorter_or_milder)
{
    struct dispatch_world *w = world();
    dispatch_pause(w->dispatch, false, DISPATCH_WORLD_NOW_MS + 1000);
    dispatch_pause(w->dispatch, true, DISPATCH_WORLD_NOW_MS + 500);
    CHECK_INT(dispatch_paused_until(w->dispatch), DISPATCH_WORLD_NOW_MS + 1000);
    ASK(w, "read", "");
    unpark(w, 0);
    dispatch_pause(w->dispatch, true, DISPATCH_WORLD_NOW_MS + 5000);
    CHECK_INT(dispatch_paused_until(w->dispatch), DISPATCH_WORLD_NOW_MS + 5000);
    ASK(w, "read", "");
    dispatch_world_done(w);
}

TEST(while_paused_expired_keys_are_hidden_and_stay)
{
    struct dispatch_world *w = world();
    ASK(w, "setpx k 10", "+OK");
    dispatch_pause(w->dispatch, true, DISPATCH_WORLD_NOW_MS + 1000);
    w->now_ns += 50 * 1000000;
    ASK(w, "exists k", ":0");
    ASK(w, "dbsize", ":1");
    CHECK_INT(keyspace_next_due(w->ks), INT64_MAX);
    dispatch_pause(w->dispatch, false, 0);
    ASK(w, "exists k", ":0");
    ASK(w, "dbsize", ":0");
    dispatch_world_done(w);
}
