"""Times to live: set, asked for, compared, and what happens when they are over."""

from __future__ import annotations

import random
import time

import pytest
from conftest import Connect, StartServer
from support.client import Client
from support.text import info_fields
from support.wait import wait_for

FAR_S, FAR_MS = 4102444800, 4102444800123


def test_keys_without_and_missing_keys(c: Client) -> None:
    c.ok("SET", "a", 1)
    for verb in ("TTL", "PTTL", "EXPIRETIME", "PEXPIRETIME"):
        assert c.call(verb, "a") == -1
        assert c.call(verb, "missing") == -2
    assert c.call("PERSIST", "a") == 0
    assert c.call("PERSIST", "missing") == 0


@pytest.mark.parametrize(
    ("verb", "time_", "milliseconds"),
    [("EXPIRE", 5000, 5_000_000), ("PEXPIRE", 5_000_000, 5_000_000)],
)
def test_relative_times(c: Client, verb: str, time_: int, milliseconds: int) -> None:
    c.ok("SET", "a", 1)
    now = int(time.time() * 1000)
    assert c.call(verb, "a", time_) == 1
    slack = 10_000
    assert milliseconds - slack <= c.call("PTTL", "a") <= milliseconds
    assert c.call("TTL", "a") in range((milliseconds - slack) // 1000, milliseconds // 1000 + 1)
    assert abs(c.call("PEXPIRETIME", "a") - now - milliseconds) < slack
    assert c.call(verb, "missing", time_) == 0


def test_absolute_times_are_kept_exactly(c: Client) -> None:
    c.ok("SET", "a", 1)
    assert c.call("EXPIREAT", "a", FAR_S) == 1
    assert (c.call("EXPIRETIME", "a"), c.call("PEXPIRETIME", "a")) == (FAR_S, FAR_S * 1000)
    assert c.call("PEXPIREAT", "a", FAR_MS) == 1
    assert (c.call("EXPIRETIME", "a"), c.call("PEXPIRETIME", "a")) == (FAR_S, FAR_MS)
    c.ok("PEXPIREAT", "a", FAR_S * 1000 + 500)
    assert c.call("EXPIRETIME", "a") == FAR_S + 1, "half seconds are rounded up"


def test_persist(c: Client) -> None:
    c.ok("SET", "a", "x" * 50, "EX", 1000)
    assert c.call("PERSIST", "a") == 1
    assert (c.call("TTL", "a"), c.call("GET", "a")) == (-1, b"x" * 50)


@pytest.mark.parametrize("past", [("EXPIRE", 0), ("EXPIRE", -1), ("PEXPIRE", -5), ("EXPIREAT", 1), ("PEXPIREAT", -1)])
def test_past_times_delete_at_once(c: Client, past: tuple[str, int]) -> None:
    c.ok("SET", "a", 1)
    verb, time_ = past
    assert c.call(verb, "a", time_) == 1
    assert (c.call("EXISTS", "a"), c.call("DBSIZE")) == (0, 0)


# Flags: (flag, current expiry or None, new expiry, answer)
@pytest.mark.parametrize(
    ("flag", "current", "new", "answer"),
    [
        *(("NX", None, FAR_S, 1), ("NX", FAR_S, FAR_S + 1, 0)),
        *(("XX", None, FAR_S, 0), ("XX", FAR_S, FAR_S + 1, 1)),
        *(("GT", None, FAR_S, 0), ("GT", FAR_S, FAR_S + 1, 1), ("GT", FAR_S, FAR_S, 0)),
        *(("GT", FAR_S, FAR_S - 1, 0), ("LT", None, FAR_S, 1), ("LT", FAR_S, FAR_S - 1, 1)),
        *(("LT", FAR_S, FAR_S, 0), ("LT", FAR_S, FAR_S + 1, 0), ("lt", FAR_S, FAR_S - 1, 1)),
    ],
)
def test_flags(c: Client, flag: str, current: int | None, new: int, answer: int) -> None:
    c.ok("SET", "a", 1)
    if current is not None:
        c.ok("EXPIREAT", "a", current)
    assert c.call("EXPIREAT", "a", new, flag) == answer
    expected = new if answer else current if current is not None else -1
    assert c.call("EXPIRETIME", "a") == expected


def test_flag_in_the_way_of_a_past_time(c: Client) -> None:
    c.ok("SET", "a", 1, "EXAT", FAR_S)
    assert c.call("EXPIREAT", "a", 1, "GT") == 0
    assert c.call("EXISTS", "a") == 1
    assert c.call("EXPIREAT", "a", 1, "LT") == 1
    assert c.call("EXISTS", "a") == 0


def test_flags_that_may_be_combined(c: Client) -> None:
    c.ok("SET", "a", 1, "EXAT", FAR_S)
    assert c.call("EXPIREAT", "a", FAR_S + 5, "XX", "GT") == 1
    assert c.call("EXPIREAT", "a", FAR_S, "XX", "LT") == 1
    assert c.call("EXPIREAT", "a", FAR_S, "XX", "XX") == 1


def test_refusals(c: Client) -> None:
    c.ok("SET", "a", 1)
    clash = "ERR NX and XX, GT or LT options at the same time are not compatible"
    for flags, error in (
        (("NX", "XX"), clash),
        (("NX", "GT"), clash),
        (("LT", "NX"), clash),
        (("GT", "LT"), "ERR GT and LT options at the same time are not compatible"),
        (("FOO",), "ERR Unsupported option FOO"),
        (("NX", ""), "ERR Unsupported option "),
    ):
        assert c.err("EXPIRE", "a", 100, *flags) == error
    for verb in ("expire", "pexpire", "expireat", "pexpireat"):
        assert c.err(verb, "a", "abc") == "ERR value is not an integer or out of range"
        assert c.err(verb, "a") == f"ERR wrong number of arguments for '{verb}' command"
    for verb, time_ in (
        *(("expire", 2**63 - 1), ("expire", 2**63 // 1000), ("pexpire", 2**63 - 1)),
        *(("expire", -(2**63)), ("expireat", 2**63 - 1)),
    ):
        assert c.err(verb, "a", time_) == f"ERR invalid expire time in '{verb}' command"
    assert c.call("TTL", "a") == -1


# The end of the time


def test_key_is_gone_for_every_verb_when_its_time_is_over(c: Client) -> None:
    c.ok("DEBUG", "SET-ACTIVE-EXPIRE", 0)
    try:
        c.ok("SET", "a", 1, "PX", 20)
        time.sleep(0.04)
        assert c.call("GET", "a") is None
        for verb, answer in (("EXISTS", 0), ("TTL", -2), ("TYPE", "none"), ("DEL", 0), ("TOUCH", 0)):
            c.ok("SET", "a", 1, "PXAT", 1)
            assert c.call(verb, "a") == answer
        c.ok("SET", "a", 1, "PXAT", 1)
        assert c.call("KEYS", "*") == []
        assert c.call("SET", "a", 2, "XX") is None
        c.ok("SET", "a", 1, "PXAT", 1)
        assert (c.call("INCR", "a"), c.call("TTL", "a")) == (1, -1)
        c.ok("SET", "a", 1, "PXAT", 1)
        assert c.call("APPEND", "a", "x") == 1
        c.ok("SET", "a", 1, "PXAT", 1)
        assert c.err("RENAME", "a", "b") == "ERR no such key"
    finally:
        c.ok("DEBUG", "SET-ACTIVE-EXPIRE", 1)


def test_expired_key_is_no_obstacle(c: Client) -> None:
    c.ok("SET", "old", 1, "PXAT", 1)
    c.ok("SET", "a", 2)
    assert c.call("RENAMENX", "a", "old") == 1
    c.ok("SET", "old2", 1, "PXAT", 1)
    assert c.call("COPY", "old", "old2") == 1
    c.ok("SET", "old3", 1, "PXAT", 1)
    assert c.call("SETNX", "old3", 5) == 1
    assert c.call("TTL", "old3") == -1


def test_expired_keys_go_by_themselves(start_server: StartServer, connect: Connect) -> None:
    c = connect(start_server())
    for i in range(1000):
        c.send("SET", b"k%d" % i, 1, "PX", 1 + i % 100)
    for i in range(1000):
        c.read()
    c.ok("SET", "stays", 1, "EX", 1000)
    wait_for("the keys to go", lambda: c.ok("DBSIZE") == 1)
    assert info_fields(c.ok("INFO", "stats"))["expired_keys"] == "1000"


def test_active_expiry_can_be_stopped(start_server: StartServer, connect: Connect) -> None:
    c = connect(start_server())
    c.ok("DEBUG", "SET-ACTIVE-EXPIRE", 0)
    for i in range(100):
        c.ok("SET", b"k%d" % i, 1, "PX", 1)
    c.ok("DEBUG", "SLEEP", "0.3")
    assert c.call("DBSIZE") == 100
    assert c.call("GET", "k7") is None
    assert c.call("DBSIZE") == 99
    c.ok("DEBUG", "SET-ACTIVE-EXPIRE", 1)
    wait_for("the keys to go", lambda: c.ok("DBSIZE") == 0)


def test_expiry_in_every_database(c: Client) -> None:
    for number in range(16):
        c.ok("SELECT", number)
        c.ok("SET", "goes", 1, "PX", 20)
        c.ok("SET", "stays", 1)
    wait_for(
        "the keys to go", lambda: b"expires=1" not in c.ok("INFO", "keyspace"), poll_s=0.02
    )
    for number in range(16):
        c.ok("SELECT", number)
        assert c.call("KEYS", "*") == [b"stays"]


def test_times_against_a_model(c: Client) -> None:
    """Random keys get, change and lose times; what is left at the end is what the model says."""
    chooser = random.Random(11)
    model: dict[bytes, int] = {}
    for _ in range(5000):
        key = b"k%d" % chooser.randrange(300)
        kind = chooser.randrange(4)
        if kind == 0:
            c.ok("SET", key, chooser.randbytes(chooser.choice((1, 30, 60, 300))))
            model[key] = -1
        elif kind == 1 and key in model:
            when = FAR_MS + chooser.randrange(10**9)
            assert c.call("PEXPIREAT", key, when) == 1
            model[key] = when
        elif kind == 2 and key in model:
            assert c.call("PERSIST", key) == (model[key] != -1)
            model[key] = -1
        elif kind == 3 and key in model:
            assert c.call("PEXPIREAT", key, 1) == 1
            del model[key]
    assert c.call("DBSIZE") == len(model)
    for key, when in model.items():
        assert c.call("PEXPIRETIME", key) == when
    expires = sum(when != -1 for when in model.values())
    assert info_fields(c.ok("INFO", "keyspace"))["db0"].startswith(
        f"keys={len(model)},expires={expires},"
    )
