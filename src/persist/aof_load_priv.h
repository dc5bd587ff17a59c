/* Loading one file of an append-only file. */
#ifndef PERSIST_AOF_LOAD_PRIV_H
#define PERSIST_AOF_LOAD_PRIV_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/macros.h"

struct persist;

struct aof_load_file {
    const char *name;
    bool is_last;
    bool is_single; /* that of an older server */
};

/* Of all files so far. */
struct aof_loaded {
    uint64_t bytes;
    uint64_t base_bytes;
};

/* 0, or -errno; the log has where and why. */
MUST_USE int aof_load_file(struct persist *p, const struct aof_load_file *file,
                           struct aof_loaded *loaded);

/* DIR/NAME in place of what is in the buffer. */
void aof_file_path(struct buf *out, const char *dir, const char *name);

#endif
