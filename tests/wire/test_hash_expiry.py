"""Fields that expire: times set, told and taken back, and what happens when they are over."""

from __future__ import annotations

import time
from typing import Any

import pytest
from conftest import StartServer
from support.client import Client
from support.text import info_fields
from support.wait import wait_for

pytestmark = pytest.mark.beyond_oracle

FAR_S, FAR_MS = 4102444800, 4102444800123
_COUNT = "ERR numfields should be greater than 0 and match the provided number of fields"
_SYNTAX = "ERR syntax error"
_NOT_INT = "ERR value is not an integer or out of range"
_WRONG_TYPE = "WRONGTYPE Operation against a key holding the wrong kind of value"


def _hash(c: Client, big: bool = False) -> None:
    c.ok("HSET", "h", "a", "1", "b", "2", "c", "x" * 100 if big else "3")


def _gone(c: Client, key: str) -> None:
    wait_for(f"the end of {key}", lambda: c.call("EXISTS", key) == 0)


# HEXPIRE and its kin


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize(
    ("verb", "time_", "milliseconds"),
    [("HEXPIRE", 5000, 5_000_000), ("HPEXPIRE", 5_000_000, 5_000_000)],
)
def test_relative_times(c: Client, verb: str, time_: int, milliseconds: int, big: bool) -> None:
    _hash(c, big)
    assert c.call(verb, "h", time_, "FIELDS", 2, "a", "no") == [1, -2]
    left = c.call("HPTTL", "h", "FIELDS", 3, "a", "b", "no")
    assert milliseconds - 10_000 <= left[0] <= milliseconds
    assert left[1:] == [-1, -2]
    assert 4990 <= c.call("HTTL", "h", "FIELDS", 1, "a")[0] <= 5000
    assert c.call("HGET", "h", "a") == b"1"
    assert c.call("HLEN", "h") == 3


@pytest.mark.parametrize("big", [False, True])
def test_absolute_times_are_kept_exactly(c: Client, big: bool) -> None:
    _hash(c, big)
    assert c.call("HEXPIREAT", "h", FAR_S, "FIELDS", 1, "a") == [1]
    assert c.call("HPEXPIREAT", "h", FAR_MS, "FIELDS", 1, "b") == [1]
    assert c.call("HEXPIRETIME", "h", "FIELDS", 2, "a", "b") == [FAR_S, FAR_S]
    assert c.call("HPEXPIRETIME", "h", "FIELDS", 3, "a", "b", "c") == [FAR_S * 1000, FAR_MS, -1]


def test_missing_keys(c: Client) -> None:
    for words in ("HEXPIRE no 5", "HTTL no", "HPTTL no", "HEXPIRETIME no", "HPERSIST no"):
        assert c.call(*words.split(), "FIELDS", 2, "a", "b") == [-2, -2]
    for words in ("HGETEX no EX 5", "HGETEX no", "HGETDEL no"):
        assert c.call(*words.split(), "FIELDS", 2, "a", "b") == [None, None]
    assert c.call("DBSIZE") == 0


def test_persist(c: Client) -> None:
    _hash(c)
    c.ok("HEXPIREAT", "h", FAR_S, "FIELDS", 1, "a")
    assert c.call("HPERSIST", "h", "FIELDS", 3, "a", "b", "no") == [1, -1, -2]
    assert c.call("HTTL", "h", "FIELDS", 1, "a") == [-1]


@pytest.mark.parametrize("big", [False, True])
def test_past_times_remove_at_once(c: Client, big: bool) -> None:
    _hash(c, big)
    assert c.call("HEXPIRE", "h", 0, "FIELDS", 2, "a", "no") == [2, -2]
    assert c.call("HPEXPIREAT", "h", 1, "FIELDS", 1, "b") == [2]
    assert c.call("HKEYS", "h") == [b"c"]
    assert c.call("HEXPIREAT", "h", 1, "FIELDS", 2, "c", "c") == [2, -2]
    assert c.call("EXISTS", "h") == 0


# (flag, current expiry or None, new expiry, answer)
@pytest.mark.parametrize(
    ("flag", "current", "new", "answer"),
    [
        *(("NX", None, FAR_S, 1), ("NX", FAR_S, FAR_S + 1, 0)),
        *(("XX", None, FAR_S, 0), ("XX", FAR_S, FAR_S + 1, 1)),
        *(("GT", None, FAR_S, 0), ("GT", FAR_S, FAR_S + 1, 1), ("GT", FAR_S, FAR_S, 0)),
        *(("GT", FAR_S, FAR_S - 1, 0), ("LT", None, FAR_S, 1), ("LT", FAR_S, FAR_S - 1, 1)),
        *(("LT", FAR_S, FAR_S, 0), ("LT", FAR_S, FAR_S + 1, 0), ("lt", FAR_S, FAR_S - 1, 1)),
    ],
)
def test_flags(c: Client, flag: str, current: int | None, new: int, answer: int) -> None:
    _hash(c)
    if current is not None:
        c.ok("HEXPIREAT", "h", current, "FIELDS", 1, "a")
    assert c.call("HEXPIREAT", "h", new, flag, "FIELDS", 1, "a") == [answer]
    want = new if answer else -1 if current is None else current
    assert c.call("HEXPIRETIME", "h", "FIELDS", 1, "a") == [want]


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("HEXPIRE h 5 FIELDS 2 a", _COUNT),
        ("HEXPIRE h 5 FIELDS 1 a b", _COUNT),
        ("HEXPIRE h 5 FIELDS 0 a", _COUNT),
        ("HEXPIRE h 5 FIELDS -1 a", _COUNT),
        ("HEXPIRE h 5 FIELDS x a", _NOT_INT),
        ("HEXPIRE h x FIELDS 1 a", _NOT_INT),
        ("HEXPIRE h -1 FIELDS 1 a", "ERR invalid expire time in 'hexpire' command"),
        ("HPEXPIRE h 9223372036854775807 FIELDS 1 a", "ERR invalid expire time in 'hpexpire' command"),
        ("HEXPIREAT h 9223372036854775 FIELDS 1 a", None),
        ("HEXPIREAT h 9223372036854776 FIELDS 1 a", "ERR invalid expire time in 'hexpireat' command"),
        ("HEXPIRE h 5 FOO FIELDS 1 a", "ERR Unsupported option FOO"),
        ("HEXPIRE h 5 GT LT FIELDS 1 a", "ERR GT and LT options at the same time are not compatible"),
        ("HTTL h FIELDS 2 a", _COUNT),
        ("HTTL h FIELDS x a", _NOT_INT),
        ("HPERSIST h FIELDS 2 a", _COUNT),
        ("HGETDEL h FIELDS 2 a", _COUNT),
        ("HGETEX h EX 5 PERSIST FIELDS 1 a", _SYNTAX),
        ("HGETEX h EX 5 PX 5 FIELDS 1 a", _SYNTAX),
        ("HGETEX h KEEPTTL FIELDS 1 a", _SYNTAX),
        ("HGETEX h EX FIELDS 1 a", _SYNTAX),
        ("HGETEX h EX 5 FIELDS 2 a", _COUNT),
        ("HGETEX h EX -1 FIELDS 1 a", "ERR invalid expire time in 'hgetex' command"),
        ("HSETEX h FIELDS 2 a 1", _COUNT),
        ("HSETEX h FIELDS 1 a 1 b", _COUNT),
        ("HSETEX h FNX FXX FIELDS 1 a 1", _SYNTAX),
        ("HSETEX h NX XX FIELDS 1 a 1", _SYNTAX),
        ("HSETEX h EX 5 KEEPTTL FIELDS 1 a 1", _SYNTAX),
        ("HSETEX h PERSIST FIELDS 1 a 1", _SYNTAX),
        ("HSETEX h EX x FIELDS 1 a 1", _NOT_INT),
    ],
)
def test_requests_that_are_refused(c: Client, words: str, text: str | None) -> None:
    _hash(c)
    reply = c.call(*words.split())
    if text is None:
        assert reply == [1]
        return
    assert c.err(*words.split()) == text
    assert c.call("HGETALL", "h") == [b"a", b"1", b"b", b"2", b"c", b"3"]
    assert c.call("HTTL", "h", "FIELDS", 3, "a", "b", "c") == [-1, -1, -1]


@pytest.mark.parametrize(
    "words",
    [
        *("HEXPIRE k 5", "HPEXPIREAT k 5", "HTTL k", "HPEXPIRETIME k", "HPERSIST k", "HGETEX k"),
        *("HGETDEL k",),
    ],
)
def test_other_types_are_refused(c: Client, words: str) -> None:
    c.ok("SET", "k", "v")
    assert c.err(*words.split(), "FIELDS", 1, "a") == _WRONG_TYPE
    assert c.err("HSETEX", "k", "FIELDS", 1, "a", "1") == _WRONG_TYPE


# What other verbs do to a time


@pytest.mark.parametrize("big", [False, True])
def test_what_keeps_a_time_and_what_does_not(c: Client, big: bool) -> None:
    def times(key: str = "h") -> list[Any]:
        return list(c.call("HEXPIRETIME", key, "FIELDS", 2, "a", "b"))

    def again() -> None:
        c.ok("DEL", "h")
        _hash(c, big)
        c.ok("HEXPIREAT", "h", FAR_S, "FIELDS", 1, "a")

    again()
    c.ok("HINCRBY", "h", "a", 5)
    c.ok("HINCRBYFLOAT", "h", "a", "1.5")
    assert (times(), c.call("HGET", "h", "a")) == ([FAR_S, -1], b"7.5")
    c.ok("COPY", "h", "copy", "REPLACE")
    assert times("copy") == [FAR_S, -1]
    c.ok("RENAME", "copy", "renamed")
    assert times("renamed") == [FAR_S, -1]
    c.ok("EXPIRE", "renamed", 1000)
    c.ok("PERSIST", "renamed")
    assert times("renamed") == [FAR_S, -1]
    c.ok("HSET", "h", "a", "2")
    assert times() == [-1, -1]
    again()
    c.ok("HDEL", "h", "a")
    c.ok("HSET", "h", "a", "3")
    assert times() == [-1, -1]
    again()
    c.ok("HSETEX", "h", "KEEPTTL", "FIELDS", 2, "a", "4", "b", "5")
    assert times() == [FAR_S, -1]
    c.ok("HSETEX", "h", "FIELDS", 1, "a", "4")
    assert times() == [-1, -1]


def test_moves_to_another_database(c: Client) -> None:
    _hash(c)
    c.ok("HEXPIREAT", "h", FAR_S, "FIELDS", 1, "a")
    c.ok("MOVE", "h", 1)
    c.ok("SELECT", 1)
    assert c.call("HEXPIRETIME", "h", "FIELDS", 1, "a") == [FAR_S]
    c.ok("HPEXPIRE", "h", 20, "FIELDS", 3, "a", "b", "c")
    c.ok("SWAPDB", 1, 2)
    c.ok("SELECT", 2)
    _gone(c, "h")


# HSETEX, HGETEX, HGETDEL


def test_hsetex_conditions(c: Client) -> None:
    assert c.call("HSETEX", "h", "XX", "FIELDS", 1, "a", "1") == 0
    assert c.call("HSETEX", "h", "FXX", "FIELDS", 1, "a", "1") == 0
    assert c.call("EXISTS", "h") == 0
    assert c.call("HSETEX", "h", "NX", "FIELDS", 2, "a", "1", "b", "2") == 1
    assert c.call("HSETEX", "h", "NX", "FIELDS", 1, "c", "1") == 0
    assert c.call("HSETEX", "h", "FNX", "FIELDS", 2, "b", "3", "c", "3") == 0
    assert c.call("HSETEX", "h", "FXX", "FIELDS", 2, "b", "3", "c", "3") == 0
    assert c.call("HSETEX", "h", "XX", "FXX", "EXAT", FAR_S, "FIELDS", 2, "a", "3", "b", "3") == 1
    assert c.call("HGETALL", "h") == [b"a", b"3", b"b", b"3"]
    assert c.call("HEXPIRETIME", "h", "FIELDS", 2, "a", "b") == [FAR_S, FAR_S]
    assert c.call("HSETEX", "h", "FNX", "PXAT", FAR_MS, "FIELDS", 1, "c", "4") == 1
    assert c.call("HPEXPIRETIME", "h", "FIELDS", 1, "c") == [FAR_MS]


def test_hgetex(c: Client) -> None:
    _hash(c)
    assert c.call("HGETEX", "h", "FIELDS", 2, "a", "no") == [b"1", None]
    assert c.call("HGETEX", "h", "EXAT", FAR_S, "FIELDS", 2, "a", "no") == [b"1", None]
    assert c.call("HEXPIRETIME", "h", "FIELDS", 2, "a", "b") == [FAR_S, -1]
    assert c.call("HGETEX", "h", "FIELDS", 1, "a") == [b"1"]
    assert c.call("HEXPIRETIME", "h", "FIELDS", 1, "a") == [FAR_S]
    assert c.call("HGETEX", "h", "PERSIST", "FIELDS", 1, "a") == [b"1"]
    assert c.call("HTTL", "h", "FIELDS", 1, "a") == [-1]
    assert c.call("HGETEX", "h", "EX", 0, "FIELDS", 3, "a", "b", "c") == [b"1", b"2", b"3"]
    assert c.call("EXISTS", "h") == 0


def test_hgetdel(c: Client) -> None:
    _hash(c)
    assert c.call("HGETDEL", "h", "FIELDS", 2, "a", "no") == [b"1", None]
    assert c.call("HKEYS", "h") == [b"b", b"c"]
    assert c.call("HGETDEL", "h", "FIELDS", 2, "b", "c") == [b"2", b"3"]
    assert c.call("EXISTS", "h") == 0


# When the time is over


@pytest.mark.parametrize("big", [False, True])
def test_fields_go_by_themselves(c: Client, big: bool) -> None:
    before = int(info_fields(c.call("INFO", "stats"))["expired_fields"])
    _hash(c, big)
    c.ok("HPEXPIRE", "h", 20, "FIELDS", 1, "a")
    c.ok("HPEXPIRE", "h", 40, "FIELDS", 1, "b")

    def expired() -> bool:
        return int(info_fields(c.call("INFO", "stats"))["expired_fields"]) == before + 2

    wait_for("the end of two fields", expired)
    assert c.call("HKEYS", "h") == [b"c"]
    c.ok("HPEXPIRE", "h", 20, "FIELDS", 1, "c")
    wait_for("an empty database", lambda: c.call("DBSIZE") == 0)


def test_many_fields_of_many_hashes_go_by_themselves(c: Client) -> None:
    for i in range(20):
        c.ok("HSET", f"h{i}", *(w for f in range(700) for w in (f"f{f}", "v")))
        c.ok("HPEXPIRE", f"h{i}", 50, "FIELDS", 699, *(f"f{f}" for f in range(699)))
    wait_for("one field each", lambda: sum(c.call("HLEN", f"h{i}") for i in range(20)) == 20)
    assert c.call("HGETALL", "h7") == [b"f699", b"v"]


def test_look_ups_do_not_show_what_the_cycle_left(start_server: StartServer) -> None:
    with start_server({"enable-debug-command": "yes"}).connect() as c:
        c.ok("DEBUG", "SET-ACTIVE-EXPIRE", 0)
        c.ok("HSET", "h", *(w for f in range(2000) for w in (f"f{f}", "v")))
        c.ok("HSET", "g", "a", "1")
        c.ok("HPEXPIRE", "h", 1, "FIELDS", 1999, *(f"f{f}" for f in range(1999)))
        c.ok("HPEXPIRE", "g", 1, "FIELDS", 1, "a")
        _gone(c, "g")
        assert c.call("HLEN", "h") == 1
        assert c.call("HGETALL", "h") == [b"f1999", b"v"]
        assert c.call("HRANDFIELD", "h", -3) == [b"f1999"] * 3
        assert c.call("HDEL", "h", "f1998", "f1997") == 0
        assert c.call("HSETNX", "h", "f1996", "w") == 1
        assert sorted(c.call("HKEYS", "h")) == [b"f1996", b"f1999"]


def test_while_writes_are_paused_fields_only_hide(c: Client) -> None:
    _hash(c)
    before = int(info_fields(c.call("INFO", "stats"))["expired_fields"])
    expire = ("HPEXPIRE", "h", 30, "FIELDS", 2, "a", "b")
    c.pipeline([expire, ("CLIENT", "PAUSE", 100_000, "WRITE")])
    try:
        wait_for("one field", lambda: c.call("HLEN", "h") == 1)
        assert c.call("HMGET", "h", "a", "b", "c") == [None, None, b"3"]
        assert int(info_fields(c.call("INFO", "stats"))["expired_fields"]) == before
    finally:
        c.ok("CLIENT", "UNPAUSE")
    assert c.call("HKEYS", "h") == [b"c"]
    assert int(info_fields(c.call("INFO", "stats"))["expired_fields"]) == before + 2


@pytest.mark.needs("psubscribe")
def test_events(start_server: StartServer) -> None:
    server = start_server({"notify-keyspace-events": "Ehg"})
    with server.connect() as c, server.connect() as listener:
        listener.ok("PSUBSCRIBE", "__keyevent@0__:*")
        c.ok("HSETEX", "h", "PX", 30, "FIELDS", 2, "a", "1", "b", "2")
        c.ok("HPERSIST", "h", "FIELDS", 1, "a")
        seen = []
        while not seen or seen[-1] != "hexpired":
            seen.append(listener.read()[2].decode().split(":", 1)[1])
        assert seen == ["hset", "hexpire", "hpersist", "hexpired"]
        c.ok("HGETDEL", "h", "FIELDS", 1, "a")
        assert [listener.read()[2] for _ in range(2)] == [
            b"__keyevent@0__:hdel",
            b"__keyevent@0__:del",
        ]


def test_time_goes_on_for_each_field(c: Client) -> None:
    start = time.time()
    c.ok("HSET", "h", *(w for i in range(5) for w in (f"f{i}", "v")))
    for i in range(5):
        c.ok("HPEXPIRE", "h", 20 * (i + 1), "FIELDS", 1, f"f{i}")
    while (left := c.call("HKEYS", "h")) or c.call("EXISTS", "h"):
        elapsed = (time.time() - start) * 1000
        # A field may be gone only when its own time is over.
        assert 5 - len(left) <= elapsed / 20 + 0.001, left
        assert left == [b"f%d" % i for i in range(5 - len(left), 5)]
