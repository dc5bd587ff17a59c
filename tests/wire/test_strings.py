"""Strings: SET and its options, reads, counters, what grows and what is cut."""

from __future__ import annotations

import random

import pytest
from support.client import Client

MAX, MIN = 2**63 - 1, -(2**63)
_NOT_INT = "ERR value is not an integer or out of range"
_NOT_FLOAT = "ERR value is not a valid float"
_OVERFLOW = "ERR increment or decrement would overflow"
_SYNTAX = "ERR syntax error"


def _invalid_time(verb: str) -> str:
    return f"ERR invalid expire time in '{verb}' command"


# SET


def test_set_replaces_value_and_time_to_live(c: Client) -> None:
    c.ok("SET", "a", "1", "EX", 1000)
    assert c.call("SET", "a", "2") == "OK"
    assert (c.call("GET", "a"), c.call("TTL", "a")) == (b"2", -1)


def test_set_nx_and_xx(c: Client) -> None:
    assert c.raw("SET", "a", "1", "XX") == b"$-1\r\n"
    assert c.call("EXISTS", "a") == 0
    assert c.call("SET", "a", "1", "NX") == "OK"
    assert c.raw("SET", "a", "2", "NX") == b"$-1\r\n"
    assert c.call("GET", "a") == b"1"
    assert c.call("SET", "a", "3", "xx") == "OK"
    assert c.call("GET", "a") == b"3"


def test_set_get_answers_the_old_value(c: Client) -> None:
    assert c.call("SET", "a", "1", "GET") is None
    assert c.call("SET", "a", "2", "GET") == b"1"
    assert c.call("SET", "a", "3", "NX", "GET") == b"2"
    assert c.call("GET", "a") == b"2"
    assert c.call("SET", "b", "1", "XX", "GET") is None
    assert c.call("EXISTS", "b") == 0
    assert c.call("SET", "c", "1", "GET", "NX") is None
    assert c.call("GET", "c") == b"1"


@pytest.mark.parametrize(
    ("option", "time", "verb", "expected"),
    [
        ("EX", 5000, "TTL", range(4990, 5001)),
        ("PX", 5_000_000, "PTTL", range(4_990_000, 5_000_001)),
        ("EXAT", 4102444800, "EXPIRETIME", range(4102444800, 4102444801)),
        ("PXAT", 4102444800123, "PEXPIRETIME", range(4102444800123, 4102444800124)),
    ],
)
def test_set_with_a_time(c: Client, option: str, time: int, verb: str, expected: range) -> None:
    assert c.call("SET", "a", "1", option, time) == "OK"
    assert c.call(verb, "a") in expected
    assert c.call("SET", "a", "2", option.lower(), time) == "OK"
    assert c.call(verb, "a") in expected


def test_set_keepttl(c: Client) -> None:
    c.ok("SET", "a", "1", "PXAT", 4102444800123)
    assert c.call("SET", "a", "2", "KEEPTTL") == "OK"
    assert c.call("PEXPIRETIME", "a") == 4102444800123
    assert c.call("SET", "new", "1", "KEEPTTL") == "OK"
    assert c.call("TTL", "new") == -1


def test_set_with_a_past_time_leaves_no_key(c: Client) -> None:
    c.ok("SET", "a", "old")
    assert c.call("SET", "a", "1", "EXAT", 1) == "OK"
    assert (c.call("GET", "a"), c.call("EXISTS", "a"), c.call("DBSIZE")) == (None, 0, 0)


@pytest.mark.parametrize("option", ["EX", "PX", "EXAT", "PXAT"])
@pytest.mark.parametrize("time", [0, -1, MIN])
def test_set_refuses_times_that_are_not_positive(c: Client, option: str, time: int) -> None:
    assert c.err("SET", "a", "1", option, time) == _invalid_time("set")
    assert c.call("EXISTS", "a") == 0


@pytest.mark.parametrize(
    ("option", "time"), [("EX", MAX), ("EX", MAX // 1000), ("EX", MAX // 1000 + 1), ("PX", MAX), ("EXAT", MAX)]
)
def test_set_refuses_times_that_overflow(c: Client, option: str, time: int) -> None:
    assert c.err("SET", "a", "1", option, time) == _invalid_time("set")


@pytest.mark.parametrize("time", ["abc", "", "1.5", " 1", "9223372036854775808"])
def test_set_refuses_times_that_are_no_integers(c: Client, time: str) -> None:
    assert c.err("SET", "a", "1", "EX", time) == _NOT_INT


@pytest.mark.parametrize(
    "options",
    [
        ("NX", "XX"),
        ("EX", "10", "PX", "10"),
        ("EX", "10", "KEEPTTL"),
        ("KEEPTTL", "PXAT", "10"),
        ("EX",),
        ("FOO",),
        ("",),
        ("PERSIST",),
        ("NX", "EX"),
    ],
)
def test_set_refuses_options_that_exclude_each_other(c: Client, options: tuple[str, ...]) -> None:
    assert c.err("SET", "a", "1", *options) == _SYNTAX


def test_old_spellings_of_set(c: Client) -> None:
    assert [c.call("SETNX", "a", "1"), c.call("SETNX", "a", "2")] == [1, 0]
    assert c.call("SETEX", "a", 1000, "3") == "OK"
    assert 990 <= c.call("TTL", "a") <= 1000
    assert c.call("PSETEX", "a", 1_000_000, "4") == "OK"
    assert 990_000 <= c.call("PTTL", "a") <= 1_000_000
    assert c.call("GETSET", "a", "5") == b"4"
    assert c.call("TTL", "a") == -1
    assert c.call("GETSET", "missing", "1") is None
    assert c.err("SETEX", "a", 0, "x") == _invalid_time("setex")
    assert c.err("PSETEX", "a", -1, "x") == _invalid_time("psetex")


# Reads that change


def test_getdel(c: Client) -> None:
    c.ok("SET", "a", "1")
    assert c.call("GETDEL", "a") == b"1"
    assert c.raw("GETDEL", "a") == b"$-1\r\n"


def test_getex(c: Client) -> None:
    c.ok("SET", "a", "1")
    assert c.call("GETEX", "a") == b"1"
    assert c.call("TTL", "a") == -1
    assert c.call("GETEX", "a", "EX", 5000) == b"1"
    assert 4990 <= c.call("TTL", "a") <= 5000
    assert c.call("GETEX", "a", "PXAT", 4102444800123) == b"1"
    assert c.call("PEXPIRETIME", "a") == 4102444800123
    assert c.call("GETEX", "a") == b"1"
    assert c.call("PEXPIRETIME", "a") == 4102444800123
    assert c.call("GETEX", "a", "PERSIST") == b"1"
    assert c.call("TTL", "a") == -1
    assert c.call("GETEX", "a", "EXAT", 1) == b"1"
    assert c.call("EXISTS", "a") == 0
    assert c.call("GETEX", "missing", "EX", 10) is None


def test_getex_refuses(c: Client) -> None:
    c.ok("SET", "a", "1")
    assert c.err("GETEX", "a", "EX", 0) == _invalid_time("getex")
    assert c.err("GETEX", "a", "EX", "abc") == _NOT_INT
    for options in (("FOO",), ("EX", "10", "PERSIST"), ("KEEPTTL",), ("NX",), ("EX",)):
        assert c.err("GETEX", "a", *options) == _SYNTAX


# Several


def test_mset_and_mget(c: Client) -> None:
    assert c.call("MSET", "a", "1", "b", "2", "a", "3") == "OK"
    assert c.call("MGET", "a", "missing", "b", "a") == [b"3", None, b"2", b"3"]


def test_mset_takes_the_times_to_live_away(c: Client) -> None:
    c.ok("SET", "a", "1", "EX", 1000)
    c.ok("MSET", "a", "2")
    assert c.call("TTL", "a") == -1


def test_msetnx_is_all_or_nothing(c: Client) -> None:
    assert c.call("MSETNX", "a", "1", "b", "2") == 1
    assert c.call("MSETNX", "c", "1", "b", "3") == 0
    assert c.call("MGET", "a", "b", "c") == [b"1", b"2", None]


def test_mset_of_half_a_pair_is_refused(c: Client) -> None:
    for verb in ("mset", "msetnx"):
        assert c.err(verb, "a", "1", "b") == f"ERR wrong number of arguments for '{verb}' command"


def test_mset_and_mget_of_many(c: Client) -> None:
    pairs = {b"key:%d" % i: b"value:%d" % i for i in range(20_000)}
    c.ok("MSET", *(cell for pair in pairs.items() for cell in pair))
    assert c.call("MGET", *pairs) == list(pairs.values())


# Counters


def test_counters(c: Client) -> None:
    assert [c.call("INCR", "n"), c.call("INCR", "n"), c.call("DECR", "n")] == [1, 2, 1]
    assert [c.call("INCRBY", "n", 10), c.call("DECRBY", "n", 20)] == [11, -9]
    assert c.call("GET", "n") == b"-9"
    assert c.call("DECR", "new") == -1


@pytest.mark.parametrize(
    ("start", "command", "answer"),
    [
        (MAX, ("INCR",), _OVERFLOW),
        (MIN, ("DECR",), _OVERFLOW),
        (MAX - 1, ("INCR",), MAX),
        (MIN + 1, ("DECR",), MIN),
        (1, ("INCRBY", MAX), _OVERFLOW),
        (0, ("INCRBY", MAX), MAX),
        (-1, ("INCRBY", MIN), _OVERFLOW),
        (0, ("INCRBY", MIN), MIN),
        (-1, ("DECRBY", MAX), MIN),
        (0, ("DECRBY", MIN), "ERR decrement would overflow"),
        (-2, ("DECRBY", MAX), _OVERFLOW),
    ],
)
def test_counters_at_their_limits(
    c: Client, start: int, command: tuple[str | int, ...], answer: int | str
) -> None:
    c.ok("SET", "n", start)
    verb, *rest = command
    if isinstance(answer, str):
        assert c.err(verb, "n", *rest) == answer
        assert c.call("GET", "n") == b"%d" % start
    else:
        assert c.call(verb, "n", *rest) == answer


@pytest.mark.parametrize(
    "value", ["", "abc", "1.5", " 1", "1 ", "+1", "01", "-0", "0x10", "1e3", str(MAX + 1), str(MIN - 1)]
)
def test_counters_refuse_what_is_no_integer(c: Client, value: str) -> None:
    c.ok("SET", "n", value)
    assert c.err("INCR", "n") == _NOT_INT
    assert c.call("GET", "n") == value.encode()
    assert c.err("INCRBY", "fresh", value) == _NOT_INT
    assert c.call("EXISTS", "fresh") == 0


def test_counters_keep_the_time_to_live(c: Client) -> None:
    c.ok("SET", "n", 1, "PXAT", 4102444800123)
    c.ok("INCR", "n")
    c.ok("INCRBYFLOAT", "n", "0.5")
    c.ok("APPEND", "n", "x")
    assert c.call("PEXPIRETIME", "n") == 4102444800123


@pytest.mark.parametrize(
    ("start", "by", "result"),
    [
        ("10.50", "0.1", b"10.6"),
        ("5.0e3", "2.0e2", b"5200"),
        ("3", "-3", b"0"),
        ("0.1", "0.2", b"0.3"),
        ("1e17", "1", b"100000000000000001"),
        ("9007199254740993", "1", b"9007199254740994"),
        ("-0.0", "0", b"0"),
        ("3.0", "1.999999999999999999", b"5"),
        ("1e-18", "0", b"0"),
        ("0x10", "1", b"17"),
    ],
)
def test_incrbyfloat(c: Client, start: str, by: str, result: bytes) -> None:
    c.ok("SET", "f", start)
    assert c.call("INCRBYFLOAT", "f", by) == result
    assert c.call("GET", "f") == result


def test_incrbyfloat_refuses(c: Client) -> None:
    for by in ("abc", "", "1.5x", "nan"):
        assert c.err("INCRBYFLOAT", "f", by) == _NOT_FLOAT, by
    for by in ("inf", "-inf"):
        assert c.err("INCRBYFLOAT", "f", by) == "ERR increment would produce NaN or Infinity"
    assert c.call("EXISTS", "f") == 0
    c.ok("SET", "f", "abc")
    assert c.err("INCRBYFLOAT", "f", "1") == _NOT_FLOAT


# Bytes


def test_append_and_strlen(c: Client) -> None:
    assert c.call("STRLEN", "a") == 0
    assert c.call("APPEND", "a", "") == 0
    assert c.call("APPEND", "a", "hello") == 5
    assert c.call("APPEND", "a", b"\x00world") == 11
    assert c.call("GET", "a") == b"hello\x00world"
    c.ok("SET", "n", 12)
    assert (c.call("STRLEN", "n"), c.call("APPEND", "n", "3"), c.call("INCR", "n")) == (2, 3, 124)


def test_string_grows_through_every_representation(c: Client) -> None:
    """From a few bytes to a megabyte by appends of every size, checked against a model."""
    chooser = random.Random(5)
    model = b""
    while len(model) < 1_000_000:
        part = chooser.randbytes(chooser.choice((0, 1, 1, 2, 7, 31, 500, 9_000, 40_000)))
        model += part
        assert c.call("APPEND", "s", part) == len(model)
        if chooser.random() < 0.1:
            assert c.call("GET", "s") == model
    assert c.call("GET", "s") == model


@pytest.mark.parametrize("size", [0, 1, 43, 44, 45, 63, 64, 65, 127, 128, 254, 255, 256, 16383, 16384, 32768])
def test_values_and_keys_of_sizes_where_layouts_change(c: Client, size: int) -> None:
    data = random.Random(size).randbytes(size)
    for key, value in ((b"k", data), (data, b"v"), (data, data)):
        c.ok("SET", key, value)
        assert c.call("GET", key) == value
        c.ok("SET", key, value, "EX", 1000)
        assert c.call("GET", key) == value
        assert c.call("TTL", key) > 900
        assert c.call("PERSIST", key) == 1
        assert c.call("GET", key) == value
        assert c.call("EXISTS", key) == 1
        assert c.call("DEL", key) == 1


@pytest.mark.needs("setrange", "getrange")
def test_ranges(c: Client) -> None:
    assert c.call("SETRANGE", "a", 3, "abc") == 6
    assert c.call("GET", "a") == b"\x00\x00\x00abc"
    assert c.call("SETRANGE", "a", 1, "xy") == 6
    assert c.call("SETRANGE", "missing", 10, "") == 0
    assert c.call("EXISTS", "missing") == 0
    assert c.err("SETRANGE", "a", -1, "x") == "ERR offset is out of range"
    assert c.err("SETRANGE", "a", 536870912, "x") == (
        "ERR string exceeds maximum allowed size (proto-max-bulk-len)"
    )
    c.ok("SET", "a", "0123456789")
    for start, end, part in ((0, 3, b"0123"), (-3, -1, b"789"), (5, 2, b""), (0, 100, b"0123456789")):
        assert c.call("GETRANGE", "a", start, end) == part


@pytest.mark.needs("lpush")
@pytest.mark.parametrize(
    "command",
    [
        *(("GET", "l"), ("GETDEL", "l"), ("GETEX", "l"), ("APPEND", "l", "x"), ("STRLEN", "l")),
        *(("INCR", "l"), ("INCRBYFLOAT", "l", "1"), ("GETSET", "l", "x"), ("SET", "l", "x", "GET")),
    ],
)
def test_other_types_are_refused(c: Client, command: tuple[str, ...]) -> None:
    c.ok("LPUSH", "l", "x")
    assert c.err(*command) == (
        "WRONGTYPE Operation against a key holding the wrong kind of value"
    )
