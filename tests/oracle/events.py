#!/usr/bin/python3
"""Key events of every command against redis-server's, message by message.

    tests/oracle/events.py --server build/asan/tarn-server

Each case of event_cases.py is played on one connection of RESP3 that is subscribed to all key
events, so that events and replies come in one stream; the two streams must be the same. What a
second subscriber, of RESP2, gets must be the same, too. A command that writes and stands in no case
is a failure.

redis-server writes some messages into the middle of a reply. No client can want that: there, only
what came and the order of the messages are compared, not where in the reply they stood."""

from __future__ import annotations

import argparse
import difflib
import itertools
import sys
import time
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from oracle.compare import render  # noqa: E402
from oracle.event_cases import cases  # noqa: E402
from support.client import Client  # noqa: E402
from support.limits import raise_descriptor_limit  # noqa: E402
from support.resp import Reply, encode  # noqa: E402
from support.server import Server, Value  # noqa: E402

_DIRECTIVES: dict[str, Value] = {"notify-keyspace-events": "AKEmn"}

_END = "the end of it"

# Write, but change no keys, or nothing that one server alone can show; and what only answers
# to other servers.
_WITHOUT_CASE = frozenset(("migrate", "restore-asking", "pfdebug", "function", "cluster"))


def main() -> int:
    parser = argparse.ArgumentParser(description="key events against redis-server's")
    parser.add_argument("--server", default="build/asan/tarn-server")
    parser.add_argument("--oracle", default="/usr/bin/redis-server")
    options = parser.parse_args()
    raise_descriptor_limit()
    with Server(options.server, _DIRECTIVES) as tarn, Server(options.oracle, _DIRECTIVES) as oracle:
        return compare(tarn, oracle)


def compare(tarn: Server, oracle: Server) -> int:
    known = _commands(tarn) & _commands(oracle)
    played: set[str] = set()
    messages = differences = left_out = 0
    for case in cases():
        names = {part.split()[0].lower() for line in case for part in line.split(" ; ")}
        if not names <= known:
            left_out += 1
            continue
        played |= names
        ours, theirs = (play(server, case) for server in (tarn, oracle))
        messages += len(theirs)
        if not _same(ours, theirs):
            differences += 1
            _show(ours, theirs)
    missing = sorted(_writers(tarn) & known - played - _WITHOUT_CASE)
    for name in missing:
        print(f"{name} writes and stands in no case that both servers can play")
    print(f"events: {messages} lines compared, {differences} cases differ, {left_out} cases left out")
    return 1 if differences or missing else 0


def play(server: Server, case: list[str]) -> list[str]:
    """What both connections got, a line each."""
    with server.connect(proto=3) as own, server.connect() as other:
        own.ok("FLUSHALL")
        for client in (own, other):
            client.call("PSUBSCRIBE", "__key*__:*")
        lines = [line for command in case for line in _command(own, command)]
        lines += [f"other {line}" for line in _until_answer(other)]
    return lines


def _command(client: Client, line: str) -> list[str]:
    commands = [part.split() for part in line.split(" ; ")]
    if commands[-1][-1].startswith("~"):
        time.sleep(int(commands[-1].pop()[1:]) / 1000)
    client.send_raw(b"".join(encode(*map(_bytes, words)) for words in commands))
    return [f"{line}: {got}" for got in _until_answer(client)]


def _bytes(word: str) -> bytes:
    return word.encode().decode("unicode_escape").encode("latin-1")


def _until_answer(client: Client) -> list[str]:
    """What comes up to the answer to a PING."""
    client.send("PING", _END)
    stream = Stream(client)
    lines: list[str] = []
    while True:
        text, inside = stream.item()
        if text in (f'"{_END}"', f'["pong", "{_END}"]'):  # RESP3, RESP2
            return lines
        lines += [f"inside {one}" for one in inside]
        lines.append(text)


class Stream:
    """Replies of a connection, with the messages that stand within them taken out."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._bytes = b""

    def item(self) -> tuple[str, list[str]]:
        """A reply or a message, and the messages that stood within it."""
        inside: list[Reply] = []
        reply = self._one(inside, outermost=True)
        return render(reply), [render(one) for one in inside]

    def _one(self, inside: list[Reply], outermost: bool = False) -> Reply:
        line = self._line()
        kind, rest = chr(line[0]), line[1:]
        if kind == ">" and not outermost:
            inside.append(Reply(">", [self._one([]) for _ in range(int(rest))]))
            return self._one(inside)
        if kind in "$=":
            size = int(rest)
            return Reply(kind, None if size < 0 else self._take(size + 2)[:-2])
        if kind in "*~%>" and int(rest) >= 0:
            count = int(rest) * (2 if kind == "%" else 1)
            return Reply(kind, [self._one(inside) for _ in range(count)])
        return Reply(kind, None if kind in "_*" else rest)

    def _line(self) -> bytes:
        while b"\r\n" not in self._bytes:
            self._more()
        return self._take(self._bytes.index(b"\r\n") + 2)[:-2]

    def _take(self, size: int) -> bytes:
        while len(self._bytes) < size:
            self._more()
        taken, self._bytes = self._bytes[:size], self._bytes[size:]
        return taken

    def _more(self) -> None:
        data = self._client.sock.recv(1 << 16)
        if not data:
            raise EOFError
        self._bytes += data


def _agree(ours: list[str], theirs: list[str]) -> bool:
    """Equal, but for where messages stood that the oracle put into a reply."""
    if ours == theirs:
        return True
    apart = [[[line for line in side if _is_message(line) == which] for which in (True, False)]
             for side in (_outside(ours), _outside(theirs))]
    return any(": inside " in line for line in theirs) and apart[0] == apart[1]


def _outside(lines: list[str]) -> list[str]:
    return [line.replace(": inside ", ": ", 1) for line in lines]


def _is_message(line: str) -> bool:
    return '>["pmessage"' in line


def _by_command(lines: list[str]) -> list[list[str]]:
    """Neighbours that belong to the same command."""
    return [list(group) for _, group in itertools.groupby(lines, lambda line: line.split(": ")[0])]


def _same(ours: list[str], theirs: list[str]) -> bool:
    pairs = itertools.zip_longest(_by_command(ours), _by_command(theirs), fillvalue=[])
    return all(_agree(one, other) for one, other in pairs)


def _show(ours: list[str], theirs: list[str]) -> None:
    print("\nDIFFERENCE")
    for line in difflib.unified_diff(theirs, ours, "oracle", "tarn", lineterm="", n=2):
        print(f"    {line}")


def _commands(server: Server) -> set[str]:
    with server.connect() as client:
        return {name.decode().lower() for name in client.ok("COMMAND", "LIST")}


def _writers(server: Server) -> set[str]:
    with server.connect() as client:
        names = client.ok("COMMAND", "LIST", "FILTERBY", "ACLCAT", "write")
        return {name.decode().lower().split("|")[0] for name in names}


if __name__ == "__main__":
    sys.exit(main())
