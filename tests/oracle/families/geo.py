"""Geo points: all over the world and close together, near the poles and the date line."""

from __future__ import annotations

from ..generate import Draw, Family
from ._pieces import any_case

FAMILY = Family("geo", weight=30)

_UNITS = (b"m", b"km", b"ft", b"mi", b"M", b"KM", b"Mi")
_CENTRES = ((13.36, 38.11), (15.08, 37.5), (0.0, 0.0), (179.99, 10.0), (-179.9, -80.0), (2.0, 84.9))
# Few keys, so that points come together.
_KEYS = (b"geo0", b"geo1", b"geo2")


def _key(draw: Draw) -> bytes:
    return draw.key() if draw.chance(0.1) else bytes(draw.choose(_KEYS))


def _own_key(draw: Draw) -> bytes:
    """Where nothing else than points comes: other scores may be equal, and which of them are within
    a limit is each server's own choice."""
    return bytes(draw.choose(_KEYS))


def _digits(value: float) -> bytes:
    return repr(round(value, 9)).encode()


def _point(draw: Draw) -> list[bytes]:
    kind = draw.below(20)
    if kind == 0:
        ends = (b"180", b"-180", b"0", b"85.05112878", b"-85.05112878", b"200", b"-86", b"abc", b"nan")
        return [bytes(draw.choose(ends)), bytes(draw.choose(ends))]
    if kind < 8:
        return [
            _digits(draw.random.uniform(-180, 180)),
            _digits(draw.random.uniform(-85.05, 85.05)),
        ]
    longitude, latitude = draw.choose(_CENTRES)
    spread = draw.choose((0.0001, 0.01, 0.1, 1.0))
    longitude = min(max(longitude + draw.random.uniform(-spread, spread), -180), 180)
    return [_digits(longitude), _digits(latitude + draw.random.uniform(-spread, 0.0))]


def _member(draw: Draw) -> bytes:
    return b"p%d" % draw.below(60)


def points(draw: Draw) -> list[bytes]:
    count = draw.choose((1, 1, 2, 5, 20, 60))
    return [piece for _ in range(count) for piece in (*_point(draw), _member(draw))]


def _add_options(draw: Draw) -> list[bytes]:
    count = draw.choose((0, 0, 0, 1, 1, 2))
    return [any_case(draw, word) for word in draw.random.sample((b"NX", b"XX", b"CH"), count)]


def _unit(draw: Draw) -> bytes:
    return bytes(draw.choose(_UNITS if draw.chance(0.97) else (b"parsec", b"", b"k")))


def _length(draw: Draw) -> bytes:
    if draw.chance(0.04):
        return bytes(draw.choose((b"0", b"-1", b"abc", b"inf", b"1e300", b"")))
    return _digits(10 ** draw.random.uniform(-1, 4.5))


def _circle(draw: Draw) -> list[bytes]:
    return [_length(draw), _unit(draw)]


def shape(draw: Draw) -> list[bytes]:
    if draw.chance(0.5):
        return [any_case(draw, b"BYRADIUS"), *_circle(draw)]
    return [any_case(draw, b"BYBOX"), _length(draw), _length(draw), _unit(draw)]


def centre(draw: Draw) -> list[bytes]:
    if draw.chance(0.4):
        return [any_case(draw, b"FROMMEMBER"), _member(draw)]
    return [any_case(draw, b"FROMLONLAT"), *_point(draw)]


def _order(draw: Draw) -> list[bytes]:
    return [any_case(draw, bytes(draw.choose((b"ASC", b"DESC"))))] if draw.chance(0.4) else []


def _count(draw: Draw) -> list[bytes]:
    """ANY without an order: which points are found first is then the same. Few points have
    equal distances, but a limit among such is each server's own choice."""
    if draw.chance(0.6):
        return []
    count = [any_case(draw, b"COUNT"), bytes(draw.choose((b"1", b"2", b"5", b"100", b"0", b"x")))]
    return [*count, *([b"ANY"] if draw.chance(0.3) else [])]


def _with(draw: Draw) -> list[bytes]:
    words = (b"WITHCOORD", b"WITHDIST", b"WITHHASH")
    return [any_case(draw, w) for w in draw.random.sample(words, draw.choose((0, 0, 1, 2, 3)))]


def _search(draw: Draw) -> list[bytes]:
    parts = [centre(draw), shape(draw), _order(draw), _count(draw), _with(draw)]
    if draw.chance(0.05):
        parts.append(draw.choose(([b"FOO"], [b"STOREDIST"], centre(draw), shape(draw), [b"ANY"])))
    draw.random.shuffle(parts)
    return [word for part in parts for word in part]


def _store_search(draw: Draw) -> list[bytes]:
    parts = [centre(draw), shape(draw), _order(draw), _count(draw)]
    if draw.chance(0.4):
        parts.append([any_case(draw, b"STOREDIST")])
    if draw.chance(0.05):
        parts.append([b"WITHDIST"])
    draw.random.shuffle(parts)
    return [word for part in parts for word in part]


def _radius_options(draw: Draw) -> list[bytes]:
    parts = [_order(draw), _count(draw), _with(draw)]
    draw.random.shuffle(parts)
    return [word for part in parts for word in part]


def _radius_store(draw: Draw) -> list[bytes]:
    word = any_case(draw, bytes(draw.choose((b"STORE", b"STOREDIST"))))
    return [*_order(draw), *_count(draw), word, _key(draw)]


FAMILY.add("GEOADD", _key, _add_options, points, weight=40)
FAMILY.add("GEOPOS", _key, _member, _member)
FAMILY.add("GEOHASH", _key, _member, _member)
FAMILY.add("GEODIST", _key, _member, _member)
FAMILY.add("GEODIST", _key, _member, _member, _unit)
FAMILY.add("GEOSEARCH", _own_key, _search, weight=40)
FAMILY.add("GEOSEARCHSTORE", _key, _own_key, _store_search, weight=15)
FAMILY.add("GEORADIUS", _own_key, _point, _circle, _radius_options)
FAMILY.add("GEORADIUS", _own_key, _point, _circle, _radius_store, weight=5)
FAMILY.add("GEORADIUS_RO", _own_key, _point, _circle, _radius_options)
FAMILY.add("GEORADIUSBYMEMBER", _own_key, _member, _circle, _radius_options)
FAMILY.add("GEORADIUSBYMEMBER", _own_key, _member, _circle, _radius_store, weight=5)
FAMILY.add("GEORADIUSBYMEMBER_RO", _own_key, _member, _circle, _radius_options)
FAMILY.add("ZREM", _key, _member, weight=5)
FAMILY.add("ZADD", _key, b"1e300", _member, weight=1)
FAMILY.add("ZRANGE", _key, b"0", b"-1", b"WITHSCORES")
FAMILY.add("DEL", _key, weight=3)
