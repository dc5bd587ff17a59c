/* What a command's end leaves behind: entries in logs, samples, histograms, counters. */
#include <errno.h>
#include <stdio.h>

#include "dispatch/dispatch_priv.h"
#include "dispatch/testing.h"
#include "tests/unit/check.h"
#include "types/string.h"

/* work MICROSECONDS; tool work MICROSECONDS */
static void run_work(struct cmd *cmd)
{
    int64_t us;
    struct dispatch_world *w = cmd->owner;
    if (!cmd_int(cmd, cmd->row->arity == 3 ? 2 : 1, &us, NULL))
        return;
    w->now_ns += (uint64_t)us * 1000;
    reply_ok(cmd->reply);
}

/* say BYTES: so many of reply, in all */
static void run_say(struct cmd *cmd)
{
    static const char bytes[10000];
    int64_t len;
    if (cmd_int(cmd, 1, &len, NULL))
        reply_raw(cmd->reply, slice_of(bytes, (size_t)len));
}

static void run_set(struct cmd *cmd)
{
    struct key key = cmd_key(cmd, 1);
    db_set(cmd->db, key, string_new(key.name, cmd_arg(cmd, 2), cmd_now_ms(cmd) + 10));
    reply_ok(cmd->reply);
}

static void run_get(struct cmd *cmd)
{
    reply_bool(cmd->reply, db_lookup_read(cmd->db, cmd_key(cmd, 1)) != NULL);
}

static const struct command tool_subs[] = {
    { .name = "work", .run = run_work, .arity = 3 },
    { .name = "idle", .run = run_work, .arity = 3 },
};

static const struct command rows[] = {
    { .name = "work", .run = run_work, .arity = 2 },
    { .name = "quick", .run = run_work, .arity = 2, .flags = CMD_FAST },
    { .name = "hidden", .run = run_work, .arity = 2, .flags = CMD_SKIP_SLOWLOG },
    { .name = "secret", .run = run_work, .arity = -2, .flags = CMD_SECRET_ARGS },
    { .name = "say", .run = run_say, .arity = -2 },
    { .name = "set", .run = run_set, .arity = 3, .keys = KEY_AT(1, KEY_RW) },
    { .name = "get", .run = run_get, .arity = 2, .keys = KEY_AT(1, KEY_RO) },
    { .name = "tool", .arity = -2, .subs = tool_subs, .sub_count = COUNT_OF(tool_subs) },
};

static struct dispatch_world *world(void)
{
    static struct dispatch_world w;
    dispatch_world_init(&w, rows, COUNT_OF(rows));
    return &w;
}

static struct observe *observed(struct dispatch_world *w)
{
    return &w->dispatch->observe;
}

static const struct commandlog_entry *newest(struct dispatch_world *w, enum commandlog_kind kind)
{
    const struct commandlog *log = &observed(w)->logs[kind];
    return log->count ? LIST_ENTRY(log->entries.next, struct commandlog_entry, in_log) : NULL;
}

#define ASK(w, line) (void)dispatch_world_ask((w), line)
#define REPLY(w, line, text) CHECK_STR(dispatch_world_ask((w), line), text)
#define COUNT(w, kind) observed(w)->logs[kind].count

/* ---- command logs ---- */

TEST(a_command_is_slow_from_the_threshold_on)
{
    struct dispatch_world *w = world();
    ASK(w, "work 9999");
    CHECK_INT(COUNT(w, COMMANDLOG_SLOW), 0);
    ASK(w, "work 10000");
    CHECK_INT(COUNT(w, COMMANDLOG_SLOW), 1);
    const struct commandlog_entry *e = newest(w, COMMANDLOG_SLOW);
    CHECK_UINT(e->amount, 10000);
    CHECK_INT(e->unix_s, DISPATCH_WORLD_NOW_MS / 1000);
    CHECK_SLICE(e->argv[1], "10000");
    CHECK_SLICE(e->address, "peer:0");
    CHECK_SLICE(e->name, "");
    CHECK_UINT(observed(w)->slow.count, 1);
    CHECK_UINT(observed(w)->slow.us_sum, 10000);
    dispatch_world_done(w);
}

TEST(threshold_0_logs_all_and_minus_1_none)
{
    struct dispatch_world *w = world();
    dispatch_world_config(w, "slowlog-log-slower-than", "0");
    ASK(w, "work 0");
    CHECK_INT(COUNT(w, COMMANDLOG_SLOW), 1);
    dispatch_world_config(w, "slowlog-log-slower-than", "-1");
    ASK(w, "work 99999999");
    CHECK_INT(COUNT(w, COMMANDLOG_SLOW), 1);
    dispatch_world_done(w);
}

TEST(refused_commands_are_in_no_log)
{
    struct dispatch_world *w = world();
    dispatch_world_config(w, "slowlog-log-slower-than", "0");
    dispatch_world_config(w, "commandlog-request-larger-than", "0");
    dispatch_world_config(w, "commandlog-reply-larger-than", "0");
    ASK(w, "nosuch");
    ASK(w, "work");
    dispatch_world_config(w, "requirepass", "x");
    session_set_authenticated(&w->sessions[0].session, false);
    ASK(w, "work 5");
    for (unsigned i = 0; i < COMMANDLOG_KINDS; i++)
        CHECK_INT(COUNT(w, i), 0);
    ASK(w, "auth x");
    CHECK_SLICE(newest(w, COMMANDLOG_SLOW)->argv[1], "(redacted)");
    dispatch_world_done(w);
}

TEST(commands_that_say_so_are_in_no_log_and_secrets_are_not_shown)
{
    struct dispatch_world *w = world();
    dispatch_world_config(w, "slowlog-log-slower-than", "0");
    ASK(w, "hidden 5");
    CHECK_INT(COUNT(w, COMMANDLOG_SLOW), 0);
    ASK(w, "secret 5 pw");
    CHECK_SLICE(newest(w, COMMANDLOG_SLOW)->argv[0], "secret");
    CHECK_SLICE(newest(w, COMMANDLOG_SLOW)->argv[1], "(redacted)");
    CHECK_SLICE(newest(w, COMMANDLOG_SLOW)->argv[2], "(redacted)");
    ASK(w, "hello 2 auth default pw setname bob");
    const struct commandlog_entry *e = newest(w, COMMANDLOG_SLOW);
    CHECK_SLICE(e->argv[1], "2");
    CHECK_SLICE(e->argv[2], "auth");
    CHECK_SLICE(e->argv[3], "(redacted)");
    CHECK_SLICE(e->argv[4], "(redacted)");
    CHECK_SLICE(e->argv[6], "bob");
    CHECK_SLICE(e->name, "bob");
    dispatch_world_done(w);
}

TEST(requests_are_measured_as_on_the_wire)
{
    struct dispatch_world *w = world();
    /* *2 $3 say $2 10, each with its CRLF */
    dispatch_world_config(w, "commandlog-request-larger-than", "22");
    ASK(w, "say 10");
    CHECK_INT(COUNT(w, COMMANDLOG_LARGE_REQUEST), 0);
    ASK(w, "say 100");
    CHECK_INT(COUNT(w, COMMANDLOG_LARGE_REQUEST), 1);
    CHECK_UINT(newest(w, COMMANDLOG_LARGE_REQUEST)->amount, 22);

    dispatch_world_add(w, 0, "say 10");
    w->batch.items[0].parsed.wire = SLICE("longer than it is: 30 byte....");
    dispatch_world_run(w);
    CHECK_UINT(newest(w, COMMANDLOG_LARGE_REQUEST)->amount, 30);
    dispatch_world_done(w);
}

TEST(replies_are_measured_however_they_are_written)
{
    struct dispatch_world *w = world();
    dispatch_world_config(w, "commandlog-reply-larger-than", "1500");
    ASK(w, "say 1499"); /* more than one room of the sink */
    CHECK_INT(COUNT(w, COMMANDLOG_LARGE_REPLY), 0);
    ASK(w, "say 1500");
    ASK(w, "say 9999");
    CHECK_INT(COUNT(w, COMMANDLOG_LARGE_REPLY), 2);
    CHECK_UINT(newest(w, COMMANDLOG_LARGE_REPLY)->amount, 9999);
    session_set_reply_mode(&w->sessions[0].session, SESSION_REPLIES_OFF);
    ASK(w, "say 9999");
    CHECK_INT(COUNT(w, COMMANDLOG_LARGE_REPLY), 2);
    session_set_reply_mode(&w->sessions[0].session, SESSION_REPLIES_ON);
    reply_close(&w->sessions[0].session.reply);
    ASK(w, "say 9999");
    CHECK_INT(COUNT(w, COMMANDLOG_LARGE_REPLY), 2);
    dispatch_world_done(w);
}

TEST(a_shorter_log_forgets_at_once_if_it_is_on)
{
    struct dispatch_world *w = world();
    dispatch_world_config(w, "slowlog-log-slower-than", "0");
    for (int i = 0; i < 20; i++)
        ASK(w, "work 1");
    dispatch_world_config(w, "slowlog-max-len", "5");
    CHECK_INT(COUNT(w, COMMANDLOG_SLOW), 5);
    dispatch_world_config(w, "slowlog-log-slower-than", "-1");
    dispatch_world_config(w, "slowlog-max-len", "2");
    CHECK_INT(COUNT(w, COMMANDLOG_SLOW), 5);
    dispatch_world_config(w, "slowlog-log-slower-than", "0");
    CHECK_INT(COUNT(w, COMMANDLOG_SLOW), 2);
    dispatch_world_config(w, "slowlog-max-len", "0");
    ASK(w, "work 1");
    CHECK_INT(COUNT(w, COMMANDLOG_SLOW), 0);
    dispatch_world_done(w);
}

/* ---- the latency monitor ---- */

TEST(slow_commands_are_samples_by_their_kind)
{
    struct dispatch_world *w = world();
    ASK(w, "work 50000");
    CHECK_UINT(observed(w)->latency.count, 0);
    dispatch_world_config(w, "latency-monitor-threshold", "5");
    ASK(w, "work 4999");
    ASK(w, "work 5999");
    ASK(w, "quick 7000");
    ASK(w, "hidden 9000");
    const struct latency *l = dispatch_latency(w->dispatch);
    CHECK_INT(latency_find(l, SLICE("command"))->max_ms, 9);
    CHECK_INT(latency_find(l, SLICE("fast-command"))->max_ms, 7);
    CHECK_UINT(l->count, 2);
    dispatch_world_done(w);
}

TEST(expiry_is_measured_while_the_monitor_is_on)
{
    struct dispatch_world *w = world();
    w->step_ns = 3000000; /* whatever is measured takes some milliseconds */
    ASK(w, "set a 1");
    ASK(w, "set b 1");
    w->now_ns += 100000000;
    dispatch_time_sync(w->dispatch);
    REPLY(w, "get a", ":0");
    const struct latency *l = dispatch_latency(w->dispatch);
    CHECK_PTR_NULL(latency_find(l, SLICE("expire-del")));
    dispatch_world_config(w, "latency-monitor-threshold", "1");
    (void)keyspace_expire_due(w->ks, dispatch_now_ms(w->dispatch), 100);
    CHECK_INT(latency_find(l, SLICE("expire-del"))->max_ms, 3);
    CHECK(latency_find(l, SLICE("expire-cycle"))->max_ms >= 3);
    dispatch_world_config(w, "latency-monitor-threshold", "0");
    CHECK(keyspace_hooks(w->ks)->took.fn == NULL);
    dispatch_world_done(w);
}

/* ---- histograms ---- */

static uint64_t calls_in_histogram(struct dispatch_world *w, const char *name, const char *sub)
{
    const struct command_slot *slot = dispatch_find(w->dispatch, slice_str(name));
    if (sub)
        slot = dispatch_find_sub(slot, slice_str(sub));
    return slot->latency ? histogram_count(slot->latency) : 0;
}

TEST(histograms_are_kept_for_commands_and_subcommands)
{
    struct dispatch_world *w = world();
    ASK(w, "work 5");
    ASK(w, "work x");
    ASK(w, "work");
    ASK(w, "tool work 5");
    CHECK_UINT(calls_in_histogram(w, "work", NULL), 2);
    CHECK_UINT(calls_in_histogram(w, "tool", NULL), 0);
    CHECK_UINT(calls_in_histogram(w, "tool", "work"), 1);
    CHECK_UINT(calls_in_histogram(w, "tool", "idle"), 0);
    dispatch_world_config(w, "latency-tracking", "no");
    ASK(w, "work 5");
    CHECK_UINT(calls_in_histogram(w, "work", NULL), 2);
    dispatch_world_done(w);
}

TEST(histograms_are_replied_by_name)
{
    struct dispatch_world *w = world();
    ASK(w, "work 5");
    ASK(w, "work 30");
    ASK(w, "tool work 3");
    ASK(w, "tool idle 3");
    REPLY(w, "latency histogram work",
          "*2 $4 work *4 $5 calls :2 $14 histogram_usec *4 :8 :1 :33 :2");
    REPLY(w, "latency histogram nosuch quick", "*0");
    REPLY(w, "latency histogram TOOL|IDLE",
          "*2 $9 tool|idle *4 $5 calls :1 $14 histogram_usec *2 :4 :1");
    REPLY(w, "latency histogram tool",
          "*4 $9 tool|work *4 $5 calls :1 $14 histogram_usec *2 :4 :1 "
          "$9 tool|idle *4 $5 calls :1 $14 histogram_usec *2 :4 :1");
    dispatch_world_done(w);
}

/* ---- INFO ---- */

static const char *section(struct dispatch_world *w, const char *name)
{
    static char text[16 * 1024];
    struct metric_table metrics = dispatch_metrics(w->dispatch);
    struct buf out;
    buf_init(&out, sizeof(text) - 1);
    for (size_t i = 0; i < metrics.count; i++)
        if (strcmp(metrics.rows[i].section, name) == 0 && metrics.rows[i].text)
            metrics.rows[i].text(metrics.owner, &out);
    (void)snprintf(text, sizeof(text), "%s", buf_cstr(&out));
    buf_done(&out);
    return text;
}

TEST(percentiles_are_those_that_were_asked_for)
{
    struct dispatch_world *w = world();
    for (int i = 0; i < 10; i++)
        ASK(w, "work 10");
    ASK(w, "work 1000");
    CHECK_STR(section(w, "Latencystats"),
              "latency_percentiles_usec_work:p50=10.047,p99=1003.519,p99.9=1003.519\r\n");
    dispatch_world_config(w, "latency-tracking-info-percentiles", "90.25");
    CHECK_STR(section(w, "Latencystats"), "latency_percentiles_usec_work:p90.25=10.047\r\n");
    dispatch_world_config(w, "latency-tracking-info-percentiles", "");
    CHECK_STR(section(w, "Latencystats"), "latency_percentiles_usec_work:\r\n");
    dispatch_world_config(w, "latency-tracking", "no");
    CHECK_STR(section(w, "Latencystats"), "");
    dispatch_world_done(w);
}

TEST(percentiles_outside_of_0_to_100_are_refused)
{
    struct dispatch_world *w = world();
    struct directive_table table = dispatch_observe_directives(w->dispatch);
    const struct directive *row = &table.rows[table.count - 1];
    struct directive_error error;
    struct buf out;
    static const char *const wrong[] = { "101", "-1", "abc", "nan" };
    CHECK_STR(row->name, "latency-tracking-info-percentiles");
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        const struct slice words[] = { SLICE("50"), slice_str(wrong[i]) };
        CHECK_INT(directive_parse(&table, row, words, 2, &error), -EINVAL);
    }
    buf_init(&out, BUF_NO_CEILING);
    directive_show(&table, row, &out);
    CHECK_STR(buf_cstr(&out), "50 99 99.9");
    buf_done(&out);
    dispatch_world_done(w);
}

TEST(a_reset_forgets_statistics_but_no_log)
{
    struct dispatch_world *w = world();
    dispatch_world_config(w, "latency-monitor-threshold", "1");
    ASK(w, "work 20000");
    ASK(w, "work");
    struct metric_table metrics = dispatch_metrics(w->dispatch);
    metrics.reset(metrics.owner);
    CHECK_STR(section(w, "Commandstats"), "");
    CHECK_STR(section(w, "Errorstats"), "");
    CHECK_STR(section(w, "Latencystats"), "");
    CHECK_UINT(observed(w)->slow.count, 0);
    CHECK_INT(COUNT(w, COMMANDLOG_SLOW), 1);
    CHECK_UINT(observed(w)->latency.count, 1);
    dispatch_world_done(w);
}

TEST(error_codes_are_in_order_and_too_many_are_counted_together)
{
    struct dispatch_world *w = world();
    char text[32];
    for (int i = 199; i >= 0; i--) {
        int len = snprintf(text, sizeof(text), "CODE%03d is wrong", i);
        dispatch_count_error(w->dispatch, slice_of(text, (size_t)len));
        dispatch_count_error(w->dispatch, slice_of(text, (size_t)len));
    }
    const char *shown = section(w, "Errorstats");
    CHECK(strncmp(shown, "errorstat_CODE072:count=2\r\nerrorstat_CODE073:count=2\r\n", 54) == 0);
    CHECK(strstr(shown, "errorstat_CODE199:count=2\r\nerrorstat_ERRORSTATS_OVERFLOW:count=144"));
    CHECK_PTR_NULL(strstr(shown, "CODE071"));
    CHECK_UINT(w->dispatch->error_replies, 400);
    dispatch_world_done(w);
}

TEST(an_error_without_a_code_is_a_plain_one)
{
    struct dispatch_world *w = world();
    dispatch_count_error(w->dispatch, SLICE("NOSPACE"));
    dispatch_count_error(w->dispatch, SLICE("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA x"));
    dispatch_count_error(w->dispatch, SLICE("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA x"));
    dispatch_count_error(w->dispatch, SLICE("A#b:c=d x"));
    CHECK_STR(section(w, "Errorstats"), "errorstat_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA:count=1\r\n"
                                        "errorstat_A_b_c=d:count=1\r\n"
                                        "errorstat_ERR:count=2\r\n");
    dispatch_world_done(w);
}
