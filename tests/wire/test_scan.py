"""SCAN: what is there from the start of an iteration to its end is returned, whatever happens."""

from __future__ import annotations

import random
from typing import Iterator

import pytest
from support.client import Client


def _pages(c: Client, *options: str | int) -> Iterator[list[bytes]]:
    cursor = b"0"
    while True:
        cursor, page = c.ok("SCAN", cursor, *options)
        yield page
        if cursor == b"0":
            return


def _scan(c: Client, *options: str | int) -> list[bytes]:
    return [key for page in _pages(c, *options) for key in page]


def _fill(c: Client, prefix: str, count: int) -> set[bytes]:
    keys = {f"{prefix}{i}".encode() for i in range(count)}
    c.pipeline([("SET", key, 1) for key in keys])
    return keys


def test_scan_of_nothing(c: Client) -> None:
    assert c.raw("SCAN", 0) == b"*2\r\n$1\r\n0\r\n*0\r\n"


@pytest.mark.parametrize("count", [1, 2, 10, 100, 10_000])
@pytest.mark.parametrize("size", [1, 7, 100, 3000])
def test_scan_returns_every_key_once_when_nothing_changes(c: Client, size: int, count: int) -> None:
    keys = _fill(c, "k", size)
    found = _scan(c, "COUNT", count)
    assert set(found) == keys
    assert len(found) == size


def test_count_bounds_the_work_of_a_page(c: Client) -> None:
    _fill(c, "k", 5000)
    sizes = [len(page) for page in _pages(c, "COUNT", 10)]
    assert max(sizes) < 200
    assert len(sizes) > 20


@pytest.mark.parametrize("seed", range(6))
def test_keys_that_stay_are_returned_while_others_come_and_go(c: Client, seed: int) -> None:
    """The table grows and shrinks by large factors in the middle of iterations."""
    chooser = random.Random(seed)
    stay = _fill(c, "stay", chooser.choice((1, 10, 200, 1000)))
    other: list[bytes] = []
    for _ in range(3):
        cursor, found = b"0", set()
        while True:
            cursor, page = c.ok("SCAN", cursor, "COUNT", chooser.choice((1, 5, 20, 100)))
            found.update(page)
            if cursor == b"0":
                break
            _change(c, chooser, other)
        assert stay <= found


def _change(c: Client, chooser: random.Random, other: list[bytes]) -> None:
    if chooser.random() < 0.1 and other:
        gone = other[: chooser.choice((len(other), len(other) // 2))]
        if gone:
            c.ok("UNLINK", *gone)
            del other[: len(gone)]
    elif len(other) < 20_000:
        new = [b"other%d" % chooser.getrandbits(48) for _ in range(chooser.choice((1, 50, 2000)))]
        c.ok("MSET", *(cell for key in new for cell in (key, b"1")))
        other += new


@pytest.mark.parametrize("shrink_to", [0, 1, 50])
def test_table_that_shrinks_under_an_iteration(c: Client, shrink_to: int) -> None:
    stay = _fill(c, "stay", shrink_to)
    gone = _fill(c, "gone", 20_000)
    cursor, page = c.ok("SCAN", 0, "COUNT", 1000)
    found = set(page)
    c.ok("DEL", *gone)
    while cursor != b"0":
        cursor, page = c.ok("SCAN", cursor)
        found.update(page)
    assert stay <= found


def test_table_that_grows_under_an_iteration(c: Client) -> None:
    stay = _fill(c, "stay", 20)
    found: set[bytes] = set()
    cursor = b"0"
    for step in range(10_000):
        cursor, page = c.ok("SCAN", cursor, "COUNT", 5)
        found.update(page)
        if cursor == b"0":
            break
        if step < 10:
            _fill(c, f"more{step}:", 500)
    assert cursor == b"0" and stay <= found


def test_key_may_be_deleted_as_soon_as_it_is_seen(c: Client) -> None:
    keys = _fill(c, "k", 5000)
    found: set[bytes] = set()
    for page in _pages(c, "COUNT", 50):
        found.update(page)
        if page:
            c.ok("DEL", *page)
    assert found == keys
    assert c.call("DBSIZE") == 0


def test_match(c: Client) -> None:
    _fill(c, "a", 500)
    _fill(c, "b", 500)
    assert set(_scan(c, "MATCH", "a1*", "COUNT", 30)) == set(c.ok("KEYS", "a1*"))
    assert set(_scan(c, "MATCH", "a[12]?")) == {b"a%d" % i for i in range(10, 30)}
    assert _scan(c, "MATCH", "nosuch*") == []
    assert len(_scan(c, "match", "*", "count", 7)) == 1000


def test_type(c: Client) -> None:
    keys = _fill(c, "k", 100)
    assert set(_scan(c, "TYPE", "string")) == keys
    assert set(_scan(c, "TYPE", "STRING", "MATCH", "k1*")) == {k for k in keys if k.startswith(b"k1")}
    assert _scan(c, "TYPE", "hash") == []
    assert _scan(c, "TYPE", "nosuch") == []


def test_expired_keys_are_not_returned(c: Client) -> None:
    c.ok("DEBUG", "SET-ACTIVE-EXPIRE", 0)
    try:
        stay = _fill(c, "stay", 50)
        c.pipeline([("SET", b"goes%d" % i, 1, "PXAT", 1) for i in range(50)])
        assert set(_scan(c)) == stay
    finally:
        c.ok("DEBUG", "SET-ACTIVE-EXPIRE", 1)


def test_databases_are_scanned_apart(c: Client) -> None:
    _fill(c, "zero", 100)
    c.ok("SELECT", 1)
    keys = _fill(c, "one", 100)
    assert set(_scan(c)) == keys


@pytest.mark.parametrize("cursor", ["abc", " 1", "1.5", "18446744073709551616", "0x10", "1a"])
def test_wrong_cursor_is_refused(c: Client, cursor: str) -> None:
    assert c.err("SCAN", cursor) == "ERR invalid cursor"


@pytest.mark.parametrize("cursor", [1, 12345, 2**31, 2**48, 2**63, 2**64 - 1])
def test_any_number_is_a_cursor_and_ends(c: Client, cursor: int) -> None:
    _fill(c, "k", 1000)
    at = b"%d" % cursor
    for _ in range(5000):
        at, _page = c.ok("SCAN", at, "COUNT", 10)
        if at == b"0":
            return
    raise AssertionError("the iteration does not end")


def test_wrong_options_are_refused(c: Client) -> None:
    number = "ERR value is not an integer or out of range"
    for options, error in (
        (("COUNT", "0"), "ERR syntax error"),
        (("COUNT", "-1"), "ERR syntax error"),
        (("COUNT", "abc"), number),
        (("COUNT", "9223372036854775808"), number),
        (("COUNT",), "ERR syntax error"),
        (("MATCH",), "ERR syntax error"),
        (("FOO", "1"), "ERR syntax error"),
    ):
        assert c.err("SCAN", 0, *options) == error
    assert c.err("SCAN") == "ERR wrong number of arguments for 'scan' command"
