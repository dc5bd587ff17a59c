"""Fields that expire, at random, against a model of a few lines; and all the other verbs among them."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any, Callable, Union

import pytest
from support.client import Client

pytestmark = pytest.mark.beyond_oracle

_KEYS = ("h", "g")
_FIELDS = ("a", "b", "c", "d", "17", "", "x" * 64)
_LONG = "y" * 65
_STEPS = 2500
_NEVER = -1

Argument = Union[str, int, bytes]
Request = tuple[list[Argument], Any]


@dataclass
class Field:
    """A value, and when it expires (Unix ms; far, so that nothing goes by itself)."""

    value: bytes
    when: int = _NEVER


class World:
    """The model's hashes."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.hashes: dict[str, dict[bytes, Field]] = {key: {} for key in _KEYS}
        self._time = 4_000_000_000

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def key(self) -> str:
        return self.random.choice(_KEYS)

    def fields(self, most: int = 4) -> list[bytes]:
        count = self.random.randrange(1, most + 1)
        names = [self.random.choice(_FIELDS) for _ in range(count)]
        if self.chance(0.02):
            names[0] = _LONG
        return [name.encode() for name in names]

    def value(self) -> bytes:
        return bytes(self.random.choice((b"1", b"-5", b"", b"text", b"z" * 64)))

    def when(self) -> tuple[str, int, int]:
        """EXAT or PXAT, its number, and the same in ms; now and then a past one."""
        if self.chance(0.15):
            return self.random.choice((("EXAT", 1, 1000), ("PXAT", 5, 5)))
        self._time += self.random.choice((-1000, 300))
        if self.chance(0.5):
            return "EXAT", self._time, self._time * 1000
        return "PXAT", self._time * 1000 + 7, self._time * 1000 + 7


def _past(when: int) -> bool:
    return 0 <= when < 10**9


def _listed(names: list[bytes]) -> list[Argument]:
    return ["FIELDS", len(names), *names]


def _allowed(word: str, old: int, new: int) -> bool:
    endless = old == _NEVER
    return {
        "": True,
        "NX": endless,
        "XX": not endless,
        "GT": not endless and new > old,
        "LT": endless or new < old,
    }[word]


def _hexpireat(w: World) -> Request:
    key, names = w.key(), w.fields()
    unit, number, when = w.when()
    word = w.random.choice(("", "", "NX", "XX", "GT", "LT"))
    fields, want = w.hashes[key], []
    for name in names:
        if name not in fields:
            want.append(-2)
        elif not _allowed(word, fields[name].when, when):
            want.append(0)
        elif _past(when):
            del fields[name]
            want.append(2)
        else:
            fields[name].when = when
            want.append(1)
    verb = "HEXPIREAT" if unit == "EXAT" else "HPEXPIREAT"
    return [verb, key, number, *([word] if word else []), *_listed(names)], want


def _told(verb: str, shown: Callable[[int], int]) -> Callable[[World], Request]:
    def tell(w: World) -> Request:
        key, names = w.key(), w.fields()
        fields = w.hashes[key]
        want = [
            (fields[n].when if fields[n].when == _NEVER else shown(fields[n].when))
            if n in fields
            else -2
            for n in names
        ]
        return [verb, key, *_listed(names)], want

    return tell


def _hpersist(w: World) -> Request:
    key, names = w.key(), w.fields()
    fields, want = w.hashes[key], []
    for name in names:
        if name not in fields:
            want.append(-2)
        else:
            want.append(-1 if fields[name].when == _NEVER else 1)
            fields[name].when = _NEVER
    return ["HPERSIST", key, *_listed(names)], want


def _hgetex(w: World) -> Request:
    key, names = w.key(), w.fields()
    fields = w.hashes[key]
    want = [fields[n].value if n in fields else None for n in names]
    words: list[Argument] = []
    kind = w.random.randrange(3)
    if kind > 0:
        unit, number, when = w.when()
        words = [unit, number] if kind == 1 else ["PERSIST"]
        for name in names:
            if name not in fields:
                continue
            if kind == 1 and _past(when):
                del fields[name]
            else:
                fields[name].when = when if kind == 1 else _NEVER
    return ["HGETEX", key, *words, *_listed(names)], want


def _hgetdel(w: World) -> Request:
    key, names = w.key(), w.fields(2)
    want = []
    for name in names:
        field = w.hashes[key].pop(name, None)
        want.append(field.value if field else None)
    return ["HGETDEL", key, *_listed(names)], want


def _hsetex(w: World) -> Request:
    key = w.key()
    fields = w.hashes[key]
    pairs = [(name, w.value()) for name in w.fields()]
    words: list[Argument] = []
    holds = True
    if w.chance(0.3):
        words.append(w.random.choice(("NX", "XX")))
        holds &= bool(fields) == (words[-1] == "XX")
    if w.chance(0.4):
        words.append(w.random.choice(("FNX", "FXX")))
        there = [name in fields for name, _ in pairs]
        holds &= not any(there) if words[-1] == "FNX" else all(there)
    kind = w.random.randrange(3)
    unit, number, when = w.when()
    if kind == 0:
        when = _NEVER
    elif kind == 1:
        words.append("KEEPTTL")
    else:
        words += [unit, number]
    for name, value in pairs if holds else []:
        if kind == 2 and _past(when):
            fields.pop(name, None)
            continue
        old = fields[name].when if name in fields else _NEVER
        fields[name] = Field(value, old if kind == 1 else when)
    flat = [word for pair in pairs for word in pair]
    return ["HSETEX", key, *words, "FIELDS", len(pairs), *flat], int(holds)


def _hset(w: World) -> Request:
    key, name, value = w.key(), w.fields(1)[0], w.value()
    new = name not in w.hashes[key]
    w.hashes[key][name] = Field(value)
    return ["HSET", key, name, value], int(new)


def _hdel(w: World) -> Request:
    key, names = w.key(), w.fields()
    gone = {name for name in names if w.hashes[key].pop(name, None)}
    return ["HDEL", key, *names], len(gone)


def _hincrby(w: World) -> Request:
    key, name = w.key(), w.fields(1)[0]
    field = w.hashes[key].get(name)
    if field and not field.value.lstrip(b"-").isdigit():
        return ["HINCRBY", key, name, 3], "ERR hash value is not an integer"
    total = int(field.value if field else 0) + 3
    w.hashes[key][name] = Field(b"%d" % total, field.when if field else _NEVER)
    return ["HINCRBY", key, name, 3], total


def _copy(w: World) -> Request:
    source, target = _KEYS if w.chance(0.5) else _KEYS[::-1]
    if not w.hashes[source]:
        return ["COPY", source, target, "REPLACE"], 0
    w.hashes[target] = {n: Field(f.value, f.when) for n, f in w.hashes[source].items()}
    return ["COPY", source, target, "REPLACE"], 1


def _del(w: World) -> Request:
    key = w.key()
    there = bool(w.hashes[key])
    w.hashes[key] = {}
    return ["DEL", key], int(there)


_REQUESTS = (
    *(_hexpireat, _hexpireat, _hexpireat, _hsetex, _hsetex, _hset, _hset, _hgetex, _hpersist),
    *(_hgetdel, _hdel, _hincrby, _copy),
    _told("HPEXPIRETIME", lambda ms: ms),
    _told("HEXPIRETIME", lambda ms: (ms + 500) // 1000),
)


def _check(c: Client, w: World) -> None:
    for key, fields in w.hashes.items():
        flat = c.call("HGETALL", key)
        assert dict(zip(flat[0::2], flat[1::2])) == {n: f.value for n, f in fields.items()}, key
        assert c.call("HLEN", key) == len(fields)
        assert c.call("EXISTS", key) == bool(fields)
        if fields:
            got = c.call("HPEXPIRETIME", key, "FIELDS", len(fields), *fields)
            assert got == [f.when for f in fields.values()], key


@pytest.mark.parametrize("seed", range(6))
def test_fields_that_expire_agree_with_a_model(c: Client, seed: int) -> None:
    world = World(seed)
    for number in range(_STEPS):
        make = _del if world.chance(0.01) else world.random.choice(_REQUESTS)
        args, want = make(world)
        got = c.err(*args) if isinstance(want, str) else c.call(*args)
        assert got == want, (number, args)
        if number % 5 == 0:
            _check(c, world)
    _check(c, world)
