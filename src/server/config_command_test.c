/* CONFIG GET and SET: all or nothing, with made-up directives. */
#include <errno.h>

#include "dispatch/testing.h"
#include "server/server_priv.h"
#include "server/verbs.h"
#include "tests/unit/check.h"

struct settings {
    int64_t low, high;
    char *text, *list;
    int64_t fixed, guarded, hidden;
};

struct world {
    struct dispatch_world d;
    struct server server;
    struct settings settings;
    struct directive_table table;
    int64_t in_force[2]; /* what `apply` put into effect */
    int applied;
};

/* low <= high must hold; each puts both into force. */
static int apply_range(void *owner, const char **ret_error)
{
    struct world *w = owner;
    w->applied++;
    *ret_error = "low must not be above high";
    if (w->settings.low > w->settings.high)
        return -EINVAL;
    w->in_force[0] = w->settings.low;
    w->in_force[1] = w->settings.high;
    return 0;
}

#define AT(field) offsetof(struct settings, field)
#define INT(field) .type = DIRECTIVE_INT, .offset = AT(field), .max = 1000

static const struct directive rows[] = {
    { .name = "low", INT(low), .initial = "10", .apply = apply_range },
    { .name = "high", .alias = "upper", INT(high), .initial = "20", .apply = apply_range },
    { .name = "text", .type = DIRECTIVE_STRING, .offset = AT(text), .initial = "t" },
    { .name = "list",
      .type = DIRECTIVE_STRING,
      .flags = DIRECTIVE_MULTI,
      .offset = AT(list),
      .initial = "a b" },
    { .name = "fixed", INT(fixed), .flags = DIRECTIVE_IMMUTABLE, .initial = "1" },
    { .name = "guarded", INT(guarded), .flags = DIRECTIVE_PROTECTED, .initial = "1" },
    { .name = "lowest", INT(hidden), .flags = DIRECTIVE_HIDDEN, .initial = "3" },
};

static const struct command config_subs[] = {
    { .name = "get", .run = cmd_config_get, .arity = -3 },
    { .name = "set", .run = cmd_config_set, .arity = -4 },
};

static const struct command config_row = {
    .name = "config", .arity = -2, .subs = config_subs, .sub_count = COUNT_OF(config_subs)
};

static struct world *world(void)
{
    static struct world w;
    w = (struct world){ .applied = 0 };
    dispatch_world_init(&w.d, NULL, 0);
    dispatch_register(w.d.dispatch, &(struct command_table){ &config_row, 1, &w.server });
    w.table = (struct directive_table){ rows, COUNT_OF(rows), &w.settings, &w, "Test" };
    directive_init_all(&w.table);
    w.server.config = config_new();
    config_add(w.server.config, &w.table);
    return &w;
}

static void world_done(struct world *w)
{
    config_free(w->server.config);
    directive_done_all(&w->table);
    dispatch_world_done(&w->d);
}

#define ASK(w, line, text) CHECK_STR(dispatch_world_ask(&(w)->d, line), text)
#define FAILED(name, why) "-ERR CONFIG SET failed (possibly related to argument '" name "') - " why

TEST(get_finds_names_and_patterns_once_each)
{
    struct world *w = world();
    ASK(w, "config get low", "*2 $3 low $2 10");
    ASK(w, "config get LOW nosuch l*w low", "*2 $3 LOW $2 10"); /* as it was asked for */
    ASK(w, "config get nosuch", "*0");
    ASK(w, "config get *i*", "*6 $4 high $2 20 $4 list $3 a b $5 fixed $1 1");
    world_done(w);
}

TEST(get_shows_an_alias_as_asked_and_what_is_hidden_by_its_name_alone)
{
    struct world *w = world();
    ASK(w, "config get upper", "*2 $5 upper $2 20");
    ASK(w, "config get low*", "*2 $3 low $2 10");
    ASK(w, "config get lowest", "*2 $6 lowest $1 3");
    world_done(w);
}

TEST(get_is_a_map_in_resp3)
{
    struct world *w = world();
    (void)dispatch_world_ask(&w->d, "hello 3");
    ASK(w, "config get low text", "%2 $3 low $2 10 $4 text $1 t");
    world_done(w);
}

TEST(set_stores_all_and_then_applies)
{
    struct world *w = world();
    ASK(w, "config set low 100 high 200 text new", "+OK");
    CHECK_INT(w->in_force[0], 100);
    CHECK_INT(w->in_force[1], 200);
    CHECK_STR(w->settings.text, "new");
    ASK(w, "config set UPPER 300", "+OK");
    CHECK_INT(w->in_force[1], 300);
    ASK(w, "config set list \"x y\"", "+OK");
    CHECK_STR(w->settings.list, "x y");
    ASK(w, "config set list \"\"", "+OK");
    CHECK_STR(w->settings.list, "");
    world_done(w);
}

TEST(a_value_that_is_refused_leaves_all_as_it_was)
{
    struct world *w = world();
    ASK(w, "config set text new low 15 high x",
        FAILED("high", "argument couldn't be parsed into an integer"));
    CHECK_STR(w->settings.text, "t");
    CHECK_INT(w->settings.low, 10);
    CHECK_INT(w->settings.high, 20);
    ASK(w, "config set LOW 5 UPPER 1001",
        FAILED("upper", "argument must be between 0 and 1000 inclusive"));
    CHECK_INT(w->settings.low, 10);
    world_done(w);
}

TEST(an_apply_that_refuses_puts_all_back_into_force)
{
    struct world *w = world();
    ASK(w, "config set high 30", "+OK");
    w->applied = 0;
    ASK(w, "config set text new list \"p q\" high 5", FAILED("high", "low must not be above high"));
    CHECK_STR(w->settings.text, "t");
    CHECK_STR(w->settings.list, "a b");
    CHECK_INT(w->settings.high, 30);
    CHECK_INT(w->in_force[0], 10);
    CHECK_INT(w->in_force[1], 30);
    CHECK_INT(w->applied, 2); /* the refusal, and the old value again */
    world_done(w);
}

TEST(what_stays_the_same_is_not_applied_again)
{
    struct world *w = world();
    ASK(w, "config set high 20 text new", "+OK");
    CHECK_INT(w->applied, 0);
    ASK(w, "config set high 25", "+OK");
    CHECK_INT(w->applied, 1);
    ASK(w, "config set upper 25", "+OK");
    CHECK_INT(w->applied, 1);
    world_done(w);
}

TEST(what_may_not_be_set_is_refused_before_anything_is_stored)
{
    struct world *w = world();
    ASK(w, "config set text new fixed 2", FAILED("fixed", "can't set immutable config"));
    ASK(w, "config set text new guarded 2", FAILED("guarded", "can't set protected config"));
    ASK(w, "config set text new text newer", FAILED("text", "duplicate parameter"));
    ASK(w, "config set high 30 high 40", FAILED("high", "duplicate parameter"));
    ASK(w, "config set text new NoSuch 1",
        "-ERR Unknown option or number of arguments for CONFIG SET - 'NoSuch'");
    /* The first mistake is told. */
    ASK(w, "config set fixed 2 NoSuch 1", FAILED("fixed", "can't set immutable config"));
    ASK(w, "config set text", "-ERR wrong number of arguments for 'config|set' command");
    ASK(w, "config set text new low", "-ERR syntax error");
    CHECK_STR(w->settings.text, "t");
    CHECK_INT(w->applied, 0);
    world_done(w);
}

TEST(a_directive_may_be_set_by_both_spellings)
{
    struct world *w = world();
    ASK(w, "config set high 30 upper 40", "+OK");
    ASK(w, "config get high", "*2 $4 high $2 40");
    ASK(w, "config set high 31 upper 41 fixed 2", FAILED("fixed", "can't set immutable config"));
    ASK(w, "config set high 31 upper nonsense",
        FAILED("upper", "argument couldn't be parsed into an integer"));
    ASK(w, "config get high", "*2 $4 high $2 40");
    world_done(w);
}

TEST(protected_directives_are_set_where_the_operator_allows_it)
{
    struct world *w = world();
    dispatch_world_config(&w->d, "enable-protected-configs", "local");
    ASK(w, "config set guarded 2", FAILED("guarded", "can't set protected config"));
    w->d.sessions[0].is_local = true;
    ASK(w, "config set guarded 2", "+OK");
    CHECK_INT(w->settings.guarded, 2);
    world_done(w);
}
