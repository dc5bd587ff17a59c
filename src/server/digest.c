#include "server/digest.h"

#include <arpa/inet.h>
#include <openssl/sha.h>

#include "base/assert.h"
#include "base/num.h"
#include "types/hash.h"
#include "types/list.h"
#include "types/set.h"
#include "types/stream.h"
#include "types/string.h"
#include "types/zset.h"

static void digest_xor(struct digest *d, struct slice bytes)
{
    unsigned char hash[DIGEST_BYTES];
    SHA1((const unsigned char *)bytes.ptr, bytes.len, hash);
    for (size_t i = 0; i < sizeof(hash); i++)
        d->bytes[i] ^= hash[i];
}

static void digest_mix(struct digest *d, struct slice bytes)
{
    struct digest mixed;
    digest_xor(d, bytes);
    SHA1(d->bytes, sizeof(d->bytes), mixed.bytes);
    *d = mixed;
}

static void digest_mix_number(struct digest *d, int number)
{
    uint32_t wire = htonl((uint32_t)number);
    digest_mix(d, slice_of(&wire, sizeof(wire)));
}

static void mix_string(struct digest *d, const struct entry *e)
{
    char scratch[NUM_INT_MAX_CHARS];
    digest_mix(d, string_bytes(e, scratch));
}

/* Values in their order. */
static void mix_list(struct digest *d, const struct entry *e)
{
    struct list_walk walk;
    struct packs_value value;
    list_walk_open(&walk, e, 0, /* down= */ false);
    while (list_walk_next(&walk, &value)) {
        char digits[NUM_INT_MAX_CHARS];
        if (!value.text.ptr)
            value.text = slice_of(digits, num_format_int(digits, value.number));
        digest_mix(d, value.text);
    }
    list_walk_close(&walk);
}

/* Members in any order. */
static void mix_set(struct digest *d, const struct entry *e)
{
    struct set_walk walk;
    struct slice member;
    set_walk_open(&walk, e);
    while (set_walk_next(&walk, &member))
        digest_xor(d, member);
    set_walk_close(&walk);
}

/* Each member with its score is one digest; their order does not count. */
static void mix_zset(struct digest *d, const struct entry *e)
{
    struct zset_walk walk;
    struct zset_element element;
    zset_walk_open(&walk, e, 0, /* down= */ false);
    while (zset_walk_next(&walk, &element)) {
        char text[NUM_DOUBLE_MAX_CHARS];
        struct digest one = { { 0 } };
        digest_mix(&one, element.member);
        digest_mix(&one, zset_score_text(element.score, text));
        digest_xor(d, slice_of(one.bytes, sizeof(one.bytes)));
    }
}

/* The same for fields with their values. */
static void mix_hash(struct digest *d, const struct entry *e)
{
    struct hash_walk walk;
    struct hash_field f;
    hash_walk_open(&walk, e, HASH_SHOW_ALL);
    while (hash_walk_next(&walk, &f)) {
        struct digest one = { { 0 } };
        digest_mix(&one, f.name);
        digest_mix(&one, f.value);
        if (f.when_ms != ENTRY_NO_EXPIRY)
            digest_xor(&one, SLICE("!!hexpire!!"));
        digest_xor(d, slice_of(one.bytes, sizeof(one.bytes)));
    }
    hash_walk_close(&walk);
}

static void mix_stream_id(struct digest *d, struct xstream_id id)
{
    char text[STREAM_ID_MAX_CHARS];
    size_t len = num_format_uint(text, id.ms);
    text[len++] = '.';
    len += num_format_uint(text + len, id.seq);
    digest_mix(d, slice_of(text, len));
}

static void mix_stream(struct digest *d, const struct entry *e)
{
    struct xstream_iter it;
    xstream_iter_init(&it, xstream_of(e), STREAM_ID_MIN, STREAM_ID_MAX, false);
    while (xstream_iter_next(&it)) {
        mix_stream_id(d, it.id);
        for (size_t i = 0; i < it.field_count; i++) {
            char scratch[2 * STREAM_SCRATCH];
            struct slice field, value;
            xstream_iter_pair(&it, &field, &value, scratch);
            digest_mix(d, field);
            digest_mix(d, value);
        }
    }
}

/* What a type adds, by type. */
static void (*const mix_type[])(struct digest *d, const struct entry *e) = {
    [TYPE_STRING] = mix_string, [TYPE_LIST] = mix_list, [TYPE_SET] = mix_set,
    [TYPE_ZSET] = mix_zset,     [TYPE_HASH] = mix_hash, [TYPE_STREAM] = mix_stream,
};

static void mix_value(struct digest *d, const struct entry *e)
{
    enum value_type type = entry_type(e);
    digest_mix_number(d, (int)type);
    ASSERT(type < COUNT_OF(mix_type) && mix_type[type]);
    mix_type[type](d, e);
    if (entry_expiry(e) != ENTRY_NO_EXPIRY)
        digest_xor(d, SLICE("!!expire!!"));
}

void digest_of_value(const struct entry *e, struct digest *ret_digest)
{
    *ret_digest = (struct digest){ { 0 } };
    mix_value(ret_digest, e);
}

static void xor_entry(void *arg, void *entry)
{
    struct digest *whole = arg;
    struct digest d = { { 0 } };
    digest_mix(&d, entry_key(entry));
    mix_value(&d, entry);
    digest_xor(whole, slice_of(d.bytes, sizeof(d.bytes)));
}

void digest_of_keyspace(struct keyspace *ks, struct digest *ret_digest)
{
    *ret_digest = (struct digest){ { 0 } };
    for (int i = 0; i < keyspace_count(ks); i++) {
        struct db *db = keyspace_db(ks, i);
        if (db_count(db) == 0)
            continue;
        digest_mix_number(ret_digest, i);
        db_each(db, xor_entry, ret_digest);
    }
}

void digest_hex(const struct digest *digest, char out[static 2 * DIGEST_BYTES])
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < DIGEST_BYTES; i++) {
        out[2 * i] = digits[digest->bytes[i] >> 4];
        out[2 * i + 1] = digits[digest->bytes[i] & 15];
    }
}
