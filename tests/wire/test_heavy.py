"""Much of it, or noise: random bytes, connections dropped anywhere, the biggest value, ten thousand
clients. The server survives, answers the others, and gives everything back."""

from __future__ import annotations

import hashlib
import random
import resource
import socket
from typing import Iterator

import pytest
from conftest import Connect, StartServer
from support.client import Client
from support.resp import encode
from support.server import Server
from support.text import client_lines, info_fields
from support.wait import wait_for

pytestmark = pytest.mark.heavy


def _clients(c: Client) -> int:
    return int(info_fields(c.ok("INFO", "clients"))["connected_clients"])


@pytest.fixture
def alone(start_server: StartServer) -> Server:
    return start_server({"maxclients": 11_000, "enable-debug-command": "no"})


# Random bytes


def _random_request(chooser: random.Random) -> bytes:
    """From noise to nearly a request."""
    kind = chooser.randrange(5)
    if kind == 0:
        return chooser.randbytes(chooser.randrange(1, 200))
    if kind == 1:
        return b"*%d\r\n" % chooser.randrange(-3, 9) + chooser.randbytes(chooser.randrange(60))
    if kind == 2:
        return b"*1\r\n$%d\r\n" % chooser.randrange(-3, 99) + chooser.randbytes(chooser.randrange(99))
    if kind == 3:
        return chooser.randbytes(chooser.randrange(1, 60)).replace(b"\x00", b" ") + b"\r\n"
    data = bytearray(encode("ECHO", chooser.randbytes(chooser.randrange(40))))
    data[chooser.randrange(len(data))] = chooser.randrange(256)
    return bytes(data)


def test_twenty_thousand_requests_of_random_bytes(alone: Server, connect: Connect) -> None:
    chooser = random.Random(20_000)
    witness = connect(alone)
    socks: list[socket.socket] = []
    for number in range(20_000):
        if len(socks) < 32:
            sock = socket.create_connection(alone.address, timeout=30)
            sock.setblocking(False)
            socks.append(sock)
        at = chooser.randrange(len(socks))
        if not _exchange(socks[at], _random_request(chooser)):
            socks.pop(at).close()
        if number % 1000 == 0:
            assert witness.call("PING") == "PONG"
    for sock in socks:
        sock.close()
    wait_for("the connections to be dropped", lambda: _clients(witness) == 1)


def _exchange(sock: socket.socket, data: bytes) -> bool:
    """Send, drop what has come; whether the connection is still open."""
    try:
        sock.send(data)
        return sock.recv(1 << 16) != b""
    except BlockingIOError:
        return True
    except OSError:
        return False


# Dropped connections


def test_thousand_connections_dropped_at_random_points(alone: Server, connect: Connect) -> None:
    """In the middle of requests, of replies, before and behind them; by FIN and by RST."""
    chooser = random.Random(1000)
    witness = connect(alone)
    witness.ok("SET", "big", b"x" * 200_000)
    dialogue = (
        encode("SET", "k", b"v" * 3000)
        + encode("GET", "big") * 3
        + b"ECHO 'inline'\r\n"
        + encode("SET", "huge", b"h" * 60_000)
        + encode("CLIENT", "LIST")
    )
    for _ in range(1000):
        client = Client(alone.address)
        client.send_raw(dialogue[: chooser.randrange(len(dialogue) + 1)])
        if chooser.random() < 0.5:
            _read_a_bit(client, chooser)
        if chooser.random() < 0.5:
            client.reset()
        else:
            client.close()
    wait_for("the connections to be dropped", lambda: _clients(witness) == 1)
    assert witness.call("GET", "big") == b"x" * 200_000


def _read_a_bit(client: Client, chooser: random.Random) -> None:
    client.sock.setblocking(False)
    try:
        client.sock.recv(chooser.randrange(1, 10_000))
    except OSError:
        pass


def test_clients_killed_at_random_points(alone: Server, connect: Connect) -> None:
    """CLIENT KILL while requests arrive in pieces and replies leave."""
    chooser = random.Random(77)
    killer = connect(alone)
    killer.ok("SET", "big", b"x" * 300_000)
    dialogue = (encode("GET", "big") + encode("SET", "k", b"v" * 5000) + b"PING\r\n") * 4
    for _ in range(150):
        victims = [Client(alone.address) for _ in range(3)]
        idents = [victim.ok("CLIENT", "ID") for victim in victims]
        for victim in victims:
            victim.send_raw(dialogue[: chooser.randrange(1, len(dialogue) + 1)])
        assert killer.pipeline([("CLIENT", "KILL", "ID", i) for i in idents]) == [1, 1, 1]
        for victim in victims:
            victim.read_to_end()
            victim.close()
    assert _clients(killer) == 1


# The biggest


def test_value_of_512_mib(alone: Server, connect: Connect) -> None:
    size = 512 * 1024 * 1024
    c = connect(alone)
    c.sock.settimeout(120)
    sent = hashlib.blake2b()
    c.send_raw(b"*3\r\n$3\r\nSET\r\n$3\r\nbig\r\n$%d\r\n" % size)
    for block in _blocks(size):
        sent.update(block)
        c.send_raw(block)
    c.send_raw(b"\r\n")
    assert c.read() == "OK"
    assert c.call("STRLEN", "big") == size
    assert c.err("APPEND", "big", "x") == (
        "ERR string exceeds maximum allowed size (proto-max-bulk-len)"
    )
    c.send("GET", "big")
    assert _received_bulk(c, size) == sent.digest()
    assert c.call("DEL", "big") == 1

    def used() -> int:
        return int(info_fields(c.ok("INFO", "memory"))["used_memory"])

    wait_for("the memory to be given back", lambda: used() < 100_000_000)


def _blocks(size: int) -> Iterator[bytes]:
    block = random.Random(512).randbytes(1 << 20)
    for number in range(size >> 20):
        yield b"%08d" % number + block[8:]


def _received_bulk(c: Client, size: int) -> bytes:
    """The digest of a bulk reply of `size` bytes, read without keeping it."""
    head = b"$%d\r\n" % size
    data = b""
    while len(data) < len(head):
        data += c.sock.recv(1 << 20)
    assert data.startswith(head)
    digest = hashlib.blake2b()
    left, data = size, data[len(head) :]
    while True:
        digest.update(data[:left])
        left -= len(data[:left])
        if not left:
            break
        data = c.sock.recv(min(1 << 20, left))
        assert data, "the connection was closed"
    rest = data[len(data) :]
    while len(rest) < 2:
        rest += c.sock.recv(2 - len(rest))
    assert rest == b"\r\n"
    return digest.digest()


def test_one_byte_more_than_512_mib_is_refused(alone: Server, connect: Connect) -> None:
    c = connect(alone)
    c.send_raw(b"*3\r\n$3\r\nSET\r\n$3\r\nbig\r\n$536870913\r\n")
    assert c.read_to_end() == b"-ERR Protocol error: invalid bulk length\r\n"


def test_many_big_values_under_way_at_once(alone: Server, connect: Connect) -> None:
    clients = [connect(alone) for _ in range(20)]
    value = b"x" * 5_000_000
    request = encode("SET", "big", value)
    for part in range(0, len(request), 1_000_000):
        for client in clients:
            client.send_raw(request[part : part + 1_000_000])
    assert [client.read() for client in clients] == ["OK"] * 20


def test_request_of_many_arguments(alone: Server, connect: Connect) -> None:
    c = connect(alone)
    count = 1_000_000
    c.send_raw(b"*%d\r\n$6\r\nEXISTS\r\n" % (count + 1) + b"$1\r\na\r\n" * count)
    assert c.read() == 0
    c.ok("SET", "a", "1")
    c.send_raw(b"*%d\r\n$6\r\nEXISTS\r\n" % (count + 1) + b"$1\r\na\r\n" * count)
    assert c.read() == count


# Ten thousand clients

_MANY = 10_000


def test_ten_thousand_clients(alone: Server, connect: Connect) -> None:
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    assert limit > _MANY + 100, f"at most {limit} descriptors: raise the hard limit to run this test"
    c = connect(alone)
    before = int(info_fields(c.ok("INFO", "memory"))["used_memory"])
    clients = [Client(alone.address) for _ in range(_MANY)]
    try:
        for client in clients:
            client.send_raw(b"PING\r\n")
        for client in clients:
            assert client.read_raw() == b"+PONG\r\n"
        assert _clients(c) == _MANY + 1
        assert len(client_lines(c.ok("CLIENT", "LIST"))) == _MANY + 1
        for client in clients[::100]:
            assert client.call("INCR", "n") > 0
        assert c.call("GET", "n") == b"100"
    finally:
        for client in clients:
            client.close()
    wait_for("the clients to be gone", lambda: _clients(c) == 1)

    def given_back() -> bool:
        return int(info_fields(c.ok("INFO", "memory"))["used_memory"]) < before + 5_000_000

    wait_for("their memory to be given back", given_back)


def test_ten_thousand_clients_at_the_end_of_the_server(alone: Server) -> None:
    """A server that ends with all of them connected leaks nothing."""
    clients = [Client(alone.address) for _ in range(_MANY)]
    try:
        for client in clients:
            client.send_raw(encode("SET", "a", "1") + b"*2\r\n$4\r\nECHO\r\n$50\r\nhalf")
        for client in clients:
            assert client.read_raw() == b"+OK\r\n"
        alone.stop()
    finally:
        for client in clients:
            client.close()


# Much data


def test_many_keys_come_and_go(alone: Server, connect: Connect) -> None:
    c = connect(alone)
    count = 200_000
    for start in range(0, count, 10_000):
        c.send_raw(b"".join(encode("SET", b"key:%d" % i, b"value:%d" % i) for i in range(start, start + 10_000)))
        for _ in range(10_000):
            c.read_reply()
    assert c.call("DBSIZE") == count
    chooser = random.Random(3)
    some = [chooser.randrange(count) for _ in range(5000)]
    assert c.call("MGET", *(b"key:%d" % i for i in some)) == [b"value:%d" % i for i in some]
    for start in range(0, count, 10_000):
        assert c.call("DEL", *(b"key:%d" % i for i in range(start, start + 10_000))) == 10_000
    assert c.call("DBSIZE") == 0
    assert c.call("SCAN", 0) == [b"0", []]
