/* What all rooms export, looked at together: a server that has started, row by row. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "client/clients.h"
#include "dispatch/dispatch.h"
#include "dispatch/syntax.h"
#include "event/loop.h"
#include "server/server_priv.h"
#include "tests/unit/check.h"

static char folder[] = "/tmp/tarn-tables-test-XXXXXX";
static char socket_path[sizeof(folder) + 8];

static void boot(struct server *s)
{
    memcpy(folder + sizeof(folder) - 7, "XXXXXX", 6);
    CHECK_PTR_NOT_NULL(mkdtemp(folder));
    (void)snprintf(socket_path, sizeof(socket_path), "%s/socket", folder);
    char *const argv[] = { (char[]){ "tarn-server" },
                           (char[]){ "--port" },
                           (char[]){ "0" },
                           (char[]){ "--unixsocket" },
                           socket_path,
                           (char[]){ "--save" },
                           (char[]){ "" },
                           (char[]){ "--loglevel" },
                           (char[]){ "nothing" } };
    *s = (struct server){ .exit_status = 0 };
    CHECK_INT(server_boot(s, (int)COUNT_OF(argv), (char **)(uintptr_t)argv), 0);
}

static void end(struct server *s)
{
    server_done(s);
    (void)unlink(socket_path);
    (void)rmdir(folder);
}

/* ---- commands ---- */

static bool is_lower(const char *name)
{
    for (const char *at = name; *at; at++)
        if (isupper((unsigned char)*at) || *at == ' ' || *at == '|')
            return false;
    return *name != '\0';
}

/* The peers have XREADGROUP's key read-only, although its group changes, and PFCOUNT as a reader,
 * although it caches what it counted. */
static bool contradicts_by_peers(const char *name)
{
    return strcmp(name, "xreadgroup") == 0 || strcmp(name, "pfcount") == 0;
}

static void check_keys(const struct command_slot *slot)
{
    const struct command *row = slot->row;
    uint32_t all = 0;
    for (int i = 0; i < KEY_SPECS_MAX && row->keys[i].begin != KEYS_NONE; i++) {
        const struct key_spec *spec = &row->keys[i];
        all |= spec->flags;
        if (spec->find != KEYS_FIND_UNKNOWN && spec->step < 1)
            CHECK_FAIL("%s: keys without a step", slot->full_name);
        if (spec->begin == KEYS_INDEX && spec->at < 1)
            CHECK_FAIL("%s: keys at no place", slot->full_name);
        if (spec->begin == KEYS_KEYWORD && !spec->keyword)
            CHECK_FAIL("%s: no keyword", slot->full_name);
        uint32_t access = spec->flags & (KEY_RO | KEY_RW | KEY_OW | KEY_RM);
        if (!(spec->flags & KEY_NOT_KEY) && __builtin_popcount(access) != 1)
            CHECK_FAIL("%s: a key is read, changed, overwritten or removed", slot->full_name);
    }
    bool changes = all & (KEY_RW | KEY_OW | KEY_RM);
    bool contradicts = all && changes != ((row->flags & CMD_WRITE) != 0);
    if (contradicts && !contradicts_by_peers(slot->full_name))
        CHECK_FAIL("%s: the flags of its keys contradict those of the command", slot->full_name);
}

static void check_command(const struct command_slot *slot)
{
    const struct command *row = slot->row;
    if (!is_lower(row->name))
        CHECK_FAIL("%s: not in small letters", slot->full_name);
    if (!row->run && row->sub_count == 0)
        CHECK_FAIL("%s: nothing to run", slot->full_name);
    if (row->arity == 0)
        CHECK_FAIL("%s: no arity", slot->full_name);
    if (!row->since || !row->complexity || !row->summary || !row->syntax)
        CHECK_FAIL("%s: not documented", slot->full_name);
    if (!syntax_is_valid(row->syntax))
        CHECK_FAIL("%s: malformed: %s", slot->full_name, row->syntax);
    if (row->summary[strlen(row->summary) - 1] != '.')
        CHECK_FAIL("%s: a summary is a sentence", slot->full_name);
    if ((row->flags & CMD_WRITE) && (row->flags & CMD_READ))
        CHECK_FAIL("%s: reads and writes", slot->full_name);
    if ((unsigned)row->group >= GROUP_COUNT)
        CHECK_FAIL("%s: no group", slot->full_name);
    if (!row->deprecated_since != !row->replaced_by)
        CHECK_FAIL("%s: deprecated, but by what", slot->full_name);
    check_keys(slot);
}

TEST(every_command_is_described_whole)
{
    struct server s;
    boot(&s);
    size_t count = dispatch_count(s.dispatch);
    CHECK(count > 70);
    for (size_t i = 0; i < count; i++) {
        struct command_slot *slot = dispatch_at(s.dispatch, i);
        check_command(slot);
        for (uint32_t sub = 0; sub < slot->sub_count; sub++)
            check_command(&slot->subs[sub]);
    }
    end(&s);
}

TEST(subcommands_of_a_command_have_different_names)
{
    struct server s;
    boot(&s);
    for (size_t i = 0; i < dispatch_count(s.dispatch); i++) {
        const struct command_slot *slot = dispatch_at(s.dispatch, i);
        for (uint32_t sub = 0; sub < slot->sub_count; sub++) {
            struct slice name = slice_str(slot->subs[sub].row->name);
            if (dispatch_find_sub(slot, name) != &slot->subs[sub])
                CHECK_FAIL("%s is there twice", slot->subs[sub].full_name);
        }
    }
    end(&s);
}

/* ---- directives ---- */

TEST(every_directive_has_a_name_of_its_own)
{
    struct server s;
    boot(&s);
    size_t count = config_count(s.config);
    CHECK(count > 30);
    for (size_t i = 0; i < count; i++) {
        const struct directive *row = config_at(s.config, i).row;
        const char *const names[] = { row->name, row->alias };
        for (size_t n = 0; n < COUNT_OF(names); n++) {
            struct config_row found;
            if (!names[n])
                continue;
            CHECK(is_lower(names[n]));
            CHECK(config_find(s.config, slice_str(names[n]), &found));
            if (found.row != row)
                CHECK_FAIL("%s is there twice", names[n]);
        }
    }
    end(&s);
}

TEST(every_directive_takes_what_it_shows)
{
    struct server s;
    boot(&s);
    struct arena arena;
    arena_init(&arena, 1024, 0);
    for (size_t i = 0; i < config_count(s.config); i++) {
        struct config_row found = config_at(s.config, i);
        struct buf before, after;
        struct directive_error error;
        const char *reason;
        buf_init(&before, BUF_NO_CEILING);
        buf_init(&after, BUF_NO_CEILING);
        directive_show(found.table, found.row, &before);
        struct slice word = buf_slice(&before);
        if (config_store(&found, &arena, &word, 1, &error) < 0)
            CHECK_FAIL("%s does not take '%s': %s", found.row->name, buf_cstr(&before), error.text);
        CHECK_INT(config_apply(&found, &reason), 0);
        directive_show(found.table, found.row, &after);
        CHECK_STR(buf_cstr(&after), buf_cstr(&before));
        buf_done(&before);
        buf_done(&after);
    }
    arena_done(&arena);
    end(&s);
}

/* ---- metrics and jobs ---- */

static void check_metric(struct server *s, size_t at)
{
    const struct metric *row = info_row(s, at), *other;
    const char *shown = row->name ? row->name : row->pattern;
    CHECK_PTR_NOT_NULL(shown);
    CHECK_INT(!!row->count + !!row->value + !!row->text, 1);
    if (!row->name && !row->text)
        CHECK_FAIL("%s: numbers need a name", shown);
    if (row->name && row->pattern)
        CHECK_FAIL("%s: a pattern is for blocks", shown);
    if (!row->summary || row->summary[strlen(row->summary) - 1] != '.')
        CHECK_FAIL("%s: a summary is a sentence", shown);
    for (size_t i = 0; i < at; i++) {
        other = info_row(s, i);
        if (row->name && other->name && strcmp(row->name, other->name) == 0)
            CHECK_FAIL("%s is there twice", row->name);
    }
}

TEST(every_metric_shows_in_one_way_and_once)
{
    struct server s;
    boot(&s);
    struct metric_table tables[METRIC_TABLES_MAX];
    CHECK(server_metric_tables(&s, tables) <= METRIC_TABLES_MAX);
    size_t count = 0;
    while (info_row(&s, count))
        check_metric(&s, count++);
    CHECK(count > 150);
    end(&s);
}

static bool is_metric(struct server *s, const char *section, struct slice name)
{
    const struct metric *row;
    for (size_t i = 0; (row = info_row(s, i)) != NULL; i++)
        if (row->name && strcmp(row->section, section) == 0 && slice_is(name, row->name))
            return true;
    return false;
}

TEST(the_order_of_fields_names_only_fields)
{
    struct server s;
    bool usual;
    const char *section;
    boot(&s);
    for (size_t i = 0; (section = info_section(i, &usual)) != NULL; i++) {
        const char *at = info_section_order(i);
        while (at && *at) {
            size_t len = strcspn(at, " ");
            if (!is_metric(&s, section, slice_of(at, len)))
                CHECK_FAIL("%s has no %.*s", section, (int)len, at);
            at += len + strspn(at + len, " ");
        }
    }
    end(&s);
}

TEST(every_job_runs_seldom_enough_for_an_idle_server)
{
    struct server s;
    boot(&s);
    struct job_table tables[JOB_TABLES_MAX];
    size_t count = server_job_tables(&s, tables);
    CHECK(count <= JOB_TABLES_MAX);
    for (size_t t = 0; t < count; t++) {
        for (size_t i = 0; i < tables[t].count; i++) {
            CHECK_PTR_NOT_NULL(tables[t].rows[i].run);
            CHECK(tables[t].rows[i].period_ms == 0 || tables[t].rows[i].period_ms >= 100);
            tables[t].rows[i].run(tables[t].owner);
        }
    }
    end(&s);
}

/* ---- the whole ---- */

TEST(a_started_server_listens_turns_and_ends)
{
    struct server s;
    boot(&s);
    CHECK_INT(access(socket_path, F_OK), 0);
    for (int i = 0; i < 10; i++)
        (void)loop_turn(s.loop, LOOP_TIMERS | LOOP_HOOKS);
    CHECK(s.turn.turns >= 10);
    CHECK(server_shutdown(&s));
    CHECK(loop_is_stopped(s.loop));
    CHECK_INT(access(socket_path, F_OK), -1);
    end(&s);
}

TEST(a_start_that_fails_leaves_nothing)
{
    static const char *const wrong[][2] = { { "--nosuch", "1" },
                                            { "--port", "x" },
                                            { "--bind", "192.0.2.1" },
                                            { "--logfile", "/nosuch/file" },
                                            { "--unixsocket", "/nosuch/socket" },
                                            { "/nosuch/file", "--x" },
                                            { "--dir", "/nosuch" } };
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        struct server s = { .exit_status = 0 };
        char first[32], second[32];
        (void)snprintf(first, sizeof(first), "%s", wrong[i][0]);
        (void)snprintf(second, sizeof(second), "%s", wrong[i][1]);
        char *const argv[] = { (char[]){ "tarn-server" }, first, second };
        CHECK(server_boot(&s, 3, (char **)(uintptr_t)argv) < 0);
        server_done(&s);
    }
}
