"""SHUTDOWN and signals: the server ends cleanly, with status 0."""

from __future__ import annotations

import signal

import pytest
from conftest import Connect, StartServer
from support.resp import encode


@pytest.mark.parametrize("how", [(), ("NOSAVE",), ("nosave", "now"), ("FORCE",), ("NOW", "FORCE")])
def test_shutdown_ends_the_server_without_a_reply(
    start_server: StartServer, connect: Connect, how: tuple[str, ...]
) -> None:
    server = start_server()
    c = connect(server)
    c.send("SHUTDOWN", *how)
    assert c.read_to_end() == b""
    assert server.wait_exit() == 0
    assert "ready to exit, bye bye" in server.log


def test_shutdown_closes_the_other_clients(start_server: StartServer, connect: Connect) -> None:
    server = start_server()
    clients = [connect(server) for _ in range(20)]
    for client in clients:
        client.ok("PING")
    clients[0].send("SHUTDOWN", "NOSAVE")
    for client in clients:
        assert client.read_to_end() == b""
    server.wait_exit()


def test_replies_before_shutdown_in_a_pipeline_may_come(
    start_server: StartServer, connect: Connect
) -> None:
    server = start_server()
    c = connect(server)
    c.send_raw(encode("SET", "a", "1") + encode("SHUTDOWN", "NOSAVE") + encode("GET", "a"))
    assert c.read_to_end() in (b"", b"+OK\r\n")
    server.wait_exit()


def test_shutdown_refuses_wrong_options(start_server: StartServer, connect: Connect) -> None:
    c = connect(start_server())
    assert c.err("SHUTDOWN", "FOO") == "ERR syntax error"
    assert c.err("SHUTDOWN", "NOSAVE", "SAVE") == "ERR syntax error"
    assert c.err("SHUTDOWN", "ABORT") == "ERR No shutdown in progress."
    assert c.err("SHUTDOWN", "ABORT", "NOSAVE") == "ERR syntax error"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_ends_the_server(
    start_server: StartServer, connect: Connect, number: signal.Signals
) -> None:
    server = start_server()
    c = connect(server)
    c.ok("PING")
    server.process.send_signal(number)
    assert c.read_to_end() == b""
    assert server.wait_exit() == 0
    assert "ready to exit, bye bye" in server.log


def test_signal_with_clients_in_every_state(start_server: StartServer, connect: Connect) -> None:
    """Idle, half a request in, megabytes of replies out, paused."""
    server = start_server()
    c = connect(server)
    c.ok("SET", "big", b"x" * 1_000_000)
    idle, half, slow, paused = (connect(server) for _ in range(4))
    idle.ok("PING")
    half.send_raw(b"*2\r\n$4\r\nECHO\r\n$100000\r\nhalf")
    slow.send_raw(encode("GET", "big") * 20)
    c.ok("CLIENT", "PAUSE", 100_000, "WRITE")
    paused.send("SET", "a", "1")
    server.stop()


def test_hangup_is_survived(start_server: StartServer, connect: Connect) -> None:
    server = start_server()
    c = connect(server)
    server.process.send_signal(signal.SIGHUP)
    server.process.send_signal(signal.SIGPIPE)
    assert c.call("PING") == "PONG"


def test_port_is_free_again_after_the_end(start_server: StartServer, connect: Connect) -> None:
    first = start_server()
    c = connect(first)
    c.ok("PING")
    first.stop()
    second = start_server(port=first.port)
    assert connect(second).call("PING") == "PONG"
