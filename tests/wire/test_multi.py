"""MULTI, EXEC, DISCARD: what is queued, what runs, what is refused."""

from __future__ import annotations

import time

import pytest
from conftest import Connect, StartServer
from support.client import Client
from support.resp import ReplyError, encode
from support.text import client_fields, client_lines, info_fields
from support.wait import wait_for

_ABORTED = "EXECABORT Transaction discarded because of previous errors."


def _id(client: Client) -> int:
    return int(client.ok("CLIENT", "ID"))


def _line(client: Client, ident: int) -> dict[str, str]:
    return client_lines(client.ok("CLIENT", "LIST", "ID", ident))[0]


def _stats(client: Client) -> dict[str, str]:
    return info_fields(client.ok("INFO", "commandstats"))


# Queueing


def test_commands_are_queued_and_run_with_exec(c: Client, connect: Connect) -> None:
    other = connect()
    assert c.raw("MULTI") == b"+OK\r\n"
    assert c.raw("SET", "a", "1") == b"+QUEUED\r\n"
    assert c.raw("INCR", "a") == b"+QUEUED\r\n"
    assert other.call("GET", "a") is None
    assert c.raw("EXEC") == b"*2\r\n+OK\r\n:2\r\n"
    assert other.call("GET", "a") == b"2"


def test_an_empty_transaction(c: Client) -> None:
    assert c.pipeline([("MULTI",), ("EXEC",), ("MULTI",), ("DISCARD",)]) == ["OK", [], "OK", "OK"]


def test_a_pipeline_with_transactions_and_other_commands(c: Client) -> None:
    replies = c.pipeline(
        [
            *(("SET", "a", "0"), ("MULTI",), ("INCR", "a"), ("GET", "a"), ("EXEC",), ("GET", "a")),
            *(("MULTI",), ("INCR", "a"), ("DISCARD",), ("GET", "a")),
        ]
    )
    assert replies == [
        *("OK", "OK", "QUEUED", "QUEUED", [1, b"1"], b"1"),
        *("OK", "QUEUED", "OK", b"1"),
    ]


def test_in_pieces_of_one_byte(c: Client) -> None:
    data = b"".join(
        encode(*args)
        for args in (("MULTI",), ("SET", "a", "x" * 50), ("GET", "a"), ("PING",), ("EXEC",))
    )
    c.send_pieces(data, range(1, len(data)))
    assert [c.read() for _ in range(5)] == ["OK", *["QUEUED"] * 3, ["OK", b"x" * 50, "PONG"]]


def test_inline_commands_are_queued_too(c: Client) -> None:
    assert c.inline(b"multi\r\n") == b"+OK\r\n"
    assert c.inline(b"set a 'x y'\r\n") == b"+QUEUED\r\n"
    assert c.inline(b"get a\r\n") == b"+QUEUED\r\n"
    assert c.inline(b"exec\r\n") == b"*2\r\n+OK\r\n$3\r\nx y\r\n"


@pytest.mark.parametrize("size", [10, 20_000, 40_000, 1_000_000, 5_000_000])
def test_values_of_any_size_are_queued(c: Client, size: int) -> None:
    value = bytes(range(256)) * (size // 256 + 1)
    assert c.call("MULTI") == "OK"
    for key in ("a", "b"):
        assert c.call("SET", key, value) == "QUEUED"
    assert c.call("MSET", "c", value, "d", value[:-1]) == "QUEUED"
    assert c.call("EXEC") == ["OK", "OK", "OK"]
    assert c.call("MGET", "a", "b", "c", "d") == [value, value, value, value[:-1]]
    assert c.call("APPEND", "a", "x") == len(value) + 1
    assert c.call("GET", "b") == value


def test_many_commands(c: Client) -> None:
    commands = [("INCRBY", f"k{i % 7}", i) for i in range(20_000)]
    replies = c.pipeline([("MULTI",), *commands, ("EXEC",)])
    assert replies[1:-1] == ["QUEUED"] * len(commands)
    assert len(replies[-1]) == len(commands)
    assert replies[-1][-7:] == [int(c.ok("GET", f"k{i % 7}")) for i in range(19_993, 20_000)]


def test_two_transactions_do_not_meet(c: Client, connect: Connect) -> None:
    other = connect()
    for client, name in ((c, "one"), (other, "two")):
        client.ok("MULTI")
        client.ok("SET", "a", name)
    c.ok("GET", "a")
    other.ok("GET", "a")
    assert other.call("EXEC") == ["OK", b"two"]
    assert c.call("EXEC") == ["OK", b"one"]


# Refusals


def test_out_of_place(c: Client) -> None:
    assert c.err("EXEC") == "ERR EXEC without MULTI"
    assert c.err("DISCARD") == "ERR DISCARD without MULTI"
    assert c.call("UNWATCH") == "OK"
    c.ok("MULTI")
    assert c.err("MULTI") == "ERR MULTI calls can not be nested"
    assert c.err("WATCH", "a") == "ERR WATCH inside MULTI is not allowed"
    assert c.call("EXEC") == []


@pytest.mark.parametrize(
    "command",
    [
        *(("NOSUCH",), ("GET",), ("CLIENT", "NOSUCH"), ("CLIENT",), ("SET", "a"), ("MULTI", "x")),
        *(("WATCH",), ("DISCARD", "x"), ("SHUTDOWN",)),
    ],
)
def test_a_refused_command_refuses_the_whole(c: Client, command: tuple[str, ...]) -> None:
    c.ok("MULTI")
    c.ok("SET", "a", "1")
    assert isinstance(c.call(*command), ReplyError)
    assert c.call("SET", "a", "2") == "QUEUED"
    assert c.err("EXEC") == _ABORTED
    assert c.call("GET", "a") is None
    c.ok("MULTI")
    assert c.call("EXEC") == []


def test_discard_forgets_a_refusal(c: Client) -> None:
    c.ok("MULTI")
    c.call("NOSUCH")
    assert c.call("DISCARD") == "OK"
    assert c.call("SET", "a", "1") == "OK"


def test_an_exec_that_is_refused_itself(c: Client) -> None:
    why = "EXECABORT Transaction discarded because of: wrong number of arguments for 'exec' command"
    assert c.err("EXEC", "x") == why
    c.ok("MULTI")
    c.ok("SET", "a", "1")
    assert c.err("EXEC", "x") == why
    assert c.call("GET", "a") is None


def test_a_password_that_comes_in_between(start_server: StartServer, connect: Connect) -> None:
    server = start_server()
    c, other = connect(server), connect(server)
    c.ok("MULTI")
    c.ok("SET", "a", "1")
    other.ok("CONFIG", "SET", "requirepass", "secret")
    assert c.call("EXEC") == ["OK"]  # who is inside stays
    late = connect(server)
    assert late.err("MULTI") == "NOAUTH Authentication required."
    assert late.err("EXEC") == (
        "EXECABORT Transaction discarded because of: NOAUTH Authentication required."
    )


# What EXEC does


def test_errors_inside_do_not_stop_it(c: Client) -> None:
    c.ok("SET", "a", "text")
    c.ok("MULTI")
    for command in (("INCR", "a"), ("SET", "b", "1"), ("SETRANGE", "b", "-1", "x"), ("GET", "b")):
        c.ok(*command)
    replies = c.call("EXEC")
    assert replies[0].text == "ERR value is not an integer or out of range"
    assert replies[1] == "OK"
    assert replies[2].text == "ERR offset is out of range"
    assert replies[3] == b"1"


def test_select_inside_counts_inside_and_behind(c: Client) -> None:
    c.ok("MULTI")
    for command in (("SET", "a", "0"), ("SELECT", 3), ("SET", "a", "3"), ("GET", "a")):
        c.ok(*command)
    assert c.call("EXEC") == ["OK", "OK", "OK", b"3"]
    assert c.call("GET", "a") == b"3"
    c.ok("SELECT", 0)
    assert c.call("GET", "a") == b"0"


def test_time_stands_still(c: Client) -> None:
    c.ok("MULTI")
    c.ok("SET", "a", "1", "PX", 20)
    for _ in range(3):
        c.ok("PTTL", "a")
    assert c.call("EXEC") == ["OK", 20, 20, 20]


def test_protocol_switches_in_the_middle(c: Client) -> None:
    c.ok("MULTI")
    for command in (("GET", "none"), ("HELLO", 3), ("GET", "none")):
        c.ok(*command)
    raw = c.raw("EXEC")
    assert raw.startswith(b"*3\r\n$-1\r\n%")
    assert raw.endswith(b"_\r\n")


def test_client_reply_inside(c: Client) -> None:
    c.ok("MULTI")
    for command in (("PING",), ("CLIENT", "REPLY", "OFF"), ("PING",)):
        c.ok(*command)
    c.send("EXEC")
    c.send("PING")
    c.send("CLIENT", "REPLY", "ON")
    data = b""
    while not data.endswith(b"+OK\r\n"):
        data += c.sock.recv(1000)
    assert data == b"*3\r\n+PONG\r\n+OK\r\n"


def test_client_reply_skip_inside_means_what_comes_behind_exec(c: Client) -> None:
    c.ok("MULTI")
    c.ok("CLIENT", "REPLY", "SKIP")
    c.ok("PING")
    c.send("EXEC")
    c.send("ECHO", "skipped")
    c.send("ECHO", "seen")
    data = b""
    while not data.endswith(b"seen\r\n"):
        data += c.sock.recv(1000)
    assert data == b"*2\r\n+PONG\r\n$4\r\nseen\r\n"


def test_each_command_is_counted(start_server: StartServer, connect: Connect) -> None:
    c = connect(start_server())
    c.ok("SET", "a", "text")
    c.ok("CONFIG", "RESETSTAT")
    for command in (("MULTI",), ("GET", "a"), ("INCR", "a"), ("EXEC",), ("EXEC",), ("MULTI",)):
        c.call(*command)
    c.call("GET")
    c.call("EXEC")
    stats = _stats(c)
    assert "calls=1," in stats["cmdstat_get"] and "rejected_calls=1," in stats["cmdstat_get"]
    assert stats["cmdstat_incr"].endswith("failed_calls=1")
    assert "calls=3," in stats["cmdstat_exec"] and stats["cmdstat_exec"].endswith("failed_calls=2")
    assert "calls=2," in stats["cmdstat_multi"]
    errors = info_fields(c.ok("INFO", "errorstats"))
    assert errors == {"errorstat_ERR": "count=3", "errorstat_EXECABORT": "count=1"}


def test_the_slow_log_has_the_commands_inside(start_server: StartServer, connect: Connect) -> None:
    c = connect(start_server({"slowlog-log-slower-than": 0}))
    c.ok("MULTI")
    c.ok("SET", "a", "1")
    c.ok("GET", "a")
    c.ok("SLOWLOG", "RESET")
    c.ok("EXEC")
    logged = [entry[3] for entry in c.ok("SLOWLOG", "GET", 10)]
    assert logged == [[b"SLOWLOG", b"RESET"]]  # the reset itself was the last of the transaction


# What a session shows, and its end


def test_client_list_shows_the_queue(c: Client, connect: Connect) -> None:
    other = connect()
    ident = _id(other)
    idle = _line(c, ident)
    assert (idle["multi"], idle["flags"], idle["multi-mem"]) == ("-1", "N", "0")
    other.ok("MULTI")
    other.ok("SET", "a", "x" * 5000)
    line = _line(c, ident)
    assert (line["multi"], line["flags"], line["cmd"]) == ("1", "x", "set")
    assert int(line["multi-mem"]) > 5000
    assert int(line["tot-mem"]) > int(idle["tot-mem"]) + 5000
    assert other.call("DISCARD") == "OK"
    line = _line(c, ident)
    assert (line["multi"], line["flags"], line["multi-mem"]) == ("-1", "N", "0")


def test_client_info_inside_its_own_transaction(c: Client) -> None:
    c.ok("MULTI")
    c.ok("CLIENT", "INFO")
    fields = client_fields(c.call("EXEC")[0])
    assert (fields["multi"], fields["flags"], fields["cmd"]) == ("1", "x", "exec")


def test_reset_and_quit_do_not_wait(c: Client, connect: Connect) -> None:
    c.ok("MULTI")
    c.ok("SET", "a", "1")
    assert c.call("RESET") == "RESET"
    assert c.call("GET", "a") is None
    c.ok("MULTI")
    c.ok("SET", "a", "1")
    assert c.raw("QUIT") == b"+OK\r\n"
    assert c.read_to_end() == b""
    assert connect().call("GET", "a") is None


def test_a_connection_that_breaks_leaves_nothing(c: Client, connect: Connect) -> None:
    other = connect()
    other.ok("MULTI")
    other.ok("SET", "a", "1")
    other.close()
    wait_for("one client", lambda: len(client_lines(c.ok("CLIENT", "LIST"))) == 1)
    assert c.call("GET", "a") is None


def test_a_client_may_kill_itself_inside(c: Client, connect: Connect) -> None:
    other = connect()
    ident = _id(other)
    other.ok("MULTI")
    other.ok("CLIENT", "KILL", "ID", ident, "SKIPME", "no")
    other.ok("SET", "a", "1")
    other.send("EXEC")
    assert other.read_to_end() == b"*2\r\n:1\r\n"  # all of it runs, but what comes last is not told
    assert c.call("GET", "a") == b"1"


@pytest.mark.beyond_oracle
def test_the_queue_counts_as_query_buffer(start_server: StartServer, connect: Connect) -> None:
    server = start_server({"client-query-buffer-limit": "1mb"})
    c, other = connect(server), connect(server)
    c.ok("MULTI")
    for _ in range(10):
        assert c.call("SET", "a", "x" * 100_000) == "QUEUED"
    try:
        c.send_raw(encode("SET", "a", "x" * 100_000))
    except OSError:
        pass
    assert c.read_to_end() == b""
    server.wait_for_log("Closing client that reached max query buffer length")
    assert other.call("GET", "a") is None


def test_what_cannot_run_any_more_costs_no_memory(c: Client, connect: Connect) -> None:
    other = connect()
    ident = _id(other)
    other.ok("MULTI")
    other.call("NOSUCH")
    for _ in range(10):
        assert other.call("SET", "a", "x" * 10_000) == "QUEUED"
    assert int(_line(c, ident)["multi-mem"]) < 10_000
    assert _line(c, ident)["multi"] == "0"


# CLIENT PAUSE


def test_an_exec_with_a_write_waits_for_the_end_of_a_pause(c: Client, connect: Connect) -> None:
    writer, reader = connect(), connect()
    for client, command in ((writer, ("SET", "a", "1")), (reader, ("GET", "a"))):
        client.ok("MULTI")
        client.ok(*command)
    c.ok("CLIENT", "PAUSE", 100_000, "WRITE")
    assert reader.call("EXEC") == [None]
    writer.send("EXEC")
    writer.send("PING")
    wait_for(
        "the writer to wait",
        lambda: info_fields(c.ok("INFO", "clients"))["blocked_clients"] == "1",
    )
    assert reader.call("GET", "a") is None
    c.ok("CLIENT", "UNPAUSE")
    assert [writer.read(), writer.read()] == [["OK"], "PONG"]
    assert reader.call("GET", "a") == b"1"


def test_a_write_waits_before_it_is_queued(c: Client, connect: Connect) -> None:
    other = connect()
    ident = _id(other)
    other.ok("MULTI")
    c.ok("CLIENT", "PAUSE", 100_000, "WRITE")
    assert other.call("GET", "a") == "QUEUED"
    other.send("SET", "a", "1")
    wait_for("it to wait", lambda: "b" in _line(c, ident)["flags"])
    assert _line(c, ident)["multi"] == "1"
    c.ok("CLIENT", "UNPAUSE")
    assert other.read() == "QUEUED"
    assert other.call("EXEC") == [None, "OK"]


def test_a_pause_that_begins_inside_lets_the_rest_run(c: Client, connect: Connect) -> None:
    c.ok("MULTI")
    for command in (("CLIENT", "PAUSE", 100_000, "ALL"), ("SET", "a", "1"), ("CLIENT", "UNPAUSE")):
        c.ok(*command)
    started = time.monotonic()
    assert c.call("EXEC") == ["OK", "OK", "OK"]
    assert time.monotonic() - started < 50
