"""Plays a program on both servers in lockstep and finds the first difference.

Each step is sent to both before either is read, so that time passes for both alike."""

from __future__ import annotations

import socket
import time
from dataclasses import dataclass
from typing import Callable

from support.client import Client
from support.resp import ProtocolViolation, Reply, ReplyReader, encode, plain
from support.server import Server

from . import compare, listener, statistics
from .compare import CLOSED, SILENT, Outcome
from .differences import Differences
from .program import (
    Answered,
    Arg,
    Command,
    Iterate,
    Own,
    Pipeline,
    Program,
    RawBytes,
    Step,
    Waits,
    cut_places,
    quote,
    shorten,
    step_text,
)

DATABASES = 16

_ITERATION_LIMIT = 20000


@dataclass(frozen=True)
class Difference:
    """Where the servers parted: the step, what was asked, and what each did."""

    index: int
    step: str
    asked: str
    tarn: str
    oracle: str

    @property
    def verb(self) -> str:
        return self.asked.split(" ", 1)[0].lower()

    def lines(self) -> list[str]:
        return [
            f"at step {self.index + 1}: {shorten(self.asked)}",
            f"    tarn   {shorten(self.tarn, 2000)}",
            f"    oracle {shorten(self.oracle, 2000)}",
        ]


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


class Player:
    """Plays programs on two sides; differences.tsv decides what may differ."""

    def __init__(self, tarn: Side, oracle: Side, differences: Differences) -> None:
        self.tarn, self.oracle = tarn, oracle
        self.sides = (tarn, oracle)
        self.differences = differences
        self.commands_played = 0
        # Commands that were sent and may wait, by connection, with its id on each server.
        self._waiting: dict[int, tuple[Command, list[bytes]]] = {}

    def play(self, program: Program) -> Difference | None:
        """The first difference, or None. Both servers are emptied before."""
        for side in self.sides:
            side.begin(program.protos)
        self._waiting.clear()
        allowed = self.differences.used.total()
        for index, step in enumerate(program.steps):
            found = self._guarded(index, step) or self._crash(index, step)
            if found:
                return found
        index = len(program.steps)
        return (
            self._statistics(index, allowed)
            or self._events(index, allowed, _has_comparable_events(program))
            or self._keyspace(index, program.keys)
            or self._crash(index, "the end")
        )

    def _statistics(self, index: int, allowed: int) -> Difference | None:
        """What was counted; an intended difference may have led to other counts."""
        counts = [statistics.counted(side.control) for side in self.sides]
        if counts[0] == counts[1] or self.differences.used.total() != allowed:
            return None
        return self._difference(index, "INFO commandstats, errorstats", *statistics.apart(*counts))

    def _events(self, index: int, allowed: int, comparable: bool) -> Difference | None:
        """What happened to keys, in order; here, too, an intended difference may have its own."""
        heard = [side.listener.heard() for side in self.sides]
        if heard[0] == heard[1] or self.differences.used.total() != allowed or not comparable:
            return None
        return self._difference(index, "EVENTS of keys", *listener.apart(*heard))

    def _guarded(self, index: int, step: Step) -> Difference | None:
        """The step; a server that cannot be reached any more is a difference."""
        try:
            return self._step(index, step)
        except (OSError, EOFError) as error:
            text = step_text(step)
            return self._crash(index, step) or Difference(index, text, text, repr(error), "?")

    def _step(self, index: int, step: Step) -> Difference | None:
        if isinstance(step, Command):
            return self._commands(index, step.client, (step,), cuts=0, seed=0)
        if isinstance(step, Pipeline):
            return self._commands(index, step.client, step.commands, step.cuts, step.seed)
        if isinstance(step, RawBytes):
            return self._raw_bytes(index, step)
        if isinstance(step, Waits):
            return self._waits(step.command)
        if isinstance(step, Answered):
            return self._answered(index, step.client)
        return self._iterate(index, step)

    def _crash(self, index: int, step: Step | str) -> Difference | None:
        """A server that died or wrote a report is a difference, whatever it answered."""
        for side in self.sides:
            try:
                side.server.check_alive()
            except AssertionError as failure:
                text = step if isinstance(step, str) else step_text(step)
                if side is self.oracle:
                    raise SystemExit(f"the oracle failed at {text}:\n{failure}") from None
                self._restart(side)
                return Difference(index, text, text, f"died or reported:\n{failure}", "lives")
        return None

    @staticmethod
    def _restart(side: Side) -> None:
        side.server.kill()
        side.restart()

    # Commands

    def _commands(
        self, index: int, client: int, commands: tuple[Command, ...], cuts: int, seed: int
    ) -> Difference | None:
        for side in self.sides:
            data = b"".join(encode(*map(side.resolve, c.args)) for c in commands)
            _send(side.client(client), data, cuts, seed)
        for command in commands:
            self.commands_played += 1
            ours, theirs = (_read(side.client(client)) for side in self.sides)
            found = self._compare(index, command, ours, theirs)
            if found:
                return found
            if theirs.closed:
                # Both closed; nothing behind this command is answered.
                self._drop_client(client)
                return None
            if command.sleep_ms:
                time.sleep(command.sleep_ms / 1000)
        return None

    def _compare(
        self, index: int, command: Command, ours: Outcome, theirs: Outcome
    ) -> Difference | None:
        if not self._same(command.mode, command.text(), ours, theirs):
            return self._difference(index, command.text(), ours.text, theirs.text)
        if command.mode == "existing-key" and theirs.reply is not None:
            return self._must_exist(index, command, (ours, theirs))
        return None

    def _drop_client(self, client: int) -> None:
        for side in self.sides:
            side.drop_client(client)

    def _same(self, mode: str, text: str, ours: Outcome, theirs: Outcome) -> bool:
        if compare.same(mode, ours, theirs):
            return True
        return self.differences.allow(text, ours.text, theirs.text)

    def _must_exist(
        self, index: int, command: Command, outcomes: tuple[Outcome, Outcome]
    ) -> Difference | None:
        for side, outcome in zip(self.sides, outcomes):
            key = plain(outcome.reply) if outcome.reply else None
            if isinstance(key, bytes) and side.client(command.client).call("EXISTS", key) != 1:
                return self._difference(index, command.text(), outcome.text, "a key that exists")
        return None

    @staticmethod
    def _difference(index: int, asked: str, ours: str, theirs: str) -> Difference:
        return Difference(index, asked, asked, ours, theirs)

    # Raw bytes

    def _raw_bytes(self, index: int, step: RawBytes) -> Difference | None:
        clients = [side.new_client() for side in self.sides]
        try:
            for client in clients:
                _send(client, step.data, step.cuts, step.seed)
                _end_of_requests(client)
            answers = [_read_all(client) for client in clients]
        finally:
            for client in clients:
                client.close()
        if answers[0] == answers[1]:
            return None
        return self._compare_streams(index, step, answers[0], answers[1])

    def _compare_streams(
        self, index: int, step: RawBytes, ours: bytes | None, theirs: bytes | None
    ) -> Difference | None:
        """Reply by reply, so that intended differences apply to hostile requests as well."""
        outcomes = [_split(answer) for answer in (ours, theirs)]
        asked = f"RAW {shorten(quote(step.data), 2000)}"
        for one, other in zip(*outcomes):
            if not self._same("exact", asked, one, other):
                return self._difference(index, asked, one.text, other.text)
        if len(outcomes[0]) != len(outcomes[1]):
            counts = [f"{len(o)} replies, the last {o[-1].text if o else ''}" for o in outcomes]
            return self._difference(index, asked, counts[0], counts[1])
        return None

    # Commands that wait

    def _waits(self, command: Command) -> Difference | None:
        if command.client in self._waiting:
            return None
        ids = [side.resolve(Own("id", command.client)) for side in self.sides]
        self._waiting[command.client] = (command, ids)
        self.commands_played += 1
        for side in self.sides:
            _send(side.client(command.client), encode(*map(side.resolve, command.args)), 0, 0)
        for side in self.sides:
            # Whatever was sent before is executed when this is answered.
            side.control.call("PING")
        return None

    def _answered(self, index: int, client: int) -> Difference | None:
        if client not in self._waiting:
            return None
        command, ids = self._waiting.pop(client)
        asked = f"CLIENT UNBLOCK {client}, which sent {command.text()}"
        waited = [
            str(side.control.call("CLIENT", "UNBLOCK", ident))
            for side, ident in zip(self.sides, ids)
        ]
        if waited[0] != waited[1]:
            return self._difference(index, asked, *waited)
        ours, theirs = (_read(side.client(client)) for side in self.sides)
        return self._compare(index, command, ours, theirs)

    # Iterations

    def _iterate(self, index: int, step: Iterate) -> Difference | None:
        found = [_whole_iteration(side.client(step.client), step) for side in self.sides]
        if found[0] == found[1]:
            if found[1] == CLOSED.text:
                self._drop_client(step.client)
            return None
        texts = [f if isinstance(f, str) else ", ".join(map(quote, sorted(f))) for f in found]
        words = " ".join("<cursor>" if arg is None else quote(arg) for arg in step.args)
        if self.differences.allow(words, texts[0], texts[1]):
            return None
        return self._difference(index, words, texts[0], texts[1])

    # The end of a program

    def _keyspace(self, index: int, touch: tuple[bytes, ...]) -> Difference | None:
        """Every database, key by key: type, time to live, encoding, value, digest."""
        for database in range(DATABASES):
            sizes = [side.control.call("DBSIZE") for side in self._selected(database)]
            if sizes == [0, 0]:
                continue
            found = self._database(index, database, touch)
            if found:
                return found
        self._selected(0)
        return self._on_control(index, [Command((b"DEBUG", b"DIGEST"))])

    def _selected(self, database: int) -> tuple[Side, Side]:
        for side in self.sides:
            side.control.ok("SELECT", database)
        return self.sides

    def _database(
        self, index: int, database: int, touch: tuple[bytes, ...]
    ) -> Difference | None:
        for side in self.sides:
            side.control.call("EXISTS", *touch)
        keys = [set(side.control.ok("KEYS", "*")) for side in self.sides]
        if keys[0] != keys[1]:
            texts = [", ".join(map(quote, sorted(k))) for k in keys]
            return self._difference(index, f"keys of database {database}", texts[0], texts[1])
        commands = [command for key in sorted(keys[1]) for command in _about(key)]
        return self._on_control(index, [*commands, Command((b"DBSIZE",))])

    def _on_control(self, index: int, commands: list[Command]) -> Difference | None:
        for side in self.sides:
            side.control.send_raw(
                b"".join(encode(*map(side.resolve, command.args)) for command in commands)
            )
        # Both are read to the end, so that the connections stay in step.
        read = [[_read(side.control) for side in self.sides] for _ in commands]
        for command, (ours, theirs) in zip(commands, read):
            if not self._same(command.mode, command.text(), ours, theirs):
                return self._difference(index, command.text(), ours.text, theirs.text)
        return None


def _about(key: bytes) -> list[Command]:
    return [
        Command((b"TYPE", key)),
        Command((b"PTTL", key), mode="milliseconds"),
        Command((b"OBJECT", b"ENCODING", key)),
        Command((b"GET", key)),
        Command((b"XINFO", b"STREAM", key, b"FULL", b"COUNT", b"0"), mode="stream"),
        Command((b"DEBUG", b"DIGEST-VALUE", key)),
    ]


def _send(client: Client, data: bytes, cuts: int, seed: int) -> None:
    """Send in pieces. A server may have closed in the meantime: its answer is read anyway."""
    try:
        client.send_pieces(data, cut_places(len(data), cuts, seed))
    except (BrokenPipeError, ConnectionResetError):
        pass


def _end_of_requests(client: Client) -> None:
    try:
        client.sock.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def _read(client: Client) -> Outcome:
    try:
        reply = client.read_reply()
    except EOFError:
        return CLOSED
    except TimeoutError:
        return SILENT
    except ProtocolViolation as violation:
        return Outcome(None, note=f"<no reply but noise: {violation}>")
    return Outcome(reply, client.reader.last_raw)


def _read_all(client: Client) -> bytes | None:
    """All bytes to the server's close; None if it does not close."""
    try:
        return client.read_to_end()
    except TimeoutError:
        return None


def _split(answer: bytes | None) -> list[Outcome]:
    if answer is None:
        return [SILENT]
    chunks = iter([answer])
    reader = ReplyReader(lambda: next(chunks, b""))
    outcomes: list[Outcome] = []
    while True:
        try:
            outcomes.append(Outcome(reader.read(), reader.last_raw))
        except EOFError:
            rest = reader.buffered
            if rest:
                outcomes.append(Outcome(None, note=f"<half a reply: {rest!r}>"))
            return outcomes
        except ProtocolViolation as violation:
            return [*outcomes, Outcome(None, note=f"<noise: {violation}>")]


def _whole_iteration(client: Client, step: Iterate) -> set[bytes] | str:
    """The elements of a whole iteration, or the text of what came instead."""
    cursor = b"0"
    found: set[bytes] = set()
    for _ in range(_ITERATION_LIMIT):
        args = [cursor if arg is None else arg for arg in step.args]
        _send(client, encode(*args), cuts=0, seed=0)
        outcome = _read(client)
        reply = outcome.reply
        if reply is None or not _is_scan_reply(reply):
            return outcome.text
        cursor = reply.value[0].value
        found.update(item.value for item in reply.value[1].value)
        if cursor == b"0":
            return found
    return "an iteration without end"


def _is_scan_reply(reply: Reply) -> bool:
    return reply.kind == "*" and len(reply.value) == 2 and isinstance(reply.value[1].value, list)


def _has_comparable_events(program: Program) -> bool:
    """Not where redis-server has yet to remove a key whose time is over, which another command then
    deletes or misses; nor where SORT looks keys up in the order of a set."""
    commands: list[Command] = []
    for step in program.steps:
        if isinstance(step, Pipeline):
            commands += step.commands
        elif isinstance(step, (Command, Waits)):
            commands.append(step if isinstance(step, Command) else step.command)
    return not any(
        command.sleep_ms or command.text().lower().startswith("sort") for command in commands
    )
