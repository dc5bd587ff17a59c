"""Transcripts of docs/examples: read, played, compared.

A file has blocks, with empty lines between them. Lines "# text" at the beginning of a block are
prose for the page. "> words" is a command, "2> words" one on a second connection (3>, ...
likewise); what follows is the reply as redis-cli prints it. In a reply <n> stands for a number and
any other <word> for a text within the line, a line "..." for any lines. A connection that the
server closed answers "(closed)"; a command that is not answered yet is followed by "(waits)". A
line "2<" stands before what comes to the second connection later: that reply, or a message. A line "#! newer" in front of a block says that redis-server 7.0
does not know what it shows; it is not sent there."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable

from .cli import format_reply, split_line
from .client import Client

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "examples"

_COMMAND = re.compile(r"(\d*)> (.*)|(\d*)<")
_WAITS = "(waits)"
_VARIABLE = re.compile(r"<([a-z][a-z0-9 -]*)>")


@dataclass
class Step:
    line_number: int
    connection: str
    command: str  # "": none is sent, only a reply is awaited
    expected: list[str] = field(default_factory=list)
    newer: bool = False

    def matches(self, shown: str) -> bool:
        return re.fullmatch("\n".join(map(_line_pattern, self.expected)), shown) is not None


def _line_pattern(line: str) -> str:
    if line == "...":
        return r"(?s:.*)"
    parts = _VARIABLE.split(line)
    out = []
    for index, part in enumerate(parts):
        if index % 2 == 0:
            out.append(re.escape(part))
        else:
            out.append(r"-?\d+(?:\.\d+)?" if part == "n" else ".+?")
    return "".join(out)


def read(path: Path) -> list[Step]:
    steps: list[Step] = []
    newer, in_prose = False, True
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        command = _COMMAND.fullmatch(line)
        if not line:
            newer, in_prose = False, True
        elif line.startswith("#!"):
            newer = line == "#! newer"
            assert newer, f"{path.name}:{number}: {line}"
        elif command:
            in_prose = False
            words, sender, receiver = command.group(2), command.group(1), command.group(3)
            steps.append(Step(number, sender or receiver or "", words or "", newer=newer))
        elif not (in_prose and line.startswith("#")):
            assert steps, f"{path.name}:{number}: a reply to nothing"
            steps[-1].expected.append(line)
    return steps


def commands_of(steps: list[Step]) -> set[str]:
    """What the steps call, as COMMAND LIST names it: "get", and of containers "client|kill" as well as
    "client"."""
    names = set()
    for step in steps:
        words = [word.decode(errors="replace").lower() for word in split_line(step.command)[:2]]
        names |= {*words[:1], "|".join(words)}
    return names


class Player:
    """Plays the steps of one file on connections of its own."""

    def __init__(self, connect: Callable[[], Client]) -> None:
        self._connect = connect
        self._clients: dict[str, Client] = {}

    def close(self) -> None:
        for client in self._clients.values():
            client.close()

    def play(self, step: Step) -> str:
        """The reply as redis-cli shows it."""
        if step.connection not in self._clients:
            self._clients[step.connection] = self._connect()
        client = self._clients[step.connection]
        if step.command:
            client.send(*split_line(step.command))
        if step.expected == [_WAITS]:
            return _WAITS
        try:
            return format_reply(step.command, client.read_reply())
        except (EOFError, ConnectionError):
            return "(closed)"
