"""Streams: verbs with their events and effects on others who wait; what random programs against the
oracle do not show. All but what is marked holds for redis-server, too."""

from __future__ import annotations

import time
from typing import Any

import pytest
from conftest import Connect
from support.client import Client
from support.text import info_fields
from support.wait import wait_for


def _add(c: Client, key: str, *ids: str) -> None:
    for ident in ids:
        assert c.call("XADD", key, ident, "f", ident) == ident.encode()


def _entry(ident: str) -> list[Any]:
    return [ident.encode(), [b"f", ident.encode()]]


def _blocked(c: Client) -> int:
    return int(info_fields(c.ok("INFO", "clients"))["blocked_clients"])


def _block(c: Client, client: Client, *words: object) -> None:
    """Sends a command, and returns when its client waits."""
    before = _blocked(c)
    client.send(*words)
    wait_for("the client to block", lambda: _blocked(c) == before + 1)


# IDs


def test_automatic_ids_rise_and_follow_the_clock(c: Client) -> None:
    before = int(time.time() * 1000)
    ids = [c.ok("XADD", "s", "*", "f", "v") for _ in range(50)]
    parts = [tuple(map(int, i.split(b"-"))) for i in ids]
    assert parts == sorted(set(parts))
    assert before - 1000 <= parts[0][0] <= int(time.time() * 1000) + 1000


def test_the_last_possible_id(c: Client) -> None:
    top = "18446744073709551615-18446744073709551615"
    _add(c, "s", "18446744073709551615-18446744073709551614", top)
    full = "ERR The stream has exhausted the last possible ID, unable to add more items"
    assert c.err("XADD", "s", "*", "f", "v") == full
    assert c.err("XADD", "s", "1-1", "f", "v") == full
    assert c.call("XRANGE", "s", top, top) == [_entry(top)]
    assert c.call("XREAD", "STREAMS", "s", top) is None
    assert c.err("XRANGE", "s", f"({top}", "+") == "ERR invalid start ID for the interval"
    assert c.err("XRANGE", "s", "-", "(0-0") == "ERR invalid end ID for the interval"


def test_values_of_all_sizes_come_back(c: Client) -> None:
    values = [b"", b"x" * 63, b"x" * 64, b"y" * 4095, b"y" * 4096, b"z" * 200_000, b"\x00\xff", b"007"]
    for value in values:
        c.ok("XADD", "s", "*", value, value, "n", "-12345")
    got = c.ok("XRANGE", "s", "-", "+")
    assert [fields for _, fields in got] == [[v, v, b"n", b"-12345"] for v in values]
    assert [e for e in reversed(got)] == c.ok("XREVRANGE", "s", "+", "-")


def test_many_fields(c: Client) -> None:
    pairs = [b"%d" % i for i in range(2000)]
    c.ok("XADD", "s", "1-1", *pairs)
    c.ok("XADD", "s", "2-1", *pairs)
    c.ok("XADD", "s", "3-1", "other", *pairs[:-1])
    assert [fields for _, fields in c.ok("XRANGE", "s", "-", "+")] == [
        pairs, pairs, [b"other", *pairs[:-1]]
    ]


# Events


def test_events(c: Client, connect: Connect) -> None:
    c.ok("CONFIG", "SET", "notify-keyspace-events", "Etg")
    other = connect()
    other.call("PSUBSCRIBE", "__keyevent@0__:*")
    _add(c, "s", "1-1", "2-1", "3-1")
    c.ok("XADD", "s", "MAXLEN", "=", "2", "4-1", "f", "4-1")
    c.ok("XGROUP", "CREATE", "s", "g", "0")
    c.ok("XREADGROUP", "GROUP", "g", "c", "STREAMS", "s", ">")
    c.ok("XCLAIM", "s", "g", "d", "0", "3-1")
    c.ok("XGROUP", "CREATECONSUMER", "s", "g", "d")
    c.ok("XGROUP", "CREATECONSUMER", "s", "g", "e")
    c.ok("XGROUP", "DELCONSUMER", "s", "g", "e")
    c.ok("XGROUP", "SETID", "s", "g", "0")
    c.ok("XACK", "s", "g", "3-1")
    c.ok("XDEL", "s", "3-1", "9-9")
    c.ok("XDEL", "s", "3-1")
    c.ok("XTRIM", "s", "MAXLEN", "0")
    c.ok("XTRIM", "s", "MAXLEN", "0")
    c.ok("XSETID", "s", "9-9")
    c.ok("XGROUP", "DESTROY", "s", "g")
    c.ok("DEL", "s")
    events = []
    while not events or events[-1] != "del":
        events.append(other.read()[2].decode().split(":")[1])
    assert events == [
        *("xadd", "xadd", "xadd", "xadd", "xtrim", "xgroup-create", "xgroup-createconsumer"),
        *("xgroup-createconsumer", "xgroup-createconsumer", "xgroup-delconsumer", "xgroup-setid"),
        *("xdel", "xtrim", "xsetid", "xgroup-destroy", "del"),
    ]
    c.ok("CONFIG", "SET", "notify-keyspace-events", "")


# Waiting


def test_xread_waits_for_what_comes(c: Client, connect: Connect) -> None:
    _add(c, "s", "1-1")
    first, second = connect(), connect(proto=3)
    _block(c, first, "XREAD", "BLOCK", 0, "STREAMS", "s", "t", "$", "0")
    _block(c, second, "XREAD", "COUNT", 1, "BLOCK", 0, "STREAMS", "t", "s", "5-0", "1-1")
    _add(c, "t", "4-1")
    assert first.read() == [[b"t", [_entry("4-1")]]]
    assert _blocked(c) == 1
    c.ok("MULTI")
    c.ok("XADD", "s", "2-1", "f", "2-1")
    c.ok("XADD", "s", "3-1", "f", "3-1")
    c.ok("EXEC")
    assert second.read() == {b"s": [_entry("2-1")]}
    assert c.call("XREAD", "BLOCK", 1, "STREAMS", "s", "$") is None


def test_nobody_wakes_for_other_types_and_all_see_the_same_entry(c: Client, connect: Connect) -> None:
    waiting = [connect() for _ in range(3)]
    for client in waiting:
        _block(c, client, "XREAD", "BLOCK", 0, "STREAMS", "s", "$")
    c.ok("SET", "s", "v")
    c.ok("DEL", "s")
    assert _blocked(c) == 3
    _add(c, "other", "7-7")
    c.ok("RENAME", "other", "s")
    assert [client.read() for client in waiting] == [[[b"s", [_entry("7-7")]]]] * 3


def test_consumers_are_served_in_order(c: Client, connect: Connect) -> None:
    c.ok("XGROUP", "CREATE", "s", "g", "$", "MKSTREAM")
    waiting = [connect() for _ in range(3)]
    for i, client in enumerate(waiting):
        _block(c, client, "XREADGROUP", "GROUP", "g", f"c{i}", "COUNT", 1, "BLOCK", 0, "STREAMS", "s", ">")
    for i, client in enumerate(waiting):
        _add(c, "s", f"{i + 1}-0")
        assert client.read() == [[b"s", [_entry(f"{i + 1}-0")]]]
    assert c.call("XPENDING", "s", "g") == [
        3, b"1-0", b"3-0", [[b"c0", b"1"], [b"c1", b"1"], [b"c2", b"1"]]
    ]


@pytest.mark.parametrize(
    "words, error",
    [
        (("DEL", "s"), "UNBLOCKED the stream key no longer exists"),
        (("FLUSHALL",), "UNBLOCKED the stream key no longer exists"),
        (("SET", "s", "v"), "UNBLOCKED the stream key no longer exists"),
        (("RENAME", "s", "t"), "UNBLOCKED the stream key no longer exists"),
        (("SWAPDB", "0", "1"), "UNBLOCKED the stream key no longer exists"),
        (
            ("XGROUP", "DESTROY", "s", "g"),
            "NOGROUP the consumer group this client was blocked on no longer exists",
        ),
    ],
)
def test_a_group_that_goes(c: Client, connect: Connect, words: tuple[str, ...], error: str) -> None:
    c.ok("XGROUP", "CREATE", "s", "g", "$", "MKSTREAM")
    other = connect()
    _block(c, other, "XREADGROUP", "GROUP", "g", "c", "BLOCK", 0, "STREAMS", "s", ">")
    c.ok(*words)
    assert other.read().text == error
    assert _blocked(c) == 0


def test_history_does_not_wait(c: Client) -> None:
    c.ok("XGROUP", "CREATE", "s", "g", "0", "MKSTREAM")
    assert c.call("XREADGROUP", "GROUP", "g", "c", "BLOCK", 0, "STREAMS", "s", "0") == [[b"s", []]]


def test_waiting_in_a_transaction_is_over_at_once(c: Client) -> None:
    c.ok("XGROUP", "CREATE", "s", "g", "0", "MKSTREAM")
    c.ok("MULTI")
    c.ok("XREAD", "BLOCK", 0, "STREAMS", "s", "$")
    c.ok("XREADGROUP", "GROUP", "g", "c", "BLOCK", 0, "STREAMS", "s", ">")
    assert c.ok("EXEC") == [None, None]


def test_who_has_read_what_breaks_no_watch(c: Client, connect: Connect) -> None:
    other = connect()
    c.ok("XGROUP", "CREATE", "s", "g", "0", "MKSTREAM")
    _add(c, "s", "1-1")
    other.ok("WATCH", "s")
    c.ok("XREADGROUP", "GROUP", "g", "c", "STREAMS", "s", ">")
    c.ok("XCLAIM", "s", "g", "d", "0", "1-1")
    c.ok("XACK", "s", "g", "1-1")
    c.ok("XGROUP", "DESTROY", "s", "g")
    other.ok("MULTI")
    assert other.ok("EXEC") == []
    other.ok("WATCH", "s")
    c.ok("XDEL", "s", "1-1")
    other.ok("MULTI")
    assert other.call("EXEC") is None


# Newer commands


@pytest.mark.beyond_oracle
def test_xdelex(c: Client) -> None:
    _add(c, "s", "1-1", "2-1", "3-1", "4-1")
    c.ok("XGROUP", "CREATE", "s", "g", "0")
    c.ok("XREADGROUP", "GROUP", "g", "c", "COUNT", 3, "STREAMS", "s", ">")
    assert c.call("XACK", "s", "g", "1-1") == 1
    assert c.call("XDELEX", "none", "IDS", 2, "1-1", "2-1") == [-1, -1]
    assert c.call("XDELEX", "s", "ACKED", "IDS", 4, "1-1", "2-1", "4-1", "9-9") == [1, 2, 2, -1]
    assert c.call("XDELEX", "s", "KEEPREF", "IDS", 1, "2-1") == [1]
    assert c.call("XPENDING", "s", "g")[0] == 2
    assert c.call("XDELEX", "s", "DELREF", "IDS", 2, "3-1", "4-1") == [1, 1]
    assert c.call("XPENDING", "s", "g")[:3] == [1, b"2-1", b"2-1"]
    assert c.call("XLEN", "s") == 0
    assert c.err("XDELEX", "s", "IDS", 2, "1-1").startswith("ERR The `numids` parameter")
    assert c.err("XDELEX", "s", "IDS", 0, "1-1").startswith("ERR Number of IDs")
    assert c.err("XDELEX", "s", "FOO", "IDS", 1, "1-1") == "ERR syntax error"


@pytest.mark.beyond_oracle
def test_xackdel(c: Client) -> None:
    _add(c, "s", "1-1", "2-1")
    for group in ("g", "h"):
        c.ok("XGROUP", "CREATE", "s", group, "0")
        c.ok("XREADGROUP", "GROUP", group, "c", "STREAMS", "s", ">")
    assert c.call("XACKDEL", "s", "none", "IDS", 1, "1-1") == [-1]
    assert c.call("XACKDEL", "s", "g", "ACKED", "IDS", 3, "1-1", "2-1", "3-1") == [2, 2, -1]
    assert c.call("XACKDEL", "s", "h", "ACKED", "IDS", 1, "1-1") == [1]
    assert c.call("XACKDEL", "s", "h", "IDS", 1, "2-1") == [1]
    assert c.call("XLEN", "s") == 0


@pytest.mark.beyond_oracle
def test_trimming_minds_references(c: Client) -> None:
    _add(c, "s", "1-1", "2-1", "3-1")
    c.ok("XGROUP", "CREATE", "s", "g", "0")
    c.ok("XREADGROUP", "GROUP", "g", "c", "COUNT", 2, "STREAMS", "s", ">")
    c.ok("XACK", "s", "g", "2-1")
    assert c.call("XTRIM", "s", "MAXLEN", 0, "ACKED") == 1
    assert [i for i, _ in c.ok("XRANGE", "s", "-", "+")] == [b"1-1", b"3-1"]
    assert c.call("XADD", "s", "DELREF", "MAXLEN", 1, "4-1", "f", "v") == b"4-1"
    assert [i for i, _ in c.ok("XRANGE", "s", "-", "+")] == [b"4-1"]
    assert c.call("XPENDING", "s", "g")[0] == 0


@pytest.mark.beyond_oracle
def test_xnack_and_claim(c: Client) -> None:
    _add(c, "s", "1-1", "2-1", "3-1")
    c.ok("XGROUP", "CREATE", "s", "g", "0")
    c.ok("XREADGROUP", "GROUP", "g", "c", "COUNT", 2, "STREAMS", "s", ">")
    assert c.call("XNACK", "s", "g", "FAIL", "IDS", 2, "1-1", "9-9") == 1
    assert c.call("XNACK", "s", "g", "SILENT", "IDS", 1, "3-1") == 0
    pending = c.ok("XPENDING", "s", "g", "-", "+", 10)
    assert [(i, who, n) for i, who, _, n in pending] == [(b"1-1", b"", 1), (b"2-1", b"c", 1)]
    read = ("XREADGROUP", "GROUP", "g", "d", "CLAIM", 1_000_000, "STREAMS", "s", ">")
    [[_, got]] = c.ok(*read)
    assert [entry[0] for entry in got] == [b"1-1", b"3-1"]
    assert got[0][2] > 1_000_000 and got[0][3] == 1 and got[1][2:] == [0, 0]
    assert c.call(*read) is None
    assert c.call("XNACK", "s", "g", "FATAL", "IDS", 1, "1-1") == 1
    assert c.ok("XPENDING", "s", "g", "-", "+", 1)[0][3] == 2**63 - 1
    assert c.call("XNACK", "s", "g", "SILENT", "IDS", 1, "1-1", "RETRYCOUNT", 4) == 1
    assert c.ok("XPENDING", "s", "g", "-", "+", 1)[0][3] == 4
    assert c.call("XACK", "s", "g", "1-1") == 1
    assert c.call("XNACK", "s", "g", "FAIL", "IDS", 1, "1-1", "FORCE") == 1
    assert c.call("XAUTOCLAIM", "s", "g", "e", 5_000_000, "0", "JUSTID") == [b"0-0", [b"1-1"], []]
    assert c.err("XNACK", "s", "none", "FAIL", "IDS", 1, "1-1").startswith("NOGROUP")
    assert c.err("XNACK", "s", "g", "BAD", "IDS", 1, "1-1") == "ERR syntax error"


def _ids(reply: list[Any] | None) -> dict[bytes, list[bytes]]:
    return {key: [entry[0] for entry in entries] for key, entries in reply or []}


@pytest.mark.beyond_oracle
def test_limits_of_all_streams_together(c: Client) -> None:
    for key in ("s", "t", "u"):
        _add(c, key, "1-1", "2-1", "3-1")  # of 7 bytes each
    streams = ("STREAMS", "s", "t", "u", "0", "1", "2")
    assert _ids(c.call("XREAD", "MAXCOUNT", 100, "MAXSIZE", 1000, *streams)) == {
        **{b"s": [b"1-1", b"2-1", b"3-1"], b"t": [b"1-1", b"2-1", b"3-1"]},
        **{b"u": [b"2-1", b"3-1"]},
    }
    assert _ids(c.call("XREAD", "MAXCOUNT", 4, *streams)) == {
        **{b"s": [b"1-1", b"2-1", b"3-1"], b"t": [b"1-1"]},
    }
    assert _ids(c.call("XREAD", "MAXCOUNT", 3, *streams)) == {b"s": [b"1-1", b"2-1", b"3-1"]}
    assert _ids(c.call("XREAD", "COUNT", 1, "MAXCOUNT", 2, *streams)) == {
        **{b"s": [b"1-1"], b"t": [b"1-1"]},
    }
    for size, want in ((1, 1), (7, 1), (13, 1), (14, 2), (21, 3), (27, 3)):
        assert _ids(c.call("XREAD", "MAXSIZE", size, *streams)) == {
            b"s": [b"1-1", b"2-1", b"3-1"][:want],
        }
    assert _ids(c.call("XREAD", "MAXSIZE", 28, *streams))[b"t"] == [b"1-1"]
    for word in ("MAXCOUNT", "MAXSIZE"):
        refused = f"ERR {word} must be a positive integer"
        assert c.err("XREAD", word, 0, *streams) == refused
        assert c.err("XREAD", word, "x", *streams) == refused


@pytest.mark.beyond_oracle
def test_limits_of_a_group_in_all_streams_together(c: Client) -> None:
    for key in ("s", "t"):
        _add(c, key, "1-1", "2-1")
        c.ok("XGROUP", "CREATE", key, "g", "0")
    new = ("XREADGROUP", "GROUP", "g", "c", "MAXCOUNT", 3)
    assert _ids(c.call(*new, "STREAMS", "s", "t", ">", ">")) == {
        **{b"s": [b"1-1", b"2-1"], b"t": [b"1-1"]},
    }
    # What was had: nothing is said of a stream that there was no room for.
    assert c.call("XDEL", "s", "1-1") == 1
    had = ("XREADGROUP", "GROUP", "g", "c", "MAXSIZE")
    rest = ("STREAMS", "s", "t", "0", "0")
    assert c.call(*had, 7, *rest) == [[b"s", [[b"1-1", None], _entry("2-1")]]]
    assert _ids(c.call(*had, 14, *rest)) == {b"s": [b"1-1", b"2-1"], b"t": [b"1-1"]}
    assert c.call(*had, 14, "STREAMS", "s", "t", "9", "0") == [[b"s", []], [b"t", [_entry("1-1")]]]
    # And what was taken over, before what is new.
    claim = ("XREADGROUP", "GROUP", "g", "d", "CLAIM", 0, "MAXCOUNT", 2)
    assert _ids(c.call(*claim, "STREAMS", "t", "s", ">", ">")) == {b"t": [b"1-1", b"2-1"]}
    assert _ids(c.call(*claim, "STREAMS", "s", "t", ">", ">")) == {b"s": [b"2-1"], b"t": [b"1-1"]}


@pytest.mark.beyond_oracle
def test_limits_hold_for_who_waited(c: Client, connect: Connect) -> None:
    other = connect()
    _block(c, other, "XREAD", "MAXCOUNT", 2, "BLOCK", 0, "STREAMS", "s", "$")
    c.ok("MULTI")
    for ident in ("1-1", "2-1", "3-1"):
        c.ok("XADD", "s", ident, "f", ident)
    c.ok("EXEC")
    assert _ids(other.read()) == {b"s": [b"1-1", b"2-1"]}
