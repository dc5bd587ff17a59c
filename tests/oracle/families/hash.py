"""Hashes: few fields that commands meet again, in both forms and on both sides of the limits.

Fields that expire are newer than the oracle: tests/wire/test_hash_expiry_model.py has them."""

from __future__ import annotations

from ..generate import Draw, Family
from ..program import Step
from ..values import filled
from ._pieces import INTEGER, KEY, NUMBER, VALUE, any_case

FAMILY = Family("hash", weight=25, mixed=26, kind="hash")

_FIELDS = (
    *(b"a", b"b", b"c", b"name", b"", b"0", b"1", b"12", b"-7", b"007", b"\x00\xff", b"1.5"),
    *(b"9223372036854775807", b"-9223372036854775808", b"9223372036854775808", b"32767"),
    *(b"x" * n for n in (63, 64, 65, 126, 127, 128, 300)),
)
# Around hash-max-listpack-entries.
_COUNTS = (2, 20, 127, 128, 129, 510, 511, 512, 513, 520, 700)
_RANDOM_COUNTS = (b"0", b"1", b"2", b"-1", b"-3", b"-20", b"5", b"abc", b"", b"1.5")
_ALL = (b"100000", b"9223372036854775807")


def field(draw: Draw) -> bytes:
    if draw.chance(0.8):
        return bytes(draw.choose(_FIELDS))
    return b"f%d" % draw.below(700)


def _short(draw: Draw) -> bytes:
    """A value that leaves a hash in its small form, mostly."""
    if draw.chance(0.75):
        return bytes(draw.choose((b"", b"x", b"17", b"-1", b"hello", b"3.25", b"y" * 64)))
    return draw.value()


def _pairs(draw: Draw) -> list[bytes]:
    return [piece for _ in range(1 + draw.below(5)) for piece in (field(draw), _short(draw))]


def _fields(draw: Draw) -> list[bytes]:
    return [field(draw) for _ in range(1 + draw.below(6))]


def _many(draw: Draw) -> list[bytes]:
    count = draw.choose(_COUNTS)
    value = filled(draw.random, draw.choose((1, 1, 5, 64)))
    return [piece for i in range(count) for piece in (b"f%d" % i, value)]


def _scan_options(draw: Draw) -> list[bytes]:
    options: list[bytes] = []
    if draw.chance(0.5):
        patterns = (b"*", b"f*", b"f1?", b"[ab]", b"\\*", b"", b"?")
        options += [any_case(draw, b"MATCH"), draw.choose(patterns)]
    if draw.chance(0.05):
        options += [draw.choose((b"COUNT", b"MATCH", b"TYPE", b"FOO"))]
    return options


def _random_options(draw: Draw) -> list[bytes]:
    options = [bytes(draw.choose(_RANDOM_COUNTS))]
    if draw.chance(0.5):
        options.append(any_case(draw, b"WITHVALUES"))
    if draw.chance(0.05):
        options.append(draw.value())
    return options


FAMILY.add("HSET", KEY, _pairs, weight=40)
FAMILY.add("HSET", KEY, field, VALUE, weight=15)
FAMILY.add("HSET", KEY, _many, weight=6)
FAMILY.add("HMSET", KEY, _pairs)
FAMILY.add("HSETNX", KEY, field, _short)
FAMILY.add("HSETNX", KEY, field, VALUE)
FAMILY.add("HGET", KEY, field, weight=15)
FAMILY.add("HMGET", KEY, _fields)
FAMILY.add("HDEL", KEY, _fields, weight=15)
FAMILY.add("HLEN", KEY)
FAMILY.add("HSTRLEN", KEY, field)
FAMILY.add("HEXISTS", KEY, field)
FAMILY.add("HKEYS", KEY, mode="unordered", weight=5)
FAMILY.add("HVALS", KEY, mode="unordered", weight=5)
FAMILY.add("HGETALL", KEY, mode="unordered-map")
FAMILY.add("HINCRBY", KEY, field, INTEGER, weight=15)
FAMILY.add("HINCRBY", KEY, field, NUMBER, weight=5)
FAMILY.add("HINCRBYFLOAT", KEY, field, NUMBER, weight=15)
FAMILY.add("HRANDFIELD", KEY, mode="as-many", weight=4)
FAMILY.add("HRANDFIELD", KEY, _random_options, mode="as-many", weight=6)
FAMILY.add("HRANDFIELD", KEY, lambda draw: draw.choose(_ALL), mode="as-many", weight=4)
FAMILY.add("HRANDFIELD", KEY, b"100000", b"WITHVALUES", mode="as-many", weight=4)
FAMILY.add("HSCAN", KEY, b"0", b"COUNT", b"100000", _scan_options, mode="whole-scan", weight=8)
FAMILY.add("HSCAN", KEY, b"0", _scan_options, mode="scan", weight=4)
FAMILY.add("HSCAN", KEY, NUMBER, mode="scan", weight=2)
FAMILY.add("OBJECT ENCODING", KEY, mode="encoding", weight=8)
FAMILY.add("COPY", KEY, KEY, b"REPLACE", weight=6)
FAMILY.add("RENAME", KEY, KEY, weight=3)
FAMILY.add("DEL", KEY, weight=5)


@FAMILY.step("HDEL", weight=6)
def _empty(draw: Draw) -> list[Step]:
    """All fields of a big hash, and what others are left."""
    key = draw.key()
    last = draw.choose((510, 512, 699, 700))
    gone = [b"f%d" % i for i in range(last)]
    return [draw.command("HDEL", key, gone), draw.command("HGETALL", key, mode="unordered-map")]


@FAMILY.step("HINCRBYFLOAT", weight=6)
def _sum(draw: Draw) -> list[Step]:
    key, name = draw.key(), field(draw)
    verb = draw.choose(("HINCRBYFLOAT", "HINCRBY"))
    number = NUMBER if verb == "HINCRBYFLOAT" else INTEGER
    return [draw.command(verb, key, name, number) for _ in range(2 + draw.below(5))]
