"""Servers on disks that lose: started, cut, started again on what is left."""

from __future__ import annotations

from typing import Mapping

from support.client import Address
from support.disk import Disk
from support.server import Server, ServerFailed, Value

# Rewrites only when a test asks for them; the end of a child is soon seen.
_ALWAYS: dict[str, Value] = {"auto-aof-rewrite-percentage": 0, "save": "", "hz": 200}


class LocalServer(Server):
    """A server on a Unix socket only: tests that start thousands of servers would meet taken ports."""

    def __init__(self, binary: str, directives: Mapping[str, Value], env: Mapping[str, str]) -> None:
        super().__init__(binary, directives, port=0, env=env)
        self.directives["unixsocket"] = str(self.dir / "socket")

    @property
    def address(self) -> Address:  # type: ignore[override]
        return str(self.directives["unixsocket"])


class World:
    """The disks and servers of one test; all are gone at its end."""

    def __init__(self, binary: str) -> None:
        self.binary = binary
        self._disks: list[Disk] = []
        self._servers: list[Server] = []

    def done(self) -> None:
        for server in self._servers:
            server.cleanup()
        for disk in self._disks:
            disk.done()

    def keep(self, disk: Disk) -> Disk:
        self._disks.append(disk)
        return disk

    def disk(self) -> Disk:
        return self.keep(Disk())

    def drop(self, *things: Disk | Server) -> None:
        """Long tests let go early."""
        for thing in things:
            if isinstance(thing, Disk):
                self._disks.remove(thing)
                thing.done()
            else:
                self._servers.remove(thing)
                thing.cleanup()

    def spawn(self, disk: Disk, directives: Mapping[str, Value] | None = None) -> Server:
        """A server on the disk; waits for nothing."""
        all_directives = {**_ALWAYS, "dir": str(disk.root), **(directives or {})}
        server = LocalServer(self.binary, all_directives, env=disk.env)
        self._servers.append(server)
        return server.spawn()

    def start(self, disk: Disk, directives: Mapping[str, Value] | None = None) -> Server:
        server = self.spawn(disk, directives)
        if not server.wait_ready():
            raise ServerFailed(f"the server did not start:\n{server.log}\n{disk.trace()}")
        return server

    def after_power_loss(self, disk: Disk, server: Server) -> Disk:
        """The server is gone with its power, and nothing else was wrong: what is left."""
        server.process.wait(30)
        server.check_log()
        if not disk.is_cut:
            raise ServerFailed(f"the server ended, but not by power loss:\n{server.log}")
        return self.keep(disk.after_power_loss())
