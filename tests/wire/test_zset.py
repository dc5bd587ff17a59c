"""Sorted sets: members, ranges, pops, combinations, scans; in both forms, against a plain model."""

from __future__ import annotations

import random
from typing import Iterator

import pytest
from conftest import Connect
from support.client import Client
from support.text import info_fields
from support.wait import wait_for

_SYNTAX = "ERR syntax error"
_WRONG_TYPE = "WRONGTYPE Operation against a key holding the wrong kind of value"
_NOT_FLOAT = "ERR value is not a valid float"
_BAD_SCORES = "ERR min or max is not a float"
_BAD_LEX = "ERR min or max not valid string range item"

# Sizes on both sides of the listpack's limit.
SIZES = (3, 128, 129, 1000)


def _fill(c: Client, key: str, size: int) -> list[tuple[float, bytes]]:
    """Members with scores that repeat; in the set's order."""
    draw = random.Random(size)
    pairs = [(float(draw.randrange(size // 2 + 1)), b"m%d" % i) for i in range(size)]
    args = [word for score, member in pairs for word in (score, member)]
    assert c.call("ZADD", key, *args) == size
    return sorted(pairs)


def _flat(pairs: list[tuple[float, bytes]]) -> list[bytes]:
    return [word for score, member in pairs for word in (member, b"%.17g" % score)]


@pytest.fixture(params=[0, 128])
def limit(c: Client, request: pytest.FixtureRequest) -> Iterator[int]:
    """Sorted sets of up to so many members are listpacks."""
    c.ok("CONFIG", "SET", "zset-max-listpack-entries", request.param)
    yield request.param
    c.ok("CONFIG", "SET", "zset-max-listpack-entries", 128)


# Members


def test_zadd_counts_what_is_new(c: Client) -> None:
    assert c.call("ZADD", "z", 1, "a", 2, "b", 3, "a") == 2
    assert c.call("ZADD", "z", 5, "a", 2, "b") == 0
    assert c.call("ZADD", "z", "CH", 6, "a", 2, "b", 1, "c") == 2
    assert c.call("ZRANGE", "z", 0, -1, "WITHSCORES") == [b"c", b"1", b"b", b"2", b"a", b"6"]


def test_zadd_under_conditions(c: Client) -> None:
    c.call("ZADD", "z", 5, "a")
    assert c.call("ZADD", "z", "NX", "CH", 1, "a", 1, "b") == 1
    assert c.call("ZADD", "z", "XX", "CH", 2, "b", 1, "c") == 1
    assert c.call("ZADD", "z", "GT", "CH", 4, "a", 3, "b", 9, "d") == 2
    assert c.call("ZADD", "z", "LT", "CH", 6, "a", 1, "b") == 1
    assert c.call("ZRANGE", "z", 0, -1, "WITHSCORES") == [b"b", b"1", b"a", b"5", b"d", b"9"]
    assert c.call("ZADD", "none", "XX", 1, "a") == 0
    assert c.call("EXISTS", "none") == 0


def test_zadd_incr_is_zincrby(c: Client) -> None:
    assert c.call("ZADD", "z", "INCR", 1.5, "a") == b"1.5"
    assert c.call("ZINCRBY", "z", -3, "a") == b"-1.5"
    assert c.call("ZADD", "z", "NX", "INCR", 1, "a") is None
    assert c.call("ZADD", "z", "XX", "INCR", 1, "b") is None
    assert c.call("ZADD", "z", "GT", "INCR", -1, "a") is None
    assert c.call("ZADD", "z", "INCR", "inf", "a") == b"inf"
    assert c.err("ZINCRBY", "z", "-inf", "a") == "ERR resulting score is not a number (NaN)"


def test_zadd_refuses(c: Client) -> None:
    c.ok("SET", "s", "x")
    assert c.err("ZADD", "s", 1, "a") == _WRONG_TYPE
    assert c.err("ZADD", "z", "nan", "a") == _NOT_FLOAT
    assert c.err("ZADD", "z", 1, "a", "x", "b") == _NOT_FLOAT
    assert c.err("ZADD", "z", 1, "a", 2) == _SYNTAX
    assert c.err("ZADD", "z", "NX", "CH", "XX") == _SYNTAX
    both = "ERR XX and NX options at the same time are not compatible"
    assert c.err("ZADD", "z", "NX", "XX", 1, "a") == both
    for options in (("GT", "LT"), ("NX", "GT"), ("NX", "LT")):
        text = "ERR GT, LT, and/or NX options at the same time are not compatible"
        assert c.err("ZADD", "z", *options, 1, "a") == text
    single = "ERR INCR option supports a single increment-element pair"
    assert c.err("ZADD", "z", "INCR", 1, "a", 2, "b") == single
    assert c.call("EXISTS", "z") == 0


@pytest.mark.parametrize("score", ["0.1", "1e20", "-1e300", "inf", "4611686018427387904", "5e-324"])
def test_scores_come_back(c: Client, score: str, limit: int) -> None:
    c.call("ZADD", "z", score, "a", "-0", "zero")
    text = b"%.17g" % float(score)
    assert c.call("ZSCORE", "z", "a") == text
    assert c.call("ZMSCORE", "z", "b", "a") == [None, text]
    assert c.call("ZSCORE", "z", "zero") == (b"0" if limit else b"-0")
    c.call("HELLO", 3)
    assert c.call("ZSCORE", "z", "a") == float(score)


@pytest.mark.parametrize("size", SIZES)
def test_members_have_ranks(c: Client, size: int) -> None:
    pairs = _fill(c, "z", size)
    assert c.call("ZCARD", "z") == size
    for rank in range(0, size, 7):
        score, member = pairs[rank]
        assert c.call("ZRANK", "z", member) == rank
        assert c.call("ZREVRANK", "z", member) == size - 1 - rank
        assert float(c.ok("ZSCORE", "z", member)) == score
    assert c.call("ZRANK", "z", "nobody") is None


@pytest.mark.beyond_oracle
def test_rank_with_score(c: Client) -> None:
    c.call("ZADD", "z", 1, "a", 2.5, "b")
    assert c.call("ZRANK", "z", "b", "WITHSCORE") == [1, b"2.5"]
    assert c.call("ZREVRANK", "z", "b", "withscore") == [0, b"2.5"]
    assert c.call("ZRANK", "z", "c", "WITHSCORE") is None
    assert c.err("ZRANK", "z", "b", "x") == _SYNTAX
    assert "wrong number of arguments" in c.err("ZRANK", "z", "b", "WITHSCORE", "x")


def test_the_key_goes_with_the_last_member(c: Client) -> None:
    c.call("ZADD", "z", 1, "a", 2, "b", 3, "c", 4, "d")
    assert c.call("ZREM", "z", "a", "x", "a") == 1
    assert c.call("ZREMRANGEBYRANK", "z", 0, 0) == 1
    assert c.call("ZREMRANGEBYSCORE", "z", "(3", "inf") == 1
    assert c.call("ZREMRANGEBYLEX", "z", "-", "+") == 1
    assert c.call("EXISTS", "z") == 0
    assert c.call("ZREM", "z", "a") == 0


def test_encodings_change_at_their_limits(c: Client) -> None:
    _fill(c, "z", 128)
    assert c.call("OBJECT", "ENCODING", "z") == b"listpack"
    c.call("ZADD", "z", 1, "one more")
    assert c.call("OBJECT", "ENCODING", "z") == b"skiplist"
    c.call("ZADD", "long", 1, "x" * 65)
    assert c.call("OBJECT", "ENCODING", "long") == b"skiplist"
    c.call("ZRANGESTORE", "few", "z", 0, 5)
    assert c.call("OBJECT", "ENCODING", "few") == b"listpack"


# Ranges


@pytest.mark.parametrize("size", SIZES)
def test_ranges_of_ranks(c: Client, size: int) -> None:
    pairs = _fill(c, "z", size)
    members = [member for _, member in pairs]
    for start, stop in ((0, -1), (1, 2), (-3, -2), (2, 1), (size, size), (-size - 5, 1), (5, 10**9)):
        last = stop + size if stop < 0 else stop
        first = max(start + size, 0) if start < 0 else start
        assert c.call("ZRANGE", "z", start, stop) == members[first : last + 1]
        assert c.call("ZRANGE", "z", start, stop, "REV") == members[::-1][first : last + 1]
        assert c.call("ZREVRANGE", "z", start, stop) == members[::-1][first : last + 1]
    assert c.call("ZRANGE", "z", 0, -1, "WITHSCORES") == _flat(pairs)


@pytest.mark.parametrize("size", SIZES)
def test_ranges_of_scores(c: Client, size: int) -> None:
    pairs = _fill(c, "z", size)
    for low, high in ((0, size), (1, 1), (2, size / 4), (size / 3, 0)):
        found = [pair for pair in pairs if low <= pair[0] <= high]
        assert c.call("ZCOUNT", "z", low, high) == len(found)
        assert c.call("ZRANGEBYSCORE", "z", low, high, "WITHSCORES") == _flat(found)
        assert c.call("ZREVRANGEBYSCORE", "z", high, low, "WITHSCORES") == _flat(found[::-1])
        assert c.call("ZRANGE", "z", high, low, "BYSCORE", "REV", "LIMIT", 1, 3) == [
            member for _, member in found[::-1][1:4]
        ]
        open_ones = [pair for pair in pairs if low < pair[0] < high]
        assert c.call("ZCOUNT", "z", f"({low}", f"({high}") == len(open_ones)
        assert c.call("ZRANGESTORE", "dst", "z", low, high, "BYSCORE", "LIMIT", 2, -1) == max(
            len(found) - 2, 0
        )
        assert c.call("ZRANGE", "dst", 0, -1, "WITHSCORES") == _flat(found[2:])


@pytest.mark.parametrize("size", SIZES)
def test_ranges_of_members(c: Client, size: int) -> None:
    members = sorted(b"m%d" % i for i in range(size))
    c.call("ZADD", "z", *[word for member in members for word in (0, member)])
    middle, late = members[size // 2], members[-2]
    between = [m for m in members if middle <= m < late]
    assert c.call("ZRANGEBYLEX", "z", b"[" + middle, b"(" + late) == between
    assert c.call("ZREVRANGEBYLEX", "z", b"(" + late, b"[" + middle) == between[::-1]
    assert c.call("ZLEXCOUNT", "z", b"[" + middle, b"(" + late) == len(between)
    assert c.call("ZRANGE", "z", "-", "+", "BYLEX") == members
    assert c.call("ZRANGE", "z", "+", "-", "BYLEX", "REV", "LIMIT", 0, 2) == members[::-1][:2]
    assert c.call("ZRANGE", "z", "+", "-", "BYLEX") == []


def test_ranges_refuse(c: Client) -> None:
    c.call("ZADD", "z", 1, "a")
    assert c.err("ZRANGE", "z", "a", 1) == "ERR value is not an integer or out of range"
    assert c.err("ZRANGE", "z", 0, 1, "BYSCORE", "BYLEX") == _SYNTAX
    assert c.err("ZCOUNT", "z", "x", 1) == _BAD_SCORES
    assert c.err("ZRANGEBYSCORE", "z", 1, "(nan") == _BAD_SCORES
    assert c.err("ZLEXCOUNT", "z", "a", "+") == _BAD_LEX
    limit = "ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX"
    assert c.err("ZRANGE", "z", 0, 1, "LIMIT", 0, 1) == limit
    scores = "ERR syntax error, WITHSCORES not supported in combination with BYLEX"
    assert c.err("ZRANGE", "z", "-", "+", "BYLEX", "WITHSCORES") == scores


def test_pairs_in_resp3(c: Client) -> None:
    c.call("ZADD", "z", 1, "a", 2.5, "b")
    c.call("HELLO", 3)
    assert c.call("ZRANGE", "z", 0, -1, "WITHSCORES") == [[b"a", 1.0], [b"b", 2.5]]
    assert c.call("ZUNION", 1, "z", "WITHSCORES") == [[b"a", 1.0], [b"b", 2.5]]
    assert c.call("ZPOPMIN", "z") == [b"a", 1.0]
    assert c.call("ZPOPMIN", "z", 1) == [[b"b", 2.5]]


# Pops


@pytest.mark.parametrize("size", SIZES)
def test_pops_take_the_ends(c: Client, size: int) -> None:
    pairs = _fill(c, "z", size)
    assert c.call("ZPOPMIN", "z") == _flat(pairs[:1])
    assert c.call("ZPOPMAX", "z", 1) == _flat(pairs[-1:])
    found = c.call("ZMPOP", 2, "none", "z", "MAX", "COUNT", size)
    assert found == [b"z", [[m, b"%.17g" % s] for s, m in pairs[1:-1][::-1]]]
    assert c.call("EXISTS", "z") == 0
    assert c.call("ZMPOP", 1, "z", "MIN") is None
    assert c.call("ZPOPMIN", "z", 0) == []


def test_pops_refuse(c: Client) -> None:
    assert c.err("ZPOPMIN", "z", -1) == "ERR value is out of range, must be positive"
    assert c.err("ZPOPMIN", "z", 1, 2) == _SYNTAX
    assert c.err("ZMPOP", 0, "z", "MIN") == "ERR numkeys should be greater than 0"
    assert c.err("ZMPOP", 1, "z", "MIN", "COUNT", 0) == "ERR count should be greater than 0"
    assert c.err("ZMPOP", 2, "z", "MIN") == _SYNTAX
    assert c.err("BZPOPMIN", "z", "x") == "ERR timeout is not a float or out of range"


def _wait_blocked(c: Client, count: int) -> None:
    def blocked() -> bool:
        return int(info_fields(c.ok("INFO", "clients"))["blocked_clients"]) == count

    wait_for(f"{count} clients to block", blocked)


def test_waiting_pops_are_served_in_order(c: Client, connect: Connect) -> None:
    first, second = connect(), connect()
    first.send("BZPOPMIN", "other", "z", 0)
    _wait_blocked(c, 1)
    second.send("BZMPOP", 0, 1, "z", "MAX", "COUNT", 5)
    _wait_blocked(c, 2)
    c.call("ZADD", "z", 1, "a", 2, "b", 3, "c")
    assert first.read() == [b"z", b"a", b"1"]
    assert second.read() == [b"z", [[b"c", b"3"], [b"b", b"2"]]]
    assert c.call("EXISTS", "z") == 0


def test_a_set_that_is_stored_or_renamed_serves(c: Client, connect: Connect) -> None:
    waiting = connect()
    c.call("ZADD", "src", 1, "a", 2, "b")
    waiting.send("BZPOPMAX", "z", 0)
    _wait_blocked(c, 1)
    assert c.call("ZUNIONSTORE", "z", 1, "src") == 2
    assert waiting.read() == [b"z", b"b", b"2"]
    waiting.send("BZPOPMIN", "new", 0)
    _wait_blocked(c, 1)
    c.ok("RENAME", "src", "new")
    assert waiting.read() == [b"new", b"a", b"1"]


def test_waiting_ends_with_its_time(c: Client) -> None:
    assert c.call("BZPOPMIN", "z", 0.01) is None
    assert c.call("BZMPOP", 0.01, 1, "z", "MIN") is None
    c.ok("MULTI")
    c.call("BZPOPMIN", "z", 0)
    assert c.call("EXEC") == [None]


# Combinations


def test_union_inter_diff(c: Client) -> None:
    c.call("ZADD", "a", 1, "x", 2, "y")
    c.call("ZADD", "b", 10, "y", 20, "z")
    assert c.call("ZUNION", 2, "a", "b", "WITHSCORES") == [b"x", b"1", b"y", b"12", b"z", b"20"]
    assert c.call("ZINTER", 2, "a", "b", "WEIGHTS", 2, 1, "WITHSCORES") == [b"y", b"14"]
    assert c.call("ZINTER", 2, "a", "b", "AGGREGATE", "MIN", "WITHSCORES") == [b"y", b"2"]
    assert c.call("ZDIFF", 2, "a", "b", "WITHSCORES") == [b"x", b"1"]
    assert c.call("ZINTERCARD", 2, "a", "b", "LIMIT", 0) == 1
    assert c.call("ZUNIONSTORE", "c", 2, "a", "b", "AGGREGATE", "MAX") == 3
    assert c.call("ZINTERSTORE", "c", 2, "a", "none") == 0
    assert c.call("EXISTS", "c") == 0
    assert c.call("ZDIFFSTORE", "a", 2, "a", "b") == 1


def test_sets_count_one_each(c: Client) -> None:
    c.call("SADD", "s", "x", "y", "1")
    c.call("ZADD", "z", 5, "y")
    assert c.call("ZUNION", 2, "s", "z", "WITHSCORES") == [b"1", b"1", b"x", b"1", b"y", b"6"]
    assert c.call("ZINTER", 2, "z", "s", "WITHSCORES") == [b"y", b"6"]
    assert c.call("ZDIFF", 2, "s", "z") == [b"1", b"x"]
    c.ok("SET", "text", "x")
    assert c.err("ZUNION", 2, "s", "text") == _WRONG_TYPE


@pytest.mark.beyond_oracle
def test_aggregate_count(c: Client) -> None:
    c.call("ZADD", "a", 7, "x", 8, "y")
    c.call("ZADD", "b", 9, "y")
    assert c.call("ZUNION", 2, "a", "b", "AGGREGATE", "COUNT", "WITHSCORES") == [
        *(b"x", b"1", b"y", b"2"),
    ]


def test_combinations_refuse(c: Client) -> None:
    at_least = "ERR at least 1 input key is needed for 'zunion' command"
    assert c.err("ZUNION", 0, "a") == at_least
    assert c.err("ZUNION", 2, "a") == _SYNTAX
    assert c.err("ZUNION", 1, "a", "WEIGHTS", "x") == "ERR weight value is not a float"
    assert c.err("ZUNION", 1, "a", "AGGREGATE", "AVG") == _SYNTAX
    assert c.err("ZDIFF", 1, "a", "WEIGHTS", 1) == _SYNTAX
    assert c.err("ZUNIONSTORE", "d", 1, "a", "WITHSCORES") == _SYNTAX
    assert c.err("ZINTERCARD", 1, "a", "LIMIT", -1) == "ERR LIMIT can't be negative"


# Chance and scans


@pytest.mark.parametrize("size", SIZES)
def test_random_members(c: Client, size: int) -> None:
    pairs = dict((m, s) for s, m in _fill(c, "z", size))
    assert c.call("ZRANDMEMBER", "z") in pairs
    for count in (1, 2, size - 1, size, size * 2):
        found = c.ok("ZRANDMEMBER", "z", count)
        assert len(found) == len(set(found)) == min(count, size)
        assert set(found) <= set(pairs)
    again = c.ok("ZRANDMEMBER", "z", -size * 2, "WITHSCORES")
    assert len(again) == size * 4
    assert all(pairs[m] == float(s) for m, s in zip(again[::2], again[1::2]))
    assert c.call("ZRANDMEMBER", "none") is None
    assert c.call("ZRANDMEMBER", "none", 5) == []


def test_every_member_is_drawn(c: Client) -> None:
    _fill(c, "z", 10)
    seen: set[bytes] = set()
    for _ in range(500):
        seen.update(c.ok("ZRANDMEMBER", "z", 3))
    assert len(seen) == 10


@pytest.mark.parametrize("size", SIZES)
def test_scans_see_every_member(c: Client, size: int) -> None:
    pairs = dict((m, s) for s, m in _fill(c, "z", size))
    cursor, found = b"0", {}
    while True:
        cursor, page = c.ok("ZSCAN", "z", cursor, "COUNT", 7)
        found.update(zip(page[::2], map(float, page[1::2])))
        if cursor == b"0":
            break
    assert found == pairs
    assert c.err("ZSCAN", "z", 0, "COUNT", 0) == _SYNTAX
    assert c.err("ZSCAN", "z", "x") == "ERR invalid cursor"
    assert c.call("ZSCAN", "none", 0) == [b"0", []]


# What is told


def test_events(c: Client, connect: Connect) -> None:
    listener = connect()
    c.ok("CONFIG", "SET", "notify-keyspace-events", "KEA")
    listener.call("PSUBSCRIBE", "__keyevent@0__:*")
    c.call("ZADD", "z", 1, "a", 2, "b")
    c.call("ZADD", "z", 1, "a")
    c.call("ZINCRBY", "z", 1, "a")
    c.call("ZPOPMIN", "z", 5)
    c.call("ZADD", "z", 1, "a")
    c.call("ZUNIONSTORE", "y", 1, "z")
    c.call("ZREMRANGEBYSCORE", "z", "-inf", "inf")
    names = [listener.read()[2].split(b":")[1] for _ in range(8)]
    assert names == [
        *(b"zadd", b"zincr", b"zpopmin", b"del", b"zadd", b"zunionstore"),
        *(b"zremrangebyscore", b"del"),
    ]


def test_a_random_program_agrees_with_a_model(c: Client) -> None:
    draw = random.Random(7)
    model: dict[bytes, float] = {}
    for step in range(3000):
        member = b"m%d" % draw.randrange(200)
        score = float(draw.randrange(50))
        kind = draw.randrange(4)
        if kind < 2:
            assert c.call("ZADD", "z", score, member) == (member not in model)
            model[member] = score
        elif kind == 2:
            assert c.call("ZREM", "z", member) == (model.pop(member, None) is not None)
        else:
            low, high = sorted((draw.randrange(50), draw.randrange(50)))
            found = sum(low <= s <= high for s in model.values())
            assert c.call("ZCOUNT", "z", low, high) == found
        if step % 100 == 0:
            order = sorted((s, m) for m, s in model.items())
            assert c.call("ZRANGE", "z", 0, -1) == [m for _, m in order]
