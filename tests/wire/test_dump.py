"""DUMP and RESTORE: every type, there and back, also by way of redis-server."""

from __future__ import annotations

import shutil
import struct
from pathlib import Path
from typing import Iterator

import pytest
from conftest import StartServer, Subject
from support.client import Client
from support.rdb import crc64
from support.samples import fill as fill_samples
from support.server import Server

ORACLE = shutil.which("redis-server") or "/usr/bin/redis-server"
CORPUS = Path(__file__).resolve().parents[1] / "corpus" / "codec_payload"
BAD_FOOTER = "ERR DUMP payload version or checksum are wrong"

def _whole(value: bytes, version: int) -> bytes:
    """A payload with a right footer."""
    payload = value + struct.pack("<H", version)
    return payload + struct.pack("<Q", crc64(payload))


def _corpus(name: str) -> bytes:
    made = (CORPUS / name).read_bytes()
    return _whole(made[2:-10], made[1])


def _fill_lists(c: Client) -> None:
    """Packs of one value each, long values in packs of their own, packs that are compressed."""
    c.ok("CONFIG", "SET", "list-max-listpack-size", 2, "list-compress-depth", 1)
    for size in (40, 300, 5000, 70_000):
        values = [bytes([97 + i % 26]) * (size + i) for i in range(20)]
        c.ok("RPUSH", f"list:compressed:{size}", *values)
    for size in (8191, 8192, 8193, 65536, 1_000_000):
        c.ok("RPUSH", f"list:plain:{size}", "a", b"p" * size, bytes(i % 251 for i in range(size)), 7)
    c.ok("CONFIG", "SET", "list-max-listpack-size", -2, "list-compress-depth", 0)
    c.ok("RPUSH", "list:numbers", *range(-3000, 3000, 7))
    c.ok("RPUSH", "list:binary", *(bytes([i]) * (i % 5) for i in range(256)))


def _fill_sets(c: Client) -> None:
    for name, step in (("16", 1), ("32", 1 << 17), ("64", 1 << 40)):
        for count in (1, 2, 512, 513):
            c.ok("SADD", f"set:int{name}:{count}", *(i * step * (-1) ** i for i in range(count)))
    c.ok("SADD", "set:edges", -(2**63), 2**63 - 1, -(2**15), 2**15, -(2**31), 2**31)
    c.ok("SADD", "set:mixed", 1, 2, "text", "", b"\x00\xff", "007")
    c.ok("SADD", "set:wide:members", *("w" * i for i in range(60, 70)))
    c.ok("SADD", "set:huge:member", "h" * 100_000, "small")


def _fill_hashes_and_sorted_sets(c: Client) -> None:
    c.ok("HSET", "hash:odd", "", "", "5", "-5", b"\x00", b"\xff" * 30, "n", 2**63 - 1)
    for size in (63, 64, 65, 5000, 100_000):
        c.ok("HSET", f"hash:value:{size}", "f", "v" * size, "g", 1)
        c.ok("ZADD", f"zset:member:{size}", 1, "m" * size, 2, "other")
    scores = ["inf", "-inf", 0, "-0.0", "5e-324", "1.7976931348623157e308", "-1e-300", 2**53 + 2]
    c.ok("ZADD", "zset:scores", *(p for i, s in enumerate(scores) for p in (s, f"m{i}")))
    many = [p for i in range(1000) for p in (scores[i % len(scores)], f"m{i}")]
    c.ok("ZADD", "zset:scores:many", *many)
    c.ok("ZADD", "zset:one:score", *(p for i in range(400) for p in (1, f"m{i * 7919 % 400}")))
    c.ok("GEOADD", "geo", 13.361389, 38.115556, "Palermo", 15.087269, 37.502669, "Catania")


def _fill_strings(c: Client) -> None:
    c.ok("PFADD", "hll:sparse", *range(10))
    c.ok("PFADD", "hll:dense", *range(20_000))
    c.ok("PFADD", "hll:empty")
    c.ok("SETBIT", "bits", 100_000, 1)
    c.ok("APPEND", "appended", "12")
    c.ok("APPEND", "appended", "34")
    c.ok("SET", "float", "1.5")
    c.ok("INCRBYFLOAT", "float", "1.5")
    for size in (65_535, 65_536, 65_537, 1_000_000):
        c.ok("SET", f"string:same:{size}", b"s" * size)
        c.ok("SET", f"string:words:{size}", (b"some words %d; " % size * size)[:size])
        c.ok("SET", f"string:noise:{size}", bytes((i * i ^ i >> 3) & 255 for i in range(size)))


def _fill_streams(c: Client) -> None:
    """With groups, pending entries of several consumers, deleted ones, and trimmed."""
    for count in (1, 99, 100, 101, 350):
        for i in range(count):
            fields = ("f", i) if i % 3 else (f"f{i}", "x" * (i % 70), "g", "")
            c.ok("XADD", f"stream:{count}", f"{i // 4 + 1}-{i}", *fields)
    c.ok("XADD", "stream:huge", "1-1", "f", "v" * 100_000)
    c.ok("XADD", "stream:gone", "5-5", "f", "v")
    c.ok("XDEL", "stream:gone", "5-5")
    c.ok("XADD", "stream:edge", "18446744073709551615-18446744073709551615", "f", -(2**63))
    key = "stream:350"
    c.ok("XTRIM", key, "MAXLEN", 230)
    c.ok("XDEL", key, "60-237", "61-240")
    for group in ("g", "h", ""):
        c.ok("XGROUP", "CREATE", key, group, 0, "ENTRIESREAD", 120)
        for consumer, taken in (("a", 30), ("b", 1), ("", 5)):
            c.ok("XREADGROUP", "GROUP", group, consumer, "COUNT", taken, "STREAMS", key, ">")
        c.ok("XGROUP", "CREATECONSUMER", key, group, "idle")
    pending = [row[0] for row in c.ok("XPENDING", key, "g", "-", "+", 100)]
    c.ok("XACK", key, "g", *pending[::3])
    c.ok("XCLAIM", key, "g", "b", 0, pending[1], "RETRYCOUNT", 17, "JUSTID")
    c.ok("XDEL", key, pending[1])
    c.ok("XSETID", key, "9999-1", "ENTRIESADDED", 1000, "MAXDELETEDID", "70-1")


FILLS = {
    "lists": _fill_lists,
    "sets": _fill_sets,
    "hashes_and_sorted_sets": _fill_hashes_and_sorted_sets,
    "strings": _fill_strings,
    "streams": _fill_streams,
}


@pytest.fixture
def peer() -> Iterator[Client]:
    """A redis-server."""
    with Server(ORACLE) as server:
        server.start()
        with server.connect() as client:
            yield client


def _pass_on(source: Client, target: Client) -> None:
    for key in source.ok("KEYS", "*"):
        payload = source.ok("DUMP", key)
        assert target.call("RESTORE", key, 0, payload, "REPLACE") == "OK", key
        digests = [c.ok("DEBUG", "DIGEST-VALUE", key) for c in (source, target)]
        assert digests[0] == digests[1], key
    assert source.ok("DBSIZE") == target.ok("DBSIZE")


def _back(source: Client, target: Client) -> None:
    """The same keys once more, in the other direction, over what is there."""
    before = {key: source.ok("OBJECT", "ENCODING", key) for key in source.ok("KEYS", "*")}
    _pass_on(source, target)
    assert before == {key: source.ok("OBJECT", "ENCODING", key) for key in before}


def _known(info: list[object]) -> dict[object, object]:
    """Of XINFO STREAM, without how the entries lie in memory."""
    fields = dict(zip(info[::2], info[1::2]))
    return {k: v for k, v in fields.items() if k not in (b"radix-tree-keys", b"radix-tree-nodes")}


def test_what_redis_server_dumps_is_restored(c: Client, peer: Client) -> None:
    fill_samples(peer)
    _pass_on(peer, c)


def test_what_is_dumped_redis_server_restores(c: Client, peer: Client) -> None:
    fill_samples(c)
    _pass_on(c, peer)


@pytest.mark.parametrize("name", FILLS)
def test_every_form_and_size_goes_to_redis_server_and_back(
    c: Client, peer: Client, name: str
) -> None:
    FILLS[name](c)
    _pass_on(c, peer)
    _back(peer, c)


@pytest.mark.parametrize("name", FILLS)
def test_every_form_and_size_comes_from_redis_server_and_goes_back(
    c: Client, peer: Client, name: str
) -> None:
    FILLS[name](peer)
    _pass_on(peer, c)
    _back(c, peer)


def test_what_is_known_of_streams_and_cardinalities_stays(c: Client, peer: Client) -> None:
    _fill_streams(peer)
    _fill_strings(peer)
    _pass_on(peer, c)
    questions = [("XINFO", "GROUPS", "stream:350"), ("XINFO", "STREAM", "stream:350")]
    questions += [("XPENDING", "stream:350", group) for group in ("g", "h", "")]
    # The third of each row is how long it idles.
    questions += [("XPENDING", "stream:350", "g", "-", "+", 100, one) for one in ("a", "b", "")]
    questions += [("PFCOUNT", "hll:sparse"), ("PFCOUNT", "hll:dense"), ("GET", "hll:sparse")]
    for question in questions:
        got, want = c.ok(*question), peer.ok(*question)
        if question[1:2] == ("stream:350",) and len(question) > 3:
            got, want = ([row[:2] + row[3:] for row in reply] for reply in (got, want))
        if question[1] == "STREAM":
            got, want = (_known(reply) for reply in (got, want))
        assert got == want, question


def test_there_and_back(c: Client) -> None:
    fill_samples(c)
    for key in c.ok("KEYS", "*"):
        payload, encoding = c.ok("DUMP", key), c.ok("OBJECT", "ENCODING", key)
        digest = c.ok("DEBUG", "DIGEST-VALUE", key)
        assert c.call("RESTORE", key, 0, payload, "REPLACE") == "OK"
        assert c.ok("DEBUG", "DIGEST-VALUE", key) == digest, key
        assert c.ok("OBJECT", "ENCODING", key) == encoding, key


def test_old_forms_are_read(c: Client) -> None:
    for name in ("list_linked", "list_ziplist", "list_ziplists", "list_plain"):
        assert c.call("RESTORE", name, 0, _corpus(name)) == "OK"
    assert c.call("LRANGE", "list_linked", 0, -1) == [b"a", b"5"]
    assert c.call("LRANGE", "list_ziplist", 0, -1) == [b"a", b"5", b"-300"]
    assert c.call("LRANGE", "list_ziplists", 0, -1) == [b"a", b"1", b"b"]
    assert c.call("LRANGE", "list_plain", 0, -1) == [b"plain", b"a", b"1"]
    for name in ("zset_text", "zset_ziplist"):
        assert c.call("RESTORE", name, 0, _corpus(name)) == "OK"
    assert c.call("ZSCORE", "zset_text", "b") == b"inf"
    assert c.call("ZRANGE", "zset_ziplist", 0, -1) == [b"a", b"b"]
    for name in ("hash_zipmap", "hash_ziplist"):
        assert c.call("RESTORE", name, 0, _corpus(name)) == "OK"
    assert c.call("HMGET", "hash_zipmap", "a", "b") == [b"x", b"yz"]
    assert c.call("HMGET", "hash_ziplist", "a", "b") == [b"1", b"x"]


@pytest.mark.beyond_oracle
def test_forms_of_later_servers_are_read(c: Client) -> None:
    assert c.call("RESTORE", "s", 0, _corpus("set_listpack")) == "OK"
    assert sorted(c.ok("SMEMBERS", "s")) == [b"5", b"a", b"b"]
    times = ("hash_times_valkey", "hash_times_candidate", "hash_times", "hash_listpack_times")
    for name in times:
        assert c.call("RESTORE", name, 0, _corpus(name)) == "OK"
        got = c.ok("HPEXPIRETIME", name, "FIELDS", 2, "a", "b")
        assert sorted(got) == [-1, 9000000000000], name


@pytest.mark.beyond_oracle
def test_times_of_fields_stay(c: Client) -> None:
    for count in (3, 1000):
        c.ok("HSET", "h", *(part for i in range(count) for part in (f"f{i}", i)))
        c.ok("HPEXPIREAT", "h", 9000000000000, "FIELDS", 1, "f1")
        c.ok("HPEXPIREAT", "h", 9000000000777, "FIELDS", 1, "f2")
        payload = c.ok("DUMP", "h")
        assert payload[-10:-8] == b"\x0c\x00"
        c.ok("RESTORE", "h", 0, payload, "REPLACE")
        wanted = [-1, 9000000000000, 9000000000777]
        assert c.call("HPEXPIRETIME", "h", "FIELDS", 3, "f0", "f1", "f2") == wanted
        assert c.call("HLEN", "h") == count
        c.ok("DEL", "h")


@pytest.mark.parametrize(
    "value",
    [
        b"\x02\x00",  # a set of nothing
        b"\x02\x02\x01a\x01a",  # a member twice
        b"\x04\x01\x01a",  # a field without a value
        b"\x05\x01\x01a" + struct.pack("<d", float("nan")),
        b"\x0b\x08" + struct.pack("<II", 2, 0),  # an intset of nothing
        b"\x0b\x0a" + struct.pack("<IIh", 2, 2, 5),  # numbers that are not there
        b"\x00\xc3\x05\x81\xff\xff\xff\xff\xff\xff\xff\xffabcde",  # LZF of far too much
        b"\x00\x81\xff\xff\xff\xff\xff\xff\xff\xff",  # a string longer than the payload
        b"\x12\x01\x03\x01a",  # a pack of no known sort
        b"\x12\x01\x02\x07\x07\x00\x00\x00\x00\x00\xff",  # an empty pack alone
        b"\x10\x07\x07\x00\x00\x00\x00\x00\xff",  # a hash in an empty listpack
        b"\x63",
        b"",
    ],
)
def test_bad_values_are_refused(c: Client, value: bytes) -> None:
    c.ok("SET", "k", "old")
    assert c.err("RESTORE", "k", 0, _whole(value, 10), "REPLACE") == "ERR Bad data format"
    assert c.call("GET", "k") == b"old"


@pytest.mark.beyond_oracle  # redis-server looks that closely when it is told to
def test_nothing_is_in_a_collection_twice(c: Client) -> None:
    for value in (
        b"\x04\x02\x01a\x01b\x01a\x01c",
        b"\x0b\x0c" + struct.pack("<IIhh", 2, 2, 5, 5),
        b"\x10\x0f\x0f\x00\x00\x00\x04\x00\x01\x01\x02\x01\x01\x01\x02\x01\xff",
    ):
        assert c.err("RESTORE", "k", 0, _whole(value, 10)) == "ERR Bad data format"


def test_values_of_modules_are_refused(c: Client) -> None:
    assert c.err("RESTORE", "k", 0, _corpus("module")).startswith("ERR Bad data format")


def test_the_footer_is_checked(c: Client) -> None:
    c.ok("SET", "k", "value")
    payload = c.ok("DUMP", "k")
    assert payload == _whole(b"\x00\x05value", 10)
    for bad in (b"", payload[:9], payload[:-1], payload[2:], payload[:-1] + b"\x00"):
        assert c.err("RESTORE", "new", 0, bad) == BAD_FOOTER
    for version in (15, 79, 81, 999):
        assert c.err("RESTORE", "new", 0, _whole(b"\x00\x05value", version)) == BAD_FOOTER
    assert c.call("EXISTS", "new") == 0


def test_a_wrong_checksum_may_be_overlooked(c: Client) -> None:
    c.ok("SET", "k", "value")
    bad = c.ok("DUMP", "k")[:-1] + b"\x00"
    c.ok("DEBUG", "SET-SKIP-CHECKSUM-VALIDATION", 1)
    assert c.call("RESTORE", "new", 0, bad) == "OK"
    c.ok("DEBUG", "SET-SKIP-CHECKSUM-VALIDATION", 0)
    assert c.err("RESTORE", "new", 0, bad, "REPLACE") == BAD_FOOTER


def test_dump_of_nothing(c: Client) -> None:
    assert c.call("DUMP", "missing") is None


def test_restore_keeps_a_key_that_is_there(c: Client) -> None:
    c.ok("SET", "k", "value")
    payload = c.ok("DUMP", "k")
    busy = "BUSYKEY Target key name already exists."
    assert c.err("RESTORE", "k", 0, payload) == busy
    assert c.err("RESTORE", "k", "abc", b"no payload") == busy
    c.ok("SET", "k", "other", "EX", 1000)
    assert c.call("RESTORE", "k", 0, payload, "REPLACE") == "OK"
    assert c.call("GET", "k") == b"value"
    assert c.call("TTL", "k") == -1


def test_times(c: Client) -> None:
    c.ok("SET", "k", "value")
    payload = c.ok("DUMP", "k")
    assert c.call("RESTORE", "a", 5_000_000, payload) == "OK"
    assert 4_000_000 < c.ok("PTTL", "a") <= 5_000_000
    assert c.call("RESTORE", "b", 9_000_000_000_000, payload, "ABSTTL") == "OK"
    assert c.call("PEXPIRETIME", "b") == 9_000_000_000_000
    assert c.call("RESTORE", "c", 1, payload, "ABSTTL") == "OK"
    assert c.call("EXISTS", "c") == 0
    assert c.call("RESTORE", "a", 1, payload, "ABSTTL", "REPLACE") == "OK"
    assert c.call("EXISTS", "a") == 0
    negative = "ERR Invalid TTL value, must be >= 0"
    assert c.err("RESTORE", "d", -1, payload) == negative


def test_idle_time_and_frequency(c: Client) -> None:
    c.ok("SET", "k", "value")
    payload = c.ok("DUMP", "k")
    assert c.call("RESTORE", "a", 0, payload, "IDLETIME", 1000) == "OK"
    assert c.ok("OBJECT", "IDLETIME", "a") >= 1000
    assert c.call("RESTORE", "b", 0, payload, "FREQ", 7) == "OK"
    syntax = "ERR syntax error"
    assert c.err("RESTORE", "c", 0, payload, "FREQ", 7, "IDLETIME", 5) == syntax
    assert c.err("RESTORE", "c", 0, payload, "IDLETIME") == syntax
    assert c.err("RESTORE", "c", 0, payload, "FREQ", 256) == (
        "ERR Invalid FREQ value, must be >= 0 and <= 255"
    )
    assert c.err("RESTORE", "c", 0, payload, "IDLETIME", -1) == (
        "ERR Invalid IDLETIME value, must be >= 0"
    )


def test_frequency_under_lfu(start_server: StartServer) -> None:
    with start_server({"maxmemory-policy": "allkeys-lfu"}).connect() as c:
        c.ok("SET", "k", "value")
        c.ok("RESTORE", "a", 0, c.ok("DUMP", "k"), "FREQ", 100)
        assert c.call("OBJECT", "FREQ", "a") == 100


def test_serialized_length(c: Client, subject: Subject) -> None:
    c.ok("SET", "k", "value")
    c.ok("ZADD", "z", 1, "a")
    for key in ("k", "z"):
        size = len(c.ok("DUMP", key)) - 11
        shown = c.raw("DEBUG", "OBJECT", key)
        assert b"serializedlength:%d " % size in shown


def test_length_of_members_is_not_asked_when_a_sorted_set_comes_in(c: Client) -> None:
    c.call("ZADD", "a", 1, "member")
    payload = c.call("DUMP", "a")
    before = c.ok("CONFIG", "GET", "zset-max-ziplist-value")[1]
    c.ok("CONFIG", "SET", "zset-max-ziplist-value", 1)
    c.ok("RESTORE", "b", 0, payload)
    assert c.call("OBJECT", "ENCODING", "b") == b"listpack"
    c.ok("CONFIG", "SET", "zset-max-ziplist-value", before)


@pytest.mark.beyond_oracle
def test_payloads_of_versions_that_are_not_known_are_taken_if_that_is_wanted(c: Client) -> None:
    for version in (15, 79, 81, 65535):
        assert c.err("RESTORE", "k", 0, _whole(b"\x00\x01v", version)) == BAD_FOOTER
    c.ok("CONFIG", "SET", "rdb-version-check", "relaxed")
    for version in (15, 79, 81, 65535):
        assert c.call("RESTORE", "k", 0, _whole(b"\x00\x01v", version), "REPLACE") == "OK"
        assert c.ok("GET", "k") == b"v"
    assert c.err("RESTORE", "other", 0, _whole(b"\x00\x01v", 0)) == BAD_FOOTER
    assert c.err("RESTORE", "other", 0, _whole(b"\x00\x01v", 15)[:-1] + b"!") == BAD_FOOTER
    c.ok("CONFIG", "SET", "rdb-version-check", "strict")
