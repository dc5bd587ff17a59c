"""Sets: integers and texts, on both sides of the limits of intsets and listpacks."""

from __future__ import annotations

from ..generate import Draw, Family
from ..program import Iterate, Pipeline, Step
from ._pieces import INTEGER, KEY, NUMBER, any_case

FAMILY = Family("set", weight=40, mixed=26, kind="set")

_ODD = (b"", b"\x00", b"\xff", b"-5", b"00", b"-0", b"+1", b"x" * 64, b"y" * 65, b"1.0")


def _member(draw: Draw) -> bytes:
    kind = draw.below(20)
    if kind == 0:
        return bytes(draw.choose(_ODD))
    if kind == 1:
        return b"z" * draw.choose((254, 255, 256, 300))
    if kind == 2:
        return draw.integer()
    if kind < 13:
        return b"%d" % (draw.below(40) - 10)
    return b"m%d" % draw.below(40 if draw.chance(0.9) else 400)


def _members(draw: Draw) -> list[bytes]:
    return [_member(draw) for _ in range(1 + draw.below(6))]


def _integers(draw: Draw) -> list[bytes]:
    return [b"%d" % (draw.below(60) - 20) for _ in range(1 + draw.below(20))]


def _range(draw: Draw) -> list[bytes]:
    """Many members at once: a limit of a form, or one more or less."""
    count = draw.choose((20, 60, 127, 128, 129, 200, 511, 512, 513))
    form = b"%d" if draw.chance(0.6) else b"m%d"
    start = draw.choose((0, 0, 30, 100, 70000))
    return [form % i for i in range(start, start + count)]


def _keys(draw: Draw) -> list[bytes]:
    return [draw.key() for _ in range(1 + draw.below(4))]


def _counted_keys(draw: Draw) -> list[bytes]:
    keys = _keys(draw)
    count = len(keys) if draw.chance(0.95) else draw.choose((0, -1, len(keys) + 1))
    return [b"%d" % count, *keys]


def _limit(draw: Draw) -> list[bytes]:
    limit = b"%d" % draw.below(20) if draw.chance(0.9) else draw.number()
    return [any_case(draw, b"LIMIT"), limit]


def _count(draw: Draw) -> bytes:
    return b"%d" % draw.choose((0, 1, 2, 5, 50, 300))


def _scan_options(draw: Draw) -> list[bytes]:
    options: list[bytes] = []
    if draw.chance(0.4):
        options += [b"MATCH", bytes(draw.choose((b"*", b"m*", b"*1*", b"[0-9]", b"")))]
    if draw.chance(0.4):
        options += [b"COUNT", bytes(draw.choose((b"1", b"10", b"100", b"1000")))]
    return options


@FAMILY.step("SSCAN", weight=6)
def _whole_scan(draw: Draw) -> Step:
    return Iterate((b"SSCAN", draw.key(), None, *_scan_options(draw)), draw.client)


@FAMILY.step("SPOP", weight=8)
def _pop_some(draw: Draw) -> Step:
    """What is left is each server's own matter."""
    key = draw.key()
    count = [_count(draw)] if draw.chance(0.6) else []
    pop = draw.command("SPOP", key, count, mode="kind")
    left = draw.command("SCARD", key)
    return Pipeline((pop, left, draw.command("DEL", key)), draw.client, cuts=0, seed=0)


@FAMILY.step("SPOP", weight=6)
def _pop_all(draw: Draw) -> Step:
    key = draw.key()
    pop = draw.command("SPOP", key, b"100000", mode="unordered")
    return Pipeline((pop, draw.command("EXISTS", key)), draw.client, cuts=0, seed=0)


@FAMILY.step("SPOP", weight=4)
def _pop_the_only_one(draw: Draw) -> Step:
    key = draw.key()
    words = (("DEL", key), ("SADD", key, _member), ("SPOP", key), ("EXISTS", key))
    return Pipeline(tuple(draw.command(*w) for w in words), draw.client, cuts=0, seed=0)


@FAMILY.step("SRANDMEMBER", weight=5)
def _all_by_chance(draw: Draw) -> Step:
    """As a pipeline, so that the count is not left out."""
    all_of_them = draw.command("SRANDMEMBER", draw.key(), b"100000", mode="unordered")
    return Pipeline((all_of_them,), draw.client, cuts=0, seed=0)


@FAMILY.step("CONFIG SET", weight=2)
def _limits(draw: Draw) -> Step:
    value = draw.choose((b"0", b"5", b"64", b"512"))
    return draw.command("CONFIG", "SET", b"set-max-intset-entries", value)


FAMILY.add("SADD", KEY, _members, weight=50)
FAMILY.add("SADD", KEY, _integers, weight=30)
FAMILY.add("SADD", KEY, _range, weight=14)
FAMILY.add("SREM", KEY, _members, weight=20)
FAMILY.add("SREM", KEY, _integers, weight=15)
FAMILY.add("SREM", KEY, _range, weight=4)
FAMILY.add("SISMEMBER", KEY, _member)
FAMILY.add("SMISMEMBER", KEY, _members)
FAMILY.add("SCARD", KEY)
FAMILY.add("SMEMBERS", KEY, mode="unordered", weight=15)
FAMILY.add("SMOVE", KEY, KEY, _member, weight=20)
FAMILY.add("SRANDMEMBER", KEY, mode="kind", weight=3)
FAMILY.add("SRANDMEMBER", KEY, b"-3", mode="kind", weight=3)
FAMILY.add("SRANDMEMBER", KEY, b"3", mode="kind", weight=3)
for _verb in ("SINTER", "SUNION", "SDIFF"):
    FAMILY.add(_verb, _keys, mode="unordered")
    FAMILY.add(_verb + "STORE", KEY, _keys, weight=12)
FAMILY.add("SINTERCARD", _counted_keys)
FAMILY.add("SINTERCARD", _counted_keys, _limit)
FAMILY.add("OBJECT ENCODING", KEY, mode="encoding", weight=20)
FAMILY.add("SET", KEY, NUMBER, weight=3)
FAMILY.add("COPY", KEY, KEY, b"REPLACE", weight=5)
FAMILY.add("RENAME", KEY, KEY, weight=3)
FAMILY.add("EXPIRE", KEY, b"1000", weight=3)
FAMILY.add("DEL", KEY, weight=5)
FAMILY.add("SADD", KEY, INTEGER, weight=10)
