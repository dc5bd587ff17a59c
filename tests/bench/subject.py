"""A server that is measured, and the load generator that drives it."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

from support.client import Client
from support.server import Server, Value
from support.wait import wait_for

_FOLDER = Path(__file__).resolve().parent

# More clients than any measurement opens; the same for both servers.
DIRECTIVES: dict[str, Value] = {"maxclients": 12000, "appendonly": "no"}


class Load:
    """A load generator, compiled once: load.c, or publish.c."""

    def __init__(self, source: str = "load.c") -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="tarn-load-")
        self._binary = str(Path(self._folder.name) / "load")
        subprocess.run(["cc", "-std=gnu17", "-O2", "-o", self._binary, str(_FOLDER / source)], check=True)

    def run(self, server: Server, *options: str) -> float:
        """Run to the end; the seconds that it took. CalledProcessError on a wrong reply."""
        done = subprocess.run(
            [self._binary, "--port", str(server.port), *options],
            check=True,
            capture_output=True,
            text=True,
        )
        return float(done.stdout.split()[1])

    def fill(self, server: Server, keys: int, *options: str) -> float:
        """Insert `keys` keys, each once."""
        return self.run(
            server,
            *("--verb", "set", "--sequential", "--clients", "10", "--pipeline", "100"),
            *("--requests", str(keys), *options),
        )


def cpu_ns(server: Server) -> int:
    """CPU time of all threads of the server, user and system."""
    tasks = Path(f"/proc/{server.pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks)


def info(client: Client, section: str) -> dict[str, str]:
    """The fields of an INFO section."""
    text = client.ok("INFO", section).decode()
    return dict(line.split(":", 1) for line in text.split("\r\n") if ":" in line)


def used_memory(client: Client) -> int:
    return int(info(client, "memory")["used_memory"])


def settled_memory(client: Client, clients: int) -> int:
    """used_memory once `clients` connections are left beside this one and the figure rests."""

    def only_these() -> bool:
        return int(info(client, "clients")["connected_clients"]) == clients + 1

    wait_for(f"{clients} other clients", only_these, timeout_s=60)
    last = [0]

    def rests() -> int:
        before, last[0] = last[0], used_memory(client)
        return last[0] if before == last[0] else 0

    # Servers shrink the buffers of idle clients for a few seconds; equal figures a second apart.
    return wait_for("used_memory to rest", rests, timeout_s=60, poll_s=1.0)
