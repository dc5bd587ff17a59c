/* The journal: the ordered feed of effects, with offsets.
 *
 * An effect is a command, as it must be repeated elsewhere to arrive at the same data. Commands,
 * expiry and eviction append; sinks (AOF, replication backlog, slot migration, tests) receive.
 * Effects of one unit belong together: a unit with more than one is wrapped in MULTI and EXEC.
 * SELECT is inserted when the database changes, inside MULTI. Offsets count bytes and never go back.
 *
 * Without a sink nothing is encoded and appending costs one branch. */
#ifndef JOURNAL_JOURNAL_H
#define JOURNAL_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

struct journal;

struct journal_sink {
    /* The bytes of one whole unit; `offset` is the offset of its first byte. Borrowed. */
    void (*append)(void *arg, uint64_t offset, struct slice bytes);
    void *arg;
    bool data_only; /* does not get units that are messages alone: their offsets are left out */
};

struct journal *journal_new(void);
void journal_free(struct journal *j);

/* Sinks are called in the order in which they were added. The next effect starts with SELECT.
 * Within a unit, the effects that it has so far are given to the earlier sinks first, as a unit of their
 * own: the new sink gets what comes after this call. A sink must not add or remove sinks when it is called. */
void journal_add_sink(struct journal *j, const struct journal_sink *sink);
void journal_remove_sink(struct journal *j, const struct journal_sink *sink);

/* True when somebody listens: callers skip the building of effects otherwise. */
bool journal_is_on(const struct journal *j);

/* While muted nothing is appended, as if nobody listened: what is done is written down already. */
void journal_mute(struct journal *j, bool muted);

/* Units nest; the outermost one counts. */
void journal_unit_begin(struct journal *j);
void journal_unit_end(struct journal *j);

/* Appends an effect on database `db`. Outside a unit it is one of its own. */
void journal_effect(struct journal *j, int db, const struct slice *argv, size_t argc);
/* The same from a request's bytes as received (a whole multibulk). */
void journal_effect_wire(struct journal *j, int db, struct slice wire);

/* A message that changes no data (PUBLISH): whoever repeats it hears it too. Independent of the database. */
void journal_message(struct journal *j, const struct slice *argv, size_t argc);

/* Of the next byte that will be given to the sinks. */
uint64_t journal_offset(const struct journal *j);
/* Goes on with a history that is known from elsewhere; `offset` is not below the present one. */
void journal_set_offset(struct journal *j, uint64_t offset);

#endif
