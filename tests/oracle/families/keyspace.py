"""Keys of any type: there or not, renamed, moved, listed, looked at."""

from __future__ import annotations

from ..generate import Draw, Family
from ..program import Command, Iterate, Step
from ._pieces import KEY, any_case, database, keys_up_to, odd_database, touched

FAMILY = Family("keyspace", weight=30)

_PATTERNS = (
    *(b"*", b"**", b"", b"k?", b"k*", b"?*", b"k[0-2]", b"k[2-0]", b"k[^1]", b"k[013]", b"*1"),
    *(b"[", b"[a-", b"k[0-", b"k[]", b"k[^", b"\\", b"\\*", b"k\\0", b"*k*0*", b"K?", b"?", b"????"),
    *(b"\x00*", b"{tag}*", b"k\\?\\[a\\]", b"*\xff*", b"a", b"k0", b"[k][0]", b"[\\k]?", b"*****x"),
)


def _pattern(draw: Draw) -> bytes:
    return bytes(draw.choose(_PATTERNS))


def _copy_options(draw: Draw) -> list[bytes]:
    options: list[list[bytes]] = []
    if draw.chance(0.4):
        options.append([any_case(draw, b"REPLACE")])
    if draw.chance(0.4):
        options.append([b"DB", odd_database(draw)])
    if draw.chance(0.05):
        options.append([bytes(draw.choose((b"DB", b"FOO", b"")))])
    draw.random.shuffle(options)
    return [word for option in options for word in option]


def _scan_options(draw: Draw) -> list[bytes]:
    options: list[list[bytes]] = []
    if draw.chance(0.5):
        options.append([any_case(draw, b"MATCH"), _pattern(draw)])
    if draw.chance(0.5):
        options.append([b"COUNT", bytes(draw.choose((b"1", b"2", b"10", b"1000")))])
    if draw.chance(0.3):
        options.append([b"TYPE", bytes(draw.choose((b"string", b"STRING", b"list", b"nosuch")))])
    draw.random.shuffle(options)
    return [word for option in options for word in option]


_BAD_SCANS = (
    *([b"abc"], [b"-1"], [b""], [b" 0"], [b"0", b"COUNT"], [b"0", b"COUNT", b"0"], [b"1.5"]),
    *([b"0", b"COUNT", b"-5"], [b"0", b"COUNT", b"abc"], [b"0", b"FOO", b"1"], [b"0", b"MATCH"]),
    *([b"18446744073709551616"], [b"0", b"TYPE"], [b"0", b"COUNT", b"10", b"COUNT", b"0"]),
    *([b"0x0"], [b"+0"], [b"0 "], [b"99999999999999999999999999"]),
)


@FAMILY.step("SCAN", weight=15)
def _whole_scan(draw: Draw) -> Step:
    return Iterate((b"SCAN", None, *_scan_options(draw)), draw.client)


@FAMILY.step("SCAN", weight=5)
def _bad_scan(draw: Draw) -> Step:
    return draw.command("SCAN", draw.choose(_BAD_SCANS), mode="scan")


@FAMILY.step("EXISTS", "DBSIZE")
def _count(draw: Draw) -> Step:
    return touched(draw, Command((b"DBSIZE",), draw.client))


def _rename_keys(draw: Draw) -> list[bytes]:
    key = draw.key()
    return [key, key if draw.chance(0.1) else draw.key()]


FAMILY.add("DEL", keys_up_to(4), weight=15)
FAMILY.add("UNLINK", keys_up_to(4))
FAMILY.add("EXISTS", keys_up_to(5))
FAMILY.add("TOUCH", keys_up_to(5))
FAMILY.add("TYPE", KEY)
FAMILY.add("KEYS", _pattern, mode="unordered", weight=15)
FAMILY.add("RANDOMKEY", mode="existing-key")
FAMILY.add("RENAME", _rename_keys, weight=15)
FAMILY.add("RENAMENX", _rename_keys, weight=15)
FAMILY.add("COPY", _rename_keys, _copy_options, weight=20)
FAMILY.add("MOVE", KEY, odd_database)
FAMILY.add("SWAPDB", odd_database, odd_database, weight=5)
FAMILY.add("FLUSHDB", weight=1)
FAMILY.add("FLUSHALL", weight=1)
FAMILY.add("FLUSHDB", lambda d: d.choose((b"SYNC", b"ASYNC", b"async", b"FOO", b"")), weight=3)
FAMILY.add("FLUSHALL", lambda d: d.choose((b"SYNC", b"ASYNC", b"sync", b"FOO", b"")), weight=2)
FAMILY.add("SELECT", database, weight=8)
FAMILY.add("SELECT", odd_database, weight=4)
FAMILY.add("OBJECT ENCODING", KEY, mode="encoding", weight=15)
FAMILY.add("OBJECT REFCOUNT", KEY, weight=4)
FAMILY.add("OBJECT IDLETIME", KEY, mode="seconds", weight=4)
FAMILY.add("OBJECT FREQ", KEY, weight=4)


@FAMILY.step("MEMORY USAGE", "EXISTS", weight=15)
def _memory_usage(draw: Draw) -> Step:
    odd = ([b"SAMPLES"], [b"SAMPLES", b"-1"], [b"SAMPLES", b"abc"], [b"FOO"])
    options = draw.choose(([], [], [b"SAMPLES", b"0"], [b"samples", b"5"], *odd))
    return touched(draw, draw.command("MEMORY", "USAGE", KEY, options))



@FAMILY.step("OBJECT", weight=3)
def _odd_object(draw: Draw) -> Step:
    return draw.command("OBJECT", draw.choose(([], [b"FOO"], [b"FOO", b"k0"], [b"ENCODING"])))
