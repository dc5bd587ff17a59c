"""Every command that waits, and every way in which what it waits for comes to be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from conftest import Connect
from support.client import Client
from support.resp import Arg
from support.text import info_fields
from support.wait import wait_for

Words = tuple[Arg, ...]

_LIST: tuple[Words, ...] = (("RPUSH", "{key}", "one", "two"),)
_ZSET: tuple[Words, ...] = (("ZADD", "{key}", 1, "one", 2, "two"),)
_STREAM: tuple[Words, ...] = (("XADD", "{key}", "1-1", "f", "v"),)
_GROUPED = (*_STREAM, ("XGROUP", "CREATE", "{key}", "g", "0"))
_ENTRIES = [[b"k", [[b"1-1", [b"f", b"v"]]]]]


@dataclass(frozen=True)
class Waiter:
    """A command that waits for the key k, what makes such a value, and what it gets then."""

    words: Words
    make: tuple[Words, ...]
    want: Any
    before: tuple[Words, ...] = ()
    is_newer: bool = False

    @property
    def name(self) -> str:
        return str(self.words[0])


WAITERS = (
    Waiter(("BLPOP", "k", 0), _LIST, [b"k", b"one"]),
    Waiter(("BRPOP", "k", 0), _LIST, [b"k", b"two"]),
    Waiter(("BLMPOP", 0, 1, "k", "LEFT", "COUNT", 9), _LIST, [b"k", [b"one", b"two"]]),
    Waiter(("BLMOVE", "k", "to", "LEFT", "LEFT", 0), _LIST, b"one"),
    Waiter(("BRPOPLPUSH", "k", "to", 0), _LIST, b"two"),
    Waiter(("BLMOVEM", "k", "to", "LEFT", "RIGHT", 0, "EXACTLY", 2, "BULK"), _LIST, [b"one", b"two"], is_newer=True),
    Waiter(("BZPOPMIN", "k", 0), _ZSET, [b"k", b"one", b"1"]),
    Waiter(("BZPOPMAX", "k", 0), _ZSET, [b"k", b"two", b"2"]),
    Waiter(("BZMPOP", 0, 1, "k", "MIN"), _ZSET, [b"k", [[b"one", b"1"]]]),
    Waiter(("XREAD", "BLOCK", 0, "STREAMS", "k", "0"), _STREAM, _ENTRIES),
    Waiter(
        ("XREADGROUP", "GROUP", "g", "c", "BLOCK", 0, "STREAMS", "k", ">"),
        *(_GROUPED, _ENTRIES, (("XGROUP", "CREATE", "k", "g", "0", "MKSTREAM"),)),
    ),
)


def _run(c: Client, commands: tuple[Words, ...], key: str) -> None:
    for words in commands:
        c.ok(*(key if word == "{key}" else word for word in words))


def _in_other_db(c: Client, commands: tuple[Words, ...], key: str) -> None:
    c.ok("SELECT", 1)
    _run(c, commands, key)
    c.ok("SELECT", 0)


def _by_writing(c: Client, make: tuple[Words, ...]) -> None:
    if len(make) > 1:  # the group is there already
        make = make[:1]
    _run(c, make, "k")


def _by_transaction(c: Client, make: tuple[Words, ...]) -> None:
    c.ok("MULTI")
    _by_writing(c, make)
    c.ok("SET", "other", "1")
    c.ok("EXEC")


def _by_rename(c: Client, make: tuple[Words, ...]) -> None:
    _run(c, make, "source")
    c.ok("RENAME", "source", "k")


def _by_rename_in_transaction(c: Client, make: tuple[Words, ...]) -> None:
    c.ok("MULTI")
    _by_rename(c, make)
    c.ok("EXEC")


def _by_copy(c: Client, make: tuple[Words, ...]) -> None:
    _run(c, make, "source")
    assert c.call("COPY", "source", "k", "REPLACE") == 1


def _by_copy_to_another_database(c: Client, make: tuple[Words, ...]) -> None:
    _in_other_db(c, make, "source")
    c.ok("SELECT", 1)
    assert c.call("COPY", "source", "k", "DB", 0, "REPLACE") == 1
    c.ok("SELECT", 0)


def _by_restore(c: Client, make: tuple[Words, ...]) -> None:
    _run(c, make, "source")
    payload = c.ok("DUMP", "source")
    c.ok("RESTORE", "k", 0, payload, "REPLACE")


def _by_swapdb(c: Client, make: tuple[Words, ...]) -> None:
    _in_other_db(c, make, "k")
    c.ok("SWAPDB", 0, 1)


FEEDERS = (
    *(_by_writing, _by_transaction, _by_rename, _by_rename_in_transaction, _by_copy),
    *(_by_copy_to_another_database, _by_restore, _by_swapdb),
)


def _wait(c: Client, connect: Connect, words: Words) -> Client:
    def blocked() -> int:
        return int(info_fields(c.ok("INFO", "clients"))["blocked_clients"])

    before = blocked()
    client = connect()
    client.send(*words)
    wait_for("the client to block", lambda: blocked() == before + 1)
    return client


def _each(waiters: tuple[Waiter, ...]) -> pytest.MarkDecorator:
    newer = [pytest.mark.beyond_oracle]
    return pytest.mark.parametrize(
        "waiter", [pytest.param(w, id=w.name, marks=newer if w.is_newer else []) for w in waiters]
    )


_AT_NOTHING = tuple(w for w in WAITERS if not w.before)


@_each(WAITERS)
@pytest.mark.parametrize("feed", FEEDERS, ids=lambda feed: feed.__name__[4:])
def test_whatever_brings_the_value_serves(c: Client, connect: Connect, waiter: Waiter, feed: Any) -> None:
    _run(c, waiter.before, "k")
    client = _wait(c, connect, waiter.words)
    feed(c, waiter.make)
    assert client.read() == waiter.want
    assert client.call("PING") == "PONG"


@_each(_AT_NOTHING)
@pytest.mark.parametrize("how", ["MOVE", "RENAMENX", "COPY"])
def test_what_needs_a_free_name_serves(
    c: Client, connect: Connect, waiter: Waiter, how: str
) -> None:
    client = _wait(c, connect, waiter.words)
    if how == "MOVE":
        _in_other_db(c, waiter.make, "k")
        c.ok("SELECT", 1)
        assert c.call("MOVE", "k", 0) == 1
        c.ok("SELECT", 0)
    else:
        _run(c, waiter.make, "source")
        assert c.call(how, "source", "k") == 1
    assert client.read() == waiter.want


@_each(tuple(w for w in WAITERS if w.make == _LIST))
def test_a_list_that_was_sorted_into_serves(c: Client, connect: Connect, waiter: Waiter) -> None:
    client = _wait(c, connect, waiter.words)
    c.ok("SADD", "source", "one", "two")
    assert c.call("SORT", "source", "ALPHA", "STORE", "k") == 2
    assert client.read() == waiter.want


@pytest.mark.parametrize(
    "store",
    [
        ("ZUNIONSTORE", "k", 1, "source"),
        ("ZINTERSTORE", "k", 1, "source"),
        ("ZDIFFSTORE", "k", 1, "source"),
        ("ZRANGESTORE", "k", "source", 0, -1),
        ("GEOSEARCHSTORE", "k", "geo", "FROMLONLAT", 1, 1, "BYRADIUS", 1, "km"),
        ("GEORADIUS", "geo", 1, 1, 1, "km", "STORE", "k"),
        ("GEOADD", "k", 1, 1, "one"),
        ("ZINCRBY", "k", 1, "one"),
    ],
    ids=lambda words: words[0],
)
def test_a_set_that_is_stored_serves(c: Client, connect: Connect, store: Words) -> None:
    c.ok("ZADD", "source", 1, "one")
    c.ok("GEOADD", "geo", 1, 1, "one")
    client = _wait(c, connect, ("BZPOPMIN", "k", 0))
    c.ok(*store)
    assert client.read()[:2] == [b"k", b"one"]
    assert c.call("EXISTS", "k") == 0


@pytest.mark.parametrize("push", [("LMOVE", "source", "k", "LEFT", "LEFT"), ("RPOPLPUSH", "source", "k")])
def test_a_list_that_is_moved_into_serves(c: Client, connect: Connect, push: Words) -> None:
    client = _wait(c, connect, ("BLPOP", "k", 0))
    c.ok("RPUSH", "source", "one")
    c.ok(*push)
    assert client.read() == [b"k", b"one"]


@_each(_AT_NOTHING)
def test_a_value_of_another_type_serves_nobody(c: Client, connect: Connect, waiter: Waiter) -> None:
    client = _wait(c, connect, waiter.words)
    c.ok("SADD", "other", "x")
    for words in (("RENAME", "other", "k"), ("DEL", "k"), ("SET", "k", "x"), ("DEL", "k")):
        c.ok(*words)
    _run(c, waiter.make, "k")
    assert client.read() == waiter.want
