"""What a client may take: a place among the others, time, memory for requests and for replies."""

from __future__ import annotations

import socket

import pytest
from conftest import Connect, StartServer
from support.client import Client
from support.resp import encode
from support.server import Server
from support.text import client_lines, info_fields
from support.wait import wait_for

_FULL = b"-ERR max number of clients reached\r\n"

# maxclients


def test_one_client_too_many_is_told_and_closed(start_server: StartServer, connect: Connect) -> None:
    server = start_server({"maxclients": 3})
    clients = [connect(server) for _ in range(3)]
    for client in clients:
        client.ok("PING")
    for _ in range(5):
        assert connect(server).read_to_end() == _FULL
    assert info_fields(clients[0].ok("INFO", "stats"))["rejected_connections"] == "5"
    for client in clients:
        assert client.call("PING") == "PONG"


def test_place_is_free_again_when_a_client_leaves(start_server: StartServer, connect: Connect) -> None:
    server = start_server({"maxclients": 2})
    first, second = connect(server), connect(server)
    first.ok("PING")
    second.ok("PING")
    second.close()

    def a_place() -> bool:
        with server.connect() as c:
            c.send("PING")
            return c.read_raw() == b"+PONG\r\n"

    wait_for("a free place", a_place)


def test_maxclients_can_be_changed(start_server: StartServer, connect: Connect) -> None:
    server = start_server({"maxclients": 5})
    clients = [connect(server) for _ in range(4)]
    for client in clients:
        client.ok("PING")
    assert clients[0].call("CONFIG", "SET", "maxclients", 4) == "OK"
    assert connect(server).read_to_end() == _FULL
    assert clients[0].call("CONFIG", "SET", "maxclients", 6) == "OK"
    assert connect(server).call("PING") == "PONG"
    assert info_fields(clients[0].ok("INFO", "clients"))["maxclients"] == "6"


# timeout


def test_idle_client_is_closed_and_a_busy_one_is_not(
    start_server: StartServer, connect: Connect
) -> None:
    server = start_server({"timeout": 1})
    idle, busy = connect(server), connect(server)
    idle.ok("PING")

    def idle_is_closed() -> bool:
        assert busy.call("PING") == "PONG"
        return idle.is_closed()

    wait_for("the idle client to be closed", idle_is_closed, poll_s=0.1)
    assert busy.call("PING") == "PONG"


def test_client_that_sends_nothing_is_closed(start_server: StartServer, connect: Connect) -> None:
    c = connect(start_server({"timeout": 1}))
    assert c.read_to_end() == b""


def test_half_a_request_does_not_keep_a_client(start_server: StartServer, connect: Connect) -> None:
    c = connect(start_server({"timeout": 1}))
    c.send_raw(b"*2\r\n$4\r\nECHO\r\n$10\r\nhalf")
    assert c.read_to_end() == b""


def test_without_timeout_clients_stay(c: Client) -> None:
    c.ok("PING")
    wait_for("a second to pass", lambda: int(client_lines(c.ok("CLIENT", "LIST"))[0]["age"]) >= 1)
    assert c.call("PING") == "PONG"


# Requests


def test_query_buffer_limit_closes(start_server: StartServer, connect: Connect) -> None:
    server = start_server({"client-query-buffer-limit": "1mb"})
    c, other = connect(server), connect(server)
    try:
        c.send_raw(b"*2\r\n$4\r\nECHO\r\n$30000000\r\n" + b"x" * 10_000_000)
    except OSError:
        pass
    assert c.read_to_end() == b""
    server.wait_for_log("Closing client that reached max query buffer length")
    assert other.call("ECHO", b"x" * 500_000) == b"x" * 500_000


def test_big_but_allowed_requests_pass_the_query_buffer_limit(
    start_server: StartServer, connect: Connect
) -> None:
    """Pipelines may be far bigger than the limit, as long as each request is not."""
    c = connect(start_server({"client-query-buffer-limit": "1mb"}))
    data = encode("ECHO", b"x" * 100_000) * 100
    c.send_raw(data)
    for _ in range(100):
        assert c.read() == b"x" * 100_000


def test_bulk_limit(start_server: StartServer, connect: Connect) -> None:
    server = start_server({"proto-max-bulk-len": "1mb"})
    c = connect(server)
    assert c.call("SET", "a", b"x" * 1048576) == "OK"
    c.send_raw(b"*2\r\n$4\r\nECHO\r\n$1048577\r\n")
    assert c.read_to_end() == b"-ERR Protocol error: invalid bulk length\r\n"
    c = connect(server)
    assert c.err("APPEND", "a", "x") == (
        "ERR string exceeds maximum allowed size (proto-max-bulk-len)"
    )
    assert c.call("STRLEN", "a") == 1048576


# Replies


def _slow_reader(server: Server) -> Client:
    """A client whose kernel buffer takes little, so that replies pile up in the server."""
    c = Client(server.address)
    c.close()
    c.sock = socket.socket()
    c.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    c.sock.settimeout(30)
    c.sock.connect(server.address)
    return c


def test_hard_limit_closes_a_client_that_does_not_read(
    start_server: StartServer, connect: Connect
) -> None:
    server = start_server({"client-output-buffer-limit": "normal 5mb 0 0"})
    c, slow = connect(server), _slow_reader(server)
    c.ok("SET", "big", b"x" * 1_000_000)
    slow.send_raw(encode("GET", "big") * 50)
    server.wait_for_log("overcoming of output buffer limits")
    assert len(slow.read_to_end()) < 50_000_000
    slow.close()
    assert c.call("PING") == "PONG"


def test_soft_limit_closes_after_its_seconds(start_server: StartServer, connect: Connect) -> None:
    server = start_server({"client-output-buffer-limit": "normal 0 1mb 1"})
    c, slow = connect(server), _slow_reader(server)
    c.ok("SET", "big", b"x" * 1_000_000)
    slow.send_raw(encode("GET", "big") * 20)

    def closed() -> bool:
        # The limit is looked at when replies are added, and now and then.
        return len(client_lines(c.ok("CLIENT", "LIST"))) == 1

    wait_for("the slow client to be closed", closed, poll_s=0.05)
    server.wait_for_log("overcoming of output buffer limits")
    slow.close()


def test_client_that_reads_may_get_more_than_the_limit(
    start_server: StartServer, connect: Connect
) -> None:
    c = connect(start_server({"client-output-buffer-limit": "normal 5mb 0 0"}))
    c.ok("SET", "big", b"x" * 1_000_000)
    for _ in range(30):
        assert c.call("GET", "big") == b"x" * 1_000_000


def test_without_limits_a_slow_reader_gets_everything(
    start_server: StartServer, connect: Connect
) -> None:
    server = start_server()
    c, slow = connect(server), _slow_reader(server)
    value = bytes(range(250)) * 4000
    c.ok("SET", "big", value)
    count = 30
    slow.send_raw(encode("GET", "big") * count)
    wait_for("replies to pile up", lambda: _waiting_bytes(c) > 20_000_000)
    for _ in range(count):
        assert slow.read() == value
    wait_for("the memory to be given back", lambda: _waiting_bytes(c) == 0)
    slow.close()


def _waiting_bytes(c: Client) -> int:
    return sum(int(line["omem"]) for line in client_lines(c.ok("CLIENT", "LIST")))


def test_memory_of_replies_is_given_back(start_server: StartServer, connect: Connect) -> None:
    server = start_server()
    c = connect(server)
    c.ok("SET", "big", b"x" * 1_000_000)

    def used() -> int:
        return int(info_fields(c.ok("INFO", "memory"))["used_memory"])

    before = used()
    for _ in range(5):
        slow = _slow_reader(server)
        slow.send_raw(encode("GET", "big") * 20)
        wait_for("replies to pile up", lambda: _waiting_bytes(c) > 5_000_000)
        slow.reset()
    wait_for("the memory to be given back", lambda: used() < before + 3_000_000)


@pytest.mark.parametrize("how", ["close", "reset"])
def test_client_that_leaves_with_replies_under_way(
    start_server: StartServer, connect: Connect, how: str
) -> None:
    server = start_server()
    c = connect(server)
    c.ok("SET", "big", b"x" * 5_000_000)
    for _ in range(10):
        leaver = connect(server)
        leaver.send_raw(encode("GET", "big") * 4)
        leaver.sock.recv(1000)
        getattr(leaver, how)()
    wait_for("them to be gone", lambda: len(client_lines(c.ok("CLIENT", "LIST"))) == 1)
