"""Shrinks a failing program to the shortest that still fails.

Steps are dropped in halves, quarters and so on, then pipelines are taken apart and arguments
made simpler, until nothing more can go. A candidate counts if the same verb differs."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Callable, Iterator

from .judge import Difference
from .program import Command, Pipeline, Program, RawBytes, Step

Play = Callable[[Program], "Difference | None"]


class Shrinker:
    """Shrinks with at most `budget_s` seconds of playing."""

    def __init__(self, play: Play, budget_s: float) -> None:
        self._play = play
        self._deadline = time.monotonic() + budget_s

    def shrink(self, program: Program, found: Difference) -> tuple[Program, Difference]:
        best, difference = program, found
        while True:
            before = best
            for pass_ in (self._drop_steps, self._take_apart, self._simplify):
                best, difference = pass_(best, difference)
            if best == before or self._time_is_up():
                return best, difference

    def _time_is_up(self) -> bool:
        return time.monotonic() > self._deadline

    def _try(self, candidate: Program, found: Difference) -> Difference | None:
        """The candidate's difference, if it is the one that is looked for."""
        if self._time_is_up():
            return None
        difference = self._play(candidate)
        return difference if difference and difference.verb == found.verb else None

    def _drop_steps(self, best: Program, found: Difference) -> tuple[Program, Difference]:
        size = max(1, len(best.steps) // 2)
        while True:
            start = 0
            while start < len(best.steps):
                steps = list(best.steps)
                del steps[start : start + size]
                candidate = best.with_steps(steps)
                difference = self._try(candidate, found)
                if difference:
                    best, found = candidate, difference
                else:
                    start += size
            if size == 1:
                return best, found
            size //= 2

    def _take_apart(self, best: Program, found: Difference) -> tuple[Program, Difference]:
        """Pipelines become single commands, cuts go."""
        return self._replace_steps(best, found, _simpler_forms)

    def _simplify(self, best: Program, found: Difference) -> tuple[Program, Difference]:
        """Arguments become shorter or go."""
        return self._replace_steps(best, found, _simpler_arguments)

    def _replace_steps(
        self, best: Program, found: Difference, forms: Callable[[Step], Iterator[list[Step]]]
    ) -> tuple[Program, Difference]:
        index = 0
        while index < len(best.steps):
            for form in forms(best.steps[index]):
                steps = [*best.steps[:index], *form, *best.steps[index + 1 :]]
                candidate = best.with_steps(steps)
                difference = self._try(candidate, found)
                if difference:
                    best, found = candidate, difference
                    break
            else:
                index += 1
        return best, found


def _simpler_forms(step: Step) -> Iterator[list[Step]]:
    if isinstance(step, Pipeline):
        yield list(step.commands)
        if step.cuts:
            yield [replace(step, cuts=0)]
        for i in range(len(step.commands)):
            rest = step.commands[:i] + step.commands[i + 1 :]
            if rest:
                yield [replace(step, commands=rest)]
    if isinstance(step, RawBytes):
        if step.cuts:
            yield [replace(step, cuts=0)]
            yield [replace(step, cuts=step.cuts // 2)]
        for data in _shorter(step.data):
            yield [replace(step, data=data)]


def _simpler_arguments(step: Step) -> Iterator[list[Step]]:
    if not isinstance(step, Command) or not step.alterable:
        return
    for i in range(len(step.args) - 1, 0, -1):
        yield [replace(step, args=step.args[:i] + step.args[i + 1 :])]
        arg = step.args[i]
        if isinstance(arg, bytes):
            for simpler in _simpler_values(arg):
                yield [replace(step, args=(*step.args[:i], simpler, *step.args[i + 1 :]))]


def _simpler_values(arg: bytes) -> Iterator[bytes]:
    if len(arg) > 1:
        yield from (arg[: len(arg) // 2], arg[:-1])
    if len(arg) > 8 and arg != b"a" * len(arg):
        yield b"a" * len(arg)


def _shorter(data: bytes) -> Iterator[bytes]:
    size = len(data) // 2
    while size:
        for start in range(0, len(data), size):
            yield data[:start] + data[start + size :]
        size //= 2
