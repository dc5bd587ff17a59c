"""Replies in RESP2 and RESP3: every type, as bytes."""

from __future__ import annotations

import pytest
from conftest import Connect
from support.client import Client
from support.resp import ReplyError, RespMap, RespSet, Verbatim

_TEXT = b"Some real reply following the attribute"

# Type: RESP2, RESP3.
_TYPES = {
    "string": (b"$11\r\nHello World\r\n", b"$11\r\nHello World\r\n"),
    "integer": (b":12345\r\n", b":12345\r\n"),
    "double": (b"$5\r\n3.141\r\n", b",3.141\r\n"),
    "null": (b"$-1\r\n", b"_\r\n"),
    "array": (b"*3\r\n:0\r\n:1\r\n:2\r\n", b"*3\r\n:0\r\n:1\r\n:2\r\n"),
    "set": (b"*3\r\n:0\r\n:1\r\n:2\r\n", b"~3\r\n:0\r\n:1\r\n:2\r\n"),
    "map": (
        b"*6\r\n:0\r\n:0\r\n:1\r\n:1\r\n:2\r\n:0\r\n",
        b"%3\r\n:0\r\n#f\r\n:1\r\n#t\r\n:2\r\n#f\r\n",
    ),
    "verbatim": (
        b"$25\r\nThis is a verbatim\nstring\r\n",
        b"=29\r\ntxt:This is a verbatim\nstring\r\n",
    ),
    "true": (b":1\r\n", b"#t\r\n"),
    "false": (b":0\r\n", b"#f\r\n"),
    "bignum": (
        b"$37\r\n1234567999999999999999999999999999999\r\n",
        b"(1234567999999999999999999999999999999\r\n",
    ),
}


def _debug_protocol(c: Client, type_: str) -> bytes:
    reply = c.raw("DEBUG", "PROTOCOL", type_)
    if reply.startswith(b"-ERR unknown subcommand"):
        pytest.skip("this server has no DEBUG PROTOCOL yet")
    return reply


@pytest.mark.parametrize("type_", _TYPES)
def test_type_in_resp2(c: Client, type_: str) -> None:
    assert _debug_protocol(c, type_) == _TYPES[type_][0]


@pytest.mark.parametrize("type_", _TYPES)
def test_type_in_resp3(c3: Client, type_: str) -> None:
    assert _debug_protocol(c3, type_) == _TYPES[type_][1]


def test_attribute_is_left_out_of_resp2(c: Client, c3: Client) -> None:
    assert _debug_protocol(c, "attrib") == b"$39\r\n" + _TEXT + b"\r\n"
    assert _debug_protocol(c3, "attrib") == (
        b"|1\r\n$14\r\nkey-popularity\r\n*2\r\n$7\r\nkey:123\r\n:90\r\n$39\r\n" + _TEXT + b"\r\n"
    )


# The types as ordinary commands use them


def test_missing_key_is_a_null_bulk_or_the_null(c: Client, c3: Client) -> None:
    assert c.raw("GET", "missing") == b"$-1\r\n"
    assert c3.raw("GET", "missing") == b"_\r\n"


def test_missing_keys_within_an_array(c: Client, c3: Client) -> None:
    c.ok("SET", "here", "1")
    assert c.raw("MGET", "here", "missing") == b"*2\r\n$1\r\n1\r\n$-1\r\n"
    assert c3.raw("MGET", "here", "missing") == b"*2\r\n$1\r\n1\r\n_\r\n"


def test_empty_array(c: Client, c3: Client) -> None:
    assert c.raw("KEYS", "*") == b"*0\r\n"
    assert c3.raw("KEYS", "*") == b"*0\r\n"


def test_directives_are_a_flat_array_or_a_map(c: Client, c3: Client) -> None:
    assert c.raw("CONFIG", "GET", "maxclients") == b"*2\r\n$10\r\nmaxclients\r\n$5\r\n10000\r\n"
    assert c3.raw("CONFIG", "GET", "maxclients") == b"%1\r\n$10\r\nmaxclients\r\n$5\r\n10000\r\n"
    assert c.raw("CONFIG", "GET", "nosuch") == b"*0\r\n"
    assert c3.raw("CONFIG", "GET", "nosuch") == b"%0\r\n"


def test_command_flags_are_an_array_or_a_set_of_statuses(c: Client, c3: Client) -> None:
    flags = [c.ok("COMMAND", "INFO", "ping")[0][2], c3.ok("COMMAND", "INFO", "ping")[0][2]]
    assert isinstance(flags[0], list) and not isinstance(flags[0], RespSet)
    assert isinstance(flags[1], RespSet)
    assert sorted(flags[0]) == sorted(flags[1]) == ["fast"]


def test_info_is_a_bulk_or_a_verbatim_text(c: Client, c3: Client) -> None:
    assert isinstance(c.ok("INFO", "server"), bytes)
    text = c3.ok("INFO", "server")
    assert isinstance(text, Verbatim)
    assert text.format == "txt" and text.data.startswith(b"# Server\r\n")


def test_hello_is_a_flat_array_or_a_map(c: Client) -> None:
    in_resp2 = c.ok("HELLO", "2")
    in_resp3 = c.ok("HELLO", "3")
    assert isinstance(in_resp2, list) and isinstance(in_resp3, RespMap)
    assert in_resp2[0::2] == list(in_resp3)


def test_errors_are_the_same_in_both(c: Client, c3: Client) -> None:
    text = b"-ERR wrong number of arguments for 'get' command\r\n"
    assert c.raw("GET") == c3.raw("GET") == text


def test_line_breaks_within_an_error_become_spaces(c: Client) -> None:
    assert c.raw("a\r\nb", "c\r\nd") == (
        b"-ERR unknown command 'a  b', with args beginning with: 'c  d' \r\n"
    )


def test_each_connection_has_its_own_protocol(connect: Connect) -> None:
    old, new = connect(proto=2), connect(proto=3)
    assert old.raw("GET", "x") == b"$-1\r\n"
    assert new.raw("GET", "x") == b"_\r\n"
    new.ok("HELLO", 2)
    assert new.raw("GET", "x") == b"$-1\r\n"


# CLIENT REPLY


def test_reply_off_silences_until_on(c: Client) -> None:
    c.send("CLIENT", "REPLY", "OFF")
    c.send("SET", "a", "1")
    c.send("GET", "a")
    c.send("NOPE")
    assert c.call("CLIENT", "REPLY", "ON") == "OK"
    assert c.call("GET", "a") == b"1"


def test_reply_skip_silences_one_command(c: Client) -> None:
    c.send("CLIENT", "REPLY", "SKIP")
    c.send("SET", "a", "1")
    assert c.call("GET", "a") == b"1"


def test_reply_skip_within_off_changes_nothing(c: Client) -> None:
    c.send("CLIENT", "REPLY", "OFF")
    c.send("CLIENT", "REPLY", "SKIP")
    c.send("GET", "a")
    assert c.call("CLIENT", "REPLY", "ON") == "OK"
    assert c.call("PING") == "PONG"


def test_reply_modes_within_one_pipeline(c: Client) -> None:
    commands = [
        *(("CLIENT", "REPLY", "SKIP"), ("ECHO", "skipped"), ("ECHO", "1")),
        *(("CLIENT", "REPLY", "OFF"), ("ECHO", "off"), ("GET",), ("CLIENT", "REPLY", "ON")),
        *(("ECHO", "2"), ("CLIENT", "REPLY", "SKIP"), ("NOPE",), ("ECHO", "3")),
    ]
    for command in commands:
        c.send(*command)
    assert [c.read() for _ in range(4)] == [b"1", "OK", b"2", b"3"]


def test_reply_with_an_unknown_mode_is_refused(c: Client) -> None:
    assert c.call("CLIENT", "REPLY", "FOO") == ReplyError("ERR syntax error")
