"""SLOWLOG and COMMANDLOG: what is logged, what is shown of it, and their directives."""

from __future__ import annotations

import time
from typing import Any

import pytest

from conftest import Connect, StartServer
from support.client import Client

ALL: dict[str, Any] = {"slowlog-log-slower-than": 0}


def arguments(client: Client, *args: Any) -> list[list[bytes]]:
    """The arguments of the log's entries, the oldest first."""
    return [entry[3] for entry in reversed(client.ok("SLOWLOG", "GET", *(args or (-1,))))]


@pytest.fixture
def logged(start_server: StartServer, connect: Connect) -> Client:
    """A connection to a server that logs every command, with an empty log."""
    client = connect(start_server(ALL))
    client.ok("SLOWLOG", "RESET")
    return client


# What an entry is


def test_an_entry_says_what_when_how_long_and_who(
    start_server: StartServer, connect: Connect
) -> None:
    c = connect(start_server({"slowlog-log-slower-than": 20000, "enable-debug-command": "yes"}))
    c.ok("CLIENT", "SETNAME", "bob")
    before = int(time.time())
    c.ok("DEBUG", "SLEEP", "0.03")
    (entry,) = c.ok("SLOWLOG", "GET")
    assert len(entry) == 6
    assert isinstance(entry[0], int)
    assert before - 1 <= entry[1] <= time.time() + 1
    assert 30_000 <= entry[2] < 10_000_000
    assert entry[3] == [b"DEBUG", b"SLEEP", b"0.03"]
    host, port = c.sock.getsockname()
    assert entry[4] == f"{host}:{port}".encode()
    assert entry[5] == b"bob"


def test_fast_commands_are_not_logged(start_server: StartServer, connect: Connect) -> None:
    c = connect(start_server({"slowlog-log-slower-than": 5_000_000}))
    c.ok("SET", "a", "1")
    assert c.ok("SLOWLOG", "LEN") == 0


def test_minus_one_turns_the_log_off(start_server: StartServer, connect: Connect) -> None:
    c = connect(start_server({"slowlog-log-slower-than": -1}))
    c.ok("SET", "a", "1")
    assert c.ok("SLOWLOG", "GET") == []


def test_ids_rise_and_are_not_used_again(logged: Client) -> None:
    for _ in range(3):
        logged.ok("PING")
    ids = [entry[0] for entry in logged.ok("SLOWLOG", "GET")]
    assert ids == sorted(ids, reverse=True)
    assert len(set(ids)) == len(ids) == 4
    logged.ok("SLOWLOG", "RESET")
    logged.ok("PING")
    assert all(entry[0] > ids[0] for entry in logged.ok("SLOWLOG", "GET"))


def test_long_arguments_are_cut(logged: Client) -> None:
    logged.ok("SET", "a" * 128, "b" * 129)
    logged.ok("SET", "a", b"\x00" * 1000)
    assert arguments(logged)[1:] == [
        [b"SET", b"a" * 128, b"b" * 128 + b"... (1 more bytes)"],
        [b"SET", b"a", b"\x00" * 128 + b"... (872 more bytes)"],
    ]


@pytest.mark.parametrize("count, note", [(32, b"k"), (33, b"... (2 more arguments)")])
def test_many_arguments_are_cut(logged: Client, count: int, note: bytes) -> None:
    logged.ok("MGET", *("k" for _ in range(count - 1)))
    entry = arguments(logged)[-1]
    assert len(entry) == 32
    assert entry[:31] == [b"MGET"] + [b"k"] * 30
    assert entry[31] == note


def test_a_very_long_request_is_cut(logged: Client) -> None:
    logged.ok("MGET", *("k" for _ in range(1000)))
    assert arguments(logged)[-1][31] == b"... (970 more arguments)"


def test_the_name_is_that_of_the_end(logged: Client) -> None:
    logged.ok("CLIENT", "SETNAME", "after")
    assert logged.ok("SLOWLOG", "GET", 1)[0][5] == b"after"
    logged.ok("RESET")
    assert logged.ok("SLOWLOG", "GET", 1)[0][5] == b""


# What is logged


def test_refused_commands_are_not_logged(logged: Client) -> None:
    logged.err("NOSUCH", "x")
    logged.err("GET")
    logged.err("CONFIG")
    logged.err("CONFIG", "NOSUCH")
    assert arguments(logged) == [[b"SLOWLOG", b"RESET"]]


def test_failed_commands_are_logged(logged: Client) -> None:
    logged.ok("SET", "text", "x")
    logged.err("INCR", "text")
    assert arguments(logged)[-1] == [b"INCR", b"text"]


def test_the_request_is_shown_as_it_came(logged: Client) -> None:
    sent = [
        ("SET", "k", "10", "EX", "100"),
        ("EXPIRE", "k", "100"),
        ("INCRBYFLOAT", "k", "1.5"),
        ("GETEX", "k", "PERSIST"),
        ("GETDEL", "k"),
    ]
    for words in sent:
        logged.ok(*words)
    assert arguments(logged)[1:] == [[word.encode() for word in words] for words in sent]


@pytest.mark.needs("multi")
def test_commands_of_a_transaction_are_logged_one_by_one(logged: Client) -> None:
    logged.ok("MULTI")
    logged.ok("SET", "a", "1")
    logged.ok("GET", "a")
    logged.ok("EXEC")
    assert arguments(logged)[1:] == [[b"MULTI"], [b"SET", b"a", b"1"], [b"GET", b"a"]]


@pytest.mark.needs("acl")
def test_users_are_not_shown(logged: Client) -> None:
    logged.ok("ACL", "SETUSER", "joe", ">hunter2")
    assert arguments(logged)[-1] == [b"ACL", b"SETUSER", b"(redacted)", b"(redacted)"]


def test_passwords_are_not_shown(logged: Client) -> None:
    logged.err("AUTH", "hunter2")
    logged.err("AUTH", "joe", "hunter2")
    logged.ok("HELLO", 2, "AUTH", "default", "hunter2", "SETNAME", "auth")
    logged.ok("CONFIG", "SET", "requirepass", "hunter2")
    logged.ok("CONFIG", "SET", "timeout", "0", "requirepass", "")
    assert arguments(logged)[1:] == [
        [b"AUTH", b"(redacted)"],
        [b"AUTH", b"(redacted)", b"(redacted)"],
        [b"HELLO", b"2", b"AUTH", b"(redacted)", b"(redacted)", b"SETNAME", b"auth"],
        [b"CONFIG", b"SET", b"requirepass", b"(redacted)"],
        [b"CONFIG", b"SET", b"timeout", b"0", b"requirepass", b"(redacted)"],
    ]


def test_commands_before_authentication_are_not_logged(
    start_server: StartServer, connect: Connect
) -> None:
    c = connect(start_server({**ALL, "requirepass": "x"}))
    c.err("GET", "a")
    c.ok("AUTH", "x")
    assert [b"GET", b"a"] not in arguments(c)
    assert [b"AUTH", b"(redacted)"] in arguments(c)


# The verbs


def test_get_shows_ten_or_as_many_as_asked_for(logged: Client) -> None:
    for i in range(20):
        logged.ok("SET", "k", str(i))
    assert len(logged.ok("SLOWLOG", "GET")) == 10
    assert len(logged.ok("SLOWLOG", "GET", 3)) == 3
    assert logged.ok("SLOWLOG", "GET", 0) == []
    assert len(logged.ok("SLOWLOG", "GET", -1)) == 24
    assert len(logged.ok("SLOWLOG", "GET", 9223372036854775807)) == 25
    assert logged.ok("SLOWLOG", "LEN") == 26


def test_errors(c: Client) -> None:
    count = "ERR count should be greater than or equal to -1"
    assert c.err("SLOWLOG", "GET", -2) == count
    assert c.err("SLOWLOG", "GET", "x") == count
    assert c.err("SLOWLOG", "GET", "99999999999999999999") == count
    assert c.err("SLOWLOG", "GET", 1, 2) == (
        "ERR unknown subcommand or wrong number of arguments for 'GET'. Try SLOWLOG HELP."
    )
    assert c.err("SLOWLOG", "LEN", 1) == (
        "ERR wrong number of arguments for 'slowlog|len' command"
    )
    assert c.err("SLOWLOG", "RESET", 1) == (
        "ERR wrong number of arguments for 'slowlog|reset' command"
    )
    assert c.err("SLOWLOG", "NOSUCH") == "ERR unknown subcommand 'NOSUCH'. Try SLOWLOG HELP."
    assert c.err("SLOWLOG") == "ERR wrong number of arguments for 'slowlog' command"


def test_help(c: Client) -> None:
    lines = c.ok("SLOWLOG", "HELP")
    assert lines[0] == (
        "SLOWLOG <subcommand> [<arg> [value] [opt] ...]. Subcommands are:"
    )
    assert {line.split()[0] for line in lines[1:] if line[0] != " "} == {
        "GET",
        "LEN",
        "RESET",
        "HELP",
    }


# Its length


def test_the_oldest_entries_go(start_server: StartServer, connect: Connect) -> None:
    c = connect(start_server({**ALL, "slowlog-max-len": 10}))
    for i in range(100):
        c.ok("SET", "k", str(i))
    assert arguments(c) == [[b"SET", b"k", str(i).encode()] for i in range(90, 100)]


def test_a_shorter_log_shrinks_if_it_is_on(logged: Client) -> None:
    for _ in range(20):
        logged.ok("PING")
    logged.ok("CONFIG", "SET", "slowlog-max-len", 3)
    assert logged.ok("SLOWLOG", "LEN") == 3
    logged.ok("CONFIG", "SET", "slowlog-log-slower-than", -1)
    logged.ok("CONFIG", "SET", "slowlog-max-len", 1)
    assert logged.ok("SLOWLOG", "LEN") == 3
    logged.ok("CONFIG", "SET", "slowlog-log-slower-than", 0)
    assert logged.ok("SLOWLOG", "LEN") == 1


def test_resetstat_leaves_the_log_alone(logged: Client) -> None:
    logged.ok("PING")
    logged.ok("CONFIG", "RESETSTAT")
    assert [b"PING"] in arguments(logged)


def test_ranges_of_the_directives(c: Client) -> None:
    failed = "ERR CONFIG SET failed (possibly related to argument '%s') - argument must be between "
    bounds = "%d and 9223372036854775807 inclusive"
    for name, low in (("slowlog-log-slower-than", -1), ("slowlog-max-len", 0)):
        assert c.err("CONFIG", "SET", name, low - 1) == (failed % name) + (bounds % low)


# Newer than Redis 7.0

KINDS = ("slow", "large-request", "large-reply")


@pytest.mark.beyond_oracle
def test_both_spellings_name_one_directive(logged: Client) -> None:
    pairs = {
        "slowlog-log-slower-than": "commandlog-execution-slower-than",
        "slowlog-max-len": "commandlog-slow-execution-max-len",
    }
    for old, new in pairs.items():
        logged.ok("CONFIG", "SET", new, 77)
        assert logged.ok("CONFIG", "GET", old) == [old.encode(), b"77"]
        assert logged.ok("CONFIG", "GET", new) == [new.encode(), b"77"]


@pytest.mark.beyond_oracle
def test_large_requests_are_logged(start_server: StartServer, connect: Connect) -> None:
    c = connect(start_server({"commandlog-request-larger-than": 100_000}))
    c.ok("SET", "a", "x" * 99_000)
    assert c.ok("COMMANDLOG", "LEN", "large-request") == 0
    for size in (100_000, 5_000_000):
        c.ok("SET", "big", "x" * size)
        (entry,) = c.ok("COMMANDLOG", "GET", 1, "large-request")
        head = len(f"*3\r\n$3\r\nSET\r\n$3\r\nbig\r\n${size}\r\n\r\n")
        assert entry[2] == head + size
        cut = f"... ({size - 128} more bytes)".encode()
        assert entry[3] == [b"SET", b"big", b"x" * 128 + cut]
    assert c.ok("COMMANDLOG", "LEN", "large-request") == 2
    assert c.ok("COMMANDLOG", "LEN", "large-reply") == 0


@pytest.mark.beyond_oracle
def test_large_replies_are_logged(start_server: StartServer, connect: Connect) -> None:
    c = connect(start_server({"commandlog-reply-larger-than": 10_000}))
    for size in (9_000, 10_000, 300_000):
        c.ok("SET", "big", "x" * size)
        c.ok("GET", "big")
    c.ok("MGET", *["big"] * 10)
    c.ok("STRLEN", "big")
    entries = c.ok("COMMANDLOG", "GET", -1, "LARGE-REPLY")
    bulk = len("$300000\r\n\r\n") + 300_000
    assert [entry[2] for entry in entries] == [
        len("*10\r\n") + 10 * bulk,
        bulk,
        len("$10000\r\n\r\n") + 10_000,
    ]
    assert entries[1][3] == [b"GET", b"big"]


@pytest.mark.beyond_oracle
def test_the_lengths_of_the_three_logs_are_their_own(
    start_server: StartServer, connect: Connect
) -> None:
    server = start_server(
        {
            **ALL,
            "commandlog-request-larger-than": 0,
            "commandlog-reply-larger-than": 0,
            "commandlog-slow-execution-max-len": 3,
            "commandlog-large-request-max-len": 2,
            "commandlog-large-reply-max-len": 0,
        }
    )
    c = connect(server)
    for _ in range(10):
        c.ok("PING")
    assert [c.ok("COMMANDLOG", "LEN", kind) for kind in KINDS] == [3, 2, 0]
    c.ok("COMMANDLOG", "RESET", "large-request")
    assert c.ok("COMMANDLOG", "LEN", "large-request") == 1
    assert c.ok("SLOWLOG", "LEN") == c.ok("COMMANDLOG", "LEN", "slow") == 3


@pytest.mark.beyond_oracle
def test_inline_requests_are_measured(start_server: StartServer, connect: Connect) -> None:
    c = connect(start_server({"commandlog-request-larger-than": 1000}))
    c.send_raw(b"SET key " + b"v" * 2000 + b"\r\n")
    assert c.read() == "OK"
    (entry,) = c.ok("COMMANDLOG", "GET", -1, "large-request")
    assert entry[2] >= 2000
    assert entry[3][:2] == [b"SET", b"key"]


@pytest.mark.beyond_oracle
def test_commandlog_errors(c: Client) -> None:
    kind = "ERR type should be one of the following: slow, large-request, large-reply"
    assert c.err("COMMANDLOG", "GET", 1, "x") == kind
    assert c.err("COMMANDLOG", "LEN", "x") == kind
    assert c.err("COMMANDLOG", "RESET", "x") == kind
    assert c.err("COMMANDLOG", "GET", -2, "slow") == (
        "ERR count should be greater than or equal to -1"
    )
    assert c.err("COMMANDLOG", "GET", "slow") == (
        "ERR wrong number of arguments for 'commandlog|get' command"
    )


@pytest.mark.beyond_oracle
def test_info_counts_slow_commands(start_server: StartServer, connect: Connect) -> None:
    c = connect(start_server({"slowlog-log-slower-than": 10_000, "enable-debug-command": "yes"}))
    c.ok("DEBUG", "SLEEP", "0.02")
    c.ok("DEBUG", "SLEEP", "0.04")
    fields = dict(
        line.split(":", 1) for line in c.ok("INFO", "stats").decode().split("\r\n") if ":" in line
    )
    assert fields["slowlog_commands_count"] == "2"
    assert int(fields["slowlog_commands_time_ms_max"]) >= 40
    assert int(fields["slowlog_commands_time_ms_sum"]) >= 60
