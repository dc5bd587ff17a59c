"""Streams: entries, trimming, groups and what is pending in them.

IDs are few and low, so that commands meet; the clock is only asked behind an ID of the far future,
where both servers count on. Idle times that are compared are either none or hours."""

from __future__ import annotations

from ..generate import Draw, Family, Piece
from ..program import Step
from ._pieces import KEY, any_case

FAMILY = Family("stream", weight=25, mixed=30, kind="stream")

_ODD_IDS = (
    *(b"0", b"0-0", b"-", b"+", b"$", b">", b"*", b"5-", b"-5", b"5-*", b"0-*", b"*-5", b"", b"(", b"(5"),
    *(b"18446744073709551615-18446744073709551615", b"18446744073709551615-*", b"18446744073709551615"),
    *(b"18446744073709551616", b"18446744073709551614-18446744073709551615", b" 5", b"+5-+3", b"05-01"),
    *(b"5--3", b"5-  -3", b"1.5", b"abc", b"5-1-1", b"5\x00-1", b"9223372036854775808-1", b"1" * 127, b"1" * 128),
)
_GROUPS = (b"g", b"g", b"group-with-a-long-name", b"ga", b"G", b"")
_CONSUMERS = (b"c", b"c", b"d", b"consumer-of-a-long-name", b"ca", b"")
_FIELDS = (b"a", b"b", b"field", b"1", b"-5", b"a-field-of-some-length-that-is-not-short", b"")
_COUNTS = (b"0", b"1", b"2", b"3", b"5", b"10", b"100", b"-1", b"-5", b"9223372036854775807", b"abc")
_LENGTHS = (b"0", b"1", b"2", b"3", b"5", b"8", b"10", b"20", b"50", b"-1", b"9223372036854775807")
# What is idle at all is so since now, or by IDLE and TIME for longer than any program takes.
_MIN_IDLES = (b"0", b"0", b"0", b"1000000", b"100000000", b"-1", b"abc", b"9223372036854775807")
_IDLES = (b"5000000", b"200000000", b"0", b"-1", b"9223372036854775807", b"x")
_TIMES = (b"1", b"1000000", b"-1", b"9223372036854775807", b"0", b"x")


def small_id(draw: Draw) -> bytes:
    ms = draw.below(14)
    kind = draw.below(3)
    return b"%d" % ms if kind == 0 else b"%d-%d" % (ms, draw.below(4))


def _id(draw: Draw) -> bytes:
    return bytes(draw.choose(_ODD_IDS)) if draw.chance(0.06) else small_id(draw)


def _new_id(draw: Draw) -> bytes:
    kind = draw.below(20)
    if kind < 12:
        return b"%d-*" % draw.below(14)
    if kind < 19:
        return small_id(draw)
    odd = [i for i in _ODD_IDS if i not in (b"*", b"9223372036854775808-1") and i < b"18446"]
    return bytes(draw.choose(odd))


def _end(draw: Draw) -> bytes:
    kind = draw.below(10)
    if kind < 3:
        return bytes(draw.choose((b"-", b"+")))
    return b"(" + small_id(draw) if kind == 3 else _id(draw)


def _first(draw: Draw) -> bytes:
    return b"-" if draw.chance(0.5) else _end(draw)


def _last(draw: Draw) -> bytes:
    return b"+" if draw.chance(0.5) else _end(draw)


def _ids(draw: Draw) -> list[bytes]:
    return [_id(draw) for _ in range(1 + draw.below(4))]


def _group(draw: Draw) -> bytes:
    return bytes(draw.choose(_GROUPS))


def _consumer(draw: Draw) -> bytes:
    return bytes(draw.choose(_CONSUMERS))


def _value(draw: Draw) -> bytes:
    kind = draw.below(10)
    if kind < 4:
        return draw.integer()
    if kind < 9:
        return b"v" * int(draw.choose((0, 1, 5, 11, 12, 63, 64, 200)))
    return draw.value()


def _pairs(draw: Draw) -> list[bytes]:
    same = draw.chance(0.6)
    count = 2 if same else 1 + draw.below(4)
    names = _FIELDS[:2] if same else [draw.choose(_FIELDS) for _ in range(count)]
    pairs = [piece for name in names for piece in (bytes(name), _value(draw))]
    return pairs[:-1] if draw.chance(0.02) else pairs


def _trim(draw: Draw) -> list[bytes]:
    words: list[bytes] = []
    if draw.chance(0.6):
        words += [any_case(draw, b"MAXLEN"), b"", bytes(draw.choose(_LENGTHS))]
    else:
        words += [any_case(draw, b"MINID"), b"", _id(draw)]
    words[1:2] = ([], [b"="], [b"~"], [b"~"])[draw.below(4)]
    if draw.chance(0.3):
        words += [b"LIMIT", bytes(draw.choose((*_COUNTS, b"4", b"7")))]
    if draw.chance(0.02):
        words += [b"MAXLEN", b"5"]
    return words


def _add_options(draw: Draw) -> list[bytes]:
    words = _trim(draw) if draw.chance(0.2) else []
    if draw.chance(0.05):
        words.insert(0, any_case(draw, b"NOMKSTREAM"))
    return words


def _count(draw: Draw) -> list[bytes]:
    if draw.chance(0.5):
        return []
    return [any_case(draw, b"COUNT"), bytes(draw.choose(_COUNTS))]


def _block(draw: Draw) -> list[bytes]:
    return [b"BLOCK", b"%d" % (1 + draw.below(3))] if draw.chance(0.15) else []


def _streams(which: Piece) -> Piece:
    def draw_streams(draw: Draw) -> list[Piece]:
        count = 1 + (draw.below(3) if draw.chance(0.2) else 0)
        keys: list[Piece] = [draw.key() for _ in range(count)]
        return [b"STREAMS", *keys, *(which for _ in range(count))]

    return draw_streams


def _read_id(draw: Draw) -> bytes:
    return b"$" if draw.chance(0.1) else _id(draw)


def _group_id(draw: Draw) -> bytes:
    return b">" if draw.chance(0.7) else _id(draw)


def _place(draw: Draw) -> bytes:
    return bytes(draw.choose((b"0", b"$", b"-", b"+"))) if draw.chance(0.6) else _id(draw)


def _create_options(draw: Draw) -> list[bytes]:
    words = [b"MKSTREAM"] if draw.chance(0.5) else []
    if draw.chance(0.2):
        words += [b"ENTRIESREAD", bytes(draw.choose((b"0", b"1", b"3", b"10", b"-1", b"-2", b"x")))]
    return words


def _setid_options(draw: Draw) -> list[bytes]:
    words: list[bytes] = []
    if draw.chance(0.4):
        words += [b"ENTRIESADDED", bytes(draw.choose((b"0", b"5", b"20", b"100", b"-1", b"x")))]
    if draw.chance(0.4):
        words += [b"MAXDELETEDID", _id(draw)]
    return words


def _claim_options(draw: Draw) -> list[bytes]:
    words: list[bytes] = []
    for word, share, choices in (
        (b"IDLE", 0.2, _IDLES),
        (b"TIME", 0.15, _TIMES),
        # Not the greatest: one more than that overflows in the oracle.
        (b"RETRYCOUNT", 0.2, (b"0", b"1", b"7", b"-1", b"x", b"9223372036854775000")),
    ):
        if draw.chance(share):
            words += [any_case(draw, word), bytes(draw.choose(choices))]
    if draw.chance(0.2):
        words.append(b"FORCE")
    if draw.chance(0.25):
        words.append(b"JUSTID")
    if draw.chance(0.15):
        words += [b"LASTID", _id(draw)]
    if draw.chance(0.02):
        words.append(b"FOO")
    return words


def _autoclaim_options(draw: Draw) -> list[bytes]:
    words: list[bytes] = []
    if draw.chance(0.5):
        words += [b"COUNT", bytes(draw.choose((b"1", b"2", b"3", b"10", b"0", b"-1", b"x")))]
    if draw.chance(0.25):
        words.append(b"JUSTID")
    return words


def _pending_range(draw: Draw) -> list[bytes]:
    words = [b"IDLE", bytes(draw.choose(_MIN_IDLES))] if draw.chance(0.2) else []
    words += [_first(draw), _last(draw), bytes(draw.choose(_COUNTS))]
    if draw.chance(0.4):
        words.append(_consumer(draw))
    return words


def _full(draw: Draw) -> list[bytes]:
    kind = draw.below(4)
    if kind == 0:
        return []
    return [b"FULL"] if kind == 1 else [b"FULL", b"COUNT", bytes(draw.choose(_COUNTS))]


@FAMILY.step("xadd", weight=60)
def _many(draw: Draw) -> list[Step]:
    """Entries one after the other, so that there are several nodes."""
    key = draw.key()
    count = draw.choose((3, 6, 12, 30))
    ids = sorted(draw.below(14) for _ in range(count))
    return [draw.command("XADD", key, b"%d-*" % ms, _pairs) for ms in ids]


@FAMILY.step("xadd", weight=4)
def _future(draw: Draw) -> list[Step]:
    key = draw.key()
    far = b"%d-%d" % (9 * 10**15 + draw.below(3), draw.below(3))
    return [
        draw.command("XADD", key, far, b"f", b"v"),
        *(draw.command("XADD", key, _add_options, b"*", _pairs) for _ in range(draw.below(4))),
    ]


@FAMILY.step("xreadgroup", weight=20)
def _with_group(draw: Draw) -> list[Step]:
    """A group that is there, read by several."""
    key, group = draw.key(), _group(draw)
    steps: list[Step] = [draw.command("XGROUP", "CREATE", key, group, b"0", b"MKSTREAM")]
    for _ in range(1 + draw.below(3)):
        steps.append(
            draw.command(
                *("XREADGROUP", "GROUP", group, _consumer, _count, "STREAMS", key, b">"),
            )
        )
    return steps


@FAMILY.step("config|set", weight=4)
def _nodes(draw: Draw) -> Step:
    name, sizes = draw.choose(
        (
            (b"stream-node-max-entries", (b"0", b"1", b"2", b"4", b"5", b"10", b"100")),
            (b"stream-node-max-bytes", (b"0", b"1", b"64", b"200", b"1000", b"4096")),
        )
    )
    return draw.command("CONFIG", "SET", name, bytes(draw.choose(sizes)))


_IN_GROUP = (b"GROUP", _group, _consumer)

FAMILY.add("XADD", KEY, _add_options, _new_id, _pairs, weight=40)
FAMILY.add("XLEN", KEY)
FAMILY.add("XDEL", KEY, _ids, weight=25)
FAMILY.add("XTRIM", KEY, _trim, weight=20)
FAMILY.add("XRANGE", KEY, _first, _last, _count, weight=25)
FAMILY.add("XREVRANGE", KEY, _last, _first, _count, weight=20)
FAMILY.add("XSETID", KEY, _id, _setid_options, weight=8)
FAMILY.add("XREAD", _count, _block, _streams(_read_id), weight=20)
FAMILY.add("XREADGROUP", *_IN_GROUP, _count, _block, _streams(_group_id), weight=40)
FAMILY.add("XREADGROUP", *_IN_GROUP, _count, b"NOACK", _streams(_group_id), weight=8)
FAMILY.add("XGROUP CREATE", KEY, _group, _place, _create_options, weight=25)
FAMILY.add("XGROUP SETID", KEY, _group, _place, _create_options, weight=4)
FAMILY.add("XGROUP SETID", KEY, _group, _place, weight=6)
FAMILY.add("XGROUP DESTROY", KEY, _group, weight=4)
FAMILY.add("XGROUP CREATECONSUMER", KEY, _group, _consumer)
FAMILY.add("XGROUP DELCONSUMER", KEY, _group, _consumer, weight=6)
FAMILY.add("XACK", KEY, _group, _ids, weight=20)
FAMILY.add("XPENDING", KEY, _group, weight=15)
FAMILY.add("XPENDING", KEY, _group, _pending_range, mode="stream", weight=20)
FAMILY.add(
    *("XCLAIM", KEY, _group, _consumer, lambda draw: draw.choose(_MIN_IDLES), _ids, _claim_options),
    weight=25,
)
FAMILY.add(
    *("XAUTOCLAIM", KEY, _group, _consumer, lambda draw: draw.choose(_MIN_IDLES), _first),
    _autoclaim_options,
    weight=20,
)
FAMILY.add("XINFO STREAM", KEY, _full, mode="stream", weight=15)
FAMILY.add("XINFO GROUPS", KEY, weight=15)
FAMILY.add("XINFO CONSUMERS", KEY, _group, mode="stream")
FAMILY.add("COPY", KEY, KEY, lambda draw: [b"REPLACE"] if draw.chance(0.5) else [], weight=4)
FAMILY.add("RENAME", KEY, KEY, weight=3)
FAMILY.add("DEL", KEY, weight=3)
FAMILY.add("SET", KEY, b"v", weight=2)
