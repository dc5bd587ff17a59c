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
    """The rows of one family of commands; `weight` says how often it is drawn, `mixed` how often in
    programs that mix all types on few keys, where `kind` names the type that it likes to meet."""

    def __init__(self, name: str, weight: int = 10, mixed: int = 0, kind: str = "") -> None:
        self.name = name
        self.weight = weight
        self.mixed = mixed
        self.kind = kind
        self.rows: list[Row] = []
        # What mixed programs begin with.
        self.opening: Callable[[Draw], list[Step]] = lambda draw: []

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
        self.kind = ""
        # Of mixed programs: keys by the type that is at home there, limits of small forms by type,
        # and a step of any family.
        self.homes: dict[str, list[bytes]] = {}
        self.limits: dict[str, int] = {}
        self.any_step: Callable[[], list[Step]] = lambda: []
        self._times = 0
        self._keys = values.keys(self.random)

    def mix(self, kinds: Sequence[str]) -> None:
        """Few keys from now on, each the home of a type or of several, which meet there."""
        plain = self.choose((4, 6, 8))
        self._keys = [*(b"k%d" % i for i in range(plain)), *self.random.sample(self._keys, 1)]
        self.homes = {kind: self.random.sample(self._keys, 2) for kind in kinds}

    def move_home(self) -> None:
        kind = self.choose(sorted(self.homes))
        self.homes[kind] = self.random.sample(self._keys, 2)

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
        return self.key_of(self.kind)

    def key_of(self, kind: str) -> bytes:
        """In mixed programs mostly where the type is at home."""
        if kind in self.homes and self.chance(0.85):
            return bytes(self.choose(self.homes[kind]))
        return self.any_key()

    def any_key(self) -> bytes:
        return bytes(self.choose(self._keys))

    def own_key(self, names: Sequence[bytes]) -> bytes:
        """One of the keys that a family has for itself, so that they grow; in mixed programs there
        are none."""
        return self.key() if self.homes else bytes(self.choose(names))

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


# The family of programs that mix all types on few keys, and their share of all programs.
MIXED = "types"
_MIXED_SHARE = 0.4


class Generator:
    """Programs for two servers that both know `commands` and `directives`."""

    def __init__(self, commands: set[str], directives: Sequence[str], only: Sequence[str]) -> None:
        self._families = load_families()
        # `types` alone draws from all families that take part in mixed programs.
        is_mixed = not only or MIXED in only
        self._directives = directives
        self.skipped: set[str] = set()
        self._plain = Choice()
        self._mixed = Choice()
        for family in self._families:
            usable = [row for row in family.rows if self._known(row, commands)]
            if not only or family.name in only:
                self._plain.add(family, usable, family.weight)
            if is_mixed:
                self._mixed.add(family, usable, family.mixed)
        if not self._plain and not self._mixed:
            raise SystemExit("no family has a command that both servers know")

    def _known(self, row: Row, commands: set[str]) -> bool:
        missing = {name for name in row.needs if not _has(commands, name)}
        self.skipped |= missing
        return not missing

    def program(self, name: str) -> Program:
        """The program that `name` (seed and number) stands for."""
        draw = Draw(name, self._directives)
        protos = tuple(draw.choose((2, 3)) for _ in range(2))
        choice, steps = self._plain, []
        count = draw.choose((5, 20, 40, 60, 100))
        if self._mixed and (not self._plain or draw.chance(_MIXED_SHARE)):
            choice, steps = self._mixed, self._opening(draw)
            count = draw.choose((40, 100, 200))
        draw.any_step = lambda: choice.draw(draw)
        while len(steps) < count:
            if draw.chance(0.2):
                draw.client = 1 - draw.client
            if draw.homes and draw.chance(0.03):
                draw.move_home()
            for step in choice.draw(draw):
                steps += [*_ahead(step), _mutate(draw, step)]
        return Program(tuple(_join(draw, steps)), protos, draw.all_keys())

    def _opening(self, draw: Draw) -> list[Step]:
        draw.mix(sorted({family.kind for family in self._families if family.kind}))
        return [step for family in self._families for step in family.opening(draw)]


class Choice:
    """Rows of several families, each with its share."""

    def __init__(self) -> None:
        self._rows: list[tuple[Row, str]] = []
        self._weights: list[float] = []

    def __bool__(self) -> bool:
        return bool(self._rows)

    def add(self, family: Family, rows: list[Row], weight: int) -> None:
        if weight:
            total = sum(row.weight for row in rows)
            self._rows += [(row, family.kind) for row in rows]
            self._weights += [weight * row.weight / total for row in rows]

    def draw(self, draw: Draw) -> list[Step]:
        row, draw.kind = draw.random.choices(self._rows, self._weights)[0]
        return _as_list(row.make(draw))


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


def _ahead(step: Step) -> list[Step]:
    """SORT of the oracle takes every number for one out of range while errno says so, which it may
    since any command before. This one, which fails, clears it."""
    if isinstance(step, Command) and step.verb.startswith(b"sort"):
        return [Command((b"HINCRBYFLOAT", b"k0", b"f", b"x"), step.client)]
    return []


# Later servers take another word, and the oracle refuses it before a transaction begins.
_NEVER_LONGER = frozenset((b"zrank", b"zrevrank"))


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
    if step.verb in _NEVER_LONGER:
        args = args[: len(step.args)]
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
