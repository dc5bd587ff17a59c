/* The verbs of a session: HELLO, AUTH, SELECT, RESET, QUIT. */
#include "dispatch/dispatch_priv.h"
#include "dispatch/testing.h"
#include "tests/unit/check.h"

static struct dispatch_world *world(void)
{
    static struct dispatch_world w;
    dispatch_world_init(&w, NULL, 0);
    return &w;
}

#define ASK(w, line, text) CHECK_STR(dispatch_world_ask((w), line), text)

#define HELLO(mark, proto)                                                                   \
    mark " $6 server $5 redis $7 version $5 7.2.4 $5 proto :" proto " $2 id :1 $4 mode $10 " \
         "standalone $4 role $6 master $7 modules *0"
#define NO_HELLO                                                                             \
    "-NOAUTH HELLO must be called with the client already authenticated, otherwise the "     \
    "HELLO AUTH <user> <pass> option can be used to authenticate the client and select the " \
    "RESP protocol version at the same time"

TEST(hello_chooses_the_protocol_of_its_own_reply)
{
    struct dispatch_world *w = world();
    ASK(w, "hello", HELLO("*14", "2"));
    ASK(w, "hello 3", HELLO("%7", "3"));
    ASK(w, "hello", HELLO("%7", "3"));
    ASK(w, "hello 2", HELLO("*14", "2"));
    dispatch_world_done(w);
}

TEST(hello_refuses_what_it_does_not_know)
{
    struct dispatch_world *w = world();
    ASK(w, "hello 1", "-NOPROTO unsupported protocol version");
    ASK(w, "hello 4", "-NOPROTO unsupported protocol version");
    ASK(w, "hello x", "-ERR Protocol version is not an integer or out of range");
    ASK(w, "hello 3 setname", "-ERR Syntax error in HELLO option 'setname'");
    ASK(w, "hello 3 auth default", "-ERR Syntax error in HELLO option 'auth'");
    ASK(w, "hello 3 nosuch", "-ERR Syntax error in HELLO option 'nosuch'");
    CHECK_INT(w->sessions[0].session.reply.proto, 2);
    dispatch_world_done(w);
}

TEST(options_of_hello_take_effect_one_after_the_other)
{
    struct dispatch_world *w = world();
    dispatch_world_config(w, "requirepass", "secret");
    session_set_authenticated(&w->sessions[0].session, false);
    ASK(w, "hello 3 setname me", NO_HELLO);
    CHECK_STR(w->sessions[0].name, "me");
    CHECK_INT(w->sessions[0].session.reply.proto, 2);
    ASK(w, "hello 3 setname you auth default wrong",
        "-WRONGPASS invalid username-password pair or user is disabled.");
    CHECK_STR(w->sessions[0].name, "you");
    ASK(w, "hello 3 auth default secret setname \"a b\"",
        "-ERR Client names cannot contain spaces, newlines or special characters.");
    CHECK(session_is_authenticated(&w->sessions[0].session));
    CHECK_INT(w->sessions[0].session.reply.proto, 2);
    ASK(w, "hello 3", HELLO("%7", "3"));
    dispatch_world_done(w);
}

TEST(auth_without_a_password_configured_says_so)
{
    struct dispatch_world *w = world();
    ASK(w, "auth x",
        "-ERR AUTH <password> called without any password configured for the default "
        "user. Are you sure your configuration is correct?");
    ASK(w, "auth default whatever", "+OK");
    ASK(w, "auth nobody whatever",
        "-WRONGPASS invalid username-password pair or user is disabled.");
    ASK(w, "auth a b c", "-ERR syntax error");
    dispatch_world_done(w);
}

TEST(passwords_are_compared_whole)
{
    struct dispatch_world *w = world();
    struct slice user = SLICE("default");
    dispatch_world_config(w, "requirepass", "secret");
    CHECK(dispatch_password_ok(w->dispatch, user, SLICE("secret")));
    CHECK(!dispatch_password_ok(w->dispatch, user, SLICE("secre")));
    CHECK(!dispatch_password_ok(w->dispatch, user, SLICE("secret\0")));
    CHECK(!dispatch_password_ok(w->dispatch, user, SLICE("")));
    CHECK(!dispatch_password_ok(w->dispatch, SLICE("Default"), SLICE("secret")));
    dispatch_world_done(w);
}

TEST(select_takes_databases_that_exist)
{
    struct dispatch_world *w = world();
    ASK(w, "select 15", "+OK");
    CHECK_INT(db_index(w->sessions[0].session.db), 15);
    ASK(w, "select 16", "-ERR DB index is out of range");
    ASK(w, "select -1", "-ERR DB index is out of range");
    ASK(w, "select x", "-ERR value is not an integer or out of range");
    CHECK_INT(db_index(w->sessions[0].session.db), 15);
    dispatch_world_done(w);
}

TEST(reset_makes_a_new_session_but_for_its_id)
{
    struct dispatch_world *w = world();
    struct session *s = &w->sessions[0].session;
    (void)dispatch_world_ask(w, "hello 3");
    (void)dispatch_world_ask(w, "select 3");
    s->flags |= SESSION_NO_TOUCH;
    session_set_reply_mode(s, SESSION_REPLIES_OFF);
    dispatch_world_config(w, "requirepass", "secret");
    ASK(w, "reset", "+RESET");
    CHECK_INT(w->sessions[0].resets, 1);
    CHECK_INT(s->reply.proto, 2);
    CHECK_INT(db_index(s->db), 0);
    CHECK_UINT(s->flags, 0);
    CHECK_UINT(s->id, 1);
    ASK(w, "select 0", "-NOAUTH Authentication required.");
    dispatch_world_done(w);
}

TEST(reset_is_skipped_like_any_command)
{
    struct dispatch_world *w = world();
    session_set_reply_mode(&w->sessions[0].session, SESSION_REPLIES_SKIP_ONE);
    session_after_unit(&w->sessions[0].session);
    ASK(w, "reset", "");
    ASK(w, "select 0", "+OK");
    dispatch_world_done(w);
}

TEST(quit_is_the_last_command)
{
    struct dispatch_world *w = world();
    dispatch_world_add(w, 0, "quit now please");
    dispatch_world_add(w, 0, "select 1");
    dispatch_world_run(w);
    CHECK_STR(dispatch_world_reply(w, 0), "+OK");
    CHECK_INT(w->sessions[0].closes, 1);
    dispatch_world_done(w);
}
