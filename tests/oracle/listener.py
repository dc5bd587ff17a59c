"""A connection that hears the events of keys while a program is played."""

from __future__ import annotations

import itertools
from typing import Callable

from support.client import Client
from support.server import Value

from .program import quote

DIRECTIVES: dict[str, Value] = {"notify-keyspace-events": "AEmn"}

_MARK = b"up to here"
_CLOSED = "<connection closed>"


class Listener:
    """Connects when a program begins, unless it still is; a program may have killed it."""

    def __init__(self, connect: Callable[[], Client]) -> None:
        self._connect = connect
        self._client: Client | None = None

    def begin(self) -> None:
        """From now on it hears."""
        if self._client is None or self.heard() == [_CLOSED]:
            self.close()
            self._client = self._connect()
            self._client.call("PSUBSCRIBE", "__keyevent@*")

    def close(self) -> None:
        if self._client is not None:
            self._client.close()
        self._client = None

    def heard(self) -> list[str]:
        """`event@database key`, in order, since the last call. Without "expired": when that comes
        is a matter of time, and one server removes what the other has not looked at yet."""
        assert self._client is not None
        found: list[str] = []
        try:
            self._client.send("PING", _MARK)
            while True:
                message = self._client.read()
                if message == [b"pong", _MARK]:
                    return found
                database, event = message[2].removeprefix(b"__keyevent@").split(b"__:", 1)
                if event != b"expired":
                    found.append(f"{event.decode()}@{database.decode()} {quote(message[3])}")
        except (EOFError, OSError):
            return [_CLOSED]


def misses_in_order(events: list[str]) -> list[str]:
    """Runs of misses sorted, all other events where they were."""
    found: list[str] = []
    for is_miss, run in itertools.groupby(events, lambda event: event.startswith("keymiss@")):
        found += sorted(run) if is_miss else run
    return found


def apart(ours: list[str], theirs: list[str]) -> tuple[str, str]:
    """The first event at which they part, with what came before it."""
    at = 0
    while at < min(len(ours), len(theirs)) and ours[at] == theirs[at]:
        at += 1
    shown = [", ".join(side[max(0, at - 2) : at + 2]) or "(none)" for side in (ours, theirs)]
    return f"event {at + 1}: {shown[0]}", f"event {at + 1}: {shown[1]}"
