"""What is measured of files: CPU time of a server that saves and loads, by that of redis-server.

Both servers hold the same data of all types. Each part of persistence is a method that yields rows; `rows` calls
them all."""

from __future__ import annotations

import random
import shutil
from pathlib import Path
from typing import Callable, Iterator

from support.client import Client
from support.server import Server, Value

from .appendonly import AppendOnly
from .background import Background
from .plan import Plan, Row
from .stats import Ratio, ratio_of_pairs
from .subject import DIRECTIVES, cpu_ns

# Half as much again as fast, and what is wanted.
RDB_BOUND, RDB_WANTED = 1 / 1.5, 0.5
# No slower than redis-server, and what is wanted.
AOF_LOAD_BOUND, AOF_LOAD_WANTED = 1.0, 1 / 1.5

_KEYS = 400_000  # of all types
_BIG = 100_000  # elements of each large value
_BATCH = 2_000
_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
_WORDS = "user order item price amount street city name first last date mail note open done".split()

_FILE = "dump.rdb"
_AOF_DIR = "appendonlydir"
_COMMANDS_ALONE: dict[str, Value] = {"appendonly": "yes", "aof-use-rdb-preamble": "no"}
# Redis 7.0 reads what Tarn writes.
_TARN_ONLY: dict[str, Value] = {"rdb-format-version": "10"}

Command = tuple[str, ...]


class _Data:
    """The mixed data set: the same commands each time."""

    def __init__(self) -> None:
        self._random = random.Random(20)

    def _noise(self, length: int) -> str:
        return "".join(self._random.choices(_LETTERS, k=length))

    def _text(self, words: int) -> str:
        return " ".join(self._random.choices(_WORDS, k=words))

    def _one(self, number: int) -> Iterator[Command]:
        """A small key: of ten, six are strings."""
        draw, kind = self._random, number % 10
        key = f"key:{number:012d}"
        if kind <= 2:
            yield ("SET", key, self._noise(32))
        elif kind == 3:
            yield ("SET", key, str(draw.randrange(1_000_000_000)))
        elif kind == 4:
            yield ("SET", key, self._text(30))
        elif kind == 5:
            yield ("SET", key, self._noise(24), "EX", str(draw.randrange(100_000, 1_000_000)))
        elif kind == 6:
            yield ("HSET", key, "name", self._noise(12), "mail", self._noise(20), "visits", "17", "city", "oslo")
        elif kind == 7:
            yield ("RPUSH", key, *(self._noise(10) for _ in range(8)))
        elif kind == 8:
            yield ("SADD", key, *(str(draw.randrange(100_000)) for _ in range(8)))
        else:
            yield ("ZADD", key, *(w for i in range(8) for w in (str(draw.randrange(10_000)), f"member{i}")))

    def _large(self) -> Iterator[Command]:
        draw = self._random
        for number in range(_BIG):
            name = f"{number:08d}{self._noise(8)}"
            yield ("HSET", "big:hash", name, self._noise(32))
            yield ("SADD", "big:set", name)
            yield ("ZADD", "big:zset", str(draw.randrange(1_000_000)), name)
            yield ("RPUSH", "big:list", name)
            yield ("XADD", "big:stream", f"{number + 1}-1", "device", "sensor-7", "value", str(draw.randrange(1000)))

    def fill(self, client: Client) -> None:
        batch: list[Command] = []
        for command in self._commands():
            batch.append(command)
            if len(batch) == _BATCH:
                client.pipeline(batch)
                batch.clear()
        client.pipeline(batch)

    def _commands(self) -> Iterator[Command]:
        for number in range(_KEYS):
            yield from self._one(number)
        yield from self._large()


class Persistence:
    """Measures the first of `binaries` against the second."""

    def __init__(self, binaries: tuple[str, str], plan: Plan) -> None:
        self._binaries = binaries
        self._plan = plan

    def rows(self) -> Iterator[Row]:
        yield from self.rdb()
        yield from self.aof_load()
        yield from AppendOnly(self._binaries, self._plan, _Data().fill).rows()
        yield from Background(self._binaries, self._plan).rows()

    def rdb(self) -> Iterator[Row]:
        """SAVE, and the start with a file: the one that redis-server has written, for both."""
        servers = [self._server(side) for side in (0, 1)]
        with servers[0], servers[1]:
            for server in servers:
                with server.connect(timeout_s=300) as client:
                    _Data().fill(client)
            ratio, beside = self._pairs(lambda side: _save_ns(servers[side]))
            yield _row("SAVE of all types", ratio, beside)
            path = servers[1].dir / _FILE
            ratio, beside = self._pairs(lambda side: self._load_ns(side, path))
            yield _row("start with a file of all types", ratio, beside)

    def aof_load(self) -> Iterator[Row]:
        """The start with an append-only file of commands: that of redis-server, for both."""
        with Server(self._binaries[1], {**DIRECTIVES, **_COMMANDS_ALONE}) as writer:
            with writer.connect(timeout_s=300) as client:
                _Data().fill(client)
            writer.stop()
            ratio, beside = self._pairs(lambda side: self._aof_load_ns(side, writer.dir / _AOF_DIR))
        yield Row(
            "start with an AOF of commands of all types", ratio, AOF_LOAD_BOUND, AOF_LOAD_WANTED, beside
        )

    def _aof_load_ns(self, side: int, folder: Path) -> int:
        server = Server(self._binaries[side], {**DIRECTIVES, **_COMMANDS_ALONE})
        shutil.copytree(folder, server.dir / _AOF_DIR)
        with server:
            return cpu_ns(server)

    def _server(self, side: int) -> Server:
        return Server(self._binaries[side], {**DIRECTIVES, **(_TARN_ONLY if side == 0 else {})})

    def _load_ns(self, side: int, path: Path) -> int:
        server = self._server(side)
        shutil.copy(path, server.dir / _FILE)
        with server:
            return cpu_ns(server)

    def _pairs(self, cost_ns: Callable[[int], int]) -> tuple[Ratio, str]:
        """The cost at the first server by that at the second, by turns, after one round that does not count."""
        costs: list[list[float]] = [[], []]
        for pair in range(self._plan.work_pairs + 1):
            for side in (0, 1):
                cost = cost_ns(side)
                if pair > 0:
                    costs[side].append(cost)
        means = [sum(side) / len(side) / 1e6 for side in costs]
        return ratio_of_pairs(*costs), f"{means[0]:.0f} ms to {means[1]:.0f} ms"


def _save_ns(server: Server) -> int:
    with server.connect(timeout_s=300) as client:
        before = cpu_ns(server)
        client.ok("SAVE")
        return cpu_ns(server) - before


def _row(work: str, ratio: Ratio, beside: str) -> Row:
    return Row(work, ratio, RDB_BOUND, RDB_WANTED, beside)
