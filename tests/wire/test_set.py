"""Sets: members, members by chance, several sets, scans; in all three forms."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any, Callable

import pytest
from support.client import Client

_WRONG_TYPE = "WRONGTYPE Operation against a key holding the wrong kind of value"
_SYNTAX = "ERR syntax error"
_NOT_POSITIVE = "ERR value is out of range, must be positive"
_NOT_INT = "ERR value is not an integer or out of range"

# Names of members that bring a set of that many into each of its forms.
FORMS: dict[str, Callable[[int], str]] = {
    "integers": lambda i: str(i * 7 - 20),
    "texts": lambda i: f"member-{i}",
    "long": lambda i: f"{i}-" + "x" * 300,
}


@pytest.fixture(params=FORMS)
def name(request: pytest.FixtureRequest) -> Callable[[int], str]:
    return FORMS[request.param]


def _fill(c: Client, key: str, name: Callable[[int], str], numbers: range) -> set[bytes]:
    members = [name(i) for i in numbers]
    assert c.call("SADD", key, *members) == len(members)
    return {m.encode() for m in members}


def _members(c: Client, key: str) -> set[bytes]:
    found = c.ok("SMEMBERS", key)
    assert len(found) == len(set(found))
    return set(found)


# Members


@pytest.mark.parametrize("size", [1, 3, 100, 700])
def test_members_come_and_go(c: Client, name: Callable[[int], str], size: int) -> None:
    members = _fill(c, "s", name, range(size))
    assert c.call("SCARD", "s") == size
    assert _members(c, "s") == members
    assert c.call("SADD", "s", name(0), name(0)) == 0
    assert c.call("SADD", "s", name(size), name(size), name(0)) == 1
    assert c.call("SISMEMBER", "s", name(size)) == 1
    assert c.call("SREM", "s", name(size), name(size), "none") == 1
    assert c.call("SISMEMBER", "s", name(size)) == 0
    assert c.call("SMISMEMBER", "s", name(0), "none", name(0)) == [1, 0, 1]
    assert _members(c, "s") == members
    assert c.call("SREM", "s", *members) == size
    assert c.call("EXISTS", "s") == 0


def test_what_is_missing_is_an_empty_set(c: Client) -> None:
    assert c.call("SCARD", "s") == 0
    assert c.call("SISMEMBER", "s", "a") == 0
    assert c.call("SMISMEMBER", "s", "a", "b") == [0, 0]
    assert c.call("SREM", "s", "a") == 0
    assert c.raw("SMEMBERS", "s") == b"*0\r\n"
    assert c.raw("SPOP", "s") == b"$-1\r\n"
    assert c.raw("SPOP", "s", 3) == b"*0\r\n"
    assert c.raw("SRANDMEMBER", "s") == b"$-1\r\n"
    assert c.raw("SRANDMEMBER", "s", -3) == b"*0\r\n"
    assert c.call("SMOVE", "s", "t", "a") == 0
    assert c.raw("SSCAN", "s", 5, "COUNT") == b"*2\r\n$1\r\n0\r\n*0\r\n"
    assert c.call("EXISTS", "s", "t") == 0


def test_integers_are_kept_in_order(c: Client) -> None:
    c.call("SADD", "s", "5", "-9223372036854775808", "70000", "9223372036854775807", "-1", "300")
    rising = [b"-9223372036854775808", b"-1", b"5", b"300", b"70000", b"9223372036854775807"]
    assert c.call("SMEMBERS", "s") == rising
    c.call("SADD", "t", "6", "5")
    assert c.call("SUNION", "t", "s") == sorted([*rising, b"6"], key=int)
    assert c.call("SDIFF", "s", "t") == [m for m in rising if m != b"5"]
    assert c.call("SINTER", "s", "s") == rising


@pytest.mark.parametrize("text", ["", "01", "-0", "+1", " 1", "1.0", "9223372036854775808"])
def test_what_looks_like_an_integer_is_a_text(c: Client, text: str) -> None:
    assert c.call("SADD", "s", "1", "0", text) == 3
    assert _members(c, "s") == {b"1", b"0", text.encode()}
    assert c.call("OBJECT", "ENCODING", "s") != b"intset"


def test_replies_of_resp3(c3: Client) -> None:
    c3.call("SADD", "s", "1")
    assert c3.raw("SMEMBERS", "s") == b"~1\r\n$1\r\n1\r\n"
    for verb in ("SINTER", "SUNION", "SDIFF"):
        assert c3.raw(verb, "s") == b"~1\r\n$1\r\n1\r\n"
        assert c3.raw(verb, "none") == b"~0\r\n"
    assert c3.raw("SRANDMEMBER", "s", 5) == b"*1\r\n$1\r\n1\r\n"
    assert c3.raw("SRANDMEMBER", "none") == b"_\r\n"
    assert c3.raw("SRANDMEMBER", "none", 5) == b"*0\r\n"
    assert c3.raw("SPOP", "s", 0) == b"~0\r\n"
    assert c3.raw("SPOP", "s", 5) == b"~1\r\n$1\r\n1\r\n"
    assert c3.raw("SPOP", "s", 5) == b"~0\r\n"
    assert c3.raw("SPOP", "s") == b"_\r\n"


# Encodings


def _encoding(c: Client, key: str = "s") -> str:
    return c.ok("OBJECT", "ENCODING", key).decode()


def test_sets_of_integers_are_intsets_up_to_a_limit(c: Client) -> None:
    c.call("SADD", "s", *range(512))
    assert _encoding(c) == "intset"
    c.call("SADD", "s", 512)
    assert _encoding(c) == "hashtable"
    c.call("SREM", "s", 512)
    assert _encoding(c) == "hashtable"


@pytest.mark.beyond_oracle
def test_small_sets_of_texts_are_listpacks(c: Client) -> None:
    c.call("SADD", "s", *range(127))
    c.call("SADD", "s", "text")
    assert _encoding(c) == "listpack"
    c.call("SADD", "s", "another")
    assert _encoding(c) == "hashtable"
    c.call("SADD", "t", *range(128))
    c.call("SADD", "t", "text")
    assert _encoding(c, "t") == "hashtable"
    c.call("SADD", "u", "x" * 64)
    assert _encoding(c, "u") == "listpack"
    c.call("SADD", "u", "x" * 65)
    assert _encoding(c, "u") == "hashtable"
    c.call("SADD", "v", *(f"m{i}" for i in range(129)))
    assert _encoding(c, "v") == "hashtable"


@pytest.mark.beyond_oracle
def test_thresholds_are_directives(c: Client) -> None:
    for directive in ("set-max-intset-entries", "set-max-listpack-entries"):
        assert c.call("CONFIG", "SET", directive, 3) == "OK"
    try:
        c.call("SADD", "s", 1, 2, 3)
        assert _encoding(c) == "intset"
        c.call("SADD", "s", 4)
        assert _encoding(c) == "hashtable"
        c.call("SADD", "t", "a", "b", "c")
        assert _encoding(c, "t") == "listpack"
        # What is named in one call counts, also where it is there already.
        c.call("SADD", "t", "a", "b", "c", "a")
        assert _encoding(c, "t") == "hashtable"
    finally:
        c.call("CONFIG", "SET", "set-max-intset-entries", 512)
        c.call("CONFIG", "SET", "set-max-listpack-entries", 128)


def test_results_become_intsets_again(c: Client) -> None:
    c.call("SADD", "s", *range(600))
    c.call("SADD", "t", 1, 2, 3)
    c.call("SADD", "u", "a", 1, 2)
    assert _encoding(c, "s") == "hashtable"
    for destination, sources in (("d1", "st"), ("d2", "ts"), ("d3", "su")):
        c.call("SINTERSTORE", destination, *sources)
        assert _encoding(c, destination) == "intset"


# Several sets


def test_combinations(c: Client, name: Callable[[int], str]) -> None:
    a = _fill(c, "a", name, range(0, 60))
    b = _fill(c, "b", name, range(40, 400))
    d = _fill(c, "d", name, range(50, 1000, 3))
    expected: dict[str, set[bytes]] = {"SINTER": a & b & d, "SUNION": a | b | d, "SDIFF": a - b - d}
    for verb, want in expected.items():
        found = c.ok(verb, "a", "b", "d")
        assert (set(found), len(found)) == (want, len(want))
        assert c.call(verb + "STORE", "r", "a", "b", "d") == len(want)
        assert _members(c, "r") == want
    assert set(c.ok("SDIFF", "d", "a")) == d - a
    assert set(c.ok("SDIFF", "d", "a", "b", "none")) == d - a - b
    assert c.call("SDIFF", "a", "b", "a") == []
    assert c.call("SINTERCARD", 3, "a", "b", "d") == len(a & b & d)
    assert c.call("SINTERCARD", 2, "a", "b", "LIMIT", 7) == 7
    assert c.call("SINTERCARD", 2, "a", "b", "limit", 0) == len(a & b)


def test_missing_sets_in_combinations(c: Client) -> None:
    c.call("SADD", "a", "1", "x")
    assert c.call("SINTER", "a", "none") == []
    assert sorted(c.ok("SUNION", "none", "a")) == [b"1", b"x"]
    assert sorted(c.ok("SDIFF", "a", "none")) == [b"1", b"x"]
    assert c.call("SDIFF", "none", "a") == []
    assert c.call("SINTERCARD", 2, "a", "none") == 0


@pytest.mark.parametrize("verb", ["SINTERSTORE", "SUNIONSTORE", "SDIFFSTORE"])
def test_storing_nothing_removes_the_destination(c: Client, verb: str) -> None:
    c.call("SET", "r", "text")
    c.call("SET", "text", "text")
    assert c.err(verb, "r", "none", "text") == _WRONG_TYPE
    assert c.call("EXISTS", "r") == 1
    assert c.call(verb, "r", "none", "nothing") == 0
    assert c.call("EXISTS", "r") == 0


def test_storing_over_a_source_and_over_another_type(c: Client) -> None:
    c.call("SADD", "a", "1", "2", "x")
    c.call("SADD", "b", "2", "x", "y")
    c.call("EXPIRE", "a", 100)
    assert c.call("SINTERSTORE", "a", "a", "b") == 2
    assert (_members(c, "a"), c.call("TTL", "a")) == ({b"2", b"x"}, -1)
    c.call("SET", "r", "text")
    assert c.call("SUNIONSTORE", "r", "a", "b") == 3
    assert c.call("TYPE", "r") == "set"


@pytest.mark.beyond_oracle
def test_cards_of_later_servers(c: Client, name: Callable[[int], str]) -> None:
    a = _fill(c, "a", name, range(0, 300))
    b = _fill(c, "b", name, range(200, 900))
    assert c.call("SUNIONCARD", 2, "a", "b") == len(a | b)
    assert c.call("SUNIONCARD", 3, "a", "b", "none", "LIMIT", 10) == 10
    assert c.call("SDIFFCARD", 2, "a", "b") == len(a - b)
    assert c.call("SDIFFCARD", 2, "b", "a", "LIMIT", 1000) == len(b - a)
    assert c.call("SDIFFCARD", 2, "b", "a", "LIMIT", 12) == 12
    assert c.call("SDIFFCARD", 2, "none", "a") == 0
    assert c.err("SDIFFCARD", 2, "a", "b", "APPROX") == _SYNTAX
    assert abs(c.ok("SUNIONCARD", 3, "a", "none", "b", "APPROX") - len(a | b)) < 45
    assert c.call("SUNIONCARD", 2, "a", "b", "LIMIT", 100, "approx") == 100


@pytest.mark.parametrize("verb", ["SINTERCARD", "SUNIONCARD", "SDIFFCARD"])
def test_refusals_of_cards(c: Client, verb: str) -> None:
    if verb.lower().encode() not in c.ok("COMMAND", "LIST"):
        pytest.skip("the server does not have it")
    c.call("SET", "text", "text")
    for count in (0, -1, "a", "9223372036854775808"):
        assert c.err(verb, count, "a") == "ERR numkeys should be greater than 0"
    too_many = "ERR Number of keys can't be greater than number of args"
    assert c.err(verb, 2, "a") == too_many
    for limit in (-1, "a"):
        assert c.err(verb, 1, "a", "LIMIT", limit) == "ERR LIMIT can't be negative"
    assert c.err(verb, 1, "a", "LIMIT") == _SYNTAX
    assert c.err(verb, 1, "a", "b") == _SYNTAX
    assert c.err(verb, 2, "none", "text") == _WRONG_TYPE


# SMOVE


def test_smove(c: Client) -> None:
    c.call("SADD", "a", "1", "x")
    c.call("SADD", "b", "2")
    assert c.call("SMOVE", "a", "b", "none") == 0
    assert c.call("SMOVE", "a", "b", "x") == 1
    assert (_members(c, "a"), _members(c, "b")) == ({b"1"}, {b"2", b"x"})
    assert c.call("SMOVE", "a", "new", "1") == 1
    assert c.call("EXISTS", "a") == 0
    assert _encoding(c, "new") == "intset"
    assert c.call("SMOVE", "b", "b", "x") == 1
    assert c.call("SMOVE", "b", "b", "none") == 0
    c.call("SADD", "new", "2")
    assert c.call("SMOVE", "new", "b", "2") == 1
    assert (_members(c, "new"), _members(c, "b")) == ({b"1"}, {b"2", b"x"})


# By chance


@pytest.mark.parametrize("size", [1, 2, 9, 100, 600, 3000])
def test_random_members_are_members(c: Client, name: Callable[[int], str], size: int) -> None:
    members = _fill(c, "s", name, range(size))
    assert c.call("SRANDMEMBER", "s") in members
    for count in (0, 1, 2, size // 3, size - 1, size, size + 5):
        found = c.ok("SRANDMEMBER", "s", count)
        assert len(found) == len(set(found)) == min(max(count, 0), size)
        assert set(found) <= members
    found = c.ok("SRANDMEMBER", "s", -2 * size)
    assert len(found) == 2 * size
    assert set(found) <= members
    assert c.call("SCARD", "s") == size


def test_random_members_are_equally_likely(c: Client, name: Callable[[int], str]) -> None:
    """Ten members, 10,000 draws: 1,000 each, and six standard deviations around."""
    members = _fill(c, "s", name, range(10))
    drawn = Counter(c.ok("SRANDMEMBER", "s", -10_000))
    assert set(drawn) == members
    assert all(820 < n < 1180 for n in drawn.values())


@pytest.mark.parametrize("size", [1, 2, 9, 100, 600, 3000])
def test_popped_members_are_gone(c: Client, name: Callable[[int], str], size: int) -> None:
    members = _fill(c, "s", name, range(size))
    one = c.ok("SPOP", "s")
    assert one in members
    members -= {one}
    for count in (0, 1, 2, size // 10, size // 2):
        popped = c.ok("SPOP", "s", count)
        assert len(popped) == len(set(popped)) == min(count, len(members))
        assert set(popped) <= members
        members -= set(popped)
        assert _members(c, "s") == members
    assert set(c.ok("SPOP", "s", size)) == members
    assert c.call("EXISTS", "s") == 0


def test_refusals_of_random_members(c: Client) -> None:
    for count in ("a", "", "1.5", "9223372036854775808"):
        assert c.err("SPOP", "s", count) == _NOT_POSITIVE
        assert c.err("SRANDMEMBER", "s", count) == _NOT_INT
    assert c.err("SPOP", "s", -1) == _NOT_POSITIVE
    assert c.err("SRANDMEMBER", "s", -(2**63)) == (
        "ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807"
    )
    assert c.err("SPOP", "s", 1, 2) == _SYNTAX
    assert c.err("SRANDMEMBER", "s", 1, 2) == _SYNTAX


# SSCAN


def _scan(c: Client, *options: Any) -> list[bytes]:
    cursor, found = b"0", []
    while True:
        cursor, page = c.ok("SSCAN", "s", cursor, *options)
        found += page
        if cursor == b"0":
            return found


@pytest.mark.parametrize("size", [1, 100, 700, 5000])
def test_scan_returns_every_member_once_when_nothing_changes(
    c: Client, name: Callable[[int], str], size: int
) -> None:
    members = _fill(c, "s", name, range(size))
    for count in (1, 10, 10_000):
        found = _scan(c, "COUNT", count)
        assert (set(found), len(found)) == (members, size)
    assert set(_scan(c, "MATCH", "*1*")) == {m for m in members if b"1" in m}


@pytest.mark.parametrize("seed", range(3))
def test_members_that_stay_are_returned_while_others_come_and_go(c: Client, seed: int) -> None:
    chooser = random.Random(seed)
    stay = {f"stay{i}".encode() for i in range(chooser.choice((10, 300, 1000)))}
    c.call("SADD", "s", *stay)
    other: list[str] = []
    cursor, found = b"0", set()
    while True:
        cursor, page = c.ok("SSCAN", "s", cursor, "COUNT", chooser.choice((1, 5, 50)))
        found |= set(page)
        if cursor == b"0":
            break
        if chooser.random() < 0.4:
            other = [f"other{i}" for i in range(chooser.choice((10, 1000, 4000)))]
            c.call("SADD", "s", *other)
        elif other:
            c.call("SREM", "s", *other)
    assert stay <= found


def test_refusals_of_sscan(c: Client) -> None:
    c.call("SADD", "s", "a")
    assert c.err("SSCAN", "s", "x") == "ERR invalid cursor"
    assert c.err("SSCAN", "s", 0, "COUNT", 0) == _SYNTAX
    assert c.err("SSCAN", "s", 0, "COUNT", "x") == _NOT_INT
    assert c.err("SSCAN", "s", 0, "TYPE", "set") == _SYNTAX
    assert c.err("SSCAN", "s", 0, "MATCH") == _SYNTAX


# What all verbs refuse


@pytest.mark.parametrize(
    "request_",
    [
        *("SADD t a", "SREM t a", "SISMEMBER t a", "SMISMEMBER t a", "SCARD t", "SMEMBERS t"),
        *("SPOP t", "SPOP t 1", "SPOP t 0", "SRANDMEMBER t", "SRANDMEMBER t 1", "SMOVE t s a"),
        *("SMOVE s t a", "SINTER t", "SINTER none t", "SINTERCARD 1 t", "SINTERSTORE d t"),
        *("SUNION s t", "SUNIONSTORE d s t", "SDIFF s t", "SDIFF none t", "SDIFFSTORE d s t"),
        "SSCAN t 0",
    ],
)
def test_other_types_are_refused(c: Client, request_: str) -> None:
    c.call("SET", "t", "text")
    c.call("SADD", "s", "a")
    assert c.err(*request_.split()) == _WRONG_TYPE


def test_a_copy_is_a_set_of_its_own(c: Client, name: Callable[[int], str]) -> None:
    members = _fill(c, "s", name, range(200))
    assert c.call("COPY", "s", "t") == 1
    assert c.call("RENAME", "s", "u") == "OK"
    c.call("SADD", "t", "more")
    assert _members(c, "u") == members
    assert _members(c, "t") == members | {b"more"}


# What others are told


def _told(c: Client, listener: Client) -> list[str]:
    """Events of keys so far."""
    c.call("PUBLISH", "end", "end")
    told = []
    while True:
        message = listener.read()
        texts = [part.decode() for part in message if isinstance(part, bytes)]
        if texts[0] == "message":
            return told
        told.append(texts[2].partition(":")[2] + " " + texts[3])


def test_events(c: Client, connect: Callable[[], Client]) -> None:
    listener = connect()
    before = c.ok("CONFIG", "GET", "notify-keyspace-events")[1]
    c.call("CONFIG", "SET", "notify-keyspace-events", "KA")
    try:
        listener.call("PSUBSCRIBE", "__key*__:*")
        listener.call("SUBSCRIBE", "end")
        for request_ in (
            *("SADD a 1 2 3", "SADD a 1", "SREM a 1", "SREM a 1", "SREM a 2 3", "SADD a 1 2 3"),
            *("SPOP a 0", "SPOP a", "SPOP a 1", "SPOP a", "SADD a 1", "SPOP a 10", "SADD a 1 2"),
            *("SMOVE a b 1", "SADD a 1", "SMOVE a b 1", "SMOVE a b 2", "SMOVE b b 1"),
            *("SUNIONSTORE c b", "SINTERSTORE c b", "SDIFFSTORE c b", "SDIFFSTORE c b b"),
            "SDIFFSTORE c b b",
        ):
            c.ok(*request_.split())
        told = _told(c, listener)
    finally:
        c.call("CONFIG", "SET", "notify-keyspace-events", before)
    assert told == [
        *("a sadd", "a srem", "a srem", "a del", "a sadd"),
        *("a spop", "a spop", "a spop", "a del", "a sadd", "a spop", "a del", "a sadd"),
        *("a srem", "b sadd", "a sadd", "a srem", "a srem", "a del", "b sadd"),
        *("c sunionstore", "c sinterstore", "c sdiffstore", "c del"),
    ]
