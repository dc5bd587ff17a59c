"""The server as a process: background, pid file, supervision, title, processors, memory, limits."""

from __future__ import annotations

import grp
import os
import re
import signal
import socket
import subprocess
from pathlib import Path
from typing import Callable, Iterator

import pytest
from conftest import Connect, StartServer, Subject
from support import wrapper
from support.client import Client
from support.ports import free_port
from support.server import Server
from support.text import info_fields
from support.wait import wait_for

_NOWHERE = "192.0.2.77"


def _status(pid: int, name: str, task: int | None = None) -> str:
    folder = f"/proc/{pid}/task/{task}" if task else f"/proc/{pid}"
    found = re.search(rf"^{name}:\s*(.*)$", Path(folder, "status").read_text(), re.M)
    assert found, f"{name} is not in {folder}/status"
    return found.group(1)


def _run(subject: Subject, *args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [subject.binary, *args], capture_output=True, text=True, timeout=30, cwd="/tmp"
    )


# Errands


@pytest.mark.parametrize("option", ["--version", "-v"])
def test_version_whatever_follows(subject: Subject, option: str) -> None:
    done = _run(subject, option, "--port", "x")
    assert done.returncode == 0
    assert re.fullmatch(
        r"\w+ server v=[\d.]+ sha=\d{8}:\d malloc=\S+ bits=64 build=\S+\n", done.stdout
    )


@pytest.mark.parametrize("option", ["--help", "-h"])
def test_help_is_an_end_without_a_server(subject: Subject, option: str) -> None:
    done = _run(subject, option, "--port", "x")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("Usage: ") and "--check-system" in done.stderr


def test_check_system_lists_what_it_looked_at(subject: Subject) -> None:
    done = _run(subject, "--check-system")
    found = re.findall(r"^\[([\w-]+)\]\.\.\.(OK|WARNING:|skipped)$", done.stdout, re.M)
    assert [name for name, _ in found][:4] == [
        "slow-clocksource",
        "xen-clocksource",
        "overcommit",
        "THP",
    ]
    assert done.returncode == int(any(outcome == "WARNING:" for _, outcome in found))
    on = Path("/proc/sys/vm/overcommit_memory").read_text().strip() == "1"
    assert ("[overcommit]...OK" in done.stdout) == on


# Background and pid file


class Background:
    """A server that has gone to the background; ended by its pid file's pid."""

    def __init__(self, subject: Subject, folder: Path, *args: str) -> None:
        self.folder, self.port = folder, free_port()
        self.log = folder / "log"
        self.started = subprocess.Popen(
            [subject.binary, "--port", str(self.port), "--bind", "127.0.0.1", "--save", ""]
            + ["--daemonize", "yes", "--dir", str(folder), "--logfile", str(self.log), *args],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        output, _ = self.started.communicate(timeout=60)
        assert self.started.returncode == 0 and output == b"", output
        wait_for("its line that it is ready", lambda: "Ready to acc" in self.text())
        self.pid = int(self.text().rsplit("Ready to acc", 1)[0].rsplit("\n", 1)[1].split(":")[0])

    def text(self) -> str:
        return self.log.read_text() if self.log.exists() else ""

    def is_there(self) -> bool:
        return Path(f"/proc/{self.pid}").exists() and _status(self.pid, "State")[0] != "Z"

    def end(self) -> None:
        os.kill(self.pid, signal.SIGTERM)
        wait_for("its end", lambda: not self.is_there())


StartBackground = Callable[..., Background]


@pytest.fixture
def background(
    subject: Subject, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[StartBackground]:
    servers: list[Background] = []

    def start(*args: str) -> Background:
        servers.append(Background(subject, tmp_path_factory.mktemp("background"), *args))
        return servers[-1]

    yield start
    for server in servers:
        if server.is_there():
            os.kill(server.pid, signal.SIGKILL)


def test_in_the_background_another_process_goes_on(
    background: StartBackground, connect: Connect
) -> None:
    server = background("--pidfile", "a.pid")
    assert server.pid != server.started.pid
    assert os.getsid(server.pid) == server.pid
    c = connect(address=("127.0.0.1", server.port))
    assert info_fields(c.ok("INFO", "server"))["process_id"] == str(server.pid)
    assert [os.readlink(f"/proc/{server.pid}/fd/{fd}") for fd in range(3)] == ["/dev/null"] * 3
    pidfile = server.folder / "a.pid"
    assert pidfile.read_text() == f"{server.pid}\n"
    server.end()
    assert not pidfile.exists()
    assert "Removing the pid file." in server.text()


@pytest.mark.beyond_oracle
def test_in_the_background_there_is_a_pid_file_in_any_case(
    background: StartBackground, connect: Connect
) -> None:
    server = background()
    c = connect(address=("127.0.0.1", server.port))
    assert c.call("CONFIG", "GET", "pidfile") == [b"pidfile", b"/var/run/tarn.pid"]
    server.end()


def test_pid_file_in_the_foreground(start_server: StartServer) -> None:
    server = start_server({"pidfile": "a.pid"})
    assert (server.dir / "a.pid").read_text() == f"{server.pid}\n"
    server.stop()
    assert not (server.dir / "a.pid").exists()


def test_a_start_that_fails_leaves_the_pid_file_of_another(start_server: StartServer) -> None:
    first = start_server({"pidfile": "a.pid"})
    path = first.dir / "a.pid"
    second = start_server({"pidfile": str(path)}, port=first.port, wait=False)
    assert not second.wait_ready()
    second.wait_exit(expect_status=1)
    assert path.read_text() == f"{first.pid}\n"


def test_pid_file_that_cannot_be_written_is_reported(
    start_server: StartServer, connect: Connect, subject: Subject
) -> None:
    server = start_server({"pidfile": "/nosuch/folder/a.pid"})
    assert connect(server).call("PING") == "PONG"
    server.stop()
    if subject.is_tarn:  # the peer says nothing, and removes what is not there
        assert "Failed to write PID file: No such file or directory" in server.log
        assert "Removing the pid file" not in server.log


# Supervision


class Supervisor:
    """systemd's end of the notify socket."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.sock.bind("\0" + path[1:] if path.startswith("@") else path)
        self.sock.settimeout(30)

    def wait_for(self, line: str) -> None:
        while line not in self.sock.recv(1000).decode().splitlines():
            pass


@pytest.fixture
def supervisor(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Supervisor]:
    kind = getattr(request, "param", "path")
    folder = tmp_path_factory.mktemp("notify")
    path = str(folder / "socket")
    by = Supervisor(path if kind == "path" else "@" + path)
    yield by
    by.sock.close()


@pytest.mark.parametrize("supervisor", ["path", "abstract"], indirect=True)
@pytest.mark.parametrize("asked", ["systemd", "auto"])
def test_systemd_is_told_of_readiness_and_end(
    start_server: StartServer, connect: Connect, supervisor: Supervisor, asked: str
) -> None:
    server = start_server({"supervised": asked}, env={"NOTIFY_SOCKET": supervisor.path})
    supervisor.wait_for("READY=1")
    fields = info_fields(connect(server).ok("INFO", "server"))
    assert fields["process_supervised"] == "systemd"
    assert fields["process_id"] == str(server.pid)
    server.stop()
    supervisor.wait_for("STOPPING=1")


@pytest.mark.beyond_oracle
def test_systemd_is_told_of_a_reload(start_server: StartServer, supervisor: Supervisor) -> None:
    server = start_server({"supervised": "auto"}, env={"NOTIFY_SOCKET": supervisor.path})
    supervisor.wait_for("READY=1")
    server.process.send_signal(signal.SIGHUP)
    supervisor.wait_for("RELOADING=1")
    supervisor.wait_for("READY=1")


def test_a_supervised_server_stays_in_the_foreground(
    start_server: StartServer, supervisor: Supervisor
) -> None:
    server = start_server(
        {"supervised": "systemd", "daemonize": "yes"}, env={"NOTIFY_SOCKET": supervisor.path}
    )
    assert server.running
    assert f"{server.pid}:M" in server.log


def test_supervision_by_nobody_is_reported(start_server: StartServer, connect: Connect) -> None:
    server = start_server({"supervised": "systemd"})
    assert "systemd supervision error: NOTIFY_SOCKET not found!" in server.log
    fields = info_fields(connect(server).ok("INFO", "server"))
    if "tarn_version" in fields:  # the peer says what it was asked for
        assert fields["process_supervised"] == "no"


def test_upstart_is_told_by_stopping(start_server: StartServer, connect: Connect) -> None:
    server = start_server({"supervised": "upstart"}, wait=False, env={"UPSTART_JOB": "tarn"})
    wait_for("a stopped process", lambda: _status(server.pid, "State")[0] == "T")
    server.process.send_signal(signal.SIGCONT)
    assert server.wait_ready()
    assert connect(server).call("PING") == "PONG"


# Title


def _title(server: Server) -> str:
    return Path(f"/proc/{server.pid}/cmdline").read_bytes().split(b"\0")[0].decode()


def test_title_shows_where_the_server_listens(
    start_server: StartServer, connect: Connect
) -> None:
    server = start_server()
    assert _title(server) == f"{server.binary} 127.0.0.1:{server.port}"
    c = connect(server)
    old, new = server.port, free_port()
    c.ok("CONFIG", "SET", "port", new)
    assert _title(server) == f"{server.binary} 127.0.0.1:{new}"
    c.ok("CONFIG", "SET", "bind", "127.0.0.2 127.0.0.1", "port", old)
    if info_fields(c.ok("INFO", "server")).get("tarn_version"):  # the peer forgets the address
        assert _title(server) == f"{server.binary} 127.0.0.2:{old}"


def test_title_of_a_template(
    start_server: StartServer, connect: Connect, tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = tmp_path_factory.mktemp("conf") / "tarn.conf"
    file.write_text("timeout 0\n")
    template = "{port}/{tls-port} {config-file} [{unixsocket}] {title}{server-mode}   "
    server = start_server({"proc-title-template": template}, args=[str(file)])
    assert _title(server) == f"{server.port}/0 {file} [] {server.binary}"
    c = connect(server)
    c.ok("CONFIG", "SET", "proc-title-template", "short")
    assert _title(server) == "short"
    assert c.call("CONFIG", "GET", "proc-title-template") == [b"proc-title-template", b"short"]


@pytest.mark.parametrize("template", ["", "{", "{title", "{nosuch}", "{TITLE}"])
def test_templates_that_make_no_sense_are_refused(
    start_server: StartServer, connect: Connect, subject: Subject, template: str
) -> None:
    c = connect(start_server())
    reason = "template format is invalid or contains unknown variables"
    assert c.err("CONFIG", "SET", "proc-title-template", template) == (
        "ERR CONFIG SET failed (possibly related to argument 'proc-title-template') - " + reason
    )
    done = _run(subject, "--proc-title-template", template)
    assert done.returncode == 1 and reason in done.stderr


def test_title_may_stay_the_command_line(start_server: StartServer) -> None:
    server = start_server({"set-proc-title": "no"})
    shown = Path(f"/proc/{server.pid}/cmdline").read_bytes().decode()
    assert shown.split("\0") == [*server.command_line(), ""]


def test_environment_survives_the_title(
    start_server: StartServer, connect: Connect, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Its memory is the title's; what looks at it later finds it elsewhere."""
    server = start_server({"proc-title-template": "x" * 5000}, env={"TZ": "UTC+7"})
    connect(server).ok("CONFIG", "SET", "hz", 20)
    shown = _title(server)
    assert set(shown) == {"x"} and len(shown) > len(server.binary)
    server.stop()


# Processors

needs_two = pytest.mark.skipif(
    len(os.sched_getaffinity(0)) < 2, reason="one processor: lists make no difference"
)


def _worker_processors(server: Server) -> list[str]:
    tasks = [int(task) for task in os.listdir(f"/proc/{server.pid}/task")]
    names = {task: Path(f"/proc/{server.pid}/task/{task}/comm").read_text() for task in tasks}
    return [
        _status(server.pid, "Cpus_allowed_list", task)
        for task, name in names.items()
        if name.strip() in ("lazy_free", "bio_lazy_free")
    ]


@needs_two
@pytest.mark.parametrize("name", ["server_cpulist", "server-cpulist"])
def test_main_thread_runs_where_it_is_told(
    start_server: StartServer, subject: Subject, name: str
) -> None:
    if "-" in name and not subject.is_tarn:
        pytest.skip("Redis 7.0 does not have this")
    first, *_, last = sorted(os.sched_getaffinity(0))
    everything = _status(os.getpid(), "Cpus_allowed_list")
    server = start_server({name: str(last)})
    own = lambda: _status(server.pid, "Cpus_allowed_list")  # noqa: E731
    wait_for("the main thread on one", lambda: own() == str(last))
    wait_for("the worker on all", lambda: _worker_processors(server) == [everything])


@needs_two
def test_workers_run_where_they_are_told(start_server: StartServer) -> None:
    first, *_, last = sorted(os.sched_getaffinity(0))
    everything = _status(os.getpid(), "Cpus_allowed_list")
    server = start_server({"bio_cpulist": str(first)})
    wait_for("the worker on one", lambda: _worker_processors(server) == [str(first)])
    assert _status(server.pid, "Cpus_allowed_list") == everything


def test_a_list_that_cannot_be_read_is_ignored(start_server: StartServer, subject: Subject) -> None:
    everything = _status(os.getpid(), "Cpus_allowed_list")
    server = start_server({"server_cpulist": "no-list", "bio_cpulist": "1-"})
    assert _status(server.pid, "Cpus_allowed_list") == everything
    if subject.is_tarn:
        assert "The list of processors of 'server-cpulist' cannot be read" in server.log


# Memory


def _score(server: Server) -> int:
    return int(Path(f"/proc/{server.pid}/oom_score_adj").read_text())


def test_oom_score_follows_the_directives(start_server: StartServer, connect: Connect) -> None:
    server = start_server({"oom-score-adj": "yes", "oom-score-adj-values": [7, 200, 800]})
    base = int(Path("/proc/self/oom_score_adj").read_text())
    wait_for("the score", lambda: _score(server) == base + 7)
    c = connect(server)
    c.ok("CONFIG", "SET", "oom-score-adj-values", "11 200 800")
    assert _score(server) == base + 11
    c.ok("CONFIG", "SET", "oom-score-adj", "absolute", "oom-score-adj-values", "500 600 700")
    assert _score(server) == 500
    shown = c.call("CONFIG", "GET", "oom-score-adj*")
    assert dict(zip(shown[::2], shown[1::2])) == {
        b"oom-score-adj": b"absolute",
        b"oom-score-adj-values": b"500 600 700",
    }
    c.ok("CONFIG", "SET", "oom-score-adj", "no")
    assert _score(server) == base


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("1 2", "wrong number of arguments"),
        ("1 2 3 4", "wrong number of arguments"),
        ("0 200 2001", "Invalid oom-score-adj-values, elements must be between -2000 and 2000."),
        ("0 x 200", "Invalid oom-score-adj-values, elements must be between -2000 and 2000."),
    ],
)
def test_oom_values_that_make_no_sense(c: Client, value: str, reason: str) -> None:
    assert c.err("CONFIG", "SET", "oom-score-adj-values", value) == (
        f"ERR CONFIG SET failed (possibly related to argument 'oom-score-adj-values') - {reason}"
    )
    assert c.call("CONFIG", "GET", "oom-score-adj-values")[1] == b"0 200 800"


def test_oom_values_that_fall_are_warned_of(start_server: StartServer, connect: Connect) -> None:
    server = start_server()
    connect(server).ok("CONFIG", "SET", "oom-score-adj-values", "5 4 3")
    server.wait_for_log("may not work for non-privileged processes!")


def test_a_score_that_the_kernel_refuses_changes_nothing(
    subject: Subject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    binary = wrapper.unprivileged(tmp_path_factory.mktemp("bin"), subject.binary)
    with Server(binary, {"oom-score-adj": "absolute"}).start() as server, server.connect() as c:
        before = _score(server)
        assert c.err("CONFIG", "SET", "oom-score-adj-values", "-999 200 800") == (
            "ERR CONFIG SET failed (possibly related to argument 'oom-score-adj-values') - "
            "Failed to set current oom_score_adj. Check server logs."
        )
        assert _score(server) == before
        assert c.call("CONFIG", "GET", "oom-score-adj-values")[1] == b"0 200 800"
        server.wait_for_log("Unable to write oom_score_adj: Permission denied")


@pytest.mark.skipif(
    "[always]" not in Path("/sys/kernel/mm/transparent_hugepage/enabled").read_text(),
    reason="transparent huge pages are not 'always' on here",
)
def test_huge_pages_are_switched_off(start_server: StartServer) -> None:
    assert _status(start_server().pid, "THP_enabled") == "0"


def test_allocator_gives_back_memory_by_a_thread_of_its_own(
    start_server: StartServer, connect: Connect
) -> None:
    server = start_server()
    c = connect(server)
    if not info_fields(c.ok("INFO", "memory"))["mem_allocator"].startswith("jemalloc"):
        pytest.skip("built without jemalloc")

    def has_thread() -> bool:
        tasks = Path(f"/proc/{server.pid}/task").iterdir()
        return any("jemalloc_bg" in (task / "comm").read_text() for task in tasks)

    wait_for("the thread", has_thread)
    c.ok("CONFIG", "SET", "jemalloc-bg-thread", "no")
    wait_for("its end", lambda: not has_thread())


# Descriptors


def _with_descriptors(
    subject: Subject, folders: pytest.TempPathFactory, soft: int, hard: int, maxclients: int
) -> Server:
    binary = wrapper.unprivileged(folders.mktemp("bin"), subject.binary, f"--nofile={soft}:{hard}")
    return Server(binary, {"maxclients": maxclients})


def test_limit_of_descriptors_is_raised(
    subject: Subject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with _with_descriptors(subject, tmp_path_factory, 200, 5000, 1000).start() as server:
        with server.connect() as c:
            assert c.call("CONFIG", "GET", "maxclients")[1] == b"1000"
        assert "Increased maximum number of open files to 1032 (it was originally set to 200)." in (
            server.log
        )


def test_clients_are_fewer_where_descriptors_are(
    subject: Subject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with _with_descriptors(subject, tmp_path_factory, 100, 200, 10000).start() as server:
        with server.connect() as c:
            shown = int(c.call("CONFIG", "GET", "maxclients")[1])
        # 32 are kept for other things; the peer goes down to the limit in steps of 16.
        assert shown == 168 if subject.is_tarn else shown in range(153, 169)
        reduced = f"maxclients has been reduced to {shown} to compensate for low ulimit."
        assert reduced in server.log


def test_too_few_descriptors_end_the_start(
    subject: Subject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    server = _with_descriptors(subject, tmp_path_factory, 30, 30, 10000)
    try:
        server.spawn()
        assert not server.wait_ready()
        server.wait_exit(expect_status=1)
        assert "Your current 'ulimit -n' of 30 is not enough for the server to start." in server.log
    finally:
        server.cleanup()


# Listening anew


def test_a_port_that_is_taken_leaves_the_old_one(
    start_server: StartServer, connect: Connect
) -> None:
    first, second = start_server(), start_server()
    c = connect(second)
    assert c.err("CONFIG", "SET", "port", first.port) == (
        "ERR CONFIG SET failed (possibly related to argument 'port') - "
        "Unable to listen on this port. Check server logs."
    )
    assert connect(second).call("CONFIG", "GET", "port")[1] == str(second.port).encode()
    assert _title(second).endswith(f":{second.port}")
    second.wait_for_log(f"listening socket 127.0.0.1:{first.port}: bind: Address already in use")


def test_an_address_that_is_not_there_leaves_the_old_ones(
    start_server: StartServer, connect: Connect
) -> None:
    server = start_server()
    c = connect(server)
    assert c.err("CONFIG", "SET", "bind", _NOWHERE) == (
        "ERR CONFIG SET failed (possibly related to argument 'bind') - "
        "Failed to bind to specified addresses."
    )
    assert connect(server).call("CONFIG", "GET", "bind")[1] == b"127.0.0.1"


def test_a_new_port_leaves_connections_open(start_server: StartServer, connect: Connect) -> None:
    server = start_server()
    c = connect(server)
    new = free_port()
    c.ok("CONFIG", "SET", "port", new)
    assert c.call("PING") == "PONG"
    assert connect(address=("127.0.0.1", new)).call("PING") == "PONG"
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(server.address, timeout=5)


@pytest.mark.beyond_oracle
def test_unix_socket_of_a_group(
    start_server: StartServer, tmp_path_factory: pytest.TempPathFactory
) -> None:
    own = [g for g in os.getgroups() if g != os.getgid()] or [os.getgid()]
    group = grp.getgrgid(own[0])
    if os.geteuid() == 0:
        group = next(g for g in grp.getgrall() if g.gr_gid != os.getgid())
    path = str(tmp_path_factory.mktemp("unix") / "tarn.sock")
    start_server({"unixsocket": path, "unixsocketgroup": group.gr_name})
    assert os.stat(path).st_gid == group.gr_gid


@pytest.mark.beyond_oracle
def test_unix_socket_of_an_unknown_group_ends_the_start(
    start_server: StartServer, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = str(tmp_path_factory.mktemp("unix") / "tarn.sock")
    server = start_server({"unixsocket": path, "unixsocketgroup": "no-such-group"}, wait=False)
    assert not server.wait_ready()
    server.wait_exit(expect_status=1)
    assert "no group 'no-such-group'" in server.log


def _kernel_has_mptcp() -> bool:
    path = Path("/proc/sys/net/mptcp/enabled")
    return path.exists() and path.read_text().strip() == "1"


@pytest.mark.beyond_oracle
@pytest.mark.skipif(not _kernel_has_mptcp(), reason="this kernel has no Multipath TCP")
def test_multipath_tcp_serves_both(start_server: StartServer, connect: Connect) -> None:
    server = start_server({"mptcp": "yes"})
    assert connect(server).call("PING") == "PONG"
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262) as sock:
        sock.connect(server.address)
        sock.sendall(b"PING\r\n")
        assert sock.recv(100) == b"+PONG\r\n"


# Locale


@pytest.mark.beyond_oracle
def test_a_locale_that_is_not_there(
    start_server: StartServer, connect: Connect, subject: Subject
) -> None:
    c = connect(start_server())
    c.ok("CONFIG", "SET", "locale-collate", "C")
    assert c.err("CONFIG", "SET", "locale-collate", "nosuch") == (
        "ERR CONFIG SET failed (possibly related to argument 'locale-collate') - "
        "Invalid locale name"
    )
    assert c.call("CONFIG", "GET", "locale-collate")[1] == b"C"
    done = _run(subject, "--locale-collate", "nosuch", "--port", "0")
    assert done.returncode == 1 and "invalid locale name" in done.stdout
