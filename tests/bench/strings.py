"""What is measured of strings and bits: requests over keys of known contents."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Iterator

from support.client import Client

BOUND = 0.80

LONG_KEYS = 50_000  # of 1 KiB
_KIB, _MIB = 1024, 1024 * 1024
_LETTERS = b"acgt"


@dataclass(frozen=True)
class Work:
    """A request, and how often it is sent in a run. `keys`: how many keys {key} stands for."""

    name: str
    words: str
    requests: int
    keys: int = 1_000_000
    pipeline: int = 16
    clients: int = 50


def _bitops() -> Iterator[Work]:
    for size, name, requests in ((_KIB, "1 KiB", 60_000), (100 * _KIB, "100 KiB", 2_000)):
        for operation in ("AND", "OR", "XOR"):
            for count in (2, 8):
                sources = " ".join(f"bits:{size}:{i}" for i in range(count))
                work = f"BITOP {operation}, {count} sources of {name}"
                scaled = requests // (2 if count == 8 else 1)
                yield Work(work, f"BITOP {operation} dst:{size} {sources}", scaled)
        yield Work(f"BITOP NOT of {name}", f"BITOP NOT dst:{size} bits:{size}:0", requests)


def _subsequences() -> Iterator[Work]:
    for size, requests in ((100, 5_000), (1000, 100)):
        for option in ("", " LEN", " IDX"):
            name = f"LCS{option}, {size} x {size}"
            words = f"LCS text:{size}:0 text:{size}:1{option}"
            yield Work(name, words, requests * (2 if option == " LEN" else 1), clients=10)


WORKS: tuple[Work, ...] = (
    Work("BITCOUNT of 1 KiB", f"BITCOUNT bits:{_KIB}:0", 200_000),
    Work("BITCOUNT of 1 MiB", f"BITCOUNT bits:{_MIB}:0", 1_000, clients=10),
    Work("BITPOS, the last bit of 1 MiB", f"BITPOS zeros:{_MIB} 1", 1_000, clients=10),
    *_bitops(),
    *_subsequences(),
    Work("GETRANGE, 16 bytes of 32", "GETRANGE {key} 8 -9", 200_000),
    Work("GETRANGE, 100 bytes of 1 KiB", "GETRANGE kib:{key} 300 399", 200_000, keys=LONG_KEYS),
    Work("GETRANGE, 10 KiB of 1 MiB", f"GETRANGE bits:{_MIB}:0 -20480 -10241", 60_000),
    Work("SETRANGE, 32 bytes", "SETRANGE {key} 0 {value}", 200_000),
    Work("SETRANGE, 32 bytes in 1 KiB", "SETRANGE kib:{key} 500 {value}", 200_000, keys=LONG_KEYS),
    Work("APPEND, 32 bytes, a million keys", "APPEND new:{key} {value}", 200_000),
    Work("APPEND, 32 bytes, a thousand keys", "APPEND log:{key} {value}", 300_000, keys=1000),
    Work("MSET of 10", "MSET" + " {key} {value}" * 10, 60_000),
)


# Each key of kib:{key} once, for the load generator.
FILL_LONG = (
    *("--sequential", "--keys", str(LONG_KEYS), "--requests", str(LONG_KEYS)),
    *("--value-size", str(_KIB), "--pipeline", "16", "--", "SET", "kib:{key}", "{value}"),
)


def fill(client: Client) -> None:
    """The keys that the requests name: random bits, and texts of four letters."""
    draw = random.Random(1)
    for size, count in ((_KIB, 8), (100 * _KIB, 8), (_MIB, 1)):
        for i in range(count):
            client.ok("SET", f"bits:{size}:{i}", draw.randbytes(size))
    client.ok("SET", f"zeros:{_MIB}", bytes(_MIB - 1) + b"\x01")
    for size in (100, 1000):
        for i in range(2):
            client.ok("SET", f"text:{size}:{i}", bytes(draw.choices(_LETTERS, k=size)))
