"""Generic commands over every type and form of value: what they keep of it."""

from __future__ import annotations

import random

import pytest
from support.client import Client
from support.resp import Arg
from support.wait import wait_for

Words = tuple[Arg, ...]

_MANY = [f"member:{i}" for i in range(600)]
_PAIRS = [word for name in _MANY for word in (name, "value")]
_SCORED = [word for i, name in enumerate(_MANY) for word in (i, name)]

VALUES: dict[str, tuple[Words, ...]] = {
    "number": (("SET", "k", 17),),
    "text": (("SET", "k", "text"),),
    "long text": (("SET", "k", "x" * 100_000),),
    "bits": (("SETBIT", "k", 9, 1),),
    "short list": (("RPUSH", "k", "a", 1, ""),),
    "long list": (("RPUSH", "k", *_MANY, "x" * 20_000, *_MANY),),
    "numbers": (("SADD", "k", 1, 2, -3),),
    "short set": (("SADD", "k", "a", 1, ""),),
    "long set": (("SADD", "k", *_MANY),),
    "short sorted set": (("ZADD", "k", 1, "a", "-inf", "b"),),
    "long sorted set": (("ZADD", "k", *_SCORED),),
    "points": (("GEOADD", "k", 13.4, 38.1, "Palermo"),),
    "short hash": (("HSET", "k", "a", 1, "b", ""),),
    "long hash": (("HSET", "k", *_PAIRS),),
    "stream": (
        ("XADD", "k", "1-1", "f", "v"),
        ("XADD", "k", "2-1", "g", "w", "h", "x"),
        ("XGROUP", "CREATE", "k", "group", "0"),
        ("XREADGROUP", "GROUP", "group", "one", "COUNT", 1, "STREAMS", "k", ">"),
        ("XDEL", "k", "1-1"),
    ),
    "hyperloglog": (("PFADD", "k", *_MANY),),
}
_FIELDS = {"short hash", "long hash"}
_BIG = {"long list", "long set", "long sorted set", "long hash"}

TYPES = {
    **{"number": "string", "text": "string", "long text": "string", "bits": "string"},
    **{"short list": "list", "long list": "list", "numbers": "set", "short set": "set"},
    **{"long set": "set", "short sorted set": "zset", "long sorted set": "zset"},
    **{"points": "zset", "short hash": "hash", "long hash": "hash", "stream": "stream"},
    "hyperloglog": "string",
}


def _at(c: Client) -> int:
    """A time far enough ahead."""
    return int(c.ok("TIME")[0]) * 1000 + 5_000_000


def _make(c: Client, name: str) -> None:
    for words in VALUES[name]:
        c.ok(*words)


def _shown(c: Client, key: str) -> list[object]:
    """All that there is to see of a value, but its name. A table has no order of its own."""
    payload = c.ok("DUMP", key)
    encoding = c.ok("OBJECT", "ENCODING", key)
    return [
        c.ok("PEXPIRETIME", key),
        c.ok("DEBUG", "DIGEST-VALUE", key),
        c.ok("TYPE", key),
        encoding,
        len(payload) if encoding == b"hashtable" else payload,
    ]


@pytest.mark.parametrize("has_expiry", [False, True])
@pytest.mark.parametrize("name", VALUES)
def test_a_value_goes_from_name_to_name(c: Client, name: str, has_expiry: bool) -> None:
    _make(c, name)
    if has_expiry:
        c.ok("PEXPIREAT", "k", _at(c))
    before, payload = _shown(c, "k"), c.ok("DUMP", "k")
    assert c.call("COPY", "k", "copy") == 1
    assert _shown(c, "copy") == before
    c.ok("SADD", "taken", *_MANY)
    c.ok("EXPIRE", "taken", 100)
    c.ok("RENAME", "k", "taken")
    assert _shown(c, "taken") == before
    assert c.call("MOVE", "taken", 1) == 1
    assert c.call("EXISTS", "k", "taken") == 0
    c.ok("SELECT", 1)
    assert _shown(c, "taken") == before
    assert c.call("COPY", "taken", "back", "DB", 0) == 1
    c.ok("SELECT", 0)
    assert _shown(c, "back") == before
    c.ok("RESTORE", "restored", max(int(str(before[0])), 0), payload, "ABSTTL")
    assert _shown(c, "restored")[:3] == before[:3]
    assert c.call("DEL", "copy", "back", "restored") == 3


@pytest.mark.beyond_oracle
@pytest.mark.parametrize("name", sorted(_FIELDS))
def test_times_of_fields_go_along(c: Client, name: str) -> None:
    _make(c, name)
    field = VALUES[name][0][2]
    at = _at(c)
    c.ok("HPEXPIREAT", "k", at, "FIELDS", 1, field)

    def expiry(key: str) -> object:
        return c.ok("HPEXPIRETIME", key, "FIELDS", 1, field)

    assert c.call("COPY", "k", "copy") == 1
    c.ok("HPERSIST", "copy", "FIELDS", 1, field)
    assert (expiry("k"), expiry("copy")) == ([at], [-1])
    c.ok("RENAME", "k", "renamed")
    assert expiry("renamed") == [at]
    c.ok("MOVE", "renamed", 1)
    c.ok("SWAPDB", 0, 1)
    assert expiry("renamed") == [at]
    c.ok("RESTORE", "restored", 0, c.ok("DUMP", "renamed"))
    assert expiry("restored") == [at]
    # Each of them goes at its own time.
    soon = int(c.ok("TIME")[0]) * 1000 + 1
    c.ok("HPEXPIREAT", "restored", soon, "FIELDS", 1, field)
    assert c.call("HEXISTS", "renamed", field) == 1
    wait_for("the field to go", lambda: c.call("HEXISTS", "restored", field) == 0)
    assert expiry("renamed") == [at]


@pytest.mark.parametrize("name", VALUES)
def test_what_is_told_of_a_value(c: Client, name: str) -> None:
    _make(c, name)
    assert c.call("TYPE", "k") == TYPES[name]
    for wanted in {*TYPES.values()}:
        _, found = c.ok("SCAN", 0, "TYPE", wanted, "COUNT", 1000)
        assert found == ([b"k"] if wanted == TYPES[name] else [])
    usage = c.ok("MEMORY", "USAGE", "k")
    assert usage > (5000 if name in _BIG else 8)
    assert c.ok("MEMORY", "USAGE", "k", "SAMPLES", 0) >= usage / 2
    assert c.call("OBJECT", "REFCOUNT", "k") == (2147483647 if name == "number" else 1)
    assert c.call("OBJECT", "IDLETIME", "k") in (0, 1)
    assert c.err("OBJECT", "FREQ", "k").startswith("ERR An LFU maxmemory policy is not selected")
    assert c.call("TOUCH", "k", "k", "none") == 2
    assert c.call("EXISTS", "k", "k", "none") == 2


@pytest.mark.parametrize("name", VALUES)
def test_how_often_a_value_is_used(c: Client, name: str) -> None:
    c.ok("CONFIG", "SET", "maxmemory-policy", "allkeys-lfu", "lfu-log-factor", 0)
    try:
        _make(c, name)
        before = c.ok("OBJECT", "FREQ", "k")
        for _ in range(20):
            c.ok("TOUCH", "k")
        assert c.ok("OBJECT", "FREQ", "k") >= before + 20
        assert c.err("OBJECT", "IDLETIME", "k").startswith("ERR An LFU maxmemory policy is sel")
        c.ok("RENAME", "k", "renamed")
        assert c.ok("OBJECT", "FREQ", "renamed") >= before + 20
    finally:
        c.ok("CONFIG", "SET", "maxmemory-policy", "noeviction", "lfu-log-factor", 10)


@pytest.mark.parametrize("how", ["DEL", "UNLINK", "SET", "FLUSHALL", "EXPIRE"])
@pytest.mark.parametrize("name", VALUES)
def test_a_value_ends(c: Client, name: str, how: str) -> None:
    _make(c, name)
    if how == "SET":
        c.ok("SET", "k", "other")
        assert c.call("GET", "k") == b"other"
        return
    words = {"EXPIRE": ("PEXPIREAT", "k", 1), "FLUSHALL": ("FLUSHALL", "ASYNC")}
    c.ok(*words.get(how, (how, "k")))
    assert c.call("EXISTS", "k") == 0
    assert c.call("TYPE", "k") == "none"


def _any_request(draw: random.Random) -> Words:
    """One that looks an element up, or one that takes the value away from under those that follow."""
    key = draw.choice(("h", "s", "z", "k"))
    member = "member:%d" % draw.randrange(0, 700)
    asks: list[Words] = [
        *(("HGET", "h", member), ("HSET", "h", member, 1), ("HDEL", "h", member)),
        *(("SISMEMBER", "s", member), ("SADD", "s", member), ("SMOVE", "s", "k", member)),
        *(("ZSCORE", "z", member), ("ZADD", "z", 1, member), ("ZINCRBY", "z", 1, member)),
        *(("HMGET", "h", member, "x"), ("ZRANK", "z", member), ("HGET", "k", member), ("HGET",)),
    ]
    if draw.random() < 0.9:
        return draw.choice(asks)
    many = {"h": ("HSET", "h", *_PAIRS), "s": ("SADD", "s", *_MANY), "z": ("ZADD", "z", *_SCORED)}
    others: list[Words] = [
        *(("DEL", key), ("UNLINK", key), ("RENAME", key, "k"), ("SET", "k", "x"), ("SELECT", 1)),
        *(("SELECT", 0), ("FLUSHALL",), ("COPY", key, "k", "REPLACE"), ("PEXPIRE", key, 100_000)),
        *(("SWAPDB", 0, 1), ("RPUSH", "k", "x"), ("MULTI",), ("EXEC",), *many.values()),
    ]
    return draw.choice(others)


@pytest.mark.parametrize("seed", range(8))
def test_requests_that_come_together_are_answered_as_one_by_one(c: Client, seed: int) -> None:
    draw = random.Random(seed)
    requests = [_any_request(draw) for _ in range(1500)]
    together = c.pipeline(requests)
    c.call("DISCARD")
    c.ok("SELECT", 0)
    c.ok("FLUSHALL")
    assert [c.call(*words) for words in requests] == together
    c.call("DISCARD")
    c.ok("SELECT", 0)
