"""The table, on the terminal and as docs/benchmarks.md."""

from __future__ import annotations

from pathlib import Path
from typing import Sequence

from .plan import Plan, Row

_METHOD = """\
# Benchmarks

Ratios to Debian's redis-server 7.0.15, measured side by side on one machine by `make bench`.
Less than 1 is better than redis-server. Only ratios are recorded: absolute figures say more about
a machine than about a server.

{table}

How it is measured (`tests/bench/`):

- **GET and SET**: CPU time of the server process (user and system, all threads) per request. A
  million keys of 16 bytes with values of 32 bytes, keys drawn uniformly, 50 connections, one
  thread on either side. {pairs} pairs of runs, the two servers by turns; the ratio is the
  geometric mean over the pairs, the interval a 95 % t interval over the logarithms of their
  ratios. A bound is met when the interval's lower end is below it.
- **Strings and bits**: the same for single requests at a pipeline of 16, beside a million keys
  (`tests/bench/strings.py` has them word by word). Sources of bits are random; texts of LCS are of
  four letters. These requests, and all that follow, are measured in {work_pairs} pairs.
- **Types**: the same for requests on values with elements, and growth of `used_memory` for an
  element of a large value and of many small ones (`tests/bench/elements.py`). Of requests
  as cheap as PFADD and RPUSH two thirds of the time are the kernel's, the same for both servers.
- **Transactions**: the same for a whole transaction as one request: MULTI, five SET and five GET of
  keys drawn uniformly, EXEC; with WATCH and GET before it.
- **Messages**: the same for one PUBLISH of 32 bytes to a channel with so many subscribers, all of
  which it reaches. The publishers send the next messages when all have come (`publish.c`).
- **Files**: CPU time of the server while it saves, and of one that starts with a file until it is
  ready: 400,000 small keys of all types and one of each collection with 100,000 elements
  (`persistence.py`). The file that is loaded was written by redis-server; so was the append-only file of the same data as
  commands.
- **While a snapshot is saved** (`background.py`): the longest turn from BGSAVE to the child's end, fork included, with a million
  strings of 32 bytes and 300,000 writes to them; and the memory that the same writes make the kernel copy, while the child
  stands still.
- **Bytes a key**: growth of `used_memory` by a million keys of 16 bytes.
- **Bytes an idle client**: growth of `used_memory` by 10,000 clients that have sent one PING.
- **Longest turn**: CPU time of the main thread in its longest turn (`longest_turn_cpu_usec`) while
  {turn_keys:,} keys are inserted at a pipeline of 16; the best of {turn_runs} runs. And while a
  set of {lazy_members:,} members goes, the freeing being left to a background thread.
"""


def line(row: Row) -> str:
    """The row for the terminal."""
    return (
        f"{row.work:<62} {row.ratio.mean:6.3f}  {_interval(row):<16} "
        f"{_bound(row):<24} {_met(row):<8} {row.beside}"
    )


def write_document(path: Path, rows: Sequence[Row], plan: Plan) -> None:
    head = "| work | ratio | 95 % interval | bound | met |\n| --- | --- | --- | --- | --- |"
    lines = [
        f"| {row.work} | {row.ratio.mean:.2f} | {_interval(row)} | {_bound(row)} | {_met(row)} |"
        for row in rows
    ]
    text = _METHOD.format(
        table="\n".join([head, *lines]),
        pairs=plan.pairs,
        work_pairs=plan.work_pairs,
        turn_keys=plan.turn_keys,
        turn_runs=plan.turn_runs,
        lazy_members=plan.lazy_members,
    )
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _interval(row: Row) -> str:
    if row.ratio.low == row.ratio.high:
        return "exact"
    return f"{row.ratio.low:.3f} to {row.ratio.high:.3f}"


def _bound(row: Row) -> str:
    if row.bound is None:
        return ""
    wanted = f"; wanted {row.wanted:.2f}" if row.wanted else ""
    return f"{row.bound:.2f}{wanted}"


def _met(row: Row) -> str:
    return {None: "", True: "met", False: "NOT MET"}[row.met]
