"""DEBUG: its subcommands, their refusals, and what they change. Ways to crash are in test_crash.py;
SLEEP, OBJECT and DIGEST in test_server_verbs.py; PROTOCOL in test_replies.py."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest
from conftest import Connect, StartServer, Subject
from support.client import Client
from support.server import Server
from support.text import info_fields
from support.wait import wait_for

NOT_POSITIVE = "ERR value is out of range, must be positive"
NOT_INT = "ERR value is not an integer or out of range"
PLAIN_BYTES = "ERR argument must be a memory value bigger than 1 and smaller than 4gb"


def unknown(name: str) -> str:
    return f"ERR unknown subcommand or wrong number of arguments for '{name}'. Try DEBUG HELP."


# What is refused


@pytest.mark.parametrize(
    "args",
    [
        ("AOF-FLUSH-SLEEP",),
        ("CLIENT-EVICTION", "x"),
        ("CONFIG-REWRITE-FORCE-ALL", "x"),
        ("DIGEST", "x"),
        ("ERROR",),
        ("ERROR", "a", "b"),
        ("HELP", "x"),
        ("HTSTATS",),
        ("HTSTATS", "0", "x"),
        ("HTSTATS-KEY",),
        ("LEAK",),
        ("LISTPACK",),
        ("LOG",),
        ("LOG", "a", "b"),
        ("MALLCTL",),
        ("MALLCTL-STR",),
        ("OBJECT",),
        ("OBJECT", "a", "b"),
        ("PAUSE-CRON",),
        ("POPULATE",),
        ("POPULATE", "1", "a", "1", "1"),
        ("PROTOCOL",),
        ("QUICKLIST",),
        ("QUICKLIST", "a", "1", "2"),
        ("REPLYBUFFER",),
        ("REPLYBUFFER", "RESIZING"),
        ("REPLYBUFFER", "RESIZING", "1", "2"),
        ("REPLYBUFFER", "OTHER", "1"),
        ("SET-ACTIVE-EXPIRE",),
        ("SET-DISABLE-DENY-SCRIPTS",),
        ("SET-SKIP-CHECKSUM-VALIDATION",),
        ("SLEEP",),
        ("SLEEP", "0", "0"),
        ("STRUCTSIZE", "x"),
        ("sTrange",),
    ],
)
def test_unknown_forms(c: Client, args: tuple[str, ...]) -> None:
    assert c.err("DEBUG", *args) == unknown(args[0])


@pytest.mark.parametrize(
    ("args", "error"),
    [
        (("HTSTATS", "x"), NOT_INT),
        (("HTSTATS", "-1"), "ERR Out of range database"),
        (("HTSTATS", "16"), "ERR Out of range database"),
        (("HTSTATS-KEY", "a"), "ERR no such key"),
        (("LISTPACK", "a"), "ERR no such key"),
        (("QUICKLIST", "a"), "ERR no such key"),
        (("OBJECT", "a"), "ERR no such key"),
        (("POPULATE", "x"), NOT_POSITIVE),
        (("POPULATE", "-1"), NOT_POSITIVE),
        (("POPULATE", "9223372036854775808"), NOT_POSITIVE),
        (("POPULATE", "1", "a", "x"), NOT_POSITIVE),
        (("POPULATE", "1", "a", "-1"), NOT_POSITIVE),
        (("RESTART", "x"), NOT_INT),
        (("CRASH-AND-RECOVER", "x"), NOT_INT),
        (("REPLYBUFFER", "PEAK-RESET-TIME", "x"), NOT_INT),
        (("CLIENT-EVICTION",), "ERR maxmemory-clients is disabled."),
        (("MALLCTL", "arenas.page", "x"), NOT_INT),
        (("ERROR", "ODD an error"), "ODD an error"),
        (("CONFIG-REWRITE-FORCE-ALL",), "ERR CONFIG-REWRITE-FORCE-ALL failed: Bad address"),
        (("QUICKLIST-PACKED-THRESHOLD", "4gb"), PLAIN_BYTES),
        (("QUICKLIST-PACKED-THRESHOLD", "x"), PLAIN_BYTES),
        (("QUICKLIST-PACKED-THRESHOLD", "-1"), PLAIN_BYTES),
    ],
)
def test_errors(c: Client, args: tuple[str, ...], error: str) -> None:
    assert c.err("DEBUG", *args) == error


def test_values_of_other_encodings(c: Client) -> None:
    c.ok("SET", "a", "text")
    assert c.err("DEBUG", "LISTPACK", "a") == "ERR Not a listpack encoded object."
    assert c.err("DEBUG", "QUICKLIST", "a") == "ERR Not a quicklist encoded object."
    assert c.err("DEBUG", "QUICKLIST", "a", "1") == "ERR Not a quicklist encoded object."
    assert c.err("DEBUG", "HTSTATS-KEY", "a") == (
        "ERR The value stored at the specified key is not represented using an hash table"
    )


def _ql(c: Client, key: str) -> str:
    shown: str = c.ok("DEBUG", "OBJECT", key)
    return " ".join(word for word in shown.split() if word.startswith("ql_"))


def test_how_a_list_is_kept(c: Client) -> None:
    c.ok("CONFIG", "SET", "list-max-listpack-size", 3, "list-compress-depth", 1)
    c.ok("RPUSH", "few", "a", 1)
    assert _ql(c, "few") == (
        "ql_nodes:1 ql_avg_node:2.00 ql_listpack_max:3 ql_compressed:1 ql_uncompressed_size:12"
    )
    c.ok("RPUSH", "many", *(f"value:{i}" for i in range(10)))
    assert _ql(c, "many") == (
        "ql_nodes:4 ql_avg_node:2.50 ql_listpack_max:3 ql_compressed:1 ql_uncompressed_size:118"
    )
    c.ok("CONFIG", "SET", "list-max-listpack-size", -2, "list-compress-depth", 0)


@pytest.mark.beyond_oracle  # whose listing has other words
def test_listings(c: Client, server: Server) -> None:
    c.ok("RPUSH", "l", "head", 17)
    c.ok("HSET", "h", "name", "ann")
    c.ok("SADD", "s", "member")
    c.ok("ZADD", "z", 1.5, "rated")
    for key in ("l", "h", "s", "z"):
        assert c.call("DEBUG", "LISTPACK", key) == "Listpack structure printed on stdout"
    c.ok("DEBUG", "QUICKLIST-PACKED-THRESHOLD", "10")
    c.ok("CONFIG", "SET", "list-max-listpack-size", 2, "list-compress-depth", 1)
    c.ok("RPUSH", "q", "a", "b", "x" * 9, "y" * 10, "z" * 100, "c", "d")
    c.ok("DEBUG", "QUICKLIST-PACKED-THRESHOLD", "0")
    c.ok("CONFIG", "SET", "list-max-listpack-size", -2, "list-compress-depth", 0)
    assert c.call("DEBUG", "QUICKLIST", "q") == "Quicklist structure printed on stdout"
    assert c.call("DEBUG", "QUICKLIST", "q", 1) == "Quicklist structure printed on stdout"
    packs = (
        "list of 7 values in 5 packs\n"
        "pack 0: listpack of 13 bytes, 2 values\n%s"
        "pack 1: listpack of 18 bytes, 1 values\n%s"
        "pack 2: a value alone, of 10 bytes\n"
        "pack 3: a value alone, of 100 bytes\n"
        "pack 4: listpack of 13 bytes, 2 values\n%s"
    )
    values = tuple(
        "".join(f"  {i}, offset {at}: text of {len(text)} bytes: {text}\n" for i, at, text in pack)
        for pack in (((0, 6, "a"), (1, 9, "b")), ((0, 6, "x" * 9),), ((0, 6, "c"), (1, 9, "d")))
    )
    wanted = (
        "  0, offset 6: text of 4 bytes: head\n  1, offset 12: number: 17\n",
        "  1, offset 12: text of 3 bytes: ann\n",
        "  0, offset 6: text of 6 bytes: member\n",
        "  1, offset 13: text of 3 bytes: 1.5\n",
        packs % ("", "", ""),
        packs % values,
    )
    wait_for("the listings", lambda: all(text in server.log + "\n" for text in wanted))
    assert c.call("LRANGE", "q", 3, 4) == [b"y" * 10, b"z" * 100]


@pytest.mark.beyond_oracle
@pytest.mark.parametrize(
    "args",
    [
        ("REPLICATE", "x"),
        ("CHANGE-REPL-ID",),
        ("DROP-CLUSTER-PACKET-FILTER", "1"),
    ],
)
def test_what_belongs_to_parts_that_are_not_there_is_unknown(
    c: Client, args: tuple[str, ...]
) -> None:
    assert c.err("DEBUG", *args) == unknown(args[0])


# What is taken


@pytest.mark.parametrize(
    "args",
    [
        ("AOF-FLUSH-SLEEP", "0"),
        ("PAUSE-CRON", "0"),
        ("pause-cron", "no number"),
        ("REPLYBUFFER", "RESIZING", "0"),
        ("REPLYBUFFER", "RESIZING", "1"),
        ("REPLYBUFFER", "PEAK-RESET-TIME", "NEVER"),
        ("REPLYBUFFER", "PEAK-RESET-TIME", "100"),
        ("REPLYBUFFER", "PEAK-RESET-TIME", "reset"),
        ("SET-ACTIVE-EXPIRE", "7"),
        ("SET-DISABLE-DENY-SCRIPTS", "1"),
        ("SET-DISABLE-DENY-SCRIPTS", "0"),
        ("SET-SKIP-CHECKSUM-VALIDATION", "1"),
        ("SET-SKIP-CHECKSUM-VALIDATION", "0"),
        ("SLEEP", "no number"),
        ("POPULATE", "0"),
        ("QUICKLIST-PACKED-THRESHOLD", "1"),
        ("QUICKLIST-PACKED-THRESHOLD", "0"),
    ],
)
def test_accepted_forms(c: Client, args: tuple[str, ...]) -> None:
    assert c.call("DEBUG", *args) == "OK"


@pytest.mark.beyond_oracle
def test_newer_forms(c: Client) -> None:
    c.ok("SET", "k", "12345")
    assert c.call("DEBUG", "DICT-RESIZING", 1) == "OK"
    assert c.call("DEBUG", "CLIENT-ENFORCE-REPLY-LIST", 1) == "OK"
    assert c.call("DEBUG", "CLIENT-ENFORCE-REPLY-LIST", 0) == "OK"
    assert c.err("DEBUG", "ZIPLIST", "k") == "ERR Not a listpack encoded object."
    assert c.call("DEBUG", "STRINGMATCH-LEN", "a*c", "abbbc") == 1
    assert c.call("DEBUG", "STRINGMATCH-LEN", "a*c", "abbb") == 0
    assert b"[Dictionary HT]" in c.ok("DEBUG", "HTSTATS", 0, "full")
    fast = c.ok("DEBUG", "OBJECT", "k", "fast")
    assert "encoding:int" in fast and "serializedlength" not in fast


@pytest.mark.beyond_oracle
def test_htstats_of_a_key(c: Client) -> None:
    c.ok("HSET", "h", *(word for i in range(600) for word in (f"f{i}", "v")))
    c.ok("SADD", "s", *(f"m{i}" for i in range(600)))
    c.ok("ZADD", "z", *(word for i in range(600) for word in (i, f"m{i}")))
    for key in ("h", "s", "z"):
        assert b" number of elements: 600" in c.ok("DEBUG", "HTSTATS-KEY", key)
    c.ok("HSET", "small", "a", "1")
    assert "not represented using an hash table" in c.err("DEBUG", "HTSTATS-KEY", "small")


def test_structsize(c: Client) -> None:
    assert re.fullmatch(rb"bits:64( \w+:\d+)+ ?", c.ok("DEBUG", "STRUCTSIZE"))


def test_help(c: Client) -> None:
    lines = c.ok("DEBUG", "HELP")
    assert lines[0] == "DEBUG <subcommand> [<arg> [value] [opt] ...]. Subcommands are:"
    assert lines[-2:] == ["HELP", "    Print this help."] or lines[-2:] == [
        "HELP",
        "    Prints this help.",
    ]
    for verb in ("ASSERT", "DIGEST", "PAUSE-CRON <0|1>", "SEGFAULT", "SLEEP <seconds>"):
        assert verb in lines


def test_populated_values(c: Client) -> None:
    assert c.call("DEBUG", "POPULATE", 3) == "OK"
    assert sorted(c.ok("KEYS", "*")) == [b"key:0", b"key:1", b"key:2"]
    c.ok("DEBUG", "POPULATE", 2, "p")
    assert c.call("GET", "p:1") == b"value:1"
    c.ok("DEBUG", "POPULATE", 1, "cut", 3)
    assert c.call("GET", "cut:0") == b"val"
    c.ok("DEBUG", "POPULATE", 1, "filled", 9)
    assert c.call("GET", "filled:0") == b"value:0\x00\x00"


# The allocator


@pytest.fixture
def allocator(subject: Subject) -> None:
    if subject.sanitized:
        pytest.skip("the sanitizer's allocator has no knobs")


def test_knobs_of_the_allocator(c: Client, allocator: None) -> None:
    assert c.call("DEBUG", "MALLCTL", "arenas.page") == 4096
    assert c.call("DEBUG", "MALLCTL", "arenas.dirty_decay_ms") == 10000
    assert c.call("DEBUG", "MALLCTL", "arenas.dirty_decay_ms", 5000) == 10000
    assert c.call("DEBUG", "MALLCTL", "arenas.dirty_decay_ms", 10000) == 5000
    assert c.call("DEBUG", "MALLCTL", "background_thread", 1) == 1
    assert re.match(rb"\d+\.\d+\.\d+", c.ok("DEBUG", "MALLCTL-STR", "version"))
    before = c.ok("DEBUG", "MALLCTL-STR", "arena.0.dss")
    assert c.call("DEBUG", "MALLCTL-STR", "arena.0.dss", "disabled") == before
    assert c.call("DEBUG", "MALLCTL-STR", "arena.0.dss", before) == b"disabled"


def test_wrong_knobs(c: Client, allocator: None) -> None:
    for verb in ("MALLCTL", "MALLCTL-STR"):
        assert c.err("DEBUG", verb, "nosuch") == "ERR No such file or directory"
    assert c.err("DEBUG", "MALLCTL", "background_thread") == "ERR Invalid argument"
    assert c.err("DEBUG", "MALLCTL", "stats.allocated", 5) == "ERR Operation not permitted"


def test_a_leak_is_not_given_back(subject: Subject) -> None:
    server = subject.new()
    try:
        with server.start().connect() as c:
            used = int(info_fields(c.ok("INFO", "memory"))["used_memory"])
            for _ in range(10):
                c.ok("DEBUG", "LEAK", "x" * 100_000)
            now = int(info_fields(c.ok("INFO", "memory"))["used_memory"])
            assert now - used >= 1_000_000
    finally:
        server.cleanup()


# Switches


def test_nothing_is_done_periodically_while_cron_pauses(
    start_server: StartServer, connect: Connect
) -> None:
    """Idle clients are closed once in a while, so one is not while that is off."""
    server = start_server({"timeout": 1})
    idle, busy = connect(server), connect(server)
    name = f"id={idle.ok('CLIENT', 'ID')} ".encode()
    busy.ok("DEBUG", "PAUSE-CRON", 1)
    for _ in range(6):
        busy.ok("DEBUG", "SLEEP", "0.4")
        assert name in busy.ok("CLIENT", "LIST")
    busy.ok("DEBUG", "PAUSE-CRON", 0)
    wait_for("the end of the idle client", lambda: name not in busy.ok("CLIENT", "LIST"))


def fill(c: Client) -> float:
    numbers = re.search(rb"avg chain length \(counted\): ([\d.]+)", c.ok("DEBUG", "HTSTATS", 0))
    assert numbers is not None
    return float(numbers.group(1))


@pytest.mark.beyond_oracle
def test_buckets_are_not_split_while_resizing_is_off(c: Client) -> None:
    c.ok("DEBUG", "DICT-RESIZING", 0)
    for start in range(0, 20_000, 1000):
        c.ok("MSET", *(word for i in range(start, start + 1000) for word in (f"k{i}", "x")))
    assert fill(c) > 7.5
    c.ok("DEBUG", "DICT-RESIZING", 1)

    def caught_up() -> bool:
        c.ok("SET", "one", "more")
        return fill(c) < 7

    wait_for("the splits that were put off", caught_up)


def test_active_expiry_is_switched_off(c: Client) -> None:
    c.ok("DEBUG", "SET-ACTIVE-EXPIRE", 0)
    c.ok("SET", "a", 1, "PX", 1)
    c.ok("DEBUG", "SLEEP", "0.3")
    c.ok("DEBUG", "SLEEP", "0.3")
    assert c.call("DBSIZE") == 1
    c.ok("DEBUG", "SET-ACTIVE-EXPIRE", 1)
    wait_for("the expiry", lambda: c.call("DBSIZE") == 0)


# Starting anew


def identity(server: Server) -> tuple[str, str]:
    with server.connect() as c:
        fields = info_fields(c.ok("INFO", "server"))
    return fields["process_id"], fields["run_id"]


def is_another(server: Server, before: tuple[str, str]) -> bool:
    try:
        pid, run = identity(server)
    except (OSError, EOFError):
        return False
    return pid == before[0] and run != before[1]


@pytest.mark.parametrize(
    "args",
    [
        ("RESTART",),
        ("RESTART", "50"),
        ("RESTART", "-5"),
        ("CRASH-AND-RECOVER",),
        ("CRASH-AND-RECOVER", "50"),
    ],
)
def test_the_server_starts_anew(start_server: StartServer, args: tuple[str, ...]) -> None:
    server = start_server()
    before = identity(server)
    assert before[0] == str(server.pid)
    with server.connect() as c:
        c.send("DEBUG", *args)
        assert c.read_to_end() == b""
    wait_for("the new server", lambda: is_another(server, before))
    ended_in_order = "bye bye" in server.log
    assert ended_in_order == (args[0] == "RESTART")


@pytest.fixture
def with_file(subject: Subject, tmp_path: Path) -> Any:
    path = tmp_path / "server.conf"
    path.write_text("# mine\nmaxclients 100\n")
    server = subject.new(args=[str(path)])
    yield server.start(), path
    server.cleanup()


def test_a_restart_writes_the_configuration(with_file: tuple[Server, Path]) -> None:
    server, path = with_file
    before = identity(server)
    with server.connect() as c:
        c.ok("CONFIG", "SET", "maxclients", 77)
        c.send("DEBUG", "RESTART")
        c.read_to_end()
    wait_for("the new server", lambda: is_another(server, before))
    with server.connect() as c:
        assert c.ok("CONFIG", "GET", "maxclients")[1] == b"77"
    assert path.read_text().startswith("# mine\nmaxclients 77\n")


@pytest.mark.skipif(os.getuid() == 0, reason="root may write everywhere")
def test_a_restart_that_cannot_write_does_not_happen(with_file: tuple[Server, Path]) -> None:
    server, path = with_file
    path.parent.chmod(0o500)
    with server.connect() as c:
        error = "ERR failed to restart the server. Check server logs."
        assert c.err("DEBUG", "RESTART") == error
        assert c.call("PING") == "PONG"


def test_every_directive_is_written(with_file: tuple[Server, Path]) -> None:
    server, path = with_file
    with server.connect() as c:
        assert c.call("DEBUG", "CONFIG-REWRITE-FORCE-ALL") == "OK"
    text = path.read_text()
    assert text.startswith("# mine\nmaxclients 100\n")
    for name in ("timeout", "hz", "maxmemory-policy", "lazyfree-lazy-expire"):
        assert re.search(rf"^{name} ", text, re.M)
