"""MONITOR: what is shown, and how; filters, which the peers do not have."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest
from conftest import Connect, StartServer
from support.client import Client
from support.wait import wait_for

_LINE = re.compile(r"(\d+)\.(\d{6}) \[(\d+) ([^\]]+)\] (.*)", re.DOTALL)


@pytest.fixture
def monitor(connect: Connect) -> Client:
    client = connect()
    client.ok("MONITOR")
    return client


@pytest.fixture
def other(connect: Connect) -> Client:
    return connect()


def line(client: Client) -> str:
    """The next line that it is shown, without time and origin."""
    found = _LINE.fullmatch(client.read())
    assert found
    return found.group(5)


def lines_until(client: Client, by: Client) -> list[str]:
    """What it is shown up to a command of `by` that ends it."""
    by.ok("PING", "the end")
    got = []
    while (shown := line(client)) != '"PING" "the end"':
        got.append(shown)
    return got


def test_a_line_says_when_where_who_and_what(monitor: Client, other: Client) -> None:
    before = time.time()
    other.ok("SELECT", "3")
    other.ok("ECHO", b'a "b"\r\n\x00\xff')
    found = _LINE.fullmatch(monitor.read())
    assert found
    assert before - 2 <= int(found.group(1)) + int(found.group(2)) / 1e6 <= time.time() + 2
    host, port = other.sock.getsockname()
    assert found.group(3, 4, 5) == ("3", f"{host}:{port}", '"SELECT" "3"')
    assert line(monitor) == r'"ECHO" "a \"b\"\r\n\x00\xff"'


def test_commands_that_ran_are_shown(monitor: Client, other: Client) -> None:
    other.err("NOSUCH")
    other.err("GET")
    other.err("INCRBY", "k", "x")
    other.ok("CONFIG", "GET", "port")
    other.ok("CLIENT", "LIST")
    other.ok("CLIENT", "ID")
    other.ok("SET", "k", "v", "EX", "100")
    assert lines_until(monitor, other) == [
        '"INCRBY" "k" "x"',
        '"CLIENT" "ID"',
        '"SET" "k" "v" "EX" "100"',
    ]


def test_a_transaction_is_shown_when_it_runs(monitor: Client, other: Client) -> None:
    for words in (["MULTI"], ["SET", "a", "1"], ["GET", "a"]):
        other.ok(*words)
    other.ok("EXEC")
    shown = ['"MULTI"', '"SET" "a" "1"', '"GET" "a"', '"EXEC"']
    assert lines_until(monitor, other) == shown
    other.ok("MULTI")
    other.err("NOSUCH")
    other.err("EXEC")
    assert lines_until(monitor, other) == ['"MULTI"', '"EXEC"']


def test_secrets_are_hidden(monitor: Client, other: Client) -> None:
    other.err("AUTH", "hush")
    other.err("AUTH", "me", "hush")
    other.call("HELLO", "2", "AUTH", "default", "hush")
    hidden = '"(redacted)"'
    assert lines_until(monitor, other) == [
        f'"AUTH" {hidden}',
        f'"AUTH" {hidden} {hidden}',
        f'"HELLO" "2" "AUTH" {hidden} {hidden}',
    ]


def test_a_monitor_runs_what_needs_no_keys(monitor: Client) -> None:
    assert monitor.ok("PING") == "PONG"
    assert line(monitor) == '"PING"'
    error = "ERR Replica can't interact with the keyspace"
    for words in (["GET", "a"], ["SET", "a", "1"], ["PUBLISH", "c", "m"]):
        assert monitor.err(*words) == error
    assert monitor.ok("SUBSCRIBE", "c") == [b"subscribe", b"c", 1]
    assert line(monitor) == '"SUBSCRIBE" "c"'


def test_a_monitor_is_listed_as_one(monitor: Client, other: Client) -> None:
    (listed,) = [x for x in other.ok("CLIENT", "LIST").decode().splitlines() if " flags=O " in x]
    assert " cmd=monitor " in listed
    assert other.ok("CLIENT", "LIST", "TYPE", "replica") == b""


def test_reset_ends_it(monitor: Client, other: Client) -> None:
    assert monitor.ok("RESET") == "RESET"
    other.ok("PING")
    assert monitor.ok("GET", "a") is None


def test_it_may_not_be_in_a_transaction(other: Client) -> None:
    other.ok("MULTI")
    other.ok("MONITOR")
    (error,) = other.ok("EXEC")
    assert error.text == "ERR MONITOR isn't allowed for DENY BLOCKING client"


def test_a_monitor_in_resp3_gets_the_same_lines(connect: Connect, other: Client) -> None:
    monitor = connect(proto=3)
    monitor.ok("MONITOR")
    other.ok("PING")
    assert line(monitor) == '"PING"'


def test_nothing_is_shown_while_replies_are_off(monitor: Client, other: Client) -> None:
    monitor.send("CLIENT", "REPLY", "OFF")
    monitor.send("CLIENT", "SETNAME", "quiet")
    wait_for("quiet", lambda: b"name=quiet" in other.ok("CLIENT", "LIST"))
    other.ok("ECHO", "unseen")
    monitor.send("CLIENT", "REPLY", "ON")
    assert monitor.read() == "OK"
    assert line(monitor) == '"CLIENT" "REPLY" "ON"'


def test_all_monitors_are_shown_long_lines(connect: Connect, other: Client) -> None:
    monitors = [connect() for _ in range(5)]
    for client in monitors:
        client.ok("MONITOR")
    text = "x" * 100_000
    other.ok("ECHO", text)
    for client in monitors:
        assert line(client) == f'"ECHO" "{text}"'


def test_pause_does_not_hold_up_a_monitor(monitor: Client, other: Client) -> None:
    other.ok("CLIENT", "PAUSE", "100000", "ALL")
    assert monitor.ok("PING") == "PONG"
    assert line(monitor) == '"PING"'
    assert monitor.ok("CLIENT", "UNPAUSE") == "OK"


def test_a_client_of_the_unix_socket(start_server: StartServer, connect: Connect) -> None:
    server = start_server({"unixsocket": "s.sock"})
    monitor = connect(server)
    monitor.ok("MONITOR")
    connect(address=str(server.dir / "s.sock")).ok("PING")
    found = _LINE.fullmatch(monitor.read())
    assert found and found.group(4) == "unix:s.sock"


# Filters


def filtered(connect: Connect, *words: Any) -> Client:
    monitor = connect()
    monitor.ok("MONITOR", *words)
    return monitor


@pytest.mark.beyond_oracle
def test_match_looks_at_the_arguments(connect: Connect, other: Client) -> None:
    monitor = filtered(connect, "MATCH", "user:*")
    other.ok("SET", "user:1", "x")
    other.ok("SET", "x", "user:2")
    other.ok("SET", "x", "y")
    other.ok("MGET", "a", "b", "user:3")
    other.err("AUTH", "user:4")  # what is hidden does not match
    other.ok("ECHO", "user:")
    assert line(monitor) == '"SET" "user:1" "x"'
    assert line(monitor) == '"SET" "x" "user:2"'
    assert line(monitor) == '"MGET" "a" "b" "user:3"'
    assert line(monitor) == '"ECHO" "user:"'


@pytest.mark.beyond_oracle
def test_command_names_commands_and_subcommands(connect: Connect, other: Client) -> None:
    monitor = filtered(connect, "COMMAND", "get", "object|encoding", "CLIENT", other.ok("CLIENT", "ID"))
    client = filtered(connect, "COMMAND", "client", "COMMAND", "echo")
    other.ok("SET", "a", "1")
    other.ok("GET", "a")
    other.ok("OBJECT", "REFCOUNT", "a")
    other.ok("OBJECT", "ENCODING", "a")
    other.ok("CLIENT", "GETNAME")
    other.ok("ECHO", "x")
    assert [line(monitor) for _ in range(2)] == ['"GET" "a"', '"OBJECT" "ENCODING" "a"']
    assert [line(client) for _ in range(2)] == ['"CLIENT" "GETNAME"', '"ECHO" "x"']


@pytest.mark.beyond_oracle
def test_client_and_db_are_one_of_each(connect: Connect, other: Client) -> None:
    mine = connect()
    monitor = filtered(connect, "DB", "2", "CLIENT", mine.ok("CLIENT", "ID"))
    for client in (other, mine):
        client.ok("PING")
        client.ok("SELECT", "2")
        client.ok("PING")
    assert [line(monitor) for _ in range(2)] == ['"SELECT" "2"', '"PING"']


@pytest.mark.beyond_oracle
def test_another_filter_replaces_the_first(connect: Connect, other: Client) -> None:
    monitor = filtered(connect, "COMMAND", "get")
    monitor.ok("MONITOR", "COMMAND", "echo")
    other.ok("GET", "a")
    other.ok("ECHO", "x")
    assert line(monitor) == '"ECHO" "x"'


@pytest.mark.beyond_oracle
@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["WHAT"], "ERR syntax error"),
        (["MATCH"], "ERR syntax error"),
        (["MATCH", "a", "MATCH", "b"], "ERR syntax error"),
        (["COMMAND"], "ERR syntax error"),
        (["COMMAND", "nosuch"], "ERR Unknown command 'nosuch' behind COMMAND"),
        (["CLIENT", "x"], "ERR Invalid client ID"),
        (["CLIENT", "0"], "ERR Invalid client ID"),
        (["DB", "16"], "ERR DB index is out of range"),
        (["DB", "x"], "ERR DB index is out of range"),
    ],
)
def test_filters_that_make_no_sense(connect: Connect, words: list[str], error: str) -> None:
    client = connect()
    assert client.err("MONITOR", *words) == error
    assert client.ok("GET", "a") is None  # it is no monitor
