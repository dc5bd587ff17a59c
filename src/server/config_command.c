/* CONFIG GET, SET and RESETSTAT.
 *
 * SET is all or nothing: every value is parsed and stored first, then applied; when one is refused,
 * the texts of the old values, taken before, are stored and applied again. */
#include "base/glob.h"
#include "base/log.h"
#include "dispatch/cmd.h"
#include "dispatch/dispatch.h"
#include "server/server_priv.h"
#include "server/verbs.h"

/* ---- GET ---- */

static void reply_pair(struct reply *r, const struct config_row *found, const char *name)
{
    struct buf value;
    buf_init(&value, BUF_NO_CEILING);
    directive_show(found->table, found->row, &value);
    reply_bulk_str(r, name);
    reply_bulk(r, buf_slice(&value));
    buf_done(&value);
}

/* A hidden directive shows only by its own name. */
static bool is_asked_for(const struct cmd *cmd, const struct directive *row, const char *name)
{
    for (int i = 2; i < cmd->argc; i++) {
        if (slice_is(cmd->argv[i], name))
            return true;
        if (!(row->flags & DIRECTIVE_HIDDEN) && glob_match_nocase(cmd->argv[i], slice_str(name)))
            return true;
    }
    return false;
}

void cmd_config_get(struct cmd *cmd)
{
    const struct server *s = cmd->owner;
    size_t shown = 0;
    reply_defer(cmd->reply);
    for (size_t i = 0, count = config_count(s->config); i < count; i++) {
        struct config_row found = config_at(s->config, i);
        const char *const names[] = { found.row->name, found.row->alias };
        for (size_t n = 0; n < COUNT_OF(names); n++) {
            if (!names[n] || !is_asked_for(cmd, found.row, names[n]))
                continue;
            reply_pair(cmd->reply, &found, names[n]);
            shown++;
        }
    }
    reply_settle(cmd->reply, REPLY_MAP, shown);
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

/* Values that were good once may be refused now (a port that somebody else took meanwhile): then
 * there is nothing better to do. */
static void restore(struct cmd *cmd, const struct change *changes, size_t stored)
{
    struct directive_error error;
    const char *reason;
    for (size_t i = 0; i < stored; i++)
        (void)!store(&changes[i], cmd, buf_slice(&changes[i].old), &error);
    for (size_t i = 0; i < stored; i++)
        (void)!config_apply(&changes[i].found, &reason);
}

static int perform(struct cmd *cmd, struct change *changes, size_t count, struct refusal *ret_why)
{
    size_t stored = 0;
    for (; stored < count; stored++) {
        ret_why->name = name_of(&changes[stored].found);
        directive_show(changes[stored].found.table, changes[stored].found.row,
                       &changes[stored].old);
        if (store(&changes[stored], cmd, changes[stored].value, &ret_why->error) < 0) {
            ret_why->reason = ret_why->error.text;
            restore(cmd, changes, stored);
            return -1;
        }
    }
    for (size_t i = 0; i < count; i++) {
        ret_why->name = name_of(&changes[i].found);
        if (config_apply(&changes[i].found, &ret_why->reason) < 0) {
            log_write(LOG_WARNING,
                      "Failed applying new configuration. Possibly related to new %s setting. "
                      "Restoring previous settings.",
                      ret_why->name);
            restore(cmd, changes, stored);
            return -1;
        }
    }
    return 0;
}

static bool is_repeated(const struct change *changes, size_t count, const struct directive *row)
{
    for (size_t i = 0; i < count; i++)
        if (changes[i].found.row == row)
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
    const struct directive *row = changes[count - 1].found.row;
    if (row->flags & DIRECTIVE_IMMUTABLE)
        return "can't set immutable config";
    if (is_protected(cmd, row))
        return "can't set protected config";
    return is_repeated(changes, count - 1, row) ? "duplicate parameter" : NULL;
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
        const char *reason = why_not(cmd, changes, i + 1);
        if (reason) {
            reply_refusal(cmd, name, reason);
            return false;
        }
    }
    return true;
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
        reply_ok(cmd->reply);
    for (size_t i = 0; i < count; i++)
        buf_done(&changes[i].old);
}

/* ---- the rest ---- */

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
        "RESETSTAT",
        "    Set the statistics of INFO back to zero.",
        NULL,
    };
    cmd_reply_help(cmd, lines);
}
