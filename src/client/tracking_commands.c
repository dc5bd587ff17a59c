/* CLIENT TRACKING, TRACKINGINFO, CACHING and GETREDIR; the directive and the metrics of tracking.
 * */
#include "base/mem.h"
#include "base/num.h"
#include "client/client_priv.h"
#include "client/tracking.h"
#include "dispatch/cmd.h"

#define NOT_BEFORE_OFF \
    " before disabling tracking for this client, and then re-enabling it with a different mode."
#define MUST_NOT_OVERLAP " Prefixes for a single client must not overlap."

static struct client *caller(const struct cmd *cmd)
{
    return client_of(cmd->session);
}

/* ---- options ---- */

static bool parse_redirect(struct cmd *cmd, int i, struct tracking_choice *choice)
{
    int64_t id;
    if (choice->redirect) {
        reply_error(cmd->reply, "ERR A client can only redirect to a single other client");
        return false;
    }
    if (!cmd_int(cmd, i, &id, NULL))
        return false;
    choice->redirect = clients_find(cmd->owner, (uint64_t)id);
    if (!choice->redirect)
        reply_error(cmd->reply, "ERR The client ID you want redirect to does not exist");
    return choice->redirect;
}

/* The flag that a word stands for; 0 if none. */
static uint32_t option_flag(const struct cmd *cmd, int i)
{
    static const struct {
        const char *word;
        uint32_t flag;
    } options[] = {
        { "bcast", TRACKING_BCAST },
        { "optin", TRACKING_OPTIN },
        { "optout", TRACKING_OPTOUT },
        { "noloop", TRACKING_NOLOOP },
    };
    for (size_t o = 0; o < COUNT_OF(options); o++)
        if (cmd_is(cmd, i, options[o].word))
            return options[o].flag;
    return 0;
}

/* `prefixes` has room for all. False if an error was replied. */
static bool parse_options(struct cmd *cmd, struct tracking_choice *choice, struct slice *prefixes)
{
    for (int i = 3; i < cmd->argc; i++) {
        bool has_more = i + 1 < cmd->argc;
        uint32_t flag = option_flag(cmd, i);
        if (flag) {
            choice->flags |= flag;
        } else if (has_more && cmd_is(cmd, i, "redirect")) {
            if (!parse_redirect(cmd, ++i, choice))
                return false;
        } else if (has_more && cmd_is(cmd, i, "prefix")) {
            prefixes[choice->prefix_count++] = cmd->argv[++i];
        } else {
            reply_error(cmd->reply, ERR_SYNTAX);
            return false;
        }
    }
    choice->prefixes = prefixes;
    return true;
}

/* ---- what contradicts ---- */

/* The first of the texts of what does not go together; NULL if all does. */
static const char *contradiction(const struct tracker *now, const struct tracking_choice *choice)
{
    const uint32_t opt = TRACKING_OPTIN | TRACKING_OPTOUT;
    uint32_t flags = choice->flags, before = now ? now->flags : flags;
    if (choice->prefix_count > 0 && !(flags & TRACKING_BCAST))
        return "ERR PREFIX option requires BCAST mode to be enabled";
    if ((before ^ flags) & TRACKING_BCAST)
        return "ERR You can't switch BCAST mode on/off" NOT_BEFORE_OFF;
    if ((flags & TRACKING_BCAST) && (flags & opt))
        return "ERR OPTIN and OPTOUT are not compatible with BCAST";
    if ((flags & opt) == opt)
        return "ERR You can't specify both OPTIN mode and OPTOUT mode";
    bool other_way = (before & opt) && (flags & opt) && (before & opt) != (flags & opt);
    if (other_way)
        return "ERR You can't switch OPTIN/OPTOUT mode" NOT_BEFORE_OFF;
    return NULL;
}

static bool overlap(struct slice a, struct slice b)
{
    return slice_has_prefix(a, b) || slice_has_prefix(b, a);
}

/* An overlap with prefix `i` was found: replies the error and says false. */
static bool refuse_overlap(struct cmd *cmd, struct slice prefix, const char *what,
                           struct slice other)
{
    reply_errorf(cmd->reply, "ERR Prefix '%.*s' overlaps with %s prefix '%.*s'." MUST_NOT_OVERLAP,
                 SLICE_ARGS(prefix), what, SLICE_ARGS(other));
    return false;
}

/* False if an error was replied. */
static bool prefixes_are_apart(struct cmd *cmd, const struct tracker *now,
                               const struct tracking_choice *choice)
{
    for (size_t i = 0; i < choice->prefix_count; i++) {
        struct slice prefix = choice->prefixes[i];
        for (size_t j = 0; now && j < now->prefix_count; j++)
            if (overlap(prefix, prefix_name(now->prefixes[j])))
                return refuse_overlap(cmd, prefix, "an existing", prefix_name(now->prefixes[j]));
        for (size_t j = i + 1; j < choice->prefix_count; j++)
            if (overlap(prefix, choice->prefixes[j]))
                return refuse_overlap(cmd, prefix, "another provided", choice->prefixes[j]);
    }
    return true;
}

void cmd_client_tracking(struct cmd *cmd)
{
    struct client *c = caller(cmd);
    struct tracking_choice choice = { 0 };
    struct slice *prefixes = arena_alloc(cmd->arena, (size_t)cmd->argc * sizeof(*prefixes));
    if (!parse_options(cmd, &choice, prefixes))
        return;
    if (cmd_is(cmd, 2, "on")) {
        const char *error = contradiction(c->tracker, &choice);
        if (error) {
            reply_error(cmd->reply, error);
            return;
        }
        if (!prefixes_are_apart(cmd, c->tracker, &choice))
            return;
        client_track(c, &choice);
    } else if (cmd_is(cmd, 2, "off")) {
        client_untrack(c);
    } else {
        reply_error(cmd->reply, ERR_SYNTAX);
        return;
    }
    reply_ok(cmd->reply);
}

/* ---- CACHING ---- */

void cmd_client_caching(struct cmd *cmd)
{
    static const char *const wrong_mode[] = {
        "ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.",
        "ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.",
    };
    const struct tracker *tracker = caller(cmd)->tracker;
    bool yes = cmd_is(cmd, 2, "yes");
    if (!tracker)
        reply_error(cmd->reply, "ERR CLIENT CACHING can be called only when the client is in "
                                "tracking mode with OPTIN or OPTOUT mode enabled");
    else if (!yes && !cmd_is(cmd, 2, "no"))
        reply_error(cmd->reply, ERR_SYNTAX);
    else if (!(tracker->flags & (yes ? TRACKING_OPTIN : TRACKING_OPTOUT)))
        reply_error(cmd->reply, wrong_mode[yes]);
    else {
        cmd->session->flags |= SESSION_CACHING;
        reply_ok(cmd->reply);
    }
}

/* ---- what there is ---- */

static int64_t redirection(const struct tracker *tracker)
{
    return tracker ? (int64_t)tracker->redirect_id : -1;
}

void cmd_client_getredir(struct cmd *cmd)
{
    reply_int(cmd->reply, redirection(caller(cmd)->tracker));
}

/* The words of TRACKINGINFO; their number. */
static size_t describe_flags(const struct client *c, const char *words[static 8])
{
    const struct tracker *tracker = c->tracker;
    uint32_t flags = tracker ? tracker->flags : 0;
    bool caching = c->session.flags & SESSION_CACHING;
    const struct {
        bool holds;
        const char *word;
    } all[] = {
        { tracker, "on" },
        { !tracker, "off" },
        { flags & TRACKING_BCAST, "bcast" },
        { flags & TRACKING_OPTIN, "optin" },
        { (flags & TRACKING_OPTIN) && caching, "caching-yes" },
        { flags & TRACKING_OPTOUT, "optout" },
        { (flags & TRACKING_OPTOUT) && caching, "caching-no" },
        { flags & TRACKING_NOLOOP, "noloop" },
        { flags & TRACKING_BROKEN, "broken_redirect" },
    };
    size_t count = 0;
    for (size_t i = 0; i < COUNT_OF(all); i++)
        if (all[i].holds)
            words[count++] = all[i].word;
    return count;
}

void cmd_client_trackinginfo(struct cmd *cmd)
{
    const struct client *c = caller(cmd);
    const struct tracker *tracker = c->tracker;
    struct reply *r = cmd->reply;
    const char *words[8];
    size_t count = describe_flags(c, words), prefixes = tracker ? tracker->prefix_count : 0;

    reply_map(r, 3);
    reply_bulk_str(r, "flags");
    reply_set(r, count);
    for (size_t i = 0; i < count; i++)
        reply_bulk_str(r, words[i]);
    reply_bulk_str(r, "redirect");
    reply_int(r, redirection(tracker));
    reply_bulk_str(r, "prefixes");
    reply_array(r, prefixes);
    for (size_t i = 0; i < prefixes; i++)
        reply_bulk(r, prefix_name(tracker->prefixes[i]));
}

/* ---- the directive and the metrics ---- */

static const struct directive directives[] = {
    { .name = "tracking-table-max-keys",
      .type = DIRECTIVE_INT,
      .offset = offsetof(struct tracking, max_keys),
      .max = INT64_MAX,
      .initial = "1000000",
      .summary = "How many keys the server remembers as read by clients that track. "
                 "Above that, keys are taken out by chance, and their readers are told as if they "
                 "had changed. 0 is no limit." },
};

struct directive_table clients_tracking_directives(struct clients *cs)
{
    return (struct directive_table){ directives, COUNT_OF(directives), &cs->tracking, cs,
                                     "Client-side caching" };
}

static const struct tracking *self(const void *owner)
{
    return &((const struct clients *)owner)->tracking;
}

static uint64_t trackers(const void *owner)
{
    return self(owner)->count;
}

static uint64_t keys(const void *owner)
{
    return tracked_count(&self(owner)->keys);
}

static uint64_t items(const void *owner)
{
    return self(owner)->keys.items;
}

static uint64_t prefixes(const void *owner)
{
    return prefixes_count(&self(owner)->prefixes);
}

static const struct metric metrics[] = {
    { .section = "Clients",
      .name = "tracking_clients",
      .summary = "Clients that are told about changes of keys.",
      .count = trackers },
    { .section = "Stats",
      .name = "tracking_total_keys",
      .summary = "Keys that clients are told about when they change.",
      .count = keys },
    { .section = "Stats",
      .name = "tracking_total_items",
      .summary = "Pairs of such a key and a client.",
      .count = items },
    { .section = "Stats",
      .name = "tracking_total_prefixes",
      .summary = "Prefixes that clients are told about.",
      .count = prefixes },
};

struct metric_table clients_tracking_metrics(struct clients *cs)
{
    return (struct metric_table){ .rows = metrics, .count = COUNT_OF(metrics), .owner = cs };
}
