"""RESTORE of payloads that were recorded, whole and damaged, and what is then to be read."""

from __future__ import annotations

import struct
from pathlib import Path

from ..compare import FAR_TIMES_MS
from ..generate import Draw, Family
from ._pieces import KEY, any_case

FAMILY = Family("dump", weight=20)

_CORPUS = Path(__file__).resolve().parents[2] / "corpus" / "codec_payload"
# What redis-server 7.0 knows; later kinds are refused by it. A value that is cut it reads on into the footer.
_PAYLOADS = [
    (made[2:-10], made[1])
    for made in (path.read_bytes() for path in sorted(_CORPUS.iterdir()))
    if made[1] <= 10 and made[2] not in (6, 7) and made[2:-10] != b"\x00\xc2\x90\xee\xfe"
]


def _crc(data: bytes) -> int:
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x95AC9329AC4BC9B5 if crc & 1 else 0)
    return crc


def _payload(draw: Draw) -> bytes:
    value, version = draw.choose(_PAYLOADS)
    whole = value + struct.pack("<H", version)
    made = whole + struct.pack("<Q", _crc(whole))
    kind = draw.below(20)
    if kind == 0:
        return made[: draw.below(len(made))]
    if kind == 1:
        at = draw.below(len(made))
        return made[:at] + bytes([made[at] ^ 1 << draw.below(8)]) + made[at + 1 :]
    return made


def _time(draw: Draw) -> list[bytes]:
    if draw.chance(0.6):
        return [b"0"]
    return [bytes(draw.choose((b"-1", b"abc", b"", b"%d" % (draw.next_time() * 1000))))]


def _options(draw: Draw) -> list[bytes]:
    words = (b"REPLACE", b"REPLACE", b"REPLACE", b"IDLETIME 5", b"FREQ 7", b"IDLETIME -1", b"FOO")
    made: list[bytes] = []
    for _ in range(draw.choose((0, 1, 1, 1, 2))):
        made += any_case(draw, bytes(draw.choose(words))).split()
    return made


def _far(draw: Draw) -> bytes:
    return b"%d" % draw.choose(FAR_TIMES_MS)


FAMILY.add("RESTORE", KEY, _time, _payload, _options, weight=40)
FAMILY.add("RESTORE", KEY, b"0", _payload, b"REPLACE", weight=40)
FAMILY.add("RESTORE", KEY, _far, _payload, b"REPLACE", b"ABSTTL", weight=10)
FAMILY.add("RESTORE", KEY, b"1", _payload, b"REPLACE", b"ABSTTL", weight=5)
FAMILY.add("TYPE", KEY)
FAMILY.add("LRANGE", KEY, b"0", b"-1")
FAMILY.add("HMGET", KEY, b"a", b"f1", b"b")
FAMILY.add("ZRANGE", KEY, b"0", b"-1", b"WITHSCORES")
FAMILY.add("SISMEMBER", KEY, b"a")
FAMILY.add("XLEN", KEY)
FAMILY.add("COPY", KEY, KEY)
FAMILY.add("RENAME", KEY, KEY)
