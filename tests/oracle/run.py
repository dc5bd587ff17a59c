#!/usr/bin/python3
"""Differential runner: random command programs against Tarn and redis-server.

    tests/oracle/run.py --seed 7 --count 1000 --server build/asan/tarn-server
    tests/oracle/run.py --seed 7 --only 123        the 123rd program of seed 7 again
    tests/oracle/run.py --surface                  COMMAND INFO and COMMAND DOCS instead

A difference that is no row of differences.tsv ends the run with status 1; the shortest program
that shows it is printed with its seed."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from oracle.differences import Differences  # noqa: E402
from oracle import listener  # noqa: E402
from oracle.generate import Generator  # noqa: E402
from oracle.judge import Difference  # noqa: E402
from oracle.player import Player  # noqa: E402
from oracle.program import Program  # noqa: E402
from oracle.shrink import Shrinker  # noqa: E402
from oracle.side import Side  # noqa: E402
from oracle.surface import compare_surfaces  # noqa: E402
from support.limits import raise_descriptor_limit  # noqa: E402
from support.resp import ReplyError  # noqa: E402
from support.server import Server, Value  # noqa: E402

# Initial values that later servers have changed, and Tarn with them.
_LATER_INITIALS: dict[str, Value] = {
    f"lazyfree-lazy-{what}": "yes"
    for what in ("eviction", "expire", "server-del", "user-del", "user-flush")
}

_TIMEOUT_S = 20.0
_SHRINK_TIMEOUT_S = 3.0


def main() -> int:
    options = _options()
    raise_descriptor_limit()
    differences = Differences(Path(options.differences))
    transport: dict[str, Value] = {"net-transport": options.transport} if options.transport else {}
    tarn = _side("tarn", options.server, {**listener.DIRECTIVES, **transport})
    oracle = _side("oracle", options.oracle, {**listener.DIRECTIVES, **_LATER_INITIALS})
    try:
        if options.surface:
            return compare_surfaces(tarn.control, oracle.control, differences)
        return Run(options, Player(tarn, oracle, differences)).run()
    finally:
        tarn.stop()
        oracle.stop()


def _options() -> argparse.Namespace:
    here = Path(__file__).resolve().parent
    parser = argparse.ArgumentParser(description="random programs against Tarn and redis-server")
    parser.add_argument("--server", default="build/asan/tarn-server")
    parser.add_argument("--oracle", default="/usr/bin/redis-server")
    parser.add_argument("--seed", default="1", help="any text; the programs follow from it")
    parser.add_argument("--count", type=int, default=300, help="how many programs")
    parser.add_argument("--only", type=int, help="play only the program of this number")
    parser.add_argument("--family", action="append", default=[], help="only these families")
    parser.add_argument("--shrink", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--shrink-seconds", type=float, default=60.0)
    parser.add_argument("--failures", type=int, default=1, help="stop after so many differences")
    parser.add_argument("--surface", action="store_true", help="compare COMMAND INFO and DOCS")
    parser.add_argument("--transport", default="", help="transport that Tarn shall use")
    parser.add_argument("--differences", default=str(here / "differences.tsv"))
    return parser.parse_args()


def _side(name: str, binary: str, directives: dict[str, Value]) -> Side:
    return Side(name, lambda: Server(binary, directives).start(), _TIMEOUT_S)


class Run:
    """A run of `--count` programs with its report."""

    def __init__(self, options: argparse.Namespace, player: Player) -> None:
        self._options = options
        self._player = player
        tarn, oracle = player.tarn, player.oracle
        self._directives = sorted(_directives(tarn) & _directives(oracle))
        self._generator = Generator(_commands(tarn) & _commands(oracle), self._directives, options.family)
        self._failures: set[str] = set()
        changeable = [name.encode() for name in _changeable(self._directives)]
        for side in player.sides:
            side.remember_config(changeable)

    def run(self) -> int:
        options = self._options
        begun = time.monotonic()
        numbers = [options.only] if options.only is not None else range(options.count)
        played = 0
        for number in numbers:
            played += 1
            if not self._one(f"{options.seed}:{number}", number):
                if len(self._failures) >= options.failures:
                    break
        self._report(played, time.monotonic() - begun)
        return 1 if self._failures else 0

    def _one(self, name: str, number: int) -> bool:
        program = self._generator.program(name)
        difference = self._player.play(program)
        if difference is None:
            return True
        program, difference = self._shrunk(program, difference)
        text = "\n".join(difference.lines())
        if text not in self._failures:
            self._failures.add(text)
            self._print(program, difference, number)
        return False

    def _shrunk(self, program: Program, found: Difference) -> tuple[Program, Difference]:
        if not self._options.shrink:
            return program, found
        if self._player.play(program) is None:
            print("the same program, played again, showed no difference; printed as it was")
            return program, found
        self._set_timeout(_SHRINK_TIMEOUT_S)
        shrinker = Shrinker(self._player.play, self._options.shrink_seconds)
        try:
            return shrinker.shrink(program, found)
        finally:
            self._set_timeout(_TIMEOUT_S)

    def _set_timeout(self, seconds: float) -> None:
        for side in self._player.sides:
            side.timeout_s = seconds

    def _print(self, program: Program, difference: Difference, number: int) -> None:
        print(f"\nDIFFERENCE, seed {self._options.seed}, program {number}", end="")
        print(f" (again: --seed {self._options.seed} --only {number})")
        for line in [*program.lines(), *difference.lines()]:
            print("  " + line)
        sys.stdout.flush()

    def _report(self, played: int, seconds: float) -> None:
        skipped = sorted(self._generator.skipped)
        if skipped:
            print("not played, since a server lacks them: " + " ".join(skipped))
        for reason, times in self._player.differences.used.most_common():
            print(f"intended difference, {times} times: {reason}")
        commands = self._player.commands_played
        print(
            f"oracle: seed {self._options.seed}, {played} programs, {commands} commands, "
            f"{len(self._failures)} differences, {seconds:.0f} s"
        )


def _commands(side: Side) -> set[str]:
    reply = side.control.call("COMMAND", "LIST")
    if isinstance(reply, ReplyError):
        raise SystemExit(f"{side.name} does not list its commands: {reply.text}")
    return {name.decode().lower() for name in reply}


def _directives(side: Side) -> set[str]:
    reply = side.control.call("CONFIG", "GET", "*")
    if isinstance(reply, ReplyError):
        return set()
    return {name.decode() for name in reply[0::2]}


# Directives that programs set, beside those of families/server.py.
_ALSO_SET = (
    *("requirepass", "latency-tracking", "latency-tracking-info-percentiles"),
    *("list-max-listpack-size", "list-compress-depth", "hash-max-listpack-value"),
    *("zset-max-listpack-entries", "zset-max-listpack-value", "hll-sparse-max-bytes"),
    *("stream-node-max-bytes", "stream-node-max-entries"),
)


def _changeable(directives: list[str]) -> list[str]:
    from oracle.families.server import DIRECTIVES

    names = {name.decode() for name in DIRECTIVES} | set(_ALSO_SET)
    return [name for name in directives if name in names]


if __name__ == "__main__":
    sys.exit(main())
