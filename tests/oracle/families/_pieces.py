"""Pieces that several families build their commands from."""

from __future__ import annotations

from typing import Callable

from ..compare import FAR_TIMES_MS, FAR_TIMES_S
from ..generate import Draw
from ..program import Command, Pipeline

KEY = Draw.key
VALUE = Draw.value
INTEGER = Draw.integer
NUMBER = Draw.number

# Times that no server accepts, or that lie in the past. None is short: what expires in the
# middle of a program would make the replies depend on the moment.
_ODD_TIMES = (
    *(b"0", b"-1", b"-100", b"abc", b"", b"1.5", b" 100", b"9223372036854775807"),
    *(b"-9223372036854775808", b"9223372036854775808", b"-9223372036854775807"),
)


def seconds(draw: Draw) -> bytes:
    """A relative time in seconds."""
    kind = draw.below(20)
    if kind < 15:
        return b"%d" % draw.next_time()
    if kind == 15:
        return b"%d" % (9 * 10**15 + draw.next_time())
    if kind == 16:
        return bytes(draw.choose((b"9223372036854775", b"9223372036854776")))
    return bytes(draw.choose(_ODD_TIMES))


def milliseconds(draw: Draw) -> bytes:
    kind = draw.below(20)
    if kind < 15:
        return b"%d" % (draw.next_time() * 1000 + draw.below(1000))
    if kind == 15:
        return b"%d" % (9 * 10**18 + draw.next_time() * 1000)
    return bytes(draw.choose(_ODD_TIMES))


def at_seconds(draw: Draw) -> bytes:
    """An absolute time in seconds: far, past or none at all."""
    kind = draw.below(10)
    if kind < 7:
        return b"%d" % draw.choose(FAR_TIMES_S)
    return bytes(draw.choose((b"1", b"1000000000", b"9223372036854775", *_ODD_TIMES)))


def at_milliseconds(draw: Draw) -> bytes:
    kind = draw.below(10)
    if kind < 7:
        return b"%d" % draw.choose(FAR_TIMES_MS)
    # The greatest number is left out: the oracle overflows when it rounds it to seconds.
    odd = [time for time in _ODD_TIMES if time != b"9223372036854775807"]
    return bytes(draw.choose((b"1", b"1000000000000", b"9223372036854775000", *odd)))


TIME_OPTIONS = {
    b"EX": seconds,
    b"PX": milliseconds,
    b"EXAT": at_seconds,
    b"PXAT": at_milliseconds,
}


def time_option(draw: Draw) -> list[bytes]:
    """EX 1000 and so on; now and then the number is missing."""
    name = draw.choose(list(TIME_OPTIONS))
    return [name] if draw.chance(0.04) else [name, TIME_OPTIONS[name](draw)]


def any_case(draw: Draw, word: bytes) -> bytes:
    kind = draw.below(4)
    return word.lower() if kind == 0 else word.title() if kind == 1 else word


def keys_up_to(limit: int) -> Callable[[Draw], list[bytes]]:
    """A piece: one to `limit` keys, the same one perhaps twice."""

    def draw_keys(draw: Draw) -> list[bytes]:
        return [draw.key() for _ in range(1 + draw.below(limit))]

    return draw_keys


def database(draw: Draw) -> bytes:
    return bytes(draw.choose((b"0", b"0", b"0", b"1", b"1", b"2", b"15")))


def touched(draw: Draw, command: Command) -> Pipeline:
    """A command that sees, in the oracle, keys whose time is over until somebody asks for them:
    all keys are asked for right before."""
    touch = Command((b"EXISTS", *draw.all_keys()), draw.client)
    return Pipeline((touch, command), draw.client, cuts=0, seed=0)


def odd_database(draw: Draw) -> bytes:
    if draw.chance(0.8):
        return database(draw)
    return bytes(draw.choose((b"16", b"-1", b"abc", b"", b"9223372036854775807", b"01")))
