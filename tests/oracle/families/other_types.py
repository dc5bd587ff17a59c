"""Values of other types, so that string commands meet the wrong kind of value."""

from __future__ import annotations

from ..generate import Family
from ._pieces import KEY, VALUE

FAMILY = Family("other-types", weight=3)

FAMILY.add("LPUSH", KEY, VALUE)
FAMILY.add("SADD", KEY, VALUE)
FAMILY.add("HSET", KEY, VALUE, VALUE)
FAMILY.add("ZADD", KEY, b"1", VALUE)
