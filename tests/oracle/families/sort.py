"""SORT and SORT_RO over lists, sets and sorted sets, with weights in strings and hashes."""

from __future__ import annotations

from ..generate import Draw, Family
from ._pieces import KEY, any_case

FAMILY = Family("sort", weight=30)

_ELEMENTS = (*(b"%d" % n for n in range(-3, 14)), b"1.5", b"-0.25", b"a", b"b", b"A", b"10x", b"")
_PATTERNS = (
    *(b"w*", b"w*", b"w*", b"h*->f", b"h*->f", b"h*->g", b"h*->", b"h*->f->g", b"*", b"w**"),
    *(b"->*", b"x*y", b""),
)


def _element(draw: Draw) -> bytes:
    return b"%d" % draw.below(14) if draw.chance(0.9) else bytes(draw.choose(_ELEMENTS))


def _elements(draw: Draw) -> list[bytes]:
    return [_element(draw) for _ in range(draw.choose((1, 2, 5, 9, 9, 140)))]


def _weight_key(draw: Draw) -> bytes:
    return b"w" + _element(draw)


def _hash_key(draw: Draw) -> bytes:
    return b"h" + _element(draw)


def _limit(draw: Draw) -> list[bytes]:
    count = draw.below(14) - 2
    return [any_case(draw, b"LIMIT"), b"%d" % (draw.below(14) - 2), b"%d" % count]


def _get(draw: Draw) -> list[bytes]:
    return [any_case(draw, b"GET"), bytes(draw.choose((b"#", b"nothing", *_PATTERNS)))]


def _options(draw: Draw, may_look: bool = True) -> list[bytes]:
    """Not both ALPHA and BY: texts that are missing are equal, and their order is nobody's promise."""
    made: list[bytes] = []
    if draw.chance(0.4):
        made.append(any_case(draw, b"ALPHA"))
    elif may_look and draw.chance(0.5):
        made += [any_case(draw, b"BY"), bytes(draw.choose(_PATTERNS))]
    elif draw.chance(0.2):
        made += [any_case(draw, b"BY"), b"nosort"]
    if draw.chance(0.4):
        made += _limit(draw)
    if draw.chance(0.3):
        made.append(any_case(draw, bytes(draw.choose((b"ASC", b"DESC")))))
    for _ in range(draw.choose((0, 0, 1, 2))):
        made += _get(draw)
    if draw.chance(0.03):
        made.append(bytes(draw.choose((b"FOO", b"BY", b"GET", b"LIMIT", b"STORE"))))
    return made


def _zset_options(draw: Draw) -> list[bytes]:
    """No look-ups by element: their order, which events show, is that of a table."""
    return _options(draw, may_look=False)


def plain_options(draw: Draw) -> list[bytes]:
    """For values of any type: each element once, in an order that a set has as well."""
    words = [b"ALPHA"] if draw.chance(0.6) else []
    if draw.chance(0.4):
        words += _limit(draw)
    return [*words, *([b"DESC"] if draw.chance(0.3) else [])]


def _list_key(draw: Draw) -> bytes:
    return b"l%d" % draw.below(3) if draw.chance(0.9) else draw.key()


def _zset_key(draw: Draw) -> bytes:
    return b"sorted%d" % draw.below(3)


def _scored(draw: Draw) -> list[bytes]:
    return [part for e in _elements(draw) for part in (b"%d" % draw.below(9), e)]


FAMILY.add("RPUSH", _list_key, _elements, weight=10)
FAMILY.add("ZADD", _zset_key, _scored, weight=8)
FAMILY.add("SET", _weight_key, _element, weight=20)
FAMILY.add("HSET", _hash_key, lambda draw: draw.choose((b"f", b"g")), _element, weight=20)
FAMILY.add("SORT", _list_key, _options, weight=25)
FAMILY.add("SORT", _zset_key, _zset_options, weight=15)
FAMILY.add("SORT", _list_key, _options, b"STORE", _list_key, weight=10)
FAMILY.add("SORT", _zset_key, _zset_options, b"STORE", _list_key, weight=5)
FAMILY.add("SORT_RO", _list_key, _options, weight=10)
FAMILY.add("SORT_RO", _zset_key, _zset_options, weight=5)
FAMILY.add("SORT", KEY, plain_options, mode="c-strings", weight=3)
FAMILY.add("LRANGE", _list_key, b"0", b"-1", weight=5)
FAMILY.add("DEL", _list_key, weight=5)
FAMILY.add("DEL", _zset_key, weight=3)
