/* One pair of functions a type, and what they share. */
#ifndef CODEC_VALUE_PRIV_H
#define CODEC_VALUE_PRIV_H

#include <errno.h>

#include "codec/value.h"
#include "ds/listpack.h"

/* A kind's reader: NULL, and the reader has the error. */
typedef struct entry *(*value_read)(struct codec_reader *r, uint8_t kind,
                                    const struct codec_target *to);

struct entry *read_string_value(struct codec_reader *r, uint8_t kind,
                                const struct codec_target *to);
void write_string_value(struct codec_writer *w, const struct entry *e);

struct entry *read_zset(struct codec_reader *r, uint8_t kind, const struct codec_target *to);
struct entry *read_zset_packed(struct codec_reader *r, uint8_t kind, const struct codec_target *to);
uint8_t zset_kind(const struct entry *e, int version);
void write_zset(struct codec_writer *w, const struct entry *e);

struct entry *read_hash(struct codec_reader *r, uint8_t kind, const struct codec_target *to);
struct entry *read_hash_packed(struct codec_reader *r, uint8_t kind, const struct codec_target *to);
int hash_version(const struct entry *e);
uint8_t hash_kind(const struct entry *e, int version);
void write_hash(struct codec_writer *w, const struct entry *e);

struct entry *read_set(struct codec_reader *r, uint8_t kind, const struct codec_target *to);
struct entry *read_set_intset(struct codec_reader *r, uint8_t kind, const struct codec_target *to);
struct entry *read_set_listpack(struct codec_reader *r, uint8_t kind,
                                const struct codec_target *to);
uint8_t set_kind(const struct entry *e, int version);
void write_set(struct codec_writer *w, const struct entry *e);

struct entry *read_list(struct codec_reader *r, uint8_t kind, const struct codec_target *to);
struct entry *read_list_packed(struct codec_reader *r, uint8_t kind, const struct codec_target *to);
uint8_t list_kind(const struct entry *e, int version);
void write_list(struct codec_writer *w, const struct entry *e);

struct entry *read_stream(struct codec_reader *r, uint8_t kind, const struct codec_target *to);
int stream_version(const struct entry *e);
uint8_t stream_kind(const struct entry *e, int version);
void write_stream(struct codec_writer *w, const struct entry *e);

/* A string that is a listpack, a ziplist or a zipmap, as a new listpack that is not empty; NULL: the
 * reader has the error. */
MUST_USE struct listpack *read_listpack(struct codec_reader *r);
MUST_USE struct listpack *read_ziplist(struct codec_reader *r);
MUST_USE struct listpack *read_zipmap(struct codec_reader *r);
/* The same, which may be empty. */
MUST_USE struct listpack *read_listpack_any(struct codec_reader *r);
MUST_USE struct listpack *read_ziplist_any(struct codec_reader *r);

/* How many elements follow: not none, and not more than there are bytes for. */
MUST_USE bool read_count(struct codec_reader *r, uint64_t *ret_count);
/* For so many of them memory is taken at once: the others have to arrive before they are believed. */
size_t count_to_reserve(const struct codec_reader *r, uint64_t count);
/* None is larger, whatever form the collection has. */
#define ELEMENT_BYTES_MAX (LISTPACK_BYTES_MAX - 64)
/* A string that an element can be. */
MUST_USE bool read_element(struct codec_reader *r, struct slice *ret_text);

INLINE void write_packed(struct codec_writer *w, const struct listpack *lp)
{
    codec_write_string(w, listpack_slice(lp));
}

/* The end of a reader that met something else. */
INLINE struct entry *failed(struct codec_reader *r, const char *expected)
{
    (void)codec_fail(r, -EBADMSG, "%s", expected);
    return NULL;
}

#endif
