"""Strings: GET, SET and all that change them."""

from __future__ import annotations

from typing import Any

from ..generate import Draw, Family, Piece
from ..program import Step
from ._pieces import INTEGER, KEY, NUMBER, VALUE, any_case, keys_up_to, milliseconds, seconds
from ._pieces import time_option

FAMILY = Family("strings", weight=40, mixed=14, kind="string")

_OFFSETS = (
    *(b"0", b"1", b"-1", b"2", b"10", b"-10", b"43", b"44", b"45", b"63", b"64", b"255", b"-300"),
    *(b"16384", b"40000", b"536870911", b"536870912", b"2147483648", b"-2147483649", b"abc", b""),
    *(b"9223372036854775807", b"-9223372036854775808", b"9223372036854775808"),
)
_WRITABLE_OFFSETS = tuple(
    o for o in _OFFSETS if not o.isdigit() or int(o) <= 40000 or int(o) >= 536870912
)


def _set_options(draw: Draw) -> list[Any]:
    """Options of SET in any order, also such as exclude each other."""
    options: list[list[bytes]] = []
    if draw.chance(0.5):
        options.append(time_option(draw))
    for word, share in ((b"NX", 0.2), (b"XX", 0.2), (b"GET", 0.3), (b"KEEPTTL", 0.2)):
        if draw.chance(share):
            options.append([any_case(draw, word)])
    if draw.chance(0.05):
        options.append(time_option(draw))
    if draw.chance(0.05):
        options.append([bytes(draw.choose((b"FOO", b"PERSIST", b"", b"EXX", b"nxx")))])
    draw.random.shuffle(options)
    return options


def _getex_options(draw: Draw) -> list[bytes]:
    kind = draw.below(10)
    if kind < 2:
        return []
    if kind < 4:
        return [any_case(draw, b"PERSIST")]
    options = time_option(draw)
    if kind == 9:
        options += bytes(draw.choose((b"PERSIST", b"KEEPTTL", b"NX"))).split()
    return options


def _pairs(draw: Draw) -> list[bytes]:
    return [piece for _ in range(1 + draw.below(5)) for piece in (draw.key(), draw.value())]


def _offset(draw: Draw) -> bytes:
    return bytes(draw.choose(_OFFSETS)) if draw.chance(0.4) else draw.place()


def _writable_offset(draw: Draw) -> bytes:
    if draw.chance(0.01):
        return b"1048575"
    return bytes(draw.choose(_WRITABLE_OFFSETS)) if draw.chance(0.4) else draw.place().lstrip(b"-")


def _again(verb: str, weight: int, *pieces: Piece) -> None:
    """The same command several times on one key, so that strings grow over their limits."""

    def step(draw: Draw) -> list[Step]:
        key = draw.key()
        return [draw.command(verb, key, *pieces) for _ in range(2 + draw.below(6))]

    FAMILY.step(verb, weight=weight)(step)


FAMILY.add("GET", KEY, weight=30)
FAMILY.add("SET", KEY, VALUE, weight=30)
FAMILY.add("SET", KEY, VALUE, _set_options, weight=30)
FAMILY.add("SET", KEY, NUMBER, weight=20)
FAMILY.add("SETNX", KEY, VALUE)
FAMILY.add("SETEX", KEY, seconds, VALUE)
FAMILY.add("PSETEX", KEY, milliseconds, VALUE)
FAMILY.add("GETSET", KEY, VALUE)
FAMILY.add("GETDEL", KEY)
FAMILY.add("GETEX", KEY, _getex_options, weight=15)
FAMILY.add("MGET", keys_up_to(6))
FAMILY.add("MSET", _pairs)
FAMILY.add("MSETNX", _pairs)
FAMILY.add("INCR", KEY)
FAMILY.add("DECR", KEY)
FAMILY.add("INCRBY", KEY, INTEGER)
FAMILY.add("DECRBY", KEY, INTEGER)
FAMILY.add("INCRBY", KEY, NUMBER, weight=5)
FAMILY.add("DECRBY", KEY, NUMBER, weight=5)
FAMILY.add("INCRBYFLOAT", KEY, NUMBER, weight=15)
FAMILY.add("APPEND", KEY, VALUE, weight=15)
_again("APPEND", 6, VALUE)
_again("SETRANGE", 4, _writable_offset, VALUE)
_again("INCRBY", 4, INTEGER)
_again("INCRBYFLOAT", 4, NUMBER)
FAMILY.add("STRLEN", KEY)
FAMILY.add("SETRANGE", KEY, _writable_offset, VALUE)
FAMILY.add("GETRANGE", KEY, _offset, _offset, weight=20)
FAMILY.add("SUBSTR", KEY, _offset, _offset)
