"""Channels, patterns and messages: who hears what, in which form, and what a listener may do."""

from __future__ import annotations

import socket

import pytest
from conftest import Connect, StartServer
from support.client import Client
from support.resp import Push, ReplyError, encode
from support.server import Server
from support.text import client_fields, client_lines, info_fields
from support.wait import wait_for

ONLY = "only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context"


def _read(c: Client, count: int) -> list[object]:
    return [c.read() for _ in range(count)]


# Listening


def test_subscribe_answers_for_each_channel(c: Client) -> None:
    c.send("SUBSCRIBE", "a", "b", "a")
    assert _read(c, 3) == [[b"subscribe", b"a", 1], [b"subscribe", b"b", 2], [b"subscribe", b"a", 2]]
    assert c.call("PSUBSCRIBE", "a*") == [b"psubscribe", b"a*", 3]
    assert c.call("SSUBSCRIBE", "a") == [b"ssubscribe", b"a", 1]
    assert c.call("UNSUBSCRIBE", "nope") == [b"unsubscribe", b"nope", 3]
    assert c.call("UNSUBSCRIBE", "a") == [b"unsubscribe", b"a", 2]
    assert c.call("PUNSUBSCRIBE", "a*") == [b"punsubscribe", b"a*", 1]
    assert c.call("SUNSUBSCRIBE", "a") == [b"sunsubscribe", b"a", 0]


def test_unsubscribe_from_all(c: Client) -> None:
    for kind in ("", "P", "S"):
        channels = [f"c{i}".encode() for i in range(20)]
        c.send(f"{kind}SUBSCRIBE", *channels)
        _read(c, 20)
        c.send(f"{kind}UNSUBSCRIBE")
        answers = _read(c, 20)
        word = f"{kind.lower()}unsubscribe".encode()
        assert [answer[2] for answer in answers] == list(range(19, -1, -1))
        assert sorted(answer[1] for answer in answers) == sorted(channels)
        assert {answer[0] for answer in answers} == {word}
        assert c.call(f"{kind}UNSUBSCRIBE") == [word, None, 0]
    assert c.call("GET", "a") is None


def test_answers_are_pushes_in_resp3(c3: Client) -> None:
    answer = c3.call("SUBSCRIBE", "a")
    assert isinstance(answer, Push) and answer == [b"subscribe", b"a", 1]
    assert c3.call("GET", "x") is None
    answer = c3.call("UNSUBSCRIBE")
    assert isinstance(answer, Push) and answer == [b"unsubscribe", b"a", 0]
    assert c3.raw("UNSUBSCRIBE") == b">3\r\n$11\r\nunsubscribe\r\n_\r\n:0\r\n"


# Messages


@pytest.mark.parametrize("proto", (2, 3))
def test_message_reaches_channel_and_patterns(c: Client, connect: Connect, proto: int) -> None:
    listener = connect(proto=proto)
    listener.call("SUBSCRIBE", "news")
    listener.call("PSUBSCRIBE", "n?ws")
    listener.call("PSUBSCRIBE", "*s")
    listener.call("PSUBSCRIBE", "x*")
    listener.call("SSUBSCRIBE", "news")
    assert c.call("PUBLISH", "news", "hello") == 3
    assert c.call("SPUBLISH", "news", "shard") == 1
    assert c.call("PUBLISH", "nobody", "x") == 0
    got = _read(listener, 4)
    assert got[0] == [b"message", b"news", b"hello"]
    assert sorted(got[1:3]) == [
        [b"pmessage", b"*s", b"news", b"hello"],
        [b"pmessage", b"n?ws", b"news", b"hello"],
    ]
    assert got[3] == [b"smessage", b"news", b"shard"]
    assert all(isinstance(one, Push) == (proto == 3) for one in got)


def test_bytes_of_a_message(c: Client, connect: Connect) -> None:
    two, three = connect(), connect(proto=3)
    for listener in (two, three):
        listener.call("SUBSCRIBE", b"a\r\nb")
    assert c.call("PUBLISH", b"a\r\nb", b"") == 2
    body = b"3\r\n$7\r\nmessage\r\n$4\r\na\r\nb\r\n$0\r\n\r\n"
    assert two.read_raw() == b"*" + body
    assert three.read_raw() == b">" + body


def test_messages_of_all_lengths_keep_their_order(c: Client, connect: Connect) -> None:
    """Around the lengths at which a message is shared in another way, and a block is full."""
    listeners = [connect(proto=proto) for proto in (2, 3, 2)]
    for listener in listeners:
        listener.call("SUBSCRIBE", "a", "b")
        listener.read()
    listeners[2].call("UNSUBSCRIBE", "b")  # hears every other message
    sizes = [*range(0, 40), *range(440, 520), 1000, 1023, 1024, 1025, 5000, 16383, 16384, 70000]
    sizes = [size for size in sizes for _ in range(3)]
    texts = [(b"%d." % i).ljust(size, b"x")[:size] for i, size in enumerate(sizes)]
    channels = [b"ab"[i % 2 : i % 2 + 1] for i in range(len(texts))]
    c.send_raw(b"".join(encode("PUBLISH", ch, text) for ch, text in zip(channels, texts)))
    assert _read(c, len(texts)) == [3 if ch == b"a" else 2 for ch in channels]
    for listener in listeners[:2]:
        for channel, text in zip(channels, texts):
            assert listener.read() == [b"message", channel, text]
    for text in texts[::2]:
        assert listeners[2].read() == [b"message", b"a", text]


def test_replies_and_messages_of_one_connection_keep_their_order(c3: Client) -> None:
    """One's own message comes before the reply to PUBLISH; what is asked behind it, later."""
    c3.call("SUBSCRIBE", "a")
    commands = []
    expected: list[object] = []
    for i in range(300):
        commands += [("PUBLISH", "a", f"m{i}"), ("ECHO", f"e{i}"), ("PUBLISH", "a", "x" * 600)]
        expected += [[b"message", b"a", b"m%d" % i], 1, b"e%d" % i]
        expected += [[b"message", b"a", b"x" * 600], 1]
    c3.send_raw(b"".join(encode(*command) for command in commands))
    assert _read(c3, len(expected)) == expected


def test_message_behind_a_long_reply(c3: Client) -> None:
    c3.call("SUBSCRIBE", "a")
    c3.ok("SET", "big", "v" * 100_000)
    c3.send_raw(encode("GET", "big") + encode("PUBLISH", "a", "m") + encode("GET", "big"))
    assert _read(c3, 4) == [b"v" * 100_000, [b"message", b"a", b"m"], 1, b"v" * 100_000]


def test_whoever_left_hears_nothing(c: Client, connect: Connect) -> None:
    stays, leaves = connect(), connect()
    for listener in (stays, leaves):
        listener.call("SUBSCRIBE", "a")
    assert c.call("PUBLISH", "a", "1") == 2
    leaves.close()
    wait_for("one listener", lambda: c.call("PUBSUB", "NUMSUB", "a") == [b"a", 1])
    assert c.call("PUBLISH", "a", "2") == 1
    assert _read(stays, 2) == [[b"message", b"a", b"1"], [b"message", b"a", b"2"]]
    stays.call("UNSUBSCRIBE", "a")
    assert c.call("PUBLISH", "a", "3") == 0


# What a listener of RESP2 may do


def test_listener_of_resp2_runs_little_else(c: Client) -> None:
    c.call("SUBSCRIBE", "a")
    assert c.err("GET", "x") == f"ERR Can't execute 'get': {ONLY}"
    assert c.err("CONFIG", "GET", "x") == f"ERR Can't execute 'config|get': {ONLY}"
    for command in (("HELLO", 3), ("MULTI",), ("AUTH", "a"), ("PUBLISH", "a", "b"), ("SELECT", 1)):
        assert ONLY in c.err(*command)
    assert c.err("NOSUCH").startswith("ERR unknown command")
    assert c.err("PING", "a", "b").startswith("ERR wrong number")
    assert c.call("PING") == [b"pong", b""]
    assert c.call("PING", "text") == [b"pong", b"text"]
    assert c.call("UNSUBSCRIBE") == [b"unsubscribe", b"a", 0]
    assert c.call("PING") == "PONG"
    assert c.call("GET", "x") is None


@pytest.mark.parametrize("kind", ("", "P", "S"))
def test_each_kind_of_subscription_restricts(c: Client, kind: str) -> None:
    c.call(f"{kind}SUBSCRIBE", "a")
    assert ONLY in c.err("GET", "x")
    c.call(f"{kind}UNSUBSCRIBE")
    assert c.call("GET", "x") is None


def test_reset_and_quit_are_allowed(c: Client, connect: Connect) -> None:
    c.call("SUBSCRIBE", "a")
    c.call("PSUBSCRIBE", "a*")
    assert c.call("RESET") == "RESET"
    assert c.call("GET", "x") is None
    assert c.call("PUBLISH", "a", "x") == 0
    other = connect()
    other.call("SUBSCRIBE", "a")
    assert other.call("QUIT") == "OK"
    assert other.read_to_end() == b""


def test_resp3_runs_everything_and_hello_2_restricts(c3: Client) -> None:
    c3.call("SUBSCRIBE", "a")
    assert c3.call("PING") == "PONG"
    assert c3.call("SET", "x", 1) == "OK"
    c3.ok("HELLO", 2)
    assert ONLY in c3.err("GET", "x")
    assert c3.call("PING") == [b"pong", b""]


# Transactions


def test_subscribing_within_exec(c: Client) -> None:
    for command in (("MULTI",), ("SUBSCRIBE", "a"), ("SET", "x", 1), ("PING",)):
        c.ok(*command)
    assert c.call("EXEC") == [[b"subscribe", b"a", 1], "OK", [b"pong", b""]]
    assert ONLY in c.err("GET", "x")


def test_shard_channels_are_not_subscribed_within_exec(c: Client) -> None:
    c.ok("MULTI")
    c.ok("SSUBSCRIBE", "a")
    c.ok("SUNSUBSCRIBE", "a")
    error = ReplyError("ERR SSUBSCRIBE isn't allowed for a DENY BLOCKING client")
    assert c.call("EXEC") == [error, [b"sunsubscribe", b"a", 0]]


def test_refused_command_breaks_the_transaction(c3: Client) -> None:
    c3.ok("MULTI")
    c3.ok("SUBSCRIBE", "a")
    assert c3.call("EXEC") == [[b"subscribe", b"a", 1]]
    c3.ok("MULTI")
    c3.ok("SET", "x", 1)
    assert c3.call("PUBLISH", "a", "m") == "QUEUED"
    c3.send("EXEC")
    # The message stands among the replies, as with the oracle.
    assert c3.read_raw() == (
        b"*2\r\n+OK\r\n>3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\nm\r\n"
    )
    assert c3.read() == 1


# CLIENT REPLY


@pytest.mark.parametrize("proto", (2, 3))
def test_messages_come_while_replies_are_off(c: Client, connect: Connect, proto: int) -> None:
    listener = connect(proto=proto)
    listener.send("CLIENT", "REPLY", "OFF")
    listener.send("SET", "x", 1)
    assert listener.call("SUBSCRIBE", "a") == [b"subscribe", b"a", 1]
    assert c.call("PUBLISH", "a", "m") == 1
    assert listener.read() == [b"message", b"a", b"m"]
    if proto == 3:
        listener.send("GET", "x")
        assert listener.call("CLIENT", "REPLY", "ON") == "OK"


# PUBSUB


def test_pubsub_lists_and_counts(c: Client, connect: Connect) -> None:
    assert c.call("PUBSUB", "CHANNELS") == []
    first, second = connect(), connect()
    first.send("SUBSCRIBE", "news", "sport", "\x00")
    _read(first, 3)
    second.call("SUBSCRIBE", "news")
    second.call("PSUBSCRIBE", "n*")
    first.call("PSUBSCRIBE", "n*")
    first.call("PSUBSCRIBE", "m*")
    first.call("SSUBSCRIBE", "s1")
    assert sorted(c.call("PUBSUB", "CHANNELS")) == [b"\x00", b"news", b"sport"]
    assert c.call("PUBSUB", "CHANNELS", "n*") == [b"news"]
    assert c.call("PUBSUB", "NUMSUB") == []
    assert c.call("PUBSUB", "NUMSUB", "news", "x", "sport") == [b"news", 2, b"x", 0, b"sport", 1]
    assert c.call("PUBSUB", "NUMPAT") == 2
    assert c.call("PUBSUB", "SHARDCHANNELS") == [b"s1"]
    assert c.call("PUBSUB", "SHARDCHANNELS", "x*") == []
    assert c.call("PUBSUB", "SHARDNUMSUB", "s1", "news") == [b"s1", 1, b"news", 0]
    assert c.err("PUBSUB", "CHANNELS", "a", "b") == (
        "ERR unknown subcommand or wrong number of arguments for 'CHANNELS'. Try PUBSUB HELP."
    )
    assert c.err("PUBSUB", "NOSUCH") == "ERR unknown subcommand 'NOSUCH'. Try PUBSUB HELP."
    assert c.call("PUBSUB", "HELP")[0].startswith("PUBSUB <subcommand>")


def test_info_and_client_list(c: Client, connect: Connect) -> None:
    listener = connect()
    listener.send("SUBSCRIBE", "a", "b")
    _read(listener, 2)
    listener.call("PSUBSCRIBE", "p*")
    listener.call("SSUBSCRIBE", "s")
    stats = info_fields(c.ok("INFO", "stats"))
    assert (stats["pubsub_channels"], stats["pubsub_patterns"]) == ("2", "1")
    assert stats["pubsubshard_channels"] == "1"
    (line,) = client_lines(c.ok("CLIENT", "LIST", "TYPE", "pubsub"))
    assert (line["flags"], line["sub"], line["psub"], line["ssub"]) == ("P", "2", "1", "1")
    assert client_fields(c.ok("CLIENT", "INFO"))["flags"] == "N"


@pytest.mark.beyond_oracle
def test_info_counts_listeners(c: Client, connect: Connect) -> None:
    for _ in range(2):
        connect().call("SUBSCRIBE", "a")
    assert info_fields(c.ok("INFO", "clients"))["pubsub_clients"] == "2"


# Ends


def test_killed_listeners_are_gone_at_once(c: Client, connect: Connect) -> None:
    listeners = [connect() for _ in range(3)]
    for listener in listeners:
        listener.call("SUBSCRIBE", "a")
    c.send_raw(encode("CLIENT", "KILL", "TYPE", "pubsub") + encode("PUBLISH", "a", "m"))
    assert _read(c, 2) == [3, 0]
    for listener in listeners:
        assert listener.read_to_end() == b""


def test_idle_listeners_are_not_closed(start_server: StartServer, connect: Connect) -> None:
    server = start_server({"timeout": 1})
    listener, idle, c = connect(server), connect(server), connect(server)
    listener.call("SUBSCRIBE", "a")
    idle.ok("PING")

    def idle_is_closed() -> bool:
        return c.call("PING") == "PONG" and idle.is_closed()

    wait_for("the idle client to be closed", idle_is_closed, poll_s=0.1)
    assert c.call("PUBLISH", "a", "m") == 1
    assert listener.read() == [b"message", b"a", b"m"]


# Limits


def _slow_listener(server: Server, channel: str) -> Client:
    """Its kernel buffer takes little, so that messages pile up in the server."""
    c = Client(server.address)
    c.close()
    c.sock = socket.socket()
    c.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    c.sock.settimeout(30)
    c.sock.connect(server.address)
    c.call("SUBSCRIBE", channel)
    return c


@pytest.mark.parametrize("size", (100, 20_000))
def test_listener_that_does_not_read_is_closed(
    start_server: StartServer, connect: Connect, size: int
) -> None:
    """The limit of class pubsub is its own; who reads stays."""
    limits = ("normal", 0, 0, 0, "pubsub", "1mb", 0, 0)
    server = start_server({"client-output-buffer-limit": limits})
    c, reader = connect(server), connect(server)
    reader.call("SUBSCRIBE", "a")
    slow = _slow_listener(server, "a")
    text = b"x" * size
    sent = 0
    while c.call("PUBSUB", "NUMSUB", "a") == [b"a", 2]:
        assert sent * size < 50_000_000, "nobody was closed"
        count = 1_000_000 // size // 4
        assert len(c.pipeline([("PUBLISH", "a", text)] * count)) == count
        for _ in range(count):
            assert reader.read() == [b"message", b"a", text]
        sent += count
    server.wait_for_log("overcoming of output buffer limits")
    assert len(slow.read_to_end()) < sent * (size + 100)
    slow.close()
    assert c.call("PUBLISH", "a", "still") == 1
    assert reader.read() == [b"message", b"a", b"still"]


def test_slow_listener_gets_everything_in_order(start_server: StartServer, connect: Connect) -> None:
    server = start_server({"client-output-buffer-limit": ("pubsub", 0, 0, 0)})
    c = connect(server)
    slow = _slow_listener(server, "a")
    texts = [b"%d " % i + b"x" * (i * 7 % 3000) for i in range(3000)]
    assert set(c.pipeline([("PUBLISH", "a", text) for text in texts])) == {1}
    for text in texts:
        assert slow.read() == [b"message", b"a", text]
    slow.close()


def test_message_to_ten_thousand_listeners(start_server: StartServer, connect: Connect) -> None:
    """And a big one is there once, however many wait for it."""
    server = start_server({"maxclients": 11_000})
    c = connect(server)
    listeners = [connect(server, proto=2 + i % 2) for i in range(10_000)]
    for listener in listeners:
        listener.send("SUBSCRIBE", "a")
    for listener in listeners:
        listener.read()
    big = b"x" * 20_000  # more, and the system runs out of memory for sockets
    before = int(info_fields(c.ok("INFO", "memory"))["used_memory"])
    c.send_raw(encode("PUBLISH", "a", "hello") + encode("PUBLISH", "a", big))
    c.send("INFO", "memory")
    assert _read(c, 2) == [10_000, 10_000]
    during = int(info_fields(c.read())["used_memory"])
    assert during - before < 60_000_000 or not _is_tarn(c)  # 10,000 copies would be 200 MB
    for listener in listeners:
        assert listener.read() == [b"message", b"a", b"hello"]
        assert listener.read() == [b"message", b"a", big]
    for listener in listeners[:9_000]:
        listener.close()
    wait_for("9,000 to be gone", lambda: c.call("PUBSUB", "NUMSUB", "a") == [b"a", 1_000])


def test_many_channels_of_one_listener(c: Client, connect: Connect) -> None:
    listener = connect()
    channels = [f"channel:{i}" for i in range(5_000)]
    listener.send("SUBSCRIBE", *channels)
    assert _read(listener, 5_000)[-1] == [b"subscribe", b"channel:4999", 5_000]
    mine = [l for l in client_lines(c.ok("CLIENT", "LIST")) if l["sub"] == "5000"]
    assert len(mine) == 1
    assert int(mine[0]["tot-mem"]) > 5_000 * 16 or not _is_tarn(c)
    listener.close()
    wait_for("no channels", lambda: c.call("PUBSUB", "CHANNELS") == [])


def _is_tarn(c: Client) -> bool:
    return b"tarn_version" in c.ok("INFO", "server")
