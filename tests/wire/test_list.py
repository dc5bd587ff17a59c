"""Lists: at their ends, in the middle, from one to another; in both forms, and with middle packs compressed."""

from __future__ import annotations

import random
from typing import Any, Iterator

import pytest
from support.client import Client

_WRONG_TYPE = "WRONGTYPE Operation against a key holding the wrong kind of value"
_SYNTAX = "ERR syntax error"
_NOT_INT = "ERR value is not an integer or out of range"
_NOT_POSITIVE = "ERR value is out of range, must be positive"

# What a list is made of: how big packs get, and how deep they are compressed.
FORMS = {"usual": ("-2", "0"), "one": ("1", "0"), "few": ("5", "1"), "compressed": ("-1", "1")}


@pytest.fixture(params=FORMS)
def form(request: pytest.FixtureRequest, c: Client) -> Iterator[str]:
    size, depth = FORMS[request.param]
    c.ok("CONFIG", "SET", "list-max-listpack-size", size)
    c.ok("CONFIG", "SET", "list-compress-depth", depth)
    yield request.param
    c.ok("CONFIG", "SET", "list-max-listpack-size", "-2")
    c.ok("CONFIG", "SET", "list-compress-depth", "0")


def _fill(c: Client, key: str, count: int) -> list[bytes]:
    values = [b"%d" % i if i % 3 else b"value-%d" % i for i in range(count)]
    assert c.call("RPUSH", key, *values) == count
    return values


def _all(c: Client, key: str) -> list[bytes]:
    return list(c.ok("LRANGE", key, 0, -1))


# Ends


def test_push_and_pop(c: Client) -> None:
    assert c.call("LPUSHX", "l", "a") == 0
    assert c.call("RPUSHX", "l", "a") == 0
    assert c.call("LPUSH", "l", "a", "b", "c") == 3
    assert c.call("RPUSH", "l", "-5", "") == 5
    assert c.call("RPUSHX", "l", "x") == 6
    assert _all(c, "l") == [b"c", b"b", b"a", b"-5", b"", b"x"]
    assert c.call("LPOP", "l") == b"c"
    assert c.call("RPOP", "l", 2) == [b"x", b""]
    assert c.call("LPOP", "l", 0) == []
    assert c.call("LPOP", "l", 100) == [b"b", b"a", b"-5"]
    assert c.call("EXISTS", "l") == 0
    assert c.call("LLEN", "l") == 0


def test_what_a_missing_list_answers(c: Client, c3: Client) -> None:
    assert c.raw("LPOP", "l") == b"$-1\r\n"
    assert c.raw("LPOP", "l", 1) == b"*-1\r\n"
    assert c.raw("LMPOP", 1, "l", "LEFT") == b"*-1\r\n"
    assert c.raw("LMOVE", "l", "m", "LEFT", "LEFT") == b"$-1\r\n"
    assert c.raw("LRANGE", "l", 0, 1) == b"*0\r\n"
    for command in (("LPOP", "l"), ("LPOP", "l", 1), ("LMPOP", 1, "l", "LEFT"), ("LINDEX", "l", 0)):
        assert c3.raw(*command) == b"_\r\n"
    assert c.raw("LPOS", "l", "a") == b"$-1\r\n"
    assert c.raw("LPOS", "l", "a", "COUNT", 0) == b"*0\r\n"
    assert c.call("LTRIM", "l", 0, 1) == "OK"
    assert c.call("LREM", "l", 0, "a") == 0
    assert c.call("LINSERT", "l", "BEFORE", "a", "b") == 0
    assert c.err("LSET", "l", 0, "a") == "ERR no such key"


def test_arguments_that_are_refused(c: Client) -> None:
    c.ok("RPUSH", "l", "a")
    assert c.err("LPOP", "l", -1) == _NOT_POSITIVE
    assert c.err("LPOP", "l", "x") == _NOT_POSITIVE
    assert c.err("LPOP", "l", 1, 2) == "ERR wrong number of arguments for 'lpop' command"
    assert c.err("LINDEX", "l", "x") == _NOT_INT
    assert c.err("LSET", "l", 1, "x") == "ERR index out of range"
    assert c.err("LINSERT", "l", "NEAR", "a", "b") == _SYNTAX
    assert c.err("LMPOP", 0, "l", "LEFT") == "ERR numkeys should be greater than 0"
    assert c.err("LMPOP", 1, "l", "LEFT", "COUNT", 0) == "ERR count should be greater than 0"
    assert c.err("LMPOP", 1, "l", "LEFT", "COUNT", 1, "COUNT", 1) == _SYNTAX
    assert c.err("LMOVE", "l", "l", "LEFT", "UP") == _SYNTAX
    assert c.err("LPOS", "l", "a", "COUNT", -1) == "ERR COUNT can't be negative"
    assert c.err("LPOS", "l", "a", "MAXLEN", -1) == "ERR MAXLEN can't be negative"
    assert c.err("LPOS", "l", "a", "RANK", 0).startswith("ERR RANK can't be zero")


def test_other_types_are_refused(c: Client) -> None:
    c.ok("SET", "s", "v")
    c.ok("RPUSH", "l", "a")
    for command in (
        *(("LPUSH", "s", "a"), ("RPUSHX", "s", "a"), ("LPOP", "s"), ("LLEN", "s")),
        *(("LRANGE", "s", 0, 1), ("LINDEX", "s", 0), ("LSET", "s", 0, "a"), ("LPOS", "s", "a")),
        *(("LINSERT", "s", "AFTER", "a", "b"), ("LREM", "s", 0, "a"), ("LTRIM", "s", 0, 1)),
        *(("LMOVE", "s", "l", "LEFT", "LEFT"), ("RPOPLPUSH", "l", "s"), ("LMPOP", 1, "s", "LEFT")),
        *(("BLPOP", "none", "s", 0), ("BLMOVE", "l", "s", "LEFT", "LEFT", 0)),
    ):
        assert c.err(*command) == _WRONG_TYPE
    assert c.err("GET", "l") == _WRONG_TYPE
    assert _all(c, "l") == [b"a"]


# The middle


def test_ranges(c: Client, form: str) -> None:
    values = _fill(c, "l", 400)
    for start, stop in ((0, -1), (10, 20), (-5, -1), (390, 1000), (-1000, 3), (399, 399)):
        end = stop + 1 if stop != -1 else None
        first = max(start + 400, 0) if start < 0 else start
        assert c.ok("LRANGE", "l", start, stop) == values[first:end]
    assert c.ok("LRANGE", "l", 5, 4) == []
    assert c.ok("LRANGE", "l", 400, 500) == []
    for index in (0, 1, 199, 200, 399, -1, -200, -400):
        assert c.call("LINDEX", "l", index) == values[index]
    assert c.call("LINDEX", "l", 400) is None
    assert c.call("LINDEX", "l", -401) is None


def test_trims(c: Client, form: str) -> None:
    values = _fill(c, "l", 300)
    assert c.call("LTRIM", "l", 0, -1) == "OK"
    assert c.call("LTRIM", "l", 5, -6) == "OK"
    assert _all(c, "l") == values[5:-5]
    assert c.call("LTRIM", "l", 100, 101) == "OK"
    assert _all(c, "l") == values[105:107]
    assert c.call("LTRIM", "l", 5, 1) == "OK"
    assert c.call("EXISTS", "l") == 0


def test_removals(c: Client, form: str) -> None:
    c.ok("RPUSH", "l", *("a", "7", "b", "7", "c", "7") * 50)
    assert c.call("LREM", "l", 2, "7") == 2
    assert c.call("LREM", "l", -2, "7") == 2
    assert _all(c, "l")[:4] == [b"a", b"b", b"c", b"7"]
    assert _all(c, "l")[-4:] == [b"a", b"7", b"b", b"c"]
    assert c.call("LREM", "l", 0, "7") == 146
    assert _all(c, "l") == [b"a", b"b", b"c"] * 50
    for value, left in ((b"a", 100), (b"c", 50), (b"b", 0)):
        assert c.call("LREM", "l", 0, value) == 50
        assert c.call("LLEN", "l") == left
    assert c.call("EXISTS", "l") == 0


def test_places_of_a_value(c: Client, form: str) -> None:
    c.ok("RPUSH", "l", *("a", "b", "1", "a") * 30)
    assert c.call("LPOS", "l", "a") == 0
    assert c.call("LPOS", "l", "a", "RANK", 2) == 3
    assert c.call("LPOS", "l", "a", "RANK", -1) == 119
    assert c.call("LPOS", "l", "1", "COUNT", 3) == [2, 6, 10]
    assert c.call("LPOS", "l", "1", "COUNT", 2, "RANK", -2) == [114, 110]
    assert c.call("LPOS", "l", "b", "COUNT", 0, "MAXLEN", 6) == [1, 5]
    assert c.call("LPOS", "l", "none") is None
    assert c.call("LPOS", "l", "none", "COUNT", 0) == []
    assert c.call("LPOS", "l", "a", "RANK", 61) is None


def test_a_list_agrees_with_a_model(c: Client, form: str) -> None:
    chooser = random.Random(form)
    model: list[bytes] = []

    def draw() -> bytes:
        kind = chooser.randrange(30)
        if kind == 0:
            return b"x" * chooser.choice((5000, 9000, 20_000))
        return b"%d" % chooser.randrange(10) if kind < 15 else b"v" * chooser.randrange(200)

    for _ in range(1500):
        kind, value = chooser.randrange(8), draw()
        if kind < 2 or not model:
            where = chooser.choice((0, len(model)))
            model.insert(where, value)
            c.ok("LPUSH" if where == 0 else "RPUSH", "l", value)
        elif kind == 2:
            assert c.call("LPOP", "l") == model.pop(0)
        elif kind == 3:
            index = chooser.randrange(len(model))
            c.ok("LSET", "l", index, value)
            model[index] = value
        elif kind < 6:
            pivot = chooser.choice(model)
            model.insert(model.index(pivot) + 1, value)
            assert c.call("LINSERT", "l", "AFTER", pivot, value) == len(model)
        elif kind == 6:
            index = chooser.randrange(len(model))
            assert c.call("LINDEX", "l", index) == model[index]
        else:
            assert c.call("LREM", "l", 1, value) == (value in model)
            if value in model:
                model.remove(value)
    assert _all(c, "l") == model
    assert c.ok("COPY", "l", "copy") == 1
    assert _all(c, "copy") == model
    assert c.ok("DEBUG", "DIGEST-VALUE", "l") == c.ok("DEBUG", "DIGEST-VALUE", "copy")


def test_a_value_of_a_megabyte(c: Client) -> None:
    big = bytes(range(256)) * 4096
    assert c.call("RPUSH", "l", "a", big, "b") == 3
    assert _all(c, "l") == [b"a", big, b"b"]
    assert c.call("LMOVE", "l", "m", "RIGHT", "LEFT") == b"b"
    assert c.call("LMOVE", "l", "m", "RIGHT", "LEFT") == big
    assert c.call("LPOS", "m", big) == 0
    assert c.call("COPY", "m", "copy") == 1
    assert c.call("LSET", "m", 0, "small") == "OK"
    assert _all(c, "m") == [b"small", b"b"]
    assert c.call("LPOP", "copy") == big


@pytest.mark.beyond_oracle
def test_the_form_follows_from_the_size(c: Client) -> None:
    c.ok("RPUSH", "l", *[b"%d" % i for i in range(2000)])
    assert c.call("OBJECT", "ENCODING", "l") == b"listpack"
    c.ok("RPUSH", "l", *[b"%d" % i for i in range(2000)])
    assert c.call("OBJECT", "ENCODING", "l") == b"quicklist"
    c.ok("LTRIM", "l", 0, 99)
    assert c.call("OBJECT", "ENCODING", "l") == b"listpack"
    c.ok("CONFIG", "SET", "list-max-listpack-size", 50)
    assert c.call("OBJECT", "ENCODING", "l") == b"listpack"
    c.ok("RPUSH", "l", "x")
    assert c.call("OBJECT", "ENCODING", "l") == b"quicklist"
    c.ok("CONFIG", "SET", "list-max-listpack-size", "-2")


def test_compressed_lists_take_less(c: Client) -> None:
    def bytes_of(depth: int) -> int:
        c.ok("DEL", "l")
        c.ok("CONFIG", "SET", "list-compress-depth", depth)
        for _ in range(20):
            c.ok("RPUSH", "l", *[b"a value that repeats itself %d" % i for i in range(500)])
        c.ok("CONFIG", "SET", "list-compress-depth", 0)
        return int(c.ok("MEMORY", "USAGE", "l", "SAMPLES", 0))

    plain = bytes_of(0)
    assert bytes_of(1) < plain / 2
    assert c.call("LINDEX", "l", 5250) == b"a value that repeats itself 250"


# From one to another


def test_moves(c: Client) -> None:
    c.ok("RPUSH", "l", "a", "b", "c", "d")
    assert c.call("LMOVE", "l", "m", "LEFT", "RIGHT") == b"a"
    assert c.call("LMOVE", "l", "m", "RIGHT", "RIGHT") == b"d"
    assert c.call("RPOPLPUSH", "l", "m") == b"c"
    assert c.call("LMOVE", "m", "m", "left", "right") == b"c"
    assert _all(c, "m") == [b"a", b"d", b"c"]
    assert c.call("RPOPLPUSH", "l", "l") == b"b"
    assert c.call("LMOVE", "l", "m", "LEFT", "LEFT") == b"b"
    assert c.call("EXISTS", "l") == 0
    assert c.call("LMPOP", 3, "none", "l", "m", "RIGHT", "COUNT", 2) == [b"m", [b"c", b"d"]]


@pytest.mark.beyond_oracle
def test_moves_of_several(c: Client) -> None:
    values = _fill(c, "l", 10)
    assert c.call("LMOVEM", "l", "m", "LEFT", "LEFT", "COUNT", 3, "OBO") == values[2::-1]
    assert c.call("LMOVEM", "l", "m", "LEFT", "LEFT", "COUNT", 3, "BULK") == values[3:6]
    assert _all(c, "m") == values[3:6] + values[2::-1]
    assert c.raw("LMOVEM", "l", "m", "LEFT", "LEFT", "EXACTLY", 5, "BULK") == b"*-1\r\n"
    assert c.call("LMOVEM", "l", "m", "RIGHT", "RIGHT", "EXACTLY", 4, "BULK") == values[6:]
    assert c.call("EXISTS", "l") == 0
    assert c.call("LMOVEM", "m", "m", "LEFT", "RIGHT") == [values[3]]
    assert c.raw("LMOVEM", "none", "m", "LEFT", "LEFT") == b"*-1\r\n"
    assert c.err("LMOVEM", "m", "l", "LEFT", "LEFT", "COUNT", 2) == _SYNTAX


def test_events(c: Client, connect: Any) -> None:
    c.ok("CONFIG", "SET", "notify-keyspace-events", "KElg")
    listener = connect()
    listener.ok("PSUBSCRIBE", "__keyevent@0__:*")
    c.ok("RPUSH", "l", "a", "b")
    c.ok("LMOVE", "l", "m", "LEFT", "LEFT")
    c.ok("LSET", "m", 0, "x")
    c.ok("LINSERT", "m", "BEFORE", "x", "y")
    c.ok("LREM", "m", 0, "x")
    c.ok("LTRIM", "m", 0, 0)
    c.ok("RPOP", "l")
    c.ok("CONFIG", "SET", "notify-keyspace-events", "")
    seen = [tuple(listener.read()[2:]) for _ in range(9)]
    assert [(event.split(b":")[1], key) for event, key in seen] == [
        *((b"rpush", b"l"), (b"lpush", b"m"), (b"lpop", b"l"), (b"lset", b"m")),
        *((b"linsert", b"m"), (b"lrem", b"m"), (b"ltrim", b"m"), (b"rpop", b"l"), (b"del", b"l")),
    ]
