"""A server process for a test: started in a folder of its own, watched, ended.

Tarn and redis-server are both started as `binary --directive value ...`. Readiness is the log
line, the end is SIGTERM to the pid, and a test fails when the process dies, exits with a status
other than 0, or writes a sanitizer's or a crash report. The kernel kills the server when the
test process dies, so none is left behind."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Mapping, Sequence, Union

from .client import Client
from .ports import free_port
from .wait import PATIENCE_S

Value = Union[str, int, Sequence[Union[str, int]]]

READY = re.compile(r"[Rr]eady to accept connections")
PORT_TAKEN = re.compile(r"Address already in use")

# What no server may ever write, whatever the test does to it.
REPORTS = re.compile(
    r"AddressSanitizer|LeakSanitizer|ThreadSanitizer|MemorySanitizer|UndefinedBehaviorSanitizer"
    r"|runtime error:|ASSERTION FAILED|Guru Meditation|crashed by signal|STACK TRACE"
)

# How much of a report a failure shows.
_REPORT_LINES = 60

_SANITIZER_ENV = {
    "ASAN_OPTIONS": "detect_leaks=1:detect_stack_use_after_return=1:abort_on_error=0:exitcode=99",
    "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1:exitcode=99",
    "TSAN_OPTIONS": "halt_on_error=1:second_deadlock_stack=1:exitcode=99",
}

_DEFAULTS: dict[str, Value] = {
    "bind": "127.0.0.1",
    "save": "",
    "enable-debug-command": "yes",
}


class ServerFailed(AssertionError):
    """The server died, would not start or stop, or wrote a report."""


class Server:
    """A server process. Directives are keyword-like: {"maxclients": 5, "bind": ["a", "b"]}.

    `port` 0 means none. Lines of standard output and standard error are collected as they
    come; `log` is both."""

    def __init__(
        self,
        binary: str | Path,
        directives: Mapping[str, Value] | None = None,
        port: int | None = None,
        args: Sequence[str] = (),
        env: Mapping[str, str] | None = None,
    ) -> None:
        self.binary = os.path.abspath(binary)  # not resolved: redis-server looks at its own name
        self.dir = Path(tempfile.mkdtemp(prefix="tarn-test-"))
        self.directives: dict[str, Value] = {**_DEFAULTS, "dir": str(self.dir), **(directives or {})}
        self.args = list(args)
        self._fixed_port = port
        self._env = {**os.environ, **_SANITIZER_ENV, **(env or {})}
        self.port = port if port is not None else free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._output: _Output | None = None

    # Life

    def start(self, timeout_s: float = PATIENCE_S) -> Server:
        """Start and wait until it accepts connections. ServerFailed if it does not."""
        for _ in range(20):
            self.spawn()
            if self.wait_ready(timeout_s):
                return self
            if self._fixed_port is not None or not PORT_TAKEN.search(self.log):
                break
            self.port = free_port()
        raise ServerFailed(f"the server did not start:\n{self.command_line()}\n{self.log}")

    def spawn(self) -> Server:
        """Start the process and wait for nothing; for tests of a start that must fail."""
        self._process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "--", *self.command_line()],
            cwd=self.dir,
            env=self._env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self._output = _Output(self._process)
        return self

    def wait_ready(self, timeout_s: float = PATIENCE_S) -> bool:
        """Whether the server became ready; False as soon as it has ended instead."""
        return self._out.wait_for(READY, timeout_s) is not None

    def stop(self, expect_status: int | None = 0, timeout_s: float = 60.0) -> int:
        """End the server by SIGTERM, check its exit status and everything that it wrote."""
        if self.running:
            self.process.send_signal(signal.SIGTERM)
        return self.wait_exit(expect_status, timeout_s)

    def wait_exit(self, expect_status: int | None = 0, timeout_s: float = 60.0) -> int:
        """Wait for an end that something else has asked for; check status and output."""
        try:
            status = self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.kill()
            raise ServerFailed(f"the server did not end:\n{self.log}") from None
        self._out.join()
        self.check_log()
        if expect_status is not None and status != expect_status:
            raise ServerFailed(f"exit status {status}, not {expect_status}:\n{self.log}")
        return status

    def kill(self) -> None:
        """End the process at once; checks nothing."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._out.join()

    def cleanup(self) -> None:
        """Make sure that neither process nor folder is left; checks nothing."""
        self.kill()
        shutil.rmtree(self.dir, ignore_errors=True)

    def __enter__(self) -> Server:
        return self if self._process is not None else self.start()

    def __exit__(
        self,
        error: type[BaseException] | None,
        _value: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        try:
            if error is None:
                self.stop(expect_status=0)
        finally:
            self.cleanup()

    # State

    @property
    def process(self) -> subprocess.Popen[bytes]:
        assert self._process is not None, "the server was not started"
        return self._process

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def running(self) -> bool:
        return self.process.poll() is None

    @property
    def _out(self) -> _Output:
        assert self._output is not None, "the server was not started"
        return self._output

    @property
    def log(self) -> str:
        """All lines so far, of standard output and standard error."""
        return "\n".join(self._out.lines())

    @property
    def stderr(self) -> str:
        return "\n".join(self._out.lines("stderr"))

    def wait_for_log(self, pattern: str, timeout_s: float = PATIENCE_S) -> str:
        """The first line that matches, waiting for it if necessary."""
        line = self._out.wait_for(re.compile(pattern), timeout_s)
        if line is None:
            raise AssertionError(f"no line like {pattern!r} in:\n{self.log}")
        return line

    def check_log(self) -> None:
        """ServerFailed if a sanitizer's or a crash report was written."""
        lines = self._out.lines()
        for number, line in enumerate(lines):
            found = REPORTS.search(line)
            if found:
                around = "\n".join(lines[max(0, number - 10) : number + _REPORT_LINES])
                raise ServerFailed(f"report in the log ({found.group()}):\n{around}")

    def check_alive(self) -> None:
        """ServerFailed if the server ended or wrote a report."""
        self.check_log()
        if not self.running:
            self._out.join()
            raise ServerFailed(f"the server ended with {self.process.poll()}:\n{self.log}")

    # Use

    @property
    def address(self) -> tuple[str, int]:
        return ("127.0.0.1", self.port)

    def connect(self, proto: int = 2, timeout_s: float = PATIENCE_S) -> Client:
        return Client(self.address, proto, timeout_s)

    def command_line(self) -> list[str]:
        line = [self.binary, *self.args, "--port", str(self.port)]
        for name, value in self.directives.items():
            line.append("--" + name)
            if isinstance(value, (str, int)):
                line.append(str(value))
            else:
                line += [str(v) for v in value]
        return line


class _Output:
    """Collects the lines of a process from both pipes, on two threads."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._lines: list[tuple[str, str]] = []
        self._changed = threading.Condition()
        self._threads = []
        for name in ("stdout", "stderr"):
            pipe = getattr(process, name)
            thread = threading.Thread(target=self._collect, args=(name, pipe), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _collect(self, name: str, pipe: object) -> None:
        for raw in pipe:  # type: ignore[attr-defined]
            with self._changed:
                self._lines.append((name, raw.decode(errors="backslashreplace").rstrip("\n")))
                self._changed.notify_all()
        pipe.close()  # type: ignore[attr-defined]
        with self._changed:
            self._changed.notify_all()

    def lines(self, name: str | None = None) -> list[str]:
        with self._changed:
            return [line for source, line in self._lines if name in (None, source)]

    def wait_for(self, pattern: re.Pattern[str], timeout_s: float) -> str | None:
        """The first line that matches; None when the output ended, or time is up, without."""
        deadline = time.monotonic() + timeout_s
        seen = 0
        with self._changed:
            while True:
                for _source, line in self._lines[seen:]:
                    if pattern.search(line):
                        return line
                seen = len(self._lines)
                left = deadline - time.monotonic()
                if left <= 0 or not any(t.is_alive() for t in self._threads):
                    return None
                self._changed.wait(min(left, 0.2))

    def join(self) -> None:
        for thread in self._threads:
            thread.join(10)
