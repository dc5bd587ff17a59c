/* The manifest: parsed, changed, formatted, read and written. */
#include "persist/manifest.h"

#include <errno.h>
#include <fcntl.h>

#include "base/arena.h"
#include "base/assert.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/words.h"

/* Words of a line: some 250 would fit. */
#define WORDS_MAX ((size_t)MANIFEST_LINE_MAX)
#define WORDS_MIN ((size_t)6)
/* A line a file: a million files. */
#define FILE_BYTES_MAX ((size_t)64 << 20)

#define BAD_FORMAT "Invalid AOF manifest file format"

/* A value ---------------------------------------------------------------------------------- */

void manifest_init(struct manifest *m)
{
    *m = (struct manifest){ 0 };
}

static void files_free(struct manifest_file *files, size_t count)
{
    for (size_t i = 0; i < count; i++)
        mem_free(files[i].name);
    mem_free(files);
}

void manifest_done(struct manifest *m)
{
    mem_free(m->base.name);
    files_free(m->incrs, m->incr_count);
    files_free(m->history, m->history_count);
    manifest_init(m);
}

static struct manifest_file *files_copy(const struct manifest_file *files, size_t count)
{
    if (count == 0)
        return NULL;
    struct manifest_file *copy = mem_alloc(count * sizeof(*copy));
    for (size_t i = 0; i < count; i++) {
        copy[i] = files[i];
        copy[i].name = mem_strdup(files[i].name);
    }
    return copy;
}

void manifest_copy(struct manifest *to, const struct manifest *from)
{
    *to = *from;
    if (from->base.name)
        to->base.name = mem_strdup(from->base.name);
    to->incrs = files_copy(from->incrs, from->incr_count);
    to->history = files_copy(from->history, from->history_count);
}

void manifest_move(struct manifest *to, struct manifest *from)
{
    manifest_done(to);
    *to = *from;
    manifest_init(from);
}

bool manifest_is_empty(const struct manifest *m)
{
    return !m->base.name && m->incr_count == 0;
}

const struct manifest_file *manifest_last_incr(const struct manifest *m)
{
    return m->incr_count > 0 ? &m->incrs[m->incr_count - 1] : NULL;
}

/* A place at `at` of the list, whose owner is the caller. */
static struct manifest_file *files_insert(struct manifest_file **files, size_t *count, size_t at)
{
    ASSERT(at <= *count);
    *files = mem_realloc(*files, (*count + 1) * sizeof(**files));
    memmove(&(*files)[at + 1], &(*files)[at], (*count - at) * sizeof(**files));
    (*count)++;
    return &(*files)[at];
}

/* Parsing ---------------------------------------------------------------------------------- */

static bool is_file_name(struct slice name)
{
    return slice_find(name, '/') < 0 && slice_find(name, '\\') < 0;
}

/* Takes one pair of words; others than these three are for versions to come. */
static const char *take_pair(struct manifest_file *f, struct slice word, struct slice value)
{
    if (slice_is(word, "file")) {
        if (!is_file_name(value))
            return "File can't be a path, just a filename";
        if (value.len == 0 || slice_find(value, '\0') >= 0)
            return BAD_FORMAT;
        mem_free(f->name);
        f->name = mem_alloc(value.len + 1);
        memcpy(f->name, value.ptr, value.len);
        f->name[value.len] = '\0';
    } else if (slice_is(word, "seq")) {
        /* The next number is one more. */
        if (!num_parse_int(value, &f->seq) || f->seq == INT64_MAX)
            return BAD_FORMAT;
    } else if (slice_is(word, "type")) {
        f->type = value.len > 0 ? (enum manifest_type)(unsigned char)value.ptr[0] : 0;
    }
    return NULL;
}

/* Puts a file where it belongs. On success the manifest owns its name. */
static const char *place(struct manifest *m, const struct manifest_file *f)
{
    switch (f->type) {
    case MANIFEST_BASE:
        if (m->base.name)
            return "Found duplicate base file information";
        m->base = *f;
        m->base_seq = f->seq;
        return NULL;
    case MANIFEST_HISTORY:
        *files_insert(&m->history, &m->history_count, m->history_count) = *f;
        return NULL;
    case MANIFEST_INCR:
        if (f->seq <= m->incr_seq)
            return "Found a non-monotonic sequence number";
        *files_insert(&m->incrs, &m->incr_count, m->incr_count) = *f;
        m->incr_seq = f->seq;
        return NULL;
    }
    return "Unknown AOF file type";
}

static struct slice trimmed(struct slice line)
{
    while (line.len > 0 && strchr(" \t\r\n", line.ptr[line.len - 1]))
        line.len--;
    while (line.len > 0 && strchr(" \t\r\n", line.ptr[0]))
        line = slice_from(line, 1);
    return line;
}

static const char *parse_words(struct manifest *m, const struct slice *words, size_t count)
{
    if (count < WORDS_MIN || count % 2 != 0)
        return BAD_FORMAT;
    struct manifest_file f = { 0 };
    const char *reason = NULL;
    for (size_t i = 0; i < count && !reason; i += 2)
        reason = take_pair(&f, words[i], words[i + 1]);
    if (!reason && (!f.name || f.seq == 0 || f.type == 0))
        reason = BAD_FORMAT;
    if (!reason)
        reason = place(m, &f);
    if (reason)
        mem_free(f.name);
    return reason;
}

/* NULL, or what is wrong with the line. */
static const char *parse_line(struct manifest *m, struct slice line, struct arena *scratch)
{
    struct slice *words;
    size_t count;
    if (line.len > 0 && line.ptr[0] == '#')
        return NULL;
    /* A last line without an end counts as too long with the peers. */
    if (line.len > MANIFEST_LINE_MAX || line.ptr[line.len - 1] != '\n')
        return "The AOF manifest file contains too long line";
    line = trimmed(line);
    if (line.len == 0 || words_split(scratch, line, WORDS_MAX, &words, &count) < 0)
        return BAD_FORMAT;
    return parse_words(m, words, count);
}

static void fault_set(struct manifest_fault *fault, const char *reason, int number,
                      struct slice line)
{
    line = trimmed(line);
    size_t len = MIN_OF(line.len, (size_t)MANIFEST_LINE_MAX);
    *fault = (struct manifest_fault){ .reason = reason, .line = number };
    memcpy(fault->text, line.ptr ? line.ptr : "", len);
}

int manifest_parse(struct manifest *m, struct slice text, struct manifest_fault *ret_fault)
{
    struct arena scratch;
    const char *reason = NULL;
    ASSERT(manifest_is_empty(m));
    if (text.len == 0) {
        fault_set(ret_fault, "Found an empty AOF manifest", 0, text);
        return -EBADMSG;
    }
    arena_init(&scratch, 4096, (size_t)1 << 20);
    for (int number = 1; text.len > 0 && !reason; number++) {
        ptrdiff_t end = slice_find(text, '\n');
        struct slice line = slice_of(text.ptr, end < 0 ? text.len : (size_t)end + 1);
        text = slice_from(text, line.len);
        reason = parse_line(m, line, &scratch);
        if (reason)
            fault_set(ret_fault, reason, number, line);
        arena_reset(&scratch);
    }
    arena_done(&scratch);
    if (!reason)
        return 0;
    manifest_done(m);
    return -EBADMSG;
}

/* Formatting ------------------------------------------------------------------------------- */

static bool needs_quotes(const char *name)
{
    for (const char *p = name; *p; p++)
        if (*p <= ' ' || *p > '~' || *p == '"' || *p == '\'' || *p == '\\')
            return true;
    return false;
}

static void format_file(const struct manifest_file *f, struct buf *out)
{
    buf_append_str(out, "file ");
    if (needs_quotes(f->name))
        words_quote(out, slice_str(f->name));
    else
        buf_append_str(out, f->name);
    buf_append_str(out, " seq ");
    buf_append_int(out, f->seq);
    buf_append_str(out, " type ");
    buf_append_char(out, (char)f->type);
    buf_append_char(out, '\n');
}

void manifest_format(const struct manifest *m, struct buf *out)
{
    if (m->base.name)
        format_file(&m->base, out);
    for (size_t i = 0; i < m->history_count; i++)
        format_file(&m->history[i], out);
    for (size_t i = 0; i < m->incr_count; i++)
        format_file(&m->incrs[i], out);
}

/* Changing --------------------------------------------------------------------------------- */

static char *numbered_name(const char *prefix, int64_t seq, const char *suffix)
{
    struct buf name;
    buf_init(&name, BUF_NO_CEILING);
    buf_printf(&name, "%s.%lld%s", prefix, (long long)seq, suffix);
    char *copy = mem_strdup(buf_cstr(&name));
    buf_done(&name);
    return copy;
}

static void history_add(struct manifest *m, struct manifest_file f)
{
    f.type = MANIFEST_HISTORY;
    *files_insert(&m->history, &m->history_count, 0) = f;
}

static void base_set(struct manifest *m, char *name)
{
    if (m->base.name)
        history_add(m, m->base);
    m->base = (struct manifest_file){ .name = name, .seq = m->base_seq, .type = MANIFEST_BASE };
}

/* A file that is history may be deleted at any moment: its name is not given again. The numbers of
 * history are not counted when a manifest is read. */
static bool is_history(const struct manifest *m, const char *name)
{
    for (size_t i = 0; i < m->history_count; i++)
        if (strcmp(m->history[i].name, name) == 0)
            return true;
    return false;
}

static char *next_name(const struct manifest *m, const char *prefix, int64_t *seq,
                       const char *suffix)
{
    for (;;) {
        char *name = numbered_name(prefix, ++*seq, suffix);
        if (!is_history(m, name))
            return name;
        mem_free(name);
    }
}

const char *manifest_new_base(struct manifest *m, const char *prefix, bool is_rdb)
{
    char *name = next_name(m, prefix, &m->base_seq, is_rdb ? ".base.rdb" : ".base.aof");
    base_set(m, name);
    return m->base.name;
}

void manifest_adopt_base(struct manifest *m, const char *name)
{
    m->base_seq++;
    base_set(m, mem_strdup(name));
}

const char *manifest_new_incr(struct manifest *m, const char *prefix)
{
    struct manifest_file *f = files_insert(&m->incrs, &m->incr_count, m->incr_count);
    char *name = next_name(m, prefix, &m->incr_seq, ".incr.aof");
    *f = (struct manifest_file){ .name = name, .seq = m->incr_seq, .type = MANIFEST_INCR };
    return f->name;
}

void manifest_retire_incrs(struct manifest *m, size_t keep)
{
    if (m->incr_count <= keep)
        return;
    size_t old = m->incr_count - keep;
    for (size_t i = 0; i < old; i++)
        history_add(m, m->incrs[i]);
    memmove(m->incrs, &m->incrs[old], keep * sizeof(*m->incrs));
    m->incr_count = keep;
}

void manifest_add_history(struct manifest *m, const char *name, int64_t seq)
{
    history_add(m, (struct manifest_file){ .name = mem_strdup(name), .seq = seq });
}

void manifest_forget_history(struct manifest *m)
{
    files_free(m->history, m->history_count);
    m->history = NULL;
    m->history_count = 0;
}

/* On disk ---------------------------------------------------------------------------------- */

void manifest_name(const char *prefix, struct buf *out)
{
    buf_printf(out, "%s.manifest", prefix);
}

int manifest_read(struct manifest *m, const char *dir, const char *prefix,
                  struct manifest_fault *ret_fault)
{
    struct buf path, text;
    buf_init(&path, BUF_NO_CEILING);
    buf_init(&text, FILE_BYTES_MAX);
    buf_printf(&path, "%s/", dir);
    manifest_name(prefix, &path);
    int error = file_read_whole(buf_cstr(&path), &text);
    if (error == 0)
        error = manifest_parse(m, buf_slice(&text), ret_fault);
    buf_done(&text);
    buf_done(&path);
    return error;
}

static int write_synced(const char *path, struct slice text)
{
    SCOPED(file_close_scoped) int fd = file_open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (fd < 0)
        return fd;
    int error = file_write_all(fd, text);
    if (error == 0)
        error = file_sync(fd);
    int closed = file_close(file_take(&fd));
    return error < 0 ? error : closed;
}

int manifest_write(const struct manifest *m, const char *dir, const char *prefix)
{
    struct buf path, temporary, text;
    buf_init(&path, BUF_NO_CEILING);
    buf_init(&temporary, BUF_NO_CEILING);
    buf_init(&text, BUF_NO_CEILING);
    buf_printf(&path, "%s/", dir);
    manifest_name(prefix, &path);
    buf_printf(&temporary, "%s/temp-", dir);
    manifest_name(prefix, &temporary);
    manifest_format(m, &text);

    int error = write_synced(buf_cstr(&temporary), buf_slice(&text));
    if (error == 0)
        error = file_rename(buf_cstr(&temporary), buf_cstr(&path));
    if (error < 0) {
        int gone = file_unlink(buf_cstr(&temporary)); /* may not even be there */
        (void)gone;
    } else {
        error = file_sync_dir(dir);
    }
    buf_done(&text);
    buf_done(&temporary);
    buf_done(&path);
    return error;
}
