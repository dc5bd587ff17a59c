/* RDB files: the handle, with the settings of the format and what is kept from file to file. */
#include "persist/rdb.h"

#include "base/mem.h"
#include "persist/rdb_priv.h"

static const struct directive_word strictness_words[] = { { "strict", RDB_STRICT },
                                                          { "relaxed", RDB_RELAXED },
                                                          { NULL, 0 } };
static const struct directive_word sanitize_words[] = {
    { "no", 0 }, { "yes", 1 }, { "clients", 2 }, { NULL, 0 }
};
static const struct directive_word version_words[] = {
    { "auto", 0 }, { "10", 10 }, { "11", 11 }, { NULL, 0 }
};

#define AT(member) .offset = offsetof(struct rdb_settings, member)

static const struct directive directives[] = {
    { .name = "rdbcompression",
      .type = DIRECTIVE_BOOL,
      AT(compression),
      .initial = "yes",
      .summary = "Whether strings of a snapshot are compressed. Costs time, saves space." },
    { .name = "rdbchecksum",
      .type = DIRECTIVE_BOOL,
      .flags = DIRECTIVE_IMMUTABLE,
      AT(checksum),
      .initial = "yes",
      .summary = "Whether a snapshot ends with a checksum, and is checked against it when it "
                 "is loaded." },
    { .name = "rdb-version-check",
      .type = DIRECTIVE_ENUM,
      AT(version_check),
      .initial = "strict",
      .words = strictness_words,
      .summary = "Whether a snapshot, or a payload of RESTORE, of a version that is not known is "
                 "refused (strict) or read as far as possible (relaxed)." },
    { .name = "rdb-format-version",
      .type = DIRECTIVE_ENUM,
      AT(format_version),
      .initial = "auto",
      .words = version_words,
      .summary =
          "The version of the snapshots that are written. auto is 11, or above that what the "
          "data needs: 12 for hashes with fields that expire, 14 for streams with entries "
          "that were given back. 10 can be read by Redis 7.0. With 10 and 11 a snapshot "
          "fails, and the log names the key, if a value does not fit." },
    { .name = "rdb-key-save-delay",
      .type = DIRECTIVE_INT,
      .flags = DIRECTIVE_HIDDEN,
      AT(key_save_delay_us),
      .min = INT32_MIN,
      .max = INT32_MAX,
      .initial = "0",
      .summary = "For tests: microseconds to sleep behind each key of a snapshot that is "
                 "written. Negative: one microsecond for so many keys." },
    { .name = "sanitize-dump-payload",
      .type = DIRECTIVE_ENUM,
      AT(sanitize),
      .initial = "no",
      .words = sanitize_words,
      .summary = "Whether values in files and in RESTORE are checked byte by byte before they "
                 "are used. They always are; the choice is kept for the peers' files." },
};

struct rdb *rdb_new(struct persist *p)
{
    struct rdb *r = mem_alloc(sizeof(*r));
    *r = (struct rdb){ .persist = p };
    const struct directive_table table = rdb_directives(r);
    directive_init_all(&table);
    return r;
}

void rdb_free(struct rdb *r)
{
    rdb_libraries_done(&r->libraries);
    mem_free(r);
}

const int *rdb_version_leniency(const struct rdb *r)
{
    return &r->settings.version_check;
}

struct directive_table rdb_directives(struct rdb *r)
{
    return (struct directive_table){ .rows = directives,
                                     .count = COUNT_OF(directives),
                                     .settings = &r->settings,
                                     .owner = r,
                                     .title = "Persistence" };
}
