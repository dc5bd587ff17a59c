"""RDB files of every version and form, as a server finds them at its start."""

from __future__ import annotations

import shutil
import struct
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

import pytest
from conftest import Subject
from support import rdb
from support.client import Client
from support.rdb import RdbFile, length, listpack, string, strings, ziplist
from support.server import Server, Value

ORACLE = shutil.which("redis-server") or "/usr/bin/redis-server"
LATER_MS = 9_000_000_000_000
LATER_S = 2_000_000_000
LONG = b"long " * 60


@contextmanager
def started(server: Server, data: bytes) -> Iterator[Client]:
    """A server that has found the file."""
    (server.dir / "dump.rdb").write_bytes(data)
    with server, server.connect() as client:
        yield client


@contextmanager
def loaded(subject: Subject, data: bytes, directives: dict[str, Value] | None = None) -> Iterator[Client]:
    with started(subject.new(directives), data) as client:
        yield client


def refused(subject: Subject, data: bytes, directives: dict[str, Value] | None = None) -> str:
    """The log of a server that does not start with the file. The file stays."""
    server = subject.new(directives)
    try:
        (server.dir / "dump.rdb").write_bytes(data)
        server.spawn()
        assert not server.wait_ready()
        assert server.wait_exit(expect_status=None) == 1
        assert (server.dir / "dump.rdb").read_bytes() == data
        return server.log
    finally:
        server.cleanup()


# Kinds by the version that brought them.


def _file_of(version: int) -> RdbFile:
    """A file with every form that a server of its time wrote, and an expiry."""
    f = RdbFile(version)
    if version >= 7:
        f.aux("redis-ver", "3.2.0").aux("redis-bits", 64).aux("ctime", 1_500_000_000)
    f.select(0)
    if version >= 7:
        f.resize(30, 2)
    f.key(rdb.STRING, "text", string("some text"))
    f.key(rdb.STRING, "empty", string(""))
    for number in (5, -300, 70_000):
        f.key(rdb.STRING, f"number {number}", rdb.number_string(number))
    f.key(rdb.STRING, "packed", rdb.packed_string(LONG))
    f.key(rdb.STRING, b"wide", b"\x80" + struct.pack(">I", 3) + b"abc")
    f.key(rdb.LIST, "list", strings(["a", 5, LONG, ""]))
    f.key(rdb.SET, "set", strings(["a", "b", "7"]))
    f.key(rdb.SET, "set of numbers", strings([1, 2, 3]))
    scores = [("one", 1), ("half", 0.5), ("top", "inf"), ("bottom", "-inf"), ("old", "1.7000000000000000001")]
    f.key(
        rdb.ZSET_TEXT,
        "zset",
        length(len(scores)) + b"".join(string(m) + rdb.score_text(s) for m, s in scores),
    )
    f.expiry_s(LATER_S).key(rdb.STRING, "with seconds", string("v"))
    f.key(rdb.HASH, "hash", length(2) + strings_of("a", 1, "b", LONG))
    if version >= 2:
        f.key(rdb.HASH_ZIPMAP, "zipmap", string(rdb.zipmap([("a", "x"), ("b", LONG), ("c", "")], unused=3)))
        f.key(rdb.LIST_ZIPLIST, "ziplist", string(ziplist([b"a", 5, -300, 70_000, 2**40, LONG, LONG * 60, 8_000_000])))
        f.key(rdb.SET_INTSET, "intset", string(rdb.intset([5, -7, 40_000])))
        f.key(rdb.SET_INTSET, "wide intset", string(rdb.intset([2**40, 1])))
        f.key(rdb.ZSET_ZIPLIST, "zset ziplist", string(ziplist([b"a", b"-1.5", b"b", 3, b"c", b"inf"])))
    if version >= 3:
        f.expiry_ms(LATER_MS).key(rdb.STRING, "with milliseconds", string("v"))
    if version >= 4:
        f.key(rdb.HASH_ZIPLIST, "hash ziplist", rdb.packed_string(ziplist([b"a", b"x", b"b", 12, b"c", LONG])))
    if version >= 7:
        packs = [ziplist([b"a", 1]), ziplist([b"b" * 300, -5])]
        f.key(rdb.LIST_ZIPLISTS, "quicklist", length(2) + string(packs[0]) + rdb.packed_string(packs[1]))
    if version >= 8:
        f.key(rdb.ZSET, "zset binary", length(2) + string("a") + struct.pack("<d", 0.1) + string("b") + struct.pack("<d", 1e300))
    if version >= 9:
        f.key(rdb.STREAM, "stream", _stream(1))
        f.idle(5000).key(rdb.STRING, "idle", string("v"))
        f.frequency(99).key(rdb.STRING, "frequent", string("v"))
    if version >= 10:
        f.key(rdb.HASH_LISTPACK, "hash listpack", string(listpack([b"a", 1, b"b", LONG, b"c", -5000])))
        f.key(rdb.ZSET_LISTPACK, "zset listpack", string(listpack([b"a", -3, b"b", b"2.5"])))
        f.key(rdb.LIST_PACKS, "packs", length(2) + length(2) + string(listpack([b"a", 2**33])) + length(1) + string(LONG * 40))
        f.key(rdb.STREAM_2, "stream 2", _stream(2))
    return f.select(9).key(rdb.STRING, "text", string("elsewhere"))


def strings_of(*items: rdb.Item) -> bytes:
    return b"".join(string(item) for item in items)


def _stream(version: int) -> bytes:
    """Three entries, one deleted; a group with a consumer, who has one pending."""
    pack = rdb.stream_pack(
        [(1000, 0, ["f", "v1"]), (1000, 1, ["f", "v2"]), (1005, 0, ["g", 1, "h", 2])], deleted=[1]
    )
    body = length(1) + pack + length(2) + length(1005) + length(0)
    if version >= 2:
        body += length(1000) + length(0) + length(1000) + length(1) + length(3)
    body += length(1) + string("group") + length(1000) + length(0)
    if version >= 2:
        body += length(1)
    body += length(1) + rdb.stream_id(1000, 0) + struct.pack("<q", 1_600_000_000_000) + length(3)
    body += length(1) + string("consumer") + struct.pack("<q", 1_600_000_000_000)
    if version >= 3:
        body += struct.pack("<q", 1_600_000_000_500)
    return body + length(1) + rdb.stream_id(1000, 0)


def _contents(c: Client) -> dict[tuple[int, bytes], tuple[str, int, str]]:
    found = {}
    for number in (0, 9):
        c.ok("SELECT", number)
        for key in c.ok("KEYS", "*"):
            digest = c.ok("DEBUG", "DIGEST-VALUE", key)[0]
            found[number, key] = (c.ok("TYPE", key), c.ok("PEXPIRETIME", key), digest)
    return found


@pytest.mark.parametrize("version", range(1, 11))
def test_files_of_older_versions_are_read_as_by_redis_server(subject: Subject, version: int) -> None:
    data = _file_of(version).whole()
    with started(Server(ORACLE), data) as peer:
        expected = _contents(peer)
        whole = peer.ok("DEBUG", "DIGEST")
    assert len(expected) >= 13
    with loaded(subject, data) as c:
        assert _contents(c) == expected
        assert c.ok("DEBUG", "DIGEST") == whole
        c.ok("SELECT", 0)
        assert c.ok("GET", "packed") == LONG
        assert c.ok("LRANGE", "list", 0, -1) == [b"a", b"5", LONG, b""]
        assert c.ok("ZRANGE", "zset", 0, -1) == [b"bottom", b"half", b"one", b"old", b"top"]
        assert c.ok("EXPIRETIME", "with seconds") == LATER_S
        if version >= 9:
            assert c.ok("XINFO", "STREAM", "stream")[1] == 2
            assert c.ok("XPENDING", "stream", "group")[0] == 1


# Use, and what stands beside keys.


def test_idle_times_and_frequencies_are_taken_as_the_policy_says(subject: Subject) -> None:
    data = _file_of(9).whole()
    with loaded(subject, data, {"maxmemory-policy": "allkeys-lru"}) as c:
        assert 5000 <= c.ok("OBJECT", "IDLETIME", "idle") < 5060
        assert c.ok("OBJECT", "IDLETIME", "text") < 60
    with loaded(subject, data, {"maxmemory-policy": "allkeys-lfu"}) as c:
        assert c.ok("OBJECT", "FREQ", "frequent") == 99
        assert c.ok("OBJECT", "FREQ", "text") == 5


def test_auxiliary_fields_are_told(subject: Subject) -> None:
    now = int(time.time())
    f = RdbFile(9).aux("redis-ver", "5.0.1").aux("ctime", now - 100).aux("used-mem", 3 << 20)
    f.aux("aof-base", 0).aux("%note", "for people").aux("something", "else").select(0)
    data = f.key(rdb.STRING, "k", string("v")).whole()
    server = subject.new()
    with started(server, data):
        log = server.log
    assert "Loading RDB produced by version 5.0.1" in log
    assert any(f"RDB age {age} seconds" in log for age in range(100, 160))
    assert "RDB memory usage when created 3.00 Mb" in log
    assert "RDB '%note': for people" in log
    assert "Done loading RDB, keys loaded: 1, keys expired: 0." in log
    assert "DB loaded from disk" in log


def test_a_file_without_a_checksum_is_read_and_that_is_told(subject: Subject) -> None:
    server = subject.new()
    with started(server, _file_of(10).whole(checksum=False)) as c:
        assert c.ok("GET", "text") == b"some text"
        assert "RDB file was saved with checksum disabled: no check performed." in server.log


def test_a_wrong_checksum_does_not_matter_if_none_is_wanted(subject: Subject) -> None:
    data = bytearray(_file_of(10).whole())
    data[-1] ^= 1
    with loaded(subject, bytes(data), {"rdbchecksum": "no"}) as c:
        assert c.ok("GET", "text") == b"some text"


def test_keys_whose_time_is_over_are_dropped_and_counted(subject: Subject) -> None:
    f = RdbFile(10).select(0).key(rdb.STRING, "stays", string("v"))
    f.expiry_ms(1000).key(rdb.STRING, "over", string("v")).expiry_s(5).key(rdb.LIST, "also", strings(["a"]))
    server = subject.new()
    with started(server, f.expiry_ms(LATER_MS).key(rdb.STRING, "later", string("v")).whole()) as c:
        assert sorted(c.ok("KEYS", "*")) == [b"later", b"stays"]
        assert c.ok("DBSIZE") == 2
        assert "Done loading RDB, keys loaded: 2, keys expired: 2." in server.log
        info = c.ok("INFO", "persistence").decode()
        assert "rdb_last_load_keys_expired:2\r\n" in info
        assert "rdb_last_load_keys_loaded:2\r\n" in info


_EMPTY = {
    "list": (rdb.LIST, length(0)),
    "set": (rdb.SET, length(0)),
    "hash": (rdb.HASH, length(0)),
    "zset": (rdb.ZSET, length(0)),
    "zset-text": (rdb.ZSET_TEXT, length(0)),
    "list-ziplist": (rdb.LIST_ZIPLIST, string(ziplist([]))),
    "hash-ziplist": (rdb.HASH_ZIPLIST, string(ziplist([]))),
    "zset-ziplist": (rdb.ZSET_ZIPLIST, string(ziplist([]))),
    "quicklist": (rdb.LIST_ZIPLISTS, length(0)),
    "quicklist-of-none": (rdb.LIST_ZIPLISTS, length(2) + string(ziplist([])) * 2),
    "packs": (rdb.LIST_PACKS, length(1) + length(2) + string(listpack([]))),
    "hash-listpack": (rdb.HASH_LISTPACK, string(listpack([]))),
    "zset-listpack": (rdb.ZSET_LISTPACK, string(listpack([]))),
}


def test_collections_without_elements_are_skipped_and_named(subject: Subject) -> None:
    f = RdbFile(10).select(0).key(rdb.STRING, "first", string("v"))
    for name, (kind, body) in _EMPTY.items():
        f.key(kind, name, body)
    server = subject.new()
    with started(server, f.key(rdb.STRING, "last", string("v")).whole()) as c:
        assert sorted(c.ok("KEYS", "*")) == [b"first", b"last"]
        for name in list(_EMPTY)[:10]:
            assert f"skipping empty key: {name}" in server.log
        assert server.log.count("skipping empty key") == 10
        assert f"keys expired: 0, empty keys skipped: {len(_EMPTY)}." in server.log


# What is newer than Redis 7.0.


@pytest.mark.beyond_oracle
def test_forms_of_redis_7_2_and_later_are_read(subject: Subject) -> None:
    f = RdbFile(11).aux("redis-ver", "7.2.4").select(0)
    f.key(rdb.SET_LISTPACK, "set", string(listpack([b"a", 5, b"b"])))
    f.key(rdb.STREAM_3, "stream", _stream(3))
    f.raw(bytes([rdb.SLOT_INFO]) + length(5) + length(2) + length(0))
    with loaded(subject, f.whole()) as c:
        assert sorted(c.ok("SMEMBERS", "set")) == [b"5", b"a", b"b"]
        assert c.ok("XLEN", "stream") == 2
        consumer = c.ok("XINFO", "STREAM", "stream", "FULL")[-1][0][-1][0]
        assert consumer[:4] == [b"name", b"consumer", b"seen-time", 1_600_000_000_000]


def _times(c: Client, key: str) -> dict[bytes, int]:
    fields = c.ok("HKEYS", key)
    return dict(zip(fields, c.ok("HPEXPIRETIME", key, "FIELDS", len(fields), *fields)))


@pytest.mark.beyond_oracle
@pytest.mark.parametrize("version", (12, 13, 14))
def test_fields_that_expire_are_read_from_redis_7_4_and_8(subject: Subject, version: int) -> None:
    f = RdbFile(version).select(0)
    f.key(
        rdb.HASH_TIMES_MIN,
        "table",
        struct.pack("<q", LATER_MS) + length(3)
        + length(1) + strings_of("a", "1") + length(0) + strings_of("b", "2") + length(1001) + strings_of("c", "3"),
    )
    f.key(
        rdb.HASH_LISTPACK_TIMES,
        "pack",
        struct.pack("<q", LATER_MS) + string(listpack([b"a", 1, LATER_MS, b"c", b"3", LATER_MS + 1000, b"b", 2, 0])),
    )
    f.key(rdb.HASH_TIMES, "candidate", length(2) + length(LATER_MS) + strings_of("a", 1) + length(0) + strings_of("b", 2))
    f.key(rdb.HASH_LISTPACK_TIMES_OLD, "candidate pack", string(listpack([b"a", 1, LATER_MS, b"b", 2, 0])))
    with loaded(subject, f.whole()) as c:
        expected = {b"a": LATER_MS, b"b": -1, b"c": LATER_MS + 1000}
        assert _times(c, "table") == _times(c, "pack") == expected
        del expected[b"c"]
        assert _times(c, "candidate") == _times(c, "candidate pack") == expected


def _given_back() -> bytes:
    """Version 5: the consumer has nothing pending; the entry has no owner."""
    consumer = length(1) + rdb.stream_id(1000, 0)
    return _stream(3)[: -len(consumer)] + length(0) + consumer


@pytest.mark.beyond_oracle
def test_streams_of_redis_8_are_read_and_written(subject: Subject) -> None:
    idempotence = length(100_000) + length(50) + length(0) + length(7) + length(2)
    f = RdbFile(14).select(0).key(rdb.STREAM_4, "four", _stream(3) + idempotence)
    f.key(rdb.STREAM_5, "five", _given_back() + idempotence)
    data = f.whole()
    for _ in range(2):
        with loaded(subject, data) as c:
            assert c.ok("XPENDING", "four", "group")[3] == [[b"consumer", b"1"]]
            assert c.ok("XLEN", "five") == 2
            assert c.ok("XPENDING", "five", "group")[0] == 1
            got = c.ok("XREADGROUP", "GROUP", "group", "other", "COUNT", 1, "CLAIM", 0, "STREAMS", "five", ">")
            assert [entry[0] for entry in got[0][1]][0] == b"1000-0"
            c.ok("XNACK", "five", "group", "FAIL", "IDS", 1, "1000-0")
            c.ok("SAVE")
            data = Path(c.ok("CONFIG", "GET", "dir")[1].decode(), "dump.rdb").read_bytes()
            assert data.startswith(b"REDIS0014")


@pytest.mark.beyond_oracle
def test_producers_of_a_stream_are_refused(subject: Subject) -> None:
    idempotence = length(100_000) + length(50) + length(1) + string("producer")
    log = refused(subject, RdbFile(14).select(0).key(rdb.STREAM_4, "mine", _stream(3) + idempotence).whole())
    assert "'mine'" in log and "(stream-v4)" in log


@pytest.mark.beyond_oracle
def test_files_of_valkey_9_are_read(subject: Subject) -> None:
    def expiry(ms: int) -> bytes:
        return struct.pack("<q", ms)

    f = RdbFile(80).aux("valkey-ver", "9.0.0").select(0).resize(2, 0)
    f.raw(bytes([rdb.KEY_META]) + string("j" * 40) + length(2) + length(0) + length(5) + length(9) + length(9))
    f.key(rdb.HASH_TIMES, "hash", length(2) + strings_of("a", 1) + expiry(LATER_MS) + strings_of("b", 2) + expiry(-1))
    f.key(rdb.SET_LISTPACK, "set", string(listpack([b"a"])))
    with loaded(subject, f.whole()) as c:
        assert _times(c, "hash") == {b"a": LATER_MS, b"b": -1}
        assert c.ok("SMEMBERS", "set") == [b"a"]


@pytest.mark.beyond_oracle
def test_fields_whose_time_is_over_are_dropped(subject: Subject) -> None:
    f = RdbFile(12).select(0)
    f.key(rdb.HASH_LISTPACK_TIMES, "half", struct.pack("<q", 1000) + string(listpack([b"a", 1, 1000, b"b", 2, 0])))
    f.key(rdb.HASH_LISTPACK_TIMES, "none", struct.pack("<q", 1000) + string(listpack([b"a", 1, 1000])))
    server = subject.new()
    with started(server, f.whole()) as c:
        assert c.ok("HGETALL", "half") == [b"b", b"2"]
        assert c.ok("KEYS", "*") == [b"half"]
        assert "keys loaded: 1, keys expired: 1." in server.log


@pytest.mark.beyond_oracle
def test_versions_that_are_not_known_are_refused_or_read_as_far_as_possible(subject: Subject) -> None:
    for magic, version in ((b"REDIS0015", 15), (b"VALKEY081", 81)):
        f = RdbFile(11).select(0).key(rdb.STRING, "k", string("v"))
        f.data[:9] = magic
        log = refused(subject, f.whole())
        assert f"Can't handle RDB format version {version}" in log
        with loaded(subject, f.whole(), {"rdb-version-check": "relaxed"}) as c:
            assert c.ok("GET", "k") == b"v"


def test_names_and_versions_that_do_not_fit_are_refused(subject: Subject) -> None:
    for magic in (b"REDIS0080", b"VALKEY011", b"REDIS0000", b"REDIS00x1", b"RADIS0011", b"SOMETHING"):
        f = RdbFile(11).select(0).key(rdb.STRING, "k", string("v"))
        f.data[:9] = magic
        refused(subject, f.whole(), {"rdb-version-check": "relaxed"} if subject.is_tarn else None)


# What is refused.


def _module_id(name: str, version: int) -> int:
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    number = 0
    for letter in name:
        number = number << 6 | letters.index(letter)
    return number << 10 | version


_MODULE_DATA = (
    *(length(1) + length(5), length(2) + length(70_000), length(3) + b"\0\0\x80\x3f"),
    *(length(4) + struct.pack("<d", 1.5), length(5) + string("text"), length(0)),
)


@pytest.mark.beyond_oracle
def test_data_of_modules_beside_keys_is_skipped_and_told(subject: Subject) -> None:
    head = bytes([rdb.MODULE_AUX]) + length(_module_id("tarntestm", 3)) + length(2) + length(1)
    f = RdbFile(11).raw(head + b"".join(_MODULE_DATA)).select(0).key(rdb.STRING, "k", string("v"))
    server = subject.new()
    with started(server, f.whole()) as c:
        assert c.ok("GET", "k") == b"v"
        assert "no matching module 'tarntestm'" in server.log


@pytest.mark.beyond_oracle
def test_what_cannot_be_kept_is_refused_with_key_and_type(subject: Subject) -> None:
    f = RdbFile(11).select(3)
    f.key(rdb.MODULE_2, "my module", length(_module_id("tarntestm", 3)) + b"".join(_MODULE_DATA))
    log = refused(subject, f.whole())
    assert "'tarntestm'" in log and "'my module'" in log and "module-value" in log and "database 3" in log

    log = refused(subject, RdbFile(14).select(0).key(rdb.ARRAY, "my array", length(1)).whole())
    assert "'my array'" in log and "type 28" in log

    log = refused(subject, RdbFile(14).select(0).raw(bytes([rdb.KEY_META]) + length(1)).whole())
    assert "metadata of modules" in log

    log = refused(subject, RdbFile(10).raw(bytes([rdb.FUNCTION]) + strings_of("f", "LUA")).whole())
    assert "Pre-release function format not supported." in log


def test_a_database_that_is_not_there_is_refused(subject: Subject) -> None:
    data = RdbFile(10).select(12).key(rdb.STRING, "k", string("v")).whole()
    log = refused(subject, data, {"databases": 12})
    assert "configured to handle more than 12 databases" in log


@pytest.mark.beyond_oracle
def test_a_key_that_comes_twice_is_refused(subject: Subject) -> None:
    f = RdbFile(10).select(0)
    for number in (*range(50), 7):
        f.key(rdb.STRING, f"key {number}", string("v"))
    log = refused(subject, f.whole())
    assert "duplicated key" in log and "'key 7'" in log


@pytest.mark.beyond_oracle
def test_a_file_that_ends_too_early_is_refused_with_the_place(subject: Subject) -> None:
    whole = _file_of(10).whole()
    for end in (0, 5, 9, 30, len(whole) // 2, len(whole) - 9, len(whole) - 1):
        log = refused(subject, whole[:end])
        assert "Internal error in RDB reading offset " in log
        assert "Unexpected EOF reading RDB file" in log
        assert "Terminating server after rdb file reading failure." in log
    cut = RdbFile(10).select(0).key(rdb.STRING, "whole", string("v")).key(rdb.STRING, "cut", length(50) + b"abc")
    log = refused(subject, bytes(cut.data))
    assert "'cut'" in log and "(string)" in log and "50 bytes" in log


@pytest.mark.beyond_oracle
def test_a_damaged_file_is_refused_with_the_place(subject: Subject) -> None:
    whole = bytearray(_file_of(10).whole())
    for place in (60, len(whole) // 3, len(whole) - 4):
        data = bytearray(whole)
        data[place] ^= 0x10
        log = refused(subject, bytes(data))
        assert "Internal error in RDB reading offset " in log
    data = bytearray(whole)
    data[-1] ^= 1
    log = refused(subject, bytes(data))
    assert "Wrong RDB checksum expected: (" in log


@pytest.mark.parametrize(
    ("kind", "what"),
    ((rdb.HASH_LISTPACK, "Hash listpack"), (rdb.ZSET_LISTPACK, "Zset listpack"), (rdb.SET_INTSET, "Intset")),
)
def test_a_packed_form_that_is_not_sound_is_told_in_the_peers_words(
    subject: Subject, kind: int, what: str
) -> None:
    log = refused(subject, bytes(RdbFile(10).key(kind, "k", string("\x07\x00\x00\x00\x01\x00\x00")).whole()))
    assert f"{what} integrity check failed." in log


@pytest.mark.beyond_oracle
@pytest.mark.parametrize(
    "piece",
    (
        bytes([rdb.RESIZE]) + length(2**60) + length(2**60) + bytes([rdb.STRING]) + string("k") + string("v"),
        bytes([rdb.STRING]) + string("k") + length(2**62),
        bytes([rdb.STRING]) + length(2**40),
        bytes([rdb.STRING]) + string("k") + b"\xc3" + length(2**50) + length(2**60),
        bytes([rdb.LIST]) + string("k") + length(2**60) + string("v"),
        bytes([rdb.HASH]) + string("k") + length(2**31) + string("v"),
        bytes([rdb.AUX]) + string("name") + length(2**40),
    ),
)
def test_lengths_are_not_believed(subject: Subject, piece: bytes) -> None:
    """With memory for a server and little else."""
    data = bytes(RdbFile(10).select(0).raw(piece).whole())
    server = subject.new()
    (server.dir / "dump.rdb").write_bytes(data)
    try:
        server.spawn()
        if not subject.sanitized:
            subprocess.run(["prlimit", "--as=2000000000", "--pid", str(server.pid)], check=False)
        if piece[0] == rdb.RESIZE:
            assert server.wait_ready()
            with server.connect() as c:
                assert c.ok("GET", "k") == b"v"
        else:
            assert not server.wait_ready()
            assert "Internal error in RDB reading offset " in server.log
    finally:
        server.cleanup()
