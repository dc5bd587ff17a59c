"""Commands that wait: WAIT is one that always can; lists, sets and streams have their own tests."""

from __future__ import annotations

import time

import pytest
from conftest import Connect, StartServer
from support.client import Client
from support.server import Server
from support.text import client_lines, info_fields
from support.wait import wait_for

_LONG = 100_000


def _id(client: Client) -> int:
    return int(client.ok("CLIENT", "ID"))


def _blocked(c: Client) -> int:
    return int(info_fields(c.ok("INFO", "clients"))["blocked_clients"])


def _block(c: Client, client: Client) -> None:
    """Sends WAIT, and returns when the server has it."""
    before = _blocked(c)
    client.send("WAIT", 1, _LONG)
    wait_for("the client to block", lambda: _blocked(c) == before + 1)


def _unblock(c: Client, ident: int) -> None:
    assert c.call("CLIENT", "UNBLOCK", ident) == 1


# Timeouts


def test_nothing_to_wait_for(c: Client) -> None:
    assert c.call("WAIT", 0, 0) == 0
    assert c.call("WAIT", -1, 0) == 0
    assert c.err("WAIT", "x", 0) == "ERR value is not an integer or out of range"
    assert c.err("WAIT", 1, "x") == "ERR timeout is not an integer or out of range"
    assert c.err("WAIT", 1, "1.5") == "ERR timeout is not an integer or out of range"
    assert c.err("WAIT", 1, -1) == "ERR timeout is negative"


def test_a_wait_ends_not_before_its_time(c: Client) -> None:
    for timeout_ms in (1, 30):
        started = time.monotonic()
        assert c.call("WAIT", 1, timeout_ms) == 0
        assert time.monotonic() - started > (timeout_ms - 1) / 1000


@pytest.mark.beyond_oracle
def test_waitaof(c: Client) -> None:
    assert c.call("WAITAOF", 0, 0, 0) == [0, 0]
    assert c.call("WAITAOF", 0, 1, 1) == [0, 0]


def test_what_comes_behind_waits_and_runs_in_order(c: Client) -> None:
    replies = c.pipeline(
        [
            *(("SET", "a", "1"), ("WAIT", 1, 10), ("INCR", "a"), ("WAIT", 1, 1), ("INCR", "a")),
            *(("MULTI",), ("WAIT", 1, _LONG), ("INCR", "a"), ("EXEC",), ("GET", "a")),
        ]
    )
    assert replies == ["OK", 0, 2, 0, 3, "OK", "QUEUED", "QUEUED", [0, 4], b"4"]


def test_bytes_that_come_while_it_waits(c: Client, connect: Connect) -> None:
    other = connect()
    ident = _id(other)
    _block(c, other)
    other.send("SET", "a", "x" * 100_000)
    other.send_raw(b"*2\r\n$3\r\nGET\r\n$1")
    other.send_raw(b"\r\na\r\n*1\r\n$4\r\nPI")
    wait_for(
        "the server to hold them",
        lambda: int(client_lines(c.ok("CLIENT", "LIST", "ID", ident))[0]["qbuf"]) > 100_000,
    )
    assert c.call("EXISTS", "a") == 0
    _unblock(c, ident)
    assert [other.read() for _ in range(3)] == [0, "OK", b"x" * 100_000]
    other.send_raw(b"NG\r\n")
    assert other.read() == "PONG"


def test_a_protocol_error_behind_it_takes_its_turn(c: Client, connect: Connect) -> None:
    other = connect()
    ident = _id(other)
    _block(c, other)
    other.send_raw(b"*1\r\n$4\r\nPING\r\n*x\r\n")
    assert c.call("PING") == "PONG"
    _unblock(c, ident)
    assert other.read_to_end() == (
        b":0\r\n+PONG\r\n-ERR Protocol error: invalid multibulk length\r\n"
    )


# What it shows


def test_info_and_client_list(c: Client, connect: Connect) -> None:
    other = connect()
    ident = _id(other)
    assert _blocked(c) == 0
    _block(c, other)
    line = client_lines(c.ok("CLIENT", "LIST", "ID", ident))[0]
    assert (line["flags"], line["cmd"]) == ("b", "wait")
    assert info_fields(c.ok("INFO", "clients"))["clients_in_timeout_table"] in ("0", "1")
    _unblock(c, ident)
    assert other.read() == 0
    assert _blocked(c) == 0
    assert client_lines(c.ok("CLIENT", "LIST", "ID", ident))[0]["flags"] == "N"
    assert info_fields(c.ok("INFO", "clients"))["clients_in_timeout_table"] == "0"


# Its end


def test_unblock(c: Client, connect: Connect) -> None:
    other = connect()
    ident = _id(other)
    assert c.call("CLIENT", "UNBLOCK", ident) == 0
    for how in ((), ("TIMEOUT",), ("timeout",)):
        _block(c, other)
        assert c.call("CLIENT", "UNBLOCK", ident, *how) == 1
        assert other.read() == 0
        assert c.call("CLIENT", "UNBLOCK", ident) == 0
    _block(c, other)
    assert c.call("CLIENT", "UNBLOCK", ident, "ERROR") == 1
    assert other.read().text == "UNBLOCKED client unblocked via CLIENT UNBLOCK"
    assert other.call("PING") == "PONG"


def test_unblock_by_a_transaction(c: Client, connect: Connect) -> None:
    other = connect()
    ident = _id(other)
    _block(c, other)
    other.send("GET", "a")
    c.ok("MULTI")
    c.ok("CLIENT", "UNBLOCK", ident)
    c.ok("SET", "a", "1")
    assert c.call("EXEC") == [1, "OK"]
    assert [other.read(), other.read()] == [0, b"1"]


@pytest.mark.beyond_oracle
def test_a_paused_client_is_not_unblocked(c: Client, connect: Connect) -> None:
    """Redis 7.0 ends with an assertion."""
    other = connect()
    ident = _id(other)
    c.ok("CLIENT", "PAUSE", _LONG, "WRITE")
    other.send("SET", "a", "1")
    wait_for("it to wait", lambda: _blocked(c) == 1)
    assert c.call("CLIENT", "UNBLOCK", ident) == 0
    c.ok("CLIENT", "UNPAUSE")
    assert other.read() == "OK"


def test_killed_while_it_waits(c: Client, connect: Connect) -> None:
    other = connect()
    ident = _id(other)
    _block(c, other)
    other.send("SET", "a", "1")
    assert c.call("CLIENT", "KILL", "ID", ident) == 1
    assert other.read_to_end() == b""
    assert _blocked(c) == 0
    assert c.call("EXISTS", "a") == 0


def test_gone_while_it_waits(c: Client, connect: Connect) -> None:
    other = connect()
    _block(c, other)
    other.send("SET", "a", "1")
    other.close()
    wait_for("nobody to wait", lambda: _blocked(c) == 0)
    assert c.call("EXISTS", "a") == 0


def test_waiting_clients_do_not_idle(start_server: StartServer, connect: Connect) -> None:
    server = start_server({"timeout": 1})
    c, idle = connect(server), connect(server)
    c.send("WAIT", 1, 2500)
    assert idle.read_to_end() == b""
    assert c.read() == 0
    assert c.call("PING") == "PONG"


def test_shutdown_while_clients_wait(start_server: StartServer, connect: Connect) -> None:
    server = start_server()
    c, other = connect(server), connect(server)
    _block(c, other)
    c.send("SHUTDOWN", "NOSAVE")
    assert other.read_to_end() == b""
    assert c.read_to_end() == b""


# CLIENT PAUSE, CLIENT REPLY


def test_a_pause_neither_ends_nor_prolongs_a_wait(c: Client, connect: Connect) -> None:
    other = connect()
    ident = _id(other)
    _block(c, other)
    c.ok("CLIENT", "PAUSE", _LONG, "WRITE")
    other.send("GET", "a")
    other.send("SET", "a", "1")
    c.ok("CLIENT", "UNPAUSE")
    assert _blocked(c) == 1
    c.ok("CLIENT", "PAUSE", _LONG, "WRITE")
    _unblock(c, ident)
    assert [other.read(), other.read()] == [0, None]  # and then the write waits
    wait_for("it to wait for the pause", lambda: _blocked(c) == 1)
    c.ok("CLIENT", "UNPAUSE")
    assert other.read() == "OK"


def test_reply_skip_means_the_one_that_waits(c: Client) -> None:
    c.send("CLIENT", "REPLY", "SKIP")
    c.send("WAIT", 1, 10)
    c.send("ECHO", "x")
    assert c.read() == b"x"


# Many


def test_thousands_wait_and_cost_the_others_nothing(server: Server, c: Client) -> None:
    count = 2000
    waiting = [server.connect() for _ in range(count)]
    try:
        for client in waiting:
            client.send("WAIT", 1, _LONG)
        wait_for("all to block", lambda: _blocked(c) == count)
        assert c.pipeline([("INCR", "n")] * 1000)[-1] == 1000
        for client in waiting[::2]:
            client.close()
        wait_for("half of them", lambda: _blocked(c) == count // 2)
        for client in waiting[1::2]:
            client.send("PING")
    finally:
        for client in waiting:
            client.close()
    wait_for("none", lambda: _blocked(c) == 0)
