/* Geo points: cells, distances, shapes. */
#include "types/geo.h"

#include <math.h>

#include "base/macros.h"

#define EARTH_RADIUS_M 6372797.560856
#define RADIANS (M_PI / 180.0)
/* Half the square map's side in metres: a cell of step 0 reaches as far. */
#define MAP_HALF_M 20037726.37

struct interval {
    double min, max;
};

static const struct interval longitudes = { -GEO_LONGITUDE_MAX, GEO_LONGITUDE_MAX };
static const struct interval latitudes = { -GEO_LATITUDE_MAX, GEO_LATITUDE_MAX };
static const struct interval latitudes_to_poles = { -90, 90 };

/* A cell as column and row of 2^steps each. */
struct place {
    uint32_t column, row;
    unsigned steps;
};

struct bounds {
    struct interval longitude, latitude;
};

bool geo_point_is_valid(struct geo_point p)
{
    return p.longitude >= longitudes.min && p.longitude <= longitudes.max &&
           p.latitude >= latitudes.min && p.latitude <= latitudes.max;
}

/* ---- numbers ---- */

/* Moves bit i to bit 2 i (Anderson, "Bit Twiddling Hacks", interleave by binary magic numbers). */
static uint64_t spread(uint32_t value)
{
    uint64_t x = value;
    x = (x | x << 16) & 0x0000ffff0000ffff;
    x = (x | x << 8) & 0x00ff00ff00ff00ff;
    x = (x | x << 4) & 0x0f0f0f0f0f0f0f0f;
    x = (x | x << 2) & 0x3333333333333333;
    return (x | x << 1) & 0x5555555555555555;
}

/* The way back, of the even bits. */
static uint32_t gather(uint64_t x)
{
    x &= 0x5555555555555555;
    x = (x | x >> 1) & 0x3333333333333333;
    x = (x | x >> 2) & 0x0f0f0f0f0f0f0f0f;
    x = (x | x >> 4) & 0x00ff00ff00ff00ff;
    x = (x | x >> 8) & 0x0000ffff0000ffff;
    return (uint32_t)(x | x >> 16);
}

static uint32_t step_of(struct interval all, double value, unsigned steps)
{
    const double share = (value - all.min) / (all.max - all.min);
    return (uint32_t)(share * (double)(UINT64_C(1) << steps));
}

static struct interval step_bounds(struct interval all, uint32_t step, unsigned steps)
{
    const double scale = all.max - all.min;
    const double count = (double)(UINT64_C(1) << steps);
    return (struct interval){ all.min + (step * 1.0 / count) * scale,
                              all.min + ((step + 1.0) / count) * scale };
}

static struct place place_of(struct interval latitude, struct geo_point p, unsigned steps)
{
    return (struct place){ step_of(longitudes, p.longitude, steps),
                           step_of(latitude, p.latitude, steps), steps };
}

static uint64_t place_bits(struct place place)
{
    return spread(place.row) | spread(place.column) << 1;
}

static struct bounds place_bounds(struct place place)
{
    return (struct bounds){ step_bounds(longitudes, place.column, place.steps),
                            step_bounds(latitudes, place.row, place.steps) };
}

uint64_t geo_encode(struct geo_point p)
{
    return place_bits(place_of(latitudes, p, GEO_STEPS_MAX));
}

static double middle(struct interval i, double limit)
{
    const double value = (i.min + i.max) / 2;
    return value > limit ? limit : value < -limit ? -limit : value;
}

struct geo_point geo_decode(uint64_t bits)
{
    const struct place place = { gather(bits >> 1), gather(bits), GEO_STEPS_MAX };
    const struct bounds b = place_bounds(place);
    return (struct geo_point){ middle(b.longitude, GEO_LONGITUDE_MAX),
                               middle(b.latitude, GEO_LATITUDE_MAX) };
}

uint64_t geo_bits(double score)
{
    if (score >= 0)
        return score < 0x1p64 ? (uint64_t)score : 0;
    return score >= -0x1p63 ? (uint64_t)(int64_t)score : UINT64_C(1) << 63;
}

void geo_text(struct geo_point p, char out[static GEO_TEXT_CHARS])
{
    static const char alphabet[] = "0123456789bcdefghjkmnpqrstuvwxyz";
    const uint64_t bits = place_bits(place_of(latitudes_to_poles, p, GEO_STEPS_MAX));
    /* 52 bits are ten characters; the eleventh says nothing. */
    for (unsigned i = 0; i < GEO_TEXT_CHARS - 1; i++)
        out[i] = alphabet[bits >> (52 - (i + 1) * 5) & 31];
    out[GEO_TEXT_CHARS - 1] = alphabet[0];
}

/* ---- distances ---- */

static double latitude_distance_m(double a, double b)
{
    return EARTH_RADIUS_M * fabs(b * RADIANS - a * RADIANS);
}

double geo_distance_m(struct geo_point a, struct geo_point b)
{
    const double v = sin((b.longitude * RADIANS - a.longitude * RADIANS) / 2);
    if (v == 0.0)
        return latitude_distance_m(a.latitude, b.latitude);
    const double from = a.latitude * RADIANS;
    const double to = b.latitude * RADIANS;
    const double u = sin((to - from) / 2);
    const double h = u * u + cos(from) * cos(to) * v * v;
    return 2.0 * EARTH_RADIUS_M * asin(sqrt(h));
}

struct geo_point geo_centroid(const struct geo_point *vertices, size_t count)
{
    struct geo_point sum = { 0, 0 };
    for (size_t i = 0; i < count; i++) {
        sum.longitude += vertices[i].longitude;
        sum.latitude += vertices[i].latitude;
    }
    return (struct geo_point){ sum.longitude / (double)count, sum.latitude / (double)count };
}

/* Counts the edges that a ray to the east crosses. */
static bool in_polygon(const struct geo_shape *shape, struct geo_point p)
{
    bool inside = false;
    struct geo_point a = shape->vertices[shape->vertex_count - 1];
    for (size_t i = 0; i < shape->vertex_count; i++) {
        const struct geo_point b = shape->vertices[i];
        if ((a.latitude > p.latitude) != (b.latitude > p.latitude) &&
            p.longitude < a.longitude + (b.longitude - a.longitude) * (p.latitude - a.latitude) /
                                            (b.latitude - a.latitude))
            inside = !inside;
        a = b;
    }
    return inside;
}

bool geo_in_shape(const struct geo_shape *shape, struct geo_point p, double *ret_distance_m)
{
    const struct geo_point c = shape->center;
    if (shape->kind == GEO_POLYGON) {
        if (!in_polygon(shape, p))
            return false;
        *ret_distance_m = geo_distance_m(c, p);
        return true;
    }
    if (shape->kind == GEO_BOX) {
        if (latitude_distance_m(p.latitude, c.latitude) > shape->height_m / 2)
            return false;
        const struct geo_point beside = { c.longitude, p.latitude };
        if (geo_distance_m(p, beside) > shape->width_m / 2)
            return false;
        *ret_distance_m = geo_distance_m(c, p);
        return true;
    }
    *ret_distance_m = geo_distance_m(c, p);
    return *ret_distance_m <= shape->radius_m;
}

/* ---- cells ---- */

/* What the shape touches, on a map: the side towards the pole is the wider one. */
static struct bounds shape_bounds(const struct geo_shape *shape)
{
    const bool is_circle = shape->kind == GEO_CIRCLE;
    const struct geo_point c = shape->center;
    const double height = is_circle ? shape->radius_m : shape->height_m / 2;
    const double width = is_circle ? shape->radius_m : shape->width_m / 2;
    const double up = height / EARTH_RADIUS_M / RADIANS;
    const double poleward = c.latitude < 0 ? c.latitude - up : c.latitude + up;
    const double aside = width / EARTH_RADIUS_M / cos(poleward * RADIANS) / RADIANS;
    return (struct bounds){ { c.longitude - aside, c.longitude + aside },
                            { c.latitude - up, c.latitude + up } };
}

/* The steps at which nine cells cover a radius; fewer towards the poles, where cells are narrow. */
static unsigned steps_for(double radius_m, double latitude)
{
    int steps = 1;
    if (radius_m == 0)
        return GEO_STEPS_MAX;
    for (; radius_m < MAP_HALF_M; steps++)
        radius_m *= 2;
    steps -= 2;
    if (fabs(latitude) > 66)
        steps--;
    if (fabs(latitude) > 80)
        steps--;
    return (unsigned)MIN_OF(MAX_OF(steps, 1), GEO_STEPS_MAX);
}

/* Around the world if need be. A place at the map's very edge lies beyond the last column or row, and stays there in
 * the direction in which it does not move, as with the peers. */
static struct place neighbour(struct place place, int columns, int rows)
{
    const uint32_t mask = (UINT32_C(1) << place.steps) - 1;
    if (columns)
        place.column = (place.column + (uint32_t)columns) & mask;
    if (rows)
        place.row = (place.row + (uint32_t)rows) & mask;
    return place;
}

/* Whether one of the four neighbours ends before the shape does. */
static bool is_too_narrow(struct place center, const struct bounds *shape)
{
    return place_bounds(neighbour(center, 0, 1)).latitude.max < shape->latitude.max ||
           place_bounds(neighbour(center, 0, -1)).latitude.min > shape->latitude.min ||
           place_bounds(neighbour(center, 1, 0)).longitude.max < shape->longitude.max ||
           place_bounds(neighbour(center, -1, 0)).longitude.min > shape->longitude.min;
}

/* Whether the neighbour in a direction is of use: not if the centre's cell reaches further than the shape. */
static bool is_needed(struct place center, const struct bounds *shape, int columns, int rows)
{
    const struct bounds here = place_bounds(center);
    if (center.steps < 2)
        return true;
    return !(rows < 0 && here.latitude.min < shape->latitude.min) &&
           !(rows > 0 && here.latitude.max > shape->latitude.max) &&
           !(columns < 0 && here.longitude.min < shape->longitude.min) &&
           !(columns > 0 && here.longitude.max > shape->longitude.max);
}

static struct geo_cell cell_of(struct place place)
{
    const uint64_t bits = place_bits(place);
    const unsigned shift = 52 - place.steps * 2;
    return (struct geo_cell){ bits << shift, (bits + 1) << shift };
}

/* The smallest cells of which three by three cover the polygon's bounds; at most one is needed without
 * any step, so there always are some. A vertex at the map's very edge is in a column beyond the last,
 * as the points there are. */
static size_t polygon_cells(const struct geo_shape *shape, struct geo_cell *cells)
{
    struct geo_point min = shape->vertices[0], max = min;
    for (size_t i = 1; i < shape->vertex_count; i++) {
        const struct geo_point v = shape->vertices[i];
        min = (struct geo_point){ fmin(min.longitude, v.longitude),
                                  fmin(min.latitude, v.latitude) };
        max = (struct geo_point){ fmax(max.longitude, v.longitude),
                                  fmax(max.latitude, v.latitude) };
    }
    struct place first, last;
    unsigned steps = GEO_STEPS_MAX + 1;
    do {
        first = place_of(latitudes, min, --steps);
        last = place_of(latitudes, max, steps);
    } while (last.column - first.column > 2 || last.row - first.row > 2);

    size_t count = 0;
    for (uint32_t row = first.row; row <= last.row; row++)
        for (uint32_t column = first.column; column <= last.column; column++)
            cells[count++] = cell_of((struct place){ column, row, steps });
    return count;
}

size_t geo_cells(const struct geo_shape *shape, struct geo_cell cells[static GEO_CELLS_MAX])
{
    if (shape->kind == GEO_POLYGON)
        return polygon_cells(shape, cells);
    static const struct {
        int columns, rows;
    } ways[GEO_CELLS_MAX] = {
        { 0, 0 }, { 0, 1 },  { 0, -1 }, { 1, 0 },   { -1, 0 },
        { 1, 1 }, { -1, 1 }, { 1, -1 }, { -1, -1 },
    };
    const bool is_circle = shape->kind == GEO_CIRCLE;
    const struct bounds bounds = shape_bounds(shape);
    const double corner_m = sqrt((shape->width_m / 2) * (shape->width_m / 2) +
                                 (shape->height_m / 2) * (shape->height_m / 2));
    const unsigned steps = steps_for(is_circle ? shape->radius_m : corner_m,
                                     shape->center.latitude);
    struct place center = place_of(latitudes, shape->center, steps);
    if (steps > 1 && is_too_narrow(center, &bounds))
        center = place_of(latitudes, shape->center, steps - 1);

    size_t count = 0;
    struct geo_cell last = { 0, 0 };
    for (size_t i = 0; i < GEO_CELLS_MAX; i++) {
        if (!is_needed(center, &bounds, ways[i].columns, ways[i].rows))
            continue;
        const struct place place = neighbour(center, ways[i].columns, ways[i].rows);
        const struct geo_cell cell = cell_of(place);
        if (cell.end == last.end)
            continue;
        cells[count++] = last = cell;
    }
    return count;
}
