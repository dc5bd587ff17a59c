"""Transactions, and watched keys that another connection changes or not.

A step leaves no transaction open, so that what the other families ask is answered at once, in the
mode in which they compare it. Watches may stay: whatever comes next is a race for the next EXEC."""

from __future__ import annotations

from typing import Callable

from ..generate import Draw, Family
from ..program import Command, Step
from ._pieces import INTEGER, KEY, VALUE, any_case, database, keys_up_to, milliseconds

FAMILY = Family("multi", weight=25)

_SHORT_MS, _WAIT_MS = 5, 25

Make = Callable[[Draw], Command]


def _some(*pieces: object) -> Make:
    return lambda draw: draw.command(*pieces)  # type: ignore[arg-type]


# Commands whose replies are the same on both servers at any time.
_COMMANDS: tuple[Make, ...] = (
    *(_some("GET", KEY), _some("SET", KEY, VALUE), _some("SET", KEY, INTEGER)),
    *(_some("SET", KEY, VALUE, "NX"), _some("SET", KEY, VALUE, "XX", "GET")),
    *(_some("SET", KEY, VALUE, "PX", milliseconds), _some("SETNX", KEY, VALUE)),
    *(_some("INCR", KEY), _some("DECRBY", KEY, INTEGER), _some("APPEND", KEY, VALUE)),
    *(_some("STRLEN", KEY), _some("GETDEL", KEY), _some("GETSET", KEY, VALUE)),
    *(_some("DEL", keys_up_to(3)), _some("UNLINK", keys_up_to(2)), _some("EXISTS", keys_up_to(3))),
    *(_some("MSET", KEY, VALUE, KEY, VALUE), _some("MSETNX", KEY, VALUE, KEY, VALUE)),
    *(_some("MGET", keys_up_to(4)), _some("SETRANGE", KEY, "3", VALUE)),
    _some("SETBIT", KEY, "7", "1"),
    *(_some("RENAME", KEY, KEY), _some("RENAMENX", KEY, KEY), _some("COPY", KEY, KEY, "REPLACE")),
    *(_some("MOVE", KEY, database), _some("TYPE", KEY), _some("PERSIST", KEY)),
    *(_some("PEXPIRE", KEY, milliseconds), _some("PEXPIREAT", KEY, "1"), _some("PING")),
    *(_some("SELECT", database), _some("ECHO", VALUE), _some("UNWATCH")),
)

# Those that concern whole databases, or are refused.
_RARE: tuple[Make, ...] = (
    *(_some("FLUSHDB"), _some("FLUSHALL"), _some("FLUSHDB", "ASYNC")),
    *(_some("SWAPDB", database, database), _some("SWAPDB", "0", "1")),
    *(_some("NOPE", VALUE), _some("GET"), _some("SET", KEY), _some("CLIENT", "FOO")),
    *(_some("WATCH", KEY), _some("MULTI", "x"), _some("DISCARD", "x")),
    *(_some("RESET"), _some("WAIT", "0", "0")),
    *(_some("WAIT", "1", "1"), _some("INCRBYFLOAT", KEY, "0.5"), _some("CLIENT", "GETNAME")),
)


def _commands(draw: Draw, most: int) -> list[Step]:
    chosen = [
        draw.choose(_RARE if draw.chance(0.06) else _COMMANDS) for _ in range(draw.below(most + 1))
    ]
    return [make(draw) for make in chosen]


def _by(client: int, draw: Draw, make: Callable[[], list[Step]]) -> list[Step]:
    """Steps of the other connection."""
    before, draw.client = draw.client, client
    steps = make()
    draw.client = before
    return steps


def _watch(draw: Draw) -> list[Step]:
    steps: list[Step] = []
    if draw.chance(0.2):
        short = draw.command("SET", KEY, VALUE, "PX", str(_SHORT_MS))
        key = short.args[1]
        wait = Command(short.args, short.client, sleep_ms=_WAIT_MS)
        watch = draw.command("WATCH", key)
        # Its time is over before it is watched, or after.
        steps += [wait, watch] if draw.chance(0.5) else [watch, wait]
    if draw.chance(0.5):
        steps.append(draw.command(any_case(draw, b"WATCH"), keys_up_to(3)))
    return steps


def _transaction(draw: Draw, most: int) -> list[Step]:
    other = 1 - draw.client
    steps: list[Step] = [draw.command(any_case(draw, b"MULTI"))]
    steps += _commands(draw, most)
    if draw.chance(0.05):
        steps.append(draw.command("MULTI"))
    if draw.chance(0.3):
        steps += _by(other, draw, lambda: _commands(draw, 2))
        steps += _commands(draw, 2)
    end = "DISCARD" if draw.chance(0.1) else "EXEC x" if draw.chance(0.03) else "EXEC"
    return [*steps, draw.command(*end.split())]


@FAMILY.step("MULTI", "EXEC", "DISCARD", weight=20)
def _plain(draw: Draw) -> list[Step]:
    return _transaction(draw, 8)


@FAMILY.step("MULTI", "EXEC", "WATCH", weight=30)
def _race(draw: Draw) -> list[Step]:
    other = 1 - draw.client
    steps = _watch(draw)
    steps += _by(other, draw, lambda: _commands(draw, 3))
    if draw.chance(0.2):
        steps += _commands(draw, 2)
    if draw.chance(0.2):
        steps += _by(other, draw, lambda: _watch(draw))
    return [*steps, *_transaction(draw, 4)]


@FAMILY.step("MULTI", "EXEC", weight=2)
def _long(draw: Draw) -> list[Step]:
    return _transaction(draw, 60)


FAMILY.add("EXEC", weight=2)
FAMILY.add("DISCARD", weight=2)
FAMILY.add("UNWATCH", weight=3)
FAMILY.add("WATCH", keys_up_to(4), weight=5)
FAMILY.add("CLIENT INFO", mode="client-lines", weight=3)
FAMILY.add(
    "WAIT",
    lambda d: d.choose((b"0", b"-1", b"abc")),
    lambda d: d.choose((b"0", b"1", b"abc", b"-1")),
    weight=2,
)
