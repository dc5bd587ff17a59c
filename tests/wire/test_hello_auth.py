"""HELLO, AUTH and requirepass."""

from __future__ import annotations

import pytest
from conftest import Connect, StartServer
from support.client import Client
from support.resp import RespMap, encode
from support.server import Server

_WRONG = "WRONGPASS invalid username-password pair or user is disabled."
_NOAUTH = "NOAUTH Authentication required."


@pytest.fixture
def guarded(start_server: StartServer) -> Server:
    return start_server({"requirepass": "secret"})


# HELLO


def test_hello_says_who_answers(c: Client) -> None:
    reply = c.ok("HELLO")
    fields = dict(zip(reply[0::2], reply[1::2]))
    assert list(fields) == [b"server", b"version", b"proto", b"id", b"mode", b"role", b"modules"]
    assert fields[b"proto"] == 2
    assert fields[b"id"] == c.ok("CLIENT", "ID")
    assert (fields[b"mode"], fields[b"role"], fields[b"modules"]) == (b"standalone", b"master", [])


def test_hello_switches_the_protocol_there_and_back(c: Client) -> None:
    new = c.ok("HELLO", 3)
    assert isinstance(new, RespMap) and new[b"proto"] == 3
    assert c.raw("GET", "x") == b"_\r\n"
    assert isinstance(c.ok("HELLO"), RespMap)
    old = c.ok("HELLO", 2)
    assert isinstance(old, list) and old[5] == 2
    assert c.raw("GET", "x") == b"$-1\r\n"


@pytest.mark.parametrize("version", ["0", "1", "4", "-1", "100"])
def test_hello_refuses_other_versions(c: Client, version: str) -> None:
    assert c.err("HELLO", version) == "NOPROTO unsupported protocol version"


@pytest.mark.parametrize("version", ["abc", "", "3.0", "99999999999999999999"])
def test_hello_refuses_what_is_no_version(c: Client, version: str) -> None:
    assert c.err("HELLO", version) == "ERR Protocol version is not an integer or out of range"


@pytest.mark.parametrize("options", [("FOO",), ("AUTH",), ("AUTH", "default"), ("SETNAME",)])
def test_hello_refuses_wrong_options(c: Client, options: tuple[str, ...]) -> None:
    assert c.err("HELLO", 3, *options) == f"ERR Syntax error in HELLO option '{options[0]}'"
    assert c.raw("GET", "x") == b"$-1\r\n", "a refused HELLO changed the protocol"


def test_hello_sets_the_name(c: Client) -> None:
    c.ok("HELLO", 3, "SETNAME", "me")
    assert c.ok("CLIENT", "GETNAME") == b"me"


def test_hello_refuses_a_bad_name(c: Client) -> None:
    assert c.err("HELLO", 3, "SETNAME", "a b") == (
        "ERR Client names cannot contain spaces, newlines or special characters."
    )


def test_hello_with_a_wrong_user_changes_nothing(c: Client) -> None:
    assert c.err("HELLO", 3, "AUTH", "nobody", "x") == _WRONG
    assert c.raw("GET", "x") == b"$-1\r\n"


def test_hello_of_an_unauthenticated_client_must_authenticate(
    guarded: Server, connect: Connect
) -> None:
    c = connect(guarded)
    for args in ((), ("3",), ("2", "SETNAME", "x")):
        assert c.err("HELLO", *args).startswith(
            "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO"
        )


def test_hello_authenticates(guarded: Server, connect: Connect) -> None:
    c = connect(guarded)
    reply = c.ok("HELLO", 3, "AUTH", "default", "secret", "SETNAME", "in")
    assert reply[b"proto"] == 3
    assert c.ok("CLIENT", "GETNAME") == b"in"


def test_hello_with_a_wrong_password_is_refused(guarded: Server, connect: Connect) -> None:
    c = connect(guarded)
    assert c.err("HELLO", 3, "AUTH", "default", "wrong") == _WRONG
    assert c.err("PING") == _NOAUTH


# AUTH


def test_auth_without_a_password_configured(c: Client) -> None:
    assert c.err("AUTH", "x") == (
        "ERR AUTH <password> called without any password configured for the default user. "
        "Are you sure your configuration is correct?"
    )
    assert c.call("AUTH", "default", "anything") == "OK"


def test_auth_refuses_unknown_users(c: Client) -> None:
    assert c.err("AUTH", "nobody", "x") == _WRONG


def test_auth_with_too_many_arguments(c: Client) -> None:
    assert c.err("AUTH", "a", "b", "c") == "ERR syntax error"


@pytest.mark.parametrize("credentials", [("secret",), ("default", "secret")])
def test_auth_lets_in(guarded: Server, connect: Connect, credentials: tuple[str, ...]) -> None:
    c = connect(guarded)
    assert c.err("GET", "x") == _NOAUTH
    assert c.call("AUTH", *credentials) == "OK"
    assert c.call("GET", "x") is None


@pytest.mark.parametrize("credentials", [("wrong",), ("",), ("default", ""), ("secret", "secret")])
def test_auth_keeps_out(guarded: Server, connect: Connect, credentials: tuple[str, ...]) -> None:
    c = connect(guarded)
    assert c.err("AUTH", *credentials) == _WRONG
    assert c.err("GET", "x") == _NOAUTH


def test_wrong_password_later_does_not_take_the_login_away(
    guarded: Server, connect: Connect
) -> None:
    c = connect(guarded)
    c.ok("AUTH", "secret")
    assert c.err("AUTH", "wrong") == _WRONG
    assert c.call("PING") == "PONG"


def test_what_is_answered_without_authentication(guarded: Server, connect: Connect) -> None:
    c = connect(guarded)
    assert c.err("PING") == _NOAUTH
    assert c.err("COMMAND") == _NOAUTH
    assert c.err("NOPE").startswith("ERR unknown command 'NOPE'")
    assert c.err("GET") == "ERR wrong number of arguments for 'get' command"
    assert c.call("RESET") == "RESET"
    assert c.call("QUIT") == "OK"
    assert c.read_to_end() == b""


def test_reset_takes_the_login_away(guarded: Server, connect: Connect) -> None:
    c = connect(guarded)
    c.ok("AUTH", "secret")
    assert c.call("RESET") == "RESET"
    assert c.err("PING") == _NOAUTH


def test_password_set_at_run_time_binds_new_clients(start_server: StartServer, connect: Connect) -> None:
    server = start_server()
    before = connect(server)
    before.ok("CONFIG", "SET", "requirepass", "later")
    assert before.call("PING") == "PONG"
    after = connect(server)
    assert after.err("PING") == _NOAUTH
    assert after.call("AUTH", "later") == "OK"
    before.ok("CONFIG", "SET", "requirepass", "")
    assert connect(server).call("PING") == "PONG"


def test_password_is_told_to_those_who_are_in(guarded: Server, connect: Connect) -> None:
    c = connect(guarded)
    c.ok("AUTH", "secret")
    assert c.ok("CONFIG", "GET", "requirepass") == [b"requirepass", b"secret"]


def test_authentication_takes_effect_within_a_pipeline(guarded: Server, connect: Connect) -> None:
    c = connect(guarded)
    c.send_raw(encode("PING") + encode("AUTH", "secret") + encode("PING"))
    assert c.read_raw() == f"-{_NOAUTH}\r\n".encode()
    assert c.read_raw() == b"+OK\r\n"
    assert c.read_raw() == b"+PONG\r\n"
