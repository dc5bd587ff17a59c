/* Which functions read and write what. */
#include "codec/value_priv.h"

#include "base/assert.h"
#include "types/string.h"

/* Elements that are believed in before they are there: of a source of unknown length, and in any case. */
#define RESERVE_UNKNOWN_MAX ((uint64_t)1024)
#define RESERVE_MAX ((uint64_t)1 << 20)

static const struct {
    value_read read;
    bool is_redis; /* for that family alone */
} kinds[KIND_COUNT] = {
    [KIND_STRING] = { read_string_value, false },
    [KIND_LIST] = { read_list, false },
    [KIND_LIST_ZIPLIST] = { read_list_packed, false },
    [KIND_LIST_ZIPLISTS] = { read_list, false },
    [KIND_LIST_PACKS] = { read_list, false },
    [KIND_SET] = { read_set, false },
    [KIND_SET_INTSET] = { read_set_intset, false },
    [KIND_SET_LISTPACK] = { read_set_listpack, false },
    [KIND_ZSET_TEXT] = { read_zset, false },
    [KIND_ZSET] = { read_zset, false },
    [KIND_ZSET_ZIPLIST] = { read_zset_packed, false },
    [KIND_ZSET_LISTPACK] = { read_zset_packed, false },
    [KIND_HASH] = { read_hash, false },
    [KIND_HASH_ZIPMAP] = { read_hash_packed, false },
    [KIND_HASH_ZIPLIST] = { read_hash_packed, false },
    [KIND_HASH_LISTPACK] = { read_hash_packed, false },
    [KIND_STREAM] = { read_stream, false },
    [KIND_STREAM_2] = { read_stream, false },
    [KIND_STREAM_3] = { read_stream, false },
    [KIND_STREAM_4] = { read_stream, true },
    [KIND_STREAM_5] = { read_stream, true },
    [KIND_HASH_TIMES] = { read_hash, false },
    [KIND_HASH_LISTPACK_TIMES_OLD] = { read_hash_packed, true },
    [KIND_HASH_TIMES_MIN] = { read_hash, true },
    [KIND_HASH_LISTPACK_TIMES] = { read_hash_packed, true },
};

static uint8_t string_kind(const struct entry *e UNUSED, int version UNUSED)
{
    return KIND_STRING;
}

static const struct {
    uint8_t (*kind)(const struct entry *e, int version);
    void (*write)(struct codec_writer *w, const struct entry *e);
    int (*version)(const struct entry *e); /* NULL: the first */
} types[] = {
    [TYPE_STRING] = { string_kind, write_string_value, NULL },
    [TYPE_LIST] = { list_kind, write_list, NULL },
    [TYPE_STREAM] = { stream_kind, write_stream, stream_version },
    [TYPE_SET] = { set_kind, write_set, NULL },
    [TYPE_HASH] = { hash_kind, write_hash, hash_version },
    [TYPE_ZSET] = { zset_kind, write_zset, NULL },
};

bool codec_reader_set_version(struct codec_reader *r, int version)
{
    const bool is_redis = version >= 1 && version <= CODEC_VERSION_REDIS_MAX;
    const bool is_valkey = version >= CODEC_VERSION_VALKEY_MIN &&
                           version <= CODEC_VERSION_VALKEY_MAX;
    r->version = version;
    r->family = version >= CODEC_VERSION_VALKEY_MIN ? CODEC_VALKEY : CODEC_REDIS;
    return is_redis || is_valkey;
}

int codec_value_version(const struct entry *e)
{
    const enum value_type type = entry_type(e);
    ASSERT(type < COUNT_OF(types) && types[type].kind);
    return types[type].version ? types[type].version(e) : CODEC_VERSION_MIN;
}

uint8_t codec_value_kind(const struct entry *e, int version)
{
    const enum value_type type = entry_type(e);
    ASSERT(type < COUNT_OF(types) && types[type].kind);
    return types[type].kind(e, version);
}

void codec_write_value(struct codec_writer *w, const struct entry *e)
{
    ASSERT_DEBUG(codec_value_version(e) <= w->version);
    types[entry_type(e)].write(w, e);
}

static bool kind_is_read(const struct codec_reader *r, uint8_t kind)
{
    if (kind >= KIND_COUNT || !kinds[kind].read)
        return false;
    if (kind >= KIND_HASH_TIMES && r->version < CODEC_VERSION_FIELD_TIMES)
        return false;
    return !kinds[kind].is_redis || r->family == CODEC_REDIS;
}

struct entry *codec_read_value(struct codec_reader *r, uint8_t kind, const struct codec_target *to)
{
    if (kind == KIND_MODULE || kind == KIND_MODULE_2) {
        (void)codec_fail(r, -ENOTSUP, "no value of a module");
        return NULL;
    }
    if (!kind_is_read(r, kind)) {
        (void)codec_fail(r, -EBADMSG, "a kind of value, not %u", kind);
        return NULL;
    }
    struct entry *e = kinds[kind].read(r, kind, to);
    ASSERT_DEBUG(e || r->error.code || to->now_ms != 0);
    return e;
}

/* ---- strings ---- */

struct entry *read_string_value(struct codec_reader *r, uint8_t kind UNUSED,
                                const struct codec_target *to)
{
    struct slice text;
    if (!codec_read_string(r, &text))
        return NULL;
    return string_new(to->key, text, to->when_ms);
}

void write_string_value(struct codec_writer *w, const struct entry *e)
{
    int64_t number;
    char digits[NUM_INT_MAX_CHARS];
    if (entry_encoding(e) == ENCODING_INT && string_as_int(e, &number))
        codec_write_int(w, number);
    else
        codec_write_string(w, string_bytes(e, digits));
}

/* ---- what collections share ---- */

bool read_count(struct codec_reader *r, uint64_t *ret_count)
{
    if (!codec_read_len(r, ret_count))
        return false;
    if (*ret_count == 0)
        return codec_fail(r, CODEC_EMPTY, "elements, not a count of none");
    if (*ret_count > codec_reader_left(r))
        return codec_fail(r, -ENODATA, "%llu elements", (unsigned long long)*ret_count);
    return true;
}

size_t count_to_reserve(const struct codec_reader *r, uint64_t count)
{
    const uint64_t left = codec_reader_left(r);
    const uint64_t most = left == CODEC_LEFT_UNKNOWN ? RESERVE_UNKNOWN_MAX : RESERVE_MAX;
    return (size_t)MIN_OF(count, MIN_OF(left, most));
}

bool read_element(struct codec_reader *r, struct slice *ret_text)
{
    if (!codec_read_string(r, ret_text))
        return false;
    if (ret_text->len >= ELEMENT_BYTES_MAX)
        return codec_fail(r, -EBADMSG, "an element below %zu bytes", ELEMENT_BYTES_MAX);
    return true;
}
