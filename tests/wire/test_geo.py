"""Geo points: what they are kept as, distances, searches by circle and box, what is stored."""

from __future__ import annotations

import math
import random

import pytest
from support.client import Client

_SYNTAX = "ERR syntax error"
_UNIT = "ERR unsupported unit provided. please use M, KM, FT, MI"
_EARTH_M = 6372797.560856


@pytest.fixture
def towns(c: Client) -> Client:
    c.call("GEOADD", "t", 13.361389, 38.115556, "Palermo", 15.087269, 37.502669, "Catania")
    return c


def test_points_are_scores(towns: Client) -> None:
    assert towns.call("ZSCORE", "t", "Palermo") == b"3479099956230698"
    assert towns.call("GEOHASH", "t", "Palermo", "x", "Catania") == [
        *(b"sqc8b49rny0", None, b"sqdtr74hyu0"),
    ]
    assert towns.call("GEOPOS", "t", "Palermo", "x") == [
        [b"13.36138933897018433", b"38.11555639549629859"],
        None,
    ]
    assert towns.call("GEOPOS", "none", "x") == [None]


def test_distances(towns: Client) -> None:
    assert towns.call("GEODIST", "t", "Palermo", "Catania") == b"166274.1516"
    assert towns.call("GEODIST", "t", "Palermo", "Catania", "KM") == b"166.2742"
    assert towns.call("GEODIST", "t", "Palermo", "Catania", "mi") == b"103.3182"
    assert towns.call("GEODIST", "t", "Palermo", "x") is None
    assert towns.err("GEODIST", "t", "Palermo", "Catania", "parsec") == _UNIT


def test_points_in_resp3(towns: Client) -> None:
    towns.call("HELLO", 3)
    assert towns.call("GEOPOS", "t", "Palermo") == [[13.36138933897018433, 38.11555639549629859]]
    assert towns.call("GEODIST", "t", "Palermo", "Catania", "km") == b"166.2742"


def test_geoadd_options(c: Client) -> None:
    assert c.call("GEOADD", "t", 1, 2, "a", 3, 4, "b") == 2
    assert c.call("GEOADD", "t", "CH", 1, 3, "a", 3, 4, "b") == 1
    assert c.call("GEOADD", "t", "NX", "CH", 1, 4, "a", 5, 6, "c") == 1
    assert c.call("GEOADD", "t", "XX", 5, 6, "d") == 0
    assert c.err("GEOADD", "t", "NX", "XX", 1, 2, "a") == _SYNTAX
    assert c.err("GEOADD", "t", 1, 2, "a", 3) == _SYNTAX
    pair = "ERR invalid longitude,latitude pair 1.000000,86.000000"
    assert c.err("GEOADD", "t", 1, 86, "a") == pair
    assert c.err("GEOADD", "t", "x", 2, "a") == "ERR value is not a valid float"


def _distance_m(a: tuple[float, float], b: tuple[float, float]) -> float:
    lon_a, lat_a, lon_b, lat_b = map(math.radians, (*a, *b))
    u, v = math.sin((lat_b - lat_a) / 2), math.sin((lon_b - lon_a) / 2)
    return 2 * _EARTH_M * math.asin(math.sqrt(u * u + math.cos(lat_a) * math.cos(lat_b) * v * v))


@pytest.mark.parametrize("count", [50, 1000])
def test_searches_agree_with_a_look_at_every_point(c: Client, count: int) -> None:
    draw = random.Random(count)
    for _ in range(count):
        lon, lat = draw.uniform(-180, 180), draw.uniform(-85, 85)
        c.call("GEOADD", "g", lon, lat, "p%d" % draw.getrandbits(40))
    names = c.ok("ZRANGE", "g", 0, -1)
    points = {
        name: (float(at[0]), float(at[1])) for name, at in zip(names, c.ok("GEOPOS", "g", *names))
    }
    for radius_km in (10, 300, 2000, 8000, 15000):
        centre = (draw.uniform(-170, 170), draw.uniform(-60, 60))
        near = {n: _distance_m(centre, p) for n, p in points.items()}
        within = sorted((d, n) for n, d in near.items() if d <= radius_km * 1000)
        found = c.ok(
            *("GEOSEARCH", "g", "FROMLONLAT", *centre, "BYRADIUS", radius_km, "km", "ASC"),
        )
        # Cells around the centre are looked at; where the map ends, points beyond are not seen.
        if radius_km <= 2000 and abs(centre[0]) < 150:
            assert found == [n for _, n in within]
        else:
            assert set(found) <= {n for _, n in within}
        few = c.ok("GEOSEARCH", "g", "FROMLONLAT", *centre, "BYRADIUS", radius_km, "km", "COUNT", 2)
        assert few == found[:2]


def test_search_replies(towns: Client) -> None:
    words = ("GEOSEARCH", "t", "FROMLONLAT", 15, 37, "BYRADIUS", 200, "km")
    assert towns.call(*words, "ASC", "WITHDIST") == [[b"Catania", b"56.4413"], [b"Palermo", b"190.4424"]]
    assert towns.call(*words, "DESC", "COUNT", 1) == [b"Palermo"]
    assert towns.call(*words, "COUNT", 1, "WITHHASH") == [[b"Catania", 3479447370796909]]
    assert len(towns.ok(*words, "COUNT", 1, "ANY")) == 1
    box = ("GEOSEARCH", "t", "FROMMEMBER", "Palermo", "BYBOX", 400, 200, "km", "ASC")
    assert towns.call(*box) == [b"Palermo", b"Catania"]
    old = ("GEORADIUS_RO", "t", 15, 37, 100, "km", "WITHCOORD")
    assert towns.call(*old) == [[b"Catania", [b"15.08726745843887329", b"37.50266842333162032"]]]
    assert towns.call("GEORADIUSBYMEMBER", "t", "Palermo", 200, "km", "DESC") == [
        *(b"Catania", b"Palermo"),
    ]


def test_results_are_stored(towns: Client) -> None:
    words = ("FROMLONLAT", 15, 37, "BYRADIUS", 200, "km")
    assert towns.call("GEOSEARCHSTORE", "d", "t", *words) == 2
    assert towns.call("ZSCORE", "d", "Palermo") == b"3479099956230698"
    assert towns.call("GEOSEARCHSTORE", "d", "t", *words, "STOREDIST", "COUNT", 1) == 1
    assert towns.call("ZRANGE", "d", 0, -1, "WITHSCORES") == [b"Catania", b"56.441257870158204"]
    assert towns.call("GEORADIUS", "t", 0, 0, 1, "km", "STORE", "d") == 0
    assert towns.call("EXISTS", "d") == 0
    assert towns.call("GEORADIUSBYMEMBER", "t", "Palermo", 1, "m", "STOREDIST", "d") == 1


def test_searches_refuse(towns: Client) -> None:
    c = towns
    shape = ("BYRADIUS", 1, "km")
    assert c.err("GEOSEARCH", "t", *shape, "ASC", "WITHDIST").endswith("specified for GEOSEARCH")
    assert c.err("GEOSEARCH", "t", "FROMLONLAT", 1, 2, "ASC", "ASC").startswith("ERR exactly one of")
    assert c.err("GEOSEARCH", "t", "FROMMEMBER", "x", *shape).startswith("ERR could not decode")
    start = ("GEOSEARCH", "t", "FROMLONLAT", 1, 2)
    assert c.err(*start, "BYRADIUS", -1, "km") == "ERR radius cannot be negative"
    assert c.err(*start, "BYRADIUS", "x", "km") == "ERR need numeric radius"
    assert c.err(*start, "BYBOX", 1, -1, "km") == "ERR height or width cannot be negative"
    assert c.err(*start, "BYRADIUS", 1, "ly") == _UNIT
    assert c.err(*start, *shape, "COUNT", 0) == "ERR COUNT must be > 0"
    assert c.err(*start, *shape, "ANY") == "ERR the ANY argument requires COUNT argument"
    assert c.err(*start, *shape, "STOREDIST") == _SYNTAX
    assert c.err("GEORADIUS_RO", "t", 1, 2, 3, "km", "STORE", "d") == _SYNTAX
    kept = "ERR STORE option in GEORADIUS is not compatible with WITHDIST, WITHHASH and WITHCOORD"
    assert c.err("GEORADIUS", "t", 1, 2, 3, "km", "STORE", "d", "WITHDIST") == kept + " options"
    c.ok("SET", "s", "x")
    assert c.err("GEOSEARCH", "s", "FOO", 1, 2, 3, 4).startswith("WRONGTYPE")


def _inside(polygon: list[tuple[float, float]], p: tuple[float, float]) -> bool:
    """By the angle that the edges turn around the point: another way than the server's."""
    turn = 0.0
    for a, b in zip(polygon, polygon[1:] + polygon[:1]):
        u, v = (a[0] - p[0], a[1] - p[1]), (b[0] - p[0], b[1] - p[1])
        turn += math.atan2(u[0] * v[1] - u[1] * v[0], u[0] * v[0] + u[1] * v[1])
    return round(turn / (2 * math.pi)) % 2 == 1


@pytest.mark.beyond_oracle
@pytest.mark.parametrize("count", [50, 1000])
def test_polygons_agree_with_a_look_at_every_point(c: Client, count: int) -> None:
    draw = random.Random(count)
    for i in range(count):
        c.call("GEOADD", "g", draw.uniform(-180, 180), draw.uniform(-85, 85), f"p{i}")
    names = c.ok("ZRANGE", "g", 0, -1)
    points = [(float(lon), float(lat)) for lon, lat in c.ok("GEOPOS", "g", *names)]
    for vertices in (3, 4, 7):
        polygon = [(draw.uniform(-180, 180), draw.uniform(-85, 85)) for _ in range(vertices)]
        middle = tuple(sum(part) / vertices for part in zip(*polygon))
        want = sorted(
            (_distance_m((middle[0], middle[1]), p), n)
            for n, p in zip(names, points)
            if _inside(polygon, p)
        )
        words = ("BYPOLYGON", vertices, *(x for p in polygon for x in p))
        found = c.ok("GEOSEARCH", "g", *words, "ASC", "WITHDIST")
        assert [n for n, _ in found] == [n for _, n in want]
        for (_, metres), (distance_m, _) in zip(found, want):
            assert float(metres) == pytest.approx(distance_m, abs=0.001)
        assert c.ok("GEOSEARCH", "g", *words, "COUNT", 3) == [n for _, n in want[:3]]
        assert c.ok("GEOSEARCHSTORE", "d", "g", *words) == len(want)
        assert set(c.ok("ZRANGE", "d", 0, -1)) == {n for _, n in want}


@pytest.mark.beyond_oracle
def test_polygons_refuse(towns: Client) -> None:
    c = towns
    triangle = ("BYPOLYGON", 3, 13, 37, 16, 37, 15, 39)
    assert c.call("GEOSEARCH", "t", *triangle) == [b"Catania"]
    assert c.call("GEOSEARCH", "none", *triangle) == []
    assert c.call("GEOSEARCHSTORE", "d", "none", *triangle) == 0
    few = "ERR BYPOLYGON needs at least 3 vertices"
    assert c.err("GEOSEARCH", "t", "BYPOLYGON", 2, 13, 37, 16, 37) == few
    number = "ERR value is not an integer or out of range"
    assert c.err("GEOSEARCH", "t", "BYPOLYGON", "x", 13, 37, 16, 37) == number
    assert c.err("GEOSEARCH", "t", "BYPOLYGON", 4, 13, 37, 16, 37, 15, 39) == _SYNTAX
    assert c.err("GEOSEARCH", "t", "BYPOLYGON", 2**62, 13, 37, 16, 37, 15, 39) == _SYNTAX
    beyond = "ERR invalid longitude,latitude pair 16.000000,87.000000"
    assert c.err("GEOSEARCH", "t", "BYPOLYGON", 3, 13, 37, 16, 87, 15, 39) == beyond
    for other in (("FROMLONLAT", 1, 2), ("FROMMEMBER", "Palermo"), ("BYRADIUS", 1, "km")):
        assert c.err("GEOSEARCH", "t", *triangle, *other) == _SYNTAX
        assert c.err("GEOSEARCH", "t", *other, *triangle) == _SYNTAX


def test_search_from_the_edge_of_the_map_sees_what_the_peers_see(c: Client) -> None:
    """There the centre lies beyond the last cell, and so do some of its neighbours."""
    c.ok("ZADD", "k", 1, "m", 2**50, "s", 2**51, "q", 2**52 - 1, "r")
    shape = ("BYRADIUS", 26409, "km", "ASC")
    search = ("GEOSEARCH", "k", "FROMLONLAT")
    assert c.call(*search, 180, 9, *shape) == [b"r", b"q"]
    assert c.call(*search, 180, "85.05112878", *shape) == [b"r"]
    assert c.call(*search, -180, "85.05112878", *shape) == [b"r", b"s"]
    assert c.call(*search, 179, 9, *shape) == [b"s", b"r", b"m", b"q"]
