/* Reading an append-only file: which commands it holds, and where it stops making sense.
 *
 * A file is bytes as clients send them, multibulk requests alone ("*2\r\n$3\r\nGET\r\n$1\r\na\r\n"), and lines that begin
 * with '#', which are annotations ("#TS:1700000000\r\n"). It may begin with an RDB file, the preamble, which is read
 * through aof_reader_pull(). docs/formats/aof.md has the layout.
 *
 * The reader holds a window of the file. Commands are slices into it, valid until aof_reader_fill(); so all
 * commands of a window can be gathered and run together. No length is believed: nothing is allocated for more than
 * the file still has. The loop:
 *
 *     for (;;)
 *         switch (aof_reader_next(r, arena, &item)) {
 *         case AOF_COMMAND: gather item.request; break;
 *         case AOF_ANNOTATION: look at item.text; break;
 *         case AOF_MORE: run what is gathered; reset the arena; error = aof_reader_fill(r); break;
 *         case AOF_END: ... AOF_TORN: ... AOF_BAD: ... return;
 *         }
 */
#ifndef PERSIST_AOF_READ_H
#define PERSIST_AOF_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/macros.h"
#include "base/slice.h"
#include "resp/parse.h"

struct aof_reader {
    int fd;
    char *window;
    size_t cap, len; /* of the window, */
    size_t at;       /* read up to here; */
    size_t wanted;   /* so many bytes from `at` on are needed to go on, as far as that is known */
    uint64_t offset; /* of the window's first byte */
    uint64_t size;   /* of the file */
    const char *expected; /* AOF_BAD and AOF_TORN: what should be at `fault`; static */
    uint64_t fault;
};

enum aof_status {
    AOF_COMMAND,
    AOF_ANNOTATION,
    AOF_MORE, /* the window holds no more: aof_reader_fill() */
    AOF_END,
    AOF_TORN, /* the file ends inside of an item, which begins at `offset` */
    AOF_BAD,  /* what begins at `offset` is nothing that can stand here; see r->fault */
};

struct aof_item {
    uint64_t offset;             /* of its first byte in the file, */
    uint64_t end;                /* and of the byte behind it */
    struct resp_request request; /* AOF_COMMAND */
    struct slice text;           /* AOF_ANNOTATION: behind '#', without the line's end */
};

/* 0 or -errno. */
MUST_USE int aof_reader_open(struct aof_reader *r, const char *path);
void aof_reader_done(struct aof_reader *r); /* also behind a failure of open */

/* Whether the file begins with RDB data; before anything else. 0, 1 or -errno. */
MUST_USE int aof_reader_has_preamble(struct aof_reader *r);
/* A codec_pull over the bytes from the file's beginning on; `arg` is the reader. */
ssize_t aof_reader_pull(void *arg, char *to, size_t max);
/* Goes on at this byte of the file: behind the preamble. 0 or -errno. */
MUST_USE int aof_reader_seek(struct aof_reader *r, uint64_t offset);

/* Arguments' slices lie in the arena. */
enum aof_status aof_reader_next(struct aof_reader *r, struct arena *arena, struct aof_item *ret);
/* 0, -ENOMEM, or -errno of the file. */
MUST_USE int aof_reader_fill(struct aof_reader *r);

#endif
