"""MEMORY: what a key takes, and what the process does with its memory."""

from __future__ import annotations

import shutil
from typing import Any, Iterator

import pytest
from conftest import Connect, StartServer, Subject
from support.client import Client
from support.resp import Double, Verbatim
from support.server import Server

ORACLE = shutil.which("redis-server") or "/usr/bin/redis-server"


@pytest.fixture(scope="module")
def oracle() -> Iterator[Server]:
    with Server(ORACLE).start() as server:
        yield server


def test_usage_of_a_missing_key(c: Client, c3: Client) -> None:
    assert c.raw("MEMORY", "USAGE", "none") == b"$-1\r\n"
    assert c3.raw("MEMORY", "USAGE", "none") == b"_\r\n"


def test_usage_grows_with_the_value(c: Client) -> None:
    sizes = []
    for length in (1, 100, 10_000, 1_000_000):
        c.ok("SET", "k", b"x" * length)
        sizes.append(c.ok("MEMORY", "USAGE", "k"))
        assert length < sizes[-1] < length * 2 + 200
    assert sizes == sorted(sizes)


def test_usage_of_integers(c: Client) -> None:
    c.ok("SET", "n", 12345678)
    assert 0 < c.ok("MEMORY", "USAGE", "n") < 100


def test_a_key_whose_time_is_over_takes_memory_until_it_goes(c: Client) -> None:
    c.ok("DEBUG", "SET-ACTIVE-EXPIRE", 0)
    c.ok("SET", "k", "v", "PX", 1)
    c.ok("DEBUG", "SLEEP", "0.01")
    assert c.ok("MEMORY", "USAGE", "k") > 0
    assert c.call("GET", "k") is None
    assert c.call("MEMORY", "USAGE", "k") is None
    c.ok("DEBUG", "SET-ACTIVE-EXPIRE", 1)


def test_samples_are_checked(c: Client) -> None:
    c.ok("SET", "k", "v")
    usage = c.ok("MEMORY", "USAGE", "k")
    assert c.ok("MEMORY", "USAGE", "k", "SAMPLES", 0) == usage
    assert c.ok("MEMORY", "USAGE", "k", "samples", 5, "SAMPLES", 6) == usage
    assert c.err("MEMORY", "USAGE", "k", "SAMPLES", -1) == "ERR syntax error"
    assert c.err("MEMORY", "USAGE", "k", "SAMPLES") == "ERR syntax error"
    assert c.err("MEMORY", "USAGE", "k", "TIMES", 5) == "ERR syntax error"
    wrong = "ERR value is not an integer or out of range"
    assert c.err("MEMORY", "USAGE", "none", "SAMPLES", "x") == wrong
    assert c.err("MEMORY", "USAGE").startswith("ERR wrong number of arguments")


def test_usage_does_not_touch_the_key(c: Client) -> None:
    c.ok("SET", "k", "v")
    before = c.ok("OBJECT", "IDLETIME", "k")
    c.ok("MEMORY", "USAGE", "k")
    assert c.ok("OBJECT", "IDLETIME", "k") >= before


def _kinds(stats: dict[bytes, Any]) -> dict[bytes, str]:
    """Each field's type, in order; a map is its own fields' types."""
    return {
        name: str(_kinds(value)) if isinstance(value, dict) else type(value).__name__
        for name, value in stats.items()
    }


def test_stats_have_the_oracle_s_fields_in_order(
    start_server: StartServer, connect: Connect, oracle: Server
) -> None:
    shapes = []
    for server in (start_server(), oracle):
        c = connect(server, proto=3)
        c.ok("FLUSHALL")
        c.ok("SET", "a", "1", "EX", 1000)
        c.ok("SELECT", 9)
        c.ok("SET", "b", "1")
        shapes.append(list(_kinds(c.ok("MEMORY", "STATS")).items()))
    assert shapes[0] == shapes[1]
    assert [name for name, _ in shapes[0] if name.startswith(b"db.")] == [b"db.0", b"db.9"]


def test_stats_of_resp2_are_flat(c: Client, c3: Client) -> None:
    c.ok("SET", "a", "1")
    flat, mapped = c.ok("MEMORY", "STATS"), c3.ok("MEMORY", "STATS")
    assert flat[0::2] == list(mapped)
    values = dict(zip(flat[0::2], flat[1::2]))
    assert isinstance(mapped[b"fragmentation"], Double)
    assert float(values[b"fragmentation"]) > 0
    assert values[b"db.0"][0::2] == list(mapped[b"db.0"])


def test_stats_count_keys_and_bytes(c: Client) -> None:
    for i in range(100):
        c.ok("SET", f"k{i}", b"x" * 10_000)
    flat = c.ok("MEMORY", "STATS")
    stats = dict(zip(flat[0::2], flat[1::2]))
    assert stats[b"keys.count"] == 100
    assert stats[b"dataset.bytes"] > 900_000
    assert stats[b"keys.bytes-per-key"] > 9_000
    assert stats[b"total.allocated"] <= stats[b"peak.allocated"]
    assert stats[b"overhead.total"] >= stats[b"startup.allocated"]


def test_doctor_speaks(c: Client, c3: Client) -> None:
    assert c.ok("MEMORY", "DOCTOR").endswith(b"\n")
    reply = c3.ok("MEMORY", "DOCTOR")
    assert isinstance(reply, Verbatim)
    assert reply.format == "txt"


def test_malloc_stats(c3: Client, subject: Subject) -> None:
    reply = c3.ok("MEMORY", "MALLOC-STATS")
    if subject.sanitized:
        assert reply == b"Stats not supported for the current allocator"
    else:
        assert reply.format == "txt"
        assert b"jemalloc" in reply.data


def test_purge(c: Client) -> None:
    assert c.raw("MEMORY", "PURGE") == b"+OK\r\n"


def test_help_and_unknown_subcommands(c: Client) -> None:
    lines = c.ok("MEMORY", "HELP")
    assert lines[0] == "MEMORY <subcommand> [<arg> [value] [opt] ...]. Subcommands are:"
    for name in ("DOCTOR", "MALLOC-STATS", "PURGE", "STATS", "HELP"):
        assert name in lines
    assert c.err("MEMORY", "NOPE") == "ERR unknown subcommand 'NOPE'. Try MEMORY HELP."
    assert c.err("MEMORY") == "ERR wrong number of arguments for 'memory' command"
    assert c.err("MEMORY", "PURGE", "x") == (
        "ERR wrong number of arguments for 'memory|purge' command"
    )
