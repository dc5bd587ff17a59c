"""A raw client: a socket, requests as they are given, replies as they come."""

from __future__ import annotations

import socket
from types import TracebackType
from typing import Any, Iterable, Union

from .resp import Arg, Reply, ReplyError, ReplyReader, encode, plain
from .wait import PATIENCE_S

Address = Union[tuple[str, int], str]
"""(host, port), or the path of a Unix socket."""

_RECV_BYTES = 1 << 20


class Client:
    """One connection. Calls raise EOFError when the server closed it, TimeoutError when it is
    silent for too long."""

    def __init__(self, address: Address, proto: int = 2, timeout_s: float = PATIENCE_S) -> None:
        self.address = address
        self.sock = _connect(address, timeout_s)
        self.reader = ReplyReader(self._recv)
        if proto == 3:
            self.call("HELLO", 3)

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _value: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        self.sock.close()

    def reset(self) -> None:
        """Close with RST, as a peer that crashed does."""
        self.sock.setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00"
        )
        self.sock.close()

    # Sending

    def send_raw(self, data: bytes) -> None:
        self.sock.sendall(data)

    def send(self, *args: Arg) -> None:
        self.sock.sendall(encode(*args))

    def send_pieces(self, data: bytes, cuts: Iterable[int]) -> None:
        """Send `data` as one segment for each piece between the given offsets."""
        start = 0
        for end in [*sorted(set(cuts)), len(data)]:
            if end > start:
                self.sock.sendall(data[start:end])
                start = end

    # Receiving

    def read_reply(self) -> Reply:
        return self.reader.read()

    def read(self) -> Any:
        """The next reply as a Python value (see resp.plain)."""
        return plain(self.reader.read())

    def read_raw(self) -> bytes:
        """The next reply as the bytes that came."""
        self.reader.read()
        return self.reader.last_raw

    def read_to_end(self) -> bytes:
        """Everything up to the server's close. A reset counts as one: a server that closes
        without having read everything sends it."""
        parts = [self.reader.buffered]
        while True:
            data = self._recv()
            if not data:
                return b"".join(parts)
            parts.append(data)

    def is_closed(self) -> bool:
        """Whether the server has closed by now; bytes that came are kept from the reader."""
        self.sock.setblocking(False)
        try:
            return self.sock.recv(_RECV_BYTES) == b""
        except BlockingIOError:
            return False
        except ConnectionError:
            return True
        finally:
            self.sock.settimeout(PATIENCE_S)

    # Both

    def call(self, *args: Arg) -> Any:
        """Send a command, return its reply as a Python value; errors are ReplyError values."""
        self.send(*args)
        return self.read()

    def ok(self, *args: Arg) -> Any:
        """Like call(), but an error reply fails the test."""
        reply = self.call(*args)
        if isinstance(reply, ReplyError):
            raise AssertionError(f"{args!r} answered: {reply.text}")
        return reply

    def raw(self, *args: Arg) -> bytes:
        """Send a command, return the bytes of its reply."""
        self.send(*args)
        return self.read_raw()

    def err(self, *args: Arg) -> str:
        """Send a command that must be refused; the error's text."""
        reply = self.call(*args)
        if not isinstance(reply, ReplyError):
            raise AssertionError(f"{args!r} was not refused but answered: {reply!r}")
        return reply.text

    def pipeline(self, commands: Iterable[tuple[Arg, ...]]) -> list[Any]:
        """Send all commands at once, then read one reply for each."""
        requests = [encode(*command) for command in commands]
        self.send_raw(b"".join(requests))
        return [self.read() for _ in requests]

    def inline(self, line: bytes) -> bytes:
        """Send one line, return the raw reply."""
        self.send_raw(line)
        return self.read_raw()

    def _recv(self) -> bytes:
        try:
            return self.sock.recv(_RECV_BYTES)
        except ConnectionResetError:
            return b""


def _connect(address: Address, timeout_s: float) -> socket.socket:
    if isinstance(address, str):
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        sock.settimeout(timeout_s)
        sock.connect(address)
        return sock
    sock = socket.create_connection(address, timeout=timeout_s)
    # Each piece of a split request must be a segment of its own.
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock
