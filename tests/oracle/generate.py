"""The generator: a program from a seed, out of the commands that the families register.

A family is a module in families/ with a `Family`; each of its rows is a command name and a
function that draws one step. A later family is a new file, nothing else changes."""

from __future__ import annotations

import importlib
import pkgutil
import random
from dataclasses import dataclass, replace
from typing import Any, Callable, Sequence, Union

from . import values
from .program import Arg, Command, Own, Pipeline, Program, RawBytes, Step

Piece = Union[bytes, str, Own, Callable[["Draw"], Any], Sequence[Any]]
MakeStep = Callable[["Draw"], Union[Step, Sequence[Step]]]


@dataclass(frozen=True)
class Row:
    """One way to make steps. It is used if both servers know all of `needs`."""

    make: MakeStep
    needs: tuple[str, ...]
    weight: int


class Family:
    """The rows of one family of commands; `weight` says how often it is drawn."""

    def __init__(self, name: str, weight: int = 10) -> None:
        self.name = name
        self.weight = weight
        self.rows: list[Row] = []

    def add(self, name: str, *pieces: Piece, mode: str = "exact", weight: int = 10) -> None:
        """A command from pieces: constants, or functions that draw an argument or several."""

        def make(draw: Draw) -> Step:
            return draw.command(*name.split(), *pieces, mode=mode)

        self.rows.append(Row(make, (name.replace(" ", "|").lower(),), weight))

    def step(self, *needs: str, weight: int = 10) -> Callable[[MakeStep], MakeStep]:
        """Registers a function that draws whole steps with the commands `needs`."""

        def register(make: MakeStep) -> MakeStep:
            self.rows.append(Row(make, tuple(n.replace(" ", "|").lower() for n in needs), weight))
            return make

        return register


class Draw:
    """Everything random in one program. All of it follows from the seed."""

    def __init__(self, seed: str, directives: Sequence[str]) -> None:
        self.random = random.Random(seed)
        self.directives = directives
        self.client = 0
        self._times = 0
        self._keys = values.keys(self.random)

    # Choices

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def choose(self, items: Sequence[Any]) -> Any:
        return self.random.choice(items)

    def below(self, limit: int) -> int:
        return self.random.randrange(limit)

    def seed(self) -> int:
        return self.random.getrandbits(32)

    # Arguments

    def key(self) -> bytes:
        return bytes(self.choose(self._keys))

    def all_keys(self) -> tuple[bytes, ...]:
        """Every key that a command of this program may have got."""
        return tuple(sorted({*self._keys, *values.ODD_ARGUMENTS}))

    def value(self) -> bytes:
        return values.value(self.random)

    def integer(self) -> bytes:
        return bytes(self.choose(values.INTEGERS))

    def number(self) -> bytes:
        return bytes(self.choose(values.NUMBERS))

    def place(self) -> bytes:
        """Where something may begin or end in a value, from either end."""
        return b"%d" % values.place(self.random)

    def next_time(self) -> int:
        """A time to live in seconds, never drawn twice and far from every other one, so that
        no comparison of two depends on the moment."""
        self._times += 1
        return 1000 + 20 * self._times

    # Steps

    def command(self, *pieces: Piece, mode: str = "exact", sleep_ms: int = 0) -> Command:
        args: list[Arg] = []
        for piece in pieces:
            self._expand(piece, args)
        return Command(tuple(args), self.client, mode, sleep_ms)

    def _expand(self, piece: Any, args: list[Arg]) -> None:
        if callable(piece):
            piece = piece(self)
        if isinstance(piece, (bytes, Own)):
            args.append(piece)
        elif isinstance(piece, (str, int)):
            args.append(str(piece).encode())
        else:
            for part in piece:
                self._expand(part, args)


class Generator:
    """Programs for two servers that both know `commands` and `directives`."""

    def __init__(self, commands: set[str], directives: Sequence[str], only: Sequence[str]) -> None:
        self._families = [f for f in load_families() if not only or f.name in only]
        self._directives = directives
        self.skipped: set[str] = set()
        self._rows: list[tuple[Row, float]] = []
        for family in self._families:
            usable = [row for row in family.rows if self._known(row, commands)]
            total = sum(row.weight for row in usable)
            self._rows += [(row, family.weight * row.weight / total) for row in usable]
        if not self._rows:
            raise SystemExit("no family has a command that both servers know")

    def _known(self, row: Row, commands: set[str]) -> bool:
        missing = {name for name in row.needs if not _has(commands, name)}
        self.skipped |= missing
        return not missing

    def program(self, name: str) -> Program:
        """The program that `name` (seed and number) stands for."""
        draw = Draw(name, self._directives)
        count = draw.choose((5, 20, 40, 60, 100))
        protos = tuple(draw.choose((2, 3)) for _ in range(2))
        rows = [row for row, _ in self._rows]
        weights = [weight for _, weight in self._rows]
        steps: list[Step] = []
        while len(steps) < count:
            if draw.chance(0.2):
                draw.client = 1 - draw.client
            make = draw.random.choices(rows, weights)[0].make
            steps += [_mutate(draw, step) for step in _as_list(make(draw))]
        return Program(tuple(_join(draw, steps)), protos, draw.all_keys())


def load_families() -> list[Family]:
    from . import families

    found = (module.name for module in pkgutil.iter_modules(families.__path__))
    names = sorted(name for name in found if not name.startswith("_"))
    modules = [importlib.import_module(f"{families.__name__}.{name}") for name in names]
    return [module.FAMILY for module in modules]


def _has(commands: set[str], name: str) -> bool:
    """Whether `name` (or container|sub) is known. DEBUG does not list its subcommands."""
    return name in commands or (name.startswith("debug|") and "debug" in commands)


def _as_list(made: Any) -> list[Step]:
    return list(made) if isinstance(made, (list, tuple)) else [made]


def _mutate(draw: Draw, step: Step) -> Step:
    """Now and then an argument too few, too many, or another one, and other letters' case."""
    if not isinstance(step, Command) or not step.alterable:
        return step
    args = list(step.args)
    name = args[0]
    if isinstance(name, bytes) and draw.chance(0.3):
        args[0] = bytes(draw.choose((name.lower(), name.upper(), name.swapcase(), name.title())))
    if draw.chance(0.04):
        _mutate_arguments(draw, args)
    return replace(step, args=tuple(args))


def _mutate_arguments(draw: Draw, args: list[Arg]) -> None:
    """Never moves an argument to another place: a count must not become a time to live."""
    kind = draw.below(4)
    last = len(args) - 1
    if kind == 0 and last > 0:
        del args[last]
    elif kind == 1:
        args.append(draw.value())
    elif kind == 2:
        args.append(args[last])
    elif last > 0:
        args[1 + draw.below(last)] = bytes(draw.choose(values.ODD_ARGUMENTS))


def _join(draw: Draw, steps: list[Step]) -> list[Step]:
    """Some runs of commands of one connection become pipelines, cut at random bytes."""
    joined: list[Step] = []
    for step in steps:
        last = joined[-1] if joined else None
        if isinstance(step, Command) and _joinable(step) and draw.chance(0.5):
            if isinstance(last, Pipeline) and last.client == step.client:
                joined[-1] = replace(last, commands=(*last.commands, step))
                continue
            cuts = draw.choose((0, 0, 1, 3, 10))
            step = Pipeline((step,), step.client, cuts, draw.seed())
        joined.append(step)
    return joined


def _joinable(step: Command) -> bool:
    """Modes that ask the server again, waits, and values of one's own need lockstep."""
    return (
        step.mode not in ("existing-key", "encoding")
        and not step.sleep_ms
        and not any(isinstance(arg, Own) for arg in step.args)
    )
