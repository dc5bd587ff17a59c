/* Geo points: numbers, texts, distances, and that cells cover shapes. */
#include "tests/unit/check.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/rand.h"
#include "types/geo.h"

static struct rand seeded(void)
{
    struct rand rand;
    const char *given = getenv("TARN_SEED");
    rand_seed_random(&rand);
    const uint64_t seed = given ? strtoull(given, NULL, 0) : rand_next(&rand);
    printf("TARN_SEED=%#llx\n", (unsigned long long)seed);
    (void)fflush(stdout);
    rand_seed(&rand, seed);
    return rand;
}

static struct geo_point random_point(struct rand *rand)
{
    return (struct geo_point){ rand_unit(rand) * 360 - 180, rand_unit(rand) * 170 - 85 };
}

TEST(a_point_comes_back_within_its_cell)
{
    struct rand rand = seeded();

    for (int i = 0; i < 100000; i++) {
        const struct geo_point p = random_point(&rand);
        const uint64_t bits = geo_encode(p);
        const struct geo_point back = geo_decode(bits);
        CHECK(bits < UINT64_C(1) << 52);
        CHECK(fabs(back.longitude - p.longitude) <= 180.0 / (1 << 26));
        CHECK(fabs(back.latitude - p.latitude) <= 90.0 / (1 << 26));
        CHECK(geo_encode(back) == bits);
    }
}

TEST(points_have_the_numbers_and_texts_of_the_peers)
{
    const struct geo_point palermo = { 13.361389, 38.115556 };
    char text[GEO_TEXT_CHARS];

    CHECK_UINT(geo_encode(palermo), UINT64_C(3479099956230698));
    geo_text(geo_decode(geo_encode(palermo)), text);
    CHECK_BYTES(text, sizeof(text), "sqc8b49rny0", 11);
}

TEST(distances_are_great_circles)
{
    const struct geo_point palermo = { 13.361389, 38.115556 };
    const struct geo_point catania = { 15.087269, 37.502669 };
    const struct geo_point above = { 13.361389, 39.115556 };

    CHECK(fabs(geo_distance_m(palermo, catania) - 166274.15) < 1);
    CHECK(fabs(geo_distance_m(palermo, above) - 6372797.560856 * M_PI / 180) < 0.001);
    CHECK_DOUBLE(geo_distance_m(palermo, palermo), 0.0);
}

TEST(the_edges_of_the_map_are_valid_and_nothing_beyond)
{
    CHECK(geo_point_is_valid((struct geo_point){ 180, 85.05112878 }));
    CHECK(geo_point_is_valid((struct geo_point){ -180, -85.05112878 }));
    CHECK(!geo_point_is_valid((struct geo_point){ 180.0000001, 0 }));
    CHECK(!geo_point_is_valid((struct geo_point){ 0, 85.0511288 }));
    CHECK(!geo_point_is_valid((struct geo_point){ NAN, 0 }));
}

TEST(any_score_has_bits)
{
    CHECK_UINT(geo_bits(12.9), 12);
    CHECK_UINT(geo_bits(-1), UINT64_MAX);
    CHECK_UINT(geo_bits(1e300), 0);
    CHECK_UINT(geo_bits(-1e300), UINT64_C(1) << 63);
    CHECK_UINT(geo_bits(INFINITY), 0);
}

static bool is_covered(const struct geo_cell *cells, size_t count, uint64_t bits)
{
    for (size_t i = 0; i < count; i++)
        if (bits >= cells[i].first && bits < cells[i].end)
            return true;
    return false;
}

/* Away from the map's ends, where cells of the other side are not looked at. */
static void check_cells(struct rand *rand, const struct geo_shape *shape, double reach_deg)
{
    struct geo_cell cells[GEO_CELLS_MAX];
    const size_t count = geo_cells(shape, cells);
    CHECK(count > 0);
    CHECK(count <= GEO_CELLS_MAX);
    for (int i = 0; i < 200; i++) {
        double distance;
        const struct geo_point p = {
            shape->center.longitude + (rand_unit(rand) * 2 - 1) * reach_deg,
            shape->center.latitude + (rand_unit(rand) * 2 - 1) * reach_deg,
        };
        const uint64_t bits = geo_encode(p);
        if (geo_in_shape(shape, geo_decode(bits), &distance))
            CHECK(is_covered(cells, count, bits));
    }
}

TEST(cells_cover_the_shape)
{
    struct rand rand = seeded();

    for (int i = 0; i < 3000; i++) {
        const double reach_m = pow(10, rand_unit(&rand) * 5.5);
        const double reach_deg = reach_m / 111000 * 2;
        struct geo_shape shape = {
            .kind = i % 2 ? GEO_CIRCLE : GEO_BOX,
            .center = { rand_unit(&rand) * 300 - 150, rand_unit(&rand) * 120 - 60 },
            .radius_m = reach_m,
            .width_m = reach_m * 2,
            .height_m = reach_m * rand_unit(&rand) * 2,
        };
        check_cells(&rand, &shape, reach_deg);
    }
}

/* The whole map, its ends included: cells of a polygon are exact. */
TEST(cells_cover_a_polygon)
{
    struct rand rand = seeded();

    for (int i = 0; i < 3000; i++) {
        struct geo_point vertices[7];
        const size_t count = 3 + rand_below(&rand, 5);
        const double reach_deg = pow(10, rand_unit(&rand) * 7 - 5);
        const struct geo_point middle = random_point(&rand);
        for (size_t v = 0; v < count; v++) {
            const double longitude = middle.longitude + (rand_unit(&rand) - 0.5) * reach_deg;
            const double latitude = middle.latitude + (rand_unit(&rand) - 0.5) * reach_deg;
            vertices[v].longitude = fmax(fmin(longitude, GEO_LONGITUDE_MAX), -GEO_LONGITUDE_MAX);
            vertices[v].latitude = fmax(fmin(latitude, GEO_LATITUDE_MAX), -GEO_LATITUDE_MAX);
        }
        const struct geo_shape shape = {
            .kind = GEO_POLYGON,
            .center = geo_centroid(vertices, count),
            .vertices = vertices,
            .vertex_count = count,
        };
        check_cells(&rand, &shape, reach_deg);
    }
}

TEST(a_polygon_has_an_inside_where_an_odd_number_of_edges_surrounds)
{
    /* A square of ten degrees; a five-pointed star drawn in one go, whose middle is outside. */
    static const struct geo_point square[] = { { 0, 0 }, { 10, 0 }, { 10, 10 }, { 0, 10 } };
    struct geo_point star[5];
    double distance = 0;
    for (int i = 0; i < 5; i++) {
        const double turn = 2 * M_PI * 2 * i / 5;
        star[i] = (struct geo_point){ 10 * sin(turn), 10 * cos(turn) };
    }
    struct geo_shape shape = { .kind = GEO_POLYGON, .vertices = square, .vertex_count = 4 };
    shape.center = geo_centroid(square, 4);

    CHECK_DOUBLE(shape.center.longitude, 5.0);
    CHECK(geo_in_shape(&shape, (struct geo_point){ 9.99, 0.01 }, &distance));
    CHECK_DOUBLE(distance, geo_distance_m(shape.center, (struct geo_point){ 9.99, 0.01 }));
    CHECK(!geo_in_shape(&shape, (struct geo_point){ 10.01, 5 }, &distance));
    CHECK(!geo_in_shape(&shape, (struct geo_point){ -0.01, 5 }, &distance));
    CHECK(!geo_in_shape(&shape, (struct geo_point){ 5, 10.01 }, &distance));
    shape.vertices = star;
    shape.vertex_count = 5;
    CHECK(geo_in_shape(&shape, (struct geo_point){ 0, 8 }, &distance));
    CHECK(!geo_in_shape(&shape, (struct geo_point){ 0, 0 }, &distance));
}
