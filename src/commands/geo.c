/* Geo points as they are: GEOADD, GEOPOS, GEODIST, GEOHASH. */
#include <stdio.h>

#include "commands/geo_priv.h"

bool geo_point_args(const struct cmd *cmd, int i, struct geo_point *ret_point)
{
    struct geo_point p;
    if (!cmd_double(cmd, i, &p.longitude, NULL) || !cmd_double(cmd, i + 1, &p.latitude, NULL))
        return false;
    if (!geo_point_is_valid(p)) {
        reply_errorf(cmd->reply, "ERR invalid longitude,latitude pair %f,%f", p.longitude,
                     p.latitude);
        return false;
    }
    *ret_point = p;
    return true;
}

bool geo_unit_arg(const struct cmd *cmd, int i, double *ret_metres)
{
    static const struct {
        const char *word;
        double metres;
    } units[] = { { "m", 1 }, { "km", 1000 }, { "ft", 0.3048 }, { "mi", 1609.34 } };
    for (size_t k = 0; k < COUNT_OF(units); k++)
        if (cmd_is(cmd, i, units[k].word)) {
            *ret_metres = units[k].metres;
            return true;
        }
    reply_error(cmd->reply, "ERR unsupported unit provided. please use M, KM, FT, MI");
    return false;
}

bool geo_member(const struct entry *e, struct slice member, struct geo_point *ret_point)
{
    double score;
    if (!e || !zset_score(e, member, &score))
        return false;
    *ret_point = geo_decode(geo_bits(score));
    return true;
}

static void reply_coordinate(const struct cmd *cmd, double value)
{
    char text[NUM_LONG_DOUBLE_MAX_CHARS];
    const struct slice digits = slice_of(text, num_format_long_double(text, value));
    if (cmd->reply->proto == 2) {
        reply_bulk(cmd->reply, digits);
        return;
    }
    reply_raw(cmd->reply, SLICE(","));
    reply_raw(cmd->reply, digits);
    reply_raw(cmd->reply, SLICE("\r\n"));
}

void geo_reply_point(const struct cmd *cmd, struct geo_point p)
{
    reply_array(cmd->reply, 2);
    reply_coordinate(cmd, p.longitude);
    reply_coordinate(cmd, p.latitude);
}

void geo_reply_distance(const struct cmd *cmd, double distance)
{
    char text[64];
    const int len = snprintf(text, sizeof(text), "%.4f", distance);
    reply_bulk(cmd->reply, slice_of(text, (size_t)len));
}

/* ---- GEOADD ---- */

static void run_geoadd(struct cmd *cmd)
{
    struct zset_addition what = { .flags = 0 };
    int first = 2;
    for (; first < cmd->argc; first++) {
        if (cmd_is(cmd, first, "nx"))
            what.flags |= ZSET_IF_ABSENT;
        else if (cmd_is(cmd, first, "xx"))
            what.flags |= ZSET_IF_PRESENT;
        else if (cmd_is(cmd, first, "ch"))
            what.count_changes = true;
        else
            break;
    }
    what.count = (size_t)(cmd->argc - first) / 3;
    const bool both = what.flags & ZSET_IF_ABSENT && what.flags & ZSET_IF_PRESENT;
    if ((cmd->argc - first) % 3 || what.count == 0 || both) {
        reply_error(cmd->reply, ERR_SYNTAX);
        return;
    }
    struct zset_element *elements = arena_alloc(cmd->arena, what.count * sizeof(*elements));
    for (size_t i = 0; i < what.count; i++) {
        struct geo_point p;
        const int at = first + (int)i * 3;
        if (!geo_point_args(cmd, at, &p))
            return;
        elements[i] = (struct zset_element){ cmd_arg(cmd, at + 2), (double)geo_encode(p) };
    }
    what.elements = elements;
    zset_add_all(cmd, &what);
}

/* ---- questions ---- */

static void run_geopos(struct cmd *cmd)
{
    const struct entry *e = db_lookup_read(cmd->db, cmd_key(cmd, 1));
    if (!is_zset(cmd, e))
        return;
    reply_array(cmd->reply, (size_t)cmd->argc - 2);
    for (int i = 2; i < cmd->argc; i++) {
        struct geo_point p;
        if (geo_member(e, cmd_arg(cmd, i), &p))
            geo_reply_point(cmd, p);
        else
            reply_null_array(cmd->reply);
    }
}

static void run_geohash(struct cmd *cmd)
{
    const struct entry *e = db_lookup_read(cmd->db, cmd_key(cmd, 1));
    if (!is_zset(cmd, e))
        return;
    reply_array(cmd->reply, (size_t)cmd->argc - 2);
    for (int i = 2; i < cmd->argc; i++) {
        struct geo_point p;
        char text[GEO_TEXT_CHARS];
        if (!geo_member(e, cmd_arg(cmd, i), &p)) {
            reply_null(cmd->reply);
            continue;
        }
        geo_text(p, text);
        reply_bulk(cmd->reply, slice_of(text, sizeof(text)));
    }
}

static void run_geodist(struct cmd *cmd)
{
    double unit_m = 1;
    if (cmd->argc > 5) {
        reply_error(cmd->reply, ERR_SYNTAX);
        return;
    }
    if (cmd->argc == 5 && !geo_unit_arg(cmd, 4, &unit_m))
        return;
    const struct entry *e = db_lookup_read(cmd->db, cmd_key(cmd, 1));
    struct geo_point a, b;
    if (!is_zset(cmd, e))
        return;
    if (geo_member(e, cmd_arg(cmd, 2), &a) && geo_member(e, cmd_arg(cmd, 3), &b))
        geo_reply_distance(cmd, geo_distance_m(a, b) / unit_m);
    else
        reply_null(cmd->reply);
}

#define READ_KEY KEY_AT(1, KEY_RO | KEY_ACCESS)

static const struct command rows[] = {
    {
        .name = "geoadd",
        .run = run_geoadd,
        .arity = -5,
        .flags = CMD_WRITE | CMD_DENY_OOM,
        .group = GROUP_GEO,
        .keys = KEY_AT(1, KEY_RW | KEY_UPDATE),
        .element = 4,
        .since = "3.2.0",
        .complexity = "O(log N) for each member",
        .summary = "Adds members with their longitudes and latitudes, or moves members.",
        .syntax = "key:key [condition=<NX | XX>@6.2.0] [change=CH@6.2.0] "
                  "longitude_latitude_member={longitude:double latitude:double member}...",
    },
    {
        .name = "geopos",
        .run = run_geopos,
        .arity = -2,
        .flags = CMD_READ,
        .group = GROUP_GEO,
        .keys = READ_KEY,
        .element = 2,
        .since = "3.2.0",
        .complexity = "O(1) for each member",
        .summary = "Longitudes and latitudes of members.",
        .syntax = "key:key member...",
    },
    {
        .name = "geohash",
        .run = run_geohash,
        .arity = -2,
        .flags = CMD_READ,
        .group = GROUP_GEO,
        .keys = READ_KEY,
        .element = 2,
        .since = "3.2.0",
        .complexity = "O(1) for each member",
        .summary = "The geohash texts of members, of eleven characters.",
        .syntax = "key:key member...",
    },
    {
        .name = "geodist",
        .run = run_geodist,
        .arity = -4,
        .flags = CMD_READ,
        .group = GROUP_GEO,
        .keys = READ_KEY,
        .element = 2,
        .since = "3.2.0",
        .complexity = "O(1)",
        .summary = "How far two members are from each other.",
        .syntax = "key:key member1 member2 [unit=<M | KM | FT | MI>]",
    },
};

struct command_table commands_geo(void)
{
    return (struct command_table){ .rows = rows, .count = COUNT_OF(rows) };
}
