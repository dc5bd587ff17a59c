/* A blob: a big string, counted by references.
 *
 * Values of BLOB_MIN bytes and more are blobs, so that a reply can send them without copying while
 * the key is already overwritten. A blob may have spare room behind its bytes for APPEND; it may
 * be changed only while blob_is_shared() is false. Counting is atomic: I/O threads and the
 * background threads release blobs too. */
#ifndef BASE_BLOB_H
#define BASE_BLOB_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

#define BLOB_MIN ((size_t)16 * 1024)

struct blob {
    _Atomic uint32_t refs;
    size_t len;
    size_t cap;
    char bytes[];
};

/* A blob of `len` bytes, not yet written, with room for `cap` (>= len). One reference. */
struct blob *blob_new(size_t len, size_t cap);
struct blob *blob_try_new(size_t len, size_t cap); /* NULL when there is no memory */
struct blob *blob_copy(struct slice bytes);
struct blob *blob_ref(struct blob *b);
void blob_unref(struct blob *b); /* accepts NULL */
bool blob_is_shared(const struct blob *b);

/* An unshared blob with room for at least `cap`; consumes b, which must not be shared. */
struct blob *blob_reserve(struct blob *b, size_t cap);
/* The same; NULL when there is no memory, and b stays as it is. */
struct blob *blob_try_reserve(struct blob *b, size_t cap);

INLINE struct slice blob_slice(const struct blob *b)
{
    return slice_of(b->bytes, b->len);
}

/* Bytes taken from the allocator. */
size_t blob_footprint(const struct blob *b);

#endif
