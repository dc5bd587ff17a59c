/* Encoding a message, and handing it to a client. */
#include "base/assert.h"
#include "base/num.h"
#include "client/client_priv.h"

/* A longer message is a blob. What is copied costs as much as what is referred to at about this
 * length (a span of its own: a reference, a place in the queue, a piece of the write). */
#define FEED_MESSAGE_MAX ((size_t)512)

static_assert(FEED_MESSAGE_MAX <= BLOCK_SMALL_BYTES, "it fits into a feed's block");

static size_t digits_of(size_t n)
{
    size_t digits = 1;
    for (; n >= 10; n /= 10)
        digits++;
    return digits;
}

void message_init(struct message *m, struct clients *cs, const struct slice *parts, unsigned count)
{
    ASSERT(count <= MESSAGE_PARTS_MAX);
    *m = (struct message){ .owner = cs, .parts = parts, .count = count };
    m->len = 4; /* "*3\r\n" */
    for (unsigned i = 0; i < count; i++)
        m->len += 1 + digits_of(parts[i].len) + 2 + parts[i].len + 2;
    m->is_long = m->len > FEED_MESSAGE_MAX;
}

void message_done(struct message *m)
{
    span_release(&m->form[0]);
    span_release(&m->form[1]);
}

static char *put_line_end(char *at)
{
    *at++ = '\r';
    *at++ = '\n';
    return at;
}

static void encode(const struct message *m, bool resp3, char *at)
{
    const char *begin = at;
    *at++ = resp3 ? '>' : '*';
    *at++ = (char)('0' + m->count);
    at = put_line_end(at);
    for (unsigned i = 0; i < m->count; i++) {
        struct slice part = m->parts[i];
        *at++ = '$';
        at += num_format_uint(at, part.len);
        at = put_line_end(at);
        if (part.len > 0)
            memcpy(at, part.ptr, part.len);
        at = put_line_end(at + part.len);
    }
    ASSERT((size_t)(at - begin) == m->len);
}

static struct span encode_blob(const struct message *m, bool resp3)
{
    struct blob *blob = blob_new(m->len, m->len);
    encode(m, resp3, blob->bytes);
    return (struct span){ .ptr = blob->bytes, .len = m->len, .owner = blob, .kind = SPAN_BLOB };
}

static void feed_done(struct feed *feed)
{
    if (feed->block)
        block_unref(feed->block);
    *feed = (struct feed){ 0 };
}

void feeds_done(struct clients *cs)
{
    feed_done(&cs->feeds[0]);
    feed_done(&cs->feeds[1]);
}

static struct span encode_in_feed(const struct message *m, bool resp3)
{
    struct feed *feed = &m->owner->feeds[resp3];
    if (!feed->block || feed->block->cap - feed->used < m->len) {
        enum block_size size = feed->block ? BLOCK_LARGE : BLOCK_SMALL;
        feed_done(feed);
        feed->block = block_new(m->owner->pool, size);
    }
    char *at = feed->block->bytes + feed->used;
    encode(m, resp3, at);
    feed->used += m->len;
    return (struct span){
        .ptr = at, .len = m->len, .owner = block_ref(feed->block), .kind = SPAN_BLOCK
    };
}

void message_send(struct message *m, struct client *to)
{
    bool resp3 = to->session.reply.proto == 3;
    struct span *form = &m->form[resp3];
    if (UNLIKELY(form->len == 0))
        *form = m->is_long ? encode_blob(m, resp3) : encode_in_feed(m, resp3);
    client_push(to, form, m->is_long ? CLIENT_PUSH_SHARES : CLIENT_PUSH_MAY_COPY);
}
