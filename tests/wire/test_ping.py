"""The simplest requests, which show that harness and server understand each other."""

from conftest import Connect
from support.client import Client


def test_ping_without_argument_answers_a_status(c: Client) -> None:
    assert c.raw("PING") == b"+PONG\r\n"


def test_ping_with_argument_answers_it_as_a_bulk_string(c: Client) -> None:
    assert c.raw("PING", b"a\r\n\x00b") == b"$5\r\na\r\n\x00b\r\n"


def test_ping_with_two_arguments_is_refused(c: Client) -> None:
    assert c.err("PING", "a", "b") == "ERR wrong number of arguments for 'ping' command"


def test_echo_answers_its_argument(c: Client) -> None:
    assert c.raw("ECHO", "") == b"$0\r\n\r\n"
    assert c.raw("ECHO", b"\xff" * 70000) == b"$70000\r\n" + b"\xff" * 70000 + b"\r\n"


def test_command_names_are_found_in_any_case(c: Client) -> None:
    for name in ("ping", "PING", "pInG"):
        assert c.call(name) == "PONG"


def test_two_connections_are_answered_each_its_own(connect: Connect) -> None:
    first, second = connect(), connect()
    first.send("ECHO", "one")
    second.send("ECHO", "two")
    assert second.read() == b"two"
    assert first.read() == b"one"


def test_unknown_command_is_quoted_with_its_first_arguments(c: Client) -> None:
    assert c.err("NOPE") == "ERR unknown command 'NOPE', with args beginning with: "
    assert c.err("NOPE", "a", "b c") == (
        "ERR unknown command 'NOPE', with args beginning with: 'a' 'b c' "
    )
