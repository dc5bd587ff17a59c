"""Debian's prometheus-redis-exporter scrapes the server without a complaint."""

from __future__ import annotations

import re
import shutil
import subprocess
import urllib.request
from pathlib import Path
from typing import Callable, Iterator

import pytest
from conftest import Connect, StartServer
from support.ports import free_port
from support.server import Server
from support.wait import wait_for

Scrape = Callable[..., "Exporter"]


class Exporter:
    """The exporter's process, and what it says about a server."""

    def __init__(self, server: Server, folder: Path, *options: str) -> None:
        binary = shutil.which("prometheus-redis-exporter")
        assert binary, "prometheus-redis-exporter is not installed: scripts/bootstrap test"
        self._url = f"http://127.0.0.1:{(port := free_port())}/metrics"
        self._log = (folder / "exporter.log").open("w+b")
        self._process = subprocess.Popen(
            [
                *("setpriv", "--pdeathsig", "KILL", "--", binary),
                *("-redis.addr", f"redis://127.0.0.1:{server.port}"),
                *("-web.listen-address", f"127.0.0.1:{port}", "-log-format", "txt", *options),
            ],
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )

    def scrape(self) -> dict[str, float]:
        """name{labels}: value, of one scrape; the first one waits until the exporter is there."""
        text = wait_for("the exporter to answer", self._fetch)
        lines = re.findall(r"^(\w+(?:\{.*\})?) (\S+)$", text, re.MULTILINE)
        return {name: float(value) for name, value in lines}

    def _fetch(self) -> str:
        assert self._process.poll() is None, self.log
        try:
            with urllib.request.urlopen(self._url, timeout=30) as reply:
                return reply.read().decode()
        except OSError:
            return ""

    @property
    def log(self) -> str:
        self._log.seek(0)
        return self._log.read().decode()

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(30)
        self._log.close()


@pytest.fixture
def exporter(tmp_path: Path) -> Iterator[Scrape]:
    running: list[Exporter] = []

    def start(server: Server, *options: str) -> Exporter:
        running.append(Exporter(server, tmp_path, *options))
        return running[-1]

    yield start
    for one in running:
        one.stop()


def _check(log: str, metrics: dict[str, float]) -> None:
    complaints = [line for line in log.splitlines() if re.search(r"level=(warn|err|fatal)", line)]
    assert not complaints, "\n".join(complaints)
    assert metrics["redis_up"] == 1
    assert metrics['redis_exporter_last_scrape_error{err=""}'] == 0


def test_a_scrape_shows_the_server(
    start_server: StartServer, connect: Connect, exporter: Scrape
) -> None:
    server = start_server({"maxmemory": "1gb"})
    c = connect(server)
    for i in range(10):
        c.ok("SET", f"k{i}", "v", *(("EX", 1000) if i < 4 else ()))
    c.ok("GET", "k0")
    c.ok("GET", "none")
    c.err("NOSUCH")

    one = exporter(server)
    metrics = one.scrape()
    _check(one.log, metrics)
    assert metrics['redis_db_keys{db="db0"}'] == 10
    assert metrics['redis_db_keys_expiring{db="db0"}'] == 4
    assert metrics['redis_db_keys{db="db15"}'] == 0
    assert metrics["redis_connected_clients"] == 2
    assert metrics["redis_memory_max_bytes"] == 1 << 30
    assert metrics["redis_memory_used_bytes"] > 0
    assert metrics["redis_keyspace_hits_total"] == 1
    assert metrics["redis_keyspace_misses_total"] == 1
    assert metrics["redis_connected_slaves"] == 0
    assert metrics["redis_rdb_changes_since_last_save"] == 10
    assert metrics['redis_commands_total{cmd="set"}'] == 10
    assert metrics["redis_commands_processed_total"] >= 12
    assert metrics["redis_slowlog_length"] >= 0
    instance = next(name for name in metrics if name.startswith("redis_instance_info{"))
    assert 'role="master"' in instance
    assert 'redis_mode="standalone"' in instance


def test_a_second_scrape_counts_on(
    start_server: StartServer, connect: Connect, exporter: Scrape
) -> None:
    server = start_server()
    one = exporter(server)
    before = one.scrape()["redis_commands_processed_total"]
    connect(server).ok("PING")
    after = one.scrape()
    _check(one.log, after)
    assert after["redis_commands_processed_total"] > before


def test_everything_that_it_can_ask_for(
    start_server: StartServer, connect: Connect, exporter: Scrape
) -> None:
    server = start_server()
    c = connect(server)
    c.ok("SET", "counter", "42")
    c.ok("SET", "other", "text")
    options = (
        "-include-system-metrics",
        "-include-config-metrics",
        "-export-client-list",
        "-export-client-port",
        "-ping-on-connect",
        "-check-keys=db0=count*",
        "-check-single-keys=db0=counter",
        "-count-keys=db0=*",
    )
    one = exporter(server, *options)
    metrics = one.scrape()
    _check(one.log, metrics)
    assert metrics['redis_key_value{db="db0",key="counter"}'] == 42
    assert metrics['redis_keys_count{db="db0",key="*"}'] == 2
    assert any(name.startswith("redis_connected_clients_details{") for name in metrics)
