"""The peers' own tools against the server: redis-benchmark and redis-cli, as people run them."""

from __future__ import annotations

import re
import shutil
import subprocess
import time

import pytest
from conftest import Connect, StartServer
from support.client import Client
from support.resp import encode
from support.server import Server
from support.text import info_fields

pytestmark = [
    pytest.mark.tools,
    pytest.mark.skipif(
        not (shutil.which("redis-cli") and shutil.which("redis-benchmark")),
        reason="redis-tools is not installed",
    ),
]

_LIMIT_S = 120


def _cli(server: Server, *args: str, stdin: bytes | None = None) -> str:
    done = subprocess.run(
        ["redis-cli", "-p", str(server.port), *args],
        input=stdin,
        capture_output=True,
        timeout=_LIMIT_S,
        stdin=None if stdin is not None else subprocess.DEVNULL,
    )
    text = (done.stdout + done.stderr).decode(errors="replace")
    assert done.returncode == 0, text
    return text


# redis-benchmark


@pytest.mark.heavy
@pytest.mark.parametrize("clients", [50, 500])
@pytest.mark.parametrize("pipeline", [1, 16, 100])
def test_benchmark(start_server: StartServer, connect: Connect, pipeline: int, clients: int) -> None:
    server = start_server()
    requests = 20_000
    done = subprocess.run(
        [
            *("redis-benchmark", "-p", str(server.port), "-t", "ping,set,get,incr,mset", "--csv"),
            *("-P", str(pipeline), "-c", str(clients), "-n", str(requests), "-r", "10000"),
        ],
        capture_output=True,
        text=True,
        timeout=_LIMIT_S,
    )
    assert done.returncode == 0, done.stderr
    assert "rror" not in done.stdout + done.stderr
    rows = re.findall(r'^"([^"]+)","([\d.]+)"', done.stdout, re.MULTILINE)
    assert [name for name, _ in rows] == [
        *("PING_INLINE", "PING_MBULK", "SET", "GET", "INCR", "MSET (10 keys)"),
    ]
    assert all(float(rate) > 0 for _, rate in rows)
    calls = info_fields(connect(server).ok("INFO", "commandstats"))
    for verb, times in (("ping", 2), ("set", 1), ("get", 1), ("incr", 1), ("mset", 1)):
        assert int(re.findall(r"calls=(\d+)", calls[f"cmdstat_{verb}"])[0]) >= times * requests


# redis-cli


def test_cli_commands(server: Server) -> None:
    assert _cli(server, "SET", "a", "hello") == "OK\n"
    assert _cli(server, "GET", "a") == "hello\n"
    assert _cli(server, "-3", "GET", "missing") == "\n"
    assert _cli(server, "-3", "CONFIG", "GET", "maxclients") == "maxclients 10000\n"
    assert _cli(server, "-n", "5", "DBSIZE") == "0\n"
    assert _cli(server, "--no-raw", "-3", "GET", "missing") == "(nil)\n"
    assert "# Server" in _cli(server, "INFO")


def test_cli_commands_from_standard_input(server: Server) -> None:
    text = _cli(server, stdin=b'SET a "b c"\nGET a\nINCR a\nDBSIZE\n')
    assert text == "OK\nb c\nERR value is not an integer or out of range\n\n1\n"


def test_cli_with_password(start_server: StartServer) -> None:
    server = start_server({"requirepass": "secret"})
    assert _cli(server, "-a", "secret", "--no-auth-warning", "PING") == "PONG\n"
    assert "NOAUTH" in _cli(server, "PING")


def test_cli_pipe(server: Server, c: Client) -> None:
    count = 50_000
    data = b"".join(encode("SET", b"key:%d" % i, b"value:%d" % i) for i in range(count))
    text = _cli(server, "--pipe", stdin=data)
    assert f"errors: 0, replies: {count}" in text
    assert c.call("DBSIZE") == count
    assert c.call("GET", "key:49999") == b"value:49999"


def test_cli_pipe_counts_errors(server: Server) -> None:
    data = encode("SET", "a", "x") + encode("INCR", "a") + encode("NOPE") + encode("GET", "a")
    done = subprocess.run(
        ["redis-cli", "-p", str(server.port), "--pipe"], input=data, capture_output=True, timeout=60
    )
    assert b"errors: 2, replies: 4" in done.stdout


def test_cli_bigkeys(server: Server, c: Client) -> None:
    c.ok("DEBUG", "POPULATE", 2000)
    c.ok("SET", "the-biggest", b"x" * 50_000)
    text = _cli(server, "--bigkeys", "-i", "0")
    assert re.search(r'Biggest string found .{0,3}"?the-biggest"?.{0,3} has 50000 bytes', text)
    assert "Sampled 2001 keys in the keyspace!" in text


def test_cli_memkeys(server: Server, c: Client) -> None:
    c.ok("DEBUG", "POPULATE", 2000)
    c.ok("SET", "the-biggest", b"x" * 50_000)
    text = _cli(server, "--memkeys", "-i", "0")
    found = re.search(r'Biggest string found .{0,3}"?the-biggest"?.{0,3} has (\d+) bytes', text)
    assert found and 50_000 < int(found.group(1)) < 200_000


def test_cli_scan(server: Server, c: Client) -> None:
    c.ok("DEBUG", "POPULATE", 3000)
    assert len(set(_cli(server, "--scan").split())) == 3000
    assert len(set(_cli(server, "--scan", "--pattern", "key:1?").split())) == 10


def _interrupted(args: list[str], until: str) -> str:
    """Run a tool that goes on for ever until its output shows what is awaited; all output."""
    process = subprocess.Popen(
        args, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    assert process.stdout is not None
    deadline = time.monotonic() + _LIMIT_S
    text = ""
    while not re.search(until, text) and time.monotonic() < deadline:
        text += process.stdout.read1(4096).decode(errors="replace")  # type: ignore[attr-defined]
    process.terminate()  # SIGINT may be ignored here, as in what a shell starts in the background
    process.wait(30)
    assert re.search(until, text), text
    return text


def test_cli_stat(server: Server, c: Client) -> None:
    c.ok("DEBUG", "POPULATE", 1234)
    text = _interrupted(
        ["redis-cli", "-p", str(server.port), "--stat", "-i", "0.1"], r"(?m)^1234 .*\n1234 .*\n"
    )
    assert "keys       mem      clients blocked requests            connections" in text


def test_cli_latency(server: Server) -> None:
    text = _interrupted(
        ["redis-cli", "-p", str(server.port), "--latency", "--raw"], r"\d+ [\d.]+ [\d.]+ \d+"
    )
    assert "rror" not in text


def test_cli_latency_history(server: Server) -> None:
    text = _interrupted(
        ["redis-cli", "-p", str(server.port), "--latency-history", "--raw", "-i", "0.2"],
        r"(\d+ [\d.]+ [\d.]+ \d+ [\d.]+\n?){2}|(\d+,[\d.]+.*\n){2}|seconds range",
    )
    assert "rror" not in text


def test_cli_repeats(server: Server, c: Client) -> None:
    assert _cli(server, "-r", "5", "INCR", "n") == "1\n2\n3\n4\n5\n"
    assert c.call("GET", "n") == b"5"
