"""What EXEC answers, taken apart: each reply with the command that was queued for it, since they
are compared in that command's mode."""

from __future__ import annotations

from .compare import Outcome
from .program import Command

_ENDS = frozenset((b"exec", b"discard", b"reset"))

Part = tuple[Command, Outcome, Outcome]


class Transactions:
    """What each connection of a program has queued."""

    def __init__(self) -> None:
        self._queued: dict[int, list[Command]] = {}

    def begin(self) -> None:
        self._queued.clear()

    def parts(self, command: Command, ours: Outcome, theirs: Outcome) -> list[Part]:
        """What is to be compared now: nothing for a command that both queued, all that were queued
        for EXEC, else the command itself."""
        if ours.is_status(b"QUEUED") and theirs.is_status(b"QUEUED"):
            self._queued.setdefault(command.client, []).append(command)
            return []
        whole = [(command, ours, theirs)]
        if command.verb == b"multi" and ours.is_status(b"OK"):
            self._queued[command.client] = []
        if command.verb not in _ENDS:
            return whole
        queued = self._queued.pop(command.client, [])
        answers = ours.elements(), theirs.elements()
        if command.verb != b"exec" or any(len(answer) != len(queued) for answer in answers):
            return whole
        return list(zip(queued, answers[0], answers[1]))
