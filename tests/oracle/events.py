#!/usr/bin/python3
"""Key events of every command against redis-server's, message by message.

    tests/oracle/events.py --server build/asan/tarn-server

Each case of event_cases.py is played on one connection of RESP3 that is subscribed to all key
events, so that events and replies come in one stream; the two streams must be the same. Then on
two connections: what a second subscriber gets must be the same, too. A command that writes and
stands in no case is a failure."""

from __future__ import annotations

import argparse
import difflib
import sys
import time
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from oracle.compare import render  # noqa: E402
from oracle.event_cases import cases  # noqa: E402
from support.client import Client  # noqa: E402
from support.limits import raise_descriptor_limit  # noqa: E402
from support.resp import encode  # noqa: E402
from support.server import Server, Value  # noqa: E402

_DIRECTIVES: dict[str, Value] = {"notify-keyspace-events": "AKEmn"}

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
        if ours != theirs:
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
    client.send("PING", "the end of it")
    lines: list[str] = []
    while True:
        text = render(client.read_reply())
        if text in ('"the end of it"', '["pong", "the end of it"]'):  # RESP3, RESP2
            return lines
        lines.append(text)


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
