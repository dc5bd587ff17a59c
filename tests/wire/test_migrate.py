"""MIGRATE between two servers."""

from __future__ import annotations

from typing import Iterator

import pytest

from support.client import Client
from support.server import Server

LOCAL = "127.0.0.1"


@pytest.fixture
def target(start_server) -> Iterator[Server]:
    yield start_server({"requirepass": "secret"})


@pytest.fixture
def c(server: Server) -> Iterator[Client]:
    with server.connect() as client:
        yield client


def _there(target: Server) -> Client:
    client = target.connect()
    client.ok("AUTH", "secret")
    client.ok("SELECT", 1)
    return client


def test_keys_are_there_and_no_longer_here(c: Client, target: Server) -> None:
    c.ok("SET", "a", "1", "EX", 1000)
    c.ok("RPUSH", "list", *range(300))
    keys = ("KEYS", "a", "missing", "list")
    assert c.ok("MIGRATE", LOCAL, target.port, "", 1, 5000, "AUTH", "secret", *keys) == "OK"
    assert c.ok("EXISTS", "a", "list") == 0
    with _there(target) as there:
        assert there.ok("GET", "a") == b"1"
        assert 990 < there.ok("TTL", "a") <= 1000
        assert there.ok("LLEN", "list") == 300
        assert there.ok("TTL", "list") == -1


def test_copies_stay(c: Client, target: Server) -> None:
    c.ok("SET", "a", "1")
    auth = ("AUTH2", "default", "secret")
    assert c.ok("MIGRATE", LOCAL, target.port, "a", 1, 5000, "COPY", *auth) == "OK"
    assert c.ok("GET", "a") == b"1"
    c.ok("SET", "a", "2")
    assert c.ok("MIGRATE", LOCAL, target.port, "a", 1, 5000, "COPY", "REPLACE", *auth) == "OK"
    with _there(target) as there:
        assert there.ok("GET", "a") == b"2"


def test_a_key_named_twice_is_sent_twice(c: Client, target: Server) -> None:
    c.ok("SET", "a", "1")
    keys = ("AUTH", "secret", "KEYS", "a", "a")
    replied = c.call("MIGRATE", LOCAL, target.port, "", 1, 5000, *keys)
    assert replied.text.startswith("ERR Target instance replied with error: BUSYKEY ")
    assert c.ok("EXISTS", "a") == 0
    c.ok("SET", "a", "2")
    assert c.ok("MIGRATE", LOCAL, target.port, "", 1, 5000, "REPLACE", *keys) == "OK"
    assert c.ok("EXISTS", "a") == 0


def test_what_the_target_refuses_stays(c: Client, target: Server) -> None:
    c.ok("MSET", "a", "1", "b", "2")
    with _there(target) as there:
        there.ok("SET", "a", "old")
        replied = c.call("MIGRATE", LOCAL, target.port, "a", 1, 5000)
        assert replied.text.startswith("ERR Target instance replied with error: NOAUTH ")
        keys = ("AUTH", "secret", "KEYS", "a", "b")
        replied = c.call("MIGRATE", LOCAL, target.port, "", 1, 5000, *keys)
        assert replied.text.startswith("ERR Target instance replied with error: BUSYKEY ")
        assert c.ok("MGET", "a", "b") == [b"1", None]
        assert there.ok("MGET", "a", "b") == [b"old", b"2"]


@pytest.mark.parametrize(
    "args, error",
    [
        (("k", 0, "x"), "ERR value is not an integer or out of range"),
        (("k", "x", 10), "ERR value is not an integer or out of range"),
        (("k", 0, 10, "AUTH"), "ERR syntax error"),
        (("k", 0, 10, "AUTH2", "user"), "ERR syntax error"),
        (("k", 0, 10, "MOVE"), "ERR syntax error"),
        (
            ("k", 0, 10, "KEYS", "a"),
            "ERR When using MIGRATE KEYS option, the key argument must be set to the empty string",
        ),
        (("k", 0, 1000), "IOERR error or timeout writing to target instance"),
    ],
)
def test_errors(c: Client, args: tuple[str | int, ...], error: str) -> None:
    c.ok("SET", "k", "v")
    assert c.call("MIGRATE", LOCAL, 1, *args).text == error
    assert c.ok("GET", "k") == b"v"


def test_nobody_is_shown_the_password(c: Client) -> None:
    c.ok("CONFIG", "SET", "slowlog-log-slower-than", 0)
    c.ok("MIGRATE", LOCAL, 1, "missing", 0, 10, "COPY", "AUTH2", "me", "secret", "REPLACE")
    c.ok("CONFIG", "SET", "slowlog-log-slower-than", 10_000)
    shown = [entry[3] for entry in c.ok("SLOWLOG", "GET", 5) if entry[3][0].upper() == b"MIGRATE"]
    assert shown[0][6:] == [b"COPY", b"AUTH2", b"(redacted)", b"(redacted)", b"REPLACE"]
