#include "client/client_filter.h"

#include "base/num.h"
#include "client/client_priv.h"
#include "db/db.h"
#include "dispatch/cmd.h"
#include "net/conn.h"

struct criterion_row {
    const char *name;
    /* Replies an error and returns false if argument `i` is no value of this kind. NULL: any is. */
    bool (*check)(const struct cmd *cmd, int i);
    bool (*matches)(const struct client *c, struct slice value);
    bool several; /* takes all integers that follow */
};

/* ---- checks ---- */

static bool check_id(const struct cmd *cmd, int i)
{
    int64_t id;
    bool is_number = num_parse_int(cmd->argv[i], &id);
    bool listing = slice_is(cmd->argv[1], "list");
    if (is_number && (listing || id > 0))
        return true;
    reply_error(cmd->reply,
                listing ? "ERR Invalid client ID" : "ERR client-id should be greater than 0");
    return false;
}

static bool check_type(const struct cmd *cmd, int i)
{
    static const char *const types[] = {
        "normal", "master", "primary", "slave", "replica", "pubsub"
    };
    for (size_t t = 0; t < COUNT_OF(types); t++)
        if (cmd_is(cmd, i, types[t]))
            return true;
    reply_errorf(cmd->reply, "ERR Unknown client type '%.*s'", SLICE_ARGS(cmd->argv[i]));
    return false;
}

static bool check_user(const struct cmd *cmd, int i)
{
    if (slice_eq(cmd->argv[i], SLICE("default")))
        return true;
    reply_errorf(cmd->reply, "ERR No such user '%.*s'", SLICE_ARGS(cmd->argv[i]));
    return false;
}

static bool check_seconds(const struct cmd *cmd, int i)
{
    int64_t seconds;
    if (!cmd_int(cmd, i, &seconds, NULL))
        return false;
    if (seconds > 0)
        return true;
    reply_errorf(cmd->reply, "ERR %.*s should be greater than 0", SLICE_ARGS(cmd->argv[i - 1]));
    return false;
}

static bool check_db(const struct cmd *cmd, int i)
{
    int64_t index;
    if (!cmd_int(cmd, i, &index, NULL))
        return false;
    if (index >= 0 && index < keyspace_count(db_keyspace(cmd->db)))
        return true;
    reply_error(cmd->reply, "ERR DB index is out of range");
    return false;
}

/* ---- matches ---- */

static int64_t number_of(struct slice value)
{
    int64_t number = 0;
    (void)!num_parse_int(value, &number);
    return number;
}

static bool is_id(const struct client *c, struct slice value)
{
    return (int64_t)c->session.id == number_of(value);
}

static bool is_type(const struct client *c, struct slice value)
{
    static const char *const names[CLIENT_CLASS_COUNT][2] = {
        [CLIENT_NORMAL] = { "normal", "normal" },
        [CLIENT_REPLICA] = { "slave", "replica" },
        [CLIENT_PUBSUB] = { "pubsub", "pubsub" },
    };
    enum client_class class = client_class_of(c);
    return slice_is(value, names[class][0]) || slice_is(value, names[class][1]);
}

static bool is_user(const struct client *c UNUSED, struct slice value)
{
    return slice_eq(value, SLICE("default"));
}

static bool is_peer(const struct client *c, struct slice value)
{
    char text[SOCKET_TEXT_MAX];
    size_t len = socket_peer_text(stream_conn(c->stream)->fd, text);
    return slice_eq(value, slice_of(text, len));
}

static bool is_own(const struct client *c, struct slice value)
{
    char text[SOCKET_TEXT_MAX];
    size_t len = socket_own_text(stream_conn(c->stream)->fd, text);
    return slice_eq(value, slice_of(text, len));
}

static bool is_ip(const struct client *c, struct slice value)
{
    struct socket_addr peer;
    return socket_peer(stream_conn(c->stream)->fd, &peer) == 0 &&
           slice_eq(value, slice_str(peer.ip));
}

static bool is_text(const char *text, struct slice value)
{
    return slice_eq(value, slice_str(text ? text : ""));
}

static bool is_name(const struct client *c, struct slice value)
{
    return is_text(c->names.name, value);
}

static bool is_lib_name(const struct client *c, struct slice value)
{
    return is_text(c->names.lib_name, value);
}

static bool is_lib_ver(const struct client *c, struct slice value)
{
    return is_text(c->names.lib_ver, value);
}

static int64_t now_ms(const struct client *c)
{
    return dispatch_now_ms(c->owner->dispatch);
}

static bool is_as_old(const struct client *c, struct slice value)
{
    return (now_ms(c) - c->created_ms) / 1000 >= number_of(value);
}

static bool is_as_idle(const struct client *c, struct slice value)
{
    return (now_ms(c) - c->active_ms) / 1000 >= number_of(value);
}

static bool has_flags(const struct client *c, struct slice value)
{
    char flags[32];
    client_flags_text(c, flags);
    for (size_t i = 0; i < value.len; i++)
        if (!strchr(flags, value.ptr[i]))
            return false;
    return true;
}

static bool is_db(const struct client *c, struct slice value)
{
    return db_index(c->session.db) == number_of(value);
}

static bool has_capability(const struct client *c UNUSED, struct slice value)
{
    return value.len == 0;
}

static const struct criterion_row rows[] = {
    { "id", check_id, is_id, true },         { "type", check_type, is_type, false },
    { "user", check_user, is_user, false },  { "addr", NULL, is_peer, false },
    { "laddr", NULL, is_own, false },        { "maxage", check_seconds, is_as_old, false },
    { "name", NULL, is_name, false },        { "idle", check_seconds, is_as_idle, false },
    { "flags", NULL, has_flags, false },     { "lib-name", NULL, is_lib_name, false },
    { "lib-ver", NULL, is_lib_ver, false },  { "db", check_db, is_db, false },
    { "capa", NULL, has_capability, false }, { "ip", NULL, is_ip, false },
};

/* ---- parsing ---- */

static const struct criterion_row *find_row(struct slice name, bool *ret_negated)
{
    static const struct slice not = { "not-", 4 };
    *ret_negated = name.len > not .len && slice_eq_nocase(slice_of(name.ptr, not .len), not );
    if (*ret_negated)
        name = slice_from(name, not .len);
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (slice_is(name, rows[i].name))
            return &rows[i];
    return NULL;
}

/* A repeated criterion takes the place of the earlier one. */
static struct criterion *place_of(struct client_filter *filter, const struct criterion_row *row,
                                  bool negated)
{
    for (int i = 0; i < filter->count; i++)
        if (filter->criteria[i].row == row && filter->criteria[i].negated == negated)
            return &filter->criteria[i];
    return &filter->criteria[filter->count++];
}

/* How many values stand from argument `i` on: one, or all integers. 0 if an error was replied. */
static int check_values(const struct cmd *cmd, const struct criterion_row *row, int i)
{
    int64_t number;
    int count = 1;
    while (row->several && i + count < cmd->argc && num_parse_int(cmd->argv[i + count], &number))
        count++;
    for (int v = i; row->check && v < i + count; v++)
        if (!row->check(cmd, v))
            return 0;
    return count;
}

static bool parse_skip_me(struct cmd *cmd, int i, bool *ret_skip)
{
    *ret_skip = cmd_is(cmd, i, "yes");
    return *ret_skip || cmd_is(cmd, i, "no");
}

bool client_filter_parse(struct cmd *cmd, int from, struct client_filter *ret_filter)
{
    static_assert(FILTER_CRITERIA_MAX >= 2 * COUNT_OF(rows), "each criterion, and its opposite");
    struct client_filter filter = { .skip_me = ret_filter->skip_me };

    for (int i = from; i < cmd->argc;) {
        bool negated;
        const struct criterion_row *row = find_row(cmd->argv[i], &negated);
        bool is_skip_me = cmd_is(cmd, i, "skipme");
        if (i + 1 >= cmd->argc || (!row && !is_skip_me) ||
            (is_skip_me && !parse_skip_me(cmd, i + 1, &filter.skip_me))) {
            reply_error(cmd->reply, ERR_SYNTAX);
            return false;
        }
        int count = row ? check_values(cmd, row, i + 1) : 1;
        if (count == 0)
            return false;
        if (row)
            *place_of(&filter, row, negated) = (struct criterion){ row, negated, &cmd->argv[i + 1],
                                                                   count };
        i += 1 + count;
    }
    *ret_filter = filter;
    return true;
}

static bool criterion_holds(const struct criterion *criterion, const struct client *c)
{
    for (int i = 0; i < criterion->count; i++)
        if (criterion->row->matches(c, criterion->values[i]))
            return !criterion->negated;
    return criterion->negated;
}

bool client_filter_matches(const struct client_filter *filter, const struct client *c)
{
    for (int i = 0; i < filter->count; i++)
        if (!criterion_holds(&filter->criteria[i], c))
            return false;
    return true;
}

const struct criterion *client_filter_ids(const struct client_filter *filter)
{
    for (int i = 0; i < filter->count; i++)
        if (filter->criteria[i].row->matches == is_id && !filter->criteria[i].negated)
            return &filter->criteria[i];
    return NULL;
}
