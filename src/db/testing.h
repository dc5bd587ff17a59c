/* A keyspace for the tests of this room: with a journal, a sink, and a note of what the hooks were told; its clock stands
 * where the test puts it.
 *
 * What hooks were told reads "changed 0 k; new 0 k; ": what, database, key ("*" for all of them). */
#ifndef DB_TESTING_H
#define DB_TESTING_H

#include "db/db_priv.h"
#include "journal/test_sink.h"
#include "types/string.h"

/* Times of the functions below count from here. */
#define DB_WORLD_START_MS INT64_C(1700000000000)

struct db_world {
    struct journal *journal;
    struct test_sink sink;
    struct worker *worker; /* or NULL */
    struct keyspace *ks;
    struct db *db; /* database 0 */
    struct buf told;
};

struct db_world *db_world_new(bool with_worker);
void db_world_free(struct db_world *w);

/* Forgets what came to the sink and was told. */
void db_world_forget(struct db_world *w);
void db_world_go(struct db_world *w, int64_t ms);

struct key db_world_key(const struct db *db, const char *name);
struct entry *db_world_peek(struct db *db, const char *name);
/* Sets a string; ENTRY_NO_EXPIRY as it is, other times from the start. */
void db_world_set(struct db *db, const char *name, const char *value, int64_t ms);

/* Stores and applies a directive's value as CONFIG SET does. */
void db_world_config(struct db_world *w, const char *name, const char *value);
/* What INFO shows for a section: "name:value " for each row, the text of blocks. */
void db_world_info(struct db_world *w, const char *section, struct buf *out);

/* For tests, beside tests/unit/check.h: what came since the last call. */
#define CHECK_TOLD(w, literal)                    \
    do {                                          \
        CHECK_STR(buf_cstr(&(w)->told), literal); \
        buf_clear(&(w)->told);                    \
    } while (0)
#define CHECK_EFFECTS(w, literal)                       \
    do {                                                \
        CHECK_STR(test_sink_text(&(w)->sink), literal); \
        test_sink_clear(&(w)->sink);                    \
    } while (0)

#endif
