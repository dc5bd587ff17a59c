"""tarn-check-rdb: the lines and exit statuses of redis-check-rdb, for every kind of file."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Callable, Iterator

import pytest
from conftest import Subject
from support import rdb
from support.rdb import RdbFile, length, listpack, string, strings
from support.samples import fill
from support.server import Server

PEER = shutil.which("redis-check-rdb") or "/usr/bin/redis-check-rdb"
ORACLE = shutil.which("redis-server") or "/usr/bin/redis-server"

pytestmark = pytest.mark.beyond_oracle


class Checked:
    """What a tool said of a file."""

    def __init__(self, program: Path | str, *args: str) -> None:
        done = subprocess.run(
            [str(program), *args], capture_output=True, text=True, timeout=60, check=False, errors="replace"
        )
        self.status, self.out, self.err = done.returncode, done.stdout, done.stderr

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()


Check = Callable[..., Checked]


@pytest.fixture(name="tool", scope="module")
def _tool(subject: Subject, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The server under the tool's name."""
    link = tmp_path_factory.mktemp("tool") / "tarn-check-rdb"
    link.symlink_to(subject.binary)
    yield link


@pytest.fixture(name="check")
def _check(tool: Path, tmp_path: Path) -> Check:
    def check(data: bytes, program: Path | str | None = None) -> Checked:
        path = tmp_path / "file.rdb"
        path.write_bytes(data)
        return Checked(program or tool, str(path))

    return check


def _small() -> RdbFile:
    f = RdbFile(10).aux("redis-ver", "7.0.0").aux("ctime", 1_700_000_000).select(0).resize(3, 1)
    f.key(rdb.STRING, "a", string("text")).expiry_ms(1000).key(rdb.LIST, "over", strings(["a", "b"]))
    f.expiry_ms(9_000_000_000_000).key(rdb.HASH_LISTPACK, "h", string(listpack([b"f", 1])))
    return f.select(3).key(rdb.SET, "s", strings(["x"]))


def test_a_good_file_reads_as_with_redis_check_rdb(check: Check) -> None:
    data = _small().whole()
    ours, theirs = check(data), check(data, PEER)
    assert ours.status == theirs.status == 0
    assert ours.lines == theirs.lines
    assert "[info] 2 expires" in ours.lines and "[info] 1 already expired" in ours.lines


def test_a_file_of_everything_reads_as_with_redis_check_rdb(check: Check) -> None:
    with Server(ORACLE) as server, server.connect() as c:
        fill(c)
        c.ok("SELECT", 9)
        c.ok("SET", "k", "v", "EX", 1000)
        c.ok("SAVE")
        data = (server.dir / "dump.rdb").read_bytes()
    ours, theirs = check(data), check(data, PEER)
    assert ours.status == theirs.status == 0
    assert ours.lines == theirs.lines
    assert any(r"\o/ RDB looks OK! \o/" in line for line in ours.lines)


def test_every_cut_is_found_with_its_place(check: Check) -> None:
    data = _small().whole()
    for end in range(0, len(data), 3):
        found = check(data[:end])
        assert found.status == 1
        at = found.lines.index("--- RDB ERROR DETECTED ---")
        place = re.match(r"\[offset (\d+)\] Unexpected EOF reading RDB file$", found.lines[at + 1])
        assert place and int(place.group(1)) <= end
        assert found.lines[at + 2].startswith("[additional info] While doing: ")
        assert found.lines[at + 3].startswith("[additional info] Expected: ")
        assert "RDB looks OK" not in found.out


def test_a_failure_names_key_and_type(check: Check) -> None:
    f = RdbFile(10).select(5).key(rdb.STRING, "good", string("v")).key(rdb.HASH, "bad one", length(9) + string("f"))
    ours, theirs = check(bytes(f.data)), check(bytes(f.data), PEER)
    assert ours.status == theirs.status == 1
    assert "[additional info] While doing: read-object-value" in ours.lines
    assert "[additional info] Reading key 'bad one' of database 5" in ours.lines
    assert "[additional info] Reading type 4 (hash-hashtable)" in ours.lines
    assert set(theirs.lines) - set(ours.lines) <= {
        line for line in theirs.lines if "Reading key" in line or line.startswith("[offset") or "keys read" in line
    }


def test_a_wrong_checksum_is_found(check: Check) -> None:
    data = bytearray(_small().whole())
    data[-3] ^= 4
    ours, theirs = check(bytes(data)), check(bytes(data), PEER)
    assert ours.status == theirs.status == 1
    kept = [line for line in ours.lines if "Expected" not in line]
    assert kept == theirs.lines
    assert any(line.endswith("RDB CRC error") for line in ours.lines)


def test_what_is_no_file_of_this_kind_is_refused(check: Check) -> None:
    for data, why in (
        (b"something else", "Wrong signature trying to load DB from file"),
        (b"REDIS0042" + b"\xff" * 9, "Can't handle RDB format version 42"),
    ):
        ours, theirs = check(data), check(data, PEER)
        assert ours.status == theirs.status == 1
        assert any(line.endswith(why) for line in ours.lines)
        assert any(line.endswith(why) for line in theirs.lines)


def test_newer_files_and_what_they_hold(check: Check) -> None:
    f = RdbFile(11).library("#!lua name=mine\nredis.call()").select(0)
    f.key(rdb.SET_LISTPACK, "s", string(listpack([b"a"]))).key(rdb.LIST, "none", length(0))
    found = check(f.whole())
    assert found.status == 0
    assert any(line.endswith("FUNCTION LIBRARY #!lua name=mine") for line in found.lines)
    assert found.lines[-2:] == ["[info] 1 empty keys", "[info] 1 libraries of functions"]
    found = check(f.whole(checksum=False))
    assert found.status == 0
    assert any("checksum disabled" in line for line in found.lines)
    found = check(RdbFile(14).select(0).key(rdb.ARRAY, "array", length(0)).whole())
    assert found.status == 1
    assert "[additional info] Reading type 28 (unknown)" in found.lines


def test_how_it_is_called(tool: Path, tmp_path: Path) -> None:
    for args, status in (((), 1), (("a", "b"), 1), (("--help",), 0)):
        done = Checked(tool, *args)
        assert done.status == status
        assert "Usage: tarn-check-rdb <rdb-file-name>" in done.out + done.err
    done = Checked(tool, "--version")
    assert done.status == 0 and re.match(r"tarn-check-rdb \d+\.\d+\.\d+$", done.out)
    done = Checked(tool, str(tmp_path / "missing"))
    assert done.status == 1
    assert "No such file or directory" in done.out


def test_the_peers_names_work_too(subject: Subject, tmp_path: Path) -> None:
    path = tmp_path / "file.rdb"
    path.write_bytes(_small().whole())
    for name in ("redis-check-rdb", "valkey-check-rdb"):
        link = tmp_path / name
        link.symlink_to(subject.binary)
        assert Checked(link, str(path)).status == 0
