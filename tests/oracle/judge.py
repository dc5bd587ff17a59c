"""What a difference is, and who decides whether it is one: the mode in which replies are compared,
then the rows of differences.tsv."""

from __future__ import annotations

from dataclasses import dataclass

from . import compare
from .compare import Outcome
from .differences import Differences
from .program import shorten


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


def difference(index: int, asked: str, ours: str, theirs: str) -> Difference:
    return Difference(index, asked, asked, ours, theirs)


class Judge:
    """Judges the replies of one program after the other."""

    def __init__(self, differences: Differences) -> None:
        self.differences = differences
        self._contexts: list[str] = []
        self.parted = False

    def begin(self, contexts: list[str]) -> None:
        """A program: some rows hold only in the context of what it does somewhere."""
        self._contexts = contexts
        # Whether one server refused what the other did: other events and counts follow from that.
        self.parted = False

    def same(self, mode: str, text: str, ours: Outcome, theirs: Outcome) -> bool:
        if compare.same(mode, ours, theirs):
            return True
        if not self.allows(text, ours.text, theirs.text):
            return False
        self.parted = self.parted or ours.failed or theirs.failed
        return True

    def allows(self, text: str, ours: str, theirs: str) -> bool:
        """Whether the difference is an intended one."""
        texts = [text, *(f"{context}: {text}" for context in self._contexts)]
        return any(self.differences.allow(asked, ours, theirs) for asked in texts)
