"""CLIENT: who is connected, under which name, and their end."""

from __future__ import annotations

import socket
import time

import pytest
from conftest import Connect, StartServer
from support.client import Client
from support.resp import encode
from support.server import Server
from support.text import client_fields, client_lines, info_fields
from support.wait import wait_for

_BAD_NAME = "ERR Client names cannot contain spaces, newlines or special characters."


def _id(client: Client) -> int:
    return int(client.ok("CLIENT", "ID"))


def _address(client: Client) -> str:
    host, port = client.sock.getsockname()
    return f"{host}:{port}"


# Identity


def test_ids_rise_and_are_never_reused(connect: Connect) -> None:
    ids = []
    for _ in range(5):
        client = connect()
        ids.append(_id(client))
        client.close()
    assert ids == sorted(set(ids))


def test_name_is_null_until_it_is_set(c: Client) -> None:
    assert c.raw("CLIENT", "GETNAME") == b"$-1\r\n"
    assert c.call("CLIENT", "SETNAME", "me") == "OK"
    assert c.call("CLIENT", "GETNAME") == b"me"
    assert c.call("CLIENT", "SETNAME", "") == "OK"
    assert c.call("CLIENT", "GETNAME") is None


@pytest.mark.parametrize("name", [b"a b", b"a\n", b"a\r", b"\x00", b"\x1f", b"\x7f", b"\xc3\xa9"])
def test_name_with_special_characters_is_refused(c: Client, name: bytes) -> None:
    assert c.err("CLIENT", "SETNAME", name) == _BAD_NAME


def test_info_is_the_own_line_of_the_list(c: Client) -> None:
    c.ok("CLIENT", "SETNAME", "me")
    c.ok("SELECT", 3)
    fields = client_fields(c.ok("CLIENT", "INFO"))
    assert fields["id"] == str(_id(c))
    assert fields["addr"] == _address(c)
    assert (fields["name"], fields["db"], fields["flags"]) == ("me", "3", "N")
    assert (fields["cmd"], fields["user"], fields["resp"]) == ("client|info", "default", "2")
    assert (fields["sub"], fields["psub"], fields["multi"], fields["events"]) == ("0", "0", "-1", "r")


def test_line_has_every_field_that_tools_read(c: Client) -> None:
    fields = list(client_fields(c.ok("CLIENT", "INFO")))
    in_order = [
        *("id", "addr", "laddr", "fd", "name", "age", "idle", "flags", "db", "sub", "psub", "ssub"),
        *("multi", "qbuf", "qbuf-free", "argv-mem", "multi-mem", "rbs", "rbp", "obl", "oll", "omem"),
        *("tot-mem", "events", "cmd", "user", "redir", "resp"),
    ]
    assert [field for field in fields if field in in_order] == in_order


def test_info_shows_the_protocol(c3: Client) -> None:
    assert client_fields(c3.ok("CLIENT", "INFO"))["resp"] == "3"


def test_idle_and_last_command_are_shown(c: Client, connect: Connect) -> None:
    other = connect()
    other.ok("SET", "a", "b")
    fields = client_lines(c.ok("CLIENT", "LIST", "ID", _id(c), _id(other)))[1]
    assert fields["cmd"] == "client|id"
    assert int(fields["idle"]) < 30 and int(fields["age"]) < 30


def test_line_of_a_client_that_has_sent_nothing(c: Client, connect: Connect) -> None:
    other = connect()
    lines = wait_for("the other one", lambda: _with_address(c, _address(other)))
    assert lines[0]["cmd"] == "NULL"


def _with_address(c: Client, address: str) -> list[dict[str, str]]:
    return [line for line in client_lines(c.ok("CLIENT", "LIST")) if line["addr"] == address]


def test_half_a_request_is_shown_as_query_buffer(c: Client, connect: Connect) -> None:
    other = connect()
    ident = _id(other)
    other.send_raw(b"*2\r\n$4\r\nECHO\r\n$1000\r\n" + b"x" * 500)

    def held() -> bool:
        line = client_lines(c.ok("CLIENT", "LIST", "ID", ident))[0]
        return int(line["qbuf"]) >= 500

    wait_for("the half request in the list", held)


# LIST


def test_list_has_every_client_in_order_of_connection(c: Client, connect: Connect) -> None:
    others = [connect() for _ in range(3)]
    ids = [_id(client) for client in (c, *others)]
    listed = [int(line["id"]) for line in client_lines(c.ok("CLIENT", "LIST"))]
    assert [i for i in listed if i in ids] == ids


def test_list_by_ids_is_in_the_order_asked(c: Client, connect: Connect) -> None:
    other = connect()
    ids = [_id(other), 999_999_999, _id(c)]
    lines = client_lines(c.ok("CLIENT", "LIST", "ID", *ids))
    assert [int(line["id"]) for line in lines] == [ids[0], ids[2]]
    assert c.ok("CLIENT", "LIST", "ID", 999_999_999) == b""


def test_list_by_type(c: Client) -> None:
    ids = [line["id"] for line in client_lines(c.ok("CLIENT", "LIST", "TYPE", "normal"))]
    assert str(_id(c)) in ids
    assert c.ok("CLIENT", "LIST", "TYPE", "pubsub") == b""
    assert c.ok("CLIENT", "LIST", "TYPE", "replica") == b""


def test_list_refuses_wrong_filters(c: Client) -> None:
    assert c.err("CLIENT", "LIST", "TYPE", "foo") == "ERR Unknown client type 'foo'"
    assert c.err("CLIENT", "LIST", "ID") == "ERR syntax error"
    assert c.err("CLIENT", "LIST", "ID", "abc") == "ERR Invalid client ID"
    assert c.err("CLIENT", "LIST", "FOO") == "ERR syntax error"


# KILL


def test_kill_by_id(c: Client, connect: Connect) -> None:
    victim = connect()
    assert c.call("CLIENT", "KILL", "ID", _id(victim)) == 1
    assert victim.read_to_end() == b""
    assert c.call("CLIENT", "KILL", "ID", 999_999_999) == 0


def test_kill_by_addresses(c: Client, connect: Connect, server: Server) -> None:
    victims = [connect() for _ in range(3)]
    for victim in victims:
        victim.ok("PING")
    assert c.call("CLIENT", "KILL", _address(victims[0])) == "OK"
    assert c.call("CLIENT", "KILL", "ADDR", _address(victims[1])) == 1
    laddr = f"127.0.0.1:{server.port}"
    assert c.call("CLIENT", "KILL", "LADDR", laddr, "ID", _id(victims[2])) == 1
    for victim in victims:
        assert victim.read_to_end() == b""


def test_kill_by_type_and_user_spares_the_caller(start_server: StartServer, connect: Connect) -> None:
    server = start_server()
    c, *victims = [connect(server) for _ in range(4)]
    for victim in victims:
        victim.ok("PING")
    assert c.call("CLIENT", "KILL", "TYPE", "normal", "USER", "default") == 3
    for victim in victims:
        assert victim.read_to_end() == b""
    assert c.call("PING") == "PONG"


def test_kill_with_skipme_no_ends_the_caller_after_the_reply(
    start_server: StartServer, connect: Connect
) -> None:
    server = start_server()
    c, other = connect(server), connect(server)
    other.ok("PING")
    c.send_raw(encode("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "no") + encode("PING"))
    assert c.read_to_end() == b":2\r\n"
    assert other.read_to_end() == b""


def test_kill_of_oneself_by_address_is_answered_first(c: Client) -> None:
    c.send("CLIENT", "KILL", _address(c))
    assert c.read_to_end() == b"+OK\r\n"


def test_kill_filters_must_all_match(c: Client, connect: Connect) -> None:
    other = connect()
    ident = _id(other)
    assert c.call("CLIENT", "KILL", "ID", ident, "TYPE", "pubsub") == 0
    assert c.call("CLIENT", "KILL", "ID", ident, "ADDR", "1.2.3.4:5") == 0
    assert other.call("PING") == "PONG"


def test_kill_refuses_wrong_filters(c: Client) -> None:
    for args, error in (
        (("1.2.3.4:5",), "ERR No such client"),
        (("ID", "0"), "ERR client-id should be greater than 0"),
        (("ID", "abc"), "ERR client-id should be greater than 0"),
        (("TYPE", "foo"), "ERR Unknown client type 'foo'"),
        (("USER", "nobody"), "ERR No such user 'nobody'"),
        (("FOO", "x"), "ERR syntax error"),
        (("ID", "9", "SKIPME", "maybe"), "ERR syntax error"),
        (("ID", "9", "ADDR"), "ERR syntax error"),
        ((), "ERR wrong number of arguments for 'client|kill' command"),
    ):
        assert c.err("CLIENT", "KILL", *args) == error


def test_killed_client_with_replies_and_requests_on_the_way(
    start_server: StartServer, connect: Connect
) -> None:
    """A client that does not read, has megabytes of replies to come and half a request in."""
    server = start_server()
    c, victim = connect(server), connect(server)
    ident = _id(victim)
    c.ok("SET", "big", b"x" * 1_000_000)
    victim.send_raw(encode("GET", "big") * 50 + b"*2\r\n$4\r\nECHO\r\n$100000\r\nhalf")
    wait_for("replies to pile up", lambda: _output_bytes(c, ident) > 10_000_000)
    assert c.call("CLIENT", "KILL", "ID", ident) == 1
    victim.read_to_end()
    wait_for("the victim to be gone", lambda: c.ok("CLIENT", "LIST", "ID", ident) == b"")


def _output_bytes(c: Client, ident: int) -> int:
    lines = client_lines(c.ok("CLIENT", "LIST", "ID", ident))
    return int(lines[0]["omem"]) if lines else 0


def test_kill_of_many_in_one_pipeline(c: Client, connect: Connect) -> None:
    victims = [connect() for _ in range(30)]
    ids = [_id(victim) for victim in victims]
    assert c.pipeline([("CLIENT", "KILL", "ID", ident) for ident in ids]) == [1] * 30
    for victim in victims:
        assert victim.read_to_end() == b""


@pytest.mark.beyond_oracle
def test_kill_by_age(c: Client, connect: Connect) -> None:
    young = connect()
    young.ok("PING")
    assert c.call("CLIENT", "KILL", "MAXAGE", 1_000_000) == 0
    assert young.call("PING") == "PONG"


# PAUSE


def _blocked(c: Client) -> int:
    return int(info_fields(c.ok("INFO", "clients"))["blocked_clients"])


def test_pause_of_writes_lets_reads_pass(start_server: StartServer, connect: Connect) -> None:
    server = start_server()
    c, writer, reader = (connect(server) for _ in range(3))
    c.ok("SET", "a", "old")
    assert c.call("CLIENT", "PAUSE", 100_000, "WRITE") == "OK"
    writer.send("SET", "a", "new")
    wait_for("the writer to wait", lambda: _blocked(c) == 1)
    assert reader.call("GET", "a") == b"old"
    assert c.call("CLIENT", "UNPAUSE") == "OK"
    assert writer.read() == "OK"
    assert reader.call("GET", "a") == b"new"


def test_paused_pipelines_go_on_in_order(start_server: StartServer, connect: Connect) -> None:
    server = start_server()
    c, writer = connect(server), connect(server)
    c.ok("CLIENT", "PAUSE", 100_000, "WRITE")
    writer.send_raw(b"".join(encode("INCR", "n") for _ in range(100)) + encode("GET", "n"))
    wait_for("the writer to wait", lambda: _blocked(c) == 1)
    c.ok("CLIENT", "UNPAUSE")
    assert [writer.read() for _ in range(101)] == [*range(1, 101), b"100"]


def test_pause_of_all_ends_by_itself(start_server: StartServer, connect: Connect) -> None:
    server = start_server()
    c, other = connect(server), connect(server)
    other.ok("PING")
    begun = time.monotonic()
    assert c.call("CLIENT", "PAUSE", 300) == "OK"
    assert other.call("PING") == "PONG"
    assert time.monotonic() - begun > 0.25


def test_paused_client_can_be_killed(start_server: StartServer, connect: Connect) -> None:
    server = start_server()
    c, writer = connect(server), connect(server)
    ident = _id(writer)
    c.ok("CLIENT", "PAUSE", 100_000, "WRITE")
    writer.send_raw(encode("SET", "a", "1") * 10)
    wait_for("the writer to wait", lambda: _blocked(c) == 1)
    assert c.call("CLIENT", "KILL", "ID", ident) == 1
    assert writer.read_to_end() == b""
    c.ok("CLIENT", "UNPAUSE")
    assert c.call("EXISTS", "a") == 0


def test_paused_client_may_go_away(start_server: StartServer, connect: Connect) -> None:
    server = start_server()
    c, writer = connect(server), connect(server)
    c.ok("CLIENT", "PAUSE", 100_000, "WRITE")
    writer.send("SET", "a", "1")
    wait_for("the writer to wait", lambda: _blocked(c) == 1)
    writer.reset()
    wait_for("the writer to be gone", lambda: _blocked(c) == 0)
    c.ok("CLIENT", "UNPAUSE")
    assert c.call("PING") == "PONG"


def test_pause_of_no_time_pauses_nobody(c: Client, connect: Connect) -> None:
    """Seen by a client that half-closes: while it is paused, that ends it without replies."""
    for _ in range(20):
        c.ok("CLIENT", "PAUSE", 0)
        other = connect()
        for request in (encode("PING"), encode("ECHO", "a"), encode("ECHO", "b")):
            other.send_raw(request)
        other.sock.shutdown(socket.SHUT_WR)
        assert other.read_to_end() == b"+PONG\r\n$1\r\na\r\n$1\r\nb\r\n"


def test_pause_refuses_wrong_times(c: Client) -> None:
    assert c.err("CLIENT", "PAUSE", "abc") == "ERR timeout is not an integer or out of range"
    assert c.err("CLIENT", "PAUSE", "-1") == "ERR timeout is negative"
    assert c.err("CLIENT", "PAUSE", "1", "FOO") == "ERR CLIENT PAUSE mode must be WRITE or ALL"


# UNBLOCK


def test_unblock_of_a_client_that_is_not_blocked(c: Client, connect: Connect) -> None:
    assert c.call("CLIENT", "UNBLOCK", _id(connect())) == 0
    assert c.call("CLIENT", "UNBLOCK", 999_999_999) == 0


def test_unblock_refuses_wrong_arguments(c: Client) -> None:
    assert c.err("CLIENT", "UNBLOCK", "abc") == "ERR value is not an integer or out of range"
    assert c.err("CLIENT", "UNBLOCK", "9", "FOO") == (
        "ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR"
    )


@pytest.mark.needs("blpop")
def test_unblock_with_timeout_and_with_error(c: Client, connect: Connect) -> None:
    blocked = connect()
    ident = _id(blocked)
    for how, answer in (("TIMEOUT", b"*-1\r\n"), ("ERROR", b"-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n")):
        blocked.send("BLPOP", "nothing", 0)
        wait_for("the client to block", lambda: _blocked(c) == 1)
        assert c.call("CLIENT", "UNBLOCK", ident, how) == 1
        assert blocked.read_raw() == answer


# Switches


def test_no_evict(c: Client) -> None:
    assert c.call("CLIENT", "NO-EVICT", "ON") == "OK"
    assert "e" in client_fields(c.ok("CLIENT", "INFO"))["flags"]
    assert c.call("CLIENT", "NO-EVICT", "off") == "OK"
    assert client_fields(c.ok("CLIENT", "INFO"))["flags"] == "N"
    assert c.err("CLIENT", "NO-EVICT", "FOO") == "ERR syntax error"


@pytest.mark.beyond_oracle
def test_no_touch_leaves_the_idle_time(c: Client) -> None:
    c.ok("SET", "a", "1")
    assert c.call("CLIENT", "NO-TOUCH", "ON") == "OK"
    wait_for("the key to be idle", lambda: c.ok("OBJECT", "IDLETIME", "a") >= 1)
    c.ok("GET", "a")
    assert c.ok("OBJECT", "IDLETIME", "a") >= 1
    assert c.call("CLIENT", "NO-TOUCH", "OFF") == "OK"
    c.ok("GET", "a")
    assert c.ok("OBJECT", "IDLETIME", "a") == 0
    assert c.err("CLIENT", "NO-TOUCH", "FOO") == "ERR syntax error"


@pytest.mark.beyond_oracle
def test_setinfo_is_shown(c: Client) -> None:
    assert c.call("CLIENT", "SETINFO", "lib-name", "mylib") == "OK"
    assert c.call("CLIENT", "SETINFO", "LIB-VER", "1.2.3") == "OK"
    fields = client_fields(c.ok("CLIENT", "INFO"))
    assert (fields["lib-name"], fields["lib-ver"]) == ("mylib", "1.2.3")


@pytest.mark.beyond_oracle
def test_setinfo_refuses_spaces_and_unknown_attributes(c: Client) -> None:
    assert c.err("CLIENT", "SETINFO", "lib-name", "a b") == (
        "ERR lib-name cannot contain spaces, newlines or special characters."
    )
    assert c.err("CLIENT", "SETINFO", "foo", "a").startswith("ERR Unrecognized option 'foo'")


def test_unknown_subcommands(c: Client) -> None:
    assert c.err("CLIENT", "FOO") == "ERR unknown subcommand 'FOO'. Try CLIENT HELP."
    assert c.err("CLIENT") == "ERR wrong number of arguments for 'client' command"
    assert c.err("CLIENT", "ID", "x") == "ERR wrong number of arguments for 'client|id' command"
