"""Requests that are broken, from nearly right to noise. Each on a connection of its own."""

from __future__ import annotations

from typing import Callable

from support.resp import encode

from ..generate import Draw, Family
from ..program import RawBytes, Step

FAMILY = Family("hostile", weight=6)

_LENGTHS = (
    *(b"-1", b"-2", b"0", b"1", b"00", b"+1", b" 1", b"1 ", b"", b"abc", b"1.5", b"0x1", b"1\x00"),
    *(b"2147483647", b"2147483648", b"536870912", b"536870913", b"1048576", b"1048577", b"-"),
    *(b"4294967296", b"9223372036854775807", b"9223372036854775808", b"-9223372036854775808"),
    *(b"99999999999999999999999", b"1" * 40, b"1" * 300, b"\xff", b"\t1", b"-0", b"01"),
)
_INLINE = (
    *(b"PING", b"  PING  ", b"PING 'a b'", b'PING "a\\x41\\n"', b"PING 'a\\'b'", b"", b"   "),
    *(b"PING 'a", b'PING "a', b"PING 'a'b", b'PING "a"b', b'"PING"', b"PI\x00NG", b"PING\x00"),
    *(b"POSTS x", b"Host x", b"GET / HTTP/1.0"),
    *(b'PING "\\xzz"', b'PING "\\x4"', b"ECHO a\\nb", b"\tPING\t", b"ECHO \"\"", b"ECHO ''"),
    *(b"PING\r", b"ECHO \xff\xfe", b"'PING' \"x\"", b"ECHO a'b", b'ECHO a"b"', b"$4", b"-ERR", b"+OK"),
)
_ENDS = (b"\r\n", b"\n", b"\r\n", b"\r\n", b"\r", b"\n\r", b"")


def _requests(draw: Draw) -> list[bytes]:
    """A few whole requests around which to break something."""
    good = (("PING",), ("ECHO", b"hello"), ("SET", b"raw", b"v"), ("GET", b"raw"), ("NOPE", b"\r\n"))
    return [encode(*draw.choose(good)) for _ in range(1 + draw.below(4))]


def _bytes(make: Callable[[Draw], bytes], weight: int) -> None:
    def step(draw: Draw) -> Step:
        return RawBytes(make(draw), draw.choose((0, 0, 1, 3, 8)), draw.seed())

    FAMILY.step(weight=weight)(step)


def _odd_count(draw: Draw) -> bytes:
    """A multibulk count that is no good, between good requests."""
    before, after = b"".join(_requests(draw)), b"".join(_requests(draw))
    count = b"*%b%b" % (draw.choose(_LENGTHS), draw.choose(_ENDS))
    return before + count + b"$4\r\nPING\r\n" + after


def _odd_bulk(draw: Draw) -> bytes:
    before, after = b"".join(_requests(draw)), b"".join(_requests(draw))
    bulk = b"$%b%bhello\r\n" % (draw.choose(_LENGTHS), draw.choose(_ENDS))
    return before + b"*2\r\n$4\r\nECHO\r\n" + bulk + after


def _odd_type(draw: Draw) -> bytes:
    """Another byte where $ must stand."""
    kind = bytes([draw.below(256)])
    return b"".join(_requests(draw)) + b"*2\r\n$4\r\nECHO\r\n" + kind + b"5\r\nhello\r\n"


_ATTACKS = (b"POST / HTTP/1.1", b"Host: example.org", b"post x", b"host: x", b"HOST:", b"POST")


def _http(draw: Draw) -> bytes:
    """What a browser sends. It comes first: whether replies to earlier requests still leave
    depends, in the oracle, on the moment at which the line arrives."""
    line = bytes(draw.choose(_ATTACKS))
    return line + b"\r\n" + _inline(draw) + b"".join(_requests(draw))


def _inline(draw: Draw) -> bytes:
    lines = [draw.choose(_INLINE) + draw.choose(_ENDS) for _ in range(1 + draw.below(4))]
    return b"".join(lines)


def _inline_and_multibulk(draw: Draw) -> bytes:
    parts = [draw.choose(_INLINE) + b"\r\n", *_requests(draw)]
    draw.random.shuffle(parts)
    return b"".join(parts)


def _cut_off(draw: Draw) -> bytes:
    """Ends in the middle."""
    data = b"".join(_requests(draw))
    return data[: draw.below(len(data))]


def _altered(draw: Draw) -> bytes:
    """Whole requests of which a few bytes changed, went or came."""
    data = bytearray(b"".join(_requests(draw)))
    for _ in range(1 + draw.below(3)):
        place = draw.below(len(data))
        kind = draw.below(3)
        if kind == 0:
            data[place] = draw.below(256)
        elif kind == 1:
            del data[place]
        else:
            data.insert(place, draw.choose(b"\r\n$*-0123456789\x00\xff \"'"))
    return bytes(data)


def _noise(draw: Draw) -> bytes:
    return draw.random.randbytes(1 + draw.below(400))


def _line_without_end(draw: Draw) -> bytes:
    start = draw.choose((b"", b"*", b"*1\r\n$", b"PING "))
    return bytes(start) + bytes(draw.choose((b"1", b"x", b"\x00"))) * 150_000


_bytes(_odd_count, weight=10)
_bytes(_odd_bulk, weight=10)
_bytes(_odd_type, weight=5)
_bytes(_inline, weight=15)
_bytes(_http, weight=3)
_bytes(_inline_and_multibulk, weight=10)
_bytes(_cut_off, weight=5)
_bytes(_altered, weight=15)
_bytes(_noise, weight=5)
_bytes(_line_without_end, weight=1)
