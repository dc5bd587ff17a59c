/* All databases as commands: a base file that any server of the protocol can run.
 *
 * Each key is one command, or one for every 64 elements; its expiry follows as PEXPIREAT, those of a hash's
 * fields as HPEXPIREAT; of a stream also last id, counters, groups, consumers and what is pending. What is
 * run leads to equal data, whatever its encoding was. */
#ifndef PERSIST_AOF_COMMANDS_H
#define PERSIST_AOF_COMMANDS_H

#include <stdint.h>

#include "base/macros.h"
#include "base/slice.h"

struct entry;
struct keyspace;

struct aof_commands_to {
    /* The next bytes, in pieces. 0 or -errno, which ends it. */
    int (*write)(void *arg, struct slice bytes);
    /* After each key; not 0 ends it. May be NULL. */
    int (*wrote)(void *arg, const struct entry *e, uint64_t keys);
    void *arg;
    int64_t timestamp_s; /* of the annotation that it begins with; 0: none */
};

/* 0 or the first failure. Changes nothing. */
MUST_USE int aof_commands_write(struct keyspace *ks, const struct aof_commands_to *to);

#endif
