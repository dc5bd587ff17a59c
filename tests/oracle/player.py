"""Plays a program on both servers in lockstep and finds the first difference.

Each step is sent to both before either is read, so that time passes for both alike."""

from __future__ import annotations

import socket
import time

from support.client import Client
from support.resp import ProtocolViolation, Reply, ReplyReader, encode, plain

from .compare import CLOSED, SILENT, Outcome
from .differences import Differences
from .ending import Ending
from .judge import Difference, Judge, difference
from .program import (
    Answered,
    Carry,
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
from .side import Side, bulk, read_outcome
from .transaction import Transactions

_ITERATION_LIMIT = 20000


class Player:
    """Plays programs on two sides; differences.tsv decides what may differ."""

    def __init__(self, tarn: Side, oracle: Side, differences: Differences) -> None:
        self.tarn, self.oracle = tarn, oracle
        self.sides = (tarn, oracle)
        self.differences = differences
        self.commands_played = 0
        self._judge = Judge(differences)
        self._transactions = Transactions()
        # Commands that were sent and may wait, by connection, with its id on each server.
        self._waiting: dict[int, tuple[Command, list[bytes]]] = {}

    def play(self, program: Program) -> Difference | None:
        """The first difference, or None. Both servers are emptied before."""
        for side in self.sides:
            side.begin(program.protos)
        self._waiting.clear()
        self._transactions.begin()
        self._judge.begin(program.contexts())
        for index, step in enumerate(program.steps):
            found = self._guarded(index, step) or self._crash(index, step)
            if found:
                return found
        index = len(program.steps)
        return Ending(self.sides, self._judge, program).find() or self._crash(index, "the end")

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
        if isinstance(step, Carry):
            return self._carry(index, step)
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
            ours, theirs = (read_outcome(side.client(client)) for side in self.sides)
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
        for part in self._transactions.parts(command, ours, theirs):
            found = self._compare_one(index, *part)
            if found:
                return found
        return None

    def _compare_one(
        self, index: int, command: Command, ours: Outcome, theirs: Outcome
    ) -> Difference | None:
        if command.mode == "encoding" and ours.text != theirs.text:
            return self._encoding(index, command, ours, theirs)
        if not self._judge.same(command.mode, command.text(), ours, theirs):
            return difference(index, command.text(), ours.text, theirs.text)
        if command.mode == "existing-key" and theirs.reply is not None:
            return self._must_exist(index, command, (ours, theirs))
        return None

    def _encoding(
        self, index: int, command: Command, ours: Outcome, theirs: Outcome
    ) -> Difference | None:
        """The type says what it means that the forms differ."""
        key = command.args[-1]
        kinds = [side.client(command.client).call("TYPE", side.resolve(key)) for side in self.sides]
        asked = f"ENCODING OF {kinds[1]}"
        if self._judge.same("exact", asked, ours, theirs):
            return None
        return difference(index, f"{command.text()}, {asked}", ours.text, theirs.text)

    def _drop_client(self, client: int) -> None:
        for side in self.sides:
            side.drop_client(client)

    def _must_exist(
        self, index: int, command: Command, outcomes: tuple[Outcome, Outcome]
    ) -> Difference | None:
        for side, outcome in zip(self.sides, outcomes):
            key = plain(outcome.reply) if outcome.reply else None
            if isinstance(key, bytes) and side.client(command.client).call("EXISTS", key) != 1:
                return difference(index, command.text(), outcome.text, "a key that exists")
        return None

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
            if not self._judge.same("exact", asked, one, other):
                return difference(index, asked, one.text, other.text)
        if len(outcomes[0]) != len(outcomes[1]):
            counts = [f"{len(o)} replies, the last {o[-1].text if o else ''}" for o in outcomes]
            return difference(index, asked, counts[0], counts[1])
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
            return difference(index, asked, *waited)
        ours, theirs = (read_outcome(side.client(client)) for side in self.sides)
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
        if self._judge.allows(words, texts[0], texts[1]):
            return None
        return difference(index, words, texts[0], texts[1])

    # Values that are carried from one server to the other

    def _carry(self, index: int, step: Carry) -> Difference | None:
        """DUMP on both; what each gave is restored by the other."""
        words: tuple[bytes, ...] = (b"DUMP", step.source)
        dumped = self._both(step.client, [words, words])
        found = self._compare(index, Command(words, step.client, mode="kind"), *dumped)
        payloads = [bulk(outcome.reply) for outcome in dumped]
        if found or not all(payloads):
            return found
        words = (b"RESTORE", step.target, step.time)
        restored = [(*words, payload, *step.options) for payload in reversed(payloads)]
        shown = Command((*words, b"(what the other dumped)", *step.options), step.client)
        return self._compare(index, shown, *self._both(step.client, restored))

    def _both(self, client: int, words: list[tuple[bytes, ...]]) -> list[Outcome]:
        """A command with each server's own arguments."""
        self.commands_played += 1
        for side, args in zip(self.sides, words):
            _send(side.client(client), encode(*args), 0, 0)
        return [read_outcome(side.client(client)) for side in self.sides]


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
        outcome = read_outcome(client)
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
