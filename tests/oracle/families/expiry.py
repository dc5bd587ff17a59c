"""Times to live: set with every flag, asked for, taken away, run out."""

from __future__ import annotations

from typing import Callable

from ..generate import Draw, Family
from ..program import Command, Step
from ._pieces import KEY, any_case, at_milliseconds, at_seconds, milliseconds, seconds

FAMILY = Family("expiry", weight=20, mixed=6)

_FLAGS = (b"NX", b"XX", b"GT", b"LT")

# Long enough to be set on both servers before it runs out on either matters to nobody: nothing
# is asked in between.
_SHORT_MS, _WAIT_MS = 5, 25


def _flags(draw: Draw) -> list[bytes]:
    kind = draw.below(10)
    if kind < 4:
        return []
    if kind < 8:
        return [any_case(draw, draw.choose(_FLAGS))]
    if kind < 9:
        return [draw.choose(_FLAGS) for _ in range(2)]
    return [bytes(draw.choose((b"FOO", b"", b"nxx", b"GTLT")))]


def _short_life(name: str, make: Callable[[bytes, bytes], tuple[bytes, ...]]) -> None:
    """A key whose time runs out while nothing else happens, then is asked for."""

    def step(draw: Draw) -> list[Step]:
        args = make(draw.key(), draw.value())
        ended = Command(args, draw.client, sleep_ms=_WAIT_MS)
        # Else a server that is not looking may still have it.
        asked = [Command((b"EXISTS", args[1]), draw.client)] if draw.chance(0.7) else []
        return [ended, *asked]

    FAMILY.step(name, weight=1)(step)


for _name, _time in (
    ("EXPIRE", seconds),
    ("PEXPIRE", milliseconds),
    ("EXPIREAT", at_seconds),
    ("PEXPIREAT", at_milliseconds),
):
    FAMILY.add(_name, KEY, _time, _flags, weight=15)
for _name, _mode in (
    ("TTL", "seconds"),
    ("PTTL", "milliseconds"),
    ("EXPIRETIME", "seconds"),
    ("PEXPIRETIME", "milliseconds"),
):
    FAMILY.add(_name, KEY, mode=_mode)
FAMILY.add("PERSIST", KEY)
_short_life("SET", lambda key, value: (b"SET", key, value, b"PX", b"%d" % _SHORT_MS))
_short_life("PEXPIRE", lambda key, _: (b"PEXPIRE", key, b"%d" % _SHORT_MS))
_short_life("GETEX", lambda key, _: (b"GETEX", key, b"PX", b"%d" % _SHORT_MS))
_short_life("PSETEX", lambda key, value: (b"PSETEX", key, b"%d" % _SHORT_MS, value))
