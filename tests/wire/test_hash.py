"""Hashes: fields set, read, counted, drawn and scanned, in their small and their big form."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from conftest import StartServer
from support.client import Client

_WRONG_TYPE = "WRONGTYPE Operation against a key holding the wrong kind of value"
_NOT_INT = "ERR value is not an integer or out of range"
_MAX, _MIN = 2**63 - 1, -(2**63)


def _fill(c: Client, key: str, count: int, value: str = "v") -> None:
    c.ok("HSET", key, *(word for i in range(count) for word in (f"f{i}", f"{value}{i}")))


def _pairs(flat: list[Any]) -> dict[Any, Any]:
    return dict(zip(flat[0::2], flat[1::2]))


# Set and read


def test_hset_counts_what_is_new(c: Client) -> None:
    assert c.call("HSET", "h", "a", "1") == 1
    assert c.call("HSET", "h", "a", "2", "b", "3", "b", "4") == 1
    assert c.call("HGETALL", "h") == [b"a", b"2", b"b", b"4"]
    assert c.call("HMSET", "h", "c", "5") == "OK"
    assert c.call("HLEN", "h") == 3


@pytest.mark.parametrize("verb", ["HSET", "HMSET"])
def test_pairs_must_be_whole(c: Client, verb: str) -> None:
    text = f"ERR wrong number of arguments for '{verb.lower()}' command"
    assert c.err(verb, "h", "a", "1", "b") == text
    assert c.err(verb, "h", "a") == text
    assert c.call("EXISTS", "h") == 0


def test_hsetnx_leaves_what_is_there(c: Client) -> None:
    assert c.call("HSETNX", "h", "a", "1") == 1
    assert c.call("HSETNX", "h", "a", "2") == 0
    assert c.call("HGET", "h", "a") == b"1"


def test_missing_fields_and_keys(c: Client) -> None:
    c.ok("HSET", "h", "a", "1")
    assert c.raw("HGET", "h", "no") == c.raw("HGET", "no", "a") == b"$-1\r\n"
    assert c.call("HMGET", "h", "no", "a", "no") == [None, b"1", None]
    assert c.call("HMGET", "no", "a") == [None]
    assert c.call("HEXISTS", "h", "no") == c.call("HEXISTS", "no", "a") == 0
    assert c.call("HEXISTS", "h", "a") == 1
    assert c.call("HSTRLEN", "h", "no") == c.call("HSTRLEN", "no", "a") == 0
    assert c.call("HLEN", "no") == 0
    assert c.call("HKEYS", "no") == c.call("HVALS", "no") == c.call("HGETALL", "no") == []


@pytest.mark.parametrize("value", [b"", b"0", b"-7", b"007", b"x" * 300, b"\x00\xff", b"1" * 25])
@pytest.mark.parametrize("count", [1, 600])
def test_values_come_back_as_they_were(c: Client, value: bytes, count: int) -> None:
    _fill(c, "h", count)
    c.ok("HSET", "h", "f", value, value, "named")
    assert c.call("HGET", "h", "f") == value
    assert c.call("HGET", "h", value) == b"named"
    assert c.call("HSTRLEN", "h", "f") == len(value)
    assert _pairs(c.call("HGETALL", "h"))[b"f"] == value


def test_a_small_hash_keeps_its_order(c: Client) -> None:
    _fill(c, "h", 20)
    c.ok("HSET", "h", "f3", "other")
    c.ok("HDEL", "h", "f5")
    c.ok("HSET", "h", "f5", "back")
    order = [b"f%d" % i for i in range(20) if i != 5] + [b"f5"]
    assert c.call("HKEYS", "h") == order
    assert c.call("HGETALL", "h")[0::2] == order
    assert c.call("HVALS", "h")[3] == b"other"


def test_hdel_and_the_last_field(c: Client) -> None:
    c.ok("HSET", "h", "a", "1", "b", "2")
    assert c.call("HDEL", "h", "no") == 0
    assert c.call("HDEL", "h", "a", "no", "a") == 1
    assert c.call("EXISTS", "h") == 1
    assert c.call("HDEL", "h", "b") == 1
    assert c.call("EXISTS", "h") == 0
    assert c.call("HDEL", "h", "b") == 0


def test_replies_of_resp3(c3: Client) -> None:
    c3.ok("HSET", "h", "a", "1")
    assert c3.raw("HGETALL", "h") == b"%1\r\n$1\r\na\r\n$1\r\n1\r\n"
    assert c3.raw("HGETALL", "no") == b"%0\r\n"
    assert c3.raw("HGET", "h", "no") == b"_\r\n"
    assert c3.raw("HKEYS", "h") == b"*1\r\n$1\r\na\r\n"
    assert c3.raw("HRANDFIELD", "h", 1, "WITHVALUES") == b"*1\r\n*2\r\n$1\r\na\r\n$1\r\n1\r\n"
    assert c3.raw("HRANDFIELD", "no") == b"_\r\n"
    assert c3.raw("HSCAN", "h", 0) == b"*2\r\n$1\r\n0\r\n*2\r\n$1\r\na\r\n$1\r\n1\r\n"


@pytest.mark.parametrize(
    "words",
    [
        *("HSET k a 1", "HMSET k a 1", "HSETNX k a 1", "HGET k a", "HMGET k a", "HDEL k a"),
        *("HLEN k", "HSTRLEN k a", "HEXISTS k a", "HKEYS k", "HVALS k", "HGETALL k"),
        *("HINCRBY k a 1", "HINCRBYFLOAT k a 1", "HRANDFIELD k", "HRANDFIELD k 2", "HSCAN k 0"),
    ],
)
def test_other_types_are_refused(c: Client, words: str) -> None:
    c.ok("SET", "k", "v")
    assert c.err(*words.split()) == _WRONG_TYPE


# Numbers


def test_hincrby(c: Client) -> None:
    assert c.call("HINCRBY", "h", "n", 5) == 5
    assert c.call("HINCRBY", "h", "n", -7) == -2
    c.ok("HSET", "h", "max", _MAX, "min", _MIN, "text", "abc", "near", " 1", "float", "1.5")
    assert c.err("HINCRBY", "h", "max", 1) == "ERR increment or decrement would overflow"
    assert c.err("HINCRBY", "h", "min", -1) == "ERR increment or decrement would overflow"
    for name in ("text", "near", "float"):
        assert c.err("HINCRBY", "h", name, 1) == "ERR hash value is not an integer"
    assert c.err("HINCRBY", "h", "n", "x") == _NOT_INT
    assert c.err("HINCRBY", "new", "n", "x") == _NOT_INT
    assert c.call("EXISTS", "new") == 0


def test_hincrbyfloat(c: Client) -> None:
    assert c.call("HINCRBYFLOAT", "h", "n", "1.25") == b"1.25"
    assert c.call("HINCRBYFLOAT", "h", "n", "1e2") == b"101.25"
    assert c.call("HINCRBYFLOAT", "h", "n", "-0.25") == b"101"
    c.ok("HSET", "h", "text", "abc", "big", "1e4900")
    assert c.err("HINCRBYFLOAT", "h", "text", 1) == "ERR hash value is not a float"
    assert c.err("HINCRBYFLOAT", "h", "n", "x") == "ERR value is not a valid float"
    assert c.err("HINCRBYFLOAT", "h", "n", "inf") == "ERR value is NaN or Infinity"
    assert c.call("HGET", "h", "n") == b"101"


# Forms


def test_the_form_follows_number_and_length(c: Client) -> None:
    _fill(c, "h", 512)
    assert c.call("OBJECT", "ENCODING", "h") == b"listpack"
    c.ok("HSET", "h", "f7", "x" * 64)
    assert c.call("OBJECT", "ENCODING", "h") == b"listpack"
    c.ok("HSET", "h", "one more", "")
    assert c.call("OBJECT", "ENCODING", "h") == b"hashtable"
    c.ok("HDEL", "h", *(f"f{i}" for i in range(500)))
    assert c.call("OBJECT", "ENCODING", "h") == b"hashtable"
    for name, value in (("a", "x" * 65), ("x" * 65, "a")):
        c.ok("DEL", "h")
        c.ok("HSET", "h", name, value)
        assert c.call("OBJECT", "ENCODING", "h") == b"hashtable"


@pytest.mark.parametrize("word", ["listpack", "ziplist"])
def test_limits_are_directives_of_two_names(start_server: StartServer, word: str) -> None:
    directives = {f"hash-max-{word}-entries": 3, f"hash-max-{word}-value": 5}
    with start_server(directives).connect() as c:
        c.ok("HSET", "h", "a", "12345", "b", "2", "c", "3")
        c.ok("HSET", "g", "a", "123456")
        assert c.call("OBJECT", "ENCODING", "h") == b"listpack"
        assert c.call("OBJECT", "ENCODING", "g") == b"hashtable"
        c.ok("HSET", "h", "d", "4")
        assert c.call("OBJECT", "ENCODING", "h") == b"hashtable"


def test_a_big_hash_after_many_changes(c: Client) -> None:
    want: dict[bytes, bytes] = {}
    for i in range(3000):
        name, value = b"f%d" % (i * 7919 % 900), b"v" * (i % 300)
        if i % 5 == 0 and name in want:
            c.ok("HDEL", "h", name)
            del want[name]
        else:
            c.ok("HSET", "h", name, value)
            want[name] = value
    assert _pairs(c.call("HGETALL", "h")) == want
    assert sorted(c.call("HKEYS", "h")) == sorted(want)
    assert Counter(c.call("HVALS", "h")) == Counter(want.values())


@pytest.mark.parametrize("count", [3, 700])
def test_copies_are_their_own(c: Client, count: int) -> None:
    _fill(c, "h", count)
    c.ok("COPY", "h", "g")
    c.ok("HSET", "h", "f1", "changed")
    c.ok("HDEL", "g", "f2")
    assert c.call("HGET", "g", "f1") == b"v1"
    assert c.call("HGET", "h", "f2") == b"v2"
    c.ok("RENAME", "h", "i")
    assert c.call("HLEN", "i") == count
    assert c.call("HLEN", "g") == count - 1


# HRANDFIELD


@pytest.mark.parametrize("count", [5, 700])
def test_drawn_fields_are_of_the_hash(c: Client, count: int) -> None:
    _fill(c, "h", count)
    names = {b"f%d" % i for i in range(count)}
    assert c.call("HRANDFIELD", "h") in names
    for wanted in (1, 3, count - 1, count, count + 10):
        drawn = c.call("HRANDFIELD", "h", wanted)
        assert len(drawn) == len(set(drawn)) == min(wanted, count)
        assert set(drawn) <= names
    drawn = c.call("HRANDFIELD", "h", -3 * count)
    assert len(drawn) == 3 * count
    assert set(drawn) <= names
    assert len(set(drawn)) > 1
    pairs = _pairs(c.call("HRANDFIELD", "h", count, "WITHVALUES"))
    assert pairs == {name: b"v" + name[1:] for name in names}
    assert len(c.call("HRANDFIELD", "h", -7, "WITHVALUES")) == 14


def test_drawing_from_nothing(c: Client) -> None:
    assert c.raw("HRANDFIELD", "no") == b"$-1\r\n"
    assert c.raw("HRANDFIELD", "no", 3) == b"*0\r\n"
    c.ok("HSET", "h", "a", "1")
    assert c.call("HRANDFIELD", "h", 0) == []


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["x"], _NOT_INT),
        (["1", "FOO"], "ERR syntax error"),
        (["1", "WITHVALUES", "x"], "ERR syntax error"),
        (
            [str(_MIN)],
            "ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807",
        ),
        ([str(2**62), "WITHVALUES"], "ERR value is out of range"),
        ([str(-(2**62)), "WITHVALUES"], "ERR value is out of range"),
    ],
)
def test_counts_that_are_refused(c: Client, words: list[str], text: str) -> None:
    c.ok("HSET", "h", "a", "1")
    assert c.err("HRANDFIELD", "h", *words) == text


# HSCAN


def _scan(c: Client, *options: Any) -> list[Any]:
    cursor, found = b"0", []
    while True:
        cursor, page = c.ok("HSCAN", "h", cursor, *options)
        found += page
        if cursor == b"0":
            return found


@pytest.mark.parametrize("count", [1, 100, 700, 5000])
def test_a_scan_finds_every_field(c: Client, count: int) -> None:
    _fill(c, "h", count)
    want = {b"f%d" % i: b"v%d" % i for i in range(count)}
    assert _pairs(_scan(c)) == want
    assert _pairs(_scan(c, "COUNT", 500)) == want
    assert _pairs(_scan(c, "MATCH", "f1*")) == {k: v for k, v in want.items() if k[1:2] == b"1"}


def test_a_small_hash_is_scanned_at_once(c: Client) -> None:
    _fill(c, "h", 300)
    cursor, page = c.call("HSCAN", "h", 0, "COUNT", 5)
    assert (cursor, len(page)) == (b"0", 600)


@pytest.mark.beyond_oracle
@pytest.mark.parametrize("count", [3, 700])
def test_a_scan_without_values(c: Client, count: int) -> None:
    _fill(c, "h", count)
    assert set(_scan(c, "NOVALUES")) == {b"f%d" % i for i in range(count)}


def test_a_scan_goes_on_while_fields_come_and_go(c: Client) -> None:
    _fill(c, "h", 2000)
    cursor, found = b"0", set()
    for step in range(10_000):
        cursor, page = c.ok("HSCAN", "h", cursor, "COUNT", 20)
        found |= set(page[0::2])
        if cursor == b"0":
            break
        c.ok("HSET", "h", *(w for i in range(30) for w in (f"new{step}-{i}", "x")))
        c.ok("HDEL", "h", *(f"new{step - 3}-{i}" for i in range(30)))
    assert {b"f%d" % i for i in range(2000)} <= found


def test_scans_that_are_refused(c: Client) -> None:
    c.ok("HSET", "h", "a", "1")
    assert c.err("HSCAN", "h", "x") == "ERR invalid cursor"
    assert c.err("HSCAN", "h", 0, "COUNT", 0) == "ERR syntax error"
    assert c.err("HSCAN", "h", 0, "COUNT", "x") == _NOT_INT
    assert c.err("HSCAN", "h", 0, "FOO") == "ERR syntax error"
    assert c.call("HSCAN", "no", 0) == [b"0", []]
