"""All types on the same few keys: wrong types, values overwritten by others, whatever concerns a
value of any type, several connections that wait for different types, transactions of everything.

The rows of the other families take part with their `mixed` weight."""

from __future__ import annotations

from ..compare import FAR_TIMES_MS
from ..generate import MIXED, Draw, Family
from ..program import Answered, Carry, Command, Iterate, Pipeline, Step, Waits
from ._pieces import any_case, at_milliseconds, milliseconds, touched
from .geo import centre, points, shape
from .sort import plain_options
from .stream import small_id

FAMILY = Family(MIXED, weight=0, mixed=90)

_TYPES = (b"string", b"list", b"hash", b"set", b"zset", b"stream")

# Limits of the small forms: the directive, what programs set it to, and whose it is.
_LIMITS: tuple[tuple[bytes, tuple[int, ...], str], ...] = (
    (b"list-max-listpack-size", (-5, -2, -1, 1, 2, 5, 16, 128), "list"),
    (b"list-compress-depth", (0, 0, 1, 2), ""),
    (b"hash-max-listpack-entries", (0, 1, 2, 5, 16, 128, 512), "hash"),
    (b"hash-max-listpack-value", (0, 1, 5, 64, 300), ""),
    (b"set-max-intset-entries", (0, 1, 2, 5, 16, 128, 512), "set"),
    (b"zset-max-listpack-entries", (0, 1, 2, 5, 16, 128), "zset"),
    (b"zset-max-listpack-value", (0, 1, 5, 64, 300), ""),
    (b"stream-node-max-entries", (0, 1, 2, 5, 100), "stream"),
    (b"stream-node-max-bytes", (0, 64, 1000, 4096), ""),
    (b"hll-sparse-max-bytes", (0, 18, 60, 300, 3000), ""),
)


def _opening(draw: Draw) -> list[Step]:
    """Some limits set anew: what is added later comes from both of their sides."""
    steps: list[Step] = []
    for name, choices, kind in _LIMITS:
        limit = draw.choose(choices) if draw.chance(0.4) else None
        if kind:
            draw.limits[kind] = 128 if limit is None or limit < 0 else limit
        if limit is not None:
            steps.append(draw.command("CONFIG", "SET", name, b"%d" % limit))
    return steps


FAMILY.opening = _opening


# Values of a type, as many elements as its small form may have, or some more or less


def _count(draw: Draw, kind: str) -> int:
    if draw.chance(0.4):
        return 1 + draw.below(4)
    return max(1, draw.limits[kind] + draw.below(4) - 2)


def _names(draw: Draw, kind: str) -> list[bytes]:
    start = draw.choose((0, 0, 7, 100))
    form = draw.choose((b"%d", b"m%d", b"\x00\xff%d", b"x" * 63 + b"%d"))
    return [form % i for i in range(start, start + _count(draw, kind))]


def _made_list(draw: Draw, key: bytes) -> list[bytes]:
    return [draw.choose((b"RPUSH", b"LPUSH")), key, *_names(draw, "list")]


def _made_hash(draw: Draw, key: bytes) -> list[bytes]:
    pairs = [word for name in _names(draw, "hash") for word in (name, b"v" + name[-3:])]
    return [b"HSET", key, *pairs]


def _made_set(draw: Draw, key: bytes) -> list[bytes]:
    return [b"SADD", key, *_names(draw, "set")]


def _made_zset(draw: Draw, key: bytes) -> list[bytes]:
    scores = draw.choose(((b"0",), (b"1", b"2", b"-3.5"), (b"inf", b"-inf", b"0.1", b"1e300")))
    pairs = [word for name in _names(draw, "zset") for word in (draw.choose(scores), name)]
    return [b"ZADD", key, *pairs]


def _made_stream(draw: Draw, key: bytes) -> list[bytes]:
    if draw.chance(0.3):
        return [b"XGROUP", b"CREATE", key, b"g", draw.choose((b"0", b"$")), b"MKSTREAM"]
    return [b"XADD", key, b"14-*", b"f", draw.value()]


def _made_string(draw: Draw, key: bytes) -> list[bytes]:
    return [b"SET", key, draw.value() if draw.chance(0.5) else draw.integer()]


def _made_sketch(draw: Draw, key: bytes) -> list[bytes]:
    return [b"PFADD", key, *(b"e%d" % i for i in range(1 + draw.below(40)))]


_MAKERS = (
    *(_made_list, _made_hash, _made_set, _made_zset, _made_stream, _made_string, _made_sketch),
)


def _made(draw: Draw, key: bytes) -> Command:
    return draw.command(draw.choose(_MAKERS)(draw, key))


@FAMILY.step(weight=40)
def _more(draw: Draw) -> Step:
    """More of what a key may hold; now and then in place of it."""
    return _made(draw, draw.any_key())


@FAMILY.step(weight=30)
def _instead(draw: Draw) -> list[Step]:
    """Another value, of another type perhaps, in the place of one."""
    key = draw.any_key()
    return [draw.command(draw.choose(("DEL", "UNLINK")), key), _made(draw, key)]


@FAMILY.step(weight=20)
def _stored(draw: Draw) -> Step:
    """Results that overwrite whatever is there."""
    to, sets, zsets = draw.any_key(), draw.key_of("set"), draw.key_of("zset")
    strings, lists = draw.key_of("string"), draw.key_of("list")
    shape = ("FROMLONLAT", "15", "37", "BYRADIUS", "9000", "km", "ASC")
    return draw.command(
        *draw.choose(
            (
                *((verb, to, sets, draw.key_of("set")) for verb in ("SUNIONSTORE", "SDIFFSTORE")),
                ("SINTERSTORE", to, sets, sets),
                ("ZUNIONSTORE", to, "2", sets, zsets, "WEIGHTS", "-inf", "0.5"),
                ("ZINTERSTORE", to, "2", zsets, draw.key_of("zset"), "AGGREGATE", "MAX"),
                ("ZDIFFSTORE", to, "2", zsets, sets),
                ("ZRANGESTORE", to, zsets, "-9223372036854775808", "9223372036854775807"),
                ("GEOSEARCHSTORE", to, zsets, *shape),
                ("BITOP", "XOR", to, strings, draw.key_of("string")),
                ("PFMERGE", to, draw.key_of("hll"), draw.key_of("hll")),
                ("SORT", lists, "ALPHA", "STORE", to),
                ("LMOVE", lists, to, "LEFT", "RIGHT"),
                ("SMOVE", sets, to, "1"),
                ("MSET", to, draw.value(), draw.any_key(), draw.value()),
                ("GETSET", to, draw.value()),
                ("SET", to, draw.value(), "GET"),
            )
        )
    )


# What concerns a value of any type


def _any(draw: Draw) -> bytes:
    return draw.any_key()


def _replace(draw: Draw) -> list[bytes]:
    return [any_case(draw, b"REPLACE")] if draw.chance(0.7) else []


def _copy_options(draw: Draw) -> list[bytes]:
    return [*_replace(draw), *([b"DB", b"1"] if draw.chance(0.2) else [])]


@FAMILY.step("DUMP", "RESTORE", weight=60)
def _carry(draw: Draw) -> Step:
    options = _replace(draw)
    time = b"0" if draw.chance(0.7) else milliseconds(draw)
    if draw.chance(0.1):
        time, options = b"%d" % draw.choose(FAR_TIMES_MS), [*options, b"ABSTTL"]
    if draw.chance(0.1):
        options += draw.choose(([b"IDLETIME", b"1000"], [b"FREQ", b"7"], [b"FREQ", b"256"]))
    return Carry(draw.any_key(), draw.any_key(), time, tuple(options), draw.client)


@FAMILY.step("SCAN", weight=10)
def _scan(draw: Draw) -> Step:
    return Iterate((b"SCAN", None, b"TYPE", any_case(draw, draw.choose(_TYPES))), draw.client)


@FAMILY.step("SELECT", weight=10)
def _elsewhere(draw: Draw) -> list[Step]:
    """The same keys in another database, for a while; then perhaps all of them here."""
    inner = [step for _ in range(1 + draw.below(4)) for step in _plain_commands(draw)]
    swap = [draw.command("SWAPDB", "0", "1")] if draw.chance(0.3) else []
    return [draw.command("SELECT", "1"), *inner, draw.command("SELECT", "0"), *swap]


FAMILY.add("TYPE", _any)
FAMILY.add("EXISTS", _any, _any)
FAMILY.add("TOUCH", _any, _any)
FAMILY.add("RENAME", _any, _any, weight=30)
FAMILY.add("RENAMENX", _any, _any)
FAMILY.add("COPY", _any, _any, _copy_options, weight=40)
FAMILY.add("MOVE", _any, b"1", weight=12)
FAMILY.add("DEL", _any, _any, weight=5)
FAMILY.add("EXPIRE", _any, b"-1", weight=3)
FAMILY.add("PEXPIREAT", _any, at_milliseconds, weight=8)
FAMILY.add("SORT", _any, plain_options, mode="c-strings", weight=10)
FAMILY.add("OBJECT ENCODING", _any, mode="encoding", weight=30)
FAMILY.add("OBJECT REFCOUNT", _any, weight=3)
FAMILY.add("DUMP", _any, mode="kind", weight=3)
FAMILY.add("RANDOMKEY", mode="existing-key", weight=3)
FAMILY.add("KEYS", b"*", mode="unordered", weight=3)
FAMILY.add("FLUSHDB", weight=1)


@FAMILY.step("DEBUG", "EXISTS", weight=10)
def _digest(draw: Draw) -> Step:
    return touched(draw, draw.command("DEBUG", "DIGEST-VALUE", _any, _any))


@FAMILY.step("DEBUG", "SELECT", "EXISTS", weight=10)
def _whole(draw: Draw) -> Step:
    """In every database that the program uses, what is dead is asked for."""
    words = (("SELECT", "1"), ("EXISTS", draw.all_keys()), ("SELECT", "0"))
    elsewhere = [draw.command(*w) for w in words]
    here = touched(draw, draw.command("DEBUG", "DIGEST"))
    return Pipeline((*elsewhere, *here.commands), draw.client, cuts=0, seed=0)


@FAMILY.step("DEBUG", "MEMORY USAGE", weight=6)
def _object(draw: Draw) -> Step:
    words = (("DEBUG", "OBJECT", _any), ("MEMORY", "USAGE", _any, "SAMPLES", "0"))
    return touched(draw, draw.command(*draw.choose(words)))


# Points: without COUNT, since other scores may be equal, and which come first is nobody's promise


def _zset(draw: Draw) -> bytes:
    return draw.key_of("zset")


FAMILY.add("GEOADD", _zset, points, weight=8)
FAMILY.add("GEOPOS", _zset, b"p1", b"1", b"m1", weight=4)
FAMILY.add("GEODIST", _zset, b"1", b"p2", b"km", weight=3)
FAMILY.add("GEOSEARCH", _zset, centre, shape, mode="unordered", weight=6)
FAMILY.add("GEOSEARCHSTORE", _any, _zset, centre, shape, weight=4)


# Streams with groups that have something pending


@FAMILY.step("XREADGROUP", "XCLAIM", "XAUTOCLAIM", weight=40)
def _pending(draw: Draw) -> list[Step]:
    key, one, other = draw.key_of("stream"), b"c", draw.choose((b"c", b"d"))
    ids = [b"%d-%d" % (draw.below(5), draw.below(3)) for _ in range(3)]
    follow_ups = (
        ("XACK", key, "g", ids),
        ("XCLAIM", key, "g", other, "0", ids, "FORCE"),
        ("XCLAIM", key, "g", other, "0", ids, "JUSTID"),
        ("XAUTOCLAIM", key, "g", other, "0", draw.choose((b"0", b"-", ids[0])), "COUNT", "2"),
        ("XPENDING", key, "g"),
        ("XDEL", key, ids),
        ("XTRIM", key, "MAXLEN", b"%d" % draw.below(6)),
        ("XGROUP", "DELCONSUMER", key, "g", other),
        ("XGROUP", "SETID", key, "g", ids[0], "ENTRIESREAD", b"%d" % draw.below(6)),
        ("XINFO", "GROUPS", key),
        ("COPY", key, draw.any_key(), "REPLACE"),
        ("RENAME", key, draw.any_key()),
        ("XREADGROUP", "GROUP", "g", other, "STREAMS", key, "0"),
    )
    steps: list[Step] = []
    if draw.chance(0.5):
        steps.append(draw.command("DEL", key))
    for i in range(draw.below(9)):
        steps.append(draw.command("XADD", key, b"%d-*" % (i // 2), b"f", _any))
    steps.append(draw.command("XGROUP", "CREATE", key, "g", "0", "MKSTREAM"))
    read = ("XREADGROUP", "GROUP", "g", one, "COUNT", b"%d" % (1 + draw.below(9)))
    steps.append(draw.command(*read, "STREAMS", key, ">"))
    steps += [draw.command(*draw.choose(follow_ups)) for _ in range(1 + draw.below(5))]
    if draw.chance(0.5):
        steps.append(Carry(key, draw.any_key(), b"0", (b"REPLACE",), draw.client))
    return steps


# Transactions

# Modes that ask the server again.
_ASKING = frozenset(("existing-key", "encoding"))


def _plain_commands(draw: Draw) -> list[Command]:
    """A step of any family, if it is made of commands that stand alone."""
    kind = draw.kind
    steps = draw.any_step()
    draw.kind = kind
    commands = [step for step in steps if isinstance(step, Command) and _is_plain(step)]
    return commands if len(commands) == len(steps) else []


def _is_plain(command: Command) -> bool:
    verbs = (b"multi", b"exec", b"watch", b"select", b"debug")
    return not command.sleep_ms and command.mode not in _ASKING and command.verb not in verbs


@FAMILY.step("MULTI", "EXEC", weight=30)
def _transaction(draw: Draw) -> list[Step]:
    steps: list[Step] = []
    if draw.chance(0.3):
        steps.append(draw.command("WATCH", _any, _any))
        draw.client = 1 - draw.client
        steps += _plain_commands(draw)
        draw.client = 1 - draw.client
    steps.append(draw.command("MULTI"))
    for _ in range(1 + draw.below(6)):
        steps += _plain_commands(draw)
    return [*steps, draw.command("DISCARD" if draw.chance(0.05) else "EXEC")]


# Waiting

_FED = (b"b0", b"b1", b"b2")


def _fed(draw: Draw) -> bytes:
    return bytes(draw.choose(_FED))


def _wait(draw: Draw) -> Command:
    key, other = _fed(draw), _fed(draw)
    end = draw.choose((b"LEFT", b"RIGHT"))
    group = ("GROUP", "g", draw.choose((b"c", b"d")), "BLOCK", "0", "STREAMS")
    return draw.command(
        *draw.choose(
            (
                ("BLPOP", key, other, "0"),
                ("BRPOP", key, "0"),
                ("BLMPOP", "0", "2", key, other, end, "COUNT", "2"),
                ("BLMOVE", key, other, end, "LEFT", "0"),
                ("BZPOPMIN", key, other, "0"),
                ("BZPOPMAX", key, "0"),
                ("BZMPOP", "0", "2", key, other, "MIN", "COUNT", "3"),
                ("XREAD", "BLOCK", "0", "STREAMS", key, other, "$", "5"),
                ("XREAD", "COUNT", "1", "BLOCK", "0", "STREAMS", key, small_id),
                ("XREADGROUP", *group, key, ">"),
                ("XREADGROUP", *group, key, other, ">", ">"),
            )
        )
    )


def _feed(draw: Draw) -> list[Step]:
    """No SWAPDB: the oracle serves the keys that it brings in the order of a table."""
    kind = draw.below(14)
    if kind < 6:
        return [_made(draw, _fed(draw))]
    if kind == 6:
        return [Carry(draw.any_key(), _fed(draw), b"0", (b"REPLACE",), draw.client)]
    if kind == 7:
        feeds = [step for _ in range(3) for step in _feed(draw) if _may_be_queued(step)]
        return [draw.command("MULTI"), *feeds, draw.command("EXEC")]
    if kind == 8:
        # The oracle does not wake who waits for a key that gets another value in place.
        key = _fed(draw)
        store = draw.choose((("ZUNIONSTORE", key, "2", _any, _any), ("SORT", _any, "ALPHA", "STORE", key)))
        # As a pipeline, so that the key of DEL is not changed.
        return [
            Pipeline((draw.command("DEL", key), draw.command(*store)), draw.client, cuts=0, seed=0)
        ]
    return [
        draw.command(
            *draw.choose(
                (
                    ("RENAME", _any, _fed),
                    ("COPY", _any, _fed, "REPLACE"),
                    ("DEL", _fed),
                    ("XGROUP", "CREATE", _fed, "g", "0", "MKSTREAM"),
                    ("XGROUP", "DESTROY", _fed, "g"),
                    ("SUNIONSTORE", _fed, _any),
                    ("LMOVE", _any, _fed, "LEFT", "LEFT"),
                    ("EXPIRE", _fed, "-1"),
                    ("RENAME", _fed, _fed),
                )
            )
        )
    ]


def _may_be_queued(step: Step) -> bool:
    return isinstance(step, Command) and step.verb not in (b"multi", b"exec")


@FAMILY.step("BLPOP", "BZPOPMIN", "XREADGROUP", "CLIENT UNBLOCK", weight=40)
def _waiting(draw: Draw) -> list[Step]:
    """Several connections wait, for one type each, on keys that get any."""
    count = 1 + draw.below(4)
    before = draw.client
    steps: list[Step] = [draw.command("DEL", *_FED)]
    if draw.chance(0.5):
        steps.append(draw.command("XGROUP", "CREATE", _fed, "g", "$", "MKSTREAM"))
    for client in range(2, 2 + count):
        draw.client = client
        waits: Step = Waits(_wait(draw))
        draw.client = before
        steps += [waits, *(_feed(draw) if draw.chance(0.2) else [])]
    for _ in range(1 + draw.below(5)):
        steps += _feed(draw)
    return [*steps, *(Answered(client) for client in range(2, 2 + count))]


@FAMILY.step("BLPOP", "SWAPDB", weight=4)
def _swapped_in(draw: Draw) -> list[Step]:
    """One connection waits for one key, which comes out of another database."""
    before = draw.client
    steps: list[Step] = [draw.command("DEL", "b0")]
    steps += [draw.command("SELECT", "1"), _made(draw, b"b0"), draw.command("SELECT", "0")]
    draw.client = 2
    verb = draw.choose((("BLPOP", "b0", "0"), ("BZPOPMIN", "b0", "0"), ("BLPOP", "b0", "b1", "0")))
    waits = Waits(draw.command(*verb))
    draw.client = before
    return [*steps, waits, draw.command("SWAPDB", "0", "1"), Answered(2)]
