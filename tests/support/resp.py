"""The protocol as bytes: requests encoded, replies read one by one, nothing interpreted away.

A `Reply` keeps its type byte, so a test can tell a status from a bulk string and the three kinds
of null from each other. `plain` turns it into the Python value that a reader expects:

    +status    str              -error   ReplyError        :integer  int
    $bulk      bytes            *array   list              $-1 *-1 _ None
    #boolean   bool             ,double  Double            (big      BigNumber
    =verbatim  Verbatim         %map     RespMap           ~set      RespSet
    >push      Push             |attribute: Attributed(attributes, reply)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable, Union

Arg = Union[bytes, str, int, float]


class ProtocolViolation(Exception):
    """The server sent bytes that are no reply."""


@dataclass(frozen=True)
class Reply:
    """One reply. `value` is bytes for one-line and bulk types, None for nulls, a list for
    aggregates (maps: keys and values alternate; attributes: pairs, then the reply)."""

    kind: str
    value: Any


@dataclass(frozen=True)
class ReplyError:
    """An error reply; equal to another of the same text."""

    text: str

    @property
    def prefix(self) -> str:
        return self.text.split(" ", 1)[0]


class Double(float):
    """A RESP3 double; `text` is what was on the wire."""

    text: str

    def __new__(cls, text: str) -> Double:
        self = super().__new__(cls, text)
        self.text = text
        return self


class BigNumber(int):
    """A RESP3 big number."""


@dataclass(frozen=True)
class Verbatim:
    format: str
    data: bytes


class RespSet(list):  # type: ignore[type-arg]
    """A RESP3 set in the order of the wire."""


class RespMap(dict):  # type: ignore[type-arg]
    """A RESP3 map."""


class Push(list):  # type: ignore[type-arg]
    """A RESP3 push message."""


@dataclass(frozen=True)
class Attributed:
    attributes: dict[Any, Any]
    reply: Any


def encode(*args: Arg) -> bytes:
    """A multibulk request."""
    parts = [b"*%d\r\n" % len(args)]
    for arg in args:
        data = to_bytes(arg)
        parts.append(b"$%d\r\n%b\r\n" % (len(data), data))
    return b"".join(parts)


def to_bytes(arg: Arg) -> bytes:
    if isinstance(arg, bytes):
        return arg
    if isinstance(arg, str):
        return arg.encode()
    if isinstance(arg, float):
        return repr(arg).encode()
    return b"%d" % arg


class ReplyReader:
    """Reads replies from `read_some`, a function that returns the next bytes, b"" at the end.

    Raises EOFError when the stream ends before a reply is whole. `taken` counts the bytes of all
    replies read so far; `last_raw` is the last reply as it came."""

    def __init__(self, read_some: Callable[[], bytes]) -> None:
        self._read_some = read_some
        self._buf = bytearray()
        self._pos = 0
        self._start = 0
        self.last_raw = b""

    def read(self) -> Reply:
        self._drop_consumed()
        reply = self._reply()
        self.last_raw = bytes(memoryview(self._buf)[self._start : self._pos])
        return reply

    @property
    def buffered(self) -> bytes:
        """Bytes that came and that no reply has used."""
        return bytes(memoryview(self._buf)[self._pos :])

    def _drop_consumed(self) -> None:
        if self._pos > 1 << 16:
            del self._buf[: self._pos]
            self._pos = 0
        self._start = self._pos

    def _more(self) -> None:
        data = self._read_some()
        if not data:
            raise EOFError("connection closed by the server")
        self._buf += data

    def _line(self) -> bytes:
        scanned = self._pos
        while True:
            end = self._buf.find(b"\r\n", scanned)
            if end >= 0:
                line = bytes(memoryview(self._buf)[self._pos : end])
                self._pos = end + 2
                return line
            scanned = max(self._pos, len(self._buf) - 1)
            self._more()

    def _exactly(self, size: int) -> bytes:
        while len(self._buf) - self._pos < size + 2:
            self._more()
        data = bytes(memoryview(self._buf)[self._pos : self._pos + size])
        self._pos += size
        if self._buf[self._pos : self._pos + 2] != b"\r\n":
            raise ProtocolViolation(f"no CRLF behind {size} bytes: {data[-40:]!r}")
        self._pos += 2
        return data

    def _reply(self) -> Reply:
        line = self._line()
        kind, rest = chr(line[0]) if line else "", line[1:]
        if kind in _ONE_LINE:
            return Reply(kind, rest)
        if kind == "_":
            if rest:
                raise ProtocolViolation(f"null with content: {line!r}")
            return Reply(kind, None)
        if kind not in _BULK and kind not in _AGGREGATE:
            raise ProtocolViolation(f"not a reply: {line!r}")
        size = _length(line)
        if size < 0:
            return Reply(kind, None)
        if kind in _BULK:
            return Reply(kind, self._exactly(size))
        count = size * 2 if kind in "%|" else size
        items = [self._reply() for _ in range(count)]
        if kind == "|":
            items.append(self._reply())
        return Reply(kind, items)


_ONE_LINE = "+-:,(#"
_BULK = "$="
_AGGREGATE = "*~%>|"


def _length(line: bytes) -> int:
    digits = line[1:]
    if digits == b"-1" and line[:1] in (b"$", b"*"):
        return -1
    if not digits.isdigit():
        raise ProtocolViolation(f"bad length: {line!r}")
    return int(digits)


def plain(reply: Reply) -> Any:
    """The reply as a Python value; see the table on top."""
    if reply.value is None:
        return None
    return _PLAIN[reply.kind](reply.value)


def _boolean(value: bytes) -> bool:
    if value not in (b"t", b"f"):
        raise ProtocolViolation(f"bad boolean: {value!r}")
    return value == b"t"


def _verbatim(value: bytes) -> Verbatim:
    if value[3:4] != b":":
        raise ProtocolViolation(f"verbatim string without format: {value[:10]!r}")
    return Verbatim(value[:3].decode(), value[4:])


def _pairs(items: list[Reply]) -> RespMap:
    return RespMap((_hashable(plain(items[i])), plain(items[i + 1])) for i in range(0, len(items), 2))


def _hashable(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


_PLAIN: dict[str, Callable[[Any], Any]] = {
    "+": lambda v: v.decode(),
    "-": lambda v: ReplyError(v.decode(errors="backslashreplace")),
    ":": int,
    "$": lambda v: v,
    "*": lambda v: [plain(item) for item in v],
    "#": _boolean,
    ",": lambda v: Double(v.decode()),
    "(": lambda v: BigNumber(v.decode()),
    "=": _verbatim,
    "%": _pairs,
    "~": lambda v: RespSet(plain(item) for item in v),
    ">": lambda v: Push(plain(item) for item in v),
    "|": lambda v: Attributed(_pairs(v[:-1]), plain(v[-1])),
}
