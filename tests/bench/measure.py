"""The measurements: each yields rows of the table."""

from __future__ import annotations

import time
from typing import Iterator

from support.client import Client
from support.server import Server
from support.wait import wait_for

from . import elements, pubsub, strings, tracking, transactions
from .persistence import Persistence
from .plan import Plan, Row
from .stats import Ratio, ratio_of_pairs
from .subject import DIRECTIVES, Load, cpu_ns, info, settled_memory

KEYS = 1_000_000
IDLE_CLIENTS = 10_000
IDLE_CLIENT_BYTES_MAX = 1024
LONGEST_TURN_USEC_MAX = 2000
LAZY_TURN_USEC_MAX = 5000

_SPEED_BOUNDS = {100: (0.30, 0.25), 16: (0.52, 0.46), 1: (0.94, 0.90)}

# Name, bound, options of the load generator.
_MEMORY_WORK: tuple[tuple[str, float, tuple[str, ...]], ...] = (
    ("8-byte value", 0.54, ("--value-size", "8")),
    ("32-byte value", 0.58, ("--value-size", "32")),
    ("100-byte value", 0.80, ("--value-size", "100")),
    ("integer value", 0.53, ("--value-size", "9", "--integers")),
    ("32-byte value with TTL", 0.57, ("--value-size", "32", "--ttl", "100000")),
)


class Bench:
    """Measures the binary `tarn` against `oracle`."""

    def __init__(self, tarn: str, oracle: str, plan: Plan) -> None:
        self._binaries = (tarn, oracle)
        self._plan = plan
        self._load = Load()

    # CPU per request

    def speed(self) -> Iterator[Row]:
        """GET and SET over a million keys; runs of the two servers alternate."""
        servers = [Server(binary, DIRECTIVES) for binary in self._binaries]
        with servers[0], servers[1]:
            for server in servers:
                self._load.fill(server, KEYS)
            for pipeline, (bound, wanted) in _SPEED_BOUNDS.items():
                for verb in ("get", "set"):
                    shape = f"pipeline {pipeline}" if pipeline > 1 else "no pipeline"
                    options = ("--verb", verb, "--pipeline", str(pipeline), "--clients", "50")
                    requests = self._plan.requests[pipeline]
                    ratio, beside = self._cpu_ratio(
                        servers, requests, *options, pairs=self._plan.pairs
                    )
                    yield Row(f"{verb.upper()}, {shape}", ratio, bound, wanted, beside)

    def strings(self) -> Iterator[Row]:
        """Strings and bits, beside a million keys."""
        servers = [Server(binary, DIRECTIVES) for binary in self._binaries]
        with servers[0], servers[1]:
            for server in servers:
                self._load.fill(server, KEYS)
                self._load.run(server, *strings.FILL_LONG)
                with server.connect() as client:
                    strings.fill(client)
            for work in strings.WORKS:
                yield self._work(servers, work, strings.BOUND)

    def transactions(self) -> Iterator[Row]:
        """Whole transactions, over a million keys."""
        servers = [Server(binary, DIRECTIVES) for binary in self._binaries]
        with servers[0], servers[1]:
            for server in servers:
                self._load.fill(server, KEYS)
            for work in transactions.WORKS:
                yield self._work(servers, work, transactions.BOUND)

    def tracking(self) -> Iterator[Row]:
        """GET by clients that track: the server remembers who has read which of a million keys."""
        servers = [Server(binary, DIRECTIVES) for binary in self._binaries]
        with servers[0], servers[1]:
            for server in servers:
                self._load.fill(server, KEYS)
            for work in tracking.WORKS:
                requests = int(work.requests * self._plan.work_share)
                options = ("--verb", "get", "--clients", "50", "--pipeline", str(work.pipeline))
                ratio, beside = self._cpu_ratio(servers, requests, *options, "--first", work.first)
                yield Row(work.name, ratio, work.bound, None, beside)

    def pubsub(self) -> Iterator[Row]:
        """Messages of 32 bytes: from publishers to subscribers of one channel."""
        load = Load("publish.c")
        servers = [Server(binary, DIRECTIVES) for binary in self._binaries]
        with servers[0], servers[1]:
            for work in pubsub.WORKS:
                requests = int(work.messages * self._plan.work_share)
                ratio, beside = self._cpu_ratio(servers, requests, *work.options, load=load)
                yield Row(work.name, ratio, work.bound, None, beside)

    def types(self) -> Iterator[Row]:
        """Values with elements, type by type: requests, then bytes an element."""
        for kind in elements.KINDS:
            servers = [Server(binary, DIRECTIVES) for binary in self._binaries]
            with servers[0], servers[1]:
                for server in servers:
                    for fill in kind.fills:
                        self._fill_words(server, fill)
                for work in kind.works:
                    yield self._work(servers, work, elements.BOUND, elements.WANTED)
            for size in kind.sizes:
                ours, theirs = (self._bytes_per_element(b, size) for b in self._binaries)
                beside = f"{ours:.1f} to {theirs:.1f} bytes an element"
                name = f"bytes an element, {size.name}"
                yield Row(name, Ratio.exact(ours / theirs), size.bound, None, beside)

    def _fill_words(self, server: Server, fill: elements.Fill) -> None:
        """A request so often, with keys in order."""
        self._load.run(
            server,
            *("--sequential", "--pipeline", "16", "--clients", "10", "--keys", str(fill.keys)),
            *("--requests", str(fill.requests), "--", *fill.words.split()),
        )

    def _bytes_per_element(self, binary: str, size: elements.Size) -> float:
        with Server(binary, DIRECTIVES) as server, server.connect() as client:
            before = settled_memory(client, clients=0)
            self._fill_words(server, size.fill)
            return (settled_memory(client, clients=0) - before) / size.elements

    def _work(
        self, servers: list[Server], work: strings.Work, bound: float, wanted: float | None = None
    ) -> Row:
        options = (
            *("--pipeline", str(work.pipeline), "--clients", str(work.clients)),
            *("--keys", str(work.keys), "--", *work.words.split()),
        )
        requests = int(work.requests * self._plan.work_share)
        ratio, beside = self._cpu_ratio(servers, requests, *options)
        return Row(work.name, ratio, bound, wanted, beside)

    def _cpu_ratio(
        self,
        servers: list[Server],
        requests: int,
        *options: str,
        load: Load | None = None,
        pairs: int = 0,
    ) -> tuple[Ratio, str]:
        """CPU per request of the first server by that of the second; runs of the two alternate."""
        costs: list[list[float]] = [[], []]
        load = load or self._load
        for server in servers:
            load.run(server, "--requests", str(max(requests // 10, 1)), *options)
        for pair in range(pairs or self._plan.work_pairs):
            for side in (0, 1):
                before = cpu_ns(servers[side])
                load.run(
                    servers[side], "--requests", str(requests), "--seed", str(pair), *options
                )
                costs[side].append((cpu_ns(servers[side]) - before) / requests)
        means = [sum(side) / len(side) for side in costs]
        beside = f"{means[0]:.0f} ns to {means[1]:.0f} ns a request"
        return ratio_of_pairs(*costs), beside

    def persistence(self) -> Iterator[Row]:
        """Files, written and read."""
        yield from Persistence(self._binaries, self._plan).rows()

    # Bytes

    def memory(self) -> Iterator[Row]:
        for name, bound, options in _MEMORY_WORK:
            ours, theirs = (self._bytes_per_key(binary, options) for binary in self._binaries)
            beside = f"{ours:.1f} to {theirs:.1f} bytes a key"
            yield Row(f"bytes a key, {name}", Ratio.exact(ours / theirs), bound, None, beside)

    def _bytes_per_key(self, binary: str, options: tuple[str, ...]) -> float:
        with Server(binary, DIRECTIVES) as server, server.connect() as client:
            before = settled_memory(client, clients=0)
            self._load.fill(server, KEYS, *options)
            return (settled_memory(client, clients=0) - before) / KEYS

    def idle_clients(self) -> Iterator[Row]:
        """Clients that asked once and then rest."""
        ours, theirs = (self._bytes_per_client(binary) for binary in self._binaries)
        beside = f"{ours:.0f} to {theirs:.0f} bytes a client"
        yield Row("bytes an idle client", Ratio.exact(ours / theirs), None, None, beside)
        share = Ratio.exact(ours / IDLE_CLIENT_BYTES_MAX)
        yield Row("the same, as a share of 1 KiB", share, 1.0, None, f"{ours:.0f} bytes")

    def _bytes_per_client(self, binary: str) -> float:
        clients: list[Client] = []
        with Server(binary, DIRECTIVES) as server, server.connect() as control:
            before = settled_memory(control, clients=0)
            try:
                for _ in range(IDLE_CLIENTS):
                    client = server.connect()
                    clients.append(client)
                    client.ok("PING")
                after = settled_memory(control, clients=IDLE_CLIENTS)
            finally:
                for client in clients:
                    client.close()
            return (after - before) / IDLE_CLIENTS

    # Pauses

    def longest_turn(self) -> Iterator[Row]:
        """The main thread's CPU time in its longest turn while keys are inserted: the best of
        several runs, since what the machine adds is not the server's."""
        runs = [self._one_longest_turn() for _ in range(self._plan.turn_runs)]
        if not all(usec for usec, _ in runs):
            return
        usec, seconds = min(runs)
        shown = ", ".join(f"{u} us" for u, _ in sorted(runs))
        beside = f"{shown} of CPU; the run took {seconds:.1f} s"
        share = Ratio.exact(usec / LONGEST_TURN_USEC_MAX)
        work = f"longest turn, {self._plan.turn_keys:,} keys inserted, as a share of 2 ms"
        yield Row(work, share, 1.0, None, beside)

    def _one_longest_turn(self) -> tuple[int, float]:
        """(microseconds, wall seconds of the run); 0 microseconds if the server does not say."""
        with Server(self._binaries[0], DIRECTIVES) as server, server.connect() as client:
            client.ok("CONFIG", "RESETSTAT")
            begun = time.monotonic()
            self._load.run(
                server,
                *("--verb", "set", "--sequential", "--clients", "50", "--pipeline", "16"),
                *("--requests", str(self._plan.turn_keys)),
            )
            seconds = time.monotonic() - begun
            return int(info(client, "stats").get("longest_turn_cpu_usec", "0")), seconds

    def lazy_free(self) -> Iterator[Row]:
        """The longest turn in which a value of many elements goes, with lazy freeing."""
        members = self._plan.lazy_members
        ways = {
            "DEL": ("DEL", "copy"),
            "UNLINK": ("UNLINK", "copy"),
            "expiry": ("PEXPIRE", "copy", "1"),
            "FLUSHALL ASYNC": ("FLUSHALL", "ASYNC"),
        }
        with Server(self._binaries[0], DIRECTIVES) as server, server.connect() as client:
            for way, words in ways.items():
                runs = []
                for _ in range(self._plan.turn_runs):
                    if client.call("EXISTS", "big") == 0:
                        self._fill_words(server, elements.Fill("SADD big {key}", members, members))
                    runs.append(_turn_of(client, words))
                usec = min(runs)
                beside = ", ".join(f"{run} us" for run in sorted(runs)) + " of CPU"
                share = Ratio.exact(usec / LAZY_TURN_USEC_MAX)
                work = f"longest turn, {way} of {members:,} members, as a share of 5 ms"
                yield Row(work, share, 1.0, None, beside)


def _turn_of(client: Client, words: tuple[str, ...]) -> int:
    """The longest turn in microseconds while `words` removes a copy of the set."""
    client.call("COPY", "big", "copy")
    keys = client.call("DBSIZE")
    client.ok("CONFIG", "RESETSTAT")
    client.call(*words)
    wait_for("the removal", lambda: client.call("DBSIZE") < keys)
    usec = int(info(client, "stats")["longest_turn_cpu_usec"])
    wait_for("the freeing", lambda: info(client, "memory")["lazyfree_pending_objects"] == "0")
    return usec
