"""What a crash leaves: a report in the log, and the signal. The watchdog, too.

Lines that people search for are those of redis-server; tests of the rest are Tarn's alone."""

from __future__ import annotations

import ctypes
import fcntl
import os
import platform
import re
import signal
import subprocess
from pathlib import Path
from typing import Any, Iterator

import pytest
from conftest import Subject
from support.client import Client
from support.server import Server, Value
from support.wait import PATIENCE_S, wait_for

F_SETPIPE_SZ = 1031

REGISTERS = {
    "x86_64": ["RAX", "RSP", "R15", "RIP", "EFL"],
    "aarch64": ["X0 ", "X30", "SP ", "PC "],
}


class Victim:
    """A server that is made to crash, and what it said."""

    def __init__(self, server: Server) -> None:
        self.server = server

    def ask(self, *args: Any) -> Any:
        with self.server.connect() as client:
            return client.ok(*args)

    def dies_of(self, *args: Any) -> str:
        """Sends a command that has no reply but the connection's end; the log."""
        with self.server.connect() as client:
            client.send(*args)
            assert client.read_to_end() == b""
        return self.log_at_end()

    def log_at_end(self) -> str:
        self.status = self.server.process.wait(PATIENCE_S)
        self.server._out.join()
        return self.server.log

    def kill(self, number: int) -> str:
        os.kill(self.server.pid, number)
        return self.log_at_end()


@pytest.fixture
def victim(subject: Subject) -> Iterator[Any]:
    servers: list[Server] = []

    def start(**directives: Value) -> Victim:
        server = subject.new({name.replace("_", "-"): v for name, v in directives.items()})
        servers.append(server)
        return Victim(server.start())

    yield start
    for server in servers:
        server.cleanup()


def part(log: str, title: str) -> str:
    """The lines below "------ TITLE ------"."""
    found = re.search(rf"^------ {title} ------\n(.*?)(?=^------ |^=== )", log, re.M | re.S)
    assert found, f"no {title} in:\n{log}"
    return found.group(1)


# The ways in


def test_debug_segfault(victim: Any, subject: Subject) -> None:
    v = victim()
    log = v.dies_of("DEBUG", "SEGFAULT")
    assert v.status == -signal.SIGSEGV
    assert "BUG REPORT START" in log and "BUG REPORT END" in log
    assert "crashed by signal: 11, si_code: 2" in log
    assert re.search(r"Accessing address: 0x[0-9a-f]{6,}000\n", log)
    ip = re.search(r"Crashed running the instruction at: (0x[0-9a-f]+)", log)
    assert ip is not None
    stack = part(log, "STACK TRACE")
    function = "debug_segfault" if subject.is_tarn else "debugCommand"
    first = stack.split("Backtrace:\n")[0]
    assert first.startswith("EIP:\n") and function in first and f"[{ip.group(1)}]" in first
    assert re.search(rf"\({function}\S*\+0x[0-9a-f]+\)\[{ip.group(1)}\]", stack)
    assert "(main+0x" in stack


@pytest.mark.parametrize("name", ["SEGV", "BUS", "FPE", "ILL", "ABRT"])
def test_signals_that_somebody_sends(victim: Any, name: str) -> None:
    number = getattr(signal, f"SIG{name}")
    v = victim()
    log = v.kill(number)
    assert v.status == -number
    assert f"crashed by signal: {number:d}, si_code: 0" in log
    assert f"Killed by PID: {os.getpid()}, UID: {os.getuid()}" in log
    assert "(main+0x" in part(log, "STACK TRACE")
    assert "CURRENT CLIENT" not in log


def test_a_failed_assertion(victim: Any, subject: Subject) -> None:
    v = victim()
    log = v.dies_of("DEBUG", "ASSERT")
    assert v.status == -signal.SIGABRT
    assert "=== ASSERTION FAILED ===" in log
    assert re.search(r"==> \S+\.c:\d+ '.*' is not true", log)
    assert ("debug_assert" if subject.is_tarn else "debugCommand") in part(log, "STACK TRACE")
    assert "crashed by signal" not in log and "REGISTERS" not in log


def test_a_panic(victim: Any, subject: Subject) -> None:
    v = victim()
    log = v.dies_of("DEBUG", "PANIC")
    assert v.status == -signal.SIGABRT
    assert "!!! Software Failure. Press left mouse button to continue" in log
    assert re.search(r"Guru Meditation: DEBUG PANIC called at Unix time \d+ #\S+\.c:\d+", log)
    assert ("debug_panic" if subject.is_tarn else "debugCommand") in part(log, "STACK TRACE")


def test_no_memory(victim: Any, subject: Subject) -> None:
    v = victim()
    log = v.dies_of("DEBUG", "OOM")
    if subject.is_tarn:  # redis-server's report may crash itself after this
        assert v.status == -signal.SIGABRT
    assert f"Out Of Memory allocating {2**63 - 1} bytes!" in log
    assert "Guru Meditation: " in log


@pytest.mark.parametrize("how", ["ASSERT", "PANIC"])
def test_a_failure_may_exit(victim: Any, how: str) -> None:
    v = victim(use_exit_on_panic="yes")
    log = v.dies_of("DEBUG", how)
    assert v.status == 1
    assert "STACK TRACE" in log


def test_a_signal_is_no_failure_that_may_exit(victim: Any) -> None:
    v = victim()
    v.ask("CONFIG", "SET", "use-exit-on-panic", "yes")
    v.dies_of("DEBUG", "SEGFAULT")
    assert v.status == -signal.SIGSEGV


# Whether there is a report


def test_without_a_report(victim: Any) -> None:
    v = victim(crash_log_enabled="no")
    log = v.kill(signal.SIGILL)  # one that sanitizers leave alone
    assert v.status == -signal.SIGILL
    assert "REPORT" not in log and "STACK TRACE" not in log


def test_reports_are_switched_at_run_time(victim: Any, subject: Subject) -> None:
    off, on = victim(), victim(crash_log_enabled="no")
    off.ask("CONFIG", "SET", "crash-log-enabled", "no")
    assert "STACK TRACE" not in off.kill(signal.SIGILL)
    assert off.status == -signal.SIGILL
    on.ask("CONFIG", "SET", "crash-log-enabled", "yes")
    assert "STACK TRACE" in on.kill(signal.SIGILL)
    assert on.status == -signal.SIGILL


@pytest.mark.beyond_oracle
def test_a_failed_assertion_says_so_without_a_report(victim: Any) -> None:
    v = victim(crash_log_enabled="no")
    log = v.dies_of("DEBUG", "ASSERT")
    assert v.status == -signal.SIGABRT
    assert "ASSERTION FAILED" in log and "STACK TRACE" not in log


def test_the_report_is_in_the_log_file(subject: Subject) -> None:
    server = subject.new({"logfile": "the.log", "unixsocket": "socket"}, port=0)
    path = server.dir / "the.log"
    try:
        server.spawn()
        wait_for("readiness", lambda: path.exists() and "eady to accept" in path.read_text())
        with Client(str(server.dir / "socket")) as client:
            client.send("DEBUG", "SEGFAULT")
            assert client.read_to_end() == b""
        assert server.process.wait(PATIENCE_S) == -signal.SIGSEGV
        assert "STACK TRACE" not in server.log
        assert "crashed by signal: 11" in path.read_text()
        assert "BUG REPORT END" in path.read_text()
    finally:
        server.cleanup()


# What is in it


@pytest.mark.skipif(platform.machine() not in REGISTERS, reason="no registers known")
def test_registers_and_the_stack(victim: Any) -> None:
    log = victim().dies_of("DEBUG", "SEGFAULT")
    registers = part(log, "REGISTERS")
    values = dict(re.findall(r"(\w[\w ]{1,5}):([0-9a-f]{16})\b", registers))
    for name in REGISTERS[platform.machine()]:
        assert name in values
    pointer = "RIP" if "RIP" in values else "PC "
    ip = re.search(r"instruction at: 0x([0-9a-f]+)", log)
    assert ip is not None and int(values[pointer], 16) == int(ip.group(1), 16)
    words = re.findall(r"# \(([0-9a-f]{16})\) -> ([0-9a-f]{16})$", registers, re.M)
    assert len(words) == 16


def test_info_and_clients(victim: Any) -> None:
    v = victim()
    with v.server.connect() as other:
        other.ok("CLIENT", "SETNAME", "witness")
        name = f"id={other.ok('CLIENT', 'ID')} "
        log = v.dies_of("DEBUG", "SEGFAULT")
    info = part(log, "INFO OUTPUT")
    for field in ("redis_version:", f"process_id:{v.server.pid}", "connected_clients:2", "# Keyspace"):
        assert field in info
    clients = part(log, "CLIENT LIST OUTPUT").splitlines()
    assert any(line.startswith(name) for line in clients)
    assert any("cmd=debug" in line for line in clients)
    part(log, "MODULES INFO OUTPUT")
    assert "lazyfree-lazy-eviction " in part(log, "CONFIG DEBUG OUTPUT")


def test_the_current_command(victim: Any, subject: Subject) -> None:
    v = victim(**({"hide_user_data_from_log": "no"} if subject.is_tarn else {}))
    log = v.dies_of("DEBUG", "SEGFAULT", "a key", b'\x00"\xff')
    current = part(log, "CURRENT CLIENT INFO")
    assert re.match(r"id=\d+ addr=127.0.0.1:", current)
    assert """argv[0]: '"DEBUG"'\nargv[1]: '"SEGFAULT"'\nargv[2]: '"a key"'\n""" in current
    assert r"""argv[3]: '"\x00\"\xff"'""" in current


@pytest.mark.beyond_oracle
def test_what_users_sent_is_kept_out(victim: Any) -> None:
    v = victim()
    with v.server.connect() as other:
        other.ok("CLIENT", "SETNAME", "confidential")
        log = v.dies_of("DEBUG", "SEGFAULT", "secret")
    assert "secret" not in log and "confidential" not in log
    assert " name=*redacted* " in part(log, "CLIENT LIST OUTPUT")
    current = part(log, "CURRENT CLIENT INFO")
    assert """argv[0]: '"DEBUG"'\n""" in current
    assert "argv[2]: (redacted) 6 bytes\n" in current


@pytest.mark.beyond_oracle
def test_long_commands_are_cut(victim: Any) -> None:
    v = victim(hide_user_data_from_log="no")
    log = v.dies_of("DEBUG", "SEGFAULT", "x" * 5000, *range(100))
    current = part(log, "CURRENT CLIENT INFO")
    assert f"""argv[2]: '"{"x" * 1024}"' and 3976 bytes more\n""" in current
    assert """argv[63]: '"60"'\nand 39 arguments more\n""" in current


@pytest.mark.beyond_oracle
def test_the_context_is_told(victim: Any) -> None:
    v = victim(debug_context="run 17 of many")
    assert "Debug context: run 17 of many\n" in v.dies_of("DEBUG", "PANIC")


def start_worker(v: Victim) -> int:
    """Makes the thread that frees memory; its id, when it runs under its name and has nothing to do.
    (While it frees, it holds locks that INFO needs.)"""
    v.ask("DEBUG", "POPULATE", 1000)
    v.ask("FLUSHALL", "ASYNC")
    wait_for("the end of its work", lambda: b"lazyfreed_objects:1000\r" in v.ask("INFO", "memory"))

    def find() -> int:
        for task in Path(f"/proc/{v.server.pid}/task").iterdir():
            if (task / "comm").read_text() == "lazy_free\n":
                return int(task.name)
        return 0

    return wait_for("the thread", find)


@pytest.mark.beyond_oracle
def test_the_stacks_of_other_threads(victim: Any) -> None:
    v = victim()
    start_worker(v)
    log = v.dies_of("DEBUG", "SEGFAULT")
    thread = re.search(r"^Thread \d+ \(lazy_free\):\n(.+?)\n\n", log, re.M | re.S)
    assert thread and re.search(r"\(work\S*\+0x", thread.group(1))


@pytest.mark.beyond_oracle
def test_a_thread_beside_the_main_one_may_crash(victim: Any) -> None:
    v = victim()
    tid = start_worker(v)
    assert ctypes.CDLL(None).tgkill(v.server.pid, tid, signal.SIGBUS) == 0
    log = v.log_at_end()
    assert v.status == -signal.SIGBUS
    first, rest = part(log, "STACK TRACE").split("\nThread ", 1)
    assert re.search(r"\(work\S*\+0x", first) and "(main+0x" not in first
    assert rest.startswith(f"{v.server.pid} (") and "(main+0x" in rest
    assert "BUG REPORT END" in log


def test_the_memory_is_tested(victim: Any, subject: Subject) -> None:
    log = victim().dies_of("DEBUG", "SEGFAULT")
    tested = part(log, "FAST MEMORY TEST")
    if subject.is_tarn and subject.sanitized:
        assert "Not in this build" in tested
    else:
        assert "memory region" in tested and "Fast memory test PASSED" in tested


def test_the_memory_need_not_be_tested(victim: Any) -> None:
    v = victim(crash_memcheck_enabled="no")
    log = v.dies_of("DEBUG", "SEGFAULT")
    assert "FAST MEMORY TEST" not in log and "BUG REPORT END" in log


def test_the_code_is_dumped(victim: Any) -> None:
    code = part(victim().dies_of("DEBUG", "SEGFAULT"), "DUMPING CODE AROUND EIP")
    assert "--adjust-vma=0x" in code
    assert re.search(r"^[0-9a-f]{64,}$", code, re.M)


@pytest.mark.beyond_oracle
def test_a_crash_within_the_report_ends_it(subject: Subject) -> None:
    """The log is a pipe that is full soon, so the report stands where it is hit."""
    server = subject.new({})
    process = subprocess.Popen(
        server.command_line(), cwd=server.dir, env=server._env, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    log = b""
    try:
        fcntl.fcntl(process.stdout, F_SETPIPE_SZ, 4096)
        while b"Ready to accept" not in log:
            log += os.read(process.stdout.fileno(), 4096)
        os.kill(process.pid, signal.SIGSEGV)
        while b"INFO OUTPUT" not in log:
            log += os.read(process.stdout.fileno(), 64)
        os.kill(process.pid, signal.SIGBUS)
        log += process.stdout.read()
        assert process.wait(PATIENCE_S) == -signal.SIGSEGV
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        server.cleanup()
    assert b"(signal 7 within the report, which ends here)\n" in log
    assert log.count(b"BUG REPORT END") == 1
    assert b"CLIENT LIST" not in log


# The watchdog


def watchdog_period(v: Victim) -> bytes:
    return v.ask("CONFIG", "GET", "watchdog-period")[1]


def test_the_watchdog_shows_where_a_turn_hangs(victim: Any, subject: Subject) -> None:
    v = victim()
    v.ask("CONFIG", "SET", "watchdog-period", 300)
    v.ask("DEBUG", "SLEEP", "0.8")
    v.server.wait_for_log("WATCHDOG TIMER EXPIRED")
    v.ask("CONFIG", "SET", "watchdog-period", 0)
    stack = v.server.log.split("WATCHDOG TIMER EXPIRED")[1]
    assert "STACK TRACE -" in stack and "nanosleep+0x" in stack
    function = "debug_sleep" if subject.is_tarn else "debugCommand"
    assert re.search(rf"\({function}\S*\+0x", stack)
    assert v.ask("PING") == "PONG"
    times = v.server.log.count("WATCHDOG TIMER EXPIRED")
    v.ask("DEBUG", "SLEEP", "0.5")
    assert v.server.log.count("WATCHDOG TIMER EXPIRED") == times, "it was switched off"


def test_the_watchdog_lets_a_quick_server_alone(victim: Any) -> None:
    v = victim(watchdog_period=1000)
    assert watchdog_period(v) == b"1000"
    for _ in range(8):
        v.ask("DEBUG", "SLEEP", "0.2")
    assert "WATCHDOG" not in v.server.log


def test_the_shortest_period(victim: Any) -> None:
    v = victim()
    for given, kept in ((1, b"200"), (199, b"200"), (201, b"201"), (0, b"0")):
        v.ask("CONFIG", "SET", "watchdog-period", given)
        assert watchdog_period(v) == kept


@pytest.mark.beyond_oracle
def test_a_sigalrm_shows_the_stack(victim: Any) -> None:
    v = victim()
    assert v.ask("DEBUG", "SIGALRM") == "OK"
    v.server.wait_for_log("Received SIGALRM")
    assert v.ask("PING") == "PONG"
    os.kill(v.server.pid, signal.SIGALRM)
    wait_for("a second stack", lambda: v.server.log.count("Received SIGALRM") == 2)
    assert re.search(r"\(debug_sigalrm\S*\+0x", v.server.log)
    assert "WATCHDOG" not in v.server.log
    assert v.ask("PING") == "PONG"


@pytest.mark.beyond_oracle
def test_tables_are_verified_on_request(victim: Any) -> None:
    v = victim(enable_debug_assert="yes")
    v.ask("DEBUG", "POPULATE", 5000)
    for key in range(100):
        v.ask("EXPIRE", f"key:{key}", 1000)
    v.ask("DEBUG", "SLEEP", "1.1")
    assert v.ask("DBSIZE") == 5000
    assert "ASSERTION" not in v.server.log
