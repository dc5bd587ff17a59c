/* The search for geo points: GEOSEARCH, GEOSEARCHSTORE, and the older GEORADIUS forms. All parse into one struct.
 *
 * The points of the cells that cover the shape are looked at in the order of their numbers, cell by cell;
 * those within are replied, or stored, in this order unless it is sorted by distance. */
#include <stdlib.h>

#include "base/mem.h"
#include "commands/geo_priv.h"

enum form { FORM_SEARCH, FORM_SEARCH_STORE, FORM_RADIUS, FORM_BY_MEMBER };
enum order { ORDER_NONE, ORDER_RISING, ORDER_FALLING };

struct search {
    enum form form;
    bool may_store; /* GEORADIUS, not its _RO form */
    int source;     /* argument of the key */
    const struct entry *e;
    struct geo_shape shape;
    double unit_m;
    bool has_center, from_member, has_shape;
    bool with_distance, with_hash, with_point, any;
    enum order order;
    int64_t count; /* 0: all */
    int store_at;  /* argument of the key that gets the result; 0: none */
    bool store_distance;
};

/* A point that was found; the member's bytes are borrowed, or copied into the arena. */
struct found {
    struct slice member;
    double score, distance_m;
    struct geo_point point;
};

struct finds {
    struct found *points;
    size_t count, room;
};

static bool is_search(const struct search *s)
{
    return s->form == FORM_SEARCH || s->form == FORM_SEARCH_STORE;
}

static bool has_polygon(const struct search *s)
{
    return s->has_shape && s->shape.kind == GEO_POLYGON;
}

/* ---- arguments: how many were taken, -1 if an error was replied, 0 if it is none of these ---- */

static int parse_radius(const struct cmd *cmd, struct search *s, int i)
{
    double radius;
    if (!cmd_double(cmd, i, &radius, "ERR need numeric radius"))
        return -1;
    if (radius < 0) {
        reply_error(cmd->reply, "ERR radius cannot be negative");
        return -1;
    }
    if (!geo_unit_arg(cmd, i + 1, &s->unit_m))
        return -1;
    s->shape.kind = GEO_CIRCLE;
    s->shape.radius_m = radius * s->unit_m;
    s->has_shape = true;
    return 2;
}

static int parse_box(const struct cmd *cmd, struct search *s, int i)
{
    double width, height;
    if (!cmd_double(cmd, i, &width, "ERR need numeric width") ||
        !cmd_double(cmd, i + 1, &height, "ERR need numeric height"))
        return -1;
    if (width < 0 || height < 0) {
        reply_error(cmd->reply, "ERR height or width cannot be negative");
        return -1;
    }
    if (!geo_unit_arg(cmd, i + 2, &s->unit_m))
        return -1;
    s->shape.kind = GEO_BOX;
    s->shape.width_m = width * s->unit_m;
    s->shape.height_m = height * s->unit_m;
    s->has_shape = true;
    return 3;
}

/* Distances are from its centre, in metres. */
static int parse_polygon(const struct cmd *cmd, struct search *s, int i)
{
    int64_t count;
    if (!cmd_int(cmd, i, &count, NULL))
        return -1;
    if (count < 3) {
        reply_error(cmd->reply, "ERR BYPOLYGON needs at least 3 vertices");
        return -1;
    }
    if (count > (cmd->argc - i - 1) / 2)
        return 0;
    struct geo_point *vertices = arena_alloc(cmd->arena, (size_t)count * sizeof(*vertices));
    for (int k = 0; k < count; k++)
        if (!geo_point_args(cmd, i + 1 + 2 * k, &vertices[k]))
            return -1;
    s->shape = (struct geo_shape){
        .kind = GEO_POLYGON,
        .center = geo_centroid(vertices, (size_t)count),
        .vertices = vertices,
        .vertex_count = (size_t)count,
    };
    s->unit_m = 1;
    s->has_shape = true;
    return 1 + 2 * (int)count;
}

/* Without a key the arguments are still looked at. */
static int parse_member(const struct cmd *cmd, struct search *s, int i)
{
    s->has_center = s->from_member = true;
    if (!s->e || geo_member(s->e, cmd_arg(cmd, i), &s->shape.center))
        return 1;
    reply_error(cmd->reply, "ERR could not decode requested zset member");
    return -1;
}

static int parse_point(const struct cmd *cmd, struct search *s, int i)
{
    s->has_center = true;
    return geo_point_args(cmd, i, &s->shape.center) ? 2 : -1;
}

static bool may_start_at_member(const struct search *s)
{
    return !has_polygon(s) && (!s->has_center || s->from_member);
}

static bool may_start_at_point(const struct search *s)
{
    return !has_polygon(s) && !s->from_member;
}

static bool may_be_circle(const struct search *s)
{
    return !s->has_shape || s->shape.kind == GEO_CIRCLE;
}

static bool may_be_box(const struct search *s)
{
    return !s->has_shape || s->shape.kind == GEO_BOX;
}

/* A polygon has a centre of its own. */
static bool may_be_polygon(const struct search *s)
{
    return !s->has_center && (!s->has_shape || has_polygon(s));
}

/* What only GEOSEARCH has. The same word again is taken, and wins; another of its kind is an error. */
static const struct search_option {
    const char *word;
    int values; /* at least */
    bool (*fits)(const struct search *s);
    int (*parse)(const struct cmd *cmd, struct search *s, int i);
} search_options[] = {
    { "frommember", 1, may_start_at_member, parse_member },
    { "fromlonlat", 2, may_start_at_point, parse_point },
    { "byradius", 2, may_be_circle, parse_radius },
    { "bybox", 3, may_be_box, parse_box },
    { "bypolygon", 1, may_be_polygon, parse_polygon },
};

static int parse_search_option(const struct cmd *cmd, struct search *s, int i)
{
    const int left = cmd->argc - i - 1;
    for (size_t k = 0; k < COUNT_OF(search_options); k++) {
        const struct search_option *o = &search_options[k];
        if (left < o->values || !cmd_is(cmd, i, o->word))
            continue;
        const int taken = o->fits(s) ? o->parse(cmd, s, i + 1) : 0;
        return taken > 0 ? taken + 1 : taken;
    }
    if (s->form == FORM_SEARCH_STORE && cmd_is(cmd, i, "storedist")) {
        s->store_distance = true;
        return 1;
    }
    return 0;
}

/* What only GEORADIUS has. */
static int parse_store_option(const struct cmd *cmd, struct search *s, int i)
{
    const bool with_distance = cmd_is(cmd, i, "storedist");
    if (!s->may_store || i + 1 >= cmd->argc || !(with_distance || cmd_is(cmd, i, "store")))
        return 0;
    s->store_at = i + 1;
    s->store_distance = with_distance;
    return 2;
}

static int parse_count(const struct cmd *cmd, struct search *s, int i)
{
    if (!cmd_int(cmd, i + 1, &s->count, NULL))
        return -1;
    if (s->count > 0)
        return 2;
    reply_error(cmd->reply, "ERR COUNT must be > 0");
    return -1;
}

static int parse_option(const struct cmd *cmd, struct search *s, int i)
{
    const struct {
        const char *word;
        bool *flag;
    } flags[] = {
        { "withdist", &s->with_distance },
        { "withhash", &s->with_hash },
        { "withcoord", &s->with_point },
        { "any", &s->any },
    };
    for (size_t k = 0; k < COUNT_OF(flags); k++)
        if (cmd_is(cmd, i, flags[k].word)) {
            *flags[k].flag = true;
            return 1;
        }
    if (cmd_is(cmd, i, "asc") || cmd_is(cmd, i, "desc")) {
        s->order = cmd_is(cmd, i, "asc") ? ORDER_RISING : ORDER_FALLING;
        return 1;
    }
    if (cmd_is(cmd, i, "count") && i + 1 < cmd->argc)
        return parse_count(cmd, s, i);
    return is_search(s) ? parse_search_option(cmd, s, i) : parse_store_option(cmd, s, i);
}

/* The arguments that stand at fixed places; -1, or where options begin. */
static int parse_fixed(const struct cmd *cmd, struct search *s)
{
    const int at = s->source + 1;
    int taken = 0;
    if (s->form == FORM_RADIUS) {
        taken = parse_point(cmd, s, at);
    } else if (s->form == FORM_BY_MEMBER) {
        /* Without a key nothing of it is looked at. */
        if (!s->e)
            return at + 3;
        taken = parse_member(cmd, s, at);
    } else {
        return at;
    }
    if (taken < 0 || parse_radius(cmd, s, at + taken) < 0)
        return -1;
    return at + taken + 2;
}

/* False: an error was replied. */
static bool options_agree(const struct cmd *cmd, const struct search *s)
{
    const char *verb = cmd_arg(cmd, 0).ptr;
    const int verb_len = (int)cmd_arg(cmd, 0).len;
    if (s->store_at && (s->with_distance || s->with_hash || s->with_point))
        reply_errorf(cmd->reply,
                     "ERR %s is not compatible with WITHDIST, WITHHASH and WITHCOORD options",
                     is_search(s) ? "GEOSEARCHSTORE" : "STORE option in GEORADIUS");
    else if (is_search(s) && !s->has_center && !has_polygon(s))
        reply_errorf(cmd->reply,
                     "ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for %.*s",
                     verb_len, verb);
    else if (is_search(s) && !s->has_shape)
        reply_errorf(cmd->reply, "ERR exactly one of BYRADIUS and BYBOX can be specified for %.*s",
                     verb_len, verb);
    else if (s->any && !s->count)
        reply_error(cmd->reply, "ERR the ANY argument requires COUNT argument");
    else
        return true;
    return false;
}

/* False: an error was replied. */
static bool parse(const struct cmd *cmd, struct search *s)
{
    int i = parse_fixed(cmd, s);
    if (i < 0)
        return false;
    while (i < cmd->argc) {
        const int taken = parse_option(cmd, s, i);
        if (taken == 0)
            reply_error(cmd->reply, ERR_SYNTAX);
        if (taken <= 0)
            return false;
        i += taken;
    }
    if (s->form == FORM_SEARCH_STORE)
        s->store_at = 1;
    return options_agree(cmd, s);
}

/* ---- search ---- */

static struct found *finds_add(struct finds *f)
{
    if (f->count == f->room) {
        f->room = f->room ? f->room * 2 : 16;
        f->points = mem_realloc(f->points, f->room * sizeof(*f->points));
    }
    return &f->points[f->count++];
}

/* False: enough were found. */
static bool search_cell(const struct cmd *cmd, const struct search *s, struct geo_cell cell,
                        struct finds *f)
{
    const struct zset_score_range range = {
        .min = (double)cell.first,
        .max = (double)cell.end,
        .max_open = true,
    };
    const struct zset_span span = zset_span_of_scores(s->e, &range);
    const bool copies = zset_listpack(s->e) != NULL;
    struct zset_walk walk;
    struct zset_element element;
    if (span.count == 0)
        return true;
    zset_walk_open(&walk, s->e, span.first, /* down= */ false);
    for (size_t i = 0; i < span.count && zset_walk_next(&walk, &element); i++) {
        double distance_m;
        const struct geo_point p = geo_decode(geo_bits(element.score));
        if (!geo_in_shape(&s->shape, p, &distance_m))
            continue;
        *finds_add(f) = (struct found){
            .member = copies ? arena_copy(cmd->arena, element.member) : element.member,
            .score = element.score,
            .distance_m = distance_m,
            .point = p,
        };
        if (s->any && (int64_t)f->count >= s->count)
            return false;
    }
    return true;
}

static int by_distance(const void *a, const void *b)
{
    const struct found *x = a;
    const struct found *y = b;
    return (x->distance_m > y->distance_m) - (x->distance_m < y->distance_m);
}

static int by_falling_distance(const void *a, const void *b)
{
    return by_distance(b, a);
}

static struct finds find_all(const struct cmd *cmd, const struct search *s)
{
    struct geo_cell cells[GEO_CELLS_MAX];
    struct finds f = { NULL, 0, 0 };
    const size_t count = geo_cells(&s->shape, cells);
    for (size_t i = 0; i < count; i++)
        if (!search_cell(cmd, s, cells[i], &f))
            break;
    /* The nearest of a number are meant, unless any will do. */
    const bool nearest = s->count && !s->any && s->order == ORDER_NONE;
    if (f.count && (s->order == ORDER_RISING || nearest))
        qsort(f.points, f.count, sizeof(*f.points), by_distance);
    else if (f.count && s->order == ORDER_FALLING)
        qsort(f.points, f.count, sizeof(*f.points), by_falling_distance);
    if (s->count && f.count > (uint64_t)s->count)
        f.count = (size_t)s->count;
    return f;
}

static void reply_found(const struct cmd *cmd, const struct search *s, const struct finds *f)
{
    const size_t details = (size_t)s->with_distance + s->with_hash + s->with_point;
    reply_array(cmd->reply, f->count);
    for (size_t i = 0; i < f->count; i++) {
        const struct found *found = &f->points[i];
        if (details)
            reply_array(cmd->reply, details + 1);
        reply_bulk(cmd->reply, found->member);
        if (s->with_distance)
            geo_reply_distance(cmd, found->distance_m / s->unit_m);
        if (s->with_hash)
            reply_int(cmd->reply, (int64_t)found->score);
        if (s->with_point)
            geo_reply_point(cmd, found->point);
    }
}

/* Unlike other sorted sets that are made, these are replied behind the event. */
static void store_nothing(struct cmd *cmd, struct key key)
{
    zset_clear(cmd, key);
    reply_int(cmd->reply, 0);
}

static void store_build(struct cmd *cmd, struct key key, struct zset_build *b, const char *event)
{
    const size_t count = zset_build_count(b);
    if (count == 0) {
        zset_build_done(b);
        store_nothing(cmd, key);
        return;
    }
    db_set(cmd->db, key, zset_build_finish(b, key.name, ENTRY_NO_EXPIRY));
    db_notify(cmd->db, EVENT_ZSET, event, key.name);
    reply_int(cmd->reply, (int64_t)count);
}

static void store_found(struct cmd *cmd, const struct search *s, const struct finds *f)
{
    struct zset_build b;
    zset_build_init(&b, zset_env(cmd));
    for (size_t i = 0; i < f->count; i++) {
        const struct found *found = &f->points[i];
        bool is_new;
        *zset_build_at(&b, found->member,
                       &is_new) = s->store_distance ? found->distance_m / s->unit_m : found->score;
    }
    store_build(cmd, cmd_key(cmd, s->store_at), &b,
                is_search(s) ? "geosearchstore" : "georadiusstore");
}

static void search(struct cmd *cmd, struct search s)
{
    s.e = db_lookup_read(cmd->db, cmd_key(cmd, s.source));
    if (!is_zset(cmd, s.e) || !parse(cmd, &s))
        return;
    if (!s.e) {
        if (s.store_at)
            store_nothing(cmd, cmd_key(cmd, s.store_at));
        else
            reply_array(cmd->reply, 0);
        return;
    }
    struct finds f = find_all(cmd, &s);
    if (s.store_at)
        store_found(cmd, &s, &f);
    else
        reply_found(cmd, &s, &f);
    mem_free(f.points);
}

static void run_geosearch(struct cmd *cmd)
{
    search(cmd, (struct search){ .form = FORM_SEARCH, .source = 1 });
}

static void run_geosearchstore(struct cmd *cmd)
{
    search(cmd, (struct search){ .form = FORM_SEARCH_STORE, .source = 2 });
}

static void run_georadius(struct cmd *cmd)
{
    search(cmd, (struct search){ .form = FORM_RADIUS, .source = 1, .may_store = true });
}

static void run_georadius_ro(struct cmd *cmd)
{
    search(cmd, (struct search){ .form = FORM_RADIUS, .source = 1 });
}

static void run_georadiusbymember(struct cmd *cmd)
{
    search(cmd, (struct search){ .form = FORM_BY_MEMBER, .source = 1, .may_store = true });
}

static void run_georadiusbymember_ro(struct cmd *cmd)
{
    search(cmd, (struct search){ .form = FORM_BY_MEMBER, .source = 1 });
}

#define READ_KEY KEY_AT(1, KEY_RO | KEY_ACCESS)
#define STORE_KEY(word, from)                                                                 \
    {                                                                                         \
        .flags = KEY_OW | KEY_UPDATE, .begin = KEYS_KEYWORD, .keyword = (word), .at = (from), \
        .step = 1                                                                             \
    }
#define RADIUS_KEYS(from)                                                          \
    {                                                                              \
        { .flags = KEY_RO | KEY_ACCESS, .begin = KEYS_INDEX, .at = 1, .step = 1 }, \
            STORE_KEY("STORE", from), STORE_KEY("STOREDIST", from)                 \
    }
#define COMPLEXITY "O(N + M log M) for N points near the shape and M within"
#define UNIT_SYNTAX "unit=<M | KM | FT | MI>"
#define WITH_SYNTAX "[withcoord=WITHCOORD] [withdist=WITHDIST] [withhash=WITHHASH]"
#define COUNT_SYNTAX(since) "[count={COUNT count:int [any=ANY" since "]}]"
#define ORDER_SYNTAX "[order=<ASC | DESC>]"
#define SHAPE_SYNTAX                                                      \
    "[from=<FROMMEMBER member | "                                         \
    "FROMLONLAT longitude_latitude={longitude:double latitude:double}>] " \
    "by=<circle={BYRADIUS radius:double " UNIT_SYNTAX "} | "              \
    "box={BYBOX width:double height:double " UNIT_SYNTAX "} | "           \
    "polygon={BYPOLYGON num-vertices:int "                                \
    "longitude_latitude={longitude:double latitude:double}...}@9.1.0> "
#define RADIUS_SYNTAX(any_since) \
    "radius:double " UNIT_SYNTAX " " WITH_SYNTAX " " COUNT_SYNTAX(any_since) " " ORDER_SYNTAX
#define STORE_SYNTAX " [STORE key:key] [STOREDIST key:key]"

static const struct command rows[] = {
    {
        .name = "geosearch",
        .run = run_geosearch,
        .arity = -7,
        .flags = CMD_READ,
        .group = GROUP_GEO,
        .keys = READ_KEY,
        .since = "6.2.0",
        .complexity = COMPLEXITY,
        .summary = "The members within a circle or a box around a point, or within a polygon.",
        .syntax = "key:key " SHAPE_SYNTAX ORDER_SYNTAX " " COUNT_SYNTAX("") " " WITH_SYNTAX,
    },
    {
        .name = "geosearchstore",
        .run = run_geosearchstore,
        .arity = -8,
        .flags = CMD_WRITE | CMD_DENY_OOM,
        .group = GROUP_GEO,
        .keys = { { .flags = KEY_OW | KEY_UPDATE, .begin = KEYS_INDEX, .at = 1, .step = 1 },
                  { .flags = KEY_RO | KEY_ACCESS, .begin = KEYS_INDEX, .at = 2, .step = 1 } },
        .since = "6.2.0",
        .complexity = COMPLEXITY,
        .summary =
            "Stores the members within a circle or a box around a point, or within a polygon.",
        .syntax = "destination:key source:key " SHAPE_SYNTAX ORDER_SYNTAX
                  " " COUNT_SYNTAX("") " [storedist=STOREDIST]",
    },
    {
        .name = "georadius",
        .run = run_georadius,
        .arity = -6,
        .flags = CMD_WRITE | CMD_DENY_OOM | CMD_MOVABLE_KEYS,
        .group = GROUP_GEO,
        .keys = RADIUS_KEYS(6),
        .since = "3.2.0",
        .complexity = COMPLEXITY,
        .summary = "The members within a circle around a point, replied or stored.",
        .syntax = "key:key longitude:double latitude:double " RADIUS_SYNTAX("@6.2.0") STORE_SYNTAX,
        .deprecated_since = "6.2.0",
        .replaced_by = "`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` argument",
    },
    {
        .name = "georadius_ro",
        .run = run_georadius_ro,
        .arity = -6,
        .flags = CMD_READ,
        .group = GROUP_GEO,
        .keys = READ_KEY,
        .since = "3.2.10",
        .complexity = COMPLEXITY,
        .summary = "The members within a circle around a point.",
        .syntax = "key:key longitude:double latitude:double " RADIUS_SYNTAX("@6.2.0"),
        .deprecated_since = "6.2.0",
        .replaced_by = "`GEOSEARCH` with the `BYRADIUS` argument",
    },
    {
        .name = "georadiusbymember",
        .run = run_georadiusbymember,
        .arity = -5,
        .flags = CMD_WRITE | CMD_DENY_OOM | CMD_MOVABLE_KEYS,
        .group = GROUP_GEO,
        .keys = RADIUS_KEYS(5),
        .since = "3.2.0",
        .complexity = COMPLEXITY,
        .summary = "The members within a circle around a member, replied or stored.",
        .syntax = "key:key member " RADIUS_SYNTAX("") STORE_SYNTAX,
        .deprecated_since = "6.2.0",
        .replaced_by =
            "`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` and `FROMMEMBER` arguments",
    },
    {
        .name = "georadiusbymember_ro",
        .run = run_georadiusbymember_ro,
        .arity = -5,
        .flags = CMD_READ,
        .group = GROUP_GEO,
        .keys = READ_KEY,
        .since = "3.2.10",
        .complexity = COMPLEXITY,
        .summary = "The members within a circle around a member.",
        .syntax = "key:key member " RADIUS_SYNTAX(""),
        .deprecated_since = "6.2.0",
        .replaced_by = "`GEOSEARCH` with the `BYRADIUS` and `FROMMEMBER` arguments",
    },
};

struct command_table commands_geo_search(void)
{
    return (struct command_table){ .rows = rows, .count = COUNT_OF(rows) };
}
