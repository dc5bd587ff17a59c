"""Bits of strings: SETBIT, GETBIT, BITCOUNT, BITPOS, BITOP, BITFIELD."""

from __future__ import annotations

from ..generate import Draw, Family
from ._pieces import INTEGER, KEY, VALUE, any_case

FAMILY = Family("bits", weight=40, mixed=6, kind="string")

# Far places are left to reading: writing there costs half a gigabyte.
_BITS = (*(b"%d" % n for n in (0, 1, 6, 7, 8, 9, 15, 31, 63, 64, 100, 127, 360, 511, 3000)),)
_ODD_BITS = (
    *(b"-1", b"4294967296", b"9223372036854775807", b"9223372036854775808", b"abc", b"", b"1.0"),
    *(b"-9223372036854775808", b"99999999999999999999", b"00", b"#-1", b"#", b"##1", b"#abc"),
)
_PLACES = (
    *(b"%d" % n for n in (0, 1, 2, 5, 7, 8, 9, 30, 45, 100, 400, 5000, 10**6)),
    *(b"%d" % -n for n in (1, 2, 3, 8, 9, 16, 45, 100, 400, 5000, 10**6)),
)
_ODD_PLACES = (b"9223372036854775807", b"-9223372036854775808", b"abc", b"", b"9223372036854775808")


def _bit_at(draw: Draw) -> bytes:
    if draw.chance(0.1):
        return bytes(draw.choose(_ODD_BITS))
    return bytes(draw.choose(_BITS)) if draw.chance(0.7) else b"%d" % draw.below(3000)


def _far_bit_at(draw: Draw) -> bytes:
    return b"4294967295" if draw.chance(0.1) else _bit_at(draw)


def _write_bit_at(draw: Draw) -> bytes:
    """Now and then behind the limits where a string is kept otherwise."""
    if draw.chance(0.05):
        return b"%d" % (8 * draw.choose((44, 1599, 1600, 16383, 16384, 40000)) + draw.below(9))
    return _bit_at(draw)


def _bits(draw: Draw) -> bytes:
    """Bytes at random, or long runs of one bit with an exception."""
    size = draw.choose((1, 7, 8, 31, 32, 33, 63, 64, 65, 127, 128, 129, 255, 256, 257, 1024, 4099))
    if draw.chance(0.4):
        return bytes(draw.random.randbytes(min(size, 300)))
    made = bytearray(bytes(draw.choose((b"\x00", b"\xff"))) * size)
    if draw.chance(0.6):
        made[draw.choose((0, size - 1, draw.below(size)))] ^= 1 << draw.below(8)
    return bytes(made)


def _bit(draw: Draw) -> bytes:
    if draw.chance(0.06):
        return bytes(draw.choose((b"2", b"-1", b"", b"abc", b"1 ", b"9223372036854775808")))
    return b"%d" % draw.below(2)


def _place(draw: Draw) -> bytes:
    if draw.chance(0.05):
        return bytes(draw.choose(_ODD_PLACES))
    if draw.chance(0.3):
        return b"%d" % (draw.below(200) - 100)
    return bytes(draw.choose(_PLACES)) if draw.chance(0.5) else draw.place()


def _unit(draw: Draw) -> bytes:
    return any_case(draw, bytes(draw.choose((b"BIT", b"BIT", b"BIT", b"BYTE", b"BYTE", b"FOO"))))


def _count_range(draw: Draw) -> list[bytes]:
    kind = draw.below(10)
    pieces = [_place(draw), _place(draw), _unit(draw), b"x"]
    return pieces[: 0 if kind < 2 else 2 if kind < 5 else 4 if kind == 9 and draw.chance(0.2) else 3]


def _position_range(draw: Draw) -> list[bytes]:
    pieces = [_place(draw), _place(draw), _unit(draw), b"x"]
    return pieces[: draw.choose((0, 0, 1, 1, 2, 2, 3, 3, 3, 3, 3, 4))]


def _operation(draw: Draw) -> list[bytes]:
    word = bytes(draw.choose((b"AND", b"OR", b"XOR", b"AND", b"OR", b"XOR", b"NOT", b"FOO", b"")))
    sources = 1 if word == b"NOT" and draw.chance(0.9) else 1 + draw.below(draw.choose((5, 5, 20)))
    return [any_case(draw, word), *(draw.key() for _ in range(sources + 1))]


def _encoding(draw: Draw) -> bytes:
    if draw.chance(0.06):
        odd = (b"u64", b"i65", b"u0", b"i0", b"i", b"", b"x8", b"8", b"I8", b"u08", b"i-1", b"u8 ")
        return bytes(draw.choose(odd))
    width = draw.choose((1, 2, 4, 5, 8, 13, 16, 31, 32, 33, 63, 1 + draw.below(63)))
    if draw.chance(0.5):
        return b"u%d" % width
    return b"i%d" % draw.choose((width, 64))


def _field_at(draw: Draw) -> bytes:
    if draw.chance(0.3):
        return b"#%d" % draw.below(20)
    return _bit_at(draw)


def _number(draw: Draw) -> bytes:
    return b"%d" % (draw.below(600) - 300) if draw.chance(0.5) else draw.integer()


def _field_read(draw: Draw) -> list[bytes]:
    return [any_case(draw, b"GET"), _encoding(draw), _field_at(draw)]


def _field_write(draw: Draw) -> list[bytes]:
    verb = draw.choose((b"SET", b"INCRBY", b"INCRBY"))
    return [any_case(draw, verb), _encoding(draw), _field_at(draw), _number(draw)]


def _field_overflow(draw: Draw) -> list[bytes]:
    words = (b"WRAP", b"SAT", b"SAT", b"FAIL", b"FAIL", b"WRAP", b"FAIL", b"SAT", b"FOO")
    return [any_case(draw, b"OVERFLOW"), any_case(draw, bytes(draw.choose(words)))]


def _fields(draw: Draw) -> list[bytes]:
    made: list[bytes] = []
    for _ in range(draw.below(6)):
        make = draw.choose((_field_read, _field_write, _field_write, _field_overflow))
        made += make(draw)
    return made


def _reads(draw: Draw) -> list[bytes]:
    made = [word for _ in range(draw.below(4)) for word in _field_read(draw)]
    return made + (_field_write(draw) if draw.chance(0.05) else [])


def _same_fields(draw: Draw) -> list[bytes]:
    """Writes of one field, so that numbers run into its ends."""
    encoding, at = _encoding(draw), _field_at(draw)
    made: list[bytes] = []
    for _ in range(1 + draw.below(5)):
        if draw.chance(0.5):
            made += _field_overflow(draw)
        made += [draw.choose((b"SET", b"INCRBY")), encoding, at, _number(draw)]
    return [*made, b"GET", encoding, at]


FAMILY.add("SETBIT", KEY, _write_bit_at, _bit, weight=25)
FAMILY.add("GETBIT", KEY, _far_bit_at)
FAMILY.add("BITCOUNT", KEY, _count_range, weight=25)
FAMILY.add("BITPOS", KEY, _bit, _position_range, weight=25)
FAMILY.add("BITOP", _operation, weight=20)
FAMILY.add("BITFIELD", KEY, _fields, weight=20)
FAMILY.add("BITFIELD", KEY, _same_fields, weight=15)
FAMILY.add("BITFIELD_RO", KEY, _reads)
FAMILY.add("SET", KEY, VALUE, weight=10)
FAMILY.add("SET", KEY, _bits, weight=15)
FAMILY.add("SET", KEY, INTEGER, weight=5)
FAMILY.add("OBJECT ENCODING", KEY, mode="encoding", weight=5)
FAMILY.add("GET", KEY, weight=15)
FAMILY.add("EXPIRE", KEY, b"1000", weight=2)
FAMILY.add("DEL", KEY, weight=3)
