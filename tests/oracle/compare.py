"""How two replies to the same command are compared, and how a reply is shown.

Replies are equal if their bytes are. The other modes exist for commands whose order is no
contract, or whose value moves with real time; a generator has to ask for them by name."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import Callable

from support.resp import Reply

from .program import quote

# Absolute times that programs use. Where a reply shows one, nothing has passed: it is exact.
FAR_TIMES_S = (4102444800, 4102444801, 9999999999)
FAR_TIMES_MS = tuple(t * 1000 for t in FAR_TIMES_S) + (4102444800499, 4102444800500)
_FIXED_TIMES = frozenset(FAR_TIMES_S + FAR_TIMES_MS)

# How far two servers may be apart that got a relative time in lockstep on a busy machine.
_SLACK_S = 3


@dataclass(frozen=True)
class Outcome:
    """What one server did: a reply, or (reply None) the words `note` for its absence."""

    reply: Reply | None
    raw: bytes = b""
    note: str = ""

    @property
    def text(self) -> str:
        return self.note if self.reply is None else render(self.reply)

    @property
    def closed(self) -> bool:
        return self.note == CLOSED.note

    def is_status(self, text: bytes) -> bool:
        return self.reply is not None and (self.reply.kind, self.reply.value) == ("+", text)

    def elements(self) -> list[Outcome]:
        """Of an array, each as a reply of its own."""
        if self.reply is None or self.reply.kind != "*" or self.reply.value is None:
            return []
        return [Outcome(reply) for reply in self.reply.value]

    @property
    def failed(self) -> bool:
        return self.reply is None or self.reply.kind == "-"


CLOSED = Outcome(None, note="<connection closed>")
SILENT = Outcome(None, note="<no reply>")


def same(mode: str, tarn: Outcome, oracle: Outcome) -> bool:
    """Whether both did the same, seen with `mode`."""
    if tarn.reply is None or oracle.reply is None:
        return tarn.note == oracle.note and tarn.reply is oracle.reply
    if tarn.raw == oracle.raw and tarn.raw:
        return True
    return tarn.reply == oracle.reply or MODES[mode](tarn.reply, oracle.reply)


def render(reply: Reply) -> str:
    """The reply on one line: +status -error :1 "bulk" nil$ [array] {map} ~[set] >[push]."""
    kind, value = reply.kind, reply.value
    if value is None:
        return f"nil{kind}"
    if kind == "$":
        bare = quote(value)
        return bare if bare.startswith('"') else f'"{bare}"'
    if kind in "%|":
        pairs = [f"{render(value[i])}: {render(value[i + 1])}" for i in range(0, len(value) - 1, 2)]
        behind = f"{render(value[-1])}" if kind == "|" else ""
        return "{" + ", ".join(pairs) + "}" + behind
    if isinstance(value, list):
        return f"{kind.replace('*', '')}[{', '.join(render(item) for item in value)}]"
    return kind + str(value, errors="backslashreplace")


def _exact(tarn: Reply, oracle: Reply) -> bool:
    return tarn == oracle


def _number(slack: int) -> Callable[[Reply, Reply], bool]:
    """Integers that real time moves: at most `slack` apart; signs and fixed times exact."""

    def compare(tarn: Reply, oracle: Reply) -> bool:
        if (tarn.kind, oracle.kind) != (":", ":"):
            return False
        a, b = int(tarn.value), int(oracle.value)
        if a < 0 or b < 0 or a in _FIXED_TIMES or b in _FIXED_TIMES:
            return a == b
        return abs(a - b) <= slack

    return compare


def _unordered(tarn: Reply, oracle: Reply) -> bool:
    if tarn.kind != oracle.kind or not isinstance(oracle.value, list):
        return False
    return Counter(map(render, tarn.value)) == Counter(map(render, oracle.value))


def _scan(tarn: Reply, oracle: Reply) -> bool:
    """A page of a scan that was accepted: which keys it holds is each server's own matter."""
    return tarn.kind == oracle.kind == "*" and len(tarn.value) == len(oracle.value) == 2


def _whole_scan(tarn: Reply, oracle: Reply) -> bool:
    """A scan that went through at once: the same elements in any order."""
    if not _scan(tarn, oracle):
        return False
    return tarn.value[0] == oracle.value[0] and _unordered(tarn.value[1], oracle.value[1])


def _as_many(tarn: Reply, oracle: Reply) -> bool:
    """Drawn by chance: so many elements."""
    if isinstance(tarn.value, list) and isinstance(oracle.value, list):
        return tarn.kind == oracle.kind and len(tarn.value) == len(oracle.value)
    return _kind(tarn, oracle)


def _kind(tarn: Reply, oracle: Reply) -> bool:
    """Only the type: values that each server has its own of."""
    return tarn.kind == oracle.kind and (tarn.value is None) == (oracle.value is None)


def _unordered_map(tarn: Reply, oracle: Reply) -> bool:
    """Maps, or arrays of pairs, with the same pairs in any order (CONFIG GET)."""
    if tarn.kind != oracle.kind or not isinstance(oracle.value, list):
        return False
    return _pairs(tarn.value) == _pairs(oracle.value)


def _pairs(items: list[Reply]) -> Counter[tuple[str, str]]:
    texts = [render(item) for item in items]
    return Counter(zip(texts[0::2], texts[1::2]))


# Fields of CLIENT LIST whose value is the same on both servers at the same point of a program.
_STEADY_FIELDS = ("name", "flags", "db", "sub", "psub", "ssub", "multi", "user", "resp", "cmd")


def _client_lines(tarn: Reply, oracle: Reply) -> bool:
    """CLIENT LIST and INFO: every field that the oracle has; the steady ones with its value."""
    if tarn.kind != oracle.kind or oracle.value is None or oracle.kind not in "$=":
        return False
    lines = [_clients(tarn.value), _clients(oracle.value)]
    if len(lines[0]) != len(lines[1]):
        return False
    return all(_client_matches(t, o) for t, o in zip(*lines))


def _clients(data: bytes) -> list[dict[str, str]]:
    lines = data.decode(errors="replace").strip("\n").split("\n")
    found = [dict(re.findall(r"([\w-]+)=(\S*)", line)) for line in lines if line]
    return sorted(found, key=lambda fields: int(fields.get("id", "0")))


def _client_matches(tarn: dict[str, str], oracle: dict[str, str]) -> bool:
    if not set(oracle) <= set(tarn):
        return False
    return all(tarn[name] == oracle[name] for name in _STEADY_FIELDS if name in oracle)


def _command_log(tarn: Reply, oracle: Reply) -> bool:
    """Entries of the slow log: arguments and the client's name."""
    if tarn.kind != oracle.kind or oracle.kind != "*" or len(tarn.value) != len(oracle.value):
        return False
    return all(_same_entry(t.value, o.value) for t, o in zip(tarn.value, oracle.value))


def _same_entry(tarn: list[Reply], oracle: list[Reply]) -> bool:
    return len(tarn) == len(oracle) == 6 and tarn[3] == oracle[3] and tarn[5] == oracle[5]


def _histograms(tarn: Reply, oracle: Reply) -> bool:
    """LATENCY HISTOGRAM: which commands, in any order, and how many calls of each."""
    if tarn.kind != oracle.kind or not isinstance(oracle.value, list):
        return False
    return _calls(tarn.value) == _calls(oracle.value)


def _calls(items: list[Reply]) -> Counter[tuple[str, str]]:
    return Counter((render(n), render(m.value[1])) for n, m in zip(items[0::2], items[1::2]))


_STREAM_TIMES = frozenset((b"seen-time", b"idle"))


def _stream(tarn: Reply, oracle: Reply) -> bool:
    """What groups of streams have handed out, with its times; XINFO STREAM, but for the nodes of a
    radix tree that is not everybody's."""
    if tarn.kind != oracle.kind or not isinstance(oracle.value, list):
        return tarn == oracle
    ours, theirs = tarn.value, oracle.value
    if len(ours) != len(theirs):
        return False
    kinds = "".join(item.kind for item in theirs)
    moved = {"$$::": 2, "$::": 1}.get(kinds, -1)
    for i, (one, other) in enumerate(zip(ours, theirs)):
        name = theirs[i - 1].value if i % 2 == 1 and theirs[i - 1].kind == "$" else None
        if i == moved or name in _STREAM_TIMES:
            if not _number(_SLACK_S * 1000)(one, other):
                return False
        elif name != b"radix-tree-nodes" and not _stream(one, other):
            return False
    return True


def _c_strings(tarn: Reply, oracle: Reply) -> bool:
    """An order by strcoll: texts that are equal up to a NUL may come in any order."""
    if tarn.kind != oracle.kind or not isinstance(oracle.value, list):
        return False
    texts = [[bytes(item.value).split(b"\x00")[0] for item in r.value] for r in (tarn, oracle)]
    return texts[0] == texts[1]


MODES: dict[str, Callable[[Reply, Reply], bool]] = {
    "exact": _exact,
    "seconds": _number(_SLACK_S),
    "milliseconds": _number(_SLACK_S * 1000),
    "unordered": _unordered,
    "unordered-map": _unordered_map,
    "kind": _kind,
    "as-many": _as_many,
    "c-strings": _c_strings,
    "scan": _scan,
    "whole-scan": _whole_scan,
    "client-lines": _client_lines,
    "command-log": _command_log,
    "histograms": _histograms,
    "stream": _stream,
    # A member of the keyspace: the player asks each server whether it has its own answer.
    "existing-key": _kind,
    # OBJECT ENCODING: the player asks for the type, which says what the difference means.
    "encoding": _exact,
}
