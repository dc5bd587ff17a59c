"""What is measured of transactions: ten commands between MULTI and EXEC, over a million keys."""

from __future__ import annotations

from .strings import Work

BOUND = 0.80

_TEN = " THEN ".join(["SET {key} {value}", "GET {key}"] * 5)
_MULTI = f"MULTI THEN {_TEN} THEN EXEC"
_WATCHED = f"WATCH {{key}} THEN GET {{key}} THEN {_MULTI}"

# A request is a whole transaction, so a pipeline of 1 is one for each round trip.
WORKS: tuple[Work, ...] = (
    Work("MULTI of 10 commands, one a round trip", _MULTI, 40_000, pipeline=1),
    Work("MULTI of 10 commands, pipeline 16", _MULTI, 60_000, pipeline=16),
    Work("WATCH, GET, MULTI of 10 commands, one a round trip", _WATCHED, 40_000, pipeline=1),
)
