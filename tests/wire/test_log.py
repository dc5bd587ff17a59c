"""The log: its formats and targets, and what happens when a file is moved away."""

from __future__ import annotations

import json
import re
import signal
import socket
from pathlib import Path

import pytest
from conftest import Connect, StartServer, Subject
from support import wrapper
from support.server import Server
from support.wait import wait_for

_LEGACY = re.compile(
    r"\d+:[MSCX] \d\d [A-Z][a-z][a-z] \d{4} \d\d:\d\d:\d\d\.\d{3} [.*#-] \S.*", re.DOTALL
)
_LOGFMT = re.compile(
    r'pid=\d+ role=primary timestamp="[^"]+" level=(debug|info|notice|warning)'
    r' message="([^"\\]|\\.)*"'
)


def test_lines_have_pid_role_time_and_mark(start_server: StartServer) -> None:
    server = start_server()
    lines = server.log.splitlines()
    assert lines and all(_LEGACY.fullmatch(line) for line in lines), server.log
    assert all(line.startswith(f"{server.pid}:") for line in lines)


@pytest.mark.beyond_oracle
def test_json_lines_parse(start_server: StartServer) -> None:
    server = start_server({"log-format": "json", "always-show-logo": "yes"})
    server.stop()
    lines = [json.loads(line) for line in server.log.splitlines()]
    fields = ["pid", "role", "timestamp", "level", "message"]
    assert lines and all(list(line) == fields for line in lines)
    assert {line["pid"] for line in lines} == {server.pid}
    assert {line["role"] for line in lines} == {"primary"}
    messages = [line["message"] for line in lines]
    assert "Ready to accept connections tcp" in messages
    assert any("bye bye" in message for message in messages)


@pytest.mark.beyond_oracle
def test_logfmt_lines_parse(start_server: StartServer) -> None:
    server = start_server({"log-format": "logfmt"})
    server.stop()
    for line in server.log.splitlines():
        assert _LOGFMT.fullmatch(line), line


@pytest.mark.beyond_oracle
def test_format_and_time_change_while_the_server_runs(
    start_server: StartServer, connect: Connect
) -> None:
    server = start_server()
    c = connect(server)
    c.ok("CONFIG", "SET", "log-format", "json", "log-timestamp-format", "iso8601")
    server.process.send_signal(signal.SIGTERM)
    server.wait_exit()
    line = json.loads(server.log.splitlines()[-1])
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d", line["timestamp"]
    )


@pytest.mark.beyond_oracle
def test_time_in_milliseconds(start_server: StartServer) -> None:
    server = start_server({"log-timestamp-format": "milliseconds"})
    assert all(re.match(r"\d+:M \d{13} [*#] ", line) for line in server.log.splitlines())


def test_level_leaves_out_what_is_less_important(start_server: StartServer) -> None:
    server = start_server({"loglevel": "warning"}, wait=False)
    wait_for("an open port", lambda: _answers(server))
    server.stop()
    assert "Ready to accept connections" not in server.log
    assert "User requested shutdown" in server.log


def _answers(server: Server) -> bool:
    try:
        with socket.create_connection(server.address, timeout=5) as sock:
            sock.sendall(b"PING\r\n")
            return sock.recv(100) == b"+PONG\r\n"
    except OSError:
        return False


@pytest.mark.beyond_oracle
def test_level_nothing_is_silence(start_server: StartServer, connect: Connect) -> None:
    server = start_server()
    before = server.log
    connect(server).ok("CONFIG", "SET", "loglevel", "nothing")
    server.stop()
    assert server.log == before


# What users sent


@pytest.mark.beyond_oracle
def test_what_users_sent_stays_out_of_the_log(start_server: StartServer, connect: Connect) -> None:
    server = start_server({"client-query-buffer-limit": "1mb"})
    for hides in ("yes", "no"):
        connect(server).ok("CONFIG", "SET", "hide-user-data-from-log", hides)
        c = connect(server)
        c.ok("CLIENT", "SETNAME", f"name-{hides}")
        c.send_raw(b"POST / HTTP/1.1\r\n")
        assert c.read_to_end() == b""
        c = connect(server)
        text = f"text-{hides}".encode() * 100_000
        with pytest.raises(OSError):  # it closes before it has read everything
            while True:
                c.send_raw(b"*2\r\n$4\r\nECHO\r\n$9000000\r\n" + text)
    server.wait_for_log("POST.* name=name-no ")
    server.wait_for_log("max query buffer length.*text-no")
    assert "name=*redacted* " in server.log
    assert "name-yes" not in server.log and "text-yes" not in server.log


# Files


def _start_with_file(start_server: StartServer, path: Path) -> Server:
    server = start_server({"logfile": str(path)}, wait=False)
    wait_for("its readiness", lambda: path.exists() and "Ready to acc" in path.read_text())
    return server


def test_lines_go_to_the_file_alone(
    start_server: StartServer, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("log") / "tarn.log"
    path.write_text("what was there\n")
    server = _start_with_file(start_server, path)
    server.stop()
    assert server.log == ""
    text = path.read_text()
    assert text.startswith("what was there\n") and "bye bye" in text


def test_a_file_that_was_moved_away_gets_no_more_lines(
    start_server: StartServer, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Rotation needs neither a signal nor copytruncate."""
    folder = tmp_path_factory.mktemp("log")
    path, moved = folder / "tarn.log", folder / "tarn.log.1"
    server = _start_with_file(start_server, path)
    path.rename(moved)
    before = moved.read_text()
    server.stop()
    assert moved.read_text() == before
    assert "User requested shutdown" in path.read_text()


@pytest.mark.beyond_oracle
def test_hangup_makes_the_file_anew_at_once(
    start_server: StartServer, connect: Connect, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("log")
    path = folder / "tarn.log"
    server = _start_with_file(start_server, path)
    path.rename(folder / "tarn.log.1")
    server.process.send_signal(signal.SIGHUP)
    wait_for("a new file", path.exists)
    assert path.read_text() == ""
    assert connect(server).call("PING") == "PONG"


def test_a_file_that_cannot_be_opened_ends_the_start(start_server: StartServer) -> None:
    server = start_server({"logfile": "/nosuch/folder/tarn.log"}, wait=False)
    assert not server.wait_ready()
    server.wait_exit(expect_status=1)
    assert "*** FATAL CONFIG FILE ERROR" in server.stderr
    assert "Can't open the log file: No such file or directory" in server.stderr


# The system's log

needs_mounts = pytest.mark.skipif(
    not wrapper.can_mount(), reason="no mount namespaces for this user: /dev/log untested"
)


@needs_mounts
def test_the_system_log_gets_every_line(
    subject: Subject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("syslog")
    path = folder / "log"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as system:
        system.bind(str(path))
        system.settimeout(30)
        binary = wrapper.with_dev_log(folder, subject.binary, path)
        directives = {
            "syslog-enabled": "yes",
            "syslog-ident": "a-name",
            "syslog-facility": "local3",
        }
        with Server(binary, directives).start() as server:
            lines: list[str] = []
            while not lines or "Ready to accept connections" not in lines[-1]:
                lines.append(system.recv(2000).decode())
            pid = server.pid
    # local3 is 19; notice 5, warning 4
    shape = rf"<15[67]>[A-Z][a-z][a-z] [ \d]\d \d\d:\d\d:\d\d a-name\[{pid}\]: \S.*"
    # The peer's first lines come before it knows its name there.
    for line in lines if subject.is_tarn else lines[-1:]:
        assert re.fullmatch(shape, line, re.DOTALL), line


# What the start says


def test_the_start_says_its_lines_in_their_order(
    start_server: StartServer, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("unix") / "tarn.sock"
    server = start_server({"unixsocket": str(path), "always-show-logo": "yes"})
    text = server.log
    wanted = [f"PID: {server.pid}", "Server initialized", "Ready to accept connections"]
    places = [text.index(line) for line in wanted]
    assert places == sorted(places)


@pytest.mark.beyond_oracle
def test_each_kind_of_listener_is_announced(
    start_server: StartServer, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("unix") / "tarn.sock"
    server = start_server({"unixsocket": str(path)})
    server.wait_for_log("Ready to accept connections unix")
    tcp = server.log.index("Ready to accept connections tcp")
    assert tcp < server.log.index("Ready to accept connections unix")
    assert f" PID: {server.pid}" in server.log  # also without the logo


@pytest.mark.beyond_oracle
def test_options_are_a_configuration_without_a_file(start_server: StartServer) -> None:
    log = start_server().log
    assert "Configuration loaded" in log
    assert "no config file specified" not in log


def test_memory_overcommit_is_warned_of(start_server: StartServer) -> None:
    on = Path("/proc/sys/vm/overcommit_memory").read_text().strip() == "1"
    log = start_server().log
    assert ("WARNING Memory overcommit must be enabled!" in log) == (not on)
