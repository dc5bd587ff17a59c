"""Lists: on both sides of the limits of a listpack and of a node, compressed or not."""

from __future__ import annotations

from ..generate import Draw, Family
from ..program import Answered, Command, Step, Waits
from ..values import filled
from ._pieces import KEY, NUMBER, VALUE, any_case

FAMILY = Family("list", weight=60, mixed=30, kind="list")

_KEYS = (b"l0", b"l1", b"l2")


def _key(draw: Draw) -> bytes:
    """Few of their own, so that they grow long, and those that hold other types, too."""
    return draw.key() if draw.chance(0.15) else draw.own_key(_KEYS)


def _element(draw: Draw) -> bytes:
    kind = draw.below(40)
    if kind == 0:
        return draw.value()
    if kind == 1:
        return filled(draw.random, draw.choose((4090, 8100, 8185, 8192, 8193, 20000, 70000)))
    if kind == 2:
        return draw.number()
    if kind < 8:
        return filled(draw.random, draw.choose((30, 62, 63, 64, 100, 500, 1000)))
    if kind < 20:
        return b"%d" % draw.below(12)
    return bytes(draw.choose((b"a", b"b", b"c", b"", b"m%d" % draw.below(30))))


def _elements(draw: Draw) -> list[bytes]:
    count = 1 + draw.below(6)
    if draw.chance(0.15):
        count = draw.choose((20, 127, 128, 129, 300))
    return [_element(draw) for _ in range(count)]


def _place(draw: Draw) -> bytes:
    kind = draw.below(20)
    if kind == 0:
        return draw.integer()
    if kind < 8:
        return b"%d" % (draw.below(600) - 300)
    return b"%d" % (draw.below(20) - 10)


def _end(draw: Draw) -> bytes:
    if draw.chance(0.02):
        return bytes(draw.choose((b"", b"HEAD", b"LEF", b"RIGHTS")))
    return any_case(draw, draw.choose((b"LEFT", b"RIGHT")))


def _count(draw: Draw) -> list[bytes]:
    if draw.chance(0.5):
        return []
    return [bytes(draw.choose((b"0", b"1", b"2", b"3", b"10", b"200", b"-1", b"abc")))]


def _limits_of_search(draw: Draw) -> list[bytes]:
    options: list[list[bytes]] = []
    for name, share in ((b"RANK", 0.5), (b"COUNT", 0.5), (b"MAXLEN", 0.3)):
        if draw.chance(share):
            numbers = (b"0", b"1", b"2", b"-1", b"-2", b"5", b"100", b"abc")
            number = draw.integer() if draw.chance(0.03) else bytes(draw.choose(numbers))
            options.append([any_case(draw, name), number])
    if draw.chance(0.03):
        options.append([bytes(draw.choose((b"FOO", b"RANK", b"COUNT")))])
    draw.random.shuffle(options)
    return [word for option in options for word in option]


def _keys(draw: Draw) -> list[bytes]:
    """numkeys and as many keys; now and then the number is wrong."""
    count = draw.choose((1, 1, 2, 2, 3))
    told = b"%d" % count
    if draw.chance(0.05):
        told = bytes(draw.choose((b"0", b"-1", b"abc", b"5", b"9223372036854775807", b"")))
    return [told, *(_key(draw) for _ in range(count))]


def _where(draw: Draw) -> list[bytes]:
    where = [_end(draw)]
    if draw.chance(0.5):
        where += [any_case(draw, b"COUNT"), bytes(draw.choose((b"1", b"3", b"500", b"0", b"x")))]
    if draw.chance(0.03):
        where.append(b"FOO")
    return where


def _short_wait(draw: Draw) -> bytes:
    return bytes(draw.choose((b"0.01", b"0.02", b"0.01", b"-1", b"abc", b"1e30", b"1e-10")))


@FAMILY.step("CONFIG SET", weight=6)
def _limits(draw: Draw) -> Step:
    if draw.chance(0.4):
        depth = draw.choose((b"0", b"1", b"2", b"3"))
        return draw.command("CONFIG", "SET", b"list-compress-depth", depth)
    size = draw.choose((b"-1", b"-2", b"-5", b"1", b"2", b"5", b"32", b"128", b"0"))
    name = draw.choose((b"list-max-listpack-size", b"list-max-ziplist-size"))
    return draw.command("CONFIG", "SET", name, size)


@FAMILY.step("RPUSH", "LRANGE", weight=10)
def _long(draw: Draw) -> list[Step]:
    """A list of many nodes, and something in its middle."""
    key = _key(draw)
    text = filled(draw.random, draw.choose((1, 60, 200)))
    values = [text + b"%d" % i for i in range(draw.choose((200, 500)))]
    middle = draw.choose(
        (
            ("LSET", key, _place, _element),
            ("LINSERT", key, "AFTER", draw.choose(values), _element),
            ("LREM", key, "1", draw.choose(values)),
            ("LTRIM", key, "20", "-20"),
            ("LPOS", key, draw.choose(values), "RANK", "-1"),
        )
    )
    push = draw.choose(("LPUSH", "RPUSH"))
    return [draw.command(push, key, values), draw.command(*middle), draw.command("LLEN", key)]


def _wait_for_ever(draw: Draw) -> Command:
    """A command that may wait, on keys that the commands of _feed change."""
    end = draw.choose((b"LEFT", b"RIGHT"))
    key, other = _fed(draw), _fed(draw)
    return draw.command(
        *draw.choose(
            (
                ("BLPOP", key, other, "0"),
                ("BRPOP", key, "0"),
                ("BLMPOP", "0", "2", key, other, end, "COUNT", "2"),
                ("BLMOVE", key, other, end, _end, "0"),
                ("BRPOPLPUSH", key, other, "0"),
            )
        )
    )


def _fed(draw: Draw) -> bytes:
    return bytes(draw.choose((b"w0", b"w1", b"w2")))


def _feed(draw: Draw) -> list[Step]:
    """No SWAPDB: the oracle serves the keys that it brings in the order of a table."""
    kind = draw.below(12)
    if kind < 6:
        return [draw.command(draw.choose(("LPUSH", "RPUSH")), _fed, _elements)]
    if kind == 6:
        feeds = [step for _ in range(3) for step in _feed(draw) if _is_plain(step)]
        return [draw.command("MULTI"), *feeds, draw.command("EXEC")]
    return [
        draw.command(
            *draw.choose(
                (
                    ("LMOVE", _key, _fed, _end, _end),
                    ("RENAME", _key, _fed),
                    ("COPY", _key, _fed, "REPLACE"),
                    ("SET", _fed, "text"),
                    ("DEL", _fed),
                    ("LINSERT", _fed, "BEFORE", "a", "b"),
                    ("MOVE", _key, "1"),
                )
            )
        )
    ]


def _is_plain(step: Step) -> bool:
    return isinstance(step, Command) and step.args[0] not in (b"MULTI", b"EXEC")


@FAMILY.step("BLPOP", "BLMOVE", "CLIENT UNBLOCK", weight=40)
def _waiting(draw: Draw) -> list[Step]:
    """Several connections wait, others feed them, and what each was given is compared."""
    count = 1 + draw.below(4)
    before = draw.client
    steps: list[Step] = [draw.command("DEL", "w0", "w1", "w2")]
    for client in range(2, 2 + count):
        draw.client = client
        waits: Step = Waits(_wait_for_ever(draw))
        draw.client = before
        steps += [waits, *(_feed(draw) if draw.chance(0.2) else [])]
    for _ in range(1 + draw.below(4)):
        steps += _feed(draw)
    return [*steps, *(Answered(client) for client in range(2, 2 + count))]


FAMILY.add("LPUSH", _key, _elements, weight=40)
FAMILY.add("RPUSH", _key, _elements, weight=40)
FAMILY.add("LPUSHX", _key, _elements)
FAMILY.add("RPUSHX", _key, _elements)
FAMILY.add("RPUSH", KEY, VALUE)
FAMILY.add("LPOP", _key, _count, weight=15)
FAMILY.add("RPOP", _key, _count, weight=15)
FAMILY.add("LLEN", _key)
FAMILY.add("LRANGE", _key, _place, _place, weight=15)
FAMILY.add("LRANGE", _key, b"0", b"-1", weight=10)
FAMILY.add("LINDEX", _key, _place, weight=15)
FAMILY.add("LINDEX", _key, NUMBER, weight=2)
FAMILY.add("LSET", _key, _place, _element, weight=25)
FAMILY.add("LINSERT", _key, lambda d: any_case(d, d.choose((b"BEFORE", b"AFTER"))), _element,
           _element, weight=25)
FAMILY.add("LINSERT", _key, b"FOO", _element, _element, weight=2)
FAMILY.add("LREM", _key, _place, _element, weight=15)
FAMILY.add("LREM", _key, b"0", _element, weight=10)
FAMILY.add("LTRIM", _key, _place, _place, weight=6)
FAMILY.add("LPOS", _key, _element, _limits_of_search, weight=15)
FAMILY.add("LMOVE", _key, _key, _end, _end, weight=20)
FAMILY.add("RPOPLPUSH", _key, _key, weight=10)
FAMILY.add("LMPOP", _keys, _where, weight=10)
FAMILY.add("BLPOP", _key, _key, _short_wait, weight=4)
FAMILY.add("BRPOP", _key, _short_wait, weight=4)
FAMILY.add("BLMPOP", _short_wait, _keys, _where, weight=4)
FAMILY.add("BLMOVE", _key, _key, _end, _end, _short_wait, weight=4)
FAMILY.add("BRPOPLPUSH", _key, _key, _short_wait, weight=4)
FAMILY.add("OBJECT ENCODING", _key, mode="encoding", weight=4)
FAMILY.add("COPY", _key, _key, b"REPLACE", weight=6)
FAMILY.add("RENAME", _key, _key, weight=3)
FAMILY.add("DEL", _key, weight=4)
