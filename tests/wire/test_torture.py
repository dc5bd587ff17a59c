"""What a hostile peer does: it does not read, half-closes, dies in the middle, and all at once.
Replies stay exact and in order, memory stays bounded and comes back, the end is orderly."""

from __future__ import annotations

import random
import select
import socket
import threading
import time
from typing import Callable

import pytest
from conftest import Connect, StartServer
from support.client import Client
from support.resp import encode
from support.server import Server
from support.text import info_fields
from support.wait import wait_for


def _used(c: Client) -> int:
    return int(info_fields(c.ok("INFO", "memory"))["used_memory"])


def _alone(c: Client) -> bool:
    return info_fields(c.ok("INFO", "clients"))["connected_clients"] == "1"


def _calls(c: Client, command: str) -> int:
    stats = info_fields(c.ok("INFO", "commandstats")).get(f"cmdstat_{command}", "calls=0,")
    return int(stats.split(",")[0].removeprefix("calls="))


def _slow_reader(server: Server) -> socket.socket:
    """A connection through which little fits."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    sock.settimeout(30)
    sock.connect(server.address)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def _rest(sock: socket.socket) -> bytes:
    parts = []
    while part := sock.recv(1 << 16):
        parts.append(part)
    return b"".join(parts)


def test_a_peer_that_half_closes_gets_its_answers(server: Server, connect: Connect) -> None:
    value = b"v" * 20_000
    for _ in range(20):
        with connect(server).sock as sock:
            sock.sendall(encode("PING") * 5 + encode("SET", "k", value) + encode("GET", "k"))
            sock.shutdown(socket.SHUT_WR)
            assert _rest(sock) == b"+PONG\r\n" * 5 + b"+OK\r\n$20000\r\n" + value + b"\r\n"


@pytest.mark.heavy
def test_short_replies_that_nobody_reads_share_memory(server: Server, connect: Connect) -> None:
    """One short request a turn: no reply keeps a block of its own alive."""
    c = connect(server)
    sock = _slow_reader(server)
    sock.sendall(encode("ECHO", b"x" * 60_000) * 80)  # more than the kernel takes
    wait_for("replies to wait", lambda: _calls(c, "echo") >= 80)
    before = _used(c)
    for _ in range(8000):
        sock.send(b"PING\r\n")
        c.ok("PING")
    assert _used(c) - before < 2_000_000
    sock.close()
    wait_for("it to be gone", lambda: _alone(c))


@pytest.mark.heavy
def test_a_flood_of_requests_costs_no_memory_afterwards(server: Server, connect: Connect) -> None:
    count = 300_000
    c = connect(server)
    before = _used(c)
    sock = connect(server).sock
    sender = threading.Thread(target=sock.sendall, args=(encode("PING") * count,))
    sender.start()
    assert c.ok("PING") == "PONG"
    left = len("+PONG\r\n") * count
    while left:
        left -= len(sock.recv(min(left, 1 << 20)))
    sender.join()
    sock.close()
    wait_for("memory to come back", lambda: _used(c) - before < 16_000_000)


def test_shutdown_with_clients_in_every_state(start_server: StartServer, connect: Connect) -> None:
    server = start_server()
    c = connect(server)
    c.ok("SET", "big", b"x" * (4 << 20))
    doings = [
        encode("GET", "big"),
        b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1000000\r\nabc",
        b"*2\r\n$4\r\nEC",
        encode("MGET", "big", "big", "big"),
        b"",
    ]
    socks = [_slow_reader(server) for _ in range(100)]
    for number, sock in enumerate(socks):
        sock.sendall(doings[number % len(doings)])
    c.ok("CLIENT", "PAUSE", 100_000, "WRITE")
    for sock in socks[4::5]:
        sock.sendall(encode("SET", "a", b"z" * 40_000) + encode("PING"))
    c.send_raw(encode("GET", "big") + encode("SHUTDOWN", "NOSAVE") + encode("GET", "big"))
    server.wait_exit(0)
    for sock in socks:
        sock.close()


# Replies are exact whatever else goes on


class _Model:
    """Programs over a few keys, and the exact bytes that answer them."""

    def __init__(self, chooser: random.Random) -> None:
        self._chooser = chooser
        self._values: dict[bytes, bytes] = {}
        self._pattern = bytes(chooser.randrange(97, 123) for _ in range(4096))

    def program(self) -> tuple[bytes, bytes]:
        requests, replies = [], []
        for _ in range(self._chooser.choice([3, 20, 60])):
            request, reply = self._chooser.choice(self._STEPS)(self, self._key(), self._key())
            requests.append(request)
            replies.append(reply)
        return b"".join(requests), b"".join(replies)

    def _key(self) -> bytes:
        return b"own:%d" % self._chooser.randrange(5)

    def _text(self) -> bytes:
        size = self._chooser.choice([1, 50, 4000, 16_383, 16_384, 32_769, 100_000, 1 << 20])
        start = self._chooser.randrange(4000)
        return (self._pattern[start:] + self._pattern * (size // 4096 + 1))[:size]

    def _bulk(self, value: bytes | None) -> bytes:
        return b"$-1\r\n" if value is None else b"$%d\r\n%s\r\n" % (len(value), value)

    def _set(self, key: bytes, _other: bytes) -> tuple[bytes, bytes]:
        self._values[key] = self._text()
        return encode("SET", key, self._values[key]), b"+OK\r\n"

    def _get(self, key: bytes, _other: bytes) -> tuple[bytes, bytes]:
        return encode("GET", key), self._bulk(self._values.get(key))

    def _append(self, key: bytes, _other: bytes) -> tuple[bytes, bytes]:
        text = self._text()[:20_000]
        self._values[key] = self._values.get(key, b"") + text
        return encode("APPEND", key, text), b":%d\r\n" % len(self._values[key])

    def _del(self, key: bytes, _other: bytes) -> tuple[bytes, bytes]:
        return encode("DEL", key), b":%d\r\n" % (self._values.pop(key, None) is not None)

    def _getdel(self, key: bytes, _other: bytes) -> tuple[bytes, bytes]:
        return encode("GETDEL", key), self._bulk(self._values.pop(key, None))

    def _rename(self, key: bytes, other: bytes) -> tuple[bytes, bytes]:
        request = encode("RENAME", key, other)
        if key not in self._values:
            return request, b"-ERR no such key\r\n"
        self._values[other] = self._values.pop(key)
        return request, b"+OK\r\n"

    def _mget(self, key: bytes, other: bytes) -> tuple[bytes, bytes]:
        values = [self._values.get(k) for k in (key, other, key)]
        reply = b"*3\r\n" + b"".join(self._bulk(v) for v in values)
        return encode("MGET", key, other, key), reply

    _STEPS: list[Callable[..., tuple[bytes, bytes]]] = [
        _set, _get, _get, _get, _append, _del, _getdel, _rename, _mget,
    ]  # fmt: skip


_PIECES = [1, 13, 1000, 1 << 16, 1 << 20]


def _converse(sock: socket.socket, chooser: random.Random, requests: bytes, want: bytes) -> None:
    """Sends and receives in pieces of any size; what comes must be `want`."""
    sent = got = 0
    while got < len(want):
        writes = [sock] if sent < len(requests) else []
        ready, writable, _ = select.select([sock], writes, [], 60)
        assert ready or writable, "the server is silent"
        if writable:
            sent += sock.send(requests[sent : sent + chooser.choice(_PIECES)])
        if ready:
            part = sock.recv(chooser.choice(_PIECES))
            assert part, "the server closed the connection"
            assert part == want[got : got + len(part)], f"at byte {got}"
            got += len(part)


_NOISE = [
    encode("GET", "big") * 3,
    encode("SET", "big", b"n" * 70_000),
    encode("MGET", "big", "big", "big"),
    encode("APPEND", "big", b"a" * 20_000),
    encode("CLIENT", "PAUSE", 5, "ALL"),
    encode("CLIENT", "PAUSE", 5, "WRITE") + encode("SET", "big", b"p" * 40_000),
    encode("CLIENT", "UNPAUSE"),
    encode("CLIENT", "KILL", "NAME", "victim", "SKIPME", "no"),
    encode("CLIENT", "SETNAME", "victim"),
    encode("CLIENT", "REPLY", "SKIP") + encode("PING"),
    encode("HELLO", 3) + encode("COMMAND", "DOCS"),
    encode("RESET") + encode("QUIT") + encode("PING"),
    encode("DEL", "big") + encode("CLIENT", "LIST"),
    encode("SWAPDB", 1, 2) + encode("SCAN", 0, "COUNT", 1000),
    b"*3\r\n$3\r\nSET\r\n$3\r\nbig\r\n$900000\r\n" + b"h" * 500_000,
    b"*2\r\n$-3\r\n",
    b"GET 'unbalanced\r\n",
]


def _make_noise(server: Server, chooser: random.Random, end: threading.Event) -> None:
    """Many peers that send parts of anything, rarely read, and die in every way."""
    socks: list[socket.socket] = []
    while not end.is_set():
        if len(socks) < 40:
            socks.append(_slow_reader(server))
            socks[-1].setblocking(False)
        at = chooser.randrange(len(socks))
        data = chooser.choice(_NOISE)
        try:
            socks[at].send(data[: chooser.choice([len(data), chooser.randrange(len(data))])])
            if chooser.random() < 0.3 and socks[at].recv(1 << 16) == b"":
                raise ConnectionResetError
        except BlockingIOError:
            pass
        except OSError:
            socks.pop(at).close()
            continue
        if chooser.random() < 0.05:
            linger = chooser.choice([b"\x01" + b"\0" * 7, b"\0" * 8])
            socks[at].setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            socks.pop(at).close()
    for sock in socks:
        sock.close()


@pytest.mark.heavy
@pytest.mark.beyond_oracle
@pytest.mark.parametrize("transport", ["epoll", "delayed", "io_uring"])
def test_replies_stay_exact_amid_noise(
    start_server: StartServer, connect: Connect, transport: str
) -> None:
    server = start_server({"net-transport": transport})
    end = threading.Event()
    noise = [
        threading.Thread(target=_make_noise, args=(server, random.Random(seed), end))
        for seed in range(2)
    ]
    before = _used(connect(server))
    for thread in noise:
        thread.start()
    try:
        chooser = random.Random(9)
        model = _Model(chooser)
        c = connect(server)
        c.ok("SELECT", 9)
        until = time.monotonic() + 8  # how much is done, not what is expected
        while time.monotonic() < until:
            _converse(c.sock, chooser, *model.program())
    finally:
        end.set()
        for thread in noise:
            thread.join()
    c = connect(server)
    c.ok("CLIENT", "UNPAUSE")
    c.ok("CLIENT", "KILL", "TYPE", "normal")
    c.ok("FLUSHALL")
    wait_for("the clients to be gone", lambda: _alone(c))
    wait_for("memory to come back", lambda: _used(c) - before < 16_000_000)
