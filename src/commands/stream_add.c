/* Adding to streams and trimming them: XADD, XTRIM, XSETID. */
#include "commands/commands.h"
#include "commands/stream_priv.h"

#include "base/num.h"

#define ERR_TOO_SMALL \
    "ERR The ID specified in XADD is equal or smaller than the target stream top item"

/* If nobody says how much an approximate trim may remove at once: so many full packs, */
#define LIMIT_PACKS 100
/* or so many entries, if packs may have any number. */
#define LIMIT_DEFAULT 10000

/* ---- options of XADD and XTRIM ---- */

struct add_options {
    struct cmd *cmd;
    bool adds; /* XADD */
    int at;    /* the argument that is looked at */
    bool no_new_stream, has_limit;
    struct xstream_trim trim;
    int threshold_at;
    int limit_at; /* the word LIMIT; 0: none */
    enum xstream_id_form form;
    struct xstream_id id;
};

static bool refuse(const struct add_options *o, const char *error)
{
    reply_error(o->cmd->reply, error);
    return false;
}

/* [= | ~] threshold; at the threshold then. */
static bool begin_trim(struct add_options *o, enum xstream_trim_by by)
{
    if (o->trim.by != STREAM_TRIM_NONE)
        return refuse(o, "ERR syntax error, MAXLEN and MINID options at the same time are not "
                         "compatible");
    o->trim.approximate = false;
    o->at++;
    bool more = o->at + 1 < o->cmd->argc;
    struct slice sign = cmd_arg(o->cmd, o->at);
    if (more && slice_eq(sign, SLICE("~"))) {
        o->trim.approximate = true;
        o->at++;
    } else if (more && slice_eq(sign, SLICE("="))) {
        o->at++;
    }
    o->trim.by = by;
    o->threshold_at = o->at;
    return true;
}

static bool parse_maxlen(struct add_options *o)
{
    int64_t max;
    if (!begin_trim(o, STREAM_TRIM_MAXLEN) || !cmd_int(o->cmd, o->at, &max, NULL))
        return false;
    if (max < 0)
        return refuse(o, "ERR The MAXLEN argument must be >= 0.");
    o->trim.length_max = (uint64_t)max;
    return true;
}

static bool parse_minid(struct add_options *o)
{
    return begin_trim(o, STREAM_TRIM_MINID) && cmd_stream_id(o->cmd, o->at, &o->trim.min);
}

static bool parse_limit(struct add_options *o)
{
    int64_t limit;
    o->limit_at = o->at++;
    if (!cmd_int(o->cmd, o->at, &limit, NULL))
        return false;
    if (limit < 0)
        return refuse(o, "ERR The LIMIT argument must be >= 0.");
    o->trim.limit = (uint64_t)limit;
    o->has_limit = true;
    return true;
}

static bool parse_nomkstream(struct add_options *o)
{
    o->no_new_stream = true;
    return true;
}

static const struct add_option {
    const char *word;
    bool has_value, adds_only;
    bool (*parse)(struct add_options *o);
} add_options[] = {
    { "MAXLEN", true, false, parse_maxlen },
    { "MINID", true, false, parse_minid },
    { "LIMIT", true, false, parse_limit },
    { "NOMKSTREAM", false, true, parse_nomkstream },
};

static const struct add_option *find_option(const struct add_options *o)
{
    bool more = o->at + 1 < o->cmd->argc;
    for (size_t i = 0; i < COUNT_OF(add_options); i++) {
        const struct add_option *option = &add_options[i];
        if ((more || !option->has_value) && (o->adds || !option->adds_only) &&
            cmd_is(o->cmd, o->at, option->word))
            return option;
    }
    return NULL;
}

/* What ends the options of XADD. */
static bool parse_id(struct add_options *o)
{
    struct slice text = cmd_arg(o->cmd, o->at);
    if (slice_eq(text, SLICE("*"))) {
        o->form = STREAM_ID_AUTO;
        return true;
    }
    if (xstream_read_id(text, 0, &o->id, &o->form))
        return true;
    return cmd_stream_id(o->cmd, o->at, &o->id); /* which replies */
}

/* Sessions that repeat what another server did take its word for how much was trimmed. */
static bool decide_limit(struct add_options *o)
{
    if (o->trim.limit && o->trim.by == STREAM_TRIM_NONE)
        return refuse(o, "ERR syntax error, LIMIT cannot be used without specifying a trimming "
                         "strategy");
    if (!o->adds && o->trim.by == STREAM_TRIM_NONE)
        return refuse(o, "ERR syntax error, XTRIM must be called with a trimming strategy");
    if (o->cmd->session->exempt) {
        o->trim.limit = 0;
    } else if (o->has_limit) {
        if (!o->trim.approximate)
            return refuse(o, "ERR syntax error, LIMIT cannot be used without the special ~ "
                             "option");
    } else if (o->trim.approximate) {
        int64_t entries = keyspace_env(db_keyspace(o->cmd->db))->stream_node_entries;
        o->trim.limit = LIMIT_DEFAULT;
        if (entries > 0 && entries < INT64_MAX / LIMIT_PACKS)
            o->trim.limit = (uint64_t)entries * LIMIT_PACKS;
    }
    return true;
}

/* Up to the ID, at which `at` stands then, or to the end. */
static bool parse_add_options(struct add_options *o)
{
    for (o->at = 2; o->at < o->cmd->argc; o->at++) {
        const struct add_option *option = NULL;
        bool is_id = o->adds && slice_eq(cmd_arg(o->cmd, o->at), SLICE("*"));
        if (!is_id) {
            option = find_option(o);
            if (!option && cmd_stream_refs(o->cmd, o->at, &o->trim.refs))
                continue;
        }
        if (option) {
            if (!option->parse(o))
                return false;
        } else if (o->adds) {
            if (!parse_id(o))
                return false;
            break;
        } else {
            return refuse(o, ERR_SYNTAX);
        }
    }
    return decide_limit(o);
}

/* The effect: with the ID that was chosen, and instead of what was left to chance what became of it. */
static void tell_effect(const struct add_options *o, const struct xstream *s,
                        const struct xstream_id *id)
{
    struct cmd *cmd = o->cmd;
    char id_text[STREAM_ID_MAX_CHARS], threshold[STREAM_ID_MAX_CHARS];
    struct slice *argv = arena_alloc(cmd->arena, (size_t)cmd->argc * sizeof(*argv));
    size_t argc = 0;
    for (int i = 0; i < cmd->argc; i++) {
        bool dropped = o->limit_at && (i == o->limit_at || i == o->limit_at + 1);
        if (o->trim.approximate && dropped)
            continue;
        argv[argc] = cmd_arg(cmd, i);
        if (id && i == o->at) {
            argv[argc] = slice_of(id_text, xstream_id_format(id_text, *id));
        } else if (o->trim.approximate && i == o->threshold_at - 1) {
            argv[argc] = SLICE("=");
        } else if (o->trim.approximate && i == o->threshold_at) {
            size_t len = o->trim.by == STREAM_TRIM_MAXLEN
                             ? num_format_uint(threshold, xstream_facts(s)->length)
                             : xstream_id_format(threshold, xstream_first_kept(s));
            argv[argc] = slice_of(threshold, len);
        }
        argc++;
    }
    cmd_effect(cmd, argv, argc);
}

/* ---- XADD ---- */

/* The stream with the entry in it; NULL: the error was replied, and nothing has changed. */
static struct entry *append(struct add_options *o, struct key key, struct entry *e,
                            struct xstream_id *ret_id)
{
    struct cmd *cmd = o->cmd;
    struct entry *made = e ? e : xstream_entry_new(key.name, ENTRY_NO_EXPIRY);
    struct xstream *s = xstream_of(made);
    const char *error = NULL;
    const struct type_env *env = keyspace_env(db_keyspace(cmd->db));
    if (xstream_id_compare(xstream_facts(s)->last, STREAM_ID_MAX) == 0)
        error = "ERR The stream has exhausted the last possible ID, unable to add more items";
    else if (!xstream_choose_id(s, o->form, cmd_now_ms(cmd), o->id, ret_id))
        error = ERR_TOO_SMALL;
    else if (xstream_append(s, env, *ret_id, cmd->argv + o->at + 1,
                            (size_t)(cmd->argc - o->at - 1)) < 0)
        error = "ERR Elements are too large to be stored";
    if (!error)
        return made;
    if (!e)
        entry_free(made);
    reply_error(cmd->reply, error);
    return NULL;
}

static void run_xadd(struct cmd *cmd)
{
    struct add_options o = { .cmd = cmd, .adds = true };
    if (!parse_add_options(&o))
        return;
    int values = cmd->argc - o.at - 1;
    if (values < 2 || values % 2 == 1) {
        reply_error(cmd->reply, "ERR wrong number of arguments for 'xadd' command");
        return;
    }
    if (o.form == STREAM_ID_WHOLE && xstream_id_is_zero(o.id)) {
        reply_error(cmd->reply, "ERR The ID specified in XADD must be greater than 0-0");
        return;
    }
    struct key key = cmd_key(cmd, 1);
    struct entry *e = db_lookup_write(cmd->db, key);
    if (!is_stream(cmd, e))
        return;
    if (!e && o.no_new_stream) {
        reply_null(cmd->reply);
        return;
    }
    struct xstream_id id;
    struct entry *added = append(&o, key, e, &id);
    if (!added)
        return;
    if (e)
        db_store(cmd->db, key, e, added);
    else
        db_insert(cmd->db, key, added);
    reply_stream_id(cmd->reply, id); /* the peers fire behind the reply */
    db_notify(cmd->db, EVENT_STREAM, "xadd", key.name);
    struct xstream *s = xstream_of(added);
    if (o.trim.by != STREAM_TRIM_NONE && xstream_trim(s, &o.trim))
        db_notify(cmd->db, EVENT_STREAM, "xtrim", key.name);
    if (o.form != STREAM_ID_WHOLE || o.trim.approximate)
        tell_effect(&o, s, &id);
}

/* ---- XTRIM ---- */

static void run_xtrim(struct cmd *cmd)
{
    struct add_options o = { .cmd = cmd };
    if (!parse_add_options(&o))
        return;
    struct key key = cmd_key(cmd, 1);
    struct entry *e = db_lookup_write(cmd->db, key);
    if (!is_stream(cmd, e))
        return;
    uint64_t gone = e ? xstream_trim(xstream_of(e), &o.trim) : 0;
    if (gone) {
        db_store(cmd->db, key, e, e);
        db_notify(cmd->db, EVENT_STREAM, "xtrim", key.name);
        if (o.trim.approximate)
            tell_effect(&o, xstream_of(e), NULL);
    }
    reply_int(cmd->reply, (int64_t)gone);
}

/* ---- XSETID ---- */

struct setid {
    struct xstream_id id, max_deleted;
    int64_t added; /* -1: stays */
};

static bool parse_setid(const struct cmd *cmd, struct setid *ret)
{
    *ret = (struct setid){ .added = -1 };
    if (!cmd_stream_id(cmd, 2, &ret->id))
        return false;
    for (int i = 3; i < cmd->argc; i += 2) {
        bool more = i + 1 < cmd->argc;
        const char *error = NULL;
        if (more && cmd_is(cmd, i, "ENTRIESADDED")) {
            if (!cmd_int(cmd, i + 1, &ret->added, NULL))
                return false;
            if (ret->added < 0)
                error = "ERR entries_added must be positive";
        } else if (more && cmd_is(cmd, i, "MAXDELETEDID")) {
            if (!cmd_stream_id(cmd, i + 1, &ret->max_deleted))
                return false;
            if (xstream_id_compare(ret->id, ret->max_deleted) < 0)
                error = "ERR The ID specified in XSETID is smaller than the provided "
                        "max_deleted_entry_id";
        } else {
            error = ERR_SYNTAX;
        }
        if (error) {
            reply_error(cmd->reply, error);
            return false;
        }
    }
    return true;
}

static const char *setid_error(const struct xstream *s, const struct setid *set)
{
    const struct xstream_facts *f = xstream_facts(s);
    struct xstream_id last;
    if (!xstream_edge(s, false, &last))
        return NULL;
    if (xstream_id_compare(set->id, last) < 0)
        return "ERR The ID specified in XSETID is smaller than the target stream top item";
    if (set->added != -1 && f->length > (uint64_t)set->added)
        return "ERR The entries_added specified in XSETID is smaller than the target stream "
               "length";
    return NULL;
}

static void run_xsetid(struct cmd *cmd)
{
    struct setid set;
    if (!parse_setid(cmd, &set))
        return;
    struct key key = cmd_key(cmd, 1);
    struct entry *e = db_lookup_write(cmd->db, key);
    if (!e) {
        reply_error(cmd->reply, ERR_NO_KEY);
        return;
    }
    if (!is_stream(cmd, e))
        return;
    struct xstream *s = xstream_of(e);
    const char *error = setid_error(s, &set);
    if (error) {
        reply_error(cmd->reply, error);
        return;
    }
    struct xstream_facts facts = *xstream_facts(s);
    facts.last = set.id;
    if (set.added != -1)
        facts.added = (uint64_t)set.added;
    if (!xstream_id_is_zero(set.max_deleted))
        facts.max_deleted = set.max_deleted;
    xstream_set_facts(s, &facts);
    count_change(cmd);
    reply_ok(cmd->reply);
    db_notify(cmd->db, EVENT_STREAM, "xsetid", key.name);
}

#define TRIM_SYNTAX                                                                      \
    "{strategy=<MAXLEN | MINID@6.2.0> [operator=<equal== | approximately=~>] threshold " \
    "[LIMIT count:int@6.2.0]}"
#define REFS_SYNTAX "[condition=<KEEPREF | DELREF | ACKED>@8.2.0]"

static const char *const random_tips[] = { "nondeterministic_output", NULL };

static const struct command rows[] = {
    {
        .name = "xadd",
        .run = run_xadd,
        .arity = -5,
        .flags = CMD_WRITE | CMD_DENY_OOM | CMD_FAST,
        .group = GROUP_STREAM,
        .keys = KEY_AT(1, KEY_RW | KEY_UPDATE),
        .since = "5.0.0",
        .complexity = "O(1), and O(N) for N entries that are trimmed",
        .summary = "Adds an entry to a stream, which is made if need be.",
        .syntax = "key:key [NOMKSTREAM@6.2.0] " REFS_SYNTAX " [trim=" TRIM_SYNTAX "] "
                  "id_or_auto=<auto_id=* | id> field_value={field value}...",
        .tips = random_tips,
    },
    {
        .name = "xtrim",
        .run = run_xtrim,
        .arity = -4,
        .flags = CMD_WRITE,
        .group = GROUP_STREAM,
        .keys = KEY_AT(1, KEY_RW | KEY_DELETE),
        .since = "5.0.0",
        .complexity = "O(N) for N entries that are removed",
        .summary = "Removes the oldest entries of a stream.",
        .syntax = "key:key trim=" TRIM_SYNTAX " " REFS_SYNTAX,
        .tips = random_tips,
    },
    {
        .name = "xsetid",
        .run = run_xsetid,
        .arity = -3,
        .flags = CMD_WRITE | CMD_DENY_OOM | CMD_FAST,
        .group = GROUP_STREAM,
        .keys = KEY_AT(1, KEY_RW | KEY_UPDATE),
        .since = "5.0.0",
        .complexity = "O(1)",
        .summary = "Sets what a stream knows of its past: last ID, entries added, last deleted.",
        .syntax = "key:key last-id [ENTRIESADDED entries_added:int@7.0.0] "
                  "[MAXDELETEDID max_deleted_entry_id@7.0.0]",
    },
};

struct command_table commands_stream_add(void)
{
    return (struct command_table){ .rows = rows, .count = COUNT_OF(rows) };
}
