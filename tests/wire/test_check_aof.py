"""tarn-check-aof: what it says of good and bad files, beside redis-check-aof; what it cuts."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Mapping

import pytest
from conftest import Subject
from support.resp import encode
from support.server import Server

pytestmark = pytest.mark.beyond_oracle

PEER = shutil.which("redis-check-aof")
MANIFEST, BASE = "appendonly.aof.manifest", "appendonly.aof.1.base.aof"
INCR, INCR2 = "appendonly.aof.1.incr.aof", "appendonly.aof.2.incr.aof"
ONE = b"file appendonly.aof.1.base.aof seq 1 type b\nfile appendonly.aof.1.incr.aof seq 1 type i\n"
TWO = ONE + b"file appendonly.aof.2.incr.aof seq 2 type i\n"
A = encode("SELECT", 0) + encode("SET", "a", 1)
B = encode("SELECT", 0) + encode("RPUSH", "l", "x", "y")
MULTI = encode("MULTI") + encode("SET", "m", 1)
TIMES = b"#TS:1000\r\n" + A + b"#TS:2000\r\n" + B + b"#TS:3000\r\n" + A

Files = Mapping[str, bytes]


def write(folder: Path, files: Files) -> None:
    folder.mkdir(exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)


def check(tool: str, folder: Path, *args: str, answer: str = "y\n") -> tuple[int, str]:
    """Exit status and output; the last argument is a file of the folder."""
    path = str(folder / args[-1])
    done = subprocess.run(
        [tool, *args[:-1], path], input=answer, capture_output=True, text=True, timeout=60, errors="replace"
    )
    assert "Sanitizer" not in done.stderr, done.stderr
    return done.returncode, done.stdout.replace(str(folder) + "/", "")


@pytest.fixture(name="tool")
def _tool(subject: Subject) -> str:
    return str(Path(subject.binary).parent / "tarn-check-aof")


GOOD: list[tuple[Files, tuple[str, ...]]] = [
    ({"f": A}, ("f",)),
    ({"f": A}, ("--fix", "f")),
    ({"f": b""}, ("f",)),
    ({"f": A + MULTI + encode("EXEC") + B}, ("f",)),
    ({"f": TIMES}, ("--truncate-to-timestamp", "2000", "f")),
    ({"f": TIMES}, ("--truncate-to-timestamp", "3000", "f")),
    ({MANIFEST: ONE, BASE: A, INCR: B}, (MANIFEST,)),
    ({MANIFEST: b"# a comment\n" + ONE, BASE: b"", INCR: b""}, (MANIFEST,)),
    ({MANIFEST: ONE, BASE: A, INCR: TIMES}, ("--truncate-to-timestamp", "2000", MANIFEST)),
    ({"m": ONE, BASE: A, INCR: B}, ("m",)),
]

# What peers say of these differs in the place that is named, not in what is whole.
BAD: list[tuple[Files, tuple[str, ...]]] = [
    ({"f": A[:-3]}, ("f",)),
    ({"f": A + B[:-3]}, ("--fix", "f")),
    ({"f": A + MULTI}, ("f",)),
    ({"f": A + MULTI}, ("--fix", "f")),
    ({"f": A + MULTI + MULTI}, ("--fix", "f")),
    ({"f": A + encode("EXEC") + B}, ("--fix", "f")),
    ({"f": A + b"xyz\r\n" + B}, ("--fix", "f")),
    ({"f": A + b"*1\r\n$4\r\nPINGxx" + B}, ("--fix", "f")),
    ({"f": A + b"*x\r\n"}, ("f",)),
    ({"f": TIMES}, ("--truncate-to-timestamp", "5", "f")),
    ({"f": TIMES}, ("--truncate-to-timestamp", "abc", "f")),
    ({MANIFEST: TWO, BASE: A, INCR: B, INCR2: B[:-3]}, (MANIFEST,)),
    ({MANIFEST: TWO, BASE: A, INCR: B, INCR2: B[:-3]}, ("--fix", MANIFEST)),
    ({MANIFEST: TWO, BASE: A, INCR: B[:-3], INCR2: B}, (MANIFEST,)),
    ({MANIFEST: TWO, BASE: A, INCR: B[:-3], INCR2: B}, ("--fix", MANIFEST)),
    ({MANIFEST: TWO, BASE: A, INCR2: B}, (MANIFEST,)),
    ({MANIFEST: TWO, BASE: A, INCR: TIMES, INCR2: B}, ("--truncate-to-timestamp", "2000", MANIFEST)),
    ({MANIFEST: b"file x seq\n"}, (MANIFEST,)),
]


def _both(tool: str, tmp_path: Path, files: Files, args: tuple[str, ...]) -> tuple[tuple[int, str], tuple[int, str]]:
    assert PEER
    results = []
    for name, program in (("ours", tool), ("theirs", PEER)):
        write(tmp_path / name, files)
        results.append(check(program, tmp_path / name, *args))
    left = [{p.name: p.read_bytes() for p in (tmp_path / name).iterdir()} for name in ("ours", "theirs")]
    assert left[0] == left[1]
    return results[0], results[1]


def _without_lines(text: str) -> str:
    """redis-check-aof counts lines on from file to file."""
    return re.sub(r"ok_up_to_line=\d+", "", text)


@pytest.mark.skipif(not PEER, reason="redis-tools is not installed")
@pytest.mark.parametrize(("files", "args"), GOOD)
def test_good_files(tool: str, tmp_path: Path, files: Files, args: tuple[str, ...]) -> None:
    ours, theirs = _both(tool, tmp_path, files, args)
    assert ours[0] == theirs[0] == 0
    assert _without_lines(ours[1]) == _without_lines(theirs[1])


@pytest.mark.skipif(not PEER, reason="redis-tools is not installed")
@pytest.mark.parametrize(("files", "args"), BAD)
def test_bad_files(tool: str, tmp_path: Path, files: Files, args: tuple[str, ...]) -> None:
    ours, theirs = _both(tool, tmp_path, files, args)
    assert ours[0] == theirs[0]
    extent = re.compile(r"(?:AOF analyzed|This will shrink|Successfully|Failed|AOF .* is not valid).*")
    assert [_without_lines(line) for line in extent.findall(ours[1])] == [
        _without_lines(line).replace("redis-check", "tarn-check") for line in extent.findall(theirs[1])
    ]


def test_places_are_told(tool: str, tmp_path: Path) -> None:
    write(tmp_path, {"f": A + b"*2\r\n$3\r\nGET\r\n+a\r\n"})
    status, text = check(tool, tmp_path, "f")
    assert status == 1
    assert f"0x{len(A) + 13:>16x}: Expected '$' and the length of an argument" in text
    assert f"size={len(A) + 17}, ok_up_to={len(A)}, ok_up_to_line=13, diff=17" in text


@pytest.mark.parametrize("answer", ["n\n", "", "no\n"])
def test_nothing_is_cut_without_a_yes(tool: str, tmp_path: Path, answer: str) -> None:
    write(tmp_path, {"f": A + B[:-3]})
    status, text = check(tool, tmp_path, "--fix", "f", answer=answer)
    assert status == 1
    assert text.endswith("Continue? [y/N]: Aborting...\n")
    assert (tmp_path / "f").read_bytes() == A + B[:-3]


def test_rdb_data_at_the_beginning(tool: str, tmp_path: Path, subject: Subject) -> None:
    with Server(subject.binary) as server:
        with server.connect() as c:
            c.ok("SET", "saved", 1)
            c.ok("SAVE")
        rdb = (server.dir / "dump.rdb").read_bytes()
    write(tmp_path, {"f": rdb + A[:-3], "damaged": rdb[:-12] + b"x" + rdb[-11:] + A})
    status, text = check(tool, tmp_path, "--fix", "f")
    assert status == 0
    assert "RDB preamble is OK, proceeding with AOF tail..." in text
    assert (tmp_path / "f").read_bytes() == rdb + A[: len(encode("SELECT", 0))]
    status, text = check(tool, tmp_path, "--fix", "damaged")
    assert status == 1
    assert "RDB preamble of AOF file is not sane, aborting." in text


@pytest.mark.parametrize("args", [[], ["--what", "f"], ["--truncate-to-timestamp", "f"], ["a", "b", "c", "d"]])
def test_usage(tool: str, args: list[str]) -> None:
    done = subprocess.run([tool, *args], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "[--fix|--truncate-to-timestamp $timestamp] <file.manifest|file.aof>" in done.stderr


def test_a_file_that_is_not_there(tool: str, tmp_path: Path) -> None:
    status, text = check(tool, tmp_path, "f")
    assert (status, text) == (1, "Cannot open file f: No such file or directory\n")
