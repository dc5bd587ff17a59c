"""Replies as redis-cli prints them on a terminal, and command lines as it reads them."""

from __future__ import annotations

import re
from typing import Iterator

from .resp import Reply

# Commands whose reply is text for people: printed as it is.
_RAW = re.compile(
    r"(info|lolwut|latency (graph|doctor)|memory (malloc-stats|doctor)|cluster (nodes|info)"
    r"|client (list|info)|debug (htstats|htstats-key|client-eviction))\b",
    re.IGNORECASE,
)

_ESCAPES = {"n": b"\n", "r": b"\r", "t": b"\t", "b": b"\b", "a": b"\a"}
_SHOWN = {8: "\\b", 7: "\\a", 9: "\\t", 10: "\\n", 13: "\\r", 34: '\\"', 92: "\\\\"}


def split_line(line: str) -> list[bytes]:
    """The words of a command line, with quotes and escapes as redis-cli knows them."""
    words = []
    rest = line.strip()
    while rest:
        word, rest = _word(rest)
        words.append(word)
        rest = rest.lstrip()
    return words


def _word(text: str) -> tuple[bytes, str]:
    if text[0] == '"':
        return _double_quoted(text[1:])
    if text[0] == "'":
        word, _, rest = text[1:].partition("'")
        return word.encode(), rest
    match = re.match(r"\S+", text)
    assert match
    return match.group().encode(), text[match.end() :]


def _double_quoted(text: str) -> tuple[bytes, str]:
    out = b""
    at = 0
    while text[at] != '"':
        if text[at] != "\\":
            out += text[at].encode()
            at += 1
        elif text[at + 1] == "x":
            out += bytes.fromhex(text[at + 2 : at + 4])
            at += 4
        else:
            out += _ESCAPES.get(text[at + 1], text[at + 1].encode())
            at += 2
    return out, text[at + 1 :]


def format_reply(line: str, reply: Reply) -> str:
    """What redis-cli prints for the reply to the command in `line`, without the last newline."""
    if _RAW.match(line.strip()) and reply.kind in "$=+":
        return _raw(reply).rstrip("\n")
    return "".join(_format(reply, "")).rstrip("\n")


def _raw(reply: Reply) -> str:
    data = reply.value[4:] if reply.kind == "=" else reply.value
    return data.decode(errors="backslashreplace").replace("\r\n", "\n")


def quote(data: bytes) -> str:
    return '"' + "".join(_shown(byte) for byte in data) + '"'


def _shown(byte: int) -> str:
    if byte in _SHOWN:
        return _SHOWN[byte]
    return chr(byte) if 32 <= byte < 127 else f"\\x{byte:02x}"


def _format(reply: Reply, indent: str) -> Iterator[str]:
    if reply.value is None:
        yield "(nil)\n"
    elif reply.kind in "*~%>":
        yield from _aggregate(reply, indent)
    elif reply.kind == "-":
        yield f"(error) {reply.value.decode()}\n"
    elif reply.kind == ":":
        yield f"(integer) {reply.value.decode()}\n"
    elif reply.kind == ",":
        yield f"(double) {reply.value.decode()}\n"
    elif reply.kind == "#":
        yield "(true)\n" if reply.value == b"t" else "(false)\n"
    elif reply.kind == "$":
        yield quote(reply.value) + "\n"
    else:
        yield _raw(reply) + "\n"


_EMPTY = {"*": "(empty array)", "~": "(empty set)", "%": "(empty hash)", ">": "(empty push)"}
_MARK = {"*": ")", "~": "~", "%": "#", ">": ")"}


def _aggregate(reply: Reply, indent: str) -> Iterator[str]:
    """Items numbered, nested ones indented below their number."""
    items = reply.value
    if not items:
        yield _EMPTY[reply.kind] + "\n"
        return
    step = 2 if reply.kind == "%" else 1
    count = len(items) // step
    width = len(str(count))
    inner = indent + " " * (width + 2)
    for number in range(count):
        yield indent if number else ""
        yield f"{number + 1:>{width}}{_MARK[reply.kind]} "
        first = "".join(_format(items[number * step], inner))
        if step == 2:
            value = items[number * step + 1]
            yield first.rstrip("\n") + " => " + ("\n" + inner if _is_long(value) else "")
            yield from _format(value, inner)
        else:
            yield first


def _is_long(reply: Reply) -> bool:
    """An aggregate of several items begins on a line of its own behind a map's key."""
    size = len(reply.value) if reply.kind in "*~%>" and reply.value else 0
    return size > (2 if reply.kind == "%" else 1)
