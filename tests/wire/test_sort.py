"""SORT and SORT_RO."""

from __future__ import annotations

import pytest
from support.client import Client

_NOT_NUMBERS = "ERR One or more scores can't be converted into double"


@pytest.fixture
def c_list(c: Client) -> Client:
    c.ok("RPUSH", "l", 3, 1, 2, 10)
    return c


def test_by_number_and_by_text(c_list: Client) -> None:
    c = c_list
    assert c.call("SORT", "l") == [b"1", b"2", b"3", b"10"]
    assert c.call("SORT", "l", "DESC") == [b"10", b"3", b"2", b"1"]
    assert c.call("SORT", "l", "ALPHA") == [b"1", b"10", b"2", b"3"]
    assert c.call("SORT", "l", "alpha", "desc", "limit", 1, 2) == [b"2", b"10"]
    assert c.call("SORT_RO", "l", "ASC") == [b"1", b"2", b"3", b"10"]


@pytest.mark.parametrize("kind", ["list", "set", "zset"])
def test_every_type_and_both_forms(c: Client, kind: str) -> None:
    for count in (1, 100, 600):
        members = [(i * 7919) % count for i in range(count)]
        if kind == "list":
            c.ok("RPUSH", "k", *members)
        elif kind == "set":
            c.ok("SADD", "k", *members)
        else:
            c.ok("ZADD", "k", *(part for m in members for part in (-m, m)))
        assert c.call("SORT", "k") == [b"%d" % i for i in range(count)]
        assert c.call("SORT", "k", "LIMIT", count - 1, 5) == [b"%d" % (count - 1)]
        c.ok("DEL", "k")


def test_equal_numbers_are_in_the_order_of_bytes(c: Client) -> None:
    c.ok("RPUSH", "l", "1.0", "1", "+1", "01", " 1", "")
    assert c.call("SORT", "l") == [b"", b" 1", b"+1", b"01", b"1", b"1.0"]


def test_what_is_no_number(c: Client) -> None:
    for text in ("x", "1x", "nan", "1 ", " ", "1e999"):
        c.ok("RPUSH", "l", text)
        assert c.err("SORT", "l") == _NOT_NUMBERS
        assert c.err("SORT", "l", "STORE", "out") == _NOT_NUMBERS
        assert c.call("SORT", "l", "ALPHA") == [text.encode()]
        c.ok("DEL", "l")


def test_by_and_get(c_list: Client) -> None:
    c = c_list
    c.ok("MSET", "w_1", 9, "w_2", 5, "w_3", 7)
    c.ok("HSET", "h_1", "name", "one", "rank", 3)
    c.ok("HSET", "h_2", "name", "two", "rank", 1)
    c.ok("HSET", "h_3", "name", "three", "rank", 2)
    assert c.call("SORT", "l", "BY", "w_*") == [b"10", b"2", b"3", b"1"]
    assert c.call("SORT", "l", "BY", "h_*->rank", "GET", "h_*->name", "GET", "#") == [
        *(None, b"10", b"two", b"2", b"three", b"3", b"one", b"1")
    ]
    assert c.call("SORT", "l", "BY", "h_*->name", "ALPHA") == [b"10", b"1", b"3", b"2"]
    assert c.call("SORT", "l", "GET", "nothing") == [None] * 4
    assert c.call("SORT", "l", "GET", "h_*") == [None] * 4
    assert c.call("SORT", "l", "GET", "w_*->name") == [None] * 4


def test_without_sorting(c_list: Client) -> None:
    c = c_list
    assert c.call("SORT", "l", "BY", "nosort") == [b"3", b"1", b"2", b"10"]
    assert c.call("SORT", "l", "BY", "nosort", "DESC", "LIMIT", 1, 2) == [b"2", b"1"]
    c.ok("ZADD", "z", 3, "a", 1, "b", 2, "c")
    assert c.call("SORT", "z", "BY", "nosort") == [b"b", b"c", b"a"]
    assert c.call("SORT", "z", "BY", "nosort", "DESC") == [b"a", b"c", b"b"]
    assert c.call("SORT", "z", "BY", "nosort", "DESC", "LIMIT", 1, 5) == [b"c", b"b"]


@pytest.mark.parametrize(
    ("first", "count", "found"),
    [
        *((0, -1, "1 2 3 10"), (1, 2, "2 3"), (-5, 2, "1 2"), (3, 9, "10"), (4, 1, "")),
        *((99, -1, ""), (0, 0, ""), (2, 2**63 - 1, "3 10"), (-(2**63), -(2**63), "1 2 3 10")),
    ],
)
def test_limits(c_list: Client, first: int, count: int, found: str) -> None:
    wanted = [word.encode() for word in found.split()]
    assert c_list.call("SORT", "l", "LIMIT", first, count) == wanted


def test_store(c_list: Client) -> None:
    c = c_list
    assert c.call("SORT", "l", "STORE", "out") == 4
    assert c.call("LRANGE", "out", 0, -1) == [b"1", b"2", b"3", b"10"]
    assert c.call("SORT", "l", "STORE", "out", "GET", "w_*", "GET", "#", "LIMIT", 0, 1) == 2
    assert c.call("LRANGE", "out", 0, -1) == [b"", b"1"]
    assert c.call("SORT", "l", "STORE", "l", "DESC") == 4
    assert c.call("LRANGE", "l", 0, -1) == [b"10", b"3", b"2", b"1"]
    assert c.call("SORT", "missing", "STORE", "out") == 0
    assert c.call("EXISTS", "out") == 0
    c.ok("SADD", "s", "b", "a", "c")
    assert c.call("SORT", "s", "BY", "nosort", "STORE", "out") == 3
    assert c.call("LRANGE", "out", 0, -1) == [b"a", b"b", b"c"]


def test_mistakes(c_list: Client) -> None:
    c = c_list
    for words in ("LIMIT 1", "BY", "GET", "STORE", "FOO", "ASC FOO"):
        assert c.err("SORT", "l", *words.split()) == "ERR syntax error"
    assert c.err("SORT", "l", "LIMIT", "a", 1) == "ERR value is not an integer or out of range"
    assert c.err("SORT_RO", "l", "STORE", "x") == "ERR syntax error"
    c.ok("SET", "text", 1)
    assert c.err("SORT", "text").startswith("WRONGTYPE")
    assert c.call("SORT", "missing") == []


def test_keys_are_found(c: Client) -> None:
    words = "SORT a BY w_* GET # STORE b LIMIT 0 1 STORE c"
    assert c.call("COMMAND", "GETKEYS", *words.split()) == [b"a", b"c"]
    assert c.call("COMMAND", "GETKEYS", "SORT", "a", "BY", "store", "GET", "x") == [b"a"]
    assert c.call("COMMAND", "GETKEYS", "SORT_RO", "a", "BY", "w_*") == [b"a"]
