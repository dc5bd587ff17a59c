/* Hashes, and their fields that expire. */
#include "codec/value_priv.h"
#include "types/hash.h"

/* No field lives longer: the time after it must be a time, too. */
#define FIELD_TIME_MAX ((uint64_t)INT64_MAX - 1)
/* In 8 bytes behind a field that does not expire. */
#define NO_TIME UINT64_MAX

static bool has_times(const struct entry *e)
{
    return hash_count_expiring(e) > 0;
}

int hash_version(const struct entry *e)
{
    return has_times(e) ? CODEC_VERSION_FIELD_TIMES : CODEC_VERSION_MIN;
}

uint8_t hash_kind(const struct entry *e, int version UNUSED)
{
    size_t width;
    if (has_times(e))
        return KIND_HASH_TIMES_MIN;
    return hash_listpack(e, &width) && width == 2 ? KIND_HASH_LISTPACK : KIND_HASH;
}

/* ---- writing ---- */

static void write_fields(struct codec_writer *w, const struct entry *e)
{
    struct hash_walk walk;
    struct hash_field f;
    const bool with_times = has_times(e);
    const int64_t least_ms = hash_due(e);
    if (with_times)
        codec_write_u64(w, (uint64_t)least_ms);
    codec_write_len(w, hash_count(e, HASH_SHOW_ALL));
    hash_walk_open(&walk, e, HASH_SHOW_ALL);
    while (hash_walk_next(&walk, &f)) {
        const bool expires = f.when_ms != ENTRY_NO_EXPIRY;
        if (with_times)
            codec_write_len(w, expires ? (uint64_t)(f.when_ms - least_ms) + 1 : 0);
        codec_write_string(w, f.name);
        codec_write_string(w, f.value);
    }
    hash_walk_close(&walk);
}

void write_hash(struct codec_writer *w, const struct entry *e)
{
    size_t width;
    if (hash_kind(e, w->version) == KIND_HASH_LISTPACK)
        write_packed(w, hash_listpack(e, &width));
    else
        write_fields(w, e);
}

/* ---- reading, field by field ---- */

struct fields {
    bool before;    /* in front of a field stands a length: 0, or its time, less `least`, and 1 */
    bool behind;    /* behind its value 8 bytes: its time, or -1 */
    uint64_t least; /* 1: the time itself */
    struct buf name, value;
};

static bool fields_init(struct fields *f, struct codec_reader *r, uint8_t kind)
{
    *f = (struct fields){ .least = 1 };
    buf_init(&f->name, BUF_NO_CEILING);
    buf_init(&f->value, BUF_NO_CEILING);
    if (kind == KIND_HASH_TIMES)
        *(r->family == CODEC_VALKEY ? &f->behind : &f->before) = true;
    if (kind != KIND_HASH_TIMES_MIN)
        return true;
    f->before = true;
    return codec_read_u64(r, &f->least);
}

static void fields_done(struct fields *f)
{
    buf_done(&f->name);
    buf_done(&f->value);
}

static bool read_name_and_value(struct codec_reader *r, struct fields *f, struct hash_field *ret)
{
    if (!codec_read_string_kept(r, &f->name, &ret->name) ||
        !codec_read_string_kept(r, &f->value, &ret->value))
        return false;
    if (ret->name.len >= ELEMENT_BYTES_MAX || ret->value.len >= ELEMENT_BYTES_MAX)
        return codec_fail(r, -EBADMSG, "field and value below %zu bytes", ELEMENT_BYTES_MAX);
    return true;
}

static bool read_field(struct codec_reader *r, struct fields *f, struct hash_field *ret)
{
    uint64_t length = 0, when_ms = NO_TIME;
    if (f->before && !codec_read_len(r, &length))
        return false;
    if (!read_name_and_value(r, f, ret) || (f->behind && !codec_read_u64(r, &when_ms)))
        return false;
    const bool expires = f->behind ? when_ms != NO_TIME : length > 0;
    if (length && __builtin_add_overflow(length - 1, f->least, &when_ms))
        when_ms = UINT64_MAX;
    if (expires && when_ms > FIELD_TIME_MAX)
        return codec_fail(r, -EBADMSG, "a field's time");
    ret->when_ms = expires ? (int64_t)when_ms : ENTRY_NO_EXPIRY;
    return true;
}

static bool is_over(const struct hash_field *f, const struct codec_target *to)
{
    return f->when_ms != ENTRY_NO_EXPIRY && f->when_ms < to->now_ms;
}

static bool put_one_by_one(struct codec_reader *r, struct fields *f, const struct codec_target *to,
                           struct entry *e, uint64_t count)
{
    struct hash_field field;
    while (count-- > 0) {
        if (!read_field(r, f, &field))
            return false;
        if (!is_over(&field, to) && !hash_put(e, to->env, &field, HASH_SHOW_ALL))
            return codec_fail(r, -EBADMSG, "fields, each once");
    }
    return true;
}

static bool fill_table(struct codec_reader *r, struct fields *f, const struct codec_target *to,
                       struct entry *e, uint64_t count)
{
    struct hash_fill fill;
    struct hash_field field;
    bool goes = true;
    hash_fill_open(&fill, e);
    while (goes && count-- > 0)
        goes = read_field(r, f, &field) && (is_over(&field, to) || hash_fill_add(&fill, &field));
    /* If the reader has failed already, that stays the reason. */
    return (hash_fill_close(&fill) && goes) || codec_fail(r, -EBADMSG, "fields, each once");
}

static bool read_fields(struct codec_reader *r, struct fields *f, const struct codec_target *to,
                        struct entry *e)
{
    uint64_t count;
    if (!read_count(r, &count))
        return false;
    hash_reserve(e, to->env, count_to_reserve(r, count));
    return hash_is_table(e) ? fill_table(r, f, to, e, count) : put_one_by_one(r, f, to, e, count);
}

struct entry *read_hash(struct codec_reader *r, uint8_t kind, const struct codec_target *to)
{
    struct fields f;
    struct entry *e = NULL;
    if (fields_init(&f, r, kind)) {
        e = hash_new(to->key, to->when_ms);
        if (!read_fields(r, &f, to, e) || hash_count(e, HASH_SHOW_ALL) == 0) {
            entry_free(e);
            e = NULL;
        }
    }
    fields_done(&f);
    return e;
}

/* ---- reading all at once ---- */

static struct listpack *read_pairs(struct codec_reader *r, uint8_t kind)
{
    if (kind == KIND_HASH_ZIPMAP)
        return read_zipmap(r);
    return kind == KIND_HASH_ZIPLIST ? read_ziplist(r) : read_listpack(r);
}

static void nothing(void *arg UNUSED, const struct hash_field *f UNUSED)
{
}

/* NULL if nothing is left. */
static struct entry *without_over(struct entry *e, const struct codec_target *to)
{
    const size_t count = hash_each_due(e, to->now_ms, SIZE_MAX, nothing, NULL);
    if (count > 0)
        hash_expire(e, to->now_ms, count);
    if (hash_count(e, HASH_SHOW_ALL) > 0)
        return e;
    entry_free(e);
    return NULL;
}

/* The peers ask how long fields and values are in this form alone. */
static void ask_for_lengths(struct entry *e, const struct type_env *env)
{
    struct hash_walk walk;
    struct hash_field f;
    size_t longest = 0;
    hash_walk_open(&walk, e, HASH_SHOW_ALL);
    while (hash_walk_next(&walk, &f))
        longest = MAX_OF(longest, MAX_OF(f.name.len, f.value.len));
    hash_walk_close(&walk);
    if ((int64_t)longest > env->hash_listpack_value)
        hash_reserve(e, env, (size_t)env->hash_listpack_entries + 1);
}

struct entry *read_hash_packed(struct codec_reader *r, uint8_t kind, const struct codec_target *to)
{
    uint64_t least_ms;
    const bool has_least = kind == KIND_HASH_LISTPACK_TIMES;
    const bool is_triplets = has_least || kind == KIND_HASH_LISTPACK_TIMES_OLD;
    if (has_least && !codec_read_u64(r, &least_ms))
        return NULL;
    struct listpack *lp = read_pairs(r, kind);
    if (!lp)
        return NULL;
    struct entry *e = hash_new_listpack(to->key, lp, is_triplets ? 3 : 2, to->when_ms, to->env);
    if (e && kind == KIND_HASH_ZIPMAP)
        ask_for_lengths(e, to->env);
    if (e)
        return is_triplets ? without_over(e, to) : e;
    listpack_free(lp);
    return failed(r, "fields with their values, each once");
}
