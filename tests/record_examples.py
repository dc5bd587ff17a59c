#!/usr/bin/python3
"""Fills in the replies of a new transcript: write the commands into docs/examples/<command>.txt, then

    /usr/bin/python3 tests/record_examples.py --server build/release/tarn-server docs/examples/get.txt

Commands that have a reply already are played and keep it. Read what was written: it is right only if
you say so. Replace by <n> and <text> what differs from run to run (see support/examples.py)."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.dont_write_bytecode = True

from support.examples import Player, read  # noqa: E402
from support.server import Server  # noqa: E402


def record(path: Path, server: Server) -> None:
    with server.connect() as client:
        client.ok("FLUSHALL")
    player = Player(server.connect)
    lines = path.read_text(encoding="utf-8").splitlines()
    for step in reversed([(step, player.play(step)) for step in read(path)]):
        number, shown = step[0].line_number, step[1]
        if not step[0].expected:
            lines[number:number] = shown.split("\n")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--server", default="build/release/tarn-server")
    parser.add_argument("files", nargs="+", type=Path)
    options = parser.parse_args()
    for path in options.files:
        server = Server(options.server).start()
        try:
            record(path, server)
        finally:
            server.cleanup()


if __name__ == "__main__":
    main()
