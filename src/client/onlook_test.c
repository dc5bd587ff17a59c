/* Monitors and what is told behind a reply, over every kind of stream. The rest of tracking and
 * MONITOR is tested over the wire. */
#include <stdio.h>

#include "client/testing.h"
#include "tests/unit/check.h"

/* What the peer got, with a time and an address of one form. */
static const char *shown(struct client_world *w, int peer)
{
    static char out[4096];
    char *to = out;
    const char *got = client_world_got(w, peer);
    for (const char *at = got; *at && to < out + sizeof(out) - 8; at++) {
        const char *end = *at == '[' ? strchr(at, ']') : NULL;
        bool is_time = *at == '+' && at[1] == '1' && strchr(at, '.');
        if (end) {
            *to++ = '@';
            at = end;
        } else if (is_time) {
            at = strchr(at, ' ');
        } else {
            *to++ = *at;
        }
    }
    *to = '\0';
    return out;
}

TEST(a_monitor_is_shown_what_others_run)
{
    EACH_KIND(w)
    {
        int monitor = client_world_connect(w), other = client_world_connect(w);
        client_world_say(w, monitor, "monitor\r\n");
        CHECK_STR(client_world_got(w, monitor), "+OK");
        client_world_say(w, other, "echo \"a b\"\r\nping\r\nnosuch\r\n");
        CHECK_STR(shown(w, monitor), "@ \"echo\" \"a b\" @ \"ping\"");
        client_world_say(w, monitor, "reset\r\n");
        CHECK_STR(shown(w, monitor), "+RESET");
        client_world_say(w, other, "ping\r\n");
        CHECK_STR(shown(w, monitor), "");
    }
}

TEST(nobody_is_called_while_nobody_looks_on)
{
    struct client_world *w = client_world_new(STREAM_READINESS);
    const struct dispatch_hooks *hooks = dispatch_hooks(w->dispatch);
    int monitor = client_world_connect(w);
    CHECK(!hooks->called.fn && !hooks->unit_ended.fn && !hooks->changed.fn);
    client_world_say(w, monitor, "monitor\r\n");
    client_world_settle(w);
    CHECK(hooks->called.fn && hooks->unit_ended.fn && !hooks->changed.fn);
    client_world_say(w, monitor, "reset\r\nclient tracking on\r\n");
    client_world_settle(w);
    CHECK(hooks->called.fn && hooks->unit_ended.fn && hooks->changed.fn);
    tracking_verify(&w->clients->tracking);
    client_world_hang_up(w, monitor);
    client_world_settle(w);
    CHECK(!hooks->called.fn && !hooks->unit_ended.fn && !hooks->changed.fn);
    client_world_free(w);
}

TEST(a_long_line_is_shared_by_all_monitors)
{
    EACH_KIND(w)
    {
        enum { LEN = 3000 };
        static char said[LEN + 16];
        int first = client_world_connect(w), second = client_world_connect(w);
        int other = client_world_connect(w);
        client_world_say(w, first, "monitor\r\n");
        client_world_say(w, second, "monitor\r\n");
        (void)client_world_got(w, first);
        (void)client_world_got(w, second);
        (void)snprintf(said, sizeof(said), "echo %0*d\r\n", LEN, 7);
        client_world_say(w, other, said);
        CHECK(strlen(client_world_got(w, first)) > LEN);
        CHECK(strlen(client_world_got(w, second)) > LEN);
    }
}

TEST(a_monitor_sees_its_own_transaction_behind_the_reply)
{
    EACH_KIND(w)
    {
        int monitor = client_world_connect(w);
        client_world_say(w, monitor, "monitor\r\nmulti\r\nping\r\nping\r\nexec\r\n");
        CHECK_STR(shown(w, monitor), "+OK +OK @ \"multi\" +QUEUED +QUEUED *2 +PONG +PONG "
                                     "@ \"ping\" @ \"ping\" @ \"exec\"");
    }
}

TEST(a_filter_lets_through_what_was_asked_for)
{
    struct client_world *w = client_world_new(STREAM_READINESS);
    int monitor = client_world_connect(w), other = client_world_connect(w);
    client_world_say(w, monitor, "monitor match a* command echo len\r\n");
    CHECK_STR(client_world_got(w, monitor), "+OK");
    client_world_say(w, other, "echo abc\r\necho b\r\nadd a\r\nlen x apple\r\nping a\r\n");
    CHECK_STR(shown(w, monitor), "@ \"echo\" \"abc\" @ \"len\" \"x\" \"apple\"");
    client_world_say(w, monitor, "monitor client 1\r\n");
    CHECK_STR(client_world_got(w, monitor), "+OK");
    client_world_say(w, other, "echo abc\r\n");
    client_world_say(w, monitor, "ping\r\n");
    CHECK_STR(shown(w, monitor), "+PONG @ \"ping\"");
    client_world_say(w, monitor, "monitor db 7\r\n");
    (void)client_world_got(w, monitor);
    client_world_say(w, other, "ping\r\nselect 7\r\nping\r\n");
    CHECK_STR(shown(w, monitor), "@ \"select\" \"7\" @ \"ping\"");
    client_world_free(w);
}

TEST(a_filter_that_makes_no_sense_is_refused)
{
    struct client_world *w = client_world_new(STREAM_READINESS);
    int monitor = client_world_connect(w);
    static const struct {
        const char *said, *reply;
    } wrong[] = {
        { "monitor match\r\n", "-ERR syntax error" },
        { "monitor what a\r\n", "-ERR syntax error" },
        { "monitor match a match b\r\n", "-ERR syntax error" },
        { "monitor command nosuch\r\n", "-ERR Unknown command 'nosuch' behind COMMAND" },
        { "monitor command client|nosuch\r\n",
          "-ERR Unknown command 'client|nosuch' behind COMMAND" },
        { "monitor client 0\r\n", "-ERR Invalid client ID" },
        { "monitor db 16\r\n", "-ERR DB index is out of range" },
    };
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        client_world_say(w, monitor, wrong[i].said);
        CHECK_STR(client_world_got(w, monitor), wrong[i].reply);
    }
    CHECK(!client_world_client(w, monitor)->monitor);
    client_world_free(w);
}
