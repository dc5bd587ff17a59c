"""CONFIG GET and SET, and directives on the command line and in the file."""

from __future__ import annotations

import re
import subprocess

import pytest
from conftest import Connect, StartServer, Subject
from support.client import Client
from support.server import Server


def _failed(name: str, why: str) -> str:
    return f"ERR CONFIG SET failed (possibly related to argument '{name}') - {why}"


def _get(c: Client, name: str) -> str:
    (_name, value) = c.ok("CONFIG", "GET", name)
    return str(value.decode())


# GET


def test_get_by_name_pattern_and_several(c: Client) -> None:
    assert c.ok("CONFIG", "GET", "timeout") == [b"timeout", b"0"]
    reply = c.ok("CONFIG", "GET", "maxcl*", "timeout", "timeout", "nosuch")
    assert dict(zip(reply[0::2], reply[1::2])) == {b"timeout": b"0", b"maxclients": b"10000"}
    assert len(reply) == 4


def test_get_matches_in_any_case(c: Client) -> None:
    reply = c.ok("CONFIG", "GET", "TIMEOUT")
    assert [reply[0].lower(), reply[1]] == [b"timeout", b"0"]
    assert len(c.ok("CONFIG", "GET", "MAXCLI*")) == 2


def test_get_of_unknown_names_is_empty(c: Client) -> None:
    assert c.raw("CONFIG", "GET", "nosuch") == b"*0\r\n"


def test_get_all_has_no_name_twice(c: Client) -> None:
    names = c.ok("CONFIG", "GET", "*")[0::2]
    assert len(names) == len(set(names)) > 20


def test_values_given_at_start_are_told(start_server: StartServer, connect: Connect) -> None:
    c = connect(start_server({"timeout": 7, "maxclients": 123, "hz": 20}))
    assert [_get(c, name) for name in ("timeout", "maxclients", "hz")] == ["7", "123", "20"]


# SET


def test_every_directive_accepts_its_own_value(c: Client) -> None:
    """Or says that it cannot be changed while the server runs."""
    reply = c.ok("CONFIG", "GET", "*")
    fixed = re.compile(r"can't set (immutable|protected) config$")
    bound_to_data = {b"save", b"appendonly", b"replicaof", b"slaveof", b"bind", b"port", b"tls-port"}
    for name, value in zip(reply[0::2], reply[1::2]):
        if name in bound_to_data:
            continue
        answer = c.call("CONFIG", "SET", name, value)
        assert answer == "OK" or fixed.search(answer.text), (name, value, answer)


def test_set_and_get(c: Client) -> None:
    assert c.call("CONFIG", "SET", "TIMEOUT", "100") == "OK"
    assert _get(c, "timeout") == "100"
    assert c.call("CONFIG", "SET", "timeout", "0") == "OK"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        *(("1048577", "1048577"), ("2000k", "2000000"), ("2000kb", "2048000"), ("3M", "3000000")),
        *(("3mb", "3145728"), ("1g", "1000000000"), ("1GB", "1073741824"), ("2000000b", "2000000")),
    ],
)
def test_memory_values_take_units(c: Client, given: str, told: str) -> None:
    c.ok("CONFIG", "SET", "client-query-buffer-limit", given)
    assert _get(c, "client-query-buffer-limit") == told
    c.ok("CONFIG", "SET", "client-query-buffer-limit", "1gb")


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("databases", "3", "can't set immutable config"),
        ("maxclients", "abc", "argument couldn't be parsed into an integer"),
        ("maxclients", "", "argument couldn't be parsed into an integer"),
        ("maxclients", "0", "argument must be between 1 and 4294967295 inclusive"),
        ("client-query-buffer-limit", "1kb", "argument must be between 1048576 and 9223372036854775807 inclusive"),
        ("proto-max-bulk-len", "1x", "argument must be a memory value"),
        ("lazyfree-lazy-user-del", "maybe", "argument must be 'yes' or 'no'"),
        ("dir", "/tmp", "can't set protected config"),
        ("client-output-buffer-limit", "normal 1 2", "Wrong number of arguments in buffer limit configuration."),
        ("client-output-buffer-limit", "foo 1 2 3", "Invalid client class specified in buffer limit configuration."),
    ],
)
def test_set_refuses_wrong_values(c: Client, name: str, value: str, why: str) -> None:
    before = c.ok("CONFIG", "GET", name)
    assert c.err("CONFIG", "SET", name, value) == _failed(name, why)
    assert c.ok("CONFIG", "GET", name) == before


def test_set_refuses_unknown_names_and_wrong_counts(c: Client) -> None:
    assert c.err("CONFIG", "SET", "foo", "bar") == (
        "ERR Unknown option or number of arguments for CONFIG SET - 'foo'"
    )
    assert c.err("CONFIG", "SET", "timeout") == "ERR wrong number of arguments for 'config|set' command"
    assert c.err("CONFIG", "SET", "timeout", "1", "hz") == "ERR syntax error"
    assert c.err("CONFIG", "SET", "timeout", "1", "timeout", "2") == _failed(
        "timeout", "duplicate parameter"
    )
    assert c.err("CONFIG", "FOO") == "ERR unknown subcommand 'FOO'. Try CONFIG HELP."


def test_set_tells_the_first_of_several_mistakes_as_it_was_spelled(c: Client) -> None:
    assert c.err("CONFIG", "SET", "Databases", "1", "nosuch", "1") == _failed(
        "Databases", "can't set immutable config"
    )
    assert c.err("CONFIG", "SET", "NoSuch", "1", "databases", "1") == (
        "ERR Unknown option or number of arguments for CONFIG SET - 'NoSuch'"
    )
    assert c.err("CONFIG", "SET", "HZ", "10", "Hz", "12", "DIR", "/tmp") == _failed(
        "Hz", "duplicate parameter"
    )
    assert c.err("CONFIG", "SET", "HZ", "abc") == _failed(
        "hz", "argument couldn't be parsed into an integer"
    )


def test_set_of_several_is_all_or_nothing(c: Client) -> None:
    assert c.call("CONFIG", "SET", "timeout", "50", "tcp-keepalive", "60") == "OK"
    assert (_get(c, "timeout"), _get(c, "tcp-keepalive")) == ("50", "60")
    c.err("CONFIG", "SET", "timeout", "70", "tcp-keepalive", "abc")
    assert (_get(c, "timeout"), _get(c, "tcp-keepalive")) == ("50", "60")
    c.ok("CONFIG", "SET", "timeout", "0", "tcp-keepalive", "300")


def test_output_buffer_limits_are_set_a_class_at_a_time(c: Client) -> None:
    before = _get(c, "client-output-buffer-limit")
    assert before.startswith("normal 0 0 0 slave ")
    c.ok("CONFIG", "SET", "client-output-buffer-limit", "normal 1mb 512kb 7")
    assert _get(c, "client-output-buffer-limit") == before.replace(
        "normal 0 0 0", "normal 1048576 524288 7"
    )
    c.ok("CONFIG", "SET", "client-output-buffer-limit", before)
    assert _get(c, "client-output-buffer-limit") == before


def test_rewrite_without_a_file_is_refused(c: Client, subject: Subject) -> None:
    if "config|rewrite" not in subject.commands:
        pytest.skip("the server has no config|rewrite")
    assert c.err("CONFIG", "REWRITE") == "ERR The server is running without a config file"


# The start


def _run(subject: Subject, *args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [subject.binary, *args], capture_output=True, text=True, timeout=30, cwd="/tmp"
    )


@pytest.mark.parametrize(
    ("args", "line", "reason"),
    [
        (("--nosuch", "1"), 'nosuch "1"', "Bad directive or wrong number of arguments"),
        (("--timeout", "abc"), 'timeout "abc"', "argument couldn't be parsed into an integer"),
        (("--port", "6379", "6380"), 'port "6379" "6380"', "wrong number of arguments"),
        (("--protected-mode", "maybe"), 'protected-mode "maybe"', "argument must be 'yes' or 'no'"),
        (("--maxclients", "0"), 'maxclients "0"', "argument must be between 1 and 4294967295 inclusive"),
    ],
)
def test_wrong_directive_ends_the_start(
    subject: Subject, args: tuple[str, ...], line: str, reason: str
) -> None:
    done = _run(subject, *args)
    assert done.returncode == 1
    assert "*** FATAL CONFIG FILE ERROR" in done.stderr
    assert f">>> '{line}'" in done.stderr
    assert reason in done.stderr


def test_directives_come_from_a_file(
    start_server: StartServer, connect: Connect, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("conf") / "tarn.conf"
    path.write_text(
        '# a comment\n\n  timeout 33  \nTCP-KEEPALIVE 44\nhz 17\nrequirepass "a b\\x41"\n'
    )
    server = start_server({"hz": 25}, args=[str(path)])
    c = connect(server)
    c.ok("AUTH", b"a bA")
    assert [_get(c, name) for name in ("timeout", "tcp-keepalive")] == ["33", "44"]
    assert _get(c, "hz") == "25", "the command line comes behind the file"


def test_wrong_line_of_a_file_is_named(
    subject: Subject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("conf") / "bad.conf"
    path.write_text("timeout 1\n\nbogus-directive yes\n")
    done = _run(subject, str(path))
    assert done.returncode == 1
    assert "Reading the configuration file, at line 3" in done.stderr
    assert ">>> 'bogus-directive yes'" in done.stderr


def test_missing_file_ends_the_start(subject: Subject) -> None:
    done = _run(subject, "/nosuch/tarn.conf")
    assert done.returncode == 1
    assert "Fatal error, can't open config file '/nosuch/tarn.conf'" in done.stdout + done.stderr


def test_version_and_help(subject: Subject) -> None:
    for option in ("--version", "-v"):
        done = _run(subject, option)
        assert done.returncode == 0 and re.search(r"v=\d+\.\d+", done.stdout)
    for option in ("--help", "-h"):
        done = _run(subject, option)
        assert "--port" in done.stdout + done.stderr


def test_one_argument_may_hold_name_and_value(start_server: StartServer, connect: Connect) -> None:
    server = start_server(args=["--timeout 12"])
    assert _get(connect(server), "timeout") == "12"


def test_databases_directive(start_server: StartServer, connect: Connect) -> None:
    c = connect(start_server({"databases": 3}))
    assert c.call("SELECT", 2) == "OK"
    assert c.err("SELECT", 3) == "ERR DB index is out of range"


def test_log_of_the_start_is_in_order(start_server: StartServer) -> None:
    server: Server = start_server()
    log = server.log
    at = [log.find(text) for text in ("Server initialized", "Ready to accept connections")]
    assert 0 <= at[0] < at[1]
    assert f"pid={server.pid}" in log or f"PID: {server.pid}" in log


def test_logfile_takes_the_log(
    start_server: StartServer, connect: Connect, tmp_path_factory: pytest.TempPathFactory
) -> None:
    from support.wait import wait_for

    path = tmp_path_factory.mktemp("log") / "server.log"
    server = start_server({"logfile": str(path)}, wait=False)
    wait_for("the log file", lambda: path.exists() and b"Ready to accept" in path.read_bytes())
    assert connect(server).call("PING") == "PONG"
