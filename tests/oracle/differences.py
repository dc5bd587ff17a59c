"""Intended differences: rows of differences.tsv.

A row is (command-pattern, tarn, oracle, reason). The first three are regular expressions that
must match the whole of the command as program.quote shows it (any case; behind what
Program.contexts says and a colon, where a row holds only there) and of the replies as
compare.render shows them. Groups that both reply patterns capture must capture the same, so a row
can say "the rest is equal"; but of a number in a group named `atmost` Tarn's may be the smaller, or
(`atmost_twice`) the greater up to twice the oracle's."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

# How many times the oracle's number Tarn's may be, by the group's name.
_BOUNDS = {"atmost": 1, "atmost_twice": 2}

_HEADER = ("command-pattern", "tarn", "oracle", "reason")


@dataclass(frozen=True)
class Row:
    command: re.Pattern[str]
    tarn: re.Pattern[str]
    oracle: re.Pattern[str]
    reason: str

    def allows(self, command: str, tarn: str, oracle: str) -> bool:
        if not self.command.fullmatch(command):
            return False
        ours, theirs = self.tarn.fullmatch(tarn), self.oracle.fullmatch(oracle)
        return bool(ours and theirs and _agree(ours, theirs))


def _agree(ours: re.Match[str], theirs: re.Match[str]) -> bool:
    for name, bound in theirs.groupdict().items():
        return int(ours[name]) <= int(bound) * _BOUNDS[name]
    return ours.groups() == theirs.groups()


class Differences:
    """All rows, and how often each was needed."""

    def __init__(self, path: Path) -> None:
        self.rows = _load(path)
        self.used: Counter[str] = Counter()

    def allow(self, command: str, tarn: str, oracle: str) -> bool:
        for row in self.rows:
            if row.allows(command, tarn, oracle):
                self.used[row.reason] += 1
                return True
        return False


def _load(path: Path) -> list[Row]:
    lines = path.read_text(encoding="utf-8").splitlines()
    if not lines or tuple(lines[0].split("\t")) != _HEADER:
        raise SystemExit(f"{path}: the first line must be the columns {_HEADER}")
    return [_row(path, number, line) for number, line in enumerate(lines[1:], 2) if line.strip()]


def _row(path: Path, number: int, line: str) -> Row:
    cells = line.split("\t")
    if len(cells) != 4 or not all(cell.strip() for cell in cells):
        raise SystemExit(f"{path}:{number}: four columns are needed, and a reason")
    try:
        command, tarn, oracle = (
            re.compile(cells[0], re.IGNORECASE | re.DOTALL),
            re.compile(cells[1], re.DOTALL),
            re.compile(cells[2], re.DOTALL),
        )
    except re.error as error:
        raise SystemExit(f"{path}:{number}: {error}") from None
    return Row(command, tarn, oracle, cells[3])
