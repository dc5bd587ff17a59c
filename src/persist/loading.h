/* Loading: that data is being read into memory, how far it is, and who is served meanwhile.
 *
 * Between loading_begin() and loading_end() the gate LOADING is live: only commands that may run while data is
 * loaded do, others are answered with -LOADING. Keys do not expire, nobody who waits for a key is served, nothing
 * is journaled, and CONFIG SET refuses what must not change meanwhile. Every
 * loading-process-events-interval-bytes, and every tenth of a second, the server looks at its clients in a nested
 * turn (persist_hooks.yield); progress stands in INFO, and in the log once a second.
 *
 * How to use it (RDB file, append-only file, DEBUG RELOAD and LOADAOF):
 *
 *     if (loading_is_on(l))
 *         refuse: a nested turn runs inside of another load
 *     loading_begin(l, bytes_of_all_files);
 *     for each key, or some commands:
 *         store it;
 *         loading_did_keys(l, 1);
 *         error = loading_progress(l, bytes_so_far);   // -ECANCELED: give up at once
 *     loading_end(l, error == 0);
 *
 * Inside of a nested turn commands run and clients come and go: across loading_progress() the loader holds nothing
 * that these may change (no entry, no database's table under iteration). Data is not looked at by them. */
#ifndef PERSIST_LOADING_H
#define PERSIST_LOADING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/macros.h"

struct loading;

/* `total_bytes` of everything that will be loaded; 0 if that is not known. */
void loading_begin(struct loading *l, uint64_t total_bytes);
/* So much of it is read. Cheap: may be called for each key. 0, or -ECANCELED: the server shall end. */
MUST_USE int loading_progress(struct loading *l, uint64_t done_bytes);
/* So many keys were stored, or commands run: the directive key-load-delay. */
void loading_did_keys(struct loading *l, uint64_t count);
/* Whether there is such a delay: then keys are told one by one, so that clients are looked at in between. */
bool loading_is_slowed(const struct loading *l);
void loading_end(struct loading *l, bool ok);
bool loading_is_on(const struct loading *l);

/* For INFO. What the last RDB file held; and how much memory it said that the data needs (used-mem). */
void loading_note_keys(struct loading *l, uint64_t loaded, uint64_t expired);
void loading_note_used_memory(struct loading *l, uint64_t bytes);

#endif
