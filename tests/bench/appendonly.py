"""What the append-only file costs: each write, each group of writes that is synced, a rewrite."""

from __future__ import annotations

import time
from typing import Callable, Iterator

from support.client import Client
from support.server import Server, Value
from support.wait import wait_for

from .plan import Plan, Row
from .stats import Ratio, ratio_of_pairs
from .subject import DIRECTIVES, Load, cpu_ns, info

_KEYS = 200_000
# Syncs take their time for either server: what can be better is how many replies wait for one.
ALWAYS_BOUND = 1.0
SET_BOUND = 0.60
REWRITE_BOUND = 1 / 1.5

Fill = Callable[[Client], None]


class AppendOnly:
    """Measures the first of `binaries` against the second."""

    def __init__(self, binaries: tuple[str, str], plan: Plan, fill: Fill) -> None:
        self._binaries = binaries
        self._plan = plan
        self._fill = fill
        self._load = Load()

    def rows(self) -> Iterator[Row]:
        yield self._always()
        yield self._everysec()
        yield from self._rewrite()

    def _server(self, side: int, policy: str, more: dict[str, Value] | None = None) -> Server:
        on: dict[str, Value] = {"appendonly": "yes", "appendfsync": policy, "auto-aof-rewrite-percentage": 0}
        newer: dict[str, Value] = {"rdb-format-version": "10"} if side == 0 else {}
        return Server(self._binaries[side], {**DIRECTIVES, **on, **newer, **(more or {})})

    def _set(self, server: Server, pipeline: int, requests: int) -> float:
        return self._load.run(
            server,
            *("--verb", "set", "--clients", "50", "--pipeline", str(pipeline)),
            *("--keys", str(_KEYS), "--requests", str(requests)),
        )

    def _pairs(self, costs_of: Callable[[int], float]) -> tuple[Ratio, list[float]]:
        """By turns, after one round that does not count."""
        costs: list[list[float]] = [[], []]
        for pair in range(self._plan.work_pairs + 1):
            for side in (0, 1):
                cost = costs_of(side)
                if pair > 0:
                    costs[side].append(cost)
        return ratio_of_pairs(*costs), [sum(side) / len(side) for side in costs]

    def _always(self) -> Row:
        """Wall time: the disk's, shared by all whose writes came together."""
        count = 20_000
        servers = [self._server(side, "always") for side in (0, 1)]
        with servers[0], servers[1]:
            ratio, means = self._pairs(lambda side: self._set(servers[side], 1, count))
        beside = f"{count / means[0]:,.0f} to {count / means[1]:,.0f} a second"
        return Row("time of SET, appendfsync always, 50 clients, no pipeline", ratio, ALWAYS_BOUND, None, beside)

    def _everysec(self) -> Row:
        count = 300_000

        def cost(server: Server) -> float:
            before = cpu_ns(server)
            self._set(server, 16, count)
            return (cpu_ns(server) - before) / count

        servers = [self._server(side, "everysec") for side in (0, 1)]
        with servers[0], servers[1], Server(self._binaries[0], DIRECTIVES) as off:
            ratio, means = self._pairs(lambda side: cost(servers[side]))
            cost(off)
            without = min(cost(off) for _ in range(3))
        beside = f"{means[0]:.0f} ns to {means[1]:.0f} ns; Tarn without a file {without:.0f} ns"
        return Row("SET, appendfsync everysec, pipeline 16", ratio, SET_BOUND, None, beside)

    def _rewrite(self) -> Iterator[Row]:
        """Wall time, of the child's work nearly all."""
        servers = [self._server(side, "no", {"aof-use-rdb-preamble": "no"}) for side in (0, 1)]
        with servers[0], servers[1]:
            for server in servers:
                with server.connect(timeout_s=300) as client:
                    self._fill(client)
            for preamble, kind in (("yes", "RDB data"), ("no", "commands")):
                for server in servers:
                    with server.connect() as client:
                        client.ok("CONFIG", "SET", "aof-use-rdb-preamble", preamble)
                ratio, means = self._pairs(lambda side: _rewrite_s(servers[side]))
                beside = f"{means[0] * 1000:.0f} ms to {means[1] * 1000:.0f} ms"
                yield Row(f"time of BGREWRITEAOF of all types, as {kind}", ratio, REWRITE_BOUND, None, beside)


def _rewrite_s(server: Server) -> float:
    with server.connect() as client:

        def is_done() -> bool:
            return info(client, "persistence")["aof_rewrite_in_progress"] == "0"

        begun = time.perf_counter()
        client.ok("BGREWRITEAOF")
        wait_for("the rewrite", is_done, timeout_s=120, poll_s=0.005)
        return time.perf_counter() - begun
