"""The connection itself: protocol, names, identity, end, authentication."""

from __future__ import annotations

from support.resp import encode

from ..generate import Draw, Family
from ..program import Command, Own, RawBytes, Step
from ._pieces import VALUE, any_case

FAMILY = Family("connection", weight=15)

_NAMES = (b"", b"a", b"client-1", b"with space", b"line\n", b"\x7f", b"\xff", b"x" * 100, b"~!@")


def _name(draw: Draw) -> bytes:
    return bytes(draw.choose(_NAMES))


def _hello_options(draw: Draw) -> list[bytes]:
    options: list[list[bytes]] = []
    if draw.chance(0.3):
        options.append([any_case(draw, b"SETNAME"), _name(draw)])
    if draw.chance(0.3):
        user = bytes(draw.choose((b"default", b"default", b"nobody", b"")))
        options.append([b"AUTH", user, b"secret"])
    if draw.chance(0.1):
        options.append([bytes(draw.choose((b"FOO", b"AUTH", b"SETNAME", b"")))])
    draw.random.shuffle(options)
    return [word for option in options for word in option]


def _version(draw: Draw) -> bytes:
    odd = (b"1", b"4", b"0", b"-1", b"abc", b"", b"3.0", b"99999999999999999999")
    return bytes(draw.choose((b"2", b"3") if draw.chance(0.8) else odd))


FAMILY.add("PING")
FAMILY.add("PING", VALUE)
FAMILY.add("ECHO", VALUE)
FAMILY.add("HELLO", _version, _hello_options, weight=20)
FAMILY.add("HELLO", weight=5)
FAMILY.add("RESET", weight=4)
FAMILY.add("QUIT", weight=2)
FAMILY.add("AUTH", VALUE, weight=4)
FAMILY.add("AUTH", lambda d: d.choose((b"default", b"nobody", b"")), VALUE, weight=4)
FAMILY.add("CLIENT GETNAME")
FAMILY.add("CLIENT SETNAME", _name)
FAMILY.add("CLIENT ID", mode="kind", weight=4)
FAMILY.add("CLIENT INFO", mode="client-lines")
FAMILY.add("CLIENT NO-EVICT", lambda d: d.choose((b"ON", b"OFF", b"on", b"FOO", b"")))
FAMILY.add("CLIENT UNPAUSE", weight=2)
FAMILY.add("CLIENT REPLY", lambda d: d.choose((b"ON", b"FOO", b"")), weight=4)


@FAMILY.step("CLIENT LIST")
def _list_own(draw: Draw) -> Step:
    filters: list[list[object]] = [
        [b"ID", Own("id", 0)],
        [b"ID", Own("id", 0), Own("id", 1)],
        [b"ID", Own("id", 1), b"999999999"],
        [b"ID", b"999999999"],
    ]
    return draw.command("CLIENT", "LIST", draw.choose(filters), mode="client-lines")


@FAMILY.step("CLIENT LIST", weight=4)
def _bad_list(draw: Draw) -> Step:
    bad = ([b"TYPE", b"foo"], [b"ID"], [b"ID", b"0"], [b"ID", b"abc"], [b"ID", b"-1"], [b"FOO"])
    return draw.command("CLIENT", "LIST", draw.choose((*bad, [b"TYPE"], [b"TYPE", b"pubsub"])), mode="client-lines")


@FAMILY.step("CLIENT KILL", weight=6)
def _kill(draw: Draw) -> Step:
    """Filters that hit the program's own connections alone, or nobody."""
    other = 1 - draw.client
    hits: list[list[object]] = [
        [b"ID", Own("id", other)],
        [b"ID", Own("id", draw.client)],
        [b"ID", Own("id", draw.client), b"SKIPME", b"no"],
        [b"ADDR", Own("addr", other)],
        [Own("addr", other)],
        [Own("addr", draw.client)],
        [b"ID", Own("id", other), b"TYPE", b"normal", b"USER", b"default"],
        [b"ID", Own("id", other), b"TYPE", b"pubsub"],
        [b"ID", Own("id", other), b"LADDR", Own("laddr", other), b"SKIPME", b"yes"],
        [b"ADDR", b"1.2.3.4:5"],
        [b"1.2.3.4:5"],
    ]
    return draw.command("CLIENT", "KILL", draw.choose(hits))


@FAMILY.step("CLIENT KILL", weight=6)
def _bad_kill(draw: Draw) -> Step:
    bad: tuple[list[bytes], ...] = (
        [],
        *([b"ID", b"0"], [b"ID", b"abc"], [b"ID"], [b"TYPE", b"foo"], [b"USER", b"nobody"]),
        *([b"FOO", b"bar"], [b"ID", b"999999", b"SKIPME", b"foo"], [b"ID", b"999999", b"ADDR"]),
        *([b"ID", b"-1"], [b""], [b"ID", b"999999", b"SKIPME", b"no"]),
    )
    return draw.command("CLIENT", "KILL", draw.choose(bad))


@FAMILY.step("CLIENT UNBLOCK", weight=3)
def _unblock(draw: Draw) -> Step:
    rest = draw.choose(([], [b"ERROR"], [b"TIMEOUT"], [b"FOO"]))
    return draw.command("CLIENT", "UNBLOCK", draw.choose((b"999999", b"abc", Own("id", 0))), rest)


@FAMILY.step("CLIENT PAUSE", weight=3)
def _bad_pause(draw: Draw) -> Step:
    bad = ([b"abc"], [b"-1"], [b"0"], [b"0", b"ALL"], [b"0", b"WRITE"], [b"0", b"FOO"], [b""])
    return draw.command("CLIENT", "PAUSE", draw.choose(bad))


@FAMILY.step("CLIENT REPLY", weight=4)
def _reply_modes(draw: Draw) -> Step:
    """On a connection of its own, since what is not answered cannot be waited for."""
    requests = []
    for number in range(3 + draw.below(10)):
        mode = draw.choose((b"ON", b"OFF", b"SKIP", b"skip", b"FOO"))
        asked = draw.choose((("PING", b"%d" % number), ("CLIENT", "REPLY", mode), ("NOPE",)))
        requests.append(encode(*asked))
    return RawBytes(b"".join(requests), draw.below(4), draw.seed())


@FAMILY.step("AUTH", "CONFIG SET", weight=4)
def _password(draw: Draw) -> list[Step]:
    """A password is set, a new connection tries to get in, the password goes."""
    attempts = (
        *(("GET", b"raw"), ("PING",), ("AUTH", b"wrong"), ("AUTH", b"secret"), ("NOPE", b"x")),
        *(("AUTH", b"default", b"secret"), ("AUTH", b"nobody", b"secret"), ("HELLO", b"3")),
        *(("HELLO", b"3", b"AUTH", b"default", b"secret"), ("GET",), ("QUIT",), ("RESET",)),
        *(("HELLO", b"2", b"AUTH", b"default", b"wrong"), ("ECHO", b"x" * 16384), ("CLIENT", b"ID")),
    )
    chosen = [draw.choose(attempts) for _ in range(1 + draw.below(8))]
    chosen = [attempt for attempt in chosen if attempt[0] not in ("CLIENT", "HELLO")] or [("PING",)]
    data = b"".join(encode(*attempt) for attempt in chosen)
    return [
        Command((b"CONFIG", b"SET", b"requirepass", b"secret"), draw.client),
        RawBytes(data, draw.below(3), draw.seed()),
        Command((b"CONFIG", b"SET", b"requirepass", b""), draw.client),
    ]


@FAMILY.step("CLIENT", weight=3)
def _odd_client(draw: Draw) -> Step:
    return draw.command("CLIENT", draw.choose(([], [b"FOO"], [b"FOO", b"a"], [b"ID", b"x"], [b""])))


@FAMILY.step(weight=4)
def _unknown(draw: Draw) -> Step:
    names = (b"nope", b"", b"\x00", b"get ", b"x" * 200, b"a'b", b"with\r\nbreak", b"GET|SET", b"get|")
    rest = [draw.value() for _ in range(draw.below(4))]
    return draw.command(draw.choose(names), rest)
