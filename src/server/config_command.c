/* CONFIG GET, SET, REWRITE and RESETSTAT.
 *
 * SET is all or nothing: every value is parsed and stored first, then applied; when one is refused,
 * the texts of the old values, taken before, are stored and applied again. */
#include <errno.h>
#include <string.h>

#include "base/glob.h"
#include "base/log.h"
#include "dispatch/cmd.h"
#include "dispatch/dispatch.h"
#include "persist/persist.h"
#include "server/server_priv.h"
#include "server/verbs.h"

/* ---- GET ---- */

/* A name without wildcards is looked up, and shown as it was asked for; it finds hidden ones, too. */
static bool is_pattern(struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] == '*' || text.ptr[i] == '?' || text.ptr[i] == '[')
            return true;
    return false;
}

struct answer {
    const struct config *config;
    struct reply *reply;
    bool *shown; /* two a directive: by its name, by its alias */
    size_t count;
};

static void answer_with(struct answer *a, const struct config_row *found, struct slice name)
{
    bool *shown = &a->shown[2 * found->index + found->is_alias];
    if (*shown)
        return;
    struct buf value;
    buf_init(&value, BUF_NO_CEILING);
    directive_show(found->table, found->row, &value);
    reply_bulk(a->reply, name);
    reply_bulk(a->reply, buf_slice(&value));
    buf_done(&value);
    *shown = true;
    a->count++;
}

static void answer_pattern(struct answer *a, struct slice pattern)
{
    for (size_t i = 0, count = config_count(a->config); i < count; i++) {
        struct config_row found = config_at(a->config, i);
        const char *const names[] = { found.row->name, found.row->alias };
        for (size_t n = 0; n < COUNT_OF(names); n++) {
            if (!names[n] || (found.row->flags & DIRECTIVE_HIDDEN) ||
                !glob_match_nocase(pattern, slice_str(names[n])))
                continue;
            found.is_alias = n == 1;
            answer_with(a, &found, slice_str(names[n]));
        }
    }
}

void cmd_config_get(struct cmd *cmd)
{
    const struct server *s = cmd->owner;
    struct answer a = { .config = s->config, .reply = cmd->reply };
    size_t marks = 2 * config_count(s->config) * sizeof(*a.shown);
    a.shown = arena_alloc(cmd->arena, marks);
    memset(a.shown, 0, marks);
    reply_defer(cmd->reply);
    for (int i = 2; i < cmd->argc; i++) {
        struct config_row found;
        if (is_pattern(cmd->argv[i]))
            answer_pattern(&a, cmd->argv[i]);
        else if (config_find(s->config, cmd->argv[i], &found))
            answer_with(&a, &found, cmd->argv[i]);
    }
    reply_settle(cmd->reply, REPLY_MAP, a.count);
}

/* ---- SET ---- */

/* One of the directives being set. */
struct change {
    struct config_row found;
    struct slice value;
    struct buf old; /* its value before, as text */
};

/* Why the whole was refused. */
struct refusal {
    const char *name, *reason;
    struct directive_error error;
};

/* The spelling by which it was found, in its own letters. */
static const char *name_of(const struct config_row *found)
{
    return found->is_alias ? found->row->alias : found->row->name;
}

static void reply_refusal(struct cmd *cmd, struct slice name, const char *reason)
{
    reply_errorf(cmd->reply, "ERR CONFIG SET failed (possibly related to argument '%.*s') - %s",
                 SLICE_ARGS(name), reason);
}

static int store(const struct change *change, struct cmd *cmd, struct slice value,
                 struct directive_error *ret_error)
{
    return config_store(&change->found, cmd->arena, &value, 1, ret_error);
}

/* The other way round, as a directive may be there by both of its spellings. Values that were good
 * once may be refused now (a port that somebody else took meanwhile): then there is nothing better
 * to do. */
static void restore(struct cmd *cmd, const struct change *changes, size_t stored)
{
    struct directive_error error;
    const char *reason;
    for (size_t i = stored; i > 0; i--)
        (void)!store(&changes[i - 1], cmd, buf_slice(&changes[i - 1].old), &error);
    for (size_t i = 0; i < stored; i++)
        (void)!config_apply(&changes[i].found, &reason);
}

/* What has not changed has no need to be put into effect. */
static bool is_changed(const struct change *change)
{
    struct buf now;
    buf_init(&now, BUF_NO_CEILING);
    directive_show(change->found.table, change->found.row, &now);
    bool same = slice_eq(buf_slice(&now), buf_slice(&change->old));
    buf_done(&now);
    return !same || (change->found.row->flags & DIRECTIVE_REAPPLY);
}

static int store_all(struct cmd *cmd, struct change *changes, size_t count, struct refusal *ret_why)
{
    for (size_t i = 0; i < count; i++) {
        struct change *change = &changes[i];
        ret_why->name = name_of(&change->found);
        directive_show(change->found.table, change->found.row, &change->old);
        if (store(change, cmd, change->value, &ret_why->error) < 0) {
            ret_why->reason = ret_why->error.text;
            restore(cmd, changes, i);
            return -EINVAL;
        }
    }
    return 0;
}

static int perform(struct cmd *cmd, struct change *changes, size_t count, struct refusal *ret_why)
{
    int rc = store_all(cmd, changes, count, ret_why);
    for (size_t i = 0; i < count && rc == 0; i++) {
        if (!is_changed(&changes[i]) || config_apply(&changes[i].found, &ret_why->reason) == 0)
            continue;
        ret_why->name = name_of(&changes[i].found);
        log_write(LOG_WARNING,
                  "Failed applying new configuration. Possibly related to new %s setting. "
                  "Restoring previous settings.",
                  ret_why->name);
        restore(cmd, changes, count);
        rc = -EINVAL;
    }
    return rc;
}

/* The two spellings of a directive are no repetition: the later one wins. */
static bool is_repeated(const struct change *changes, size_t count, const struct config_row *found)
{
    for (size_t i = 0; i < count; i++)
        if (changes[i].found.row == found->row && changes[i].found.is_alias == found->is_alias)
            return true;
    return false;
}

/* What could be used to write files elsewhere is changed only where the operator allows it. */
static bool is_protected(const struct cmd *cmd, const struct directive *row)
{
    int setting = dispatch_settings(cmd->dispatch)->enable_protected_configs;
    return (row->flags & DIRECTIVE_PROTECTED) && !session_is_allowed(cmd->session, setting);
}

/* Why the last of `count` changes may not be made, or NULL. */
static const char *why_not(const struct cmd *cmd, const struct change *changes, size_t count)
{
    const struct config_row *found = &changes[count - 1].found;
    const struct directive *row = found->row;
    if (row->flags & DIRECTIVE_IMMUTABLE)
        return "can't set immutable config";
    if (is_protected(cmd, row))
        return "can't set protected config";
    return is_repeated(changes, count - 1, found) ? "duplicate parameter" : NULL;
}

/* Finds what is to be set. False with the reply made: about the first that is wrong, in the
 * spelling of the request. */
static bool collect(struct cmd *cmd, struct change *changes, size_t count)
{
    const struct server *s = cmd->owner;
    for (size_t i = 0; i < count; i++) {
        struct change *change = &changes[i];
        struct slice name = cmd->argv[2 + 2 * i];
        change->value = cmd->argv[3 + 2 * i];
        buf_init(&change->old, BUF_NO_CEILING);
        if (!config_find(s->config, name, &change->found)) {
            reply_errorf(cmd->reply,
                         "ERR Unknown option or number of arguments for CONFIG SET - '%.*s'",
                         SLICE_ARGS(name));
            return false;
        }
        if ((change->found.row->flags & DIRECTIVE_DENY_LOADING) && persist_is_loading(s->persist)) {
            reply_error(cmd->reply, ERR_LOADING);
            return false;
        }
        const char *reason = why_not(cmd, changes, i + 1);
        if (reason) {
            reply_refusal(cmd, name, reason);
            return false;
        }
    }
    return true;
}

static void settle(struct cmd *cmd, const struct change *changes, size_t count)
{
    const struct server *s = cmd->owner;
    for (size_t i = 0; i < count; i++)
        config_warn(s->config, &changes[i].found);
    reply_ok(cmd->reply);
}

void cmd_config_set(struct cmd *cmd)
{
    if (cmd->argc % 2 != 0) {
        reply_error(cmd->reply, ERR_SYNTAX);
        return;
    }
    size_t count = (size_t)(cmd->argc - 2) / 2;
    struct change *changes = arena_alloc(cmd->arena, count * sizeof(*changes));
    memset(changes, 0, count * sizeof(*changes));
    struct refusal why = { .reason = "" };

    if (!collect(cmd, changes, count))
        return;
    if (perform(cmd, changes, count, &why) < 0)
        reply_refusal(cmd, slice_str(why.name), why.reason);
    else
        settle(cmd, changes, count);
    for (size_t i = 0; i < count; i++)
        buf_done(&changes[i].old);
}

/* ---- the rest ---- */

void cmd_config_rewrite(struct cmd *cmd)
{
    const struct server *s = cmd->owner;
    if (!config_file(s->config)) {
        reply_error(cmd->reply, "ERR The server is running without a config file");
        return;
    }
    int error = config_rewrite(s->config, /* force_all= */ false);
    if (error < 0) {
        log_write(LOG_NOTICE, "CONFIG REWRITE failed: %s", strerror(-error));
        reply_errorf(cmd->reply, "ERR Rewriting config file: %s", strerror(-error));
        return;
    }
    log_write(LOG_NOTICE, "CONFIG REWRITE executed with success.");
    reply_ok(cmd->reply);
}

void cmd_config_resetstat(struct cmd *cmd)
{
    struct metric_table tables[METRIC_TABLES_MAX];
    size_t count = server_metric_tables(cmd->owner, tables);
    for (size_t i = 0; i < count; i++)
        if (tables[i].reset)
            tables[i].reset(tables[i].owner);
    reply_ok(cmd->reply);
}

void cmd_config_help(struct cmd *cmd)
{
    static const char *const lines[] = {
        "GET <pattern> [<pattern> ...]",
        "    Return the directives whose names match, with their values.",
        "SET <directive> <value> [<directive> <value> ...]",
        "    Change directives: all of them, or none if one is refused.",
        "REWRITE",
        "    Write the present values into the configuration file.",
        "RESETSTAT",
        "    Set the statistics of INFO back to zero.",
        NULL,
    };
    cmd_reply_help(cmd, lines);
}
