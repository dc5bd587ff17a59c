/* LOLWUT: a picture, and the version.
 *
 * The ridge is the sum of a few saw-toothed lines, each finer and lower than the one before, begun at
 * random places. The shore lies at two thirds of the picture; the water shows every second row of
 * the ridge, upside down. */
#include "server/lolwut.h"

#include "base/buf.h"
#include "base/rand.h"
#include "dispatch/cmd.h"
#include "dispatch/dispatch.h"
#include "server/server_priv.h"
#include "server/standalone.h"
#include "server/version.h"

#define COLUMNS_USUAL 66
#define ROWS_USUAL 21
#define LINES 4 /* of which the ridge is made */

/* From 1 down to 0 and up again while `x` goes on by 2. */
static double tooth(double x)
{
    double at = x - 2.0 * (double)(int64_t)(x / 2.0);
    return at < 1.0 ? 1.0 - at : at - 1.0;
}

/* Height of each column, from 0 to `top`. */
static void make_ridge(struct rand *random, double *heights, size_t columns, double top)
{
    double phases[LINES], sum_max = 0;
    for (int i = 0; i < LINES; i++)
        phases[i] = 2.0 * rand_unit(random);
    for (size_t x = 0; x < columns; x++) {
        double sum = 0, step = 4.0 / (double)columns, weight = 1.0;
        for (int i = 0; i < LINES; i++, step *= 2.3, weight *= 0.5)
            sum += weight * tooth((double)x * step + phases[i]);
        heights[x] = sum;
        sum_max = MAX_OF(sum_max, sum);
    }
    for (size_t x = 0; x < columns && sum_max > 0; x++)
        heights[x] *= top / sum_max;
}

static char land_at(struct rand *random, double height, double level, double top)
{
    if (level > height)
        return rand_below(random, 40) == 0 ? '.' : ' ';
    if (level > 0.75 * top)
        return '*';
    return level + 1.0 > height ? '^' : ':';
}

static char water_at(struct rand *random, double height, double depth)
{
    if (depth <= height)
        return rand_below(random, 4) == 0 ? '~' : '-';
    return rand_below(random, 12) == 0 ? '~' : ' ';
}

void lolwut_draw(struct rand *random, size_t columns, size_t rows, struct buf *out)
{
    double heights[LOLWUT_COLUMNS_MAX];
    columns = MIN_OF(MAX_OF(columns, (size_t)1), (size_t)LOLWUT_COLUMNS_MAX);
    rows = MIN_OF(MAX_OF(rows, (size_t)1), (size_t)LOLWUT_ROWS_MAX);
    size_t shore = rows * 2 / 3;
    double top = 0.9 * (double)shore;

    make_ridge(random, heights, columns, top);
    for (size_t y = 0; y < rows; y++) {
        for (size_t x = 0; x < columns; x++) {
            char c = '_';
            if (y < shore)
                c = land_at(random, heights[x], (double)(shore - y), top);
            else if (y > shore)
                c = water_at(random, heights[x], 2.0 * (double)(y - shore));
            buf_append_char(out, c);
        }
        buf_append_char(out, '\n');
    }
}

/* What LOLWUT VERSION may ask for; other versions have no picture. */
static bool has_picture(int64_t version)
{
    return version == 0 || version == 5 || version == 6;
}

static void print_version(const struct server *s, struct buf *out)
{
    bool alone = dispatch_settings(s->dispatch)->extended_redis_compatibility;
    buf_append_str(out, "Redis ver. " TARN_COMPATIBLE_VERSION);
    buf_append_str(out, alone ? "\n" : ", Tarn ver. " TARN_VERSION "\n");
}

static void run_lolwut(struct cmd *cmd)
{
    int64_t version = 0, size[2] = { COLUMNS_USUAL, ROWS_USUAL };
    if (cmd->argc >= 3 && cmd_is(cmd, 1, "version")) {
        if (!cmd_int(cmd, 2, &version, NULL))
            return;
        for (int i = 3; i < MIN_OF(cmd->argc, 5) && has_picture(version); i++)
            if (!cmd_int(cmd, i, &size[i - 3], NULL))
                return;
    }

    struct buf out;
    struct rand random;
    buf_init(&out, BUF_NO_CEILING);
    rand_seed_random(&random);
    if (has_picture(version)) {
        lolwut_draw(&random, (size_t)MAX_OF(size[0], (int64_t)1),
                    (size_t)MAX_OF(size[1], (int64_t)1), &out);
        buf_append_char(&out, '\n');
    }
    print_version(cmd->owner, &out);
    reply_verbatim(cmd->reply, "txt", buf_slice(&out));
    buf_done(&out);
}

static const struct command rows[] = {
    {
        .name = "lolwut",
        .run = run_lolwut,
        .arity = -1,
        .flags = CMD_READ | CMD_FAST,
        .group = GROUP_SERVER,
        .since = "5.0.0",
        .complexity = "O(N) for a picture of N characters",
        .summary = "Draws a picture and tells the version.",
        .syntax = "[VERSION version:int]",
    },
};

struct command_table lolwut_commands(struct server *s)
{
    return (struct command_table){ rows, COUNT_OF(rows), s };
}
