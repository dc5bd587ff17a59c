#include "client/notify.h"

#include <errno.h>

#include "client/client_priv.h"
#include "db/db.h"

/* A channel's name that needed more room than this gives it back. */
#define KEEP_BYTES_MAX ((size_t)4096)

/* ---- the directive ---- */

/* Letters in the order in which they are shown. */
static const struct {
    char letter;
    uint32_t class;
} letters[] = {
    { 'g', EVENT_GENERIC }, { '$', EVENT_STRING }, { 'l', EVENT_LIST },    { 's', EVENT_SET },
    { 'h', EVENT_HASH },    { 'z', EVENT_ZSET },   { 'x', EVENT_EXPIRED }, { 'e', EVENT_EVICTED },
    { 't', EVENT_STREAM },  { 'd', EVENT_MODULE }, { 'n', EVENT_NEW },
};

#define ALL_CLASSES                                                                    \
    (EVENT_GENERIC | EVENT_STRING | EVENT_LIST | EVENT_SET | EVENT_HASH | EVENT_ZSET | \
     EVENT_EXPIRED | EVENT_EVICTED | EVENT_STREAM | EVENT_MODULE)

static bool take_letter(struct notify *n, char letter)
{
    switch (letter) {
    case 'K':
        n->by_key = true;
        return true;
    case 'E':
        n->by_event = true;
        return true;
    case 'A':
        n->classes |= ALL_CLASSES;
        return true;
    case 'm':
        n->classes |= EVENT_MISS;
        return true;
    default:
        break;
    }
    for (size_t i = 0; i < COUNT_OF(letters); i++)
        if (letters[i].letter == letter) {
            n->classes |= letters[i].class;
            return true;
        }
    return false;
}

static int parse_events(void *owner, const struct slice *words, size_t count,
                        const char **ret_error)
{
    struct notify *n = &((struct clients *)owner)->notify;
    struct notify parsed = { .channel = n->channel };
    *ret_error = "Invalid event class character. Use 'Ag$lshzxeKEtmdn'.";
    for (size_t i = 0; count == 1 && i < words[0].len; i++)
        if (!take_letter(&parsed, words[0].ptr[i]))
            return -EINVAL;
    *n = parsed;
    return 0;
}

/* The oracle leaves n out beside A; a file that it had rewritten would lose it. */
static void show_events(const void *owner, struct buf *out)
{
    const struct notify *n = &((const struct clients *)owner)->notify;
    uint32_t shown = n->classes;
    if ((shown & ALL_CLASSES) == ALL_CLASSES) {
        buf_append_char(out, 'A');
        shown &= ~(uint32_t)ALL_CLASSES;
    }
    for (size_t i = 0; i < COUNT_OF(letters); i++)
        if (shown & letters[i].class)
            buf_append_char(out, letters[i].letter);
    if (n->by_key)
        buf_append_char(out, 'K');
    if (n->by_event)
        buf_append_char(out, 'E');
    if (n->classes & EVENT_MISS)
        buf_append_char(out, 'm');
}

/* Classes that go to no channel cost nothing either. */
static int apply_events(void *owner, const char **ret_error UNUSED)
{
    const struct clients *cs = owner;
    const struct notify *n = &cs->notify;
    keyspace_set_event_classes(dispatch_keyspace(cs->dispatch),
                               n->by_key || n->by_event ? n->classes : 0);
    return 0;
}

static const struct directive directives[] = {
    { .name = "notify-keyspace-events",
      .type = DIRECTIVE_CUSTOM,
      .parse = parse_events,
      .show = show_events,
      .apply = apply_events,
      .initial = "",
      .summary = "Which events of keys are published: K by the key's channel, E by the "
                 "event's; g for any type, $ strings, l lists, s sets, h hashes, z sorted "
                 "sets, t streams, d modules, x expired, e evicted, m missed, n new; A for "
                 "g$lshzxetd." },
};

struct directive_table clients_notify_directives(struct clients *cs)
{
    return (struct directive_table){ directives, COUNT_OF(directives), cs, cs, "Events of keys" };
}

/* ---- events ---- */

static struct slice name_channel(struct notify *n, const char *prefix, int db, struct slice name)
{
    buf_clear(&n->channel);
    buf_append_str(&n->channel, prefix);
    buf_append_uint(&n->channel, (uint64_t)db);
    buf_append_str(&n->channel, "__:");
    buf_append(&n->channel, name);
    return buf_slice(&n->channel);
}

static void on_event(void *arg, struct db *db, enum db_event_class class UNUSED, const char *event,
                     struct slice name)
{
    struct clients *cs = arg;
    struct notify *n = &cs->notify;
    struct slice event_name = slice_str(event);
    if (pubsub_subscribers(cs->pubsub) == 0)
        return;
    if (n->by_key)
        (void)clients_publish(cs, PUBSUB_CHANNEL,
                              name_channel(n, "__keyspace@", db_index(db), name), event_name);
    if (n->by_event)
        (void)clients_publish(cs, PUBSUB_CHANNEL,
                              name_channel(n, "__keyevent@", db_index(db), event_name), name);
    if (n->channel.cap > KEEP_BYTES_MAX)
        buf_done(&n->channel);
}

void notify_init(struct clients *cs)
{
    struct keyspace *ks = dispatch_keyspace(cs->dispatch);
    struct directive_table table = clients_notify_directives(cs);
    buf_init(&cs->notify.channel, BUF_NO_CEILING);
    directive_init_all(&table);
    keyspace_set_event_classes(ks, 0);
    keyspace_hooks(ks)->event.fn = on_event;
    keyspace_hooks(ks)->event.arg = cs;
}

void notify_done(struct clients *cs)
{
    buf_done(&cs->notify.channel);
}
