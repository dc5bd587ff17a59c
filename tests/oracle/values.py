"""Keys and values at the limits where servers change what they do."""

from __future__ import annotations

import random

_INT64_MAX, _INT64_MIN = 2**63 - 1, -(2**63)

INTEGERS = tuple(
    b"%d" % n
    for n in (
        *(0, 1, -1, 2, 9, 10, 99, 127, 128, 255, 256, 9999, 10000, 32767, 32768, 65535, 65536),
        *(2**31 - 1, 2**31, -(2**31), -(2**31) - 1, 2**32 - 1, 2**32, 2**47, 2**48, 2**53 + 1),
        *(_INT64_MAX, _INT64_MAX - 1, _INT64_MIN, _INT64_MIN + 1, 10**17, 10**18),
    )
)

# What looks like an integer and is none, or none that fits.
NEAR_INTEGERS = (
    *(b"", b"-", b"+1", b"-0", b"00", b"007", b" 1", b"1 ", b"1.0", b"1e3", b"0x10", b"1\x00"),
    *(b"9223372036854775808", b"-9223372036854775809", b"18446744073709551615"),
    *(b"18446744073709551616", b"99999999999999999999999", b"--1", b"1-", b"abc", b"\xff"),
)

FLOATS = (
    *(b"0.0", b"-0.0", b"3.14", b"-2.5", b".5", b"5.", b"+1.5", b"1e5", b"1E-5", b"1e17", b"1e18"),
    *(b"5e-324", b"1e-400", b"1.7976931348623157e308", b"1e308", b"1e4000", b"1e5000"),
    *(b"inf", b"-inf", b"+inf", b"Infinity", b"nan", b"-nan", b"0x1p3", b"1e", b"1.2.3", b"1,5"),
    *(b"0.1", b"0.30000000000000004", b"123456789.123456789", b"3.0e3", b"200000000000000000000"),
    *(b" 1.5", b"1.5 ", b"1.5\x00"),
)

NUMBERS = INTEGERS + NEAR_INTEGERS + FLOATS

ODD_ARGUMENTS = (b"", b"\x00", b"\xff\xfe", b"\r\n", b"*", b"-1", b"abc", b"k0", b"a" * 300)

# Around the limits of encodings, of buffers, and of what is sent without copying.
LENGTHS = (
    *(1, 2, 7, 8, 15, 16, 19, 20, 21, 31, 32, 33, 43, 44, 45, 46, 63, 64, 65, 100, 127, 128, 129),
    *(191, 192, 193, 254, 255, 256, 257, 511, 512, 513, 1023, 1024, 1025, 1599, 1600, 1601),
    *(4095, 4096, 4097),
)
LONG_LENGTHS = (16383, 16384, 16385, 32767, 32768, 32769, 65536, 100000)
_HUGE_LENGTHS = (2**20 - 1, 2**20, 2**20 + 1, 1_500_000)

_PATTERNS = (b"x", b"ab", b"0", bytes(range(256)), b"\x00", b"\r\n", b"foo \xc3\xa9 ")


def keys(chooser: random.Random) -> list[bytes]:
    """The small key space of one program."""
    plain = [b"k%d" % i for i in range(6)]
    odd = [
        *(b"", b"\x00\xff\r\n", b"key with spaces", b"{tag}a", b"{tag}b", b"K0", b"*", b"k?[a]"),
        *(filled(chooser, n) for n in (44, 64, 127, 128, 254, 255, 256, 257, 1000)),
    ]
    return plain * 2 + chooser.sample(odd, 4)


def value(chooser: random.Random) -> bytes:
    kind = chooser.randrange(100)
    if kind < 30:
        return chooser.choice(NUMBERS)
    if kind < 40:
        return b"%d" % chooser.getrandbits(chooser.randrange(1, 64))
    if kind < 50:
        return chooser.choice((b"", b"a", b"foo", b"bar", b"\x00", b"\xff\xfe\xfd", b"a\r\nb"))
    if kind < 55:
        return chooser.randbytes(chooser.choice(LENGTHS[:24]))
    if kind < 96:
        return filled(chooser, chooser.choice(LENGTHS))
    if chooser.random() < 0.02:
        return filled(chooser, chooser.choice(_HUGE_LENGTHS))
    return filled(chooser, chooser.choice(LONG_LENGTHS))


def place(chooser: random.Random) -> int:
    """Somewhere in a string of one of these lengths, or right behind it, from either end."""
    base = chooser.choice((0, 0, *LENGTHS, *LENGTHS, *LONG_LENGTHS))
    near = max(base + chooser.choice((-2, -1, 0, 0, 1, 2)), 0)
    return chooser.choice((near, near, -near, -near, chooser.randrange(near + 1)))


def filled(chooser: random.Random, size: int) -> bytes:
    """`size` bytes of a repeated pattern, so that values can be long in few words."""
    pattern = chooser.choice(_PATTERNS)
    return (pattern * (size // len(pattern) + 1))[:size]
