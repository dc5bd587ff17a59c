/* Reading and writing oom_score_adj. */
#include "process/oom.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/num.h"

#define SCORE_MIN (-1000)
#define SCORE_MAX 1000

static const char *path_of(const struct oom_score *o)
{
    return o->path ? o->path : "/proc/self/oom_score_adj";
}

static int read_score(const char *path, int *ret_score)
{
    struct buf text;
    int64_t score;
    buf_init(&text, 4096);
    int error = file_read_whole(path, &text);
    struct slice line = buf_slice(&text);
    ptrdiff_t end = slice_find(line, '\n');
    if (end >= 0)
        line.len = (size_t)end;
    if (error == 0 && !num_parse_int(line, &score))
        error = -EINVAL;
    if (error == 0)
        *ret_score = (int)score;
    buf_done(&text);
    return error;
}

static int write_score(const char *path, int score)
{
    char text[NUM_INT_MAX_CHARS + 1];
    SCOPED(file_close_scoped) int fd = file_open(path, O_WRONLY, 0);
    if (fd < 0)
        return fd;
    return file_write_all(fd, slice_of(text, num_format_int(text, score)));
}

int oom_apply(struct oom_score *o, enum oom_mode mode, int value)
{
    if (mode == OOM_NO && !o->changed)
        return 0;
    int base = o->base;
    int error = o->changed ? 0 : read_score(path_of(o), &base);
    if (error < 0)
        return error;
    int score = base;
    if (mode != OOM_NO)
        score = MIN_OF(MAX_OF(mode == OOM_RELATIVE ? base + value : value, SCORE_MIN), SCORE_MAX);
    error = write_score(path_of(o), score);
    if (error < 0)
        return error;
    o->base = base;
    o->changed = mode != OOM_NO;
    return 0;
}
