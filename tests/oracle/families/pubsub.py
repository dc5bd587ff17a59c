"""Messages to nobody, and what is asked about channels. The one who hears events listens to a pattern."""

from __future__ import annotations

from ..generate import Draw, Family
from ._pieces import KEY, VALUE

FAMILY = Family("pubsub", weight=3)


def _keys(draw: Draw) -> list[bytes]:
    return [draw.key() for _ in range(draw.below(4))]


def _pattern(draw: Draw) -> list[bytes]:
    return list(draw.choose(([], [b"*"], [b"k*"], [b"k*", b"x"], [b""])))


FAMILY.add("PUBLISH", KEY, VALUE, weight=20)
FAMILY.add("SPUBLISH", KEY, VALUE)
FAMILY.add("PUBSUB CHANNELS", _pattern)
FAMILY.add("PUBSUB SHARDCHANNELS", _pattern, weight=5)
FAMILY.add("PUBSUB NUMSUB", _keys)
FAMILY.add("PUBSUB SHARDNUMSUB", _keys, weight=5)
FAMILY.add("PUBSUB NUMPAT", weight=5)
