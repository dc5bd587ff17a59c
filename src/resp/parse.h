/* Request parser: multibulk and inline requests from bytes, without copying them.
 *
 * Pure: it knows no socket and no session. It is given the unconsumed bytes of a connection and
 * yields complete requests whose arguments are slices into these bytes; what is left over (part of
 * a request) stays with the caller, who calls again with more bytes behind the same ones. State
 * between calls counts from the start of the unfinished request, so the bytes may move. How the
 * bytes are split over calls changes nothing.
 *
 * Format: RESP ("*N\r\n$len\r\nbytes\r\n..."), or one inline line of words (base/words.h).
 * Limits, error texts and laxities are the peers': behind a '\r' and behind a bulk any byte is
 * taken for the line end, and a NUL in a length or an inline line hides what follows it, so that
 * only the limit of the line ends the wait.
 *
 * The caller's loop, with big bulks (limits.big_bulk; a caller that leaves it 0 never sees them):
 *
 *     while (bytes.len > 0) {
 *         struct resp_result got;
 *         switch (resp_parse(&parser, &limits, bytes, arena, &got)) {
 *         case RESP_REQUEST:
 *             enqueue(&got.request);
 *             break;
 *         case RESP_NOTHING:
 *             break;
 *         case RESP_MORE:
 *             return keep(bytes); // and call again with `bytes` and what comes next
 *         case RESP_ERROR:
 *             return enqueue_error_and_close(got.error);
 *         case RESP_BIG:
 *             len = resp_parse_big(&parser, &at);
 *             blob = blob_try_new(len, len + 2); // 2: the CRLF
 *             have = bytes.len - at;             // always less than len + 2
 *             memcpy(blob->bytes, bytes.ptr + at, have);
 *             stream_expect(stream, blob->bytes + have, len + 2 - have);
 *             return keep(slice_of(bytes.ptr, at)); // the request's head, without the bulk
 *         }
 *         bytes = slice_from(bytes, got.consumed);
 *     }
 *
 * and when the bulk is complete:
 *
 *     resp_parse_big_done(&parser, slice_of(blob->bytes, len));
 *     run the loop with the kept head, at once: the request may be complete; then, as ever, with
 *     the head and what comes behind the bulk's CRLF. */
#ifndef RESP_PARSE_H
#define RESP_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/slice.h"

#define RESP_INLINE_MAX ((size_t)64 * 1024) /* an inline line, a length line */
#define RESP_ARGS_MAX ((int64_t)INT32_MAX)  /* arguments of a request */
#define RESP_ARGS_MAX_UNAUTH ((int64_t)10)  /* before authentication */
#define RESP_BULK_MAX_UNAUTH ((int64_t)16384)
#define RESP_BIG_BULK ((size_t)32 * 1024) /* limits.big_bulk of clients */

struct resp_limits {
    int64_t bulk_max;   /* proto-max-bulk-len */
    size_t big_bulk;    /* a bulk of this length or more that is not yet here: RESP_BIG; 0: never */
    bool authenticated; /* false: the limits ..._UNAUTH hold as well, with their own texts */
};

/* A complete request. `argv` lies in the arena, its arguments in the given bytes (inline: in the
 * arena; big bulks: where the caller put them). `wire` is the request as received, from '*' to its
 * last CRLF; empty if it was inline, had a big bulk or a line end that is not CRLF: then who needs
 * the request as bytes encodes it anew. */
struct resp_request {
    struct slice *argv;
    uint32_t argc; /* at least 1 */
    bool is_inline;
    struct slice wire;
};

struct resp_arg;

/* Where an unfinished request stands. Zeroed: at the start of a request. */
struct resp_parser {
    int64_t args_left;     /* of a multibulk being read */
    int64_t bulk_len;      /* announced and not yet complete; -1: none */
    size_t offset;         /* parsed up to here, from the request's first byte */
    uint32_t argc;         /* arguments already found; idle: both are 0 */
    uint32_t args_cap;     /* grows with the arguments that came, not with those announced */
    struct resp_arg *args; /* where the found arguments are; owned; NULL between requests */
    bool no_wire;          /* a big bulk or a sloppy line end was seen */
};

enum resp_status {
    RESP_REQUEST, /* ret->request is set, ret->consumed bytes belong to it */
    RESP_NOTHING, /* ret->consumed bytes held an empty request ("*0", an empty line): go on */
    RESP_MORE,    /* needs more bytes; the parser remembers where it was */
    RESP_BIG,     /* needs a big bulk: see resp_parse_big */
    RESP_ERROR,   /* ret->error is set; the connection must close, the parser starts anew */
};

struct resp_result {
    struct resp_request request;
    size_t consumed;
    const char *error; /* the text behind "-ERR ": static or in the arena; it may hold CR or LF,
                        * which reply_error makes spaces of */
};

void resp_parser_init(struct resp_parser *p);
void resp_parser_done(struct resp_parser *p); /* forgets an unfinished request */

/* Whether the parser stands between two requests. An unfinished inline request leaves no trace. */
INLINE bool resp_parser_is_idle(const struct resp_parser *p)
{
    return p->args_left == 0 && p->argc == 0;
}

/* Memory held for an unfinished request, beside the bytes. */
size_t resp_parser_footprint(const struct resp_parser *p);

/* `bytes` starts at the unfinished request's first byte (or at a new one). Of *ret only the fields
 * that the status names are set. */
enum resp_status resp_parse(struct resp_parser *p, const struct resp_limits *limits,
                            struct slice bytes, struct arena *arena, struct resp_result *ret);

/* After RESP_BIG: the announced length, and where in the given bytes the bulk begins. What is there
 * of bulk and CRLF is everything from *ret_have_at to the end. p->argc is the index that the
 * argument will have. */
size_t resp_parse_big(const struct resp_parser *p, size_t *ret_have_at);

/* The bulk (of the announced length, without its CRLF) is complete, outside of the bytes; it must
 * stay there as long as the parser or the request refers to it. From here on the unfinished
 * request's bytes are its head, up to *ret_have_at, and what comes behind the bulk's CRLF. A caller
 * that lets the bulk come into `bytes` instead just calls resp_parse again. */
void resp_parse_big_done(struct resp_parser *p, struct slice bulk);

#endif
