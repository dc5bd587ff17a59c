/* LCS: the longest common subsequence of two strings, as bytes, length, or matching ranges.
 *
 * The table of lengths L(i, j) for the first i bytes of one string and the first j of the other is
 * never written down. Row by row, only whether L grows from j - 1 to j is kept, a bit for each j,
 * and 64 of them follow from the row before in a few instructions (Hyyrö's recurrence: with V the
 * complement of these bits and M the places where the row's byte stands, V' = (V + (V & M)) |
 * (V & ~M)). The walk back needs no more: where the bytes differ, L(i - 1, j) > L(i, j - 1) just
 * when L grows at j. */
#include "base/mem.h"
#include "base/num.h"
#include "commands/string_priv.h"
#include "types/string.h"

#define WORD_BITS 64
#define BYTE_VALUES 256
/* What the peers' table takes for each pair of bytes: their limit is of this table. */
#define PEERS_CELL_BYTES 4

#define NO_MEMORY "ERR Insufficient memory, failed allocating transient memory for LCS"
#define TOO_MUCH_MEMORY \
    "ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len"

struct lcs_options {
    bool len, idx, with_match_len;
    int64_t min_match_len;
};

/* False: an error was replied. */
static bool parse_options(const struct cmd *cmd, struct lcs_options *ret)
{
    *ret = (struct lcs_options){ 0 };
    for (int i = 3; i < cmd->argc; i++) {
        if (cmd_is(cmd, i, "idx")) {
            ret->idx = true;
        } else if (cmd_is(cmd, i, "len")) {
            ret->len = true;
        } else if (cmd_is(cmd, i, "withmatchlen")) {
            ret->with_match_len = true;
        } else if (cmd_is(cmd, i, "minmatchlen") && i + 1 < cmd->argc) {
            if (!cmd_int(cmd, ++i, &ret->min_match_len, NULL))
                return false;
        } else {
            reply_error(cmd->reply, ERR_SYNTAX);
            return false;
        }
    }
    if (!ret->idx || !ret->len)
        return true;
    reply_error(cmd->reply, "ERR If you want both the length and indexes, please just use IDX.");
    return false;
}

/* ---- the table ---- */

struct lcs {
    struct slice a, b;
    size_t words;                 /* of a row: a bit for each byte of b */
    uint64_t *masks;              /* for each byte value in both strings: where it is in b */
    int16_t mask_of[BYTE_VALUES]; /* which of the masks, or -1 */
    uint64_t *rows;               /* after each byte of a, or only the last one */
    bool all_rows;
    size_t len;
};

static uint64_t *row_at(const struct lcs *l, size_t i)
{
    return l->rows + (l->all_rows ? i * l->words : 0);
}

static void lcs_done(struct lcs *l)
{
    mem_free(l->masks);
    mem_free(l->rows);
}

/* Only bytes that both strings have get a mask: never more masks than rows. */
static size_t number_masks(struct lcs *l)
{
    bool in_a[BYTE_VALUES] = { false };
    size_t count = 0;
    memset(l->mask_of, -1, sizeof(l->mask_of));
    for (size_t i = 0; i < l->a.len; i++)
        in_a[(unsigned char)l->a.ptr[i]] = true;
    for (size_t j = 0; j < l->b.len; j++) {
        unsigned char byte = (unsigned char)l->b.ptr[j];
        if (in_a[byte] && l->mask_of[byte] < 0)
            l->mask_of[byte] = (int16_t)count++;
    }
    return count;
}

/* False when there is no memory. Ends with lcs_done. */
static bool lcs_init(struct lcs *l, struct slice a, struct slice b, bool all_rows)
{
    *l = (struct lcs){ .a = a, .b = b, .all_rows = all_rows };
    l->words = b.len / WORD_BITS + 1;
    size_t row_bytes = l->words * sizeof(uint64_t);
    size_t mask_bytes = (number_masks(l) + 1) * row_bytes;
    size_t rows_bytes;
    if (__builtin_mul_overflow(row_bytes, all_rows ? a.len + 1 : 1, &rows_bytes))
        return false;
    l->masks = mem_try_alloc(mask_bytes);
    l->rows = mem_try_alloc(rows_bytes);
    if (!l->masks || !l->rows)
        return false;
    memset(l->masks, 0, mask_bytes);
    memset(l->rows, 0xff, row_bytes);
    for (size_t j = 0; j < b.len; j++) {
        int mask = l->mask_of[(unsigned char)b.ptr[j]];
        if (mask >= 0)
            l->masks[(size_t)mask * l->words + j / WORD_BITS] |= UINT64_C(1) << (j % WORD_BITS);
    }
    return true;
}

static void next_row(const uint64_t *from, uint64_t *to, const uint64_t *mask, size_t words)
{
    uint64_t carry = 0;
    for (size_t w = 0; w < words; w++) {
        uint64_t v = from[w], matched = v & mask[w], sum;
        uint64_t over = __builtin_add_overflow(v, matched, &sum);
        over |= __builtin_add_overflow(sum, carry, &sum);
        to[w] = sum | (v & ~mask[w]);
        carry = over;
    }
}

/* Whether L grows from the first j bytes of b to one more, after i bytes of a. */
static bool grows_at(const struct lcs *l, size_t i, size_t j)
{
    return !(row_at(l, i)[j / WORD_BITS] >> (j % WORD_BITS) & 1);
}

static void lcs_run(struct lcs *l)
{
    for (size_t i = 0; i < l->a.len; i++) {
        int mask = l->mask_of[(unsigned char)l->a.ptr[i]];
        uint64_t *from = row_at(l, i), *to = row_at(l, i + 1);
        if (mask >= 0)
            next_row(from, to, l->masks + (size_t)mask * l->words, l->words);
        else if (l->all_rows)
            memcpy(to, from, l->words * sizeof(*to));
    }
    for (size_t j = 0; j < l->b.len; j++)
        l->len += grows_at(l, l->a.len, j);
}

/* ---- the walk back ---- */

/* Bytes that match without a gap: from a_first in one string and b_first in the other. */
struct match {
    size_t a_first, b_first, len;
};

/* The last match in the first `*i` and `*j` bytes, which move to where it begins. False if there
 * is none. */
static bool last_match(const struct lcs *l, size_t *i, size_t *j, struct match *ret)
{
    while (*i > 0 && *j > 0 && l->a.ptr[*i - 1] != l->b.ptr[*j - 1]) {
        if (grows_at(l, *i, *j - 1))
            --*i;
        else
            --*j;
    }
    size_t len = 0;
    while (*i > 0 && *j > 0 && l->a.ptr[*i - 1] == l->b.ptr[*j - 1]) {
        --*i;
        --*j;
        len++;
    }
    *ret = (struct match){ *i, *j, len };
    return len > 0;
}

static void reply_range(struct reply *r, size_t first, size_t len)
{
    reply_array(r, 2);
    reply_int(r, (int64_t)first);
    reply_int(r, (int64_t)(first + len - 1));
}

static void reply_matches(struct reply *r, const struct lcs *l, const struct lcs_options *options)
{
    size_t i = l->a.len, j = l->b.len, count = 0;
    struct match match;
    reply_map(r, 2);
    reply_bulk(r, SLICE("matches"));
    reply_defer(r);
    while (last_match(l, &i, &j, &match)) {
        if ((int64_t)match.len < options->min_match_len)
            continue;
        reply_array(r, options->with_match_len ? 3 : 2);
        reply_range(r, match.a_first, match.len);
        reply_range(r, match.b_first, match.len);
        if (options->with_match_len)
            reply_int(r, (int64_t)match.len);
        count++;
    }
    reply_settle(r, REPLY_ARRAY, count);
    reply_bulk(r, SLICE("len"));
    reply_int(r, (int64_t)l->len);
}

/* The bytes are found from the last one to the first. */
static void reply_subsequence(struct reply *r, const struct lcs *l)
{
    struct match match;
    size_t i = l->a.len, j = l->b.len, at = l->len;
    char *bytes = mem_try_alloc(l->len + 1);
    if (!bytes) {
        reply_error(r, NO_MEMORY);
        return;
    }
    while (last_match(l, &i, &j, &match)) {
        at -= match.len;
        memcpy(bytes + at, l->a.ptr + match.a_first, match.len);
    }
    reply_bulk(r, slice_of(bytes, l->len));
    mem_free(bytes);
}

/* ---- the verb ---- */

/* The strings of both keys, empty where there is none. False: an error was replied. */
static bool read_strings(const struct cmd *cmd, char scratch[2][NUM_INT_MAX_CHARS],
                         struct slice ret_strings[2])
{
    struct entry *entries[2];
    for (int k = 0; k < 2; k++)
        entries[k] = db_lookup_read(cmd->db, cmd_key(cmd, 1 + k));
    for (int k = 0; k < 2; k++) {
        if (entries[k] && entry_type(entries[k]) != TYPE_STRING) {
            reply_error(cmd->reply, "ERR The specified keys must contain string values");
            return false;
        }
        ret_strings[k] = entries[k] ? string_bytes(entries[k], scratch[k]) : SLICE("");
    }
    return true;
}

/* False: an error was replied. */
static bool size_ok(const struct cmd *cmd, struct slice a, struct slice b)
{
    const struct commands_settings *settings = cmd->owner;
    size_t bytes;
    if (a.len >= UINT32_MAX - 1 || b.len >= UINT32_MAX - 1)
        reply_error(cmd->reply, "ERR String too long for LCS");
    else if (__builtin_mul_overflow((a.len + 1) * PEERS_CELL_BYTES, b.len + 1, &bytes))
        reply_error(cmd->reply, NO_MEMORY);
    else if (bytes > (size_t)*settings->string_bytes_max)
        reply_error(cmd->reply, TOO_MUCH_MEMORY);
    else
        return true;
    return false;
}

static void run_lcs(struct cmd *cmd)
{
    char scratch[2][NUM_INT_MAX_CHARS];
    struct slice strings[2];
    struct lcs_options options;
    if (!read_strings(cmd, scratch, strings) || !parse_options(cmd, &options) ||
        !size_ok(cmd, strings[0], strings[1]))
        return;

    struct lcs l;
    if (lcs_init(&l, strings[0], strings[1], !options.len)) {
        lcs_run(&l);
        if (options.idx)
            reply_matches(cmd->reply, &l, &options);
        else if (options.len)
            reply_int(cmd->reply, (int64_t)l.len);
        else
            reply_subsequence(cmd->reply, &l);
    } else {
        reply_error(cmd->reply, NO_MEMORY);
    }
    lcs_done(&l);
}

static const struct command rows[] = {
    {
        .name = "lcs",
        .run = run_lcs,
        .arity = -3,
        .flags = CMD_READ,
        .group = GROUP_STRING,
        .keys = KEYS_FROM(1, 1, 1, KEY_RO | KEY_ACCESS),
        .since = "7.0.0",
        .complexity = "O(N*M/64) for strings of N and M bytes",
        .summary = "The longest common subsequence of two strings: its bytes, its length, or "
                   "where they match.",
        .syntax = "key1:key key2:key [LEN] [IDX] [MINMATCHLEN len:int] [WITHMATCHLEN]",
    },
};

struct command_table commands_string_lcs(const struct commands_settings *settings)
{
    return (struct command_table){ rows, COUNT_OF(rows), (void *)(uintptr_t)settings };
}
