"""Commands on strings that the oracle does not know, at random, against a model of a few lines."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any, Callable, Union

import pytest
from support.client import Client

pytestmark = pytest.mark.beyond_oracle

_MAX, _MIN = 2**63 - 1, -(2**63)
_NOT_INT = "ERR value is not an integer or out of range"
_KEYS = ("a", "b", "c", "d")
_COMPARISONS = ("IFEQ", "IFNE", "IFDEQ", "IFDNE")
_COMMANDS = 1500

Argument = Union[str, int, bytes]


@dataclass
class Value:
    """A string, and when it expires (Unix seconds; -1: never)."""

    text: bytes
    expires: int = -1


class World:
    """The model's keys beside the server's, which answers the digests."""

    def __init__(self, client: Client, seed: int) -> None:
        self.client = client
        self.random = random.Random(seed)
        self.keys: dict[str, Value] = {}
        self._time = 4_000_000_000

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def key(self) -> str:
        return self.random.choice(_KEYS)

    def text(self) -> bytes:
        limits = (_MAX, _MIN, _MAX - 1, _MIN + 1)
        numbers = (b"%d" % self.random.choice((0, 1, -1, 5, 100, *limits)),)
        words = (b"", b"x", b"y" * 50, b"z" * 2000, b"\x00\xff")
        return self.random.choice(numbers * 3 + words)

    def expires(self) -> int:
        self._time += 100
        return self._time

    def held(self, key: str) -> bytes | None:
        value = self.keys.get(key)
        return value.text if value else None

    def digest(self, text: bytes) -> bytes:
        self.client.ok("SET", "scratch", text)
        return bytes(self.client.ok("DIGEST", "scratch"))

    # Conditions

    def comparison(self, key: str) -> tuple[list[Argument], bool]:
        """One of IFEQ and its kin, and whether it holds."""
        word = self.random.choice(_COMPARISONS)
        held = self.held(key)
        with_ = held if held is not None and self.chance(0.6) else self.text()
        shown = self.digest(with_) if "D" in word else with_
        if word.startswith("IFD") and self.chance(0.3):
            shown = shown.upper()
        equal = held is not None and held == with_
        return [word, shown], equal if word.endswith("EQ") else not equal

    def condition(self, keys: list[str]) -> tuple[list[Argument], bool]:
        """NX, XX or neither of several keys."""
        word = self.random.choice(("NX", "XX", "", ""))
        there = [key in self.keys for key in keys]
        holds = {"NX": not any(there), "XX": all(there), "": True}[word]
        return [word] if word else [], holds

    def lifetime(self, keep: str) -> tuple[list[Argument], Callable[[int], int]]:
        """EXAT, `keep` (KEEPTTL or PERSIST) or neither, and what becomes of an expiry."""
        kind = self.random.randrange(4)
        when = self.expires()
        if kind == 0:
            return ["EXAT", when], lambda _: when
        if kind == 1:
            return [keep], lambda old: old if keep == "KEEPTTL" else -1
        return [], lambda old: -1 if keep == "KEEPTTL" else old

    # Changes

    def store(self, key: str, text: bytes, lives: Callable[[int], int]) -> None:
        old = self.keys.get(key)
        self.keys[key] = Value(text, lives(old.expires if old else -1))

    def check(self) -> None:
        for key in _KEYS:
            value = self.keys.get(key)
            assert self.client.call("GET", key) == (value.text if value else None), key
            assert self.client.call("EXPIRETIME", key) == (value.expires if value else -2), key


def _joined(pieces: list[list[Argument]]) -> list[Argument]:
    return [word for piece in pieces for word in piece]


def _set(w: World) -> tuple[list[Argument], Any]:
    key, text = w.key(), w.text()
    words, holds = w.comparison(key) if w.chance(0.7) else w.condition([key])
    time_words, lives = w.lifetime("KEEPTTL")
    get: list[Argument] = ["GET"] if w.chance(0.4) else []
    pieces = [words, time_words, get]
    w.random.shuffle(pieces)
    want = w.held(key) if get else ("OK" if holds else None)
    if holds:
        w.store(key, text, lives)
    return ["SET", key, text, *_joined(pieces)], want


def _delex(w: World) -> tuple[list[Argument], Any]:
    key = w.key()
    words, holds = w.comparison(key) if w.chance(0.8) else ([], True)
    deleted = holds and key in w.keys
    if deleted:
        del w.keys[key]
    return ["DELEX", key, *words], int(deleted)


def _delifeq(w: World) -> tuple[list[Argument], Any]:
    key = w.key()
    text = w.held(key) or b"" if w.chance(0.5) else w.text()
    deleted = key in w.keys and w.held(key) == text
    if deleted:
        del w.keys[key]
    return ["DELIFEQ", key, text], int(deleted)


def _msetex(w: World) -> tuple[list[Argument], Any]:
    pairs = [(w.key(), w.text()) for _ in range(w.random.randrange(1, 5))]
    words, holds = w.condition([key for key, _ in pairs])
    time_words, lives = w.lifetime("KEEPTTL")
    if holds:
        for key, text in pairs:
            w.store(key, text, lives)
    flat = _joined([[key, text] for key, text in pairs])
    return ["MSETEX", len(pairs), *flat, *words, *time_words], int(holds)


def _near(w: World) -> int:
    return w.random.choice((0, 1, -1, 3, 10, -10, 100, _MAX, _MIN, _MAX - 1))


def _increx_sum(old: int, by: int, low: int, high: int, saturate: bool) -> int | None:
    """None: out of bounds, nothing changes."""
    total = old + by
    if low <= total <= high and _MIN <= total <= _MAX:
        return total
    return min(max(total, low), high) if saturate else None


def _increx(w: World) -> tuple[list[Argument], Any]:
    key, by = w.key(), 1
    words: list[list[Argument]] = []
    if w.chance(0.7):
        by = _near(w)
        words.append(["BYINT", by])
    low, high = _MIN, _MAX
    if w.chance(0.4):
        low = _near(w)
        words.append(["LBOUND", low])
    if w.chance(0.4):
        high = max(low, _near(w))
        words.append(["UBOUND", high])
    saturate = w.chance(0.4)
    words += [["SATURATE"]] if saturate else []
    condition, holds = w.condition([key])
    time_words, lives = w.lifetime("PERSIST")
    only_new = "EXAT" in time_words and w.chance(0.4)
    words += [condition, time_words, ["ENX"] if only_new else []]
    w.random.shuffle(words)
    args: list[Argument] = ["INCREX", key, *_joined(words)]

    held = w.held(key)
    if held is not None and not _is_int(held):
        return args, _NOT_INT
    old = int(held or 0)
    total = _increx_sum(old, by, low, high, saturate) if holds else None
    if total is None:
        return args, [old, 0]
    if not _MIN <= total - old <= _MAX:
        return args, "ERR increment or decrement would overflow"
    w.store(key, b"%d" % total, lambda was: was if only_new and was != -1 else lives(was))
    return args, [total, total - old]


def _is_int(text: bytes) -> bool:
    return text.lstrip(b"-").isdigit() and _MIN <= int(text) <= _MAX and b"%d" % int(text) == text


def _bitop(w: World) -> tuple[list[Argument], Any]:
    word = w.random.choice(("DIFF", "DIFF1", "ANDOR", "ONE"))
    sources = [w.key() for _ in range(w.random.randrange(2, 6))]
    texts = [w.held(key) or b"" for key in sources]
    size = max(len(text) for text in texts)
    first, *others = (int.from_bytes(text.ljust(size, b"\0"), "big") for text in texts)
    any_other = twice = 0
    for other in others:
        twice |= any_other & other
        any_other |= other
    made = {
        "DIFF": first & ~any_other,
        "DIFF1": any_other & ~first,
        "ANDOR": first & any_other,
        "ONE": (first ^ any_other) & ~twice,
    }[word]
    key = w.key()
    w.keys.pop(key, None)
    if size:
        w.keys[key] = Value(made.to_bytes(size, "big"))
    return ["BITOP", word, key, *sources], size


_VERBS = (_set, _set, _delex, _delifeq, _msetex, _increx, _increx, _increx, _bitop)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.needs("increx", "delex", "delifeq", "msetex", "digest")
def test_newer_commands_agree_with_a_model(c: Client, seed: int) -> None:
    world = World(c, seed)
    for number in range(_COMMANDS):
        args, want = world.random.choice(_VERBS)(world)
        got = c.err(*args) if isinstance(want, str) and want.startswith("ERR") else c.call(*args)
        assert got == want, (number, args)
        world.check()


@pytest.mark.needs("increx")
def test_increx_replies_fractions_as_doubles_in_resp3(c: Client, c3: Client) -> None:
    assert c3.call("INCREX", "a", "BYFLOAT", "1.5") == [1.5, 1.5]
    assert c3.call("INCREX", "a", "BYFLOAT", "1", "UBOUND", "2", "SATURATE") == [2.0, 0.5]
    assert c.call("INCREX", "a", "BYFLOAT", "0.25") == [b"2.25", b"0.25"]
    assert c3.call("INCREX", "b") == [1, 1]
