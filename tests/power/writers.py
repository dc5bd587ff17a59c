"""Clients that write and remember what they were promised, and the check of what is left.

Each writer has keys of its own and numbers its operations. What operation n does follows from n alone, so
the state behind each one is known. After a restart the keys of a writer must be as they were behind some
operation: one that was sent, and none before the last that was promised. Operations of several commands
are transactions: no state in the midst of one is accepted.

Behind each operation a writer counts a key that all share. Its replies order the operations of all writers:
what the restarted server has of that count, it must have of all operations before."""

from __future__ import annotations

from typing import Any, Callable, Iterable

from support.client import Client
from support.resp import Arg, ReplyError, encode

State = dict[str, Any]
Command = tuple[Arg, ...]

_SHARED = "count"
_BIG = 20_000


def _plain(w: Writer, n: int, s: State) -> list[Command]:
    key = f"k{n % 5}"
    s[key] = f"value {n}"
    return [("SET", w.key(key), s[key])]


def _transaction(w: Writer, n: int, s: State) -> list[Command]:
    s["a"] = s["b"] = str(n)
    s["l"] = [*s.get("l", []), str(n)][-20:]
    return [
        ("SET", w.key("a"), n),
        ("RPUSH", w.key("l"), n),
        ("LTRIM", w.key("l"), -20, -1),
        ("SET", w.key("b"), n),
    ]


def _hash(w: Writer, n: int, s: State) -> list[Command]:
    s["h"] = {**s.get("h", {}), f"f{n % 7}": str(n)}
    return [("HSET", w.key("h"), f"f{n % 7}", n)]


def _members(w: Writer, n: int, s: State) -> list[Command]:
    member = f"m{n % 13}"
    old = s.get("s", set())
    s["s"] = old - {member} if member in old else old | {member}
    return [("SREM" if member in old else "SADD", w.key("s"), member)]


def _scores(w: Writer, n: int, s: State) -> list[Command]:
    s["z"] = {**s.get("z", {}), f"m{n % 10}": str(n)}
    return [("ZADD", w.key("z"), n, f"m{n % 10}")]


def _rewritten(w: Writer, _n: int, s: State) -> list[Command]:
    """The effect that is recorded is another command."""
    s["f"] = str(int(s.get("f", "0")) + 3)
    return [("INCRBYFLOAT", w.key("f"), "3")]


def _deletion(w: Writer, n: int, s: State) -> list[Command]:
    s.pop(f"k{n % 3}", None)
    return [("DEL", w.key(f"k{n % 3}"))]


def _big(w: Writer, n: int, s: State) -> list[Command]:
    key = f"big{n % 2}"
    s[key] = str(n) * (_BIG // len(str(n)))
    return [("SET", w.key(key), s[key])]


_KINDS: list[Callable[[Writer, int, State], list[Command]]] = [
    _plain, _transaction, _hash, _members, _plain, _transaction, _scores, _rewritten, _plain,
    _transaction, _deletion, _big, _hash,
]  # fmt: skip


class Operation:
    def __init__(self, n: int) -> None:
        self.n = n
        self.order: int | None = None  # the shared count, if its reply was read


class Writer:
    """One client's operations. The connection may be replaced; what was promised stays."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.state: State = {}  # behind operation `promised`
        self.promised = 0
        self.open: list[Operation] = []  # sent behind it, in order
        self.read = 0  # how many of these were answered
        self.promised_order = 0

    def key(self, key: str) -> str:
        return f"{self.name}:{key}"

    def commands(self, n: int, state: State) -> list[Command]:
        done = _KINDS[n % len(_KINDS)](self, n, state)
        return done if len(done) == 1 else [("MULTI",), *done, ("EXEC",)]

    @property
    def sent(self) -> int:
        return self.promised + len(self.open)

    # While the server lives

    def send(self, client: Client, count: int) -> None:
        """So many operations more, in one piece."""
        state = dict(self._state_behind(self.sent))
        requests = []
        for _ in range(count):
            n = self.sent + 1
            requests += [*self.commands(n, state), ("INCR", _SHARED)]
            self.open.append(Operation(n))
        self._ahead = (self.sent, state)
        client.send_raw(b"".join(encode(*request) for request in requests))

    def receive(self, client: Client, promise: bool) -> None:
        """Reads the replies of everything sent. With `promise` an answer is a promise; else only
        promised() makes it one. EOFError and OSError leave what was read until then."""
        while self.read < len(self.open):
            operation = self.open[self.read]
            expected = len(self.commands(operation.n, dict(self.state)))
            replies = [client.read() for _ in range(expected)]
            order = client.read()
            for reply in [*replies, order]:
                refused = reply if isinstance(reply, ReplyError) else None
                if isinstance(reply, list):
                    refused = next((r for r in reply if isinstance(r, ReplyError)), None)
                assert refused is None, f"{self.name}, operation {operation.n}: {refused}"
            operation.order = order
            self.read += 1
            if promise:
                self.promise_read()

    def promise_read(self) -> None:
        """What was answered so far must never be missing again."""
        for _ in range(self.read):
            operation = self.open.pop(0)
            self._apply(operation.n)
            self.promised_order = operation.order or self.promised_order
        self.read = 0

    # Afterwards

    def check(self, client: Client, count: int, context: str) -> None:
        """What the server has is a state behind an operation that may be the last one. The writer goes on
        from there. `count` is what the server has of the shared count."""
        found = self._fetch(client)
        first = self.promised
        tried = []
        while True:
            if found == self.state:
                break
            tried.append(dict(self.state))
            if not self.open:
                raise AssertionError(
                    f"{self.name}: what is there was there behind no operation from {first} (the last"
                    f" promised) to {self.promised} (the last sent)\n{_differences(tried, found)}"
                    f"\n{context}"
                )
            self._apply(self.open.pop(0).n)
        # Operations that change nothing cannot be missed; the shared count tells of the others.
        while self.open and self.open[0].order is not None and self.open[0].order <= count:
            operation = self.open.pop(0)
            self._apply(operation.n)
            assert found == self.state, (
                f"{self.name}: the count is {count}, but operation {operation.n} in front of count"
                f" {operation.order} is missing\n{context}"
            )
        self.open, self.read = [], 0

    def _fetch(self, client: Client) -> State:
        reads: dict[str, Command] = {
            **{k: ("GET", self.key(k)) for k in
               ("k0", "k1", "k2", "k3", "k4", "a", "b", "f", "big0", "big1")},
            "l": ("LRANGE", self.key("l"), 0, -1),
            "h": ("HGETALL", self.key("h")),
            "s": ("SMEMBERS", self.key("s")),
            "z": ("ZRANGE", self.key("z"), 0, -1, "WITHSCORES"),
        }  # fmt: skip
        found: State = {}
        for (name, _), reply in zip(reads.items(), client.pipeline(reads.values())):
            assert not isinstance(reply, ReplyError), reply
            value = _as_state(name, reply)
            if value is not None:
                found[name] = value
        return found

    # The model

    def _apply(self, n: int) -> None:
        self.commands(n, self.state)
        # A key that an operation leaves empty is none.
        self.state = {k: v for k, v in self.state.items() if v not in (set(), {}, [])}
        self.promised = n

    _ahead: tuple[int, State] | None = None

    def _state_behind(self, n: int) -> State:
        """The state behind operation n, which was sent."""
        if self._ahead and self._ahead[0] == n:
            return self._ahead[1]
        state = dict(self.state)
        for operation in self.open:
            self.commands(operation.n, state)
        return state


def _as_state(name: str, reply: Any) -> Any:
    if reply is None or reply == []:
        return None
    if name in ("h", "z"):
        pairs = [v.decode() for v in reply]
        return dict(zip(pairs[::2], pairs[1::2]))
    if name == "s":
        return {v.decode() for v in reply}
    if name == "l":
        return [v.decode() for v in reply]
    return reply.decode()


def _differences(tried: list[State], found: State) -> str:
    """Against the nearest state."""

    def differing(state: State) -> list[str]:
        names = sorted({*state, *found})
        return [
            f"  {n}: {_short(found.get(n))}, not {_short(state.get(n))}"
            for n in names
            if state.get(n) != found.get(n)
        ]

    return "\n".join(min((differing(s) for s in tried), key=len))


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) < 120 else text[:50] + " ... " + text[-50:]


class Writers:
    """Several writers, and the count that they share."""

    def __init__(self, count: int = 3) -> None:
        self.writers = [Writer(f"w{i}") for i in range(count)]

    def connect(self, server: Any) -> list[Client]:
        return [server.connect() for _ in self.writers]

    def turn(self, clients: Iterable[Client], sizes: Iterable[int], promise: bool = True) -> None:
        """Every writer sends so many operations, then all replies are read. EOFError or OSError when the
        server is gone; what was answered until then is remembered."""
        pairs = list(zip(self.writers, clients))
        gone: BaseException | None = None
        for (writer, client), size in zip(pairs, sizes):
            try:
                writer.send(client, size)
            except OSError as error:
                gone = error
        for writer, client in pairs:
            try:
                writer.receive(client, promise)
            except (EOFError, OSError) as error:
                gone = error
        if gone:
            raise gone

    def promise_read(self) -> None:
        for writer in self.writers:
            writer.promise_read()

    def check(self, client: Client, context: str = "") -> None:
        """After a restart: all are as promised. They go on from what is there."""
        reply = client.ok("GET", _SHARED)
        count = int(reply or 0)
        promised = max(writer.promised_order for writer in self.writers)
        assert count >= promised, f"the count is {count}, promised was {promised}\n{context}"
        for writer in self.writers:
            writer.check(client, count, context)
