/* Directives whose features are still to come: users, scripts, key events, tracking. */
#include <errno.h>
#include <string.h>

#include "server/unbuilt.h"

static const struct directive_word pubsub_words[] = { { "allchannels", 0 },
                                                      { "resetchannels", 1 },
                                                      { NULL, 0 } };

/* Classes of events, in the order in which they are shown; those up to `ALL_CLASSES` are in A. */
static const char event_classes[] = "g$lshzxetdnKEm";

enum { ALL_CLASSES = 10, CELL_EVENTS = __COUNTER__ };

static int parse_events(void *owner, const struct slice *words, size_t count,
                        const char **ret_error)
{
    union unbuilt_cell *cells = owner;
    uint64_t bits = 0;
    *ret_error = "Invalid event class character. Use 'Ag$lshzxeKEtmdn'.";
    for (size_t i = 0; count == 1 && i < words[0].len; i++) {
        const char *class = strchr(event_classes, words[0].ptr[i]);
        if (words[0].ptr[i] == 'A')
            bits |= (1U << ALL_CLASSES) - 1;
        else if (class && *class)
            bits |= 1U << (class - event_classes);
        else
            return -EINVAL;
    }
    cells[CELL_EVENTS].bits = bits;
    return 0;
}

static void show_events(const void *owner, struct buf *out)
{
    const union unbuilt_cell *cells = owner;
    uint64_t bits = cells[CELL_EVENTS].bits, all = (1U << ALL_CLASSES) - 1;
    bool is_all = (bits & all) == all;
    if (is_all)
        buf_append_char(out, 'A');
    for (size_t i = is_all ? ALL_CLASSES : 0; event_classes[i]; i++)
        if (bits & (1U << i))
            buf_append_char(out, event_classes[i]);
}

static const struct directive rows[] = {
    { .name = "aclfile",
      .type = DIRECTIVE_STRING,
      .flags = DIRECTIVE_UNBUILT | DIRECTIVE_IMMUTABLE,
      UNBUILT_CELL,
      .initial = "",
      .summary = "A file with users, one a line." },
    { .name = "acllog-max-len",
      .type = DIRECTIVE_INT,
      .flags = DIRECTIVE_UNBUILT,
      UNBUILT_CELL,
      .max = INT64_MAX,
      .initial = "128",
      .summary = "How many refusals ACL LOG remembers." },
    { .name = "acl-pubsub-default",
      .type = DIRECTIVE_ENUM,
      .flags = DIRECTIVE_UNBUILT,
      UNBUILT_CELL,
      .initial = "resetchannels",
      .words = pubsub_words,
      .summary = "Whether a new user may use all channels or none." },
    { .name = "busy-reply-threshold",
      .alias = "lua-time-limit",
      .type = DIRECTIVE_INT,
      .flags = DIRECTIVE_UNBUILT,
      UNBUILT_CELL,
      .max = INT64_MAX,
      .initial = "5000",
      .summary = "Milliseconds after which a running script is busy: others are told so and "
                 "may end it." },
    { .name = "lua-enable-insecure-api",
      .alias = "lua-enable-deprecated-api",
      .type = DIRECTIVE_BOOL,
      .flags = DIRECTIVE_UNBUILT | DIRECTIVE_HIDDEN | DIRECTIVE_PROTECTED,
      UNBUILT_CELL,
      .initial = "no",
      .summary = "Whether scripts get functions of Lua that newer versions do not give them "
                 "any more." },
    { .name = "notify-keyspace-events",
      .type = DIRECTIVE_CUSTOM,
      .flags = DIRECTIVE_UNBUILT,
      .parse = parse_events,
      .show = show_events,
      .initial = "",
      .summary = "Which events of keys are published: K by the key's channel, E by the "
                 "event's; g for any type, $ strings, l lists, s sets, h hashes, z sorted "
                 "sets, t streams, d modules, x expired, e evicted, m missed, n new; A for "
                 "g$lshzxetd." },
    { .name = "tracking-table-max-keys",
      .type = DIRECTIVE_INT,
      .flags = DIRECTIVE_UNBUILT,
      UNBUILT_CELL,
      .max = INT64_MAX,
      .initial = "1000000",
      .summary = "How many keys the table for client-side caches remembers. 0 for any "
                 "number." },
};

const struct unbuilt_chapter unbuilt_features = { rows, COUNT_OF(rows), UNBUILT_CELLS,
                                                  "Access control, scripts, events", NULL };
