"""The proxy: listens on loopback, forwards to a server over TCP or a Unix socket, and does to
each connection what its `Faults` say. Everything random follows from the seed and the number of
the connection, so a failing test can be played again.

    with Proxy(server.address, Faults(split=(1, 3)), seed=7) as proxy:
        client = Client(proxy.address)
"""

from __future__ import annotations

import asyncio
import random
import socket
import struct
import threading
from dataclasses import dataclass
from types import TracebackType
from typing import Union

Address = Union[tuple[str, int], str]

_RECV_BYTES = 1 << 16


@dataclass(frozen=True)
class Faults:
    """What happens to a connection. Ranges are (least, most), drawn anew each time.

    split         forward pieces of so many bytes, each a segment of its own
    delay_s       wait so long before each piece
    cut_after     after so many bytes (of both directions together) close both ends,
    reset         with RST instead of FIN
    silent_after  after so many bytes forward nothing more, but keep both ends open: to the
                  server the peer has vanished, and the other way round
    """

    split: tuple[int, int] | None = None
    delay_s: tuple[float, float] | None = None
    cut_after: tuple[int, int] | None = None
    reset: bool = False
    silent_after: tuple[int, int] | None = None


class Proxy:
    """A running proxy; ends with its context. `cuts` counts connections that were cut."""

    def __init__(
        self, upstream: Address, faults: Faults, seed: int = 0, unix_path: str | None = None
    ) -> None:
        self._upstream = upstream
        self._faults = faults
        self._seed = seed
        self._listener = _listen(unix_path)
        self.address: Address = unix_path or self._listener.getsockname()[:2]
        self.connections = 0
        self.cuts = 0
        self._loop = asyncio.new_event_loop()
        self._tasks: set[asyncio.Task[None]] = set()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Proxy:
        self._thread.start()
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _value: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self._loop.call_soon_threadsafe(self._cancel_all)
        self._thread.join(10)
        self._listener.close()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        accepting = self._loop.create_task(self._accept())
        self._tasks.add(accepting)
        try:
            self._loop.run_until_complete(accepting)
        except asyncio.CancelledError:
            pass
        rest = [task for task in self._tasks if not task.done()]
        self._loop.run_until_complete(asyncio.gather(*rest, return_exceptions=True))
        self._loop.close()

    def _cancel_all(self) -> None:
        for task in self._tasks:
            task.cancel()

    async def _accept(self) -> None:
        while True:
            downstream, _address = await self._loop.sock_accept(self._listener)
            self.connections += 1
            link = _Link(self, downstream, random.Random(f"{self._seed}:{self.connections}"))
            task = self._loop.create_task(link.run())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    # What a link needs of its proxy

    @property
    def faults(self) -> Faults:
        return self._faults

    def connect_upstream(self) -> socket.socket:
        family = socket.AF_UNIX if isinstance(self._upstream, str) else socket.AF_INET
        sock = socket.socket(family, socket.SOCK_STREAM)
        sock.connect(self._upstream)
        _prepare(sock)
        return sock


class _Link:
    """One connection: two ends, and what has passed."""

    def __init__(self, proxy: Proxy, downstream: socket.socket, chooser: random.Random) -> None:
        self._proxy = proxy
        self._faults = proxy.faults
        self._random = chooser
        self._ends = (downstream, proxy.connect_upstream())
        _prepare(downstream)
        self._passed = 0
        self._cut_at = self._draw(self._faults.cut_after)
        self._silent_at = self._draw(self._faults.silent_after)

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        pumps = [
            loop.create_task(self._pump(self._ends[0], self._ends[1])),
            loop.create_task(self._pump(self._ends[1], self._ends[0])),
        ]
        try:
            await asyncio.gather(*pumps)
        except _Cut:
            self._proxy.cuts += 1
        except OSError:
            pass
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
            self._close()

    async def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        """Forward to the end of the stream, and then that end: a half close passes."""
        loop = asyncio.get_running_loop()
        while True:
            data = await loop.sock_recv(source, _RECV_BYTES)
            if not data:
                sink.shutdown(socket.SHUT_WR)
                return
            while data:
                size = self._piece(len(data))
                await self._forward(sink, data[:size])
                data = data[size:]

    async def _forward(self, sink: socket.socket, piece: bytes) -> None:
        if self._faults.delay_s:
            await asyncio.sleep(self._random.uniform(*self._faults.delay_s))
        if self._silent_at is not None and self._passed >= self._silent_at:
            await asyncio.Event().wait()  # nothing is read any more either
        await asyncio.get_running_loop().sock_sendall(sink, piece)
        self._passed += len(piece)
        if self._cut_at is not None and self._passed >= self._cut_at:
            raise _Cut

    def _piece(self, available: int) -> int:
        """How many bytes go next: never across the point of a fault."""
        size = available
        if self._faults.split:
            size = min(size, self._random.randint(*self._faults.split))
        for point in (self._cut_at, self._silent_at):
            if point is not None and self._passed < point:
                size = min(size, point - self._passed)
        return size

    def _draw(self, limits: tuple[int, int] | None) -> int | None:
        return None if limits is None else self._random.randint(*limits)

    def _close(self) -> None:
        for end in self._ends:
            if self._faults.reset:
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            end.close()


class _Cut(Exception):
    """The point is reached at which this connection is cut."""


def _listen(unix_path: str | None) -> socket.socket:
    if unix_path:
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(unix_path)
    else:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.bind(("127.0.0.1", 0))
    listener.listen(128)
    listener.setblocking(False)
    return listener


def _prepare(sock: socket.socket) -> None:
    sock.setblocking(False)
    if sock.family != socket.AF_UNIX:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
