/* Key events as messages: `notify-keyspace-events`.
 *
 * What happens to a key is published on two channels: __keyspace@<db>__:<key> carries the event,
 * __keyevent@<db>__:<event> the key. The directive chooses which channels (K, E) and which classes of
 * events; while it chooses none the keyspace fires nothing. */
#ifndef CLIENT_NOTIFY_H
#define CLIENT_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

struct clients;

struct notify {
    uint32_t classes; /* enum db_event_class, or-ed */
    bool by_key, by_event;
    struct buf channel; /* the latest one; its room is used again */
};

/* Listens to the keyspace. */
void notify_init(struct clients *cs);
void notify_done(struct clients *cs);

#endif
