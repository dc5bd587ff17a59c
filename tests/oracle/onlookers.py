#!/usr/bin/python3
"""Invalidations and MONITOR against redis-server's, message by message.

    tests/oracle/onlookers.py --server build/asan/tarn-server --seed 7 --count 300
    tests/oracle/onlookers.py --seed 7 --only 123        the 123rd program of seed 7 again

A program is a list of random commands on five connections that track keys, redirect, listen, monitor and
write. It is played on both servers in lockstep; what each connection got must be the same, in the same
order. Where one is told by redirection, its replies and its messages are compared apart, and it asks for
no arrays: redis-server 7.0 writes such a message into the reply of the command that caused it, and
so it does with what a monitor's own transaction runs."""

from __future__ import annotations

import argparse
import difflib
import random
import re
import sys
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from oracle.compare import render  # noqa: E402
from support.client import Client  # noqa: E402
from support.resp import encode  # noqa: E402
from support.server import Server, Value  # noqa: E402

PROTOS = (3, 3, 2, 2, 3)
RECEIVERS = (3, 4)  # of what is redirected
END = "the-end"

_KEYS = ("a", "b", "ab", "abc", "b1", "user:1", "user:2", "")
_PREFIXES = ("a", "b", "ab", "user:", "c", "")


def main() -> int:
    parser = argparse.ArgumentParser(description="invalidations and MONITOR compared")
    parser.add_argument("--server", default="build/asan/tarn-server")
    parser.add_argument("--oracle", default="/usr/bin/redis-server")
    parser.add_argument("--seed", default="1")
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--only", type=int)
    parser.add_argument("--transport", default="")
    options = parser.parse_args()
    extra: dict[str, Value] = {"net-transport": options.transport} if options.transport else {}
    numbers = [options.only] if options.only is not None else range(options.count)
    lines = 0
    with Server(options.server, extra) as tarn, Server(options.oracle) as oracle:
        for number in numbers:
            program = generate(random.Random(f"{options.seed}:{number}"))
            _align(tarn, oracle)
            ours, theirs = (play(server, program) for server in (tarn, oracle))
            lines += len(theirs)
            if ours != theirs:
                _show(program, ours, theirs)
                print(f"again: --seed {options.seed} --only {number}")
                return 1
    print(f"onlookers: seed {options.seed}, {len(numbers)} programs, {lines} lines compared")
    return 0


def _align(*servers: Server) -> None:
    """The next connection has the same id on all."""
    while len(set(ids := [_next_id(server) for server in servers])) > 1:
        for server, own in zip(servers, ids):
            for _ in range(max(ids) - own):
                server.connect().close()


def _next_id(server: Server) -> int:
    with server.connect() as client:
        own = client.call("CLIENT", "ID")
    assert isinstance(own, int)
    return own


# ---- programs ----

Step = tuple[int, list[list[str]]]
"""A connection, and the commands that it sends at once; "<2>" is the id of connection 2."""


def generate(draw: random.Random) -> list[Step]:
    steps: list[Step] = []
    without_arrays = set(RECEIVERS)
    for _ in range(draw.randint(5, 40)):
        who = draw.randrange(len(PROTOS))
        if draw.random() < 0.15 and who not in without_arrays:
            inside = [_data(draw) if draw.random() < 0.8 else _mode(draw) for _ in range(draw.randint(1, 4))]
            steps.append((who, [["MULTI"], *inside, ["EXEC"]]))
        elif draw.random() < 0.3:
            steps.append((who, [_mode(draw)]))
            if steps[-1][1] == [["MONITOR"]]:
                without_arrays.add(who)
        else:
            some = [_data(draw) for _ in range(1 if draw.random() < 0.8 else 3)]
            if who in RECEIVERS:
                some = [["GET", *command[1:2]] if command[0] in _ARRAYS else command for command in some]
            steps.append((who, some))
    return steps


def _key(draw: random.Random) -> str:
    return draw.choice(_KEYS)


def _keys(draw: random.Random) -> list[str]:
    return [_key(draw) for _ in range(draw.randint(1, 4))]


def _data(draw: random.Random) -> list[str]:
    pairs = [word for key in _keys(draw) for word in (key, "1")]
    return draw.choice(
        [
            *([["GET", _key(draw)]] * 6),
            *([["MGET", *_keys(draw)]] * 4),
            *([["SET", _key(draw), "1"]] * 6),
            *([["MSET", *pairs]] * 3),
            *([["DEL", *_keys(draw)]] * 3),
            ["SET", _key(draw), "1", "EXAT", "1"],
            ["PEXPIREAT", _key(draw), "1"],
            ["EXPIRE", _key(draw), "1000"],
            ["PERSIST", _key(draw)],
            ["GETEX", _key(draw), "PERSIST"],
            ["INCR", _key(draw)],
            ["APPEND", _key(draw), "x"],
            ["RENAME", _key(draw), _key(draw)],
            ["COPY", _key(draw), _key(draw), "REPLACE"],
            ["MOVE", _key(draw), "1"],
            ["EXISTS", *_keys(draw)],
            ["STRLEN", _key(draw)],
            ["TYPE", _key(draw)],
            ["TTL", _key(draw)],
            ["TOUCH", *_keys(draw)],
            ["OBJECT", "FREQ", _key(draw)],
            ["BITCOUNT", _key(draw)],
            ["GETRANGE", _key(draw), "0", "-1"],
            ["LCS", _key(draw), _key(draw)],
            ["SETBIT", _key(draw), "1", "1"],
            ["BITOP", "NOT", _key(draw), _key(draw)],
            ["FLUSHALL"],
            ["FLUSHDB"],
            ["SWAPDB", "0", "1"],
            ["SELECT", draw.choice("01")],
            ["GET"],
            ["NOSUCH", "x"],
            ["ECHO", 'a "quoted"\r\n\x07 text'],
            ["PUBLISH", "news", "text"],
            ["DBSIZE"],
            *([draw.choice(_of_types(draw))] * 12),
        ]
    )


def _of_types(draw: random.Random) -> list[list[str]]:
    """Values with elements; none whose reply is in an order of its own."""
    key, other = _key(draw), _key(draw)
    return [
        ["RPUSH", key, "a", "b"],
        ["LPOP", key],
        ["LLEN", key],
        ["LRANGE", key, "0", "-1"],
        ["LMOVE", key, other, "LEFT", "RIGHT"],
        ["LINSERT", key, "BEFORE", "a", "x"],
        ["LREM", key, "0", "a"],
        ["LTRIM", key, "1", "-1"],
        ["LMPOP", "2", key, other, "LEFT"],
        ["HSET", key, "f", "1"],
        ["HGET", key, "f"],
        ["HMGET", key, "f", "g"],
        ["HDEL", key, "f"],
        ["HINCRBY", key, "n", "1"],
        ["SADD", key, "a"],
        ["SREM", key, "a"],
        ["SISMEMBER", key, "a"],
        ["SCARD", key],
        ["SMOVE", key, other, "a"],
        ["SINTERSTORE", key, other, key],
        ["SUNIONSTORE", key, other],
        ["SINTERCARD", "2", key, other],
        ["ZADD", key, "1", "a", "2", "b"],
        ["ZADD", key, "XX", "3", "a"],
        ["ZSCORE", key, "a"],
        ["ZRANGE", key, "0", "-1"],
        ["ZREM", key, "a"],
        ["ZPOPMIN", key],
        ["ZMPOP", "2", key, other, "MIN"],
        ["ZUNIONSTORE", key, "2", key, other],
        ["ZDIFFSTORE", key, "1", other],
        ["ZRANGESTORE", key, other, "0", "0"],
        ["ZREMRANGEBYRANK", key, "0", "0"],
        ["GEOADD", key, "13.3", "38.1", "p"],
        ["GEOPOS", key, "p"],
        ["XADD", key, "NOMKSTREAM", "1-1", "f", "v"],
        ["XLEN", key],
        ["PFADD", key, "x"],
        ["PFCOUNT", key, other],
        ["PFMERGE", key, other],
        ["SORT", key, "ALPHA", "STORE", other],
        ["SORT_RO", key, "ALPHA"],
    ]


_ARRAYS = ("MGET", "LRANGE", "LMPOP", "HMGET", "ZRANGE", "ZPOPMIN", "ZMPOP", "GEOPOS", "SORT_RO")


def _mode(draw: random.Random) -> list[str]:
    redirect = ["REDIRECT", f"<{draw.choice(RECEIVERS)}>"]
    on = ["CLIENT", "TRACKING", "ON"]
    prefixes = [word for p in draw.sample(_PREFIXES, draw.randint(0, 2)) for word in ("PREFIX", p)]
    return draw.choice(
        [
            *([on] * 5),
            *([[*on, "NOLOOP"]] * 2),
            *([[*on, *redirect]] * 3),
            [*on, *redirect, "NOLOOP"],
            *([[*on, "BCAST", *prefixes]] * 4),
            *([[*on, "BCAST", "NOLOOP", *prefixes]] * 2),
            *([[*on, "BCAST", *redirect, *prefixes]] * 2),
            [*on, "OPTIN"],
            [*on, "OPTOUT"],
            [*on, *draw.sample(["BCAST", "OPTIN", "OPTOUT", "NOLOOP", *prefixes], 2)],
            ["CLIENT", "TRACKING", "OFF"],
            ["CLIENT", "TRACKING", "OFF"],
            *([["CLIENT", "CACHING", "YES"]] * 2),
            ["CLIENT", "CACHING", "NO"],
            ["CLIENT", "TRACKINGINFO"],
            ["CLIENT", "GETREDIR"],
            ["CLIENT", "SETNAME", "me"],
            ["MONITOR"],
            ["MONITOR"],
            ["RESET"],
            ["HELLO", "3"],
            ["HELLO", "2"],
            ["AUTH", "secret"],
            ["CONFIG", "GET", "port"],
            ["SUBSCRIBE", "news"],
            ["UNSUBSCRIBE"],
            ["CLOSE"],
        ]
    )


# ---- playing ----


class Connection:
    """One of the five; what it got is in `lines`, in its order."""

    def __init__(self, server: Server, proto: int) -> None:
        self._server = server
        self._proto = proto
        self.lines: list[str] = []
        self.monitors = False
        self.client = self._open()

    def _open(self) -> Client:
        client = self._server.connect(proto=2)
        self.id = client.call("CLIENT", "ID")
        self.port = client.sock.getsockname()[1]
        if self._proto == 3:
            client.call("HELLO", 3)
        return client

    def again(self) -> None:
        self.client.close()
        self.lines.append("(a new connection)")
        self.monitors = False
        self.client = self._open()

    def until_end(self) -> None:
        """What came up to the answer to a PING."""
        self.client.send("PING", END)
        while True:
            text = render(self.client.read_reply())
            if text in (f'"{END}"', f'["pong", "{END}"]'):  # RESP3, RESP2
                return
            self.lines.append(text)


def play(server: Server, program: list[Step]) -> list[str]:
    with server.connect() as control:
        control.ok("FLUSHALL")
        # A key whose time is over goes when somebody meets it, on both at the same command.
        control.ok("DEBUG", "SET-ACTIVE-EXPIRE", "0")
    connections = [Connection(server, proto) for proto in PROTOS]
    redirected: set[int] = set()
    ports: dict[int, int] = {}
    for who, commands in program:
        for number, connection in enumerate(connections):
            ports[connection.port] = number
        for command in commands:
            if "REDIRECT" in command:
                redirected.add(int(command[command.index("REDIRECT") + 1][1:-1]))
        if ["CLOSE"] in commands:
            connections[who].again()
        else:
            _send(connections, connections[who], commands)
        # The sender first: until it is answered, others share a turn with it or not.
        for connection in sorted(connections, key=lambda c: c is not connections[who]):
            connection.until_end()
    lines = [
        line
        for number, connection in enumerate(connections)
        for line in _stream(number, connection.lines, number in redirected)
    ]
    for connection in connections:
        connection.client.close()
    with server.connect() as control:  # all are gone when the next program begins
        while len(control.call("CLIENT", "LIST").splitlines()) > 1:
            pass
    return [_comparable(line, ports) for line in lines]


def _send(connections: list[Connection], by: Connection, commands: list[list[str]]) -> None:
    words = [[_resolved(word, connections) for word in command] for command in commands]
    by.client.send_raw(b"".join(encode(*command) for command in words))
    if words == [["MONITOR"]] and by.monitors:
        return  # is not answered
    # When something has come, the turn with all that it sets off is over.
    first = render(by.client.read_reply())
    by.lines.append(first)
    if words == [["RESET"]]:
        by.monitors = False
    if words == [["MONITOR"]] and first == "+OK":
        by.monitors = True


def _resolved(word: str, connections: list[Connection]) -> str:
    return str(connections[int(word[1:-1])].id) if re.fullmatch("<[0-9]>", word) else word


def _is_message(line: str) -> bool:
    return line.startswith(">") or line.startswith('["message"')


def _stream(number: int, lines: list[str], apart: bool) -> list[str]:
    if apart:
        lines = sorted(lines, key=_is_message)
    return [f"{number}: {line}" for line in lines]


def _comparable(line: str, ports: dict[int, int]) -> str:
    """Without what each server has its own of."""
    shown = re.match(r"(\d: \+)\d+\.\d{6} \[(\d+) 127.0.0.1:(\d+)\](.*)", line, re.DOTALL)
    if shown:
        port = ports.get(int(shown.group(3)), "control")
        return f"{shown.group(1)}TIME [{shown.group(2)} {port}]{shown.group(4)}"
    line = re.sub(r'("version": )"[^"]*"', r"\1", line)
    line = re.sub(r'("version", )"[^"]*"', r"\1", line)
    return re.sub(r'("port"(?:: |, ))"\d+"', r"\1", line)


def _show(program: list[Step], ours: list[str], theirs: list[str]) -> None:
    print("\nDIFFERENCE")
    for who, commands in program:
        print(f"    {who}> " + " ; ".join(" ".join(map(repr, command)) for command in commands))
    for line in difflib.unified_diff(theirs, ours, "oracle", "tarn", lineterm="", n=4):
        print(f"    {line}")


if __name__ == "__main__":
    sys.exit(main())
