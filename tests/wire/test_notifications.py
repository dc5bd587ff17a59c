"""Events of keys as messages: which, when, on which channel; and what they cost when nobody asks."""

from __future__ import annotations

from typing import Any, Iterator

import pytest
from conftest import Connect, StartServer
from support.client import Client
from support.resp import Push
from support.server import Server

DIRECTIVE = "notify-keyspace-events"


@pytest.fixture
def events(c: Client) -> Iterator[Client]:
    """A connection that may set the directive; it is put back."""
    yield c
    c.ok("CONFIG", "SET", DIRECTIVE, "")


@pytest.fixture
def listener(connect: Connect) -> Client:
    """Hears all events of all databases."""
    listener = connect()
    listener.call("PSUBSCRIBE", "__key*__:*")
    return listener


def _heard(listener: Client) -> list[tuple[bytes, bytes]]:
    """(channel, text) of what has come up to now."""
    listener.send("PING", "now")
    found: list[tuple[bytes, bytes]] = []
    while True:
        message = listener.read()
        if message == [b"pong", b"now"]:
            return found
        found.append((message[2], message[3]))


def _events(listener: Client) -> list[tuple[bytes, bytes]]:
    """(event, key) of the channels by event."""
    prefix = b"__keyevent@0__:"
    return [(channel[len(prefix) :], text) for channel, text in _heard(listener)]


# The directive


@pytest.mark.parametrize(
    "given, shown",
    (
        ("", ""),
        ("KEA", "AKE"),
        ("KEg$lshzxetd", "AKE"),
        ("Ex", "xE"),
        ("mKx$g", "g$xKm"),
        ("nEK", "nKE"),
        ("Elz", "lzE"),
        ("KKK", "K"),
    ),
)
def test_classes_are_shown_in_their_order(events: Client, given: str, shown: str) -> None:
    assert events.call("CONFIG", "SET", DIRECTIVE, given) == "OK"
    assert events.call("CONFIG", "GET", DIRECTIVE) == [DIRECTIVE.encode(), shown.encode()]


def test_unknown_class_is_refused_and_nothing_changes(events: Client) -> None:
    events.ok("CONFIG", "SET", DIRECTIVE, "KEx")
    assert "Invalid event class character" in events.err("CONFIG", "SET", DIRECTIVE, "KEq")
    assert events.call("CONFIG", "GET", DIRECTIVE) == [DIRECTIVE.encode(), b"xKE"]


def test_directive_at_start(start_server: StartServer, connect: Connect) -> None:
    server = start_server({DIRECTIVE: "KEA"})
    c, listener = connect(server), connect(server)
    listener.call("PSUBSCRIBE", "__key*__:*")
    c.ok("SET", "k", "v")
    assert _heard(listener) == [(b"__keyspace@0__:k", b"set"), (b"__keyevent@0__:set", b"k")]


# Which events come


def test_nothing_comes_by_default(events: Client, listener: Client) -> None:
    events.ok("SET", "k", "v")
    events.ok("DEL", "k")
    assert _heard(listener) == []


def test_key_and_event_channels(events: Client, listener: Client) -> None:
    for letters, expected in (
        ("KA", [(b"__keyspace@0__:k", b"set")]),
        ("EA", [(b"__keyevent@0__:set", b"k")]),
        ("KEA", [(b"__keyspace@0__:k", b"set"), (b"__keyevent@0__:set", b"k")]),
        ("A", []),
    ):
        events.ok("CONFIG", "SET", DIRECTIVE, letters)
        events.ok("SET", "k", "v")
        assert _heard(listener) == expected


@pytest.mark.parametrize(
    "letters, expected",
    (
        ("E$", [b"set", b"append"]),
        ("Eg", [b"expire", b"del"]),
        ("Eg$", [b"set", b"append", b"expire", b"del"]),
        ("Em", [b"keymiss"]),
        ("En", [b"new"]),
        ("Ex", []),
        ("El", []),
    ),
)
def test_classes_choose(
    events: Client, listener: Client, letters: str, expected: list[bytes]
) -> None:
    events.ok("CONFIG", "SET", DIRECTIVE, letters)
    for command in (
        *(("SET", "k", "v"), ("APPEND", "k", "w"), ("EXPIRE", "k", 100), ("DEL", "k")),
        ("GET", "k"),
    ):
        events.ok(*command) if command[0] != "GET" else events.call(*command)
    assert _events(listener) == [(event, b"k") for event in expected]


def test_database_is_in_the_channel(events: Client, listener: Client) -> None:
    events.ok("CONFIG", "SET", DIRECTIVE, "KEA")
    events.ok("SELECT", 9)
    events.ok("SET", "k", "v")
    events.ok("MOVE", "k", 11)
    events.ok("SELECT", 0)
    assert _heard(listener) == [
        *((b"__keyspace@9__:k", b"set"), (b"__keyevent@9__:set", b"k")),
        *((b"__keyspace@9__:k", b"move_from"), (b"__keyevent@9__:move_from", b"k")),
        *((b"__keyspace@11__:k", b"move_to"), (b"__keyevent@11__:move_to", b"k")),
    ]
    events.ok("FLUSHALL")


def test_odd_keys(events: Client, listener: Client) -> None:
    events.ok("CONFIG", "SET", DIRECTIVE, "KEA")
    for key in (b"", b"a b", b"\x00\xff", b"\r\n", b"x" * 100_000):
        events.ok("SET", key, "v")
        assert _heard(listener) == [(b"__keyspace@0__:" + key, b"set"), (b"__keyevent@0__:set", key)]


def test_exact_channels(events: Client, connect: Connect) -> None:
    events.ok("CONFIG", "SET", DIRECTIVE, "KEA")
    one, other = connect(), connect()
    one.call("SUBSCRIBE", "__keyspace@0__:k")
    other.call("SUBSCRIBE", "__keyevent@0__:del")
    events.ok("MSET", "k", 1, "x", 2)
    events.ok("DEL", "k", "x", "nothing")
    assert [one.read(), one.read()] == [
        [b"message", b"__keyspace@0__:k", b"set"],
        [b"message", b"__keyspace@0__:k", b"del"],
    ]
    assert [other.read(), other.read()] == [
        [b"message", b"__keyevent@0__:del", b"k"],
        [b"message", b"__keyevent@0__:del", b"x"],
    ]


# When


def test_a_key_expires_without_anybody_asking(events: Client, listener: Client) -> None:
    events.ok("CONFIG", "SET", DIRECTIVE, "Ex")
    events.ok("SET", "k", "v", "PX", 20)
    assert listener.read() == [b"pmessage", b"__key*__:*", b"__keyevent@0__:expired", b"k"]


def test_a_key_that_is_met_expired(events: Client, listener: Client) -> None:
    """The key goes first, then what the command does comes."""
    events.ok("CONFIG", "SET", DIRECTIVE, "Exm$n")
    events.ok("DEBUG", "SET-ACTIVE-EXPIRE", 0)
    try:
        events.ok("SET", "k", "v", "PXAT", 1)
        assert events.call("GET", "k") is None
        events.ok("SET", "k", "v", "PXAT", 1)
        events.ok("INCR", "k")
    finally:
        events.ok("DEBUG", "SET-ACTIVE-EXPIRE", 1)
    names = [b"new", b"set", b"expired", b"keymiss", b"new", b"set", b"expired", b"new", b"incrby"]
    assert _events(listener) == [(name, b"k") for name in names]


def test_transaction_tells_each_command(events: Client, listener: Client) -> None:
    events.ok("CONFIG", "SET", DIRECTIVE, "EA")
    for command in (("MULTI",), ("SET", "k", 1), ("INCR", "k"), ("DEL", "k"), ("EXEC",)):
        events.ok(*command)
    assert _events(listener) == [(name, b"k") for name in (b"set", b"incrby", b"del")]


def test_own_events_stand_before_the_reply(server: Server, events: Client, c3: Client) -> None:
    events.ok("CONFIG", "SET", DIRECTIVE, "E$g")
    c3.call("PSUBSCRIBE", "__keyevent@0__:*")
    c3.send("SET", "k", 1)
    message = c3.read()
    assert isinstance(message, Push) and message[2:] == [b"__keyevent@0__:set", b"k"]
    assert c3.read() == "OK"
    # EXPIRE replies first.
    assert c3.call("EXPIRE", "k", 100) == 1
    assert c3.read()[2:] == [b"__keyevent@0__:expire", b"k"]


def test_message_of_an_event_within_a_reply(events: Client, c3: Client) -> None:
    """MGET announces its array, then it finds that a key is missing."""
    events.ok("CONFIG", "SET", DIRECTIVE, "Em")
    c3.call("SUBSCRIBE", "__keyevent@0__:keymiss")
    c3.ok("SET", "a", "1")
    c3.send_raw(b"MGET a b a\r\n")
    text = b">3\r\n$7\r\nmessage\r\n$22\r\n__keyevent@0__:keymiss\r\n$1\r\nb\r\n"
    got = b""
    while len(got) < len(text) + 21:
        got += c3.sock.recv(1000)
    assert got == b"*3\r\n$1\r\n1\r\n" + text + b"_\r\n$1\r\n1\r\n"


def test_events_do_not_reach_what_the_client_did_not_ask(events: Client, connect: Connect) -> None:
    events.ok("CONFIG", "SET", DIRECTIVE, "KEA")
    shard: Any = connect()
    shard.call("SSUBSCRIBE", "__keyevent@0__:set")
    events.ok("SET", "k", "v")
    shard.send("PING")
    assert shard.read() == [b"pong", b""]
