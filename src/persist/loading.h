/* Loading: that data is being read into memory, how far it is, and who is served meanwhile.
 *
 * Between loading_begin() and loading_end() the gate LOADING is live: only commands that may run while data is
 * loaded do, others are answered with -LOADING. Keys do not expire, and CONFIG SET refuses what must
 * not change meanwhile. Every loading-process-events-interval-bytes the server looks at its clients in a
 * nested turn (persist_hooks.yield); progress stands in INFO, and in the log once a second. */
#ifndef PERSIST_LOADING_H
#define PERSIST_LOADING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/macros.h"

struct loading;
struct rdb_report;

/* `total_bytes` of everything that will be loaded. */
void loading_begin(struct loading *l, uint64_t total_bytes);
/* So much of it is read. Cheap: may be called for each key. 0, or -ECANCELED if the server shall end. */
MUST_USE int loading_progress(struct loading *l, uint64_t done_bytes);
/* A key was stored: the directive key-load-delay. */
void loading_did_key(struct loading *l);
void loading_end(struct loading *l, bool ok);
bool loading_is_on(const struct loading *l);
/* What the last RDB file held: INFO. */
void loading_note_keys(struct loading *l, uint64_t loaded, uint64_t expired);

#endif
