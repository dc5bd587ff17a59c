#!/usr/bin/python3
"""Ratios to redis-server, with the bounds that they are held to.

    tests/bench/run.py --server build/release/tarn-server            all, writes docs/benchmarks.md
    tests/bench/run.py --server build/release/tarn-server --quick    short, writes nothing
    tests/bench/run.py --only strings              a part: speed, strings, memory, ..."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.measure import Bench  # noqa: E402
from bench.plan import FULL, QUICK, Row  # noqa: E402
from bench.report import line, write_document  # noqa: E402
from support.limits import raise_descriptor_limit  # noqa: E402

_PARTS = (
    *("speed", "strings", "types", "transactions", "pubsub", "tracking"),
    *("persistence", "memory", "idle_clients", "longest_turn", "lazy_free"),
)


def main() -> int:
    root = Path(__file__).resolve().parents[2]
    parser = argparse.ArgumentParser(description="ratios to redis-server")
    parser.add_argument("--server", default=str(root / "build/release/tarn-server"))
    parser.add_argument("--oracle", default="/usr/bin/redis-server")
    parser.add_argument("--quick", action="store_true", help="few and short runs")
    parser.add_argument("--only", action="append", choices=_PARTS, default=[])
    parser.add_argument("--output", default=str(root / "docs/benchmarks.md"))
    options = parser.parse_args()

    raise_descriptor_limit()
    plan = QUICK if options.quick else FULL
    bench = Bench(options.server, options.oracle, plan)
    rows: list[Row] = []
    for part in options.only or _PARTS:
        for row in getattr(bench, part)():
            rows.append(row)
            print(line(row), flush=True)
    missed = [row.work for row in rows if row.met is False]
    print(f"{len(missed)} bounds not met" + "".join(f"\n    {work}" for work in missed))
    if not options.quick and not options.only:
        write_document(Path(options.output), rows, plan)
    return 0


if __name__ == "__main__":
    sys.exit(main())
