"""Data of every type, in every form, on both sides of where forms end."""

from __future__ import annotations

from .client import Client


def fill(c: Client) -> None:
    for number in (0, 127, -128, 32767, -32769, 2**31 - 1, 2**31, -(2**63)):
        c.ok("SET", f"string:{number}", number)
    for size in (0, 1, 20, 21, 63, 64, 1600, 1601, 16383, 16384, 40000):
        c.ok("SET", f"string:x{size}", b"x" * size)
        c.ok("SET", f"string:m{size}", bytes(i * i * 7 % 251 for i in range(size)))
    for count in (1, 127, 128, 129, 513, 2000):
        members = [f"m{i}" for i in range(count)]
        c.ok("RPUSH", f"list:{count}", *members)
        c.ok("SADD", f"set:{count}", *members)
        c.ok("SADD", f"set:ints:{count}", *range(-5, count))
        c.ok("HSET", f"hash:{count}", *(part for m in members for part in (m, m * 3)))
        c.ok("ZADD", f"zset:{count}", *(p for i, m in enumerate(members) for p in (i / 3, m)))
    c.ok("SADD", "set:wide", 1, 2**40)
    c.ok("RPUSH", "list:plain", "a", b"b" * 100_000, 7, "")
    c.ok("HSET", "hash:long", "field", "y" * 70, "", "")
    c.ok("ZADD", "zset:odd", "inf", "a", "-inf", "b", "1e300", "z" * 70, "0.1", "")
    for i in range(250):
        c.ok("XADD", "stream:a", f"{i + 1}-1", "f", i, "g", "v" * (i % 40))
    c.ok("XDEL", "stream:a", "5-1", "250-1")
    c.ok("XGROUP", "CREATE", "stream:a", "g", 0)
    c.ok("XGROUP", "CREATE", "stream:a", "h", "$")
    c.ok("XREADGROUP", "GROUP", "g", "c1", "COUNT", 20, "STREAMS", "stream:a", ">")
    c.ok("XREADGROUP", "GROUP", "g", "c2", "COUNT", 3, "STREAMS", "stream:a", ">")
    c.ok("XACK", "stream:a", "g", "3-1")
    c.ok("XGROUP", "CREATE", "stream:empty", "g", "$", "MKSTREAM")
