/* Request parser: multibulk and inline requests from bytes, without copying them.
 *
 * Pure: it knows no socket and no session. It is given the unconsumed bytes of a connection and
 * yields complete requests whose arguments are slices into these bytes; what is left over (part of
 * a request) stays with the caller, who calls again with more bytes behind the same ones. State
 * between calls counts from the start of the unfinished request, so the bytes may move.
 *
 * Format: RESP ("*N\r\n$len\r\nbytes\r\n..."), or one inline line of words (base/words.h).
 * Limits and error texts are the peers'. */
#ifndef RESP_PARSE_H
#define RESP_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/slice.h"

#define RESP_INLINE_MAX ((size_t)64 * 1024)     /* an inline line, a length line */
#define RESP_ARGS_MAX ((int64_t)INT32_MAX)      /* arguments of a request */
#define RESP_ARGS_MAX_UNAUTH ((int64_t)10)      /* before authentication */
#define RESP_BULK_MAX_UNAUTH ((int64_t)16384)
#define RESP_BIG_BULK ((size_t)32 * 1024)       /* announced and not yet here: a buffer of its own */

struct resp_limits {
    int64_t args_max;
    int64_t bulk_max; /* proto-max-bulk-len */
    bool authenticated; /* false: the unauthenticated error texts */
};

/* A complete request. `argv` lies in the arena; `wire` is the request as received, from '*' to its
 * last CRLF (empty if it was inline or had a big bulk: encode it anew). */
struct resp_request {
    struct slice *argv;
    uint32_t argc;
    bool is_inline;
    struct slice wire;
};

/* Where an unfinished request stands. Zeroed: at the start of a request. */
struct resp_parser {
    int64_t args_left;   /* of a multibulk being read; 0: none */
    int64_t bulk_len;    /* announced and not yet complete; -1: none */
    uint32_t argc;       /* arguments already found */
    uint32_t args_cap;
    size_t offset;       /* parsed up to here, from the request's first byte */
    struct resp_arg *args; /* offsets of found arguments; owned; NULL between requests */
};

enum resp_status {
    RESP_REQUEST,  /* *ret_request is set, *consumed bytes belong to it */
    RESP_NOTHING,  /* *consumed bytes held an empty request ("*0", an empty line): go on */
    RESP_MORE,     /* needs more bytes; the parser remembers where it was */
    RESP_BIG,      /* needs a big bulk: see resp_parse_big */
    RESP_ERROR,    /* *ret_error is the text after "-ERR "; the connection must close */
};

struct resp_result {
    struct resp_request request;
    size_t consumed;
    const char *error;
    char error_char; /* for "expected '$', got '%c'" */
};

void resp_parser_init(struct resp_parser *p);
void resp_parser_done(struct resp_parser *p);

/* `bytes` starts at the unfinished request's first byte (or at a new one). */
enum resp_status resp_parse(struct resp_parser *p, const struct resp_limits *limits,
                            struct slice bytes, struct arena *arena, struct resp_result *ret);

/* After RESP_BIG: the announced length and how much of it is already in `bytes`, from *ret_have_at
 * on. The caller collects bulk and CRLF elsewhere and calls resp_parse_big_done with the bulk's final
 * bytes (kept by the caller as long as the request lives); parsing goes on behind it. */
size_t resp_parse_big(const struct resp_parser *p, size_t *ret_have_at);
void resp_parse_big_done(struct resp_parser *p, struct slice bulk);

#endif
