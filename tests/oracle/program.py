"""Programs: what the differential runner plays on both servers.

A program is a list of steps. A step stands alone, so that the shrinker may drop any of them:
what must stay together (a short time to live and the wait for its end) is one step."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import Union


@dataclass(frozen=True)
class Own:
    """An argument that each server has its own value for: `kind` id, addr or laddr of the
    program's connection number `client`."""

    kind: str
    client: int


Arg = Union[bytes, Own]

# Commands whose arguments are only what a generator wrote: with others they would show what is
# each server's own (all commands, all directives, all clients), or stop one of them. And what
# begins and ends a transaction: one that stays open would queue what is compared in other modes. And
# XADD, whose * asks the clock.
_FIXED = frozenset(
    (b"client", b"command", b"config", b"debug", b"latency", b"slowlog")
    + (b"multi", b"exec", b"discard", b"xadd")
    # Another timeout may be a long one.
    + (b"blpop", b"brpop", b"blmpop", b"blmove", b"brpoplpush")
    + (b"bzpopmin", b"bzpopmax", b"bzmpop")
)


@dataclass(frozen=True)
class Command:
    """One command on connection `client`. `mode` names how its replies are compared
    (compare.MODES); after the reply the player waits for `sleep_ms`."""

    args: tuple[Arg, ...]
    client: int = 0
    mode: str = "exact"
    sleep_ms: int = 0

    @property
    def verb(self) -> bytes:
        name = self.args[0]
        return name.lower() if isinstance(name, bytes) else b""

    @property
    def sets_moment(self) -> bool:
        """Whether a key lives until a moment, which may be over."""
        words = {arg.upper() for arg in self.args if isinstance(arg, bytes)}
        return self.verb == b"set" and bool(words & {b"EXAT", b"PXAT"})

    @property
    def alterable(self) -> bool:
        """Whether arguments may be changed at random."""
        return isinstance(self.args[0], bytes) and self.verb not in _FIXED and not self.sleep_ms

    def text(self) -> str:
        """The whole command, as differences.tsv sees it."""
        return " ".join(_arg_text(arg) for arg in self.args)

    def shown(self) -> str:
        """The command for people: long arguments shortened."""
        return " ".join(shorten(_arg_text(arg), 120) for arg in self.args)


@dataclass(frozen=True)
class Pipeline:
    """Commands of one connection sent as one run of bytes, cut into pieces at `cuts` places
    that `seed` chooses."""

    commands: tuple[Command, ...]
    client: int
    cuts: int
    seed: int


@dataclass(frozen=True)
class RawBytes:
    """Bytes sent on a new connection, which is then closed for writing. Everything that comes
    back until the server closes is compared."""

    data: bytes
    cuts: int
    seed: int


@dataclass(frozen=True)
class Iterate:
    """A whole SCAN-like iteration: `args` with the cursor in place of None. What it returns in
    all is compared without order, each element once."""

    args: tuple[bytes | None, ...]
    client: int = 0


@dataclass(frozen=True)
class Waits:
    """A command that may have to wait. It is sent, the program goes on, and what comes back is
    compared by the Answered of its connection."""

    command: Command


@dataclass(frozen=True)
class Answered:
    """What a Waits of the connection was answered; if it still waits it is unblocked."""

    client: int


@dataclass(frozen=True)
class Carry:
    """DUMP of a key, and RESTORE of what each server gave at the other one."""

    source: bytes
    target: bytes
    time: bytes = b"0"
    options: tuple[bytes, ...] = ()
    client: int = 0


Step = Union[Command, Pipeline, RawBytes, Iterate, Waits, Answered, Carry]


@dataclass(frozen=True)
class Program:
    """Steps, and the protocol (2 or 3) that each connection begins with. `keys` are those that
    it uses: they are touched before keys are counted, since the oracle counts a key whose time
    is over until somebody asks for it."""

    steps: tuple[Step, ...]
    protos: tuple[int, ...] = (2, 2)
    keys: tuple[bytes, ...] = ()

    def commands(self) -> list[Command]:
        """Every command, however it is sent."""
        found: list[Command] = []
        for step in self.steps:
            if isinstance(step, Pipeline):
                found += step.commands
            elif isinstance(step, (Command, Waits)):
                found.append(step if isinstance(step, Command) else step.command)
        return found

    def sorts(self) -> bool:
        return any(command.verb.startswith(b"sort") for command in self.commands())

    def contexts(self) -> list[str]:
        """What it does that makes other differences intended than there are elsewhere."""
        compresses = any(b"list-compress-depth" in command.args for command in self.commands())
        found = (("after SORT", self.sorts()), ("with list-compress-depth", compresses))
        return [name for name, does in found if does]

    def lingering(self) -> set[bytes]:
        """Keys whose short life ends without being asked for right then, or that are set with a time
        that is over: a server may still have them when the next command comes."""
        commands = self.commands()
        found: set[bytes] = set()
        for command, after in zip(commands, [*commands[1:], None]):
            key = command.args[1] if len(command.args) > 1 else None
            if not isinstance(key, bytes):
                continue
            asked = after and after.verb == b"exists" and key in after.args
            if (command.sleep_ms and not asked) or command.sets_moment:
                found.add(key)
        return found

    def with_steps(self, steps: list[Step]) -> Program:
        return replace(self, steps=tuple(steps))

    def lines(self) -> list[str]:
        """The program for people, one line a step."""
        head = ", ".join(f"{i}: RESP{proto}" for i, proto in enumerate(self.protos))
        return [f"connections {head}"] + [step_text(step) for step in self.steps]


def step_text(step: Step) -> str:
    if isinstance(step, Command):
        wait = f"   (then wait {step.sleep_ms} ms)" if step.sleep_ms else ""
        return f"{step.client}> {step.shown()}{wait}"
    if isinstance(step, Pipeline):
        lines = "\n     ".join(command.shown() for command in step.commands)
        return f"{step.client}> pipeline in {step.cuts + 1} pieces (seed {step.seed})\n     {lines}"
    if isinstance(step, RawBytes):
        return f"new> {step.cuts + 1} pieces (seed {step.seed}) of bytes {shorten(repr(step.data))}"
    if isinstance(step, Waits):
        return f"{step.command.client}> {step.command.shown()}   (may wait)"
    if isinstance(step, Answered):
        return f"{step.client}< (its answer)"
    if isinstance(step, Carry):
        words = " ".join(map(quote, (step.target, step.time, *step.options)))
        return f"{step.client}> DUMP {quote(step.source)}, at the other server RESTORE {words}"
    words = " ".join("<cursor>" if arg is None else quote(arg) for arg in step.args)
    return f"{step.client}> whole iteration: {words}"


def cut_places(size: int, cuts: int, seed: int) -> list[int]:
    """Where to cut `size` bytes. The same for both servers, and again when played again."""
    chooser = random.Random(seed)
    return sorted(chooser.randrange(1, size) for _ in range(cuts)) if size > 1 else []


def quote(data: bytes) -> str:
    """The bytes as redis-cli would accept them: bare if harmless, else in double quotes."""
    if data and all(0x21 <= b < 0x7F and b not in b"\"'\\" for b in data):
        return data.decode()
    return '"' + "".join(_QUOTED[b] for b in data) + '"'


def shorten(text: str, limit: int = 400) -> str:
    if len(text) <= limit:
        return text
    half = limit // 2
    return f"{text[:half]}...({len(text) - 2 * half} more)...{text[-half:]}"


def _arg_text(arg: Arg) -> str:
    if isinstance(arg, Own):
        return f"<{arg.kind} of {arg.client}>"
    return quote(arg)


_ESCAPES = {0x0A: "\\n", 0x0D: "\\r", 0x09: "\\t", 0x22: '\\"', 0x5C: "\\\\"}
_QUOTED = [
    _ESCAPES.get(b) or (chr(b) if 0x20 <= b < 0x7F else f"\\x{b:02x}") for b in range(256)
]
