"""What a server answers that stands alone: ROLE, WAIT, MODULE, CLUSTER; and LOLWUT."""

from __future__ import annotations

import time

import pytest
from conftest import Connect, StartServer, Subject
from support.client import Client
from support.resp import Verbatim
from support.wait import wait_for

NO_CLUSTER = "ERR This instance has cluster support disabled"
NOT_INT = "ERR value is not an integer or out of range"


def test_role_of_a_lone_primary(c: Client, c3: Client) -> None:
    for client in (c, c3):
        assert client.raw("ROLE") == b"*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n"
    assert c.err("ROLE", "x") == "ERR wrong number of arguments for 'role' command"


# ---- WAIT, WAITAOF ----


@pytest.mark.parametrize("replicas", [0, -1])
def test_wait_for_nobody_does_not_wait(c: Client, replicas: int) -> None:
    assert c.raw("WAIT", replicas, 0) == b":0\r\n"
    assert c.raw("WAIT", replicas, 100_000) == b":0\r\n"


def test_wait_gives_up_after_its_time(c: Client) -> None:
    assert c.raw("WAIT", 1, 20) == b":0\r\n"


def test_wait_lasts_as_long_as_told(c: Client, connect: Connect) -> None:
    """What comes behind waits, others go on; the time is the least that it lasts."""
    waiting = connect()
    waiting.ok("CLIENT", "ID")
    start = time.monotonic()
    waiting.send("WAIT", 1, 300)
    waiting.send("PING")
    assert c.ok("PING") == "PONG"
    assert waiting.read() == 0
    assert time.monotonic() - start >= 0.29
    assert waiting.read() == "PONG"


def test_wait_for_ever_is_unblocked(c: Client, connect: Connect) -> None:
    waiting = connect()
    number = waiting.ok("CLIENT", "ID")
    waiting.send("WAIT", 1, 0)
    wait_for("the client to be blocked", lambda: c.ok("CLIENT", "UNBLOCK", number) == 1)
    assert waiting.read() == 0
    waiting.send("WAIT", 5, 0)
    wait_for("it to be blocked anew", lambda: c.ok("CLIENT", "UNBLOCK", number, "ERROR") == 1)
    assert waiting.read().text == "UNBLOCKED client unblocked via CLIENT UNBLOCK"


def test_wait_does_not_wait_in_a_transaction(c: Client) -> None:
    c.ok("MULTI")
    c.ok("WAIT", 1, 0)
    assert c.ok("EXEC") == [0]


def test_wait_checks_its_arguments(c: Client) -> None:
    timeout = "ERR timeout is not an integer or out of range"
    assert c.err("WAIT", "x", "y") == NOT_INT
    assert c.err("WAIT", 1, "x") == timeout
    assert c.err("WAIT", 1, "1.5") == timeout
    assert c.err("WAIT", 1, 1 << 64) == timeout
    assert c.err("WAIT", 1, -1) == "ERR timeout is negative"
    assert c.err("WAIT", 1) == "ERR wrong number of arguments for 'wait' command"


@pytest.mark.beyond_oracle
def test_waitaof_without_append_only_file(c: Client, c3: Client) -> None:
    for client in (c, c3):
        assert client.raw("WAITAOF", 0, 0, 0) == b"*2\r\n:0\r\n:0\r\n"
        assert client.raw("WAITAOF", 0, 1, 20) == b"*2\r\n:0\r\n:0\r\n"
    assert c.err("WAITAOF", 1, 0, 0) == (
        "ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled."
    )


@pytest.mark.beyond_oracle
def test_waitaof_checks_its_arguments(c: Client) -> None:
    out_of_range = "ERR value is out of range, value must between 0 and 1"
    assert c.err("WAITAOF", 2, 0, 0) == out_of_range
    assert c.err("WAITAOF", -1, 0, 0) == out_of_range
    assert c.err("WAITAOF", 0, -1, 0) == "ERR value is out of range, must be positive"
    assert c.err("WAITAOF", 0, 0, -1) == "ERR timeout is negative"
    assert c.err("WAITAOF", "x", 0, 0) == NOT_INT


# ---- MODULE ----


def test_no_module_is_loaded(c: Client, c3: Client) -> None:
    for client in (c, c3):
        assert client.raw("MODULE", "LIST") == b"*0\r\n"


@pytest.mark.parametrize(
    "args", [("LOAD", "/nosuch.so"), ("LOADEX", "/nosuch.so"), ("UNLOAD", "nosuch")]
)
def test_modules_may_not_be_changed(c: Client, args: tuple[str, ...]) -> None:
    assert c.err("MODULE", *args) == (
        'ERR MODULE command not allowed. If the enable-module-command option is set to "local", '
        "you can run it from a local connection, otherwise you need to set this option in the "
        "configuration file, and then restart the server."
    )


def test_modules_that_may_be_changed(start_server: StartServer, connect: Connect) -> None:
    c = connect(start_server({"enable-module-command": "yes"}))
    failed = "ERR Error loading the extension. Please check the server logs."
    assert c.err("MODULE", "LOAD", "/nosuch.so", "arg") == failed
    assert c.err("MODULE", "LOADEX", "/nosuch.so", "CONFIG", "a", "b") == failed
    assert c.err("MODULE", "UNLOAD", "x") == (
        "ERR Error unloading module: no such module with that name"
    )
    assert c.ok("MODULE", "LIST") == []


# ---- CLUSTER ----


@pytest.mark.parametrize(
    "args",
    [
        ("CLUSTER", "INFO"),
        ("CLUSTER", "NODES"),
        ("CLUSTER", "SLOTS"),
        ("CLUSTER", "SHARDS"),
        ("CLUSTER", "KEYSLOT", "a"),
        ("CLUSTER", "ADDSLOTS", 1),
        ("CLUSTER", "HELP"),
        ("CLUSTER", "RESET", "NONSENSE"),
        ("READONLY",),
        ("READWRITE",),
        ("ASKING",),
    ],
)
def test_there_is_no_cluster(c: Client, args: tuple[str, ...]) -> None:
    assert c.err(*args) == NO_CLUSTER


@pytest.mark.beyond_oracle
@pytest.mark.parametrize(
    "args",
    [("CLUSTER", "MYSHARDID"), ("CLUSTER", "GETSLOTMIGRATIONS"), ("CLUSTERSCAN", 0)],
)
def test_there_is_no_cluster_for_newer_commands(c: Client, args: tuple[str, ...]) -> None:
    assert c.err(*args) == NO_CLUSTER


def test_cluster_has_its_subcommands(c: Client) -> None:
    assert c.err("CLUSTER", "NOPE") == "ERR unknown subcommand 'NOPE'. Try CLUSTER HELP."
    assert c.err("CLUSTER") == "ERR wrong number of arguments for 'cluster' command"
    assert c.err("CLUSTER", "ADDSLOTS") == (
        "ERR wrong number of arguments for 'cluster|addslots' command"
    )


# ---- HELP ----


def test_every_container_has_help(c: Client) -> None:
    """But CLUSTER, whose help belongs to the cluster that is not there."""
    for info in c.ok("COMMAND"):
        name, subcommands = info[0].decode(), {sub[0].decode() for sub in info[9]}
        if not subcommands or name == "cluster":
            continue
        assert f"{name}|help" in subcommands
        lines = c.ok(name, "help")
        upper = name.upper()
        assert lines[0] == f"{upper} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:"
        assert lines[-2:] == ["HELP", "    Prints this help."]


@pytest.mark.beyond_oracle
def test_help_names_every_subcommand(c: Client) -> None:
    for info in c.ok("COMMAND"):
        name = info[0].decode()
        if not info[9] or name == "cluster":
            continue
        text = "\n".join(c.ok(name, "help"))
        for sub in info[9]:
            word = sub[0].decode().split("|")[1].upper()
            assert any(line.startswith(word) for line in text.split("\n")), sub[0]


# ---- LOLWUT ----


def _version_line(subject: Subject) -> bytes:
    return b"Redis ver. 7.2.4, Tarn ver. " if subject.is_tarn else b"Redis ver. 7.0."


@pytest.mark.parametrize("args", [(), ("VERSION", 5), ("VERSION", 6), ("VERSION", 99), ("x", "y")])
def test_lolwut_ends_with_the_version(
    c: Client, c3: Client, subject: Subject, args: tuple[str, ...]
) -> None:
    reply = c3.ok("LOLWUT", *args)
    assert isinstance(reply, Verbatim)
    assert reply.format == "txt"
    for text in (c.ok("LOLWUT", *args), reply.data):
        assert text.endswith(b"\n")
        assert _version_line(subject) in text.split(b"\n")[-2]


def test_lolwut_draws(c: Client) -> None:
    assert len(c.ok("LOLWUT", "VERSION", 5)) > 1000
    assert len(c.ok("LOLWUT", "VERSION", 99).splitlines()) == 1
    assert c.ok("LOLWUT", "VERSION", 5) != c.ok("LOLWUT", "VERSION", 5)
    for args in (("x",), (5, "x"), (6, 1, "x")):
        assert c.err("LOLWUT", "VERSION", *args) == NOT_INT


@pytest.mark.beyond_oracle
def test_lolwut_draws_as_large_as_told(c: Client) -> None:
    lines = c.ok("LOLWUT", "VERSION", 5, 40, 10).split(b"\n")
    assert [len(line) for line in lines[:10]] == [40] * 10
    assert lines[10] == b""
    assert len(c.ok("LOLWUT", "VERSION", 5, 1 << 40, 1 << 40)) < 300_000
    assert len(c.ok("LOLWUT", "VERSION", 5, -1, -1).split(b"\n")[0]) == 1


@pytest.mark.beyond_oracle
def test_lolwut_with_another_name(start_server: StartServer, connect: Connect) -> None:
    c = connect(start_server({"extended-redis-compatibility": "yes"}))
    assert c.ok("LOLWUT").split(b"\n")[-2] == b"Redis ver. 7.2.4"
