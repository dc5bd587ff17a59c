/* What the files that write values as commands share. */
#ifndef PERSIST_AOF_COMMANDS_PRIV_H
#define PERSIST_AOF_COMMANDS_PRIV_H

#include "base/buf.h"
#include "persist/aof_commands.h"
#include "types/entry.h"

struct commands_out {
    const struct aof_commands_to *to;
    struct buf buf;
    uint64_t keys;
    int error; /* the first failure; what follows is dropped */
};

/* A command of `argc` arguments, its name among them; the others follow. */
void commands_begin(struct commands_out *out, const char *name, size_t argc);
void commands_put(struct commands_out *out, struct slice arg);
void commands_put_int(struct commands_out *out, int64_t number);

void commands_put_stream(struct commands_out *out, const struct entry *e);

#endif
