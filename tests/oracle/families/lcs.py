"""LCS: subsequences of strings from few letters, so that there are many."""

from __future__ import annotations

from ..generate import Draw, Family
from ._pieces import KEY, VALUE, any_case

FAMILY = Family("lcs", weight=15)


def _text(draw: Draw) -> bytes:
    letters = bytes(draw.choose((b"ab", b"abc", b"abcdefgh", b"0123456789", b"\x00\xff\x80")))
    size = draw.choose((0, 1, 2, 5, 10, 30, 63, 64, 65, 128, 129, 200, 400))
    return bytes(draw.choose(letters) for _ in range(size))


def _options(draw: Draw) -> list[bytes]:
    made: list[bytes] = []
    for word, share in ((b"IDX", 0.5), (b"LEN", 0.25), (b"WITHMATCHLEN", 0.4)):
        if draw.chance(share):
            made.append(any_case(draw, word))
    if draw.chance(0.4):
        made.append(any_case(draw, b"MINMATCHLEN"))
        made.append(bytes(draw.choose((b"0", b"1", b"2", b"3", b"4", b"10", b"-1", b"abc", b""))))
    if draw.chance(0.04):
        made.append(bytes(draw.choose((b"FOO", b"", b"MINMATCHLEN"))))
    return made


FAMILY.add("LCS", KEY, KEY, _options, weight=40)
FAMILY.add("SET", KEY, _text, weight=30)
FAMILY.add("SET", KEY, VALUE, weight=3)
FAMILY.add("APPEND", KEY, _text, weight=3)
