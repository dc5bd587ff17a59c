"""Lists and those who wait for them: who is served, when, with what, and what it feeds."""

from __future__ import annotations

import time

import pytest
from conftest import Connect, StartServer
from support.client import Client
from support.limits import raise_descriptor_limit
from support.resp import Arg, encode
from support.text import info_fields
from support.wait import wait_for

_WRONG_TYPE = "WRONGTYPE Operation against a key holding the wrong kind of value"


def _blocked(c: Client) -> int:
    return int(info_fields(c.ok("INFO", "clients"))["blocked_clients"])


@pytest.fixture
def waiting(c: Client, connect: Connect) -> "Waiting":
    return Waiting(c, connect)


class Waiting:
    """Makes connections that wait, one after the other."""

    def __init__(self, c: Client, connect: Connect) -> None:
        self._c, self._connect = c, connect

    def __call__(self, *command: Arg) -> Client:
        before = _blocked(self._c)
        client = self._connect()
        client.send(*command)
        wait_for("the client to block", lambda: _blocked(self._c) == before + 1)
        return client

    def none_left(self) -> None:
        assert _blocked(self._c) == 0


# Served at once


def test_nobody_waits_for_what_is_there(c: Client) -> None:
    c.ok("RPUSH", "l", "a", "b", "c", "d", "e", "f", "g")
    assert c.call("BLPOP", "none", "l", 0) == [b"l", b"a"]
    assert c.call("BRPOP", "l", "none", "0.5") == [b"l", b"g"]
    assert c.call("BLMPOP", 0, 2, "none", "l", "RIGHT", "COUNT", 2) == [b"l", [b"f", b"e"]]
    assert c.call("BLMOVE", "l", "m", "LEFT", "LEFT", 0) == b"b"
    assert c.call("BRPOPLPUSH", "l", "m", 0) == b"d"
    assert c.ok("LRANGE", "m", 0, -1) == [b"d", b"b"]


def test_time_is_over(c: Client, c3: Client) -> None:
    for command in (
        *(("BLPOP", "a", "b", "0.01"), ("BRPOP", "a", "0.01"), ("BLMPOP", "0.01", 1, "a", "LEFT")),
        *(("BLMOVE", "a", "b", "LEFT", "LEFT", "0.01"), ("BRPOPLPUSH", "a", "b", "0.01")),
    ):
        started = time.monotonic()
        assert c.raw(*command) == b"*-1\r\n"
        assert time.monotonic() - started > 0.009
        assert c3.raw(*command) == b"_\r\n"


def test_timeouts_that_are_refused(c: Client) -> None:
    for command in (("BLPOP", "a"), ("BRPOP", "a"), ("BRPOPLPUSH", "a", "b")):
        assert c.err(*command, "x") == "ERR timeout is not a float or out of range"
        assert c.err(*command, -1) == "ERR timeout is negative"
        assert c.err(*command, "") == "ERR timeout is not a float or out of range"


def test_within_a_transaction_nobody_waits(c: Client) -> None:
    c.ok("MULTI")
    for command in (
        *(("BLPOP", "a", 0), ("BRPOPLPUSH", "a", "b", 0), ("BLMPOP", 0, 1, "a", "LEFT")),
        *(("BLMOVE", "a", "b", "LEFT", "LEFT", 0), ("RPUSH", "a", "x"), ("BRPOP", "a", 0)),
    ):
        assert c.call(*command) == "QUEUED"
    assert c.raw("EXEC") == b"*6\r\n*-1\r\n$-1\r\n*-1\r\n$-1\r\n:1\r\n*2\r\n$1\r\na\r\n$1\r\nx\r\n"


# Who is served


def test_first_come_first_served(c: Client, waiting: Waiting) -> None:
    clients = [waiting("BLPOP", "l", "m", 0) for _ in range(4)]
    assert c.call("RPUSH", "l", "a", "b", "c") == 3
    assert [client.read() for client in clients[:3]] == [[b"l", v] for v in (b"a", b"b", b"c")]
    assert c.call("EXISTS", "l") == 0
    assert c.call("RPUSH", "m", "d", "e") == 2
    assert clients[3].read() == [b"m", b"d"]
    assert c.ok("LRANGE", "m", 0, -1) == [b"e"]
    waiting.none_left()


def test_both_ends_and_several_values(c: Client, waiting: Waiting) -> None:
    tail = waiting("BRPOP", "l", 0)
    some = waiting("BLMPOP", 0, 2, "none", "l", "LEFT", "COUNT", 2)
    head = waiting("BLPOP", "l", 0)
    assert c.call("RPUSH", "l", "a", "b", "c", "d") == 4
    assert tail.read() == [b"l", b"d"]
    assert some.read() == [b"l", [b"a", b"b"]]
    assert head.read() == [b"l", b"c"]
    assert c.call("EXISTS", "l") == 0


def test_the_key_that_was_fed_first_wins(c: Client, waiting: Waiting) -> None:
    client = waiting("BLPOP", "a", "b", "c", 0)
    c.pipeline([("MULTI",), ("RPUSH", "c", "1"), ("RPUSH", "a", "2"), ("EXEC",)])
    assert client.read() == [b"c", b"1"]
    assert c.ok("LRANGE", "a", 0, -1) == [b"2"]


def test_a_key_that_is_named_twice(c: Client, waiting: Waiting) -> None:
    client = waiting("BLPOP", "a", "a", "b", "a", 0)
    c.ok("RPUSH", "a", "1", "2")
    assert client.read() == [b"a", b"1"]
    assert c.ok("LRANGE", "a", 0, -1) == [b"2"]


def test_a_transaction_feeds_when_it_has_ended(c: Client, waiting: Waiting) -> None:
    client = waiting("BLPOP", "l", 0)
    replies = c.pipeline(
        [("MULTI",), ("RPUSH", "l", "a"), ("LPUSH", "l", "b"), ("LLEN", "l"), ("EXEC",)]
    )
    assert replies[-1] == [1, 2, 2]
    assert client.read() == [b"l", b"b"]
    assert c.ok("LRANGE", "l", 0, -1) == [b"a"]


def test_a_list_that_went_within_the_transaction_serves_nobody(
    c: Client, waiting: Waiting
) -> None:
    client = waiting("BLPOP", "l", 0)
    c.pipeline([("MULTI",), ("RPUSH", "l", "a"), ("DEL", "l"), ("EXEC",)])
    assert _blocked(c) == 1
    c.ok("SET", "l", "text")
    assert _blocked(c) == 1
    c.ok("DEL", "l")
    c.ok("RPUSH", "l", "b")
    assert client.read() == [b"l", b"b"]


def test_lists_that_come_in_other_ways(c: Client, waiting: Waiting) -> None:
    client = waiting("BLPOP", "l", 0)
    c.ok("RPUSH", "other", "renamed")
    c.ok("RENAME", "other", "l")
    assert client.read() == [b"l", b"renamed"]

    client = waiting("BLPOP", "l", 0)
    c.ok("RPUSH", "other", "copied")
    c.ok("COPY", "other", "l")
    assert client.read() == [b"l", b"copied"]

    client = waiting("BRPOP", "l", 0)
    c.pipeline([("SELECT", 1), ("RPUSH", "l", "moved"), ("MOVE", "l", 0), ("SELECT", 0)])
    assert client.read() == [b"l", b"moved"]

    client = waiting("BLPOP", "l", 0)
    c.pipeline([("SELECT", 1), ("RPUSH", "l", "swapped"), ("SELECT", 0), ("SWAPDB", 0, 1)])
    assert client.read() == [b"l", b"swapped"]
    waiting.none_left()


def test_a_wait_goes_on_in_its_own_database(c: Client, waiting: Waiting) -> None:
    client = waiting("BLPOP", "l", 0)
    c.pipeline([("SELECT", 1), ("RPUSH", "l", "elsewhere"), ("SELECT", 0)])
    assert _blocked(c) == 1
    c.ok("RPUSH", "l", "here")
    assert client.read() == [b"l", b"here"]


def test_unblock_and_disconnect(c: Client, waiting: Waiting) -> None:
    first, second = waiting("BLPOP", "l", 0), waiting("BLPOP", "l", 0)
    first.close()
    wait_for("the server to see it go", lambda: _blocked(c) == 1)
    c.ok("RPUSH", "l", "a")
    assert second.read() == [b"l", b"a"]


# What is served feeds others


def test_moves_that_wait(c: Client, waiting: Waiting) -> None:
    one = waiting("BLMOVE", "a", "b", "LEFT", "RIGHT", 0)
    two = waiting("BRPOPLPUSH", "a", "b", 0)
    c.ok("RPUSH", "a", "1", "2", "3")
    assert (one.read(), two.read()) == (b"1", b"3")
    assert c.ok("LRANGE", "a", 0, -1) == [b"2"]
    assert c.ok("LRANGE", "b", 0, -1) == [b"3", b"1"]


def test_a_chain(c: Client, waiting: Waiting) -> None:
    last = waiting("BLPOP", "d", 0)
    third = waiting("BLMOVE", "c", "d", "LEFT", "LEFT", 0)
    second = waiting("BRPOPLPUSH", "b", "c", 0)
    first = waiting("BLMOVE", "a", "b", "RIGHT", "RIGHT", 0)
    assert c.call("RPUSH", "a", "x") == 1
    assert [client.read() for client in (first, second, third)] == [b"x"] * 3
    assert last.read() == [b"d", b"x"]
    assert c.call("DBSIZE") == 0
    waiting.none_left()


def test_a_circle_ends(c: Client, waiting: Waiting) -> None:
    one = waiting("BLMOVE", "a", "b", "LEFT", "LEFT", 0)
    two = waiting("BLMOVE", "b", "a", "LEFT", "LEFT", 0)
    c.ok("RPUSH", "a", "x")
    assert (one.read(), two.read()) == (b"x", b"x")
    assert c.ok("LRANGE", "a", 0, -1) == [b"x"]


def test_onto_itself(c: Client, waiting: Waiting) -> None:
    client = waiting("BRPOPLPUSH", "a", "a", 0)
    c.ok("RPUSH", "a", "x", "y")
    assert client.read() == b"y"
    assert c.ok("LRANGE", "a", 0, -1) == [b"y", b"x"]


def test_a_target_of_another_type(c: Client, waiting: Waiting) -> None:
    client = waiting("BLMOVE", "a", "b", "LEFT", "LEFT", 0)
    behind = waiting("BLPOP", "a", 0)
    c.ok("SET", "b", "text")
    c.ok("RPUSH", "a", "x")
    assert client.read().text == _WRONG_TYPE
    assert behind.read() == [b"a", b"x"]
    assert c.call("GET", "b") == b"text"


@pytest.mark.beyond_oracle
def test_blmovem_waits_for_enough(c: Client, waiting: Waiting) -> None:
    exact = waiting("BLMOVEM", "a", "b", "LEFT", "RIGHT", 0, "EXACTLY", 3, "BULK")
    c.ok("RPUSH", "a", "1", "2")
    assert _blocked(c) == 1
    c.ok("RPUSH", "a", "3", "4")
    assert exact.read() == [b"1", b"2", b"3"]
    some = waiting("BLMOVEM", "c", "b", "LEFT", "RIGHT", 0, "COUNT", 3, "OBO")
    c.ok("RPUSH", "c", "5")
    assert some.read() == [b"5"]
    assert c.ok("LRANGE", "b", 0, -1) == [b"1", b"2", b"3", b"5"]
    assert c.raw("BLMOVEM", "c", "b", "LEFT", "LEFT", "0.01") == b"*-1\r\n"


# Many


@pytest.mark.heavy
def test_ten_thousand_wait_without_work(start_server: StartServer, connect: Connect) -> None:
    many = 10_000
    if raise_descriptor_limit() < many + 200:
        pytest.skip("too few descriptors")
    server = start_server({"maxclients": many + 100})
    control = connect(server)
    clients = [connect(server) for _ in range(many)]
    for number, client in enumerate(clients):
        client.send("BLPOP", f"own:{number}", "shared", 0)
    wait_for("all to block", lambda: _blocked(control) == many)

    def cpu_s() -> float:
        fields = info_fields(control.ok("INFO", "cpu"))
        return float(fields["used_cpu_user"]) + float(fields["used_cpu_sys"])

    before, started = cpu_s(), time.monotonic()
    control.pipeline([("SET", "x", "y")] * 1000)
    wait_for("a second to pass", lambda: time.monotonic() - started > 1)
    assert cpu_s() - before < 0.5

    control.send_raw(b"".join(encode("RPUSH", "shared", b"%d" % i) for i in range(many)))
    assert [control.read() for _ in range(many)] == [1] * many
    for number, client in enumerate(clients):
        assert client.read() == [b"shared", b"%d" % number]
    assert _blocked(control) == 0
