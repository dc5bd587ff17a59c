/* Names of flags, groups and ACL categories, and what a row implies about them. */
#include "dispatch/dispatch_priv.h"

struct named_bit {
    const char *name;
    uint32_t bit;
};

/* What COMMAND INFO shows; the flags of ours that it does not are absent. */
static const struct named_bit flag_names[] = {
    { "write", CMD_WRITE },
    { "readonly", CMD_READ },
    { "denyoom", CMD_DENY_OOM },
    { "admin", CMD_ADMIN },
    { "pubsub", CMD_PUBSUB },
    { "noscript", CMD_NO_SCRIPT },
    { "blocking", CMD_BLOCKING },
    { "loading", CMD_LOADING },
    { "stale", CMD_STALE },
    { "skip_monitor", CMD_SKIP_MONITOR },
    { "skip_slowlog", CMD_SKIP_SLOWLOG },
    { "asking", CMD_ASKING },
    { "fast", CMD_FAST },
    { "no_auth", CMD_NO_AUTH },
    { "no_async_loading", CMD_NO_ASYNC_LOADING },
    { "no_multi", CMD_NO_MULTI },
    { "movablekeys", CMD_MOVABLE_KEYS },
    { "allow_busy", CMD_ALLOW_BUSY },
    { "no_mandatory_keys", CMD_NO_MANDATORY_KEYS },
};

static const struct group_row {
    const char *name;
    const char *category; /* that its commands belong to, NULL if none */
} groups[GROUP_COUNT] = {
    [GROUP_GENERIC] = { "generic", "keyspace" },
    [GROUP_STRING] = { "string", "string" },
    [GROUP_LIST] = { "list", "list" },
    [GROUP_SET] = { "set", "set" },
    [GROUP_SORTED_SET] = { "sorted-set", "sortedset" },
    [GROUP_HASH] = { "hash", "hash" },
    [GROUP_PUBSUB] = { "pubsub", "pubsub" },
    [GROUP_TRANSACTIONS] = { "transactions", "transaction" },
    [GROUP_CONNECTION] = { "connection", "connection" },
    [GROUP_SERVER] = { "server", NULL },
    [GROUP_SCRIPTING] = { "scripting", "scripting" },
    [GROUP_HYPERLOGLOG] = { "hyperloglog", "hyperloglog" },
    [GROUP_CLUSTER] = { "cluster", NULL },
    [GROUP_SENTINEL] = { "sentinel", NULL },
    [GROUP_GEO] = { "geo", "geo" },
    [GROUP_STREAM] = { "stream", "stream" },
    [GROUP_BITMAP] = { "bitmap", "bitmap" },
};

/* Category by category: which flags imply it, and which bit of a row's own `acl`. */
static const struct category_row {
    const char *name;
    uint32_t flags;
    uint32_t acl;
} categories[] = {
    { "keyspace", 0, ACL_KEYSPACE },
    { "read", CMD_READ, ACL_READ },
    { "write", CMD_WRITE, ACL_WRITE },
    { "set", 0, ACL_SET },
    { "sortedset", 0, ACL_SORTED_SET },
    { "list", 0, ACL_LIST },
    { "hash", 0, 0 },
    { "string", 0, ACL_STRING },
    { "bitmap", 0, 0 },
    { "hyperloglog", 0, 0 },
    { "geo", 0, 0 },
    { "stream", 0, 0 },
    { "pubsub", CMD_PUBSUB, ACL_PUBSUB },
    { "admin", CMD_ADMIN, ACL_ADMIN },
    { "fast", CMD_FAST, 0 },
    { "slow", 0, 0 },
    { "blocking", CMD_BLOCKING, ACL_BLOCKING },
    { "dangerous", CMD_ADMIN, ACL_DANGEROUS },
    { "connection", 0, ACL_CONNECTION },
    { "transaction", 0, ACL_TRANSACTION },
    { "scripting", 0, ACL_SCRIPTING },
};

const char *group_name(enum command_group group)
{
    return groups[group].name;
}

void command_print_flags(struct buf *out, const struct command *row)
{
    const char *separator = "";
    for (size_t i = 0; i < COUNT_OF(flag_names); i++) {
        if (!(row->flags & flag_names[i].bit))
            continue;
        buf_printf(out, "%s%s", separator, flag_names[i].name);
        separator = " ";
    }
}

static bool in_category(const struct command *row, const struct category_row *category)
{
    if ((row->flags & category->flags) || (row->acl & category->acl))
        return true;
    if (strcmp(category->name, "slow") == 0)
        return !(row->flags & CMD_FAST);
    const char *own = groups[row->group].category;
    return own && !(row->acl & ACL_NO_GROUP) && strcmp(category->name, own) == 0;
}

bool command_has_category(const struct command *row, struct slice category, bool *ret_known)
{
    for (size_t i = 0; i < COUNT_OF(categories); i++) {
        if (!slice_is(category, categories[i].name))
            continue;
        *ret_known = true;
        return in_category(row, &categories[i]);
    }
    *ret_known = false;
    return false;
}

void reply_command_categories(struct reply *r, const struct command *row)
{
    size_t count = 0;
    for (size_t i = 0; i < COUNT_OF(categories); i++)
        count += in_category(row, &categories[i]);
    reply_set(r, count);
    for (size_t i = 0; i < COUNT_OF(categories); i++) {
        if (!in_category(row, &categories[i]))
            continue;
        char name[32] = "@";
        size_t len = strlen(categories[i].name);
        memcpy(name + 1, categories[i].name, len);
        reply_status(r, slice_of(name, len + 1));
    }
}

void reply_command_flags(struct reply *r, const struct command *row)
{
    size_t count = 0;
    for (size_t i = 0; i < COUNT_OF(flag_names); i++)
        count += (row->flags & flag_names[i].bit) != 0;
    reply_set(r, count);
    for (size_t i = 0; i < COUNT_OF(flag_names); i++)
        if (row->flags & flag_names[i].bit)
            reply_status(r, slice_str(flag_names[i].name));
}

void command_print_categories(struct buf *out, const struct command *row)
{
    const char *separator = "";
    for (size_t i = 0; i < COUNT_OF(categories); i++) {
        if (!in_category(row, &categories[i]))
            continue;
        buf_printf(out, "%s@%s", separator, categories[i].name);
        separator = " ";
    }
}
