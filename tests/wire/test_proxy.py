"""Through a proxy that splits, delays, cuts and goes silent."""

from __future__ import annotations

import random

import pytest
import redis
from conftest import Connect, StartServer
from proxy import Faults, Proxy
from support.client import Client
from support.resp import encode
from support.server import Server
from support.text import info_fields
from support.wait import wait_for


def _connected(server: Server) -> int:
    with server.connect() as c:
        return int(info_fields(c.ok("INFO", "clients"))["connected_clients"]) - 1


@pytest.mark.parametrize("seed", range(5))
def test_requests_and_replies_split_at_random_bytes(
    server: Server, connect: Connect, seed: int
) -> None:
    chooser = random.Random(seed)
    values = [chooser.randbytes(chooser.choice((0, 1, 10, 200, 5000))) for _ in range(40)]
    with Proxy(server.address, Faults(split=(1, 9)), seed) as proxy:
        c = connect(address=proxy.address)
        c.send_raw(b"".join(encode("ECHO", value) for value in values))
        assert [c.read() for _ in values] == values


def test_single_bytes_in_both_directions(server: Server, connect: Connect) -> None:
    with Proxy(server.address, Faults(split=(1, 1))) as proxy:
        c = connect(address=proxy.address, proto=3)
        assert c.call("SET", "a", b"x" * 1000) == "OK"
        assert c.call("GET", "a") == b"x" * 1000
        assert c.ok("HELLO", 3)[b"proto"] == 3


def test_big_value_in_pieces(server: Server, connect: Connect) -> None:
    value = random.Random(1).randbytes(3_000_000)
    with Proxy(server.address, Faults(split=(1, 60_000)), seed=1) as proxy:
        c = connect(address=proxy.address)
        assert c.call("SET", "big", value) == "OK"
        assert c.call("GET", "big") == value


def test_delays_do_not_mix_clients(server: Server, connect: Connect) -> None:
    with Proxy(server.address, Faults(split=(1, 20), delay_s=(0, 0.002)), seed=3) as proxy:
        clients = [connect(address=proxy.address) for _ in range(10)]
        for number, client in enumerate(clients):
            client.send_raw(b"".join(encode("ECHO", f"{number}:{i}") for i in range(10)))
        for number, client in enumerate(clients):
            assert [client.read() for _ in range(10)] == [b"%d:%d" % (number, i) for i in range(10)]


@pytest.mark.parametrize("reset", [False, True])
def test_connections_cut_at_random_bytes(server: Server, reset: bool) -> None:
    """The server survives, and nothing of the dead connections is left."""
    with server.connect() as c:
        c.ok("SET", "big", b"x" * 30_000)
    requests = encode("SET", "key", b"v" * 500) + encode("GET", "big") + encode("INCR", "n") + b"PING\r\n"
    with Proxy(server.address, Faults(cut_after=(1, 40_000), reset=reset), seed=5) as proxy:
        for _ in range(150):
            client = Client(proxy.address)
            try:
                client.send_raw(requests * 5)
                client.read_to_end()
            except OSError:
                pass
            finally:
                client.close()
        assert proxy.cuts == 150
    wait_for("the dead connections to be dropped", lambda: _connected(server) == 0)


def test_every_byte_of_a_dialogue_as_the_last(server: Server) -> None:
    requests = b"*2\r\n$4\r\nECHO\r\n$5\r\nhello\r\n" + b"ECHO 'a b'\r\n"
    for cut in range(1, len(requests) + 20):
        with Proxy(server.address, Faults(cut_after=(cut, cut), reset=cut % 2 == 0)) as proxy:
            client = Client(proxy.address)
            try:
                client.send_raw(requests)
                client.read_to_end()
            except OSError:
                pass
            client.close()
    wait_for("the dead connections to be dropped", lambda: _connected(server) == 0)


def test_vanished_peer_is_closed_by_timeout(start_server: StartServer, connect: Connect) -> None:
    server = start_server({"timeout": 1})
    request = encode("ECHO", b"x" * 100)
    with Proxy(server.address, Faults(silent_after=(len(request) - 10, len(request) - 10))) as proxy:
        c = connect(address=proxy.address)
        c.send_raw(request)
        wait_for("the connection to arrive", lambda: _connected(server) == 1)
        wait_for("the vanished peer to be dropped", lambda: _connected(server) == 0, poll_s=0.05)


def test_vanished_reader_is_bounded_by_the_output_limit(
    start_server: StartServer, connect: Connect
) -> None:
    server = start_server({"client-output-buffer-limit": "normal 8mb 0 0"})
    connect(server).ok("SET", "big", b"x" * 1_000_000)
    requests = encode("GET", "big") * 40
    point = len(requests) + 100
    with Proxy(server.address, Faults(silent_after=(point, point))) as proxy:
        connect(address=proxy.address).send_raw(requests)
        server.wait_for_log("overcoming of output buffer limits")


def test_over_unix_sockets(
    start_server: StartServer, connect: Connect, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("unix")
    path = str(folder / "server.sock")
    start_server({"unixsocket": path}, port=0)
    proxied = str(folder / "proxy.sock")
    with Proxy(path, Faults(split=(1, 3)), unix_path=proxied) as proxy:
        c = connect(address=proxy.address)
        assert c.call("ECHO", b"hello" * 100) == b"hello" * 100


def test_redis_py_through_pieces(server: Server) -> None:
    with Proxy(server.address, Faults(split=(1, 5)), seed=9) as proxy:
        client = redis.Redis(port=int(proxy.address[1]))
        pipe = client.pipeline(transaction=False)
        for i in range(50):
            pipe.set(f"k{i}", i)
            pipe.get(f"k{i}")
        assert pipe.execute() == [cell for i in range(50) for cell in (True, b"%d" % i)]
        client.close()
