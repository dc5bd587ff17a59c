"""Requests: multibulk and inline, whole, split anywhere, and in pipelines of any depth."""

from __future__ import annotations

import random

import pytest
from conftest import Connect
from support.client import Client
from support.resp import encode


def test_multibulk_request_with_empty_arguments(c: Client) -> None:
    assert c.raw("SET", "", "") == b"+OK\r\n"
    assert c.raw("GET", "") == b"$0\r\n\r\n"


def test_arguments_are_binary(c: Client) -> None:
    everything = bytes(range(256)) * 3 + b"\r\n*1\r\n$4\r\nPING\r\n"
    assert c.call("SET", everything, everything) == "OK"
    assert c.call("GET", everything) == everything


@pytest.mark.parametrize("empty", [b"*0\r\n", b"*-1\r\n", b"*-10\r\n", b"\r\n", b"\n", b"   \r\n"])
def test_empty_requests_are_passed_over(c: Client, empty: bytes) -> None:
    c.send_raw(empty * 3 + encode("PING") + empty)
    assert c.read_raw() == b"+PONG\r\n"
    assert c.raw("ECHO", "x") == b"$1\r\nx\r\n"


def test_what_follows_a_bulk_is_not_looked_at(c: Client) -> None:
    c.send_raw(b"*1\r\n$4\r\nPINGxy*1\r\n$4\r\nPING\r\n")
    assert c.read_raw() == b"+PONG\r\n"
    assert c.read_raw() == b"+PONG\r\n"


# Inline requests


@pytest.mark.parametrize(
    ("line", "reply"),
    [
        (b"PING\r\n", b"+PONG\r\n"),
        (b"PING\n", b"+PONG\r\n"),
        (b"  PING  \r\n", b"+PONG\r\n"),
        (b"\tPING\t\r\n", b"+PONG\r\n"),
        (b"'PING'\r\n", b"+PONG\r\n"),
        (b"ECHO hello\r\n", b"$5\r\nhello\r\n"),
        (b"ECHO 'a b'\r\n", b"$3\r\na b\r\n"),
        (b'ECHO "a b"\r\n', b"$3\r\na b\r\n"),
        (b"ECHO ''\r\n", b"$0\r\n\r\n"),
        (b'ECHO ""\r\n', b"$0\r\n\r\n"),
        (b"ECHO 'a\\'b'\r\n", b"$3\r\na'b\r\n"),
        (b"ECHO 'a\\nb'\r\n", b"$4\r\na\\nb\r\n"),
        (b'ECHO "a\\"b"\r\n', b'$3\r\na"b\r\n'),
        (b'ECHO "\\n\\r\\t\\b\\a"\r\n', b"$5\r\n\n\r\t\x08\x07\r\n"),
        (b'ECHO "\\x41\\x4a\\xfF"\r\n', b"$3\r\nAJ\xff\r\n"),
        (b'ECHO "\\xzz\\x4"\r\n', b"$5\r\nxzzx4\r\n"),
        (b'ECHO "\\q"\r\n', b"$1\r\nq\r\n"),
        (b"ECHO a\\nb\r\n", b"$4\r\na\\nb\r\n"),
        (b"ECHO \xff\xfe\r\n", b"$2\r\n\xff\xfe\r\n"),
    ],
)
def test_inline_request(c: Client, line: bytes, reply: bytes) -> None:
    assert c.inline(line) == reply


def test_quote_in_the_middle_of_a_word_opens_a_quoted_part(c: Client) -> None:
    assert c.inline(b"ECHO a'b c'\r\n") == b"$4\r\nab c\r\n"
    assert c.inline(b'ECHO a"b c"\r\n') == b"$4\r\nab c\r\n"


def test_inline_and_multibulk_requests_may_alternate(c: Client) -> None:
    c.send_raw(b"ECHO 1\r\n" + encode("ECHO", "2") + b"ECHO 3\n" + encode("ECHO", "4"))
    assert [c.read() for _ in range(4)] == [b"1", b"2", b"3", b"4"]


# Any split


def _mixed_requests() -> tuple[bytes, list[bytes]]:
    requests = (
        encode("SET", "key", b"va\r\nlue")
        + b'ECHO "quoted \\x41"\r\n'
        + encode("GET", "key")
        + b"*0\r\n"
        + encode("ECHO", b"*1\r\n$4\r\nPING\r\n")
        + b"\r\nPING\n"
    )
    replies = [
        *(b"+OK\r\n", b"$8\r\nquoted A\r\n", b"$7\r\nva\r\nlue\r\n"),
        *(b"$14\r\n*1\r\n$4\r\nPING\r\n\r\n", b"+PONG\r\n"),
    ]
    return requests, replies


def test_request_split_after_every_byte(c: Client) -> None:
    requests, replies = _mixed_requests()
    for cut in range(1, len(requests)):
        c.send_pieces(requests, [cut])
        assert [c.read_raw() for _ in replies] == replies, f"cut at {cut}"


def test_request_byte_by_byte(c: Client) -> None:
    requests, replies = _mixed_requests()
    c.send_pieces(requests, range(1, len(requests)))
    assert [c.read_raw() for _ in replies] == replies


@pytest.mark.parametrize("seed", range(20))
def test_pipeline_split_at_random_bytes(c: Client, seed: int) -> None:
    chooser = random.Random(seed)
    values = [chooser.randbytes(chooser.choice((0, 1, 5, 100, 3000, 20000))) for _ in range(40)]
    data = b"".join(encode("ECHO", value) for value in values)
    c.send_pieces(data, [chooser.randrange(1, len(data)) for _ in range(30)])
    for value in values:
        assert c.read() == value


@pytest.mark.parametrize("size", [16383, 16384, 32767, 32768, 32769, 65536, 1 << 20, 5_000_000])
def test_big_argument_split_at_its_edges(c: Client, size: int) -> None:
    value = random.Random(size).randbytes(size)
    data = encode("SET", "big", value) + encode("GET", "big") + encode("PING")
    start = data.index(value)
    edges = [start - 2, start, start + 1, start + size - 1, start + size, start + size + 1]
    c.send_pieces(data, edges)
    assert c.read() == "OK"
    assert c.read() == value
    assert c.read() == "PONG"


def test_big_argument_does_not_hold_up_another_client(connect: Connect) -> None:
    slow, other = connect(), connect()
    data = encode("SET", "big", b"x" * 1_000_000)
    slow.send_raw(data[:500_000])
    assert other.call("PING") == "PONG"
    slow.send_raw(data[500_000:])
    assert slow.read() == "OK"


# Pipelines


def test_deep_pipeline_is_answered_in_order(c: Client) -> None:
    count = 100_000
    c.send_raw(b"".join(encode("ECHO", b"%d" % i) for i in range(count)))
    for i in range(count):
        assert c.read() == b"%d" % i


def test_pipeline_is_executed_while_it_arrives(c: Client) -> None:
    """The first replies come although the last request is not whole."""
    data = b"".join(encode("INCR", "n") for _ in range(1000))
    c.send_raw(data[:-1])
    for i in range(1, 1000):
        assert c.read() == i
    c.send_raw(data[-1:])
    assert c.read() == 1000


def test_pipelines_of_many_clients_do_not_mix(connect: Connect) -> None:
    clients = [connect() for _ in range(50)]
    for number, client in enumerate(clients):
        client.send_raw(b"".join(encode("ECHO", f"{number}:{i}") for i in range(200)))
    for number, client in enumerate(clients):
        for i in range(200):
            assert client.read() == f"{number}:{i}".encode()


def test_commands_of_one_pipeline_see_each_other(c: Client) -> None:
    replies = c.pipeline([("SET", "a", 1), ("INCR", "a"), ("DEL", "a"), ("GET", "a"), ("EXISTS", "a")])
    assert replies == ["OK", 2, 1, None, 0]


def test_replies_bigger_than_the_requests_are_all_sent(c: Client) -> None:
    """A client that reads late: 64 MiB of replies wait for it."""
    value = bytes(range(256)) * 4096
    c.ok("SET", "big", value)
    c.send_raw(encode("GET", "big") * 64)
    for _ in range(64):
        assert c.read() == value


def test_requests_before_the_end_of_the_connection_are_executed(connect: Connect) -> None:
    import socket

    c = connect()
    c.send_raw(encode("SET", "left", "behind") + encode("GET", "left"))
    c.sock.shutdown(socket.SHUT_WR)
    assert c.read_to_end() == b"+OK\r\n$6\r\nbehind\r\n"
    assert connect().call("GET", "left") == b"behind"
