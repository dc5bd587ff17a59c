"""Where the server listens, and what it says when it cannot."""

from __future__ import annotations

import os
import socket
import stat
import threading
from pathlib import Path

import pytest
from conftest import Connect, StartServer, Subject
from support import netns
from support.ports import free_port
from support.server import Server
from support.text import client_fields, info_fields

_NOWHERE = "192.0.2.77"


def _has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
        return True
    except OSError:
        return False


needs_ipv6 = pytest.mark.skipif(not _has_ipv6(), reason="this machine has no IPv6 loopback")


def _failed_start(server: Server) -> str:
    """The log of a server that must not start; its exit status must be 1."""
    assert not server.wait_ready()
    server.wait_exit(expect_status=1)
    return server.log


# TCP


def test_several_addresses(start_server: StartServer, connect: Connect) -> None:
    server = start_server({"bind": ["127.0.0.1", "127.0.0.2", "127.0.0.3"]})
    for host in ("127.0.0.1", "127.0.0.2", "127.0.0.3"):
        fields = client_fields(connect(address=(host, server.port)).ok("CLIENT", "INFO"))
        assert fields["laddr"] == f"{host}:{server.port}"


def test_address_that_is_not_bound_is_closed(start_server: StartServer) -> None:
    server = start_server({"bind": "127.0.0.2"}, wait=False)
    assert server.wait_ready()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", server.port), timeout=5)


@needs_ipv6
def test_ipv6_addresses_are_shown_in_brackets(start_server: StartServer, connect: Connect) -> None:
    server = start_server({"bind": ["127.0.0.1", "::1"]})
    c = connect(address=("::1", server.port))
    fields = client_fields(c.ok("CLIENT", "INFO"))
    assert fields["laddr"] == f"[::1]:{server.port}"
    assert fields["addr"] == f"[::1]:{c.sock.getsockname()[1]}"
    assert c.call("CLIENT", "KILL", "ADDR", fields["addr"], "SKIPME", "no") == 1


def test_optional_address_may_be_missing(start_server: StartServer, connect: Connect) -> None:
    server = start_server({"bind": ["127.0.0.1", f"-{_NOWHERE}"]})
    assert connect(server).call("PING") == "PONG"
    assert f"Could not create server TCP listening socket {_NOWHERE}:{server.port}" in server.log


def test_missing_address_ends_the_start(start_server: StartServer) -> None:
    server = start_server({"bind": ["127.0.0.1", _NOWHERE]}, wait=False)
    log = _failed_start(server)
    assert f"Could not create server TCP listening socket {_NOWHERE}:{server.port}: bind:" in log
    assert f"Failed listening on port {server.port}" in log


def test_only_missing_optional_addresses_end_the_start(start_server: StartServer) -> None:
    log = _failed_start(start_server({"bind": f"-{_NOWHERE}"}, wait=False))
    assert "Configured to not listen anywhere, exiting." in log


def test_busy_port_ends_the_start(start_server: StartServer) -> None:
    first = start_server()
    log = _failed_start(start_server(port=first.port, wait=False))
    assert f"Could not create server TCP listening socket 127.0.0.1:{first.port}: bind:" in log
    assert f"Failed listening on port {first.port}" in log


def test_too_great_backlog_is_warned_of(start_server: StartServer) -> None:
    limit = int(Path("/proc/sys/net/core/somaxconn").read_text())
    server = start_server({"tcp-backlog": limit + 1000})
    server.wait_for_log(
        f"WARNING: The TCP backlog setting of {limit + 1000} cannot be enforced because "
        f"/proc/sys/net/core/somaxconn is set to the lower value of {limit}."
    )


def test_backlog_within_the_limit_is_not_warned_of(start_server: StartServer) -> None:
    assert "TCP backlog setting" not in start_server({"tcp-backlog": 100}).log


def test_many_connections_at_once(start_server: StartServer) -> None:
    """More than the server accepts in one turn; every one is served."""
    server = start_server()
    socks = []
    for _ in range(500):
        sock = socket.socket()
        sock.setblocking(False)
        sock.connect_ex(server.address)
        socks.append(sock)
    for sock in socks:
        sock.settimeout(30)
        sock.sendall(b"PING\r\n")
    for sock in socks:
        assert sock.recv(100) == b"+PONG\r\n"
        sock.close()


def test_connections_from_threads(start_server: StartServer) -> None:
    server = start_server()
    failures: list[BaseException] = []

    def work() -> None:
        try:
            for _ in range(50):
                with server.connect() as c:
                    assert c.call("PING") == "PONG"
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


# Unix


def test_unix_socket_alone(
    start_server: StartServer, connect: Connect, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = str(tmp_path_factory.mktemp("unix") / "tarn.sock")
    server = start_server({"unixsocket": path, "unixsocketperm": "600"}, port=0)
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    c = connect(address=path)
    fields = client_fields(c.ok("CLIENT", "INFO"))
    assert (fields["addr"], fields["flags"]) == (f"{path}:0", "U")
    assert info_fields(c.ok("INFO", "server"))["tcp_port"] == "0"
    c.ok("SET", "a", b"x" * 1_000_000)
    assert c.call("GET", "a") == b"x" * 1_000_000
    server.stop()
    assert not os.path.exists(path)


def test_unix_socket_beside_tcp(
    start_server: StartServer, connect: Connect, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = str(tmp_path_factory.mktemp("unix") / "tarn.sock")
    server = start_server({"unixsocket": path})
    connect(address=path).ok("SET", "a", "1")
    assert connect(server).call("GET", "a") == b"1"


@pytest.mark.parametrize("mode", ["700", "777", "0640"])
def test_unix_socket_mode(
    start_server: StartServer, tmp_path_factory: pytest.TempPathFactory, mode: str
) -> None:
    path = str(tmp_path_factory.mktemp("unix") / "tarn.sock")
    start_server({"unixsocket": path, "unixsocketperm": mode})
    assert stat.S_IMODE(os.stat(path).st_mode) == int(mode, 8)


def test_left_over_unix_socket_is_replaced(
    start_server: StartServer, connect: Connect, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = str(tmp_path_factory.mktemp("unix") / "tarn.sock")
    with socket.socket(socket.AF_UNIX) as left_over:
        left_over.bind(path)
    start_server({"unixsocket": path})
    assert connect(address=path).call("PING") == "PONG"


def test_unix_socket_that_cannot_be_made_ends_the_start(start_server: StartServer) -> None:
    log = _failed_start(start_server({"unixsocket": "/nosuch/folder/tarn.sock"}, wait=False))
    assert "nix socket: bind: No such file or directory" in log


def test_nothing_to_listen_on_ends_the_start(start_server: StartServer) -> None:
    log = _failed_start(start_server(port=0, wait=False))
    assert "Configured to not listen anywhere, exiting." in log


def test_wrong_unix_socket_mode_ends_the_start(start_server: StartServer) -> None:
    server = start_server({"unixsocket": "/tmp/x", "unixsocketperm": "999"}, port=0, wait=False)
    assert not server.wait_ready()
    server.wait_exit(expect_status=1)
    assert "FATAL CONFIG FILE ERROR" in server.stderr


# Protected mode

needs_namespace = pytest.mark.skipif(
    not netns.available(), reason="no network namespaces for this user: peers from outside untested"
)
_PEER = Path(__file__).with_name("outside_peer.py")


@needs_namespace
def test_protected_mode_refuses_peers_from_outside(subject: Subject) -> None:
    answers = netns.run(_PEER, subject.binary, "protected-mode", "yes")
    for loopback in set(answers) - {netns.OUTSIDE}:
        assert answers[loopback] == ["+PONG\r\n", "open"]
    text, state = answers[netns.OUTSIDE]
    assert text.startswith("-DENIED ") and "protected mode is enabled" in text
    assert text.count("\r\n") == 1 and state == "closed"


@needs_namespace
def test_star_means_every_address_of_either_family(subject: Subject) -> None:
    answers = netns.run(_PEER, subject.binary, "protected-mode", "no")
    assert {"127.0.0.1", "127.0.0.9", netns.OUTSIDE} <= set(answers)
    assert ("::1" in answers) == _has_ipv6()
    assert all(answer == ["+PONG\r\n", "open"] for answer in answers.values())


@needs_namespace
@pytest.mark.parametrize("open_", [("protected-mode", "no"), ("requirepass", "secret")])
def test_protected_mode_ends_with_itself_or_a_password(
    subject: Subject, open_: tuple[str, str]
) -> None:
    text, state = netns.run(_PEER, subject.binary, *open_)[netns.OUTSIDE]
    assert state == "open"
    assert text == "+PONG\r\n" or text.startswith("-NOAUTH")


def test_port_can_be_given_again_after_a_failed_start(
    start_server: StartServer, connect: Connect
) -> None:
    port = free_port()
    _failed_start(start_server({"bind": ["127.0.0.1", _NOWHERE]}, port=port, wait=False))
    assert connect(start_server(port=port)).call("PING") == "PONG"
