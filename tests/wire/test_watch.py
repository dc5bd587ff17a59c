"""WATCH: a transaction runs only if nobody has touched what it was built on."""

from __future__ import annotations

import threading

import pytest
from conftest import Connect, StartServer
from support.client import Client
from support.server import Server
from support.text import client_lines, info_fields
from support.wait import wait_for

_CHANGES: tuple[tuple[tuple[object, ...], ...], ...] = (
    (("SET", "a", "2"),),
    (("SET", "a", "1"),),  # the same value
    (("APPEND", "a", "x"),),
    (("APPEND", "a", ""),),
    (("INCR", "a"),),
    (("DEL", "a"),),
    (("UNLINK", "a"),),
    (("EXPIRE", "a", 1000),),
    (("PEXPIREAT", "a", 1),),
    (("RENAME", "a", "z"),),
    (("RENAME", "other", "a"),),
    (("COPY", "other", "a", "REPLACE"),),
    (("MOVE", "a", 5),),
    (("GETDEL", "a"),),
    (("GETEX", "a", "EX", 10),),
    (("SETRANGE", "a", 3, "x"),),
    (("BITOP", "NOT", "a", "other"),),
    (("FLUSHDB",),),
    (("FLUSHALL",),),
    (("FLUSHALL", "ASYNC"),),
    (("SWAPDB", 0, 9),),
    (("MULTI",), ("SET", "a", "2"), ("EXEC",)),
)

_NO_CHANGES: tuple[tuple[tuple[object, ...], ...], ...] = (
    (("GET", "a"),),
    (("SET", "b", "2"),),
    (("SET", "a", "2", "NX"),),
    (("DEL", "b"),),
    (("PERSIST", "a"),),
    (("SETRANGE", "a", 0, ""),),
    (("RENAMENX", "other", "a"),),
    (("COPY", "other", "a"),),
    (("EXPIRE", "a", 10, "GT"),),
    (("GETEX", "a"),),
    (("INCR", "a"), ("INCRBYFLOAT", "a", "x")),
    (("SWAPDB", 8, 9),),
    (("SELECT", 1), ("SET", "a", "1"), ("FLUSHDB",), ("SELECT", 0)),
    (("TOUCH", "a"),),
    (("MULTI",), ("SET", "a", "2"), ("DISCARD",)),
)


def _prepare(c: Client) -> None:
    c.ok("SET", "a", "1")
    c.ok("SET", "other", "o")


def _exec(c: Client) -> object:
    c.ok("MULTI")
    c.ok("PING")
    return c.call("EXEC")


@pytest.mark.parametrize("change", _CHANGES, ids=lambda change: " ".join(map(str, change[0])))
def test_changes_break_the_watch(
    c: Client, connect: Connect, change: tuple[tuple[object, ...], ...]
) -> None:
    _prepare(c)
    c.ok("WATCH", "unrelated", "a")
    other = connect()
    for command in change:
        other.ok(*command)
    assert _exec(c) is None
    assert _exec(c) == ["PONG"]


@pytest.mark.parametrize("change", _NO_CHANGES, ids=lambda change: " ".join(map(str, change[0])))
def test_what_changes_nothing_breaks_nothing(
    c: Client, connect: Connect, change: tuple[tuple[object, ...], ...]
) -> None:
    _prepare(c)
    other = connect()
    if change[0] == ("INCR", "a"):
        change = change[1:]  # fails, after a change that came before the watch
        other.ok("INCR", "a")
    c.ok("WATCH", "unrelated", "a")
    for command in change:
        other.call(*command)
    assert _exec(c) == ["PONG"]


def test_exec_answers_null_in_each_protocol(c: Client, c3: Client, connect: Connect) -> None:
    for client, null in ((c, b"*-1\r\n"), (c3, b"_\r\n")):
        client.ok("WATCH", "a")
        connect().ok("SET", "a", "1")
        client.ok("MULTI")
        client.ok("SET", "a", "mine")
        assert client.raw("EXEC") == null
        assert client.call("GET", "a") == b"1"


def test_an_earlier_error_comes_first(c: Client, connect: Connect) -> None:
    c.ok("WATCH", "a")
    connect().ok("SET", "a", "1")
    c.ok("MULTI")
    c.call("NOSUCH")
    assert c.err("EXEC") == "EXECABORT Transaction discarded because of previous errors."


def test_own_changes_break_it_too(c: Client) -> None:
    c.ok("WATCH", "a")
    c.ok("SET", "a", "1")
    assert _exec(c) is None


def test_the_own_transaction_does_not(c: Client) -> None:
    c.ok("WATCH", "a")
    c.ok("MULTI")
    c.ok("SET", "a", "1")
    c.ok("INCR", "a")
    assert c.call("EXEC") == ["OK", 2]


@pytest.mark.parametrize("mend", [("UNWATCH",), ("RESET",)])
def test_unwatch_and_reset_forget(c: Client, connect: Connect, mend: tuple[str]) -> None:
    other = connect()
    c.ok("WATCH", "a")
    other.ok("SET", "a", "1")
    c.ok(*mend)
    other.ok("SET", "a", "2")
    assert _exec(c) == ["PONG"]


def test_discard_forgets(c: Client, connect: Connect) -> None:
    c.ok("WATCH", "a")
    c.ok("MULTI")
    connect().ok("SET", "a", "1")
    c.ok("DISCARD")
    assert _exec(c) == ["PONG"]


def test_unwatch_inside_multi_comes_too_late(c: Client, connect: Connect) -> None:
    c.ok("WATCH", "a")
    connect().ok("SET", "a", "1")
    c.ok("MULTI")
    assert c.call("UNWATCH") == "QUEUED"
    assert c.call("EXEC") is None


def test_the_database_counts(c: Client, connect: Connect) -> None:
    other = connect()
    other.ok("SELECT", 4)
    c.ok("WATCH", "a")
    other.ok("SET", "a", "1")
    assert _exec(c) == ["PONG"]
    c.ok("SELECT", 4)
    c.ok("WATCH", "a")
    c.ok("SELECT", 0)
    other.ok("SET", "a", "2")
    assert _exec(c) is None


# Expiry


def _expired(c: Client, key: str) -> bool:
    return c.ok("PTTL", key) == -2


def test_a_key_that_expires_breaks_the_watch(c: Client, connect: Connect) -> None:
    c.ok("SET", "a", "1", "PX", 30)
    c.ok("WATCH", "a")
    wait_for("the key to expire", lambda: _expired(connect(), "a"))
    assert _exec(c) is None


def test_it_does_so_when_nobody_removes_it(start_server: StartServer, connect: Connect) -> None:
    server = start_server({"enable-debug-command": "yes"})
    c = connect(server)
    c.ok("DEBUG", "SET-ACTIVE-EXPIRE", 0)
    c.ok("SET", "a", "1", "PX", 30)
    c.ok("SET", "b", "1", "PX", 30)
    c.ok("WATCH", "a")
    wait_for("both to expire", lambda: c.ok("EXISTS", "b") == 0)
    assert _exec(c) is None


def test_an_expired_key_counts_as_absent(start_server: StartServer, connect: Connect) -> None:
    server = start_server({"enable-debug-command": "yes"})
    c, other = connect(server), connect(server)
    c.ok("DEBUG", "SET-ACTIVE-EXPIRE", 0)

    def watch_expired() -> None:
        other.ok("MSET", "a", "1", "mark", "1")
        other.ok("PEXPIRE", "a", 20)
        other.ok("PEXPIRE", "mark", 20)
        wait_for("the mark to expire", lambda: other.ok("EXISTS", "mark") == 0)
        c.ok("WATCH", "a")

    watch_expired()
    assert _exec(c) == ["PONG"]
    watch_expired()
    other.ok("GET", "a")  # removes it
    assert _exec(c) == ["PONG"]
    watch_expired()
    other.ok("SET", "a", "2")
    assert _exec(c) is None
    watch_expired()
    other.ok("FLUSHALL")
    assert _exec(c) == ["PONG"]
    watch_expired()
    other.ok("SWAPDB", 0, 1)
    assert _exec(c) == ["PONG"]


# What it shows and costs


@pytest.mark.beyond_oracle
def test_counts_of_info_and_client_list(c: Client, connect: Connect) -> None:
    other = connect()
    ident = other.ok("CLIENT", "ID")

    def counts() -> tuple[str, ...]:
        fields = info_fields(c.ok("INFO", "clients"))
        line = client_lines(c.ok("CLIENT", "LIST", "ID", ident))[0]
        totals = fields["watching_clients"], fields["total_watched_keys"]
        return *totals, line["watch"], line["flags"]

    assert counts() == ("0", "0", "0", "N")
    other.ok("WATCH", "a", "b", "a")
    assert counts() == ("1", "2", "2", "N")
    c.ok("WATCH", "b")
    assert counts() == ("2", "2", "2", "N")
    c.ok("SET", "a", "1")
    assert counts() == ("1", "1", "0", "d")
    other.ok("UNWATCH")
    assert counts() == ("1", "1", "0", "N")
    c.close()
    c = connect()
    wait_for("nobody to watch", lambda: counts()[:2] == ("0", "0"))


def test_a_broken_watch_shows_in_the_flags(c: Client, connect: Connect) -> None:
    other = connect()
    ident = other.ok("CLIENT", "ID")
    other.ok("WATCH", "a")
    c.ok("SET", "a", "1")
    other.ok("MULTI")
    assert client_lines(c.ok("CLIENT", "LIST", "ID", ident))[0]["flags"] == "xd"


def test_check_and_set_from_many_threads(server: Server) -> None:
    """Counters that are read, incremented and written back under WATCH lose nothing."""
    rounds, threads = 100, 6

    def count() -> None:
        with server.connect() as client:
            for _ in range(rounds):
                while True:
                    client.ok("WATCH", "n")
                    value = int(client.ok("GET", "n") or 0)
                    client.ok("MULTI")
                    client.ok("SET", "n", value + 1)
                    if client.ok("EXEC") is not None:
                        break

    workers = [threading.Thread(target=count) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    with server.connect() as client:
        assert int(client.ok("GET", "n")) == rounds * threads
