"""CLIENT TRACKING: who is told of which changed keys, how, and in which order."""

from __future__ import annotations

from typing import Callable

import pytest
from conftest import Connect, StartServer
from support.client import Client
from support.resp import Push
from support.server import Server
from support.wait import wait_for

Track = Callable[..., Client]


@pytest.fixture
def client(connect: Connect) -> Client:
    """Another connection, which changes keys."""
    return connect()


@pytest.fixture
def track(connect: Connect) -> Track:
    """A connection of RESP3 that tracks, with these options."""

    def make(*options: str | int) -> Client:
        client = connect(proto=3)
        client.ok("CLIENT", "TRACKING", "ON", *options)
        return client

    return make


def invalidate(*keys: str) -> list[object]:
    return [b"invalidate", [key.encode() for key in keys]]


def pushes(client: Client) -> list[object]:
    """What it was told up to now."""
    client.send("PING", "end")
    got = []
    while True:
        reply = client.read()
        if reply in (b"end", [b"pong", b"end"]):
            return got
        got.append(list(reply))


def stats(client: Client) -> dict[str, int]:
    lines = client.ok("INFO", "everything")
    text = (lines if isinstance(lines, bytes) else lines.data).decode()
    return {k: int(v) for k, v in (x.split(":") for x in text.split() if x.startswith("tracking_"))}


# What is told


def test_a_key_that_was_read_is_told_once(track: Track, client: Client) -> None:
    reader = track()
    reader.ok("GET", "k")
    client.ok("SET", "k", "1")
    client.ok("SET", "k", "2")
    client.ok("SET", "other", "2")
    assert pushes(reader) == [invalidate("k")]
    reader.ok("GET", "k")
    client.ok("DEL", "k")
    assert pushes(reader) == [invalidate("k")]


def test_own_changes_are_told_behind_the_reply(track: Track) -> None:
    reader = track()
    reader.ok("MGET", "a", "b", "c")
    assert reader.ok("MSET", "a", "1", "b", "2", "c", "3") == "OK"
    assert pushes(reader) == [invalidate("a"), invalidate("b"), invalidate("c")]


def test_keys_of_a_transaction_are_told_behind_it(track: Track) -> None:
    reader = track()
    reader.send_raw(b"MULTI\r\nGET k\r\nINCR k\r\nFLUSHALL\r\nSET k 1\r\nEXEC\r\n")
    got = [reader.read() for _ in range(6)]
    assert got[-1] == [None, 1, "OK", "OK"]
    assert pushes(reader) == [invalidate("k"), [b"invalidate", None]]


def test_what_a_failed_command_has_read_counts(track: Track, client: Client) -> None:
    reader = track()
    reader.err("LCS", "a", "b", "LEN", "IDX")
    client.ok("SET", "a", "1")
    assert pushes(reader) == [invalidate("a")]


def test_a_flush_is_told_to_all_who_track(track: Track, client: Client) -> None:
    readers = [track(), track("BCAST", "PREFIX", "x"), track("NOLOOP")]
    for verb in ("FLUSHALL", "FLUSHDB"):
        client.ok(verb)
        for reader in readers:
            assert pushes(reader) == [[b"invalidate", None]]
    client.ok("SWAPDB", "0", "1")
    assert [pushes(reader) for reader in readers] == [[], [], []]


def test_databases_make_no_difference(track: Track, client: Client) -> None:
    reader = track()
    reader.ok("GET", "k")
    client.ok("SELECT", "5")
    client.ok("SET", "k", "1")
    assert pushes(reader) == [invalidate("k")]


def test_an_expired_key_is_told(track: Track, client: Client) -> None:
    reader = track()
    client.ok("SET", "k", "1", "PX", "20")
    reader.ok("GET", "k")
    assert list(reader.read()) == invalidate("k")  # nobody has to ask for it


def test_turned_off_nothing_is_told(track: Track, client: Client) -> None:
    reader = track()
    reader.ok("GET", "k")
    reader.ok("CLIENT", "TRACKING", "OFF")
    client.ok("SET", "k", "1")
    assert pushes(reader) == []


def test_reset_ends_tracking(track: Track, client: Client) -> None:
    reader = track("BCAST")
    reader.ok("RESET")
    reader.ok("HELLO", "3")
    assert reader.ok("CLIENT", "TRACKINGINFO")[b"flags"] == [b"off"]
    client.ok("SET", "k", "1")
    assert pushes(reader) == []
    assert stats(client)["tracking_total_prefixes"] == 0


def test_pushes_come_while_replies_are_off(track: Track, client: Client) -> None:
    reader = track()
    reader.send("CLIENT", "REPLY", "OFF")
    reader.send("GET", "k")
    reader.send("CLIENT", "REPLY", "ON")
    assert reader.read() == "OK"
    client.ok("SET", "k", "1")
    assert pushes(reader) == [invalidate("k")]


# Options


def test_noloop_tells_only_what_others_change(track: Track, client: Client) -> None:
    for options in (["NOLOOP"], ["NOLOOP", "BCAST"]):
        reader = track(*options)
        reader.ok("GET", "k")
        reader.ok("SET", "k", "1")
        assert pushes(reader) == []
        reader.ok("GET", "k")
        client.ok("SET", "k", "1")
        assert pushes(reader) == [invalidate("k")]
        reader.ok("FLUSHALL")
        assert pushes(reader) == [[b"invalidate", None]]


def test_optin_and_optout(track: Track, client: Client) -> None:
    chooses, declines = track("OPTIN"), track("OPTOUT")
    for reader, word in ((chooses, "YES"), (declines, "NO")):
        reader.ok("GET", "a")
        reader.ok("CLIENT", "CACHING", word)
        reader.ok("GET", "b")
        reader.ok("GET", "c")
    client.ok("MSET", "a", "1", "b", "1", "c", "1")
    assert pushes(chooses) == [invalidate("b")]
    assert pushes(declines) == [invalidate("a"), invalidate("c")]


def test_caching_is_for_a_whole_transaction(track: Track, client: Client) -> None:
    reader = track("OPTIN")
    reader.send_raw(
        b"CLIENT CACHING YES\r\nMULTI\r\nGET a\r\nGET b\r\nEXEC\r\nGET c\r\n"
        b"CLIENT CACHING YES\r\nCLIENT ID\r\nGET d\r\nCLIENT CACHING YES\r\nNOSUCH\r\nGET e\r\n"
    )
    for _ in range(12):
        reader.read()
    client.ok("MSET", *(word for key in "abcde" for word in (key, "1")))
    assert pushes(reader) == [invalidate("a"), invalidate("b"), invalidate("d")]


def test_broadcast_tells_a_turn_at_once(track: Track, client: Client) -> None:
    reader = track("BCAST", "PREFIX", "user:", "PREFIX", "a")
    reader.ok("GET", "other")
    client.ok("MSET", "user:2", "1", "other", "1", "user:10", "1", "abc", "1", "user:2", "2")
    assert pushes(reader) == [invalidate("abc"), invalidate("user:10", "user:2")]


def test_broadcast_of_many_keys_reaches_everybody(track: Track, connect: Connect) -> None:
    readers = [track("BCAST"), track("BCAST"), track("BCAST", "NOLOOP")]
    writer = readers[2]
    keys = sorted(f"key:{i:05}" for i in range(2000))
    writer.ok("MSET", *(word for key in keys for word in (key, "x")))
    assert pushes(readers[0]) == pushes(readers[1]) == [invalidate(*keys)]
    assert pushes(writer) == []


def test_prefixes_of_a_client_must_not_overlap(track: Track) -> None:
    reader = track("BCAST", "PREFIX", "foo", "PREFIX", "bar")
    behind = "Prefixes for a single client must not overlap."
    err = reader.err("CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", "foobar")
    assert err == f"ERR Prefix 'foobar' overlaps with an existing prefix 'foo'. {behind}"
    err = reader.err("CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", "x", "PREFIX", "xy")
    assert err == f"ERR Prefix 'x' overlaps with another provided prefix 'xy'. {behind}"
    assert reader.ok("CLIENT", "TRACKINGINFO")[b"prefixes"] == [b"bar", b"foo"]


_SWITCH = (
    " before disabling tracking for this client, and then re-enabling it with a different mode."
)


@pytest.mark.parametrize(
    ("before", "options", "error"),
    [
        ([], ["REDIRECT"], "ERR syntax error"),
        ([], ["REDIRECT", "x"], "ERR value is not an integer or out of range"),
        ([], ["REDIRECT", "9999"], "ERR The client ID you want redirect to does not exist"),
        ([], ["REDIRECT", "0"], "ERR The client ID you want redirect to does not exist"),
        ([], ["PREFIX", "a"], "ERR PREFIX option requires BCAST mode to be enabled"),
        ([], ["BCAST", "OPTIN"], "ERR OPTIN and OPTOUT are not compatible with BCAST"),
        ([], ["OPTIN", "OPTOUT"], "ERR You can't specify both OPTIN mode and OPTOUT mode"),
        ([], ["WHAT"], "ERR syntax error"),
        (["BCAST"], [], "ERR You can't switch BCAST mode on/off" + _SWITCH),
        (["OPTIN"], ["OPTOUT"], "ERR You can't switch OPTIN/OPTOUT mode" + _SWITCH),
    ],
)
def test_contradictions(
    connect: Connect, before: list[str], options: list[str], error: str
) -> None:
    client = connect()
    if before:
        client.ok("CLIENT", "TRACKING", "ON", *before)
    assert client.err("CLIENT", "TRACKING", "ON", *options) == error


# Redirection


def test_redirected_to_a_subscriber_of_resp2(connect: Connect, client: Client) -> None:
    reader, receiver = connect(), connect()
    to = receiver.ok("CLIENT", "ID")
    reader.ok("CLIENT", "TRACKING", "ON", "REDIRECT", to)
    assert reader.ok("CLIENT", "GETREDIR") == to
    reader.ok("GET", "k")
    client.ok("SET", "k", "1")  # nobody listens yet: it is lost
    receiver.ok("SUBSCRIBE", "__redis__:invalidate")
    assert pushes(receiver) == []
    reader.ok("GET", "k")
    client.ok("SET", "k", "2")
    assert pushes(receiver) == [[b"message", b"__redis__:invalidate", [b"k"]]]
    client.ok("FLUSHALL")
    assert pushes(receiver) == [[b"message", b"__redis__:invalidate", None]]


def test_redirected_to_resp3(connect: Connect, client: Client) -> None:
    reader, receiver = connect(), connect(proto=3)
    reader.ok("CLIENT", "TRACKING", "ON", "BCAST", "REDIRECT", receiver.ok("CLIENT", "ID"))
    client.ok("MSET", "a", "1", "b", "1")
    assert pushes(receiver) == [invalidate("a", "b")]


@pytest.mark.beyond_oracle
def test_redirected_to_the_writer_it_comes_behind_the_reply(track: Track, connect: Connect) -> None:
    writer = connect(proto=3)
    reader = track("REDIRECT", writer.ok("CLIENT", "ID"))
    reader.ok("MGET", "a", "b")
    assert writer.ok("MSET", "a", "1", "b", "2") == "OK"
    assert pushes(writer) == [invalidate("a"), invalidate("b")]
    reader.ok("GET", "a")
    writer.send_raw(b"MULTI\r\nSET a 1\r\nGET a\r\nEXEC\r\n")
    assert [writer.read() for _ in range(4)][3] == ["OK", b"1"]
    assert pushes(writer) == [invalidate("a")]


def test_a_broken_redirection_is_told(connect: Connect, client: Client) -> None:
    receiver = connect(proto=3)
    gone = receiver.ok("CLIENT", "ID")
    reader = connect(proto=3)
    reader.ok("CLIENT", "TRACKING", "ON", "REDIRECT", gone)
    reader.ok("GET", "k")
    assert reader.ok("CLIENT", "TRACKINGINFO")[b"flags"] == [b"on"]
    receiver.close()
    wait_for("the end of the receiver", lambda: client.call("CLIENT", "LIST", "ID", gone) == b"")
    client.ok("SET", "k", "1")
    assert pushes(reader) == [[b"tracking-redir-broken", gone]]
    assert reader.ok("CLIENT", "TRACKINGINFO")[b"flags"] == [b"on", b"broken_redirect"]
    listed = reader.ok("CLIENT", "INFO").data.decode()
    assert " flags=tR " in listed and f" redir={gone} " in listed
    reader.ok("CLIENT", "TRACKING", "ON")
    assert reader.ok("CLIENT", "TRACKINGINFO")[b"flags"] == [b"on"]


# What is shown, and limits


def test_list_and_info_show_who_tracks(track: Track, client: Client) -> None:
    before = stats(client)
    reader, broad = track("NOLOOP"), track("BCAST", "PREFIX", "a", "PREFIX", "b")
    reader.ok("MGET", "a", "b", "c")
    now = stats(client)
    assert now["tracking_clients"] == before["tracking_clients"] + 2
    assert now["tracking_total_keys"] == 3
    assert now["tracking_total_items"] == 3
    assert now["tracking_total_prefixes"] == 2
    assert " flags=t " in reader.ok("CLIENT", "INFO").data.decode()
    assert " flags=tB " in broad.ok("CLIENT", "INFO").data.decode()
    assert " redir=-1 " in client.ok("CLIENT", "INFO").decode()


def test_the_table_is_bounded(start_server: StartServer) -> None:
    server = start_server({"tracking-table-max-keys": 10})
    reader, client = server.connect(proto=3), server.connect()
    reader.ok("CLIENT", "TRACKING", "ON")
    reader.ok("MGET", *(f"k{i}" for i in range(50)))

    def told() -> bool:
        gone.extend(pushes(reader))
        return stats(client)["tracking_total_keys"] == 10

    gone: list[object] = []
    wait_for("as few keys as the limit says", told)
    gone.extend(pushes(reader))
    assert len(gone) == 40
    left = {f"k{i}" for i in range(50)} - {push[1][0].decode() for push in gone}  # type: ignore[index]
    assert len(left) == 10
    client.ok("MSET", *(word for i in range(50) for word in (f"k{i}", "1")))
    assert {push[1][0].decode() for push in pushes(reader)} == left  # type: ignore[index]
    client.ok("CONFIG", "SET", "tracking-table-max-keys", "0")
    reader.ok("MGET", *(f"k{i}" for i in range(50)))
    assert stats(client)["tracking_total_keys"] == 50
    reader.close()
    client.close()


def test_many_readers_of_one_key(server: Server, client: Client) -> None:
    readers = [server.connect(proto=3) for _ in range(100)]
    try:
        for reader in readers:
            reader.ok("CLIENT", "TRACKING", "ON")
            reader.ok("GET", "k")
        readers[50].close()
        client.ok("SET", "k", "1")
        for reader in readers[:50] + readers[51:]:
            assert list(reader.read()) == invalidate("k")
    finally:
        for reader in readers:
            reader.close()


def test_a_long_key_is_told_whole(track: Track, client: Client) -> None:
    readers = [track(), track(), track("BCAST")]
    key = "k" * 100_000
    for reader in readers:
        reader.ok("GET", key)
    client.ok("SET", key, "1")
    for reader in readers:
        assert pushes(reader) == [invalidate(key)]


def test_a_tracker_is_a_push(track: Track, client: Client) -> None:
    reader = track()
    reader.ok("GET", "k")
    client.ok("SET", "k", "1")
    assert isinstance(reader.read(), Push)
