"""HyperLogLogs: sparse and dense ones, byte by byte, and strings that only look like one."""

from __future__ import annotations

from ..generate import Draw, Family
from ..program import Step
from ._pieces import KEY, VALUE, any_case

FAMILY = Family("hll", weight=25, mixed=8, kind="hll")

_HEADER = b"HYLL"


def _elements(draw: Draw) -> list[bytes]:
    count = draw.choose((0, 1, 1, 1, 2, 3, 10, 100, 400))
    start = draw.below(draw.choose((10, 1000, 100000)))
    return [b"e%d" % i for i in range(start, start + count)]


def _keys(draw: Draw) -> list[bytes]:
    return [draw.key() for _ in range(draw.below(4))]


def _runs(draw: Draw, is_whole: bool) -> bytes:
    """Runs of registers; all 16384 of them, or about as many."""
    out, left = b"", 16384
    while left > 0 and len(out) < 3200:
        kind = draw.below(6)
        if kind < 3:
            count = min(1 + draw.below(4), left)
            out += bytes([0x80 | draw.below(32) << 2 | count - 1])
        elif kind < 5:
            count = min(1 + draw.below(64), left)
            out += bytes([count - 1])
        else:
            count = min(1 + draw.below(draw.choose((100, 16384))), left)
            out += bytes([0x40 | count - 1 >> 8, count - 1 & 255])
        left -= count
    if left > 0:
        out += bytes([0x40 | left - 1 >> 8, left - 1 & 255])
    if not is_whole:
        place = draw.below(len(out) + 1)
        out = out[:place] + draw.choose((b"", b"\x00", b"\x83\x83", b"\x3f")) + b"\x00"
    return out


def _count(draw: Draw) -> bytes:
    return bytes(draw.choose((b"\x00" * 7 + b"\x80", b"\x05" + b"\x00" * 7, b"\xff" * 8)))


def _whole(draw: Draw) -> bytes:
    return _HEADER + b"\x01\x00\x00\x00" + b"\x00" * 7 + b"\x80" + _runs(draw, is_whole=True)


def _odd(draw: Draw) -> bytes:
    kind = draw.below(6)
    if kind == 0:
        return _HEADER + bytes([draw.below(3)]) + b"\x00" * draw.below(14)
    if kind == 1:
        return b"HYLX\x01\x00\x00\x00" + _count(draw) + _runs(draw, is_whole=True)
    if kind == 2:
        length = draw.choose((12287, 12288, 12289))
        return _HEADER + b"\x00\x00\x00\x00" + _count(draw) + b"\x41" * length
    return _HEADER + b"\x01abc" + _count(draw) + _runs(draw, is_whole=kind == 3)


def _debug_word(draw: Draw) -> bytes:
    words = (b"ENCODING", b"ENCODING", b"DECODE", b"DECODE", b"DECODE", b"TODENSE", b"nothing")
    return any_case(draw, bytes(draw.choose(words)))


@FAMILY.step("CONFIG SET", weight=4)
def _limit(draw: Draw) -> Step:
    value = draw.choose((b"0", b"18", b"60", b"300", b"3000", b"12000", b"20000"))
    return draw.command("CONFIG", "SET", b"hll-sparse-max-bytes", value)


FAMILY.add("PFADD", KEY, _elements, weight=60)
FAMILY.add("PFADD", KEY, VALUE, weight=10)
FAMILY.add("PFCOUNT", KEY, weight=20)
FAMILY.add("PFCOUNT", KEY, _keys, weight=20)
FAMILY.add("PFMERGE", KEY, _keys, weight=15)
FAMILY.add("GET", KEY, weight=25)
FAMILY.add("SET", KEY, _whole, weight=6)
FAMILY.add("SET", KEY, _odd, weight=6)
FAMILY.add("STRLEN", KEY)
FAMILY.add("OBJECT ENCODING", KEY, mode="encoding")
FAMILY.add("PFDEBUG", _debug_word, KEY, weight=15)
FAMILY.add("PFDEBUG", b"GETREG", KEY, weight=4)
FAMILY.add("APPEND", KEY, b"\x00", weight=1)
FAMILY.add("COPY", KEY, KEY, b"REPLACE", weight=4)
FAMILY.add("DEL", KEY, weight=5)
