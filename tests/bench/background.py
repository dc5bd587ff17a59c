"""What a snapshot in the background costs those who are served meanwhile."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from pathlib import Path
from typing import Iterator

from support.client import Client
from support.server import Server
from support.wait import wait_for

from .plan import Plan, Row
from .stats import Ratio, ratio_of_pairs
from .subject import DIRECTIVES, Load, info

_KEYS = 1_000_000
_WRITES = 300_000
# What inserting keys may hold everybody up; the fork comes on top.
TURN_USEC_MAX = 5_000


class Background:
    """Measures the first of `binaries`, and what can be compared against the second."""

    def __init__(self, binaries: tuple[str, str], plan: Plan) -> None:
        self._binaries = binaries
        self._plan = plan
        self._load = Load()

    def rows(self) -> Iterator[Row]:
        yield self._longest_turn()
        yield self._copied()

    def _server(self, side: int) -> Server:
        return Server(self._binaries[side], DIRECTIVES)

    def _overwrite(self, server: Server) -> None:
        """Other values of the same size under keys that are there, drawn by chance."""
        self._load.run(
            server,
            *("--verb", "set", "--clients", "50", "--pipeline", "16"),
            *("--keys", str(_KEYS), "--requests", str(_WRITES)),
        )

    def _longest_turn(self) -> Row:
        """The fork and all turns up to the child's end, under writes; the best of several."""
        turns, forks = [], []
        with self._server(0) as server, server.connect() as client:
            self._load.fill(server, _KEYS)
            for _ in range(self._plan.turn_runs):
                client.ok("CONFIG", "RESETSTAT")
                client.call("BGSAVE")
                self._overwrite(server)
                wait_for("the end", lambda: not _is_saving(client), timeout_s=120)
                stats = info(client, "stats")
                turns.append(int(stats["longest_turn_cpu_usec"]))
                forks.append(int(stats["latest_fork_usec"]))
        beside = ", ".join(f"{turn} us" for turn in sorted(turns)) + f" of CPU; fork {min(forks)} us"
        work = f"longest turn, BGSAVE of {_KEYS:,} keys under writes, as a share of 5 ms"
        return Row(work, Ratio.exact(min(turns) / TURN_USEC_MAX), 1.0, None, beside)

    def _copied(self) -> Row:
        """What the same writes make the kernel copy while a child stands still."""
        copies: list[list[float]] = [[], []]
        servers = [self._server(side) for side in (0, 1)]
        with servers[0], servers[1]:
            for server in servers:
                self._load.fill(server, _KEYS)
            for _ in range(self._plan.turn_runs):
                for side in (0, 1):
                    copies[side].append(self._copied_bytes(servers[side]))
        means = [sum(side) / len(side) / 2**20 for side in copies]
        beside = f"{means[0]:.1f} MiB to {means[1]:.1f} MiB"
        work = f"memory copied for {_WRITES:,} writes during BGSAVE of {_KEYS:,} keys"
        return Row(work, ratio_of_pairs(*copies), 1.0, None, beside)

    def _copied_bytes(self, server: Server) -> float:
        with server.connect() as client:
            client.ok("CONFIG", "SET", "rdb-key-save-delay", "100000000")
            client.call("BGSAVE")
            child = _child(server)
            os.kill(child, signal.SIGSTOP)
            before = _private_dirty(child)
            self._overwrite(server)
            copied = _private_dirty(child) - before
            os.kill(child, signal.SIGKILL)
            wait_for("the end", lambda: not _is_saving(client))
            return float(copied)


def _is_saving(client: Client) -> bool:
    return info(client, "persistence")["rdb_bgsave_in_progress"] == "1"


def _child(server: Server) -> int:
    def pids() -> list[str]:
        ps = ["ps", "--ppid", str(server.pid), "-o", "pid="]
        return subprocess.run(ps, capture_output=True, text=True).stdout.split()

    return int(wait_for("a child", pids)[0])


def _private_dirty(pid: int) -> int:
    """Bytes of pages that nobody else has any more."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    found = re.search(r"Private_Dirty: +(\d+) kB", text)
    assert found is not None
    return int(found[1]) * 1024
