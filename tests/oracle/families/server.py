"""The server about itself: CONFIG, COMMAND, DEBUG."""

from __future__ import annotations

from ..generate import Draw, Family
from ..program import Command, Iterate, Step
from ._pieces import KEY, touched

FAMILY = Family("server", weight=8)

# What programs try to set. Harmless to the run, and put back afterwards.
_VALUES = (
    *(b"0", b"1", b"-1", b"100", b"abc", b"", b"yes", b"no", b"YES", b"1k", b"1kb", b"1mb", b"1.5"),
    *(b"1g", b"10%", b"9223372036854775807", b"99999999999999999999", b" 1", b"1 ", b"a b"),
)
DIRECTIVES = (
    *(b"hash-max-listpack-entries", b"hash-max-ziplist-entries", b"slowlog-max-len", b"hz"),
    *(b"lazyfree-lazy-user-del", b"lazyfree-lazy-user-flush", b"maxmemory-samples", b"list-compress-depth"),
    *(b"activerehashing", b"slowlog-log-slower-than", b"tracking-table-max-keys"),
    *(b"proto-max-bulk-len", b"client-query-buffer-limit", b"latency-monitor-threshold", b"set-max-intset-entries"),
)
# Limits that protect the servers from what programs do; never raised.
_MEMORY_LIMITS = (b"proto-max-bulk-len", b"client-query-buffer-limit")
_BOUNDED = (b"0", b"1", b"-1", b"1mb", b"1048575", b"1048576", b"2m", b"512mb", b"abc", b"1gb", b"")
_FIXED = (b"databases", b"nosuch", b"", b"unixsocket", b"tcp-backlog", b"daemonize")


@FAMILY.step("CONFIG GET")
def _config_get(draw: Draw) -> Step:
    known = [d for d in DIRECTIVES if d.decode() in draw.directives]
    names = [draw.choose((*known, b"nosuch", b"nosuch*")) for _ in range(1 + draw.below(3))]
    return draw.command("CONFIG", "GET", names, mode="unordered-map")


@FAMILY.step("CONFIG SET", weight=20)
def _config_set(draw: Draw) -> Step:
    known = [d for d in DIRECTIVES if d.decode() in draw.directives]
    pairs = []
    for _ in range(1 if draw.chance(0.7) else 2):
        name = draw.choose(_FIXED) if draw.chance(0.2) or not known else draw.choose(known)
        values = _BOUNDED if name in _MEMORY_LIMITS else _VALUES
        pairs += [name.upper() if draw.chance(0.1) else name, draw.choose(values)]
    return draw.command("CONFIG", "SET", pairs)


@FAMILY.step("CONFIG", weight=3)
def _odd_config(draw: Draw) -> Step:
    return draw.command("CONFIG", draw.choose(([], [b"FOO"], [b"GET"], [b"SET", b"a"], [b"SET"])))


_COMMANDS = (
    *((b"GET", b"a"), (b"SET", b"a", b"b"), (b"MSET", b"a", b"1", b"b", b"2"), (b"PING",)),
    *((b"MGET", b"a", b"b", b"c"), (b"DEL", b"a", b"b"), (b"COPY", b"a", b"b"), (b"NOPE", b"a")),
    *((b"GET",), (b"SET", b"a", b"b", b"NX", b"GET"), (b"RENAME", b"a", b"b"), (b"EXISTS", b"a")),
    *((b"OBJECT", b"ENCODING", b"a"), (b"MEMORY", b"USAGE", b"a"), (b"CONFIG", b"GET", b"a")),
    *((b"MSET", b"a"), (b"APPEND", b"a", b"b"), (b"GETEX", b"a"), (b"OBJECT", b"FOO", b"a"), ()),
)


def _whole_command(draw: Draw) -> list[bytes]:
    return list(draw.choose(_COMMANDS))


FAMILY.add("COMMAND GETKEYS", _whole_command)
FAMILY.add("COMMAND GETKEYSANDFLAGS", _whole_command)
FAMILY.add("COMMAND INFO", lambda d: d.choose((b"nosuch", b"get|set", b"")), weight=3)
FAMILY.add("TIME", mode="kind", weight=2)
FAMILY.add("CONFIG RESETSTAT", weight=2)


@FAMILY.step("COMMAND LIST", weight=3)
def _list(draw: Draw) -> Step:
    filters = (
        *([b"PATTERN", b"get"], [b"PATTERN", b"nosuch*"], [b"ACLCAT", b"nosuch"], [b"FOO", b"a"]),
        *([b"MODULE", b"nosuch"], [b"PATTERN"], [b"PATTERN", b"SETE?"], [b"PATTERN", b"g[e]t"]),
    )
    return draw.command("COMMAND", "LIST", "FILTERBY", draw.choose(filters), mode="unordered")



@FAMILY.step("DEBUG", "EXISTS", weight=20)
def _debug_keys(draw: Draw) -> Step:
    odd: tuple[bytes, ...] = (b"OBJECT", b"DIGEST-VALUE", b"DIGEST-VALUE")
    keys = [KEY] if draw.chance(0.5) else [KEY, KEY]
    return touched(draw, draw.command("DEBUG", draw.choose(odd), keys))


FAMILY.add("DEBUG SLEEP", b"0", weight=2)
FAMILY.add("DEBUG SET-ACTIVE-EXPIRE", lambda d: d.choose((b"1", b"0")), weight=2)
FAMILY.add("DEBUG HTSTATS", lambda d: d.choose((b"0", b"99", b"abc")), weight=2)


@FAMILY.step("DEBUG", weight=3)
def _odd_debug(draw: Draw) -> Step:
    return draw.command("DEBUG", draw.choose(([], [b"FOO"], [b"OBJECT"], [b"FOO", b"a"])))


@FAMILY.step("DEBUG", "SCAN", weight=2)
def _populate(draw: Draw) -> list[Step]:
    """Enough keys that tables grow, every one of them seen by a scan."""
    count = b"%d" % draw.choose((1, 10, 100, 1000))
    options = draw.choose(([], [b"p"], [b"p", b"100"], [b"p", b"3"]))
    return [
        Command((b"DEBUG", b"POPULATE", count, *options), draw.client),
        Iterate((b"SCAN", None, b"COUNT", b"7"), draw.client),
    ]
