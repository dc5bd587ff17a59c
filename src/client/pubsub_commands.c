/* SUBSCRIBE and its kin, PUBLISH, PUBSUB. */
#include "base/glob.h"
#include "client/client_priv.h"
#include "dispatch/cmd.h"

/* What each kind's verbs say. */
static const struct kind_words {
    struct slice subscribed, unsubscribed;
} kind_words[PUBSUB_KINDS] = {
    [PUBSUB_CHANNEL] = { { "subscribe", 9 }, { "unsubscribe", 11 } },
    [PUBSUB_PATTERN] = { { "psubscribe", 10 }, { "punsubscribe", 12 } },
    [PUBSUB_SHARD] = { { "ssubscribe", 10 }, { "sunsubscribe", 12 } },
};

/* Shard channels are counted for themselves. */
static size_t count_beside(const struct client *c, enum pubsub_kind kind)
{
    if (kind == PUBSUB_SHARD)
        return subscriber_count(&c->subscriber, PUBSUB_SHARD);
    return subscriber_count(&c->subscriber, PUBSUB_CHANNEL) +
           subscriber_count(&c->subscriber, PUBSUB_PATTERN);
}

/* A push in either protocol: CLIENT REPLY OFF does not keep it back. */
static void tell(struct client *c, enum pubsub_kind kind, struct slice word,
                 const struct slice *name)
{
    struct reply *r = &c->session.reply;
    reply_push(r, 3);
    reply_bulk(r, word);
    if (name)
        reply_bulk(r, *name);
    else
        reply_null(r);
    reply_int(r, (int64_t)count_beside(c, kind));
}

/* ---- subscribing ---- */

static void subscribe(struct cmd *cmd, enum pubsub_kind kind)
{
    struct client *c = client_of(cmd->session);
    struct clients *cs = cmd->owner;
    for (int i = 1; i < cmd->argc; i++) {
        (void)pubsub_subscribe(cs->pubsub, &c->subscriber, kind, cmd->argv[i]);
        tell(c, kind, kind_words[kind].subscribed, &cmd->argv[i]);
    }
    client_note_subscriptions(c);
}

static void cmd_subscribe(struct cmd *cmd)
{
    subscribe(cmd, PUBSUB_CHANNEL);
}

static void cmd_psubscribe(struct cmd *cmd)
{
    subscribe(cmd, PUBSUB_PATTERN);
}

/* Unlike its kin, not within EXEC. */
static void cmd_ssubscribe(struct cmd *cmd)
{
    if (cmd->session->flags & SESSION_NO_BLOCK)
        reply_error(cmd->reply, "ERR SSUBSCRIBE isn't allowed for a DENY BLOCKING client");
    else
        subscribe(cmd, PUBSUB_SHARD);
}

struct ended {
    struct client *client;
    enum pubsub_kind kind;
};

static void tell_ended(void *arg, struct slice name)
{
    const struct ended *ended = arg;
    tell(ended->client, ended->kind, kind_words[ended->kind].unsubscribed, &name);
}

static void unsubscribe(struct cmd *cmd, enum pubsub_kind kind)
{
    struct client *c = client_of(cmd->session);
    struct clients *cs = cmd->owner;
    struct slice word = kind_words[kind].unsubscribed;
    for (int i = 1; i < cmd->argc; i++) {
        (void)pubsub_unsubscribe(cs->pubsub, &c->subscriber, kind, cmd->argv[i]);
        tell(c, kind, word, &cmd->argv[i]);
    }
    if (cmd->argc == 1 && subscriber_count(&c->subscriber, kind) == 0)
        tell(c, kind, word, NULL);
    else if (cmd->argc == 1)
        pubsub_unsubscribe_all(cs->pubsub, &c->subscriber, kind, tell_ended,
                               &(struct ended){ c, kind });
    client_note_subscriptions(c);
}

static void cmd_unsubscribe(struct cmd *cmd)
{
    unsubscribe(cmd, PUBSUB_CHANNEL);
}

static void cmd_punsubscribe(struct cmd *cmd)
{
    unsubscribe(cmd, PUBSUB_PATTERN);
}

static void cmd_sunsubscribe(struct cmd *cmd)
{
    unsubscribe(cmd, PUBSUB_SHARD);
}

/* ---- publishing ---- */

static void publish(struct cmd *cmd, enum pubsub_kind kind)
{
    size_t receivers = clients_publish(cmd->owner, kind, cmd->argv[1], cmd->argv[2]);
    cmd_effect_message(cmd);
    reply_int(cmd->reply, (int64_t)receivers);
}

static void cmd_publish(struct cmd *cmd)
{
    publish(cmd, PUBSUB_CHANNEL);
}

static void cmd_spublish(struct cmd *cmd)
{
    publish(cmd, PUBSUB_SHARD);
}

/* ---- PUBSUB ---- */

struct listing {
    struct reply *reply;
    const struct slice *pattern; /* NULL: all */
    size_t count;
};

static void list_topic(void *arg, void *entry)
{
    struct listing *listing = arg;
    struct slice name = topic_name(entry);
    if (listing->pattern && !glob_match(*listing->pattern, name))
        return;
    reply_bulk(listing->reply, name);
    listing->count++;
}

static void list_topics(struct cmd *cmd, enum pubsub_kind kind)
{
    const struct clients *cs = cmd->owner;
    struct listing listing = { cmd->reply, cmd->argc > 2 ? &cmd->argv[2] : NULL, 0 };
    if (cmd->argc > 3) {
        cmd_reply_subcommand_error(cmd);
        return;
    }
    reply_defer(cmd->reply);
    pubsub_each(cs->pubsub, kind, list_topic, &listing);
    reply_settle(cmd->reply, REPLY_ARRAY, listing.count);
}

static void cmd_pubsub_channels(struct cmd *cmd)
{
    list_topics(cmd, PUBSUB_CHANNEL);
}

static void cmd_pubsub_shardchannels(struct cmd *cmd)
{
    list_topics(cmd, PUBSUB_SHARD);
}

static void count_subscribers(struct cmd *cmd, enum pubsub_kind kind)
{
    const struct clients *cs = cmd->owner;
    reply_array(cmd->reply, (size_t)(cmd->argc - 2) * 2);
    for (int i = 2; i < cmd->argc; i++) {
        const struct topic *t = pubsub_find(cs->pubsub, kind, cmd->argv[i]);
        reply_bulk(cmd->reply, cmd->argv[i]);
        reply_int(cmd->reply, t ? t->count : 0);
    }
}

static void cmd_pubsub_numsub(struct cmd *cmd)
{
    count_subscribers(cmd, PUBSUB_CHANNEL);
}

static void cmd_pubsub_shardnumsub(struct cmd *cmd)
{
    count_subscribers(cmd, PUBSUB_SHARD);
}

static void cmd_pubsub_numpat(struct cmd *cmd)
{
    const struct clients *cs = cmd->owner;
    reply_int(cmd->reply, (int64_t)pubsub_topics(cs->pubsub, PUBSUB_PATTERN));
}

static void cmd_pubsub_help(struct cmd *cmd)
{
    static const char *const lines[] = {
        "CHANNELS [<pattern>]",
        "    Return the channels that somebody is subscribed to and that match <pattern>.",
        "NUMPAT",
        "    Return how many patterns somebody is subscribed to.",
        "NUMSUB [<channel> ...]",
        "    Return how many are subscribed to each of the channels, patterns left aside.",
        "SHARDCHANNELS [<pattern>]",
        "    Return the shard channels that somebody is subscribed to and that match <pattern>.",
        "SHARDNUMSUB [<shardchannel> ...]",
        "    Return how many are subscribed to each of the shard channels.",
        NULL,
    };
    cmd_reply_help(cmd, lines);
}

#define ASKS CMD_PUBSUB | CMD_LOADING | CMD_STALE

static const struct command subs[] = {
    {
        .name = "channels",
        .run = cmd_pubsub_channels,
        .arity = -2,
        .flags = ASKS,
        .group = GROUP_PUBSUB,
        .since = "2.8.0",
        .complexity = "O(N) where N is the number of active channels, and assuming constant time "
                      "pattern matching (relatively short channels and patterns)",
        .summary = "Lists the channels that somebody is subscribed to.",
        .syntax = "[pattern:pattern]",
    },
    {
        .name = "help",
        .run = cmd_pubsub_help,
        .arity = 2,
        .flags = CMD_LOADING | CMD_STALE,
        .group = GROUP_PUBSUB,
        .acl = ACL_NO_GROUP,
        .since = "6.2.0",
        .complexity = "O(1)",
        .summary = "Explains the subcommands.",
        .syntax = "",
    },
    {
        .name = "numpat",
        .run = cmd_pubsub_numpat,
        .arity = 2,
        .flags = ASKS,
        .group = GROUP_PUBSUB,
        .since = "2.8.0",
        .complexity = "O(1)",
        .summary = "Counts the patterns that somebody is subscribed to.",
        .syntax = "",
    },
    {
        .name = "numsub",
        .run = cmd_pubsub_numsub,
        .arity = -2,
        .flags = ASKS,
        .group = GROUP_PUBSUB,
        .since = "2.8.0",
        .complexity = "O(N) for the NUMSUB subcommand, where N is the number of requested "
                      "channels",
        .summary = "Counts the subscribers of channels.",
        .syntax = "[channel...]",
    },
    {
        .name = "shardchannels",
        .run = cmd_pubsub_shardchannels,
        .arity = -2,
        .flags = ASKS,
        .group = GROUP_PUBSUB,
        .since = "7.0.0",
        .complexity = "O(N) where N is the number of active shard channels, and assuming constant "
                      "time pattern matching (relatively short shard channels).",
        .summary = "Lists the shard channels that somebody is subscribed to.",
        .syntax = "[pattern:pattern]",
    },
    {
        .name = "shardnumsub",
        .run = cmd_pubsub_shardnumsub,
        .arity = -2,
        .flags = ASKS,
        .group = GROUP_PUBSUB,
        .since = "7.0.0",
        .complexity = "O(N) for the SHARDNUMSUB subcommand, where N is the number of requested "
                      "shard channels",
        .summary = "Counts the subscribers of shard channels.",
        .syntax = "[shardchannel...]",
    },
};

#define LISTENS CMD_PUBSUB | CMD_NO_SCRIPT | CMD_LOADING | CMD_STALE | CMD_SUBSCRIBED
#define SENDS CMD_PUBSUB | CMD_LOADING | CMD_STALE | CMD_FAST | CMD_MAY_REPLICATE

static const struct command rows[] = {
    {
        .name = "psubscribe",
        .run = cmd_psubscribe,
        .arity = -2,
        .flags = LISTENS,
        .group = GROUP_PUBSUB,
        .since = "2.0.0",
        .complexity = "O(N) where N is the number of patterns to subscribe to.",
        .summary = "Listens to all channels that match a pattern.",
        .syntax = "pattern={pattern:pattern}...",
    },
    {
        .name = "publish",
        .run = cmd_publish,
        .arity = 3,
        .flags = SENDS,
        .group = GROUP_PUBSUB,
        .since = "2.0.0",
        .complexity = "O(N+M) where N is the number of clients subscribed to the receiving "
                      "channel and M is the total number of subscribed patterns (by any client).",
        .summary = "Sends a message to everybody who listens to a channel.",
        .syntax = "channel message",
    },
    {
        .name = "pubsub",
        .arity = -2,
        .group = GROUP_PUBSUB,
        .acl = ACL_NO_GROUP,
        .since = "2.8.0",
        .complexity = "Depends on subcommand.",
        .summary = "Tells who listens to what.",
        .syntax = "",
        .subs = subs,
        .sub_count = COUNT_OF(subs),
    },
    {
        .name = "punsubscribe",
        .run = cmd_punsubscribe,
        .arity = -1,
        .flags = LISTENS,
        .group = GROUP_PUBSUB,
        .since = "2.0.0",
        .complexity = "O(N) where N is the number of patterns to unsubscribe.",
        .summary = "Stops listening to patterns, or to all.",
        .syntax = "[pattern:pattern...]",
    },
    {
        .name = "spublish",
        .run = cmd_spublish,
        .arity = 3,
        .flags = SENDS,
        .group = GROUP_PUBSUB,
        .keys = KEY_AT(1, KEY_NOT_KEY),
        .since = "7.0.0",
        .complexity = "O(N) where N is the number of clients subscribed to the receiving shard "
                      "channel.",
        .summary = "Sends a message to everybody who listens to a shard channel.",
        .syntax = "shardchannel message",
    },
    {
        .name = "ssubscribe",
        .run = cmd_ssubscribe,
        .arity = -2,
        .flags = LISTENS,
        .group = GROUP_PUBSUB,
        .keys = KEYS_FROM(1, -1, 1, KEY_NOT_KEY),
        .since = "7.0.0",
        .complexity = "O(N) where N is the number of shard channels to subscribe to.",
        .summary = "Listens to shard channels.",
        .syntax = "shardchannel...",
    },
    {
        .name = "subscribe",
        .run = cmd_subscribe,
        .arity = -2,
        .flags = LISTENS,
        .group = GROUP_PUBSUB,
        .since = "2.0.0",
        .complexity = "O(N) where N is the number of channels to subscribe to.",
        .summary = "Listens to channels.",
        .syntax = "channel...",
    },
    {
        .name = "sunsubscribe",
        .run = cmd_sunsubscribe,
        .arity = -1,
        .flags = LISTENS,
        .group = GROUP_PUBSUB,
        .keys = KEYS_FROM(1, -1, 1, KEY_NOT_KEY),
        .since = "7.0.0",
        .complexity = "O(N) where N is the number of shard channels to unsubscribe.",
        .summary = "Stops listening to shard channels, or to all.",
        .syntax = "[shardchannel...]",
    },
    {
        .name = "unsubscribe",
        .run = cmd_unsubscribe,
        .arity = -1,
        .flags = LISTENS,
        .group = GROUP_PUBSUB,
        .since = "2.0.0",
        .complexity = "O(N) where N is the number of channels to unsubscribe.",
        .summary = "Stops listening to channels, or to all.",
        .syntax = "[channel...]",
    },
};

struct command_table clients_pubsub_commands(struct clients *cs)
{
    return (struct command_table){ .rows = rows, .count = COUNT_OF(rows), .owner = cs };
}
