"""What is no request: the error in its place, behind the replies to what came before, then the
end of the connection."""

from __future__ import annotations

import pytest
from conftest import Connect, StartServer
from support.client import Client
from support.resp import encode
from support.server import Server

_MULTIBULK = b"-ERR Protocol error: invalid multibulk length\r\n"
_BULK = b"-ERR Protocol error: invalid bulk length\r\n"
_QUOTES = b"-ERR Protocol error: unbalanced quotes in request\r\n"


def _expected(got: bytes) -> bytes:
    return b"-ERR Protocol error: expected '$', got '%b'\r\n" % got


@pytest.mark.parametrize(
    ("request_", "error"),
    [
        (b"*abc\r\n", _MULTIBULK),
        (b"*\r\n", _MULTIBULK),
        (b"*1x\r\n", _MULTIBULK),
        (b"* 1\r\n", _MULTIBULK),
        (b"*+1\r\n", _MULTIBULK),
        (b"*01\r\n", _MULTIBULK),
        (b"*2147483648\r\n", _MULTIBULK),
        (b"*9223372036854775808\r\n", _MULTIBULK),
        (b"*99999999999999999999999999\r\n", _MULTIBULK),
        (b"*1\r\n$abc\r\n", _BULK),
        (b"*1\r\n$\r\n", _BULK),
        (b"*1\r\n$-1\r\n", _BULK),
        (b"*1\r\n$-2147483649\r\n", _BULK),
        (b"*1\r\n$ 4\r\n", _BULK),
        (b"*1\r\n$4 \r\n", _BULK),
        (b"*1\r\n$04\r\n", _BULK),
        (b"*1\r\n$536870913\r\n", _BULK),
        (b"*1\r\n$2147483648\r\n", _BULK),
        (b"*1\r\n$9223372036854775807\r\n", _BULK),
        (b"*1\r\n$9223372036854775808\r\n", _BULK),
        (b"*1\r\nPING\r\n", _expected(b"P")),
        (b"*1\r\n+PING\r\n", _expected(b"+")),
        (b"*1\r\n:4\r\n", _expected(b":")),
        (b"*1\r\n\r\n", _expected(b" ")),
        (b"*1\r\n\xff\r\n", _expected(b"\xff")),
        (b"*2\r\n$4\r\nECHO\r\n*1\r\n", _expected(b"*")),
        (b"PING 'a\r\n", _QUOTES),
        (b'PING "a\r\n', _QUOTES),
        (b"PING 'a'b\r\n", _QUOTES),
        (b'PING "a"b\r\n', _QUOTES),
        (b'PING "a\\"\r\n', _QUOTES),
    ],
)
def test_broken_request_is_answered_and_the_connection_closed(
    c: Client, request_: bytes, error: bytes
) -> None:
    c.send_raw(request_)
    assert c.read_to_end() == error


def test_replies_to_earlier_requests_come_first(c: Client) -> None:
    c.send_raw(encode("SET", "a", "1") + encode("INCR", "a") + b"*1\r\n$-1\r\n" + encode("INCR", "a"))
    assert c.read_to_end() == b"+OK\r\n:2\r\n" + _BULK


def test_requests_behind_a_broken_one_are_not_executed(connect: Connect) -> None:
    c = connect()
    c.send_raw(b"*x\r\n" + encode("SET", "behind", "1"))
    c.read_to_end()
    assert connect().call("EXISTS", "behind") == 0


def test_broken_request_in_pieces(connect: Connect) -> None:
    data = encode("PING") + b"*2\r\n$4\r\nECHO\r\n$9x\r\n"
    for cut in range(1, len(data)):
        c = connect()
        c.send_pieces(data, [cut])
        assert c.read_to_end() == b"+PONG\r\n" + _BULK, f"cut at {cut}"
        c.close()


@pytest.mark.parametrize(
    ("start", "error"),
    [
        (b"x", b"-ERR Protocol error: too big inline request\r\n"),
        (b"*", b"-ERR Protocol error: too big mbulk count string\r\n"),
        (b"*1\r\n$", b"-ERR Protocol error: too big bulk count string\r\n"),
    ],
)
def test_line_that_never_ends_is_refused_beyond_64_kib(
    c: Client, start: bytes, error: bytes
) -> None:
    c.send_raw(start + b"1" * 70_000)
    assert c.read_to_end() == error


def test_line_of_60_kib_is_accepted(c: Client) -> None:
    word = b"x" * 60_000
    assert c.inline(b"ECHO " + word + b"\r\n") == b"$60000\r\n" + word + b"\r\n"


def test_greatest_count_of_arguments_is_believed_until_they_come(c: Client) -> None:
    """2^31 - 1 arguments are announced; no memory is taken for them in advance."""
    c.send_raw(b"*2147483647\r\n$4\r\nPING\r\n")
    c.sock.shutdown(1)
    assert c.read_to_end() == b""


def test_greatest_bulk_is_believed_until_it_comes(connect: Connect) -> None:
    clients = [connect() for _ in range(50)]
    for c in clients:
        c.send_raw(b"*2\r\n$4\r\nECHO\r\n$536870912\r\nstart")
    assert connect().call("PING") == "PONG"


@pytest.mark.parametrize("line", [b"POST / HTTP/1.1", b"post x", b"Host: example.org", b"host: x"])
def test_http_is_cut_off_without_an_answer(c: Client, server: Server, line: bytes) -> None:
    c.send_raw(line + b"\r\nSET attack 1\r\n")
    assert c.read_to_end() == b""
    server.wait_for_log("Possible SECURITY ATTACK detected")


def test_http_commands_behind_the_line_are_not_executed(connect: Connect) -> None:
    c = connect()
    c.send_raw(b"POST / HTTP/1.1\r\nSET attack 1\r\n")
    c.read_to_end()
    assert connect().call("EXISTS", "attack") == 0


def test_protocol_error_is_counted(c: Client, server: Server, connect: Connect) -> None:
    c.send_raw(b"*x\r\n")
    c.read_to_end()
    assert server.running
    assert connect().call("PING") == "PONG"


# The limits of clients that have not authenticated

_COUNT_LIMIT = b"-ERR Protocol error: unauthenticated multibulk length\r\n"
_SIZE_LIMIT = b"-ERR Protocol error: unauthenticated bulk length\r\n"


@pytest.fixture
def guarded(start_server: StartServer) -> Server:
    return start_server({"requirepass": "secret"})


def test_unauthenticated_client_may_send_ten_arguments(guarded: Server, connect: Connect) -> None:
    c = connect(guarded)
    assert c.err("MGET", *"123456789").startswith("NOAUTH")
    c.send("MGET", *"123456789a")
    assert c.read_to_end() == _COUNT_LIMIT


def test_unauthenticated_client_may_send_bulks_of_16_kib(guarded: Server, connect: Connect) -> None:
    c = connect(guarded)
    assert c.err("ECHO", b"x" * 16384).startswith("NOAUTH")
    c.send("ECHO", b"x" * 16385)
    assert c.read_to_end() == _SIZE_LIMIT


def test_limits_end_with_authentication_within_a_pipeline(
    guarded: Server, connect: Connect
) -> None:
    c = connect(guarded)
    c.send_raw(
        encode("AUTH", "secret")
        + encode("ECHO", b"x" * 20000)
        + encode("MSET", *range(40))
        + encode("PING")
    )
    assert [c.read() for _ in range(4)] == ["OK", b"x" * 20000, "OK", "PONG"]


def test_refused_authentication_leaves_the_limits(guarded: Server, connect: Connect) -> None:
    c = connect(guarded)
    c.send_raw(encode("AUTH", "wrong") + encode("MGET", *range(40)))
    assert c.read_to_end() == (
        b"-WRONGPASS invalid username-password pair or user is disabled.\r\n" + _COUNT_LIMIT
    )
