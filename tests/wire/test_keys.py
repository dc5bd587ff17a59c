"""Keys whatever they hold: there or not, found by pattern, renamed, copied, moved, looked at."""

from __future__ import annotations

import pytest
from conftest import Connect, StartServer
from support.client import Client
from support.wait import wait_for

_SAME = "ERR source and destination objects are the same"
_INDEX = "ERR DB index is out of range"


def test_del_unlink_exists_touch_count_keys(c: Client) -> None:
    c.ok("MSET", "a", 1, "b", 2, "c", 3)
    assert c.call("EXISTS", "a", "missing", "a", "b") == 3
    assert c.call("TOUCH", "a", "missing", "a") == 2
    assert c.call("DEL", "a", "missing", "a") == 1
    assert c.call("UNLINK", "b", "c", "c") == 2
    assert c.call("DBSIZE") == 0


def test_type(c: Client) -> None:
    c.ok("SET", "a", 1)
    assert c.raw("TYPE", "a") == b"+string\r\n"
    assert c.raw("TYPE", "missing") == b"+none\r\n"


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("*", "hello hallo hxllo h*llo hllo heeeello h[e]llo"),
        ("h?llo", "hello hallo hxllo h*llo"),
        ("h*llo", "hello hallo hxllo h*llo hllo heeeello h[e]llo"),
        ("h[ae]llo", "hello hallo"),
        ("h[^e]llo", "hallo hxllo h*llo"),
        ("h[a-e]llo", "hello hallo"),
        ("h[e-a]llo", "hello hallo"),
        ("h\\*llo", "h*llo"),
        ("h\\[e\\]llo", "h[e]llo"),
        ("hello", "hello"),
        ("HELLO", ""),
        ("", ""),
        ("h[ello", ""),
        ("**", "hello hallo hxllo h*llo hllo heeeello h[e]llo"),
        ("*l*o", "hello hallo hxllo h*llo hllo heeeello h[e]llo"),
        ("h??lo", "hello hallo hxllo h*llo"),
    ],
)
def test_keys_by_pattern(c: Client, pattern: str, found: str) -> None:
    for key in ("hello", "hallo", "hxllo", "h*llo", "hllo", "heeeello", "h[e]llo"):
        c.ok("SET", key, 1)
    assert sorted(c.ok("KEYS", pattern)) == sorted(key.encode() for key in found.split())


def test_pattern_that_could_take_forever(c: Client) -> None:
    c.ok("SET", "a" * 50_000, 1)
    assert c.call("KEYS", "a*" * 50 + "b") == []
    assert c.call("PING") == "PONG"


def test_randomkey_reaches_every_key(c: Client) -> None:
    assert c.raw("RANDOMKEY") == b"$-1\r\n"
    keys = {b"k%d" % i for i in range(20)}
    for key in keys:
        c.ok("SET", key, 1)
    seen: set[bytes] = set()

    def all_seen() -> bool:
        seen.add(c.ok("RANDOMKEY"))
        return seen == keys

    wait_for("every key to be drawn", all_seen, poll_s=0)


def test_randomkey_never_answers_an_expired_key(c: Client) -> None:
    c.ok("SET", "stays", 1)
    for i in range(50):
        c.ok("SET", b"goes%d" % i, 1, "PX", 1)
    wait_for("them to expire", lambda: len(c.ok("KEYS", "*")) == 1)
    assert {c.ok("RANDOMKEY") for _ in range(50)} == {b"stays"}


# RENAME, COPY, MOVE


def test_rename_takes_value_and_time_along(c: Client) -> None:
    c.ok("SET", "a", "1", "PXAT", 4102444800123)
    c.ok("SET", "b", "other")
    assert c.call("RENAME", "a", "b") == "OK"
    assert (c.call("GET", "b"), c.call("PEXPIRETIME", "b")) == (b"1", 4102444800123)
    assert c.call("EXISTS", "a") == 0
    c.ok("SET", "plain", "2")
    c.ok("RENAME", "plain", "b")
    assert c.call("TTL", "b") == -1


def test_rename_to_the_same_name(c: Client) -> None:
    c.ok("SET", "a", "1", "EX", 1000)
    assert c.call("RENAME", "a", "a") == "OK"
    assert c.call("RENAMENX", "a", "a") == 0
    assert (c.call("GET", "a"), c.call("TTL", "a") > 900) == (b"1", True)


def test_rename_between_names_of_all_sizes(c: Client) -> None:
    sizes = (0, 1, 16, 44, 127, 128, 255, 256, 1000, 40_000)
    name, value = b"start", b"value" * 10
    c.ok("SET", name, value, "PXAT", 4102444800123)
    for size in (*sizes, *reversed(sizes)):
        new = b"n" * size
        assert c.call("RENAME", name, new) == "OK"
        assert (c.call("GET", new), c.call("PEXPIRETIME", new)) == (value, 4102444800123)
        assert c.call("DBSIZE") == 1
        name = new


def test_renamenx(c: Client) -> None:
    c.ok("MSET", "a", 1, "b", 2)
    assert c.call("RENAMENX", "a", "b") == 0
    assert c.call("RENAMENX", "a", "c") == 1
    assert c.call("MGET", "a", "b", "c") == [None, b"2", b"1"]


def test_rename_of_nothing(c: Client) -> None:
    for verb in ("RENAME", "RENAMENX"):
        assert c.err(verb, "missing", "x") == "ERR no such key"
        assert c.err(verb, "missing", "missing") == "ERR no such key"


def test_copy(c: Client) -> None:
    c.ok("SET", "a", "1", "PXAT", 4102444800123)
    assert c.call("COPY", "a", "b") == 1
    assert (c.call("GET", "b"), c.call("PEXPIRETIME", "b")) == (b"1", 4102444800123)
    c.ok("SET", "a", "2")
    assert c.call("COPY", "a", "b") == 0
    assert c.call("GET", "b") == b"1"
    assert c.call("COPY", "a", "b", "REPLACE") == 1
    assert (c.call("GET", "b"), c.call("TTL", "b")) == (b"2", -1)
    assert c.call("COPY", "missing", "b", "REPLACE") == 0
    c.ok("APPEND", "b", "x")
    assert c.call("GET", "a") == b"2", "the copy is its own"


def test_copy_to_another_database(c: Client) -> None:
    c.ok("SET", "a", "1")
    assert c.call("COPY", "a", "a", "DB", 3) == 1
    assert c.call("COPY", "a", "b", "REPLACE", "db", 3) == 1
    c.ok("SELECT", 3)
    assert c.call("MGET", "a", "b") == [b"1", b"1"]


def test_copy_of_a_big_value(c: Client) -> None:
    value = b"x" * 1_000_000
    c.ok("SET", "a", value)
    c.ok("COPY", "a", "b")
    c.ok("APPEND", "a", "y")
    assert c.call("GET", "b") == value
    c.ok("DEL", "a")
    assert c.call("GET", "b") == value


def test_copy_refuses(c: Client) -> None:
    c.ok("SET", "a", 1)
    assert c.err("COPY", "a", "a") == _SAME
    assert c.err("COPY", "a", "b", "DB", 16) == _INDEX
    assert c.err("COPY", "a", "b", "DB", "x") == "ERR value is not an integer or out of range"
    assert c.err("COPY", "a", "b", "FOO") == "ERR syntax error"


def test_move(c: Client) -> None:
    c.ok("SET", "a", "1", "PXAT", 4102444800123)
    assert c.call("MOVE", "a", 1) == 1
    assert c.call("EXISTS", "a") == 0
    c.ok("SET", "a", "2")
    assert c.call("MOVE", "a", 1) == 0
    assert c.call("MOVE", "missing", 1) == 0
    c.ok("SELECT", 1)
    assert (c.call("GET", "a"), c.call("PEXPIRETIME", "a")) == (b"1", 4102444800123)


def test_move_refuses(c: Client) -> None:
    c.ok("SET", "a", 1)
    assert c.err("MOVE", "a", 0) == _SAME
    assert c.err("MOVE", "a", 16) == _INDEX
    assert c.err("MOVE", "a", "x") == "ERR value is not an integer or out of range"


# OBJECT and MEMORY


@pytest.mark.parametrize(
    ("value", "encoding"),
    [
        ("0", b"int"),
        ("-9223372036854775808", b"int"),
        ("9223372036854775807", b"int"),
        ("9223372036854775808", b"embstr"),
        ("007", b"embstr"),
        ("1.5", b"embstr"),
        ("", b"embstr"),
        ("x" * 44, b"embstr"),
        ("x" * 1000, b"raw"),
        ("x" * 100_000, b"raw"),
    ],
)
def test_encoding_of_strings(c: Client, value: str, encoding: bytes) -> None:
    c.ok("SET", "a", value)
    assert c.call("OBJECT", "ENCODING", "a") == encoding
    c.ok("COPY", "a", "b")
    assert c.call("OBJECT", "ENCODING", "b") == encoding


def test_encoding_of_a_string_that_was_changed_in_place(c: Client) -> None:
    c.ok("SET", "a", "short")
    c.ok("APPEND", "a", "er")
    assert c.call("OBJECT", "ENCODING", "a") == b"raw"
    c.ok("SET", "a", "short")
    assert c.call("OBJECT", "ENCODING", "a") == b"embstr"
    c.ok("SET", "n", "1")
    c.ok("APPEND", "n", "2")
    assert c.call("OBJECT", "ENCODING", "n") == b"raw"
    c.ok("INCR", "n")
    assert c.call("OBJECT", "ENCODING", "n") == b"int"


def test_object_of_nothing(c: Client) -> None:
    for what in ("ENCODING", "REFCOUNT", "IDLETIME", "FREQ"):
        assert c.call("OBJECT", what, "missing") is None


def test_object_refcount(c: Client) -> None:
    c.ok("SET", "a", "text")
    assert c.call("OBJECT", "REFCOUNT", "a") == 1


def test_an_integer_whose_bits_were_set_is_shared_no_more(c: Client) -> None:
    c.ok("SET", "n", "99")
    assert c.call("OBJECT", "REFCOUNT", "n") == 2147483647
    assert c.call("SETBIT", "n", 9, 0) == 0
    assert c.call("OBJECT", "REFCOUNT", "n") == 1


def test_idle_time_grows_until_the_key_is_used(c: Client) -> None:
    c.ok("SET", "a", 1)
    assert c.call("OBJECT", "IDLETIME", "a") == 0
    wait_for("the key to be idle", lambda: c.ok("OBJECT", "IDLETIME", "a") >= 1)
    c.ok("TYPE", "a")
    assert c.call("OBJECT", "IDLETIME", "a") >= 1, "TYPE is no use"
    c.ok("GET", "a")
    assert c.call("OBJECT", "IDLETIME", "a") == 0


def test_frequency_needs_its_policy(start_server: StartServer, connect: Connect) -> None:
    c = connect(start_server())
    c.ok("SET", "a", 1)
    assert c.err("OBJECT", "FREQ", "a").startswith("ERR An LFU maxmemory policy is not selected")
    c.ok("CONFIG", "SET", "maxmemory-policy", "allkeys-lfu")
    c.ok("SET", "b", "text")
    assert c.call("OBJECT", "FREQ", "b") >= 1
    assert c.err("OBJECT", "IDLETIME", "a").startswith("ERR An LFU maxmemory policy is selected")


def test_object_refuses(c: Client) -> None:
    assert c.err("OBJECT", "FOO", "a") == "ERR unknown subcommand 'FOO'. Try OBJECT HELP."
    assert c.err("OBJECT") == "ERR wrong number of arguments for 'object' command"


def test_memory_usage(c: Client) -> None:
    assert c.call("MEMORY", "USAGE", "missing") is None
    c.ok("SET", "a", "x" * 10)
    small = c.ok("MEMORY", "USAGE", "a")
    c.ok("SET", "a", "x" * 10_000)
    big = c.ok("MEMORY", "USAGE", "a")
    assert 16 < small < 200 and 10_000 <= big < 25_000
    assert c.call("MEMORY", "USAGE", "a", "SAMPLES", 0) == big
    assert c.err("MEMORY", "USAGE", "a", "SAMPLES", -1) == "ERR syntax error"
    assert c.err("MEMORY", "USAGE", "a", "FOO") == "ERR syntax error"


# Big values go away in the background


@pytest.mark.parametrize("verb", ["DEL", "UNLINK", "SET", "GETDEL", "RENAME"])
def test_big_values_may_go_while_they_are_sent(connect: Connect, verb: str) -> None:
    """A reply of a big value is whole although the key changes right behind."""
    c = connect()
    value = bytes(range(256)) * 40_000
    c.ok("SET", "big", value)
    c.ok("SET", "small", "x")
    args = {"SET": ("big", "new"), "RENAME": ("small", "big")}.get(verb, ("big",))
    replies = c.pipeline([("GET", "big"), (verb, *args), ("EXISTS", "big")])
    assert replies[0] == value
