"""RDB files made by hand, in every form that a server ever wrote: docs/formats/rdb.md has the bytes.

A file is put together piece by piece; nothing is checked, so that wrong files can be made as well:

    file = RdbFile(version=3).select(0).key(LIST_ZIPLIST, "l", string(ziplist([b"a", 5])))
    path.write_bytes(file.whole())"""

from __future__ import annotations

import struct
from typing import Iterable, Sequence, Union

Item = Union[bytes, str, int]

STRING, LIST, SET, ZSET_TEXT, HASH, ZSET, MODULE, MODULE_2 = range(8)
HASH_ZIPMAP, LIST_ZIPLIST, SET_INTSET, ZSET_ZIPLIST, HASH_ZIPLIST, LIST_ZIPLISTS, STREAM = range(9, 16)
HASH_LISTPACK, ZSET_LISTPACK, LIST_PACKS, STREAM_2, SET_LISTPACK, STREAM_3 = range(16, 22)
HASH_TIMES, HASH_LISTPACK_TIMES_OLD, HASH_TIMES_MIN, HASH_LISTPACK_TIMES, STREAM_4, STREAM_5 = range(22, 28)
ARRAY = 28

KEY_META, SLOT_INFO, LIBRARY, FUNCTION, MODULE_AUX, IDLE, FREQUENCY, AUX = range(243, 251)
RESIZE, EXPIRY_MS, EXPIRY_S, DATABASE, END = range(251, 256)

_TABLE = []
for _byte in range(256):
    _crc = _byte
    for _ in range(8):
        _crc = _crc >> 1 ^ (0x95AC9329AC4BC9B5 if _crc & 1 else 0)
    _TABLE.append(_crc)


def crc64(data: bytes) -> int:
    crc = 0
    for byte in data:
        crc = _TABLE[(crc ^ byte) & 255] ^ crc >> 8
    return crc


def text(item: Item) -> bytes:
    """As a server keeps it."""
    return item if isinstance(item, bytes) else str(item).encode()


# Lengths and strings


def length(number: int) -> bytes:
    """In the shortest form."""
    if number < 1 << 6:
        return bytes([number])
    if number < 1 << 14:
        return bytes([0x40 | number >> 8, number & 255])
    if number < 1 << 32:
        return b"\x80" + struct.pack(">I", number)
    return b"\x81" + struct.pack(">Q", number)


def string(item: Item) -> bytes:
    """As it is, its length in front."""
    data = text(item)
    return length(len(data)) + data


def number_string(number: int) -> bytes:
    """A number of 1, 2 or 4 bytes."""
    for form, (letter, bits) in enumerate((("b", 8), ("h", 16), ("i", 32))):
        if -(1 << bits - 1) <= number < 1 << bits - 1:
            return bytes([0xC0 + form]) + struct.pack("<" + letter, number)
    raise ValueError(number)


def packed_string(item: Item) -> bytes:
    """Compressed, whether that is shorter or not."""
    data = text(item)
    packed = lzf(data)
    return b"\xc3" + length(len(packed)) + length(len(data)) + packed


def lzf(data: bytes) -> bytes:
    """LZF: runs of literals, and references to at least three bytes that came before."""
    out, literals, seen, at = bytearray(), bytearray(), {}, 0

    def flush() -> None:
        for begin in range(0, len(literals), 32):
            run = literals[begin : begin + 32]
            out.append(len(run) - 1)
            out.extend(run)
        literals.clear()

    while at < len(data):
        start = seen.get(data[at : at + 3], -1)
        seen[data[at : at + 3]] = at
        if start < 0 or at - start > 8192 or at + 3 > len(data):
            literals.append(data[at])
            at += 1
            continue
        size = 3
        while size < 264 and at + size < len(data) and data[start + size] == data[at + size]:
            size += 1
        flush()
        distance, rest = at - start - 1, size - 2
        if rest < 7:
            out += bytes([rest << 5 | distance >> 8, distance & 255])
        else:
            out += bytes([7 << 5 | distance >> 8, rest - 7, distance & 255])
        at += size
    flush()
    return bytes(out)


def score_text(score: float | str) -> bytes:
    """A score as text, as in the first versions."""
    special = {"nan": 253, "inf": 254, "-inf": 255}
    if str(score) in special:
        return bytes([special[str(score)]])
    data = text(str(score))
    return bytes([len(data)]) + data


def strings(items: Iterable[Item]) -> bytes:
    """Their number and all of them."""
    listed = list(items)
    return length(len(listed)) + b"".join(string(item) for item in listed)


# Packed forms


def _ziplist_entry(item: Item) -> bytes:
    if not isinstance(item, int):
        data = text(item)
        if len(data) < 1 << 6:
            return bytes([len(data)]) + data
        if len(data) < 1 << 14:
            return bytes([0x40 | len(data) >> 8, len(data) & 255]) + data
        return b"\x80" + struct.pack(">I", len(data)) + data
    if 0 <= item <= 12:
        return bytes([0xF1 + item])
    for code, size in ((0xFE, 1), (0xC0, 2), (0xF0, 3), (0xD0, 4), (0xE0, 8)):
        if -(1 << size * 8 - 1) <= item < 1 << size * 8 - 1:
            return bytes([code]) + item.to_bytes(size, "little", signed=True)
    raise ValueError(item)


def ziplist(items: Sequence[Item]) -> bytes:
    """Numbers that are given as such are packed as such."""
    body, before, last = b"", 0, 10
    for item in items:
        head = bytes([before]) if before < 254 else b"\xfe" + struct.pack("<I", before)
        entry = head + _ziplist_entry(item)
        last = 10 + len(body)
        body += entry
        before = len(entry)
    size = 10 + len(body) + 1
    return struct.pack("<IIH", size, last, min(len(items), 65535)) + body + b"\xff"


def zipmap(pairs: Sequence[tuple[Item, Item]], unused: int = 0) -> bytes:
    def size(data: bytes) -> bytes:
        return bytes([len(data)]) if len(data) < 254 else b"\xfe" + struct.pack("<I", len(data))

    body = b""
    for field, value in pairs:
        name, data = text(field), text(value)
        body += size(name) + name + size(data) + bytes([unused]) + data + b"?" * unused
    return bytes([min(len(pairs), 254)]) + body + b"\xff"


def intset(numbers: Iterable[int]) -> bytes:
    ordered = sorted(numbers)
    width = next(
        w for w in (2, 4, 8) if all(-(1 << w * 8 - 1) <= n < 1 << w * 8 - 1 for n in ordered)
    )
    body = b"".join(n.to_bytes(width, "little", signed=True) for n in ordered)
    return struct.pack("<II", width, len(ordered)) + body


def _listpack_entry(item: Item) -> bytes:
    if not isinstance(item, int):
        data = text(item)
        if len(data) < 64:
            return bytes([0x80 | len(data)]) + data
        if len(data) < 4096:
            return bytes([0xE0 | len(data) >> 8, len(data) & 255]) + data
        return b"\xf0" + struct.pack("<I", len(data)) + data
    if 0 <= item < 128:
        return bytes([item])
    if -4096 <= item < 4096:
        low = item & 0x1FFF
        return bytes([0xC0 | low >> 8, low & 255])
    for code, size in ((0xF1, 2), (0xF2, 3), (0xF3, 4), (0xF4, 8)):
        if -(1 << size * 8 - 1) <= item < 1 << size * 8 - 1:
            return bytes([code]) + item.to_bytes(size, "little", signed=True)
    raise ValueError(item)


def _listpack_back(size: int) -> bytes:
    """The size of an entry behind it: 7 bits a byte, high ones first; all but the first are marked."""
    parts = []
    while size or not parts:
        parts.append(size & 127)
        size >>= 7
    first, *rest = reversed(parts)
    return bytes([first, *(part | 128 for part in rest)])


def listpack(items: Sequence[Item]) -> bytes:
    body = b""
    for item in items:
        entry = _listpack_entry(item)
        body += entry + _listpack_back(len(entry))
    return struct.pack("<IH", 6 + len(body) + 1, min(len(items), 65535)) + body + b"\xff"


# Streams


def stream_id(ms: int, seq: int) -> bytes:
    return struct.pack(">QQ", ms, seq)


def stream_pack(entries: Sequence[tuple[int, int, Sequence[Item]]], deleted: Sequence[int] = ()) -> bytes:
    """A pack: its first ID, and a listpack of entries (ms, seq, fields and values). `deleted` are places."""
    first_ms, first_seq, first = entries[0]
    names = list(first[0::2])
    items: list[Item] = [len(entries) - len(deleted), len(deleted), len(names), *names, 0]
    for place, (ms, seq, pairs) in enumerate(entries):
        same = list(pairs[0::2]) == names
        flags = (2 if same else 0) | (1 if place in deleted else 0)
        body: list[Item] = list(pairs[1::2]) if same else [len(pairs) // 2, *pairs]
        items += [flags, ms - first_ms, seq - first_seq, *body, len(body) + 3]
    return string(stream_id(first_ms, first_seq)) + string(listpack(items))


# Files


class RdbFile:
    """A file of Redis (`version` 1 to 79) or Valkey (80 and up)."""

    def __init__(self, version: int) -> None:
        magic = f"REDIS{version:04d}" if version < 80 else f"VALKEY{version:03d}"
        self.version = version
        self.data = bytearray(magic.encode())

    def raw(self, data: bytes) -> RdbFile:
        self.data += data
        return self

    def aux(self, name: Item, value: Item) -> RdbFile:
        return self.raw(bytes([AUX]) + string(name) + string(value))

    def library(self, code: str) -> RdbFile:
        return self.raw(bytes([LIBRARY]) + string(code))

    def select(self, number: int) -> RdbFile:
        return self.raw(bytes([DATABASE]) + length(number))

    def resize(self, keys: int, expiries: int) -> RdbFile:
        return self.raw(bytes([RESIZE]) + length(keys) + length(expiries))

    def expiry_s(self, when: int) -> RdbFile:
        return self.raw(bytes([EXPIRY_S]) + struct.pack("<i", when))

    def expiry_ms(self, when: int) -> RdbFile:
        return self.raw(bytes([EXPIRY_MS]) + struct.pack("<q", when))

    def idle(self, seconds: int) -> RdbFile:
        return self.raw(bytes([IDLE]) + length(seconds))

    def frequency(self, count: int) -> RdbFile:
        return self.raw(bytes([FREQUENCY, count]))

    def key(self, kind: int, name: Item, body: bytes) -> RdbFile:
        return self.raw(bytes([kind]) + string(name) + body)

    def whole(self, checksum: bool = True) -> bytes:
        """The whole file, with its end; before version 5 there is no checksum."""
        data = bytes(self.data) + bytes([END])
        if self.version < 5:
            return data
        return data + struct.pack("<Q", crc64(data) if checksum else 0)
