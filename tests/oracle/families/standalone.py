"""What a lone primary answers about itself, and the memory: ROLE, WAIT, MODULE, CLUSTER, MEMORY."""

from __future__ import annotations

from ..generate import Draw, Family
from ..program import Step
from ._pieces import KEY, touched

FAMILY = Family("standalone", weight=3)

_NUMBERS = (
    *(b"0", b"1", b"-1", b"-9223372036854775808", b"x", b"", b"1.5", b" 1", b"0x10"),
    *(b"9223372036854775808", b"5"),
)


def _odd(draw: Draw) -> bytes:
    return draw.choose(_NUMBERS)


def _nobody(draw: Draw) -> bytes:
    """Numbers of replicas that are there: nothing to wait for."""
    return draw.choose((b"0", b"-1", b"-9223372036854775808", b"x", b"", b"1.5"))


FAMILY.add("ROLE")
FAMILY.add("ROLE", b"x", weight=2)
FAMILY.add("WAIT", _nobody, _odd)
FAMILY.add("WAIT", b"1", lambda d: d.choose((b"1", b"5", b"-1", b"x")), weight=3)
FAMILY.add("WAIT", _odd, weight=2)
FAMILY.add("MODULE LIST")
FAMILY.add("MODULE LOAD", b"/nosuch.so", weight=3)
FAMILY.add("MODULE LOADEX", b"/nosuch.so", lambda d: d.choose(([], [b"CONFIG", b"a"])), weight=3)
FAMILY.add("MODULE UNLOAD", b"nosuch", weight=3)
FAMILY.add("READONLY", weight=2)
FAMILY.add("READWRITE", weight=2)
FAMILY.add("ASKING", weight=2)

_CLUSTER = (
    *((b"INFO",), (b"NODES",), (b"SLOTS",), (b"SHARDS",), (b"LINKS",), (b"MYID",), (b"HELP",)),
    *((b"KEYSLOT", b"a"), (b"ADDSLOTS", b"1"), (b"ADDSLOTSRANGE", b"1", b"2"), (b"RESET", b"x")),
    *((b"COUNTKEYSINSLOT", b"1"), (b"GETKEYSINSLOT", b"1", b"1"), (b"MEET", b"::1", b"1")),
    *((b"ADDSLOTS",), (b"ADDSLOTSRANGE", b"1"), (b"MEET", b"::1"), (b"NOPE",), (), (b"INFO", b"x")),
    *((b"SETSLOT", b"1", b"STABLE"), (b"SETSLOT", b"1"), (b"FAILOVER",), (b"FORGET", b"x")),
)


@FAMILY.step("CLUSTER", weight=15)
def _cluster(draw: Draw) -> Step:
    return draw.command("CLUSTER", list(draw.choose(_CLUSTER)))


_VERSIONS: tuple[list[bytes], ...] = (
    *([], [b"VERSION"], [b"VERSION", b"5"], [b"VERSION", b"6"], [b"VERSION", b"7"], [b"x", b"1"]),
    *([b"VERSION", b"x"], [b"VERSION", b"5", b"x"], [b"VERSION", b"6", b"1", b"x"]),
    *([b"VERSION", b"5", b"8"], [b"version", b"6", b"8", b"8"], [b"VERSION", b"9", b"x"]),
)

@FAMILY.step("MEMORY USAGE", "EXISTS", weight=30)
def _usage(draw: Draw) -> Step:
    options = ([], [], [b"SAMPLES", _odd], [b"SAMPLES", b"0", b"SAMPLES", _odd], [b"SAMPLES"], [b"x"])
    return touched(draw, draw.command("MEMORY", "USAGE", KEY, draw.choose(options)))


FAMILY.add("MEMORY STATS", mode="kind")
FAMILY.add("MEMORY DOCTOR", mode="kind")
FAMILY.add("MEMORY PURGE")
FAMILY.add("LOLWUT", lambda d: d.choose(_VERSIONS), mode="kind", weight=3)


@FAMILY.step("MEMORY", "MODULE", weight=3)
def _odd_container(draw: Draw) -> Step:
    name = draw.choose(("MEMORY", "MODULE"))
    arguments: list[list[bytes]] = [[], [b"NOPE"], [b"PURGE", b"x"], [b"LIST", b"x"], [b"USAGE"]]
    return draw.command(name, draw.choose(arguments))
