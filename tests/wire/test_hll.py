"""HyperLogLogs: counts, merges, bytes, and strings that only look like one."""

from __future__ import annotations

from typing import Iterator

import pytest
from support.client import Client

_NOT_HLL = "WRONGTYPE Key is not a valid HyperLogLog string value."
_CORRUPTED = "INVALIDOBJ Corrupted HLL object detected"
_WRONG_TYPE = "WRONGTYPE Operation against a key holding the wrong kind of value"
_HEADER = b"HYLL\x01\x00\x00\x00" + b"\x00" * 7 + b"\x80"
_EMPTY = _HEADER + b"\x7f\xff"


def _add(c: Client, key: str, numbers: range) -> None:
    for start in range(numbers.start, numbers.stop, 1000):
        some = range(start, min(start + 1000, numbers.stop))
        c.ok("PFADD", key, *(f"element-{i}" for i in some))


@pytest.fixture
def sparse_bytes(c: Client) -> Iterator[None]:
    """Puts the limit back."""
    yield
    c.call("CONFIG", "SET", "hll-sparse-max-bytes", 3000)


def test_pfadd_says_whether_it_changed_something(c: Client) -> None:
    assert c.call("PFADD", "k", "x", "y") == 1
    assert c.call("PFADD", "k", "y", "x") == 0
    assert c.call("PFADD", "k") == 0
    assert c.call("PFADD", "new") == 1
    assert c.call("GET", "new") == _EMPTY


def test_bytes_of_a_sparse_one(c: Client) -> None:
    c.call("PFADD", "k", "x", "y")
    runs = b"zS\x88E\xa0\x84\x08"
    assert c.call("GET", "k") == _HEADER + runs
    assert c.call("PFDEBUG", "DECODE", "k") == b"Z:14932 v:3,1 Z:1441 v:2,1 z:9"
    assert c.call("PFCOUNT", "k") == 2
    assert c.call("GET", "k") == b"HYLL\x01\x00\x00\x00\x02" + b"\x00" * 7 + runs
    assert c.call("OBJECT", "ENCODING", "k") == b"raw"


def test_counts(c: Client) -> None:
    """The numbers are those of redis-server: the estimate has no freedom."""
    assert c.call("PFCOUNT", "none") == 0
    counted = []
    for size in (1, 10, 100, 1000, 10_000, 50_000):
        _add(c, "k", range(size))
        counted.append(c.ok("PFCOUNT", "k"))
    assert counted == [1, 10, 100, 994, 10016, 50057]
    assert c.call("PFDEBUG", "ENCODING", "k") == "dense"
    assert c.call("STRLEN", "k") == 12304


def test_counts_and_merges_of_several(c: Client) -> None:
    _add(c, "a", range(0, 600))
    _add(c, "b", range(300, 900))
    _add(c, "d", range(0, 30_000))
    both = c.ok("PFCOUNT", "a", "b", "none")
    assert abs(both - 900) < 45
    assert c.call("PFCOUNT", "a", "a") == c.call("PFCOUNT", "a")
    assert c.call("PFMERGE", "r", "a", "none", "b") == "OK"
    assert (c.call("PFCOUNT", "r"), c.call("PFDEBUG", "ENCODING", "r")) == (both, "sparse")
    assert c.call("PFMERGE", "a", "d") == "OK"
    assert c.call("PFDEBUG", "ENCODING", "a") == "dense"
    assert c.call("PFCOUNT", "a") == c.call("PFCOUNT", "d") == c.call("PFCOUNT", "a", "b", "d")
    assert c.call("PFMERGE", "made") == "OK"
    assert c.call("GET", "made") == _EMPTY


def test_the_limit_of_sparse_ones_is_a_directive(c: Client, sparse_bytes: None) -> None:
    c.call("CONFIG", "SET", "hll-sparse-max-bytes", 30)
    longest = 0
    for i in range(100):
        c.call("PFADD", "k", i)
        if c.call("PFDEBUG", "ENCODING", "k") == "dense":
            break
        longest = c.ok("STRLEN", "k")
    assert 28 <= longest <= 30
    assert c.call("STRLEN", "k") == 12304


def test_todense_and_registers(c: Client) -> None:
    c.call("PFADD", "k", "x", "y")
    assert c.call("PFDEBUG", "TODENSE", "k") == 1
    assert c.call("PFDEBUG", "todense", "k") == 0
    assert c.call("PFCOUNT", "k") == 2
    registers = c.ok("PFDEBUG", "GETREG", "k")
    assert {i: v for i, v in enumerate(registers) if v} == {14932: 3, 16374: 2}
    assert len(registers) == 16384
    assert c.err("PFDEBUG", "DECODE", "k") == "ERR HLL encoding is not sparse"


def test_refusals_of_pfdebug(c: Client) -> None:
    c.call("PFADD", "k", "x")
    c.call("SET", "text", "text")
    assert c.err("PFDEBUG", "none", "k") == "ERR Unknown PFDEBUG subcommand 'none'"
    assert c.err("PFDEBUG", "GETREG", "none") == "ERR The specified key does not exist"
    assert c.err("PFDEBUG", "GETREG", "text") == _NOT_HLL
    assert c.err("PFDEBUG") == "ERR wrong number of arguments for 'pfdebug' command"


def test_pfselftest(c: Client) -> None:
    assert c.call("PFSELFTEST") == "OK"


@pytest.mark.parametrize(
    "value",
    [
        *(b"", b"text", b"12345", _HEADER[:15], b"HYLX" + _EMPTY[4:], b"HYLL\x02" + _EMPTY[5:]),
        *(b"HYLL\x00" + _EMPTY[5:], b"HYLL\x00" + bytes(12298), b"HYLL\x00" + bytes(12300)),
    ],
)
def test_strings_of_another_form(c: Client, value: bytes) -> None:
    c.call("SET", "k", value)
    c.call("PFADD", "good", "x")
    assert c.err("PFADD", "k", "x") == _NOT_HLL
    assert c.err("PFCOUNT", "k") == _NOT_HLL
    assert c.err("PFCOUNT", "good", "k") == _NOT_HLL
    assert c.err("PFMERGE", "good", "k") == _NOT_HLL
    assert c.err("PFMERGE", "k", "good") == _NOT_HLL
    assert c.call("GET", "k") == value


@pytest.mark.parametrize("runs", [b"", b"\x7f\xfe", b"\x7f\xff\x00", b"\x7f\xff\x83", b"\x83" * 9])
def test_corrupted_runs(c: Client, runs: bytes) -> None:
    c.call("SET", "k", _HEADER + runs)
    c.call("PFADD", "good", "x")
    assert c.err("PFCOUNT", "k") == _CORRUPTED
    assert c.err("PFCOUNT", "good", "k") == _CORRUPTED
    assert c.err("PFMERGE", "good", "k") == _CORRUPTED
    assert c.err("PFDEBUG", "TODENSE", "k") == _CORRUPTED
    assert c.call("GET", "k") == _HEADER + runs


def test_other_types_are_refused(c: Client) -> None:
    c.call("RPUSH", "k", "x")
    for request in ("PFADD k x", "PFCOUNT k", "PFCOUNT none k", "PFMERGE k", "PFDEBUG GETREG k"):
        assert c.err(*request.split()) == _WRONG_TYPE


def test_a_copy_is_one_of_its_own(c: Client) -> None:
    _add(c, "a", range(5000))
    c.call("COPY", "a", "b")
    before = c.ok("PFCOUNT", "b")
    _add(c, "a", range(5000, 9000))
    assert c.call("PFCOUNT", "b") == before
    assert c.ok("PFCOUNT", "a") > 8500
