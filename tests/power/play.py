"""A scene: a few commands on a prepared folder, and at each moment which states a restart may find.

A state is the whole keyspace, a dict of strings. A write may be found from the moment when it is sent; what was
there before may be found until the server has promised the new state."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable, Mapping

from support.client import Client
from support.resp import ReplyError
from support.server import Server, Value
from support.wait import wait_for

State = dict[str, str]


class Refused(Exception):
    """A command was answered with an error, in a play where that may be."""


class Play:
    """One performance. `strict`: nothing may be refused."""

    def __init__(self, server: Server, state: State, strict: bool) -> None:
        self.server = server
        self.now = dict(state)  # in memory
        self.found = [dict(state)]  # what a restart may find
        self.strict = strict
        self.durable_writes = False  # an answered write is promised
        self.ended = False
        self.restart: Mapping[str, Value] | None = None  # if not as the scene says
        self._client: Client | None = None

    @property
    def client(self) -> Client:
        if self._client is None:
            self._client = self.server.connect()
        return self._client

    def do(self, *command: str | int) -> object:
        reply = self.client.call(*command)
        if isinstance(reply, ReplyError):
            if self.strict:
                raise AssertionError(f"{command!r} answered: {reply.text}")
            raise Refused(reply.text)
        return reply

    def write(self, key: str, value: str) -> None:
        self.apply({**self.now, key: value}, "SET", key, value)

    def apply(self, state: State, *command: str | int) -> None:
        """A write that leads to the state. From when it is sent it may be found."""
        before = self.now
        self.now = dict(state)
        self.found.append(self.now)
        try:
            self.do(*command)
        except Refused:
            self.now = before
            self.found.pop()
            raise
        if self.durable_writes:
            self.promise()

    def promise(self) -> None:
        """From now on only what is in memory may be found."""
        self.found = [self.now]

    def info(self, name: str) -> str:
        text = self.client.ok("INFO", "everything").decode()
        return next((l.split(":", 1)[1] for l in text.split("\r\n") if l.startswith(name + ":")), "")

    def wait_info(self, name: str, value: str) -> None:
        wait_for(f"{name}:{value}", lambda: self.info(name) == value)

    def wait_child(self, kind: str) -> None:
        """A save (rdb) or a rewrite (aof) ends well, or, in a play where that may be, not."""
        names = {
            "rdb": ("rdb_bgsave_in_progress", "rdb_last_bgsave_status"),
            "aof": ("aof_rewrite_in_progress", "aof_last_bgrewrite_status"),
        }[kind]
        if kind == "aof":
            self.wait_info("aof_rewrite_scheduled", "0")
        self.wait_info(names[0], "0")
        if self.info(names[1]) != "ok":
            if self.strict:
                raise AssertionError(f"{names[1]} is not ok:\n{self.server.log}")
            raise Refused(names[1])

    def end(self, *command: str) -> None:
        """A command that ends the server; EOFError if it does."""
        if not self.strict:
            self.client.send(*command)
            reply = self.client.read()
            raise Refused(str(reply))
        self.client.send(*command)
        self.client.read()
        raise AssertionError(f"{command!r} was answered:\n{self.server.log}")


@dataclass
class Scene:
    """`play` runs on a server that was started with `directives` on a copy of the folder that
    `prepare` left, with `state` in it."""

    name: str
    play: Callable[[Play], None]
    directives: Mapping[str, Value]
    state: State = field(default_factory=dict)
    prepared_with: Mapping[str, Value] | None = None  # a server that has made `state`, and saved
    prepare: Callable[[Path], None] | None = None
    durable_writes: bool = False
    survives_faults: bool = True
    # How to start again, from what is there; by default as before.
    restart: Callable[[Path], Mapping[str, Value]] | None = None

    def restart_directives(self, root: Path) -> Mapping[str, Value]:
        return self.restart(root) if self.restart else self.directives
