"""Small verbs of the connection and the server: SELECT, RESET, QUIT, TIME, DBSIZE, SWAPDB, flushes,
and DEBUG."""

from __future__ import annotations

import re
import time

import pytest
from conftest import Connect, StartServer
from support.client import Client
from support.resp import encode
from support.text import client_fields

# SELECT


def test_databases_are_apart(c: Client) -> None:
    for number in range(16):
        assert c.call("SELECT", number) == "OK"
        c.ok("SET", "a", number)
    for number in range(16):
        c.ok("SELECT", number)
        assert c.call("GET", "a") == b"%d" % number
        assert c.call("DBSIZE") == 1


def test_new_connection_begins_in_database_0(c: Client, connect: Connect) -> None:
    c.ok("SELECT", 5)
    assert client_fields(connect().ok("CLIENT", "INFO"))["db"] == "0"


@pytest.mark.parametrize("index", ["16", "-1", "2147483647"])
def test_select_out_of_range(c: Client, index: str) -> None:
    assert c.err("SELECT", index) == "ERR DB index is out of range"
    assert client_fields(c.ok("CLIENT", "INFO"))["db"] == "0"


@pytest.mark.parametrize("index", ["abc", "", "1.0", "9223372036854775808", " 1"])
def test_select_of_no_number(c: Client, index: str) -> None:
    assert c.err("SELECT", index) == "ERR value is not an integer or out of range"


# RESET and QUIT


def test_reset_forgets_what_the_connection_was(c: Client) -> None:
    c.ok("HELLO", 3, "SETNAME", "me")
    c.ok("SELECT", 5)
    c.ok("CLIENT", "NO-EVICT", "ON")
    assert c.raw("RESET") == b"+RESET\r\n"
    fields = client_fields(c.ok("CLIENT", "INFO"))
    assert (fields["name"], fields["db"], fields["resp"]) == ("", "0", "2")
    assert c.raw("GET", "x") == b"$-1\r\n"


def test_reset_ends_reply_off(c: Client) -> None:
    c.send("CLIENT", "REPLY", "OFF")
    assert c.call("RESET") == "RESET"
    assert c.call("PING") == "PONG"


def test_quit_answers_and_closes(c: Client) -> None:
    c.send_raw(encode("PING") + encode("QUIT") + encode("SET", "behind", "1"))
    assert c.read_to_end() == b"+PONG\r\n+OK\r\n"


def test_requests_behind_quit_are_not_executed(connect: Connect) -> None:
    c = connect()
    c.send_raw(encode("QUIT") + encode("SET", "behind", "1"))
    c.read_to_end()
    assert connect().call("EXISTS", "behind") == 0


# TIME, DBSIZE, flushes


def test_time_is_now(c: Client) -> None:
    before = time.time()
    seconds, micros = (int(part) for part in c.ok("TIME"))
    assert before - 1 <= seconds + micros / 1e6 <= time.time() + 1
    assert 0 <= micros < 1_000_000


def test_time_goes_on(c: Client) -> None:
    times = [tuple(int(part) for part in c.ok("TIME")) for _ in range(100)]
    assert times == sorted(times) and times[0] < times[-1]


def test_dbsize_counts_the_selected_database(c: Client) -> None:
    c.ok("MSET", "a", 1, "b", 2, "c", 3)
    assert c.call("DBSIZE") == 3
    c.ok("SELECT", 1)
    assert c.call("DBSIZE") == 0


@pytest.mark.parametrize("how", [(), ("SYNC",), ("ASYNC",), ("async",)])
def test_flushdb_empties_one_and_flushall_every_database(c: Client, how: tuple[str, ...]) -> None:
    c.ok("SET", "a", 1)
    c.ok("SELECT", 1)
    c.ok("SET", "b", 1, "EX", 1000)
    assert c.call("FLUSHDB", *how) == "OK"
    assert c.call("DBSIZE") == 0
    c.ok("SET", "b", 1)
    c.ok("SELECT", 0)
    assert c.call("DBSIZE") == 1
    assert c.call("FLUSHALL", *how) == "OK"
    assert c.call("DBSIZE") == 0
    assert c.ok("INFO", "keyspace") == b"# Keyspace\r\n"


def test_flush_refuses_wrong_options(c: Client) -> None:
    for verb in ("FLUSHDB", "FLUSHALL"):
        assert c.err(verb, "FOO") == "ERR syntax error"
        assert c.err(verb, "SYNC", "ASYNC") == "ERR syntax error"


def test_swapdb(c: Client, connect: Connect) -> None:
    other = connect()
    other.ok("SELECT", 1)
    c.ok("MSET", "a", 0, "b", 0)
    other.ok("SET", "a", 1, "EX", 1000)
    assert c.call("SWAPDB", 0, 1) == "OK"
    assert (c.call("GET", "a"), c.call("DBSIZE"), c.call("TTL", "a") > 900) == (b"1", 1, True)
    assert (other.call("GET", "a"), other.call("DBSIZE"), other.call("TTL", "a")) == (b"0", 2, -1)
    assert c.call("SWAPDB", 3, 3) == "OK"


def test_swapdb_refuses_wrong_indexes(c: Client) -> None:
    assert c.err("SWAPDB", "abc", 1) == "ERR invalid first DB index"
    assert c.err("SWAPDB", 1, "abc") == "ERR invalid second DB index"
    assert c.err("SWAPDB", 1, 16) == "ERR DB index is out of range"


# DEBUG


def test_debug_sleep_stops_the_server(c: Client) -> None:
    begun = time.monotonic()
    assert c.call("DEBUG", "SLEEP", "0.2") == "OK"
    assert time.monotonic() - begun >= 0.19


def test_debug_object(c: Client) -> None:
    c.ok("SET", "n", 12345)
    c.ok("SET", "s", "hello")
    pattern = (
        r"Value at:0x[0-9a-f]+ refcount:\d+ encoding:{} serializedlength:\d+ "
        r"lru:\d+ lru_seconds_idle:\d+"
    )
    assert re.match(pattern.format("int"), c.ok("DEBUG", "OBJECT", "n"))
    assert re.match(pattern.format("embstr"), c.ok("DEBUG", "OBJECT", "s"))
    assert c.err("DEBUG", "OBJECT", "missing") == "ERR no such key"


@pytest.mark.parametrize(
    ("value", "size"),
    [
        (b"", 1),
        (b"-128", 2),
        (b"128", 3),
        (b"-32769", 5),
        (b"2147483648", 11),
        (b"abc", 4),
        (bytes(range(63)), 64),
        (bytes(range(64)), 66),
    ],
)
def test_debug_object_tells_the_serialized_length(c: Client, value: bytes, size: int) -> None:
    c.ok("SET", "k", value)
    assert f" serializedlength:{size} " in c.ok("DEBUG", "OBJECT", "k")


def test_digest_of_nothing_is_zero(c: Client) -> None:
    assert c.call("DEBUG", "DIGEST") == "0" * 40
    assert c.call("DEBUG", "DIGEST-VALUE", "missing", "too") == ["0" * 40] * 2


def test_digest_is_that_of_the_peers(c: Client) -> None:
    """Recorded from redis-server, so that equal data has equal digests on every server."""
    c.ok("MSET", "a", "1", "b", "text", "c", b"\x00\xff")
    c.ok("SET", "d", "gone soon", "EX", 1000)
    c.ok("SELECT", 3)
    c.ok("SET", "a", b"x" * 100_000)
    assert c.call("DEBUG", "DIGEST") == "84daa7314610882bf259171080beb057ebd6251d"
    c.ok("SELECT", 0)
    assert c.call("DEBUG", "DIGEST-VALUE", "a", "b", "d") == [
        "b4fc66738120fba0b5aa500ab5c2bf89cea1c5da",
        "2ce3f57ae020966eb041fa6a47e5221ee0d42d6b",
        "f01ba88ea7ed3477bfde5661b5dd9e3940c5d6f3",
    ]


def test_digest_does_not_depend_on_the_order_of_insertion(c: Client) -> None:
    digests = set()
    for order in ("abcdefgh", "hgfedcba", "cadbgehf"):
        c.ok("FLUSHALL")
        for key in order:
            c.ok("SET", key, key * 3)
        digests.add(c.ok("DEBUG", "DIGEST"))
    assert len(digests) == 1


def test_populate(c: Client) -> None:
    assert c.call("DEBUG", "POPULATE", 1000) == "OK"
    assert c.call("DBSIZE") == 1000
    assert c.call("MGET", "key:0", "key:999") == [b"value:0", b"value:999"]
    assert c.call("DEBUG", "POPULATE", 10, "p", 12) == "OK"
    assert c.call("GET", "p:3") == b"value:3\x00\x00\x00\x00\x00"
    assert c.call("DEBUG", "POPULATE", 5, "p", 3) == "OK"
    assert c.call("GET", "p:3") == b"value:3\x00\x00\x00\x00\x00", "a key that exists is kept"


def test_htstats(c: Client, c3: Client) -> None:
    c.ok("DEBUG", "POPULATE", 100)
    assert b"[Dictionary HT]" in c.ok("DEBUG", "HTSTATS", 0)
    assert c3.raw("DEBUG", "HTSTATS", 0).startswith(b"=")
    assert c.err("DEBUG", "HTSTATS", 99) == "ERR Out of range database"


def test_debug_refuses_unknown_subcommands(c: Client) -> None:
    for args in (("FOO",), ("SLEEP",), ("OBJECT",)):
        assert c.err("DEBUG", *args) == (
            f"ERR unknown subcommand or wrong number of arguments for '{args[0]}'. Try DEBUG HELP."
        )


def test_debug_is_closed_unless_enabled(start_server: StartServer, connect: Connect) -> None:
    c = connect(start_server({"enable-debug-command": "no"}))
    assert c.err("DEBUG", "SLEEP", 0).startswith("ERR DEBUG command not allowed.")
    local = connect(start_server({"enable-debug-command": "local"}))
    assert local.call("DEBUG", "SLEEP", 0) == "OK"
