"""Sorted sets: on both sides of the limit of a listpack, with scores of every kind."""

from __future__ import annotations

from ..generate import Draw, Family
from ..program import Iterate, Step
from ._pieces import KEY, NUMBER, any_case

FAMILY = Family("zset", weight=60, mixed=30, kind="zset")

_SCORES = (
    *(b"0", b"-0", b"1", b"2", b"-1", b"3.5", b"0.1", b"-2.25", b"1e17", b"1e20", b"-1e300"),
    *(b"inf", b"-inf", b"+inf", b"9007199254740993", b"4611686018427387904", b"1.0", b"5e-324"),
    *(b"9223372036854775807", b"-9223372036854775808", b"123456789.125", b"0.30000000000000004"),
)
# Sets in which all members have one score: only there do ranges of members mean something.
_LEX_KEYS = (b"lex0", b"lex1")


def _score(draw: Draw) -> bytes:
    if draw.chance(0.03):
        return draw.number()
    return b"%d" % (draw.below(40) - 10) if draw.chance(0.5) else bytes(draw.choose(_SCORES))


def _member(draw: Draw) -> bytes:
    kind = draw.below(20)
    if kind == 0:
        return bytes(draw.choose((b"", b"\x00", b"\xff", b"-5", b"00", b"x" * 64, b"y" * 65)))
    if kind == 1:
        return b"z" * draw.choose((254, 255, 256, 300))
    if kind < 8:
        return b"%d" % draw.below(25)
    return b"m%d" % draw.below(40 if draw.chance(0.9) else 400)


def _members(draw: Draw) -> list[bytes]:
    return [_member(draw) for _ in range(1 + draw.below(5))]


def _pairs(draw: Draw) -> list[bytes]:
    count = 1 + draw.below(6)
    if draw.chance(0.12):
        count = draw.choose((60, 100, 127, 128, 129, 200))
    return [piece for _ in range(count) for piece in (_score(draw), _member(draw))]


def _add_options(draw: Draw) -> list[bytes]:
    words = (b"NX", b"XX", b"GT", b"LT", b"CH", b"INCR")
    count = draw.choose((0, 0, 0, 1, 1, 1, 2, 3))
    return [any_case(draw, word) for word in draw.random.sample(words, count)]


def _place(draw: Draw) -> bytes:
    return b"%d" % (draw.below(24) - 12) if draw.chance(0.85) else draw.integer()


def _score_bound(draw: Draw) -> bytes:
    if draw.chance(0.03):
        return bytes(draw.choose((b"", b"(", b"nan", b" 1", b"1 ", b"[1", b"((1", b"1e999", b"0x5")))
    return (b"(" if draw.chance(0.25) else b"") + _score(draw)


def _lex_bound(draw: Draw) -> bytes:
    kind = draw.below(12)
    if kind == 0:
        return bytes(draw.choose((b"", b"a", b"--", b"+a", b"(", b"[", b"nan")))
    if kind < 4:
        return bytes(draw.choose((b"-", b"+")))
    return bytes(draw.choose((b"[", b"("))) + _member(draw)


def _bounds(draw: Draw, low: bytes, high: bytes) -> list[bytes]:
    return [high, low] if draw.chance(0.4) else [low, high]


def _limit(draw: Draw) -> list[bytes]:
    if draw.chance(0.6):
        return []
    count = b"%d" % (draw.below(12) - 1)
    return [any_case(draw, b"LIMIT"), b"%d" % (draw.below(8) - draw.choose((0, 0, 0, 2))), count]


def _scores(draw: Draw) -> list[bytes]:
    return [any_case(draw, b"WITHSCORES")] if draw.chance(0.5) else []


def _range_options(draw: Draw) -> list[bytes]:
    """Behind a score range: in any order."""
    parts = [_limit(draw), _scores(draw)]
    draw.random.shuffle(parts)
    return [word for part in parts for word in part]


def _rank_range(draw: Draw) -> list[bytes]:
    options = [*_scores(draw), *([b"REV"] if draw.chance(0.3) else [])]
    if draw.chance(0.05):
        options.append(bytes(draw.choose((b"BYSCORE", b"BYLEX", b"LIMIT", b"FOO"))))
    return [_place(draw), _place(draw), *options]


def _score_range(draw: Draw) -> list[bytes]:
    rev = [b"REV"] if draw.chance(0.4) else []
    bounds = _bounds(draw, _score_bound(draw), _score_bound(draw))
    return [*bounds, b"BYSCORE", *rev, *_range_options(draw)]


def _lex_range(draw: Draw) -> list[bytes]:
    rev = [b"REV"] if draw.chance(0.4) else []
    bounds = _bounds(draw, _lex_bound(draw), _lex_bound(draw))
    return [*bounds, b"BYLEX", *rev, *_limit(draw)]


def _lex_key(draw: Draw) -> bytes:
    return bytes(draw.choose(_LEX_KEYS))


def _lex_pairs(draw: Draw) -> list[bytes]:
    count = draw.choose((1, 3, 5, 10, 100))
    return [piece for _ in range(count) for piece in (b"0", _member(draw))]


def _keys(draw: Draw) -> list[bytes]:
    """numkeys and as many keys; now and then the number is wrong."""
    count = draw.choose((1, 1, 2, 2, 2, 3, 4))
    told = b"%d" % count
    if draw.chance(0.05):
        told = bytes(draw.choose((b"0", b"-1", b"abc", b"5", b"9223372036854775807", b"")))
    return [told, *(draw.key() for _ in range(count))]


def _scoring(draw: Draw) -> list[bytes]:
    return _scoring_of(draw, 2)


def _scoring_of(draw: Draw, count: int) -> list[bytes]:
    parts: list[list[bytes]] = []
    if draw.chance(0.5):
        weights = [_score(draw) for _ in range(count)]
        parts.append([any_case(draw, b"WEIGHTS"), *weights])
    if draw.chance(0.5):
        words = (b"SUM", b"MIN", b"MAX", b"sum", b"FOO")
        parts.append([any_case(draw, b"AGGREGATE"), bytes(draw.choose(words))])
    draw.random.shuffle(parts)
    return [word for part in parts for word in part]


def _combined(draw: Draw) -> list[bytes]:
    """Keys with the options for just as many."""
    keys = _keys(draw)
    return [*keys, *_scoring_of(draw, len(keys) - 1)]


def _count(draw: Draw) -> list[bytes]:
    if draw.chance(0.4):
        return []
    return [bytes(draw.choose((b"0", b"1", b"2", b"5", b"1000", b"-1", b"abc")))]


def _where(draw: Draw) -> list[bytes]:
    where = [any_case(draw, bytes(draw.choose((b"MIN", b"MAX", b"MIN", b"MAX", b"FOO"))))]
    if draw.chance(0.4):
        where += [any_case(draw, b"COUNT"), bytes(draw.choose((b"1", b"3", b"500", b"0", b"x")))]
    return where


def _short_wait(draw: Draw) -> bytes:
    return bytes(draw.choose((b"0.01", b"0.02", b"0.01", b"-1", b"abc", b"1e30")))


def _scan_options(draw: Draw) -> list[bytes]:
    options: list[list[bytes]] = []
    if draw.chance(0.5):
        patterns = (b"*", b"m*", b"m?", b"[0-9]*", b"", b"x*")
        options.append([any_case(draw, b"MATCH"), bytes(draw.choose(patterns))])
    if draw.chance(0.4):
        options.append([b"COUNT", bytes(draw.choose((b"1", b"10", b"1000")))])
    return [word for option in options for word in option]


@FAMILY.step("ZSCAN")
def _whole_scan(draw: Draw) -> Step:
    return Iterate((b"ZSCAN", draw.key(), None, *_scan_options(draw)), draw.client)


@FAMILY.step("CONFIG SET", weight=3)
def _limits(draw: Draw) -> Step:
    name = draw.choose((b"zset-max-listpack-entries", b"zset-max-ziplist-value"))
    value = draw.choose((b"0", b"5", b"64", b"128"))
    return draw.command("CONFIG", "SET", name, value)


FAMILY.add("ZADD", KEY, _add_options, _pairs, weight=60)
FAMILY.add("ZADD", KEY, _pairs, weight=30)
FAMILY.add("ZADD", _lex_key, _lex_pairs, weight=20)
FAMILY.add("ZINCRBY", KEY, _score, _member, weight=20)
FAMILY.add("ZINCRBY", KEY, NUMBER, _member)
FAMILY.add("ZREM", KEY, _members, weight=20)
FAMILY.add("ZREM", _lex_key, _members)
FAMILY.add("ZREMRANGEBYRANK", KEY, _place, _place, weight=6)
FAMILY.add("ZREMRANGEBYSCORE", KEY, _score_bound, _score_bound, weight=6)
FAMILY.add("ZREMRANGEBYLEX", _lex_key, _lex_bound, _lex_bound, weight=6)
FAMILY.add("ZCARD", KEY)
FAMILY.add("ZSCORE", KEY, _member)
FAMILY.add("ZMSCORE", KEY, _members)
FAMILY.add("ZRANK", KEY, _member)
FAMILY.add("ZREVRANK", KEY, _member)
FAMILY.add("ZCOUNT", KEY, _score_bound, _score_bound)
FAMILY.add("ZLEXCOUNT", _lex_key, _lex_bound, _lex_bound)
FAMILY.add("ZRANGE", KEY, _rank_range, weight=20)
FAMILY.add("ZRANGE", KEY, _score_range, weight=20)
FAMILY.add("ZRANGE", _lex_key, _lex_range, weight=20)
FAMILY.add("ZREVRANGE", KEY, _place, _place, _scores)
FAMILY.add("ZRANGEBYSCORE", KEY, _score_bound, _score_bound, _range_options)
FAMILY.add("ZREVRANGEBYSCORE", KEY, _score_bound, _score_bound, _range_options)
FAMILY.add("ZRANGEBYLEX", _lex_key, _lex_bound, _lex_bound, _limit)
FAMILY.add("ZREVRANGEBYLEX", _lex_key, _lex_bound, _lex_bound, _limit)
FAMILY.add("ZRANGESTORE", KEY, KEY, _rank_range)
FAMILY.add("ZRANGESTORE", KEY, KEY, _score_range)
FAMILY.add("ZRANGESTORE", KEY, _lex_key, _lex_range)
FAMILY.add("ZPOPMIN", KEY, _count)
FAMILY.add("ZPOPMAX", KEY, _count)
FAMILY.add("ZMPOP", _keys, _where)
FAMILY.add("BZPOPMIN", KEY, KEY, _short_wait, weight=4)
FAMILY.add("BZPOPMAX", KEY, _short_wait, weight=4)
FAMILY.add("BZMPOP", _short_wait, _keys, _where, weight=4)
FAMILY.add("ZUNION", _combined, _scores)
FAMILY.add("ZINTER", _combined, _scores)
FAMILY.add("ZDIFF", _keys, _scores)
FAMILY.add("ZDIFF", _keys, _scoring, weight=2)
FAMILY.add("ZUNIONSTORE", KEY, _combined)
FAMILY.add("ZINTERSTORE", KEY, _combined)
FAMILY.add("ZDIFFSTORE", KEY, _keys)
FAMILY.add("ZINTERCARD", _keys, weight=5)
FAMILY.add("ZINTERCARD", _keys, b"LIMIT", _place, weight=5)
FAMILY.add("ZRANDMEMBER", KEY, b"1000", _scores, mode="kind", weight=5)
FAMILY.add("ZRANDMEMBER", KEY, mode="kind", weight=3)
FAMILY.add("ZRANDMEMBER", KEY, b"-3", mode="kind", weight=3)
FAMILY.add("SADD", KEY, _members, weight=3)
FAMILY.add("SADD", KEY, b"1", b"2", b"3", b"4", weight=3)
FAMILY.add("OBJECT ENCODING", KEY, mode="encoding")
FAMILY.add("COPY", KEY, KEY, b"REPLACE", weight=4)
FAMILY.add("DEL", KEY, weight=4)
