/* What the tests of the codec share: values of every type, encoding and size class; any value as text, so that two are
 * compared whole; sources and sinks that bring, take and fail as they are told; how much memory was asked for. */
#ifndef CODEC_TESTING_H
#define CODEC_TESTING_H

#include "codec/value.h"

extern const struct type_env codec_test_env;

/* A target whose key is "key", without expiry. */
struct codec_target codec_test_target(void);

/* ---- values ---- */

struct codec_sample {
    const char *name;
    struct entry *(*make)(size_t count);
    size_t count; /* elements or bytes */
};
extern const struct codec_sample codec_samples[];
extern const size_t codec_sample_count;

/* Encoding, key, expiry and everything in it; what has no order of its own is sorted. Free with buf_done(). */
struct buf codec_describe(const struct entry *e);

/* ---- sources and sinks ---- */

struct codec_source {
    struct slice bytes;
    size_t at;
    size_t chunk;   /* at most so many at a time */
    size_t fail_at; /* SIZE_MAX: never. Then it fails with */
    int error;
};
ssize_t codec_source_pull(void *arg, char *to, size_t max);

struct codec_taker {
    struct buf bytes;
    size_t pieces, longest; /* how often it was called, and the longest piece */
    size_t fail_at;         /* the piece that is refused; SIZE_MAX: none. Then it fails with */
    int error;
};
int codec_taker_take(void *arg, struct slice bytes);

/* ---- memory ---- */

/* What was asked for since the last start of counting: at least the most that was there at a time. */
void codec_memory_start(void);
size_t codec_memory_taken(void);

#endif
