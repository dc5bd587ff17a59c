"""What must be the same when a program is over: what was counted, the events of keys, and the data,
before and after each server has given all of it to the other."""

from __future__ import annotations

from typing import Sequence

from support.resp import encode

from . import listener, statistics
from .compare import Outcome
from .judge import Difference, Judge, difference
from .program import Command, Program, quote
from .side import Side, bulk, read_outcome

DATABASES = 16

Requests = list[Sequence[bytes]]
Answers = list[tuple[Outcome, Outcome]]


class Ending:
    """The end of one program."""

    def __init__(self, sides: tuple[Side, Side], judge: Judge, program: Program) -> None:
        self._sides = sides
        self._judge = judge
        self._program = program
        self._index = len(program.steps)

    def find(self) -> Difference | None:
        return self._statistics() or self._events() or self._data()

    def _difference(self, asked: str, ours: str, theirs: str) -> Difference:
        return difference(self._index, asked, ours, theirs)

    def _statistics(self) -> Difference | None:
        """What was counted; an intended refusal may have led to other counts."""
        counts = [statistics.counted(side.control) for side in self._sides]
        if counts[0] == counts[1] or self._judge.parted:
            return None
        return self._difference("INFO commandstats, errorstats", *statistics.apart(*counts))

    def _events(self) -> Difference | None:
        """What happened to keys, in order."""
        heard = [self._comparable(side.listener.heard()) for side in self._sides]
        if heard[0] == heard[1] or self._judge.parted:
            return None
        return self._difference("EVENTS of keys", *listener.apart(*heard))

    def _comparable(self, events: list[str]) -> list[str]:
        """A key whose time is over is deleted or missed only by a server that still has it; SORT
        looks up what a set holds in the order of its table."""
        gone = {quote(key) for key in self._program.lingering()}
        kept = [event for event in events if not _is_about(event, ("del", "keymiss"), gone)]
        return listener.misses_in_order(kept) if self._program.sorts() else kept

    def _data(self) -> Difference | None:
        for compare_data in (self._keyspace, self._exchange):
            for database in range(DATABASES):
                for side in self._sides:
                    side.control.ok("SELECT", database)
                found = compare_data(database)
                if found:
                    return found
            for side in self._sides:
                side.control.ok("SELECT", 0)
            found = self._ask([Command((b"DEBUG", b"DIGEST"))])
            if found:
                return found
        return None

    def _keyspace(self, database: int) -> Difference | None:
        """A database, key by key: type, time to live, encoding, value, digest."""
        if [side.control.call("DBSIZE") for side in self._sides] == [0, 0]:
            return None
        for side in self._sides:
            side.control.call("EXISTS", *self._program.keys)
        keys = [set(side.control.ok("KEYS", "*")) for side in self._sides]
        if keys[0] != keys[1]:
            texts = [", ".join(map(quote, sorted(k))) for k in keys]
            return self._difference(f"keys of database {database}", texts[0], texts[1])
        commands = [command for key in sorted(keys[1]) for command in _about(key)]
        return self._ask([*commands, Command((b"DBSIZE",))])

    def _exchange(self, database: int) -> Difference | None:
        """Every key is dumped by both, restored by the other, and must still be the same."""
        keys = sorted(self._sides[1].control.ok("KEYS", "*"))
        if not keys:
            return None
        for side in self._sides:
            # A program may have left less than a payload needs.
            side.control.ok("CONFIG", "SET", "proto-max-bulk-len", "512mb")
            side.control.ok("CONFIG", "SET", "client-query-buffer-limit", "1gb")
        dumps: Requests = [(b"DUMP", key) for key in keys]
        payloads = self._answers([dumps, dumps])
        bulks = [[bulk(outcome.reply) for outcome in pair] for pair in payloads]
        restores: list[Requests] = [
            [(b"RESTORE", key, b"0", pair[1 - i], b"REPLACE") for key, pair in zip(keys, bulks)]
            for i in range(2)
        ]
        for key, (ours, theirs) in zip(keys, self._answers(restores)):
            if not (ours.is_status(b"OK") and theirs.is_status(b"OK")):
                asked = f"RESTORE {quote(key)} (what the other dumped)"
                return self._difference(asked, ours.text, theirs.text)
        return self._ask([command for key in keys for command in _about(key)])

    def _ask(self, commands: list[Command]) -> Difference | None:
        args: Requests = [[self._sides[0].resolve(arg) for arg in c.args] for c in commands]
        kind = ""
        for command, (ours, theirs) in zip(commands, self._answers([args, args])):
            text = command.text()
            if command.verb == b"type":
                kind = theirs.text
            if command.verb == b"object" and ours.text != theirs.text:
                text = f"ENCODING OF {kind.lstrip('+')}"
            if not self._judge.same(command.mode, text, ours, theirs):
                return self._difference(f"{command.text()} ({kind})", ours.text, theirs.text)
        return None

    def _answers(self, requests: list[Requests]) -> Answers:
        """Each server's answers to requests of its own, as many for both. All are read, so that the
        connections stay in step."""
        for side, commands in zip(self._sides, requests):
            side.control.send_raw(b"".join(encode(*args) for args in commands))
        read = [[read_outcome(side.control) for _ in requests[0]] for side in self._sides]
        return list(zip(read[0], read[1]))


def _about(key: bytes) -> list[Command]:
    return [
        Command((b"TYPE", key)),
        Command((b"PTTL", key), mode="milliseconds"),
        Command((b"OBJECT", b"ENCODING", key)),
        Command((b"GET", key)),
        Command((b"XINFO", b"STREAM", key, b"FULL", b"COUNT", b"0"), mode="stream"),
        Command((b"DEBUG", b"DIGEST-VALUE", key)),
    ]


def _is_about(event: str, names: tuple[str, ...], keys: set[str]) -> bool:
    name, _, rest = event.partition("@")
    return name in names and rest.partition(" ")[2] in keys
