/* Life of a connection, and what all transports share. */
#include "net/conn.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/clock.h"
#include "base/mem.h"
#include "event/loop.h"
#include "net/conn_priv.h"

#define NS_PER_MS 1000000

struct conn *conn_new(const struct conn_type *type, struct loop *loop)
{
    ASSERT(type->size >= sizeof(struct conn));
    struct conn *c = mem_zalloc(type->size);
    c->type = type;
    c->loop = loop;
    c->fd = -1;
    c->state = CONN_NONE;
    return c;
}

struct conn *conn_new_accepted(const struct conn_type *type, struct loop *loop, int fd)
{
    ASSERT(fd >= 0);
    struct conn *c = conn_new(type, loop);
    c->fd = fd;
    c->state = CONN_ACCEPTING;
    return c;
}

void conn_ref(struct conn *c)
{
    ASSERT(c->refs < UINT16_MAX);
    c->refs++;
}

bool conn_unref(struct conn *c)
{
    ASSERT(c->refs > 0);
    if (--c->refs > 0 || !c->closed)
        return !c->closed;
    mem_free_sized(c, c->type->size);
    return false;
}

bool conn_call(struct conn *c, conn_fn fn)
{
    conn_ref(c);
    fn(c);
    return conn_unref(c);
}

int conn_failed(struct conn *c, int error)
{
    ASSERT(error > 0);
    c->error = error;
    if (c->state != CONN_CLOSED)
        c->state = CONN_ERROR;
    return -error;
}

int conn_watch(struct conn *c)
{
    uint32_t want = 0;
    if (c->on_read && c->state != CONN_CONNECTING)
        want |= LOOP_READABLE;
    if (c->on_write || c->state == CONN_CONNECTING)
        want |= LOOP_WRITABLE;
    uint32_t have = loop_file_mask(c->loop, c->fd);
    if (have & ~want)
        loop_file_remove(c->loop, c->fd, have & ~want);
    return want & ~have ? loop_file_add(c->loop, c->fd, want & ~have, c->type->event, c) : 0;
}

void conn_release(struct conn *c)
{
    ASSERT(!c->closed);
    if (c->fd >= 0) {
        loop_file_remove(c->loop, c->fd, LOOP_READABLE | LOOP_WRITABLE);
        (void)close(c->fd);
        c->fd = -1;
    }
    c->on_read = c->on_write = c->on_outcome = NULL;
    c->state = CONN_CLOSED;
    c->closed = true;
    if (c->refs == 0)
        mem_free_sized(c, c->type->size);
}

/* -- with a deadline ---------------------------------------------------------------------- */

struct deadline {
    uint64_t end_ns;
    bool none;
};

static struct deadline deadline_in(int64_t timeout_ms)
{
    return (struct deadline){ clock_mono_ns() + (uint64_t)MAX_OF(timeout_ms, 0) * NS_PER_MS,
                              timeout_ms < 0 };
}

static int deadline_wait(const struct conn *c, const struct deadline *d, uint32_t mask)
{
    uint64_t now_ns = clock_mono_ns();
    if (!d->none && now_ns >= d->end_ns)
        return -ETIMEDOUT;
    return socket_wait(c->fd, mask,
                       d->none ? -1 : (int64_t)((d->end_ns - now_ns + NS_PER_MS - 1) / NS_PER_MS));
}

/* What one read gave, after waiting as long as needed: > 0, or -errno. */
static ssize_t read_some(struct conn *c, void *out, size_t len, const struct deadline *d)
{
    for (;;) {
        ssize_t got = conn_read(c, out, len);
        if (got == 0)
            return -EPIPE;
        if (got != -EAGAIN)
            return got;
        int error = deadline_wait(c, d, LOOP_READABLE);
        if (error < 0)
            return error;
    }
}

ssize_t conn_generic_read_deadline(struct conn *c, void *out, size_t len, int64_t timeout_ms)
{
    struct deadline d = deadline_in(timeout_ms);
    for (size_t have = 0; have < len;) {
        ssize_t got = read_some(c, (char *)out + have, len - have, &d);
        if (got < 0)
            return got;
        have += (size_t)got;
    }
    return (ssize_t)len;
}

ssize_t conn_generic_write_deadline(struct conn *c, const void *bytes, size_t len,
                                    int64_t timeout_ms)
{
    struct deadline d = deadline_in(timeout_ms);
    for (size_t done = 0; done < len;) {
        ssize_t put = conn_write(c, (const char *)bytes + done, len - done);
        if (put > 0) {
            done += (size_t)put;
            continue;
        }
        int error = put == -EAGAIN ? deadline_wait(c, &d, LOOP_WRITABLE) : (int)put;
        if (error < 0)
            return error;
    }
    return (ssize_t)len;
}

/* Byte by byte, because nothing behind the line may be taken. Lines are short and rare. */
ssize_t conn_generic_read_line_deadline(struct conn *c, char *out, size_t size, int64_t timeout_ms)
{
    struct deadline d = deadline_in(timeout_ms);
    for (size_t len = 0; len < size; len++) {
        ssize_t got = read_some(c, out + len, 1, &d);
        if (got < 0)
            return got;
        if (out[len] != '\n')
            continue;
        if (len > 0 && out[len - 1] == '\r')
            len--;
        out[len] = '\0';
        return (ssize_t)len;
    }
    return -EMSGSIZE;
}
