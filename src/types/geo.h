/* Geo points: longitude and latitude in one number, and the search for those within a shape.
 *
 * A point is the score of a sorted set's member: each coordinate is cut into 2^26 steps, and the bits of
 * both are interleaved, latitude in the even ones, into 52 bits, which a double holds exactly. Points near
 * each other mostly have near numbers ("A Computer Oriented Geodetic Data Base", Morton, 1966; the text
 * form is Niemeyer's geohash). A **cell** is what a number of leading bits has in common.
 *
 * Latitudes end at the square map's edge, 85.05112878 degrees; distances are haversine ones on a sphere of
 * 6372797.560856 m. All arithmetic is in the order of the peers, so that results agree to the last digit. */
#ifndef TYPES_GEO_H
#define TYPES_GEO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GEO_STEPS_MAX 26
#define GEO_LONGITUDE_MAX 180.0
#define GEO_LATITUDE_MAX 85.05112878

struct geo_point {
    double longitude, latitude;
};

bool geo_point_is_valid(struct geo_point p);
uint64_t geo_encode(struct geo_point p);
struct geo_point geo_decode(uint64_t bits);
/* Any score as bits of a point, also one that GEOADD never made: what a cast does on x86-64. */
uint64_t geo_bits(double score);

#define GEO_TEXT_CHARS 11
/* The geohash of 11 characters, whose latitudes go to the poles. */
void geo_text(struct geo_point p, char out[static GEO_TEXT_CHARS]);

double geo_distance_m(struct geo_point a, struct geo_point b);

/* A polygon's edges are straight lines on the map of longitudes and latitudes, which ends at 180 degrees;
 * what an even number of edges surrounds is outside. */
struct geo_shape {
    enum { GEO_CIRCLE, GEO_BOX, GEO_POLYGON } kind;
    struct geo_point center; /* of a polygon: geo_centroid */
    double radius_m;
    double width_m, height_m;
    const struct geo_point *vertices; /* borrowed; at least three */
    size_t vertex_count;
};

/* The mean of the vertices. */
struct geo_point geo_centroid(const struct geo_point *vertices, size_t count);

/* Whether the point lies in the shape, and how far from the centre. */
bool geo_in_shape(const struct geo_shape *shape, struct geo_point p, double *ret_distance_m);

/* Scores [first, end) of a cell. */
struct geo_cell {
    uint64_t first, end;
};

#define GEO_CELLS_MAX 9
/* The cells that cover the shape, none twice in a row: the centre's, then its neighbours as far as they are
 * needed; of a polygon, those of its bounds from the south-west on. How many. */
size_t geo_cells(const struct geo_shape *shape, struct geo_cell cells[static GEO_CELLS_MAX]);

#endif
