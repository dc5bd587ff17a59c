#!/usr/bin/python3
"""Compares how Tarn and redis-server read, show, change and rewrite their configuration.

    tests/oracle/config.py --server build/asan/tarn-server

Values: each directive that both know gets good and bad values by CONFIG SET (those that cannot be
set: by a line of a file); replies, and what CONFIG GET shows then, must agree. Files and
arguments: what is written to standard error, and the exit status. Rewriting: files before and
after CONFIG REWRITE, line by line as the reader understands them, and what servers show that were
started from them. A difference must be a row of differences.tsv: its command is SHOW name, SET name
value, FILE text, ARGS arguments, REWRITE name or AGAIN name."""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Iterable, Iterator

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from oracle import config_cases as cases  # noqa: E402
from oracle.differences import Differences  # noqa: E402
from support.client import Client  # noqa: E402
from support.limits import raise_descriptor_limit  # noqa: E402
from support.resp import ReplyError  # noqa: E402
from support.server import Server  # noqa: E402

_REPORT = re.compile(r"\*\*\* FATAL CONFIG FILE ERROR \(\w+ [\w.]+\)")
_LOG_PREFIX = re.compile(r"^\d+:[A-Z] .*? [#*.-] ")


class Side:
    """One of the two servers, with a configuration file of its own."""

    def __init__(self, name: str, binary: str, text: str = "") -> None:
        self.name = name
        self.binary = binary
        self._folder = tempfile.TemporaryDirectory(prefix="tarn-config-")
        self.file = Path(self._folder.name) / "server.conf"
        self.file.write_text(text)
        self.server = Server(binary, {"enable-protected-configs": "yes"}, args=[str(self.file)])
        del self.server.directives["save"]  # files have some
        self.server.start()
        self.client: Client = self.server.connect()

    def stop(self) -> None:
        self.client.close()
        self.server.kill()
        self.server.cleanup()
        self._folder.cleanup()

    def plain(self, text: str) -> str:
        """Without what is each server's own."""
        text = text.replace(str(self.server.dir), "DIR").replace(str(self.file), "FILE")
        return re.sub(rf"\b{self.server.port}\b", "PORT", text)

    def show(self, pattern: str = "*") -> dict[str, str]:
        reply = [self.plain(v.decode(errors="replace")) for v in self.client.ok("CONFIG", "GET", pattern)]
        return dict(zip(reply[0::2], reply[1::2]))

    def set(self, name: str, value: str) -> str:
        reply = self.client.call("CONFIG", "SET", name, value)
        return self.plain(reply.text if isinstance(reply, ReplyError) else str(reply))

    def rewrite(self) -> str:
        reply = self.client.call("CONFIG", "REWRITE")
        assert reply == "OK", reply
        return self.plain(self.file.read_text())


class Comparison:
    """Both servers, and what was found."""

    def __init__(self, tarn: str, oracle: str, differences: Differences) -> None:
        self.binaries = {"tarn": tarn, "oracle": oracle}
        self.differences = differences
        self.checks = 0
        self.found = 0

    def sides(self, text: str = "") -> tuple[Side, Side]:
        tarn, oracle = (Side(name, binary, text) for name, binary in self.binaries.items())
        return tarn, oracle

    def check(self, what: str, ours: str, theirs: str) -> None:
        self.checks += 1
        if ours == theirs or self.differences.allow(what, ours, theirs):
            return
        self.found += 1
        print(f"{what}\n    tarn   {ours!r}\n    oracle {theirs!r}")

    # Values

    def values(self) -> None:
        tarn, oracle = self.sides()
        try:
            shown, theirs = tarn.show(), oracle.show()
            for name in sorted(set(theirs) - set(shown)):
                self.check(f"SHOW {name}", "absent", "there")
            both = sorted(set(shown) & set(theirs))
            for name in both:
                self.check(f"SHOW {name}", shown[name], theirs[name])
            for name in sorted(set(shown) - set(theirs)):
                self.check(f"SHOW {name}", "there", "hidden" if oracle.show(name) else "there")
            for name in both:
                if shown[name] != theirs[name] and name not in cases.NOT_SET:
                    oracle.set(name, shown[name])
            fixed = [name for name in both if not self._set_all(name, tarn, oracle)]
        finally:
            tarn.stop()
            oracle.stop()
        texts = [f"{name} {value}\n" for name in fixed for value in cases.FILE_VALUES]
        self.files(text for text in texts if not text.startswith(cases.HARMFUL_LINES))

    def _set_all(self, name: str, tarn: Side, oracle: Side) -> bool:
        """False if it cannot be set."""
        if name in cases.NOT_SET:
            return True
        initials = [side.client.ok("CONFIG", "GET", name)[1] for side in (tarn, oracle)]
        seen: set[str] = set()
        waiting = list(cases.VALUES.get(name, cases.ANY_VALUES))
        while waiting:
            value = waiting.pop(0)
            if value in seen:
                continue
            seen.add(value)
            replies = [side.set(name, value) for side in (tarn, oracle)]
            self.check(f"SET {name} {value}", *replies)
            if "can't set immutable" in replies[1]:
                return False
            waiting += [w for reply in replies for w in cases.better_values(reply, name)]
            self.check(f"SET {name} {value} SHOW", *(s.show(name)[name] for s in (tarn, oracle)))
        for side, initial in zip((tarn, oracle), initials):
            side.client.call("CONFIG", "SET", name, initial)
        return True

    # Errors of the start

    def files(self, texts: Iterable[str]) -> None:
        with ThreadPoolExecutor(4) as pool:
            for text, reports in pool.map(self._report_file, texts):
                self.check(f"FILE {text}".rstrip("\n").replace("\n", "\\n"), *reports)

    def arguments(self) -> None:
        for arguments in cases.ARGUMENTS:
            reports = [self._report(b, [*arguments]) for b in self.binaries.values()]
            self.check("ARGS " + " ".join(a or '""' for a in arguments), *reports)

    def _report_file(self, text: str) -> tuple[str, list[str]]:
        """The last line is wrong, so that no server starts."""
        reports = []
        for binary in self.binaries.values():
            with tempfile.TemporaryDirectory(prefix="tarn-config-") as folder:
                for name, content in cases.INCLUDED.items():
                    (Path(folder) / name).write_text(content)
                (Path(folder) / "server.conf").write_text(text + "\nthe-end 1\n")
                reports.append(self._report(binary, ["server.conf"], folder))
        return text, reports

    def _report(self, binary: str, arguments: list[str], folder: str = "/tmp") -> str:
        done = subprocess.run(
            [binary, *arguments], cwd=folder, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL
        )
        lines = [_LOG_PREFIX.sub("", line) for line in done.stdout.splitlines() if "Fatal" in line]
        report = _REPORT.sub("*** FATAL CONFIG FILE ERROR", done.stderr).replace(folder, "DIR")
        return f"{done.returncode} {report}{' '.join(lines).replace(folder, 'DIR')}"

    # Rewriting

    def rewriting(self) -> None:
        self._rewrite_changed()
        self._rewrite_all()
        for number, (text, changes) in enumerate(cases.REWRITTEN):
            tarn, oracle = self.sides(text)
            try:
                for name, value in changes:
                    self.check(f"SET {name} {value}", tarn.set(name, value), oracle.set(name, value))
                self._compare_files(f"REWRITE file-{number}", tarn.rewrite(), oracle.rewrite(), shared(tarn, oracle))
                self._compare_files(f"REWRITE again-{number}", tarn.rewrite(), oracle.rewrite(), shared(tarn, oracle))
            finally:
                tarn.stop()
                oracle.stop()

    def _rewrite_changed(self) -> None:
        """Everything that can be set has another value; then servers start from the files."""
        tarn, oracle = self.sides()
        try:
            both = shared(tarn, oracle)
            for name in sorted(both - set(cases.NOT_SET)):
                self._change(name, tarn, oracle)
            texts = [side.rewrite() for side in (tarn, oracle)]
            self._compare_files("REWRITE", *texts, both)
            shown = tarn.show()
            files = [side.file.read_text().replace(str(side.server.dir), "/tmp") for side in (tarn, oracle)]
        finally:
            tarn.stop()
            oracle.stop()
        for file in files:
            again = Side("tarn", self.binaries["tarn"], file)
            try:
                for name, value in again.show().items():
                    self.check(f"AGAIN {name}", value, shown[name])
            finally:
                again.stop()

    def _rewrite_all(self) -> None:
        """What DEBUG makes of an empty file: a line for every directive."""
        tarn, oracle = self.sides()
        try:
            for side in (tarn, oracle):
                assert side.client.call("DEBUG", "CONFIG-REWRITE-FORCE-ALL") == "OK"
            files = [side.plain(side.file.read_text()) for side in (tarn, oracle)]
            self._compare_files("REWRITE ALL", *files, shared(tarn, oracle))
        finally:
            tarn.stop()
            oracle.stop()

    def _change(self, name: str, tarn: Side, oracle: Side) -> None:
        """To a value that both take and that is not the one that either has."""
        before = [side.show(name)[name] for side in (tarn, oracle)]
        for value in cases.CHANGED.get(name, cases.CHANGES):
            if value in before or tarn.set(name, value) != "OK":
                continue
            if oracle.set(name, value) == "OK":
                return
            tarn.set(name, before[0])

    def _compare_files(self, what: str, ours: str, theirs: str, both: set[str]) -> None:
        """Lines of the old file in their order; what was added, by name."""
        halves = [cases.understood(text) for text in (ours, theirs)]
        self.check(what, *("\n".join(old) for old, _new in halves))
        for name in sorted({*halves[0][1], *halves[1][1]}):
            if name in both:
                self.check(f"{what} {name}", *(str(new.get(name)) for _old, new in halves))


def shared(tarn: Side, oracle: Side) -> set[str]:
    return set(tarn.show()) & set(oracle.show())


def main() -> int:
    here = Path(__file__).resolve().parent
    parser = argparse.ArgumentParser(description="configuration of Tarn and redis-server")
    parser.add_argument("--server", default="build/asan/tarn-server")
    parser.add_argument("--oracle", default="/usr/bin/redis-server")
    parser.add_argument("--differences", default=str(here / "differences.tsv"))
    parser.add_argument("--part", action="append", choices=["values", "files", "arguments", "rewriting"])
    options = parser.parse_args()
    raise_descriptor_limit()
    server = str(Path(options.server).resolve())
    comparison = Comparison(server, options.oracle, Differences(Path(options.differences)))
    for part in options.part or ["values", "files", "arguments", "rewriting"]:
        if part == "files":
            comparison.files(cases.FILES)
        else:
            getattr(comparison, part)()
    print(f"configuration: {comparison.checks} comparisons, {comparison.found} differences")
    return 1 if comparison.found else 0


if __name__ == "__main__":
    sys.exit(main())
