"""One of the two servers that play a program, with the program's connections."""

from __future__ import annotations

from typing import Callable

from support.client import Client
from support.resp import ProtocolViolation, Reply
from support.server import Server

from . import listener, statistics
from .compare import CLOSED, SILENT, Outcome
from .program import Arg, Own


class Side:
    """One of the two servers with the connections of the program that is played."""

    def __init__(self, name: str, start: Callable[[], Server], timeout_s: float) -> None:
        self.name = name
        self._start = start
        self.timeout_s = timeout_s
        self.server = start()
        self.control = self.server.connect(timeout_s=timeout_s)
        self._defaults: dict[bytes, bytes] | None = None
        self._clients: dict[int, Client] = {}
        self._protos: tuple[int, ...] = ()
        self.listener = listener.Listener(lambda: self._connect(proto=2))

    def begin(self, protos: tuple[int, ...]) -> None:
        """An empty server, its directives as at the start, and no connections."""
        self.drop_clients()
        self._protos = protos
        try:
            self._empty()
        except (OSError, EOFError):
            self.restart()
            self._empty()
        self.listener.begin()
        statistics.reset(self.control)

    def _empty(self) -> None:
        # A program that was cut short while it was shrunk may have left the server paused.
        self.control.call("CLIENT", "UNPAUSE")
        self._restore_config()
        self.control.ok("DEBUG", "SET-ACTIVE-EXPIRE", 1)
        self.control.ok("FLUSHALL")

    def restart(self) -> None:
        self.drop_clients()
        self.listener.close()
        self.control.close()
        self.server.cleanup()
        self.server = self._start()
        self.control = self.server.connect(timeout_s=self.timeout_s)

    def stop(self) -> None:
        self.drop_clients()
        self.listener.close()
        self.control.close()
        try:
            if self.server.running:
                self.server.stop()
        finally:
            self.server.cleanup()

    def drop_clients(self) -> None:
        for client in self._clients.values():
            client.close()
        self._clients.clear()

    def remember_config(self, names: list[bytes]) -> None:
        """Directives that programs may change; begin() puts them back."""
        reply = self.control.ok("CONFIG", "GET", *names) if names else []
        self._defaults = dict(zip(reply[0::2], reply[1::2]))

    def client(self, number: int) -> Client:
        if number not in self._clients:
            proto = self._protos[number] if number < len(self._protos) else 2
            self._clients[number] = self._connect(proto)
        return self._clients[number]

    def drop_client(self, number: int) -> None:
        client = self._clients.pop(number, None)
        if client is not None:
            client.close()

    def new_client(self) -> Client:
        return self._connect(proto=2)

    def resolve(self, arg: Arg) -> bytes:
        """The argument's bytes on this server."""
        if not isinstance(arg, Own):
            return arg
        if arg.kind == "id":
            return b"%d" % self._own_id(arg.client)
        # One that the server has not accepted yet could not be found by its address.
        self._own_id(arg.client)
        sock = self.client(arg.client).sock
        host, port = sock.getsockname() if arg.kind == "addr" else sock.getpeername()
        return f"{host}:{port}".encode()

    def _own_id(self, number: int) -> int:
        """The connection's id; a new connection if the old one was killed. 0 if refused."""
        while True:
            try:
                reply = self.client(number).call("CLIENT", "ID")
                return reply if isinstance(reply, int) else 0
            except (EOFError, BrokenPipeError):
                self.drop_client(number)

    def _connect(self, proto: int) -> Client:
        return Client(self.server.address, proto, self.timeout_s)

    def _restore_config(self) -> None:
        if not self._defaults:
            return
        reply = self.control.ok("CONFIG", "GET", *self._defaults)
        now = dict(zip(reply[0::2], reply[1::2]))
        for name in now:
            if now[name] != self._defaults[name]:
                # One at a time: a directive and its older name may not be set together.
                self.control.ok("CONFIG", "SET", name, self._defaults[name])


def read_outcome(client: Client) -> Outcome:
    """The next reply, or what came instead."""
    try:
        reply = client.read_reply()
    except EOFError:
        return CLOSED
    except TimeoutError:
        return SILENT
    except ProtocolViolation as violation:
        return Outcome(None, note=f"<no reply but noise: {violation}>")
    return Outcome(reply, client.reader.last_raw)


def bulk(reply: Reply | None) -> bytes:
    """The bytes of a bulk string; of another reply none."""
    return bytes(reply.value) if reply and reply.kind == "$" and reply.value is not None else b""
