"""RDB files pass between Tarn and redis-server, both ways, through SAVE and the start."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import Iterator

import pytest
from conftest import Connect, StartServer, Subject
from support.client import Client
from support.rdb import crc64
from support.samples import fill
from support.server import Server, Value

ORACLE = shutil.which("redis-server") or "/usr/bin/redis-server"
LATER_MS = 9_000_000_000_000
# What redis-server 7.0 can read.
FOR_ORACLE: dict[str, Value] = {"rdb-format-version": "10"}
LIBRARY = "#!lua name=lib\nredis.register_function('f', function() return 1 end)"


def _fill_all(c: Client) -> None:
    """All samples in two databases, expiries of every distance, and what only files have to do with."""
    fill(c)
    for size in (2**16 - 1, 2**16, 2**16 + 1, 300_000, 1 << 20):
        c.ok("SET", f"long:{size}", bytes(i * i * 11 % 253 for i in range(1000)) * (size // 1000) + b"x" * (size % 1000))
        c.ok("SET", f"same:{size}", b"s" * size)
    c.ok("SET", b"\x00binary\xff\r\n", "v")
    c.ok("SET", "k" * 300, "long key")
    c.ok("SET", "k" * 70_000, "longer key")
    c.ok("SET", 12345, "a key that is a number")
    c.ok("SET", "", "no key")
    for number, key in enumerate(c.ok("KEYS", "*")):
        if number % 3 == 0:
            c.ok("PEXPIREAT", key, LATER_MS + number * 977)
    c.ok("SELECT", 11)
    fill(c)
    c.ok("SET", "only here", 1, "PXAT", LATER_MS)
    c.ok("SELECT", 0)


def _contents(c: Client) -> dict[tuple[int, bytes], tuple[str, int, str]]:
    found = {}
    for number in (0, 11):
        c.ok("SELECT", number)
        for key in c.ok("KEYS", "*"):
            found[number, key] = (
                c.ok("TYPE", key),
                c.ok("PEXPIRETIME", key),
                c.ok("DEBUG", "DIGEST-VALUE", key)[0],
            )
    c.ok("SELECT", 0)
    return found


def _saved(server: Server, c: Client) -> bytes:
    c.ok("SAVE")
    return (server.dir / "dump.rdb").read_bytes()


def _check_same(c: Client, d: Client) -> None:
    assert c.ok("DEBUG", "DIGEST") == d.ok("DEBUG", "DIGEST")
    ours, theirs = _contents(c), _contents(d)
    assert ours.keys() == theirs.keys()
    for key in ours:
        assert ours[key] == theirs[key], key


@pytest.fixture(name="peer")
def _peer() -> Iterator[Server]:
    """A redis-server that is not started yet."""
    server = Server(ORACLE)
    yield server
    server.cleanup()


_SETTINGS: tuple[dict[str, Value], ...] = (
    {},
    {"rdbcompression": "no"},
    {"rdbchecksum": "no"},
    {"maxmemory-policy": "allkeys-lfu"},
    {"maxmemory-policy": "allkeys-lru", "list-compress-depth": 1, "hash-max-listpack-entries": 4},
)


@pytest.mark.parametrize("settings", _SETTINGS, ids=lambda settings: "-".join(settings) or "usual")
def test_what_redis_server_saved_is_loaded(
    subject: Subject, peer: Server, settings: dict[str, Value]
) -> None:
    peer.directives.update(settings)
    with peer, peer.connect() as d:
        _fill_all(d)
        server = subject.new()
        (server.dir / "dump.rdb").write_bytes(_saved(peer, d))
        with server, server.connect() as c:
            _check_same(c, d)


@pytest.mark.beyond_oracle
@pytest.mark.parametrize("settings", _SETTINGS, ids=lambda settings: "-".join(settings) or "usual")
def test_what_is_saved_redis_server_loads(
    subject: Subject, peer: Server, settings: dict[str, Value]
) -> None:
    with subject.new({**FOR_ORACLE, **settings}) as server, server.connect() as c:
        _fill_all(c)
        (peer.dir / "dump.rdb").write_bytes(_saved(server, c))
        with peer, peer.connect() as d:
            _check_same(c, d)
            streams = [x.ok("XINFO", "STREAM", "stream:a", "FULL") for x in (c, d)]
            assert streams[0][6:] == streams[1][6:]  # all but the nodes of the tree


@pytest.mark.beyond_oracle
def test_what_is_saved_is_loaded(subject: Subject) -> None:
    with subject.new() as server, server.connect() as c, subject.new() as other:
        _fill_all(c)
        c.ok("HSET", "h", "a", 1, "b", 2)
        c.ok("HPEXPIREAT", "h", LATER_MS, "FIELDS", 1, "a")
        c.ok("HSET", "wide", *(part for i in range(2000) for part in (f"f{i}", i)))
        c.ok("HPEXPIREAT", "wide", LATER_MS, "FIELDS", 2, "f7", "f8")
        data = _saved(server, c)
        assert data.startswith(b"REDIS0012")
        other.stop()
        (other.dir / "dump.rdb").write_bytes(data)
        with other.start().connect() as d:
            _check_same(c, d)
            assert d.ok("HPEXPIRETIME", "h", "FIELDS", 2, "a", "b") == [LATER_MS, -1]
            assert d.ok("HPEXPIRETIME", "wide", "FIELDS", 3, "f7", "f8", "f9") == [LATER_MS, LATER_MS, -1]
            for key in (b"h", b"wide", b"list:2000", b"hash:129", b"zset:1", b"set:ints:1", b"set:127"):
                assert d.ok("OBJECT", "ENCODING", key) == c.ok("OBJECT", "ENCODING", key)


def test_libraries_of_functions_are_kept(subject: Subject, peer: Server, start_server: StartServer) -> None:
    """From redis-server, by way of two files, back to it."""
    with peer, peer.connect() as d:
        d.ok("FUNCTION", "LOAD", LIBRARY)
        data = _saved(peer, d)
    for _ in range(2):
        with subject.new(FOR_ORACLE if subject.is_tarn else None) as server:
            server.stop()
            (server.dir / "dump.rdb").write_bytes(data)
            with server.start().connect() as c:
                data = _saved(server, c)
    back = Server(ORACLE)
    (back.dir / "dump.rdb").write_bytes(data)
    with back, back.connect() as d:
        assert d.ok("FUNCTION", "LIST", "WITHCODE")[0][-1] == LIBRARY.encode()


# Versions


def _version(data: bytes) -> bytes:
    return data[:9]


@pytest.mark.beyond_oracle
def test_the_version_is_the_directives_or_what_the_data_needs(start_server: StartServer, connect: Connect) -> None:
    server = start_server()
    c = connect(server)
    c.ok("SADD", "s", "a", "b")
    assert _version(_saved(server, c)) == b"REDIS0011"
    for value, version in (("10", b"REDIS0010"), ("11", b"REDIS0011"), ("auto", b"REDIS0011")):
        c.ok("CONFIG", "SET", "rdb-format-version", value)
        assert _version(_saved(server, c)) == version
    assert "CONFIG SET failed" in c.err("CONFIG", "SET", "rdb-format-version", "12")
    c.ok("HSET", "h", "f", "v")
    c.ok("HPEXPIREAT", "h", LATER_MS, "FIELDS", 1, "f")
    assert _version(_saved(server, c)) == b"REDIS0012"


@pytest.mark.beyond_oracle
@pytest.mark.parametrize("version", ("10", "11"))
def test_a_version_that_does_not_hold_the_data_fails_and_names_the_key(
    start_server: StartServer, connect: Connect, version: str
) -> None:
    server = start_server({"rdb-format-version": version})
    c = connect(server)
    c.ok("SET", "k", "v")
    before = _saved(server, c)
    c.ok("SELECT", 2)
    c.ok("HSET", "my hash", "f", "v")
    c.ok("HPEXPIREAT", "my hash", LATER_MS, "FIELDS", 1, "f")
    c.err("SAVE")
    assert (server.dir / "dump.rdb").read_bytes() == before
    line = server.wait_for_log(f"needs version 12, but rdb-format-version is {version}")
    assert "database 2" in line and "'my hash'" in line
    c.ok("HPERSIST", "my hash", "FIELDS", 1, "f")
    assert _version(_saved(server, c)) == f"REDIS00{version}".encode()
    c.ok("DEL", "my hash")


def test_the_checksum_is_that_of_the_file_or_none(start_server: StartServer, connect: Connect) -> None:
    for directives, expected in (({}, None), ({"rdbchecksum": "no"}, 0)):
        server = start_server(directives)
        c = connect(server)
        c.ok("SET", "k", "v")
        data = _saved(server, c)
        assert int.from_bytes(data[-8:], "little") == (crc64(data[:-8]) if expected is None else expected)


def test_strings_are_compressed_or_not(start_server: StartServer, connect: Connect) -> None:
    for directives, is_packed in (({}, True), ({"rdbcompression": "no"}, False)):
        server = start_server(directives)
        c = connect(server)
        c.ok("SET", "k", "x" * 500)
        assert (b"x" * 500 in _saved(server, c)) != is_packed


def test_saving_is_slowed_down_for_tests(start_server: StartServer, connect: Connect) -> None:
    server = start_server()
    c = connect(server)
    for number in range(20):
        c.ok("SET", f"k{number}", "v")
    c.ok("CONFIG", "SET", "rdb-key-save-delay", 5000)
    begun = time.monotonic()
    c.ok("SAVE")
    assert time.monotonic() - begun >= 20 * 0.005
    c.ok("CONFIG", "SET", "rdb-key-save-delay", 0)


def test_a_key_that_expires_while_no_server_runs_is_gone(subject: Subject, tmp_path: Path) -> None:
    with subject.new() as server:
        with server.connect() as c:
            c.ok("SET", "soon", "v", "PX", 30)
            c.ok("SET", "later", "v", "EX", 1000)
            c.ok("DEBUG", "SET-ACTIVE-EXPIRE", 0)
            data = _saved(server, c)
            while c.ok("PTTL", "soon") != -2:
                pass
        server.stop()
        (server.dir / "dump.rdb").write_bytes(data)
        with server.start().connect() as c:
            assert c.ok("KEYS", "*") == [b"later"]
            assert "keys loaded: 1, keys expired: 1." in server.log
