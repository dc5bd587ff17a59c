"""The append-only file: what is written, when, and how it is rewritten. What is on the disk after a power loss,
and what happens when calls fail, is in tests/power."""

from __future__ import annotations

import os
import re
import shutil
import signal
import threading
from pathlib import Path
from typing import Iterator

import pytest
from conftest import Connect, StartServer, Subject
from support.client import Client
from support.samples import fill
from support.server import Server, Value
from support.wait import wait_for

ORACLE = shutil.which("redis-server") or "/usr/bin/redis-server"
LATER_MS = 9_000_000_000_000
ON: dict[str, Value] = {"appendonly": "yes"}
# What redis-server 7.0 can read.
FOR_ORACLE: dict[str, Value] = {**ON, "rdb-format-version": "10"}


def info(c: Client, section: str = "persistence") -> dict[str, str]:
    text = c.ok("INFO", section).decode()
    return dict(line.split(":", 1) for line in text.split("\r\n") if ":" in line)


def folder(server: Server) -> Path:
    return server.dir / "appendonlydir"


def manifest(server: Server) -> list[str]:
    return (folder(server) / "appendonly.aof.manifest").read_text().splitlines()


def last_incr(server: Server) -> Path:
    return folder(server) / [line.split()[1] for line in manifest(server) if line.endswith("type i")][-1]


def rewrite(c: Client) -> None:
    before = int(info(c)["aof_rewrites"])
    c.ok("BGREWRITEAOF")
    wait_for(
        "the rewrite's end",
        lambda: (i := info(c))["aof_rewrite_in_progress"] == "0"
        and i["aof_rewrite_scheduled"] == "0"
        and int(i["aof_rewrites"]) > before,
    )
    assert info(c)["aof_last_bgrewrite_status"] == "ok"


def slow_saving(c: Client) -> None:
    """Children take long from now on."""
    c.ok("DEBUG", "POPULATE", 2000)
    c.ok("CONFIG", "SET", "rdb-key-save-delay", 100_000)


@pytest.fixture(name="peer")
def _peer() -> Iterator[Server]:
    """A redis-server with an append-only file, not started yet."""
    server = Server(ORACLE, ON)
    yield server
    server.cleanup()


def check_peer_loads(server: Server, c: Client, peer: Server, keep: bool = False) -> None:
    """redis-server arrives at the same data from the folder's files. Everything must be written by now."""
    wait_for("history is gone", lambda: not any(line.endswith("type h") for line in manifest(server)))
    shutil.rmtree(folder(peer), ignore_errors=True)
    shutil.copytree(folder(server), folder(peer))
    peer.start()
    with peer.connect() as d:
        ours, theirs = c.ok("DEBUG", "DIGEST"), d.ok("DEBUG", "DIGEST")
        if ours != theirs:
            for key in c.ok("KEYS", "*"):
                assert c.ok("DEBUG", "DIGEST-VALUE", key) == d.ok("DEBUG", "DIGEST-VALUE", key), key
        assert ours == theirs
    if not keep:
        peer.stop()


# What is written

# Each line a request, as it is written into the file by both servers.
SCRIPT = """
SET a 1
set a 2
INCR a
GET a
SET b x EX 100000 GET
GETDEL b
DEL nothing
MULTI; SET m 1; SET m 2; GET m; EXEC
MULTI; SET m 3; EXEC
MULTI; GET m; EXEC
SELECT 3
SET a 3
GET a
SELECT 0
GET a
SELECT 4
SELECT 0
SET back 1
MULTI; SELECT 5; SET five 5; SELECT 0; SET zero 0; EXEC
RPUSH l a b c d
LMPOP 1 l LEFT COUNT 2
BLPOP l 1
LMOVE l l2 LEFT RIGHT
RPOPLPUSH l2 l3
SADD s one
SPOP s
SADD s one two
SPOP s 2
INCRBYFLOAT f 1.5
HINCRBYFLOAT h f 1.5
HSET h g 1
ZADD z 1 a 2 b
ZPOPMIN z
GEOADD geo 13.361389 38.115556 p
SORT l3 STORE sorted
XADD x 1-1 f v
XADD x 1-* f v
XGROUP CREATE x g 0
XREADGROUP GROUP g c COUNT 1 STREAMS x >
XADD x MAXLEN ~ 1 9-9 f v
SETEX e 100 v
PEXPIREAT e 9000000000000
EXPIREAT e 9000000000
PERSIST e
EXPIRE e -1
SET t v PXAT 9000000000000
GETEX t PERSIST
PUBLISH channel message
SWAPDB 1 2
COPY a c
RENAME c d
MOVE d 7
FLUSHDB
SET last 1
FLUSHALL
""".strip()


# Where other words lead to the same data: SELECT stands within MULTI; whole sets go by UNLINK where freeing is lazy, as by
# later servers; GEOADD is not turned into ZADD; what a group has read is told.
OTHER_WORDS = {
    "MULTI; SELECT 5; SET five 5; SELECT 0; SET zero 0; EXEC": (
        ["MULTI", "SELECT 5", "SET five 5", "SELECT 0", "SET zero 0", "EXEC"],
        ["SELECT 5", "MULTI", "SET five 5", "SELECT 0", "SET zero 0", "EXEC"],
    ),
    "SPOP s 2": (["UNLINK s"], ["DEL s"]),
    "GEOADD geo 13.361389 38.115556 p": (["GEOADD geo 13.361389 38.115556 p"], ["zadd geo 3479099956230698 p"]),
    "XREADGROUP GROUP g c COUNT 1 STREAMS x >": (
        [
            "MULTI",
            "XCLAIM x g c 0 1-1 TIME <now> RETRYCOUNT 1 FORCE JUSTID LASTID 1-1",
            "XGROUP SETID x g 1-1 ENTRIESREAD 1",
            "EXEC",
        ],
        ["XCLAIM x g c 0 1-1 TIME <now> RETRYCOUNT 1 FORCE JUSTID LASTID 1-1"],
    ),
}


def records(path: Path) -> list[str]:
    """The file's commands as words; times of PXAT and PEXPIREAT that depend on now are left out."""
    data, at, found = path.read_bytes(), 0, []
    while at < len(data):
        words = []
        end = data.index(b"\r\n", at)
        assert data[at : at + 1] == b"*", data[at:end]
        count, at = int(data[at + 1 : end]), end + 2
        for _ in range(count):
            end = data.index(b"\r\n", at)
            size, at = int(data[at + 1 : end]), end + 2
            words.append(data[at : at + size].decode())
            at += size + 2
        found.append(" ".join("<now>" if re.fullmatch(r"1[78]\d{11}", w) else w for w in words))
    return found


def run_script(server: Server, c: Client, script: str) -> list[list[str]]:
    """What each line has added to the file."""
    added, before = [], 0
    for line in script.splitlines():
        for request in line.split("; "):
            c.call(*request.split())
        c.ok("PING")
        wait_for("the buffer to be written", lambda: info(c)["aof_buffer_length"] == "0")
        now = records(last_incr(server))
        added.append(now[before:])
        before = len(now)
    return added


def test_the_file_has_what_redis_server_writes(subject: Subject, peer: Server) -> None:
    lazy: dict[str, Value] = {f"lazyfree-lazy-{what}": "yes" for what in ("server-del", "user-del", "expire")}
    settings: dict[str, Value] = {**ON, "appendfsync": "always", **lazy}
    peer.directives.update(lazy)
    with subject.new(settings) as server, server.connect() as c, peer, peer.connect() as d:
        ours, theirs = run_script(server, c, SCRIPT), run_script(peer, d, SCRIPT)
        different = {line: (a, b) for line, a, b in zip(SCRIPT.splitlines(), ours, theirs) if a != b}
        assert different == (OTHER_WORDS if subject.is_tarn else {})


def test_who_waits_is_served_as_its_pop(start_server: StartServer, connect: Connect) -> None:
    server = start_server({**ON, "appendfsync": "always"})
    c, waiting = connect(server), connect(server)
    waiting.send("BLPOP", "list", 0)
    wait_for("it waits", lambda: info(c, "clients")["blocked_clients"] == "1")
    c.ok("RPUSH", "list", "v")
    assert waiting.read() == [b"list", b"v"]
    assert records(last_incr(server)) == ["SELECT 0", "RPUSH list v", "LPOP list"]


def test_a_new_file_begins_with_select(start_server: StartServer, connect: Connect) -> None:
    server = start_server({**ON, "appendfsync": "always"})
    c = connect(server)
    c.ok("SELECT", 2)
    c.ok("SET", "a", 1)
    rewrite(c)
    c.ok("SET", "b", 1)
    assert records(last_incr(server)) == ["SELECT 2", "SET b 1"]


def test_times_are_noted_if_asked(start_server: StartServer, connect: Connect) -> None:
    server = start_server({**ON, "appendfsync": "always", "aof-timestamp-enabled": "yes"})
    c = connect(server)
    c.ok("SET", "a", 1)
    data = last_incr(server).read_bytes()
    assert re.match(rb"#TS:\d{10}\r\n\*2\r\n\$6\r\nSELECT\r\n", data)
    c.ok("CONFIG", "SET", "aof-use-rdb-preamble", "no")
    rewrite(c)
    base = folder(server) / manifest(server)[0].split()[1]
    assert base.name.endswith(".base.aof")
    assert re.match(rb"#TS:\d{10}\r\n\*2\r\n\$6\r\nSELECT\r\n", base.read_bytes())


def test_files_and_manifest_from_the_start_on(
    subject: Subject, start_server: StartServer, connect: Connect
) -> None:
    server = start_server({**ON, "appendfilename": "other.aof", "appenddirname": "there"})
    c = connect(server)
    there = server.dir / "there"
    assert sorted(os.listdir(there)) == ["other.aof.1.base.rdb", "other.aof.1.incr.aof", "other.aof.manifest"]
    assert (there / "other.aof.manifest").read_text() == (
        "file other.aof.1.base.rdb seq 1 type b\nfile other.aof.1.incr.aof seq 1 type i\n"
    )
    fields = info(c)
    assert fields["aof_enabled"] == "1"
    if not subject.is_tarn:
        return  # counts from 0 on
    assert fields["aof_current_size"] == fields["aof_base_size"] == str((there / "other.aof.1.base.rdb").stat().st_size)


# When it is synced

def test_waitaof_with_always(start_server: StartServer, connect: Connect) -> None:
    c = connect(start_server({**ON, "appendfsync": "always"}))
    if not c.call("COMMAND", "INFO", "waitaof")[0]:
        pytest.skip("Redis 7.0 does not have WAITAOF")
    replies = c.pipeline([("SET", "a", 1), ("WAITAOF", 1, 0, 0), ("PUBLISH", "c", "m"), ("WAITAOF", 1, 0, 0)])
    assert replies[1] == [1, 0] and replies[3] == [1, 0]
    assert c.ok("WAITAOF", 1, 1, 10) == [1, 0], "there is no replica"
    c.ok("MULTI")
    c.ok("SET", "a", 2)
    c.ok("WAITAOF", 1, 0, 0)
    assert c.ok("EXEC")[1][1] == 0, "within EXEC nobody waits"


@pytest.mark.beyond_oracle
def test_waitaof_waits_for_the_second_to_pass(start_server: StartServer, connect: Connect) -> None:
    c = connect(start_server(ON))
    assert c.ok("WAITAOF", 1, 0, 0) == [1, 0], "it has written nothing"
    c.ok("SET", "a", 1)
    assert c.ok("WAITAOF", 1, 0, 0) == [1, 0]
    assert c.ok("WAITAOF", 0, 0, 0)[1] == 0


@pytest.mark.beyond_oracle
def test_waitaof_where_nothing_syncs(start_server: StartServer, connect: Connect) -> None:
    server = start_server({**ON, "appendfsync": "no"})
    c, other = connect(server), connect(server)
    c.ok("SET", "a", 1)
    assert c.ok("WAITAOF", 1, 0, 30) == [0, 0]
    c.send("WAITAOF", 1, 0, 0)
    wait_for("it waits", lambda: info(other, "clients")["blocked_clients"] == "1")
    other.ok("BGREWRITEAOF")
    assert c.read() == [1, 0], "a rewrite syncs everything"


@pytest.mark.beyond_oracle
def test_waitaof_behind_a_rewrite_that_came_to_nothing(
    start_server: StartServer, connect: Connect
) -> None:
    """With `no` the file before the fork is synced as it is closed; that suffices, with or without a base."""
    server = start_server({**ON, "appendfsync": "no"})
    c = connect(server)
    slow_saving(c)
    c.ok("SET", "a", 1)
    c.ok("BGREWRITEAOF")
    child = int(re.findall(r"rewriting started by pid (\d+)", server.wait_for_log("rewriting started by pid"))[0])
    os.kill(child, signal.SIGUSR1)
    wait_for("the child's end", lambda: info(c)["aof_rewrite_in_progress"] == "0")
    c.ok("CONFIG", "SET", "appendfsync", "everysec")
    c.ok("SET", "a", 2)
    assert c.ok("WAITAOF", 1, 0, 30_000) == [1, 0]


def test_waitaof_ends_when_it_is_turned_off(start_server: StartServer, connect: Connect) -> None:
    server = start_server({**ON, "appendfsync": "no"})
    c, other = connect(server), connect(server)
    off = "ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled."
    c.ok("SET", "a", 1)
    c.send("WAITAOF", 1, 0, 0)
    wait_for("it waits", lambda: info(other, "clients")["blocked_clients"] == "1")
    other.ok("CONFIG", "SET", "appendonly", "no")
    assert c.read_reply().value.decode() == off
    assert c.err("WAITAOF", 1, 0, 0) == off
    assert c.err("WAITAOF", 2, 0, 0) == "ERR value is out of range, value must between 0 and 1"
    assert c.err("WAITAOF", 0, -1, 0) == "ERR value is out of range, must be positive"
    assert c.ok("WAITAOF", 0, 0, 0) == [0, 0]


@pytest.mark.beyond_oracle
@pytest.mark.parametrize("policy", ["always", "everysec", "no"])
def test_what_was_written_is_there_after_the_end(
    subject: Subject, peer: Server, policy: str
) -> None:
    """Also what was still to be written."""
    with subject.new({**FOR_ORACLE, "appendfsync": policy}) as server, server.connect() as c:
        for i in range(1000):
            c.ok("INCR", f"key:{i % 10}")
        digest = c.ok("DEBUG", "DIGEST")
        server.stop()
        shutil.copytree(folder(server), folder(peer))
        with peer, peer.connect() as d:
            assert d.ok("DEBUG", "DIGEST") == digest


# Rewriting

def started(server: Server, what: str, number: int = 1) -> int:
    """The pid of the child that was started as the n-th of its kind."""

    def pids() -> list[str]:
        return re.findall(rf"{what} started by pid (\d+)", server.log)

    wait_for("the child", lambda: len(pids()) >= number)
    return int(pids()[number - 1])


def fill_all(c: Client) -> None:
    fill(c)
    c.ok("SET", b"\x00binary\xff\r\n", "v")
    c.ok("SET", "long", b"x" * 300_000)
    for number, key in enumerate(c.ok("KEYS", "*")):
        if number % 3 == 0:
            c.ok("PEXPIREAT", key, LATER_MS + number * 977)
    c.ok("SELECT", 11)
    fill(c)
    c.ok("SELECT", 0)


@pytest.mark.beyond_oracle
@pytest.mark.parametrize("preamble", ["yes", "no"])
def test_redis_server_reads_a_rewritten_file(subject: Subject, peer: Server, preamble: str) -> None:
    settings: dict[str, Value] = {**FOR_ORACLE, "aof-use-rdb-preamble": preamble}
    with subject.new(settings) as server, server.connect() as c:
        fill_all(c)
        rewrite(c)
        c.ok("SET", "behind", 1)
        c.ok("APPEND", "string:0", "0")
        wait_for("all is written", lambda: info(c)["aof_buffer_length"] == "0")
        check_peer_loads(server, c, peer, keep=True)
        with peer.connect() as d:
            streams = [x.ok("XINFO", "STREAM", "stream:a") for x in (c, d)]
            for field in (b"length", b"entries-added", b"max-deleted-entry-id", b"last-generated-id", b"groups"):
                ours, theirs = (s[s.index(field) + 1] for s in streams)
                assert ours == theirs, field
            for key in ("stream:a", "stream:empty"):
                assert c.ok("XINFO", "GROUPS", key) == d.ok("XINFO", "GROUPS", key)
            assert c.ok("XPENDING", "stream:a", "g") == d.ok("XPENDING", "stream:a", "g")
            for key in c.ok("KEYS", "*"):
                assert c.ok("PEXPIRETIME", key) == d.ok("PEXPIRETIME", key), key


def fill_newer(c: Client) -> None:
    """What redis-server 7.0 does not know, and what only later additions bring back."""
    c.ok("HSET", "hash:times", "a", 1, "b", 2, "c", 3)
    c.ok("HPEXPIREAT", "hash:times", LATER_MS, "FIELDS", 2, "a", "b")
    c.ok("HSET", "hash:many", *(part for i in range(2000) for part in (f"f{i}", i)))
    c.ok("HPEXPIREAT", "hash:many", LATER_MS, "FIELDS", 3, "f1", "f7", "f1999")
    for i in range(1, 30):
        c.ok("XADD", "stream:gone", f"{i}-0", "f", i)
    c.ok("XGROUP", "CREATE", "stream:gone", "g", 0)
    c.ok("XGROUP", "CREATE", "stream:gone", "empty", 5, "ENTRIESREAD", 3)
    c.ok("XGROUP", "CREATECONSUMER", "stream:gone", "empty", "idle")
    c.ok("XREADGROUP", "GROUP", "g", "c1", "COUNT", 10, "STREAMS", "stream:gone", ">")
    c.ok("XREADGROUP", "GROUP", "g", "c2", "COUNT", 15, "STREAMS", "stream:gone", ">")
    c.ok("XDEL", "stream:gone", "1-0", "2-0", "12-0", "29-0")
    c.ok("XNACK", "stream:gone", "g", "FAIL", "IDS", 2, "3-0", "12-0")
    c.ok("XADD", "stream:all gone", "7-7", "f", "v")
    c.ok("XGROUP", "CREATE", "stream:all gone", "g", 0)
    c.ok("XREADGROUP", "GROUP", "g", "c", "STREAMS", "stream:all gone", ">")
    c.ok("XDEL", "stream:all gone", "7-7")


def streams(c: Client) -> list[object]:
    """All that is known of them, but for how long ago consumers were seen."""
    found: list[object] = []
    for key in sorted(c.ok("SCAN", 0, "COUNT", 100_000, "TYPE", "stream")[1]):
        facts = c.ok("XINFO", "STREAM", key)
        names = (b"length", b"entries-added", b"max-deleted-entry-id", b"last-generated-id", b"recorded-first-entry-id")
        found.append((key, [facts[facts.index(name) + 1] for name in names], c.ok("XRANGE", key, "-", "+")))
        groups = c.ok("XINFO", "GROUPS", key)
        found.append(groups)
        for group in groups:
            pending = c.ok("XPENDING", key, group[1], "-", "+", 1000)
            found.append([(i, who, count) for i, who, _idle, count in pending])
            found.append(sorted(row[1] for row in c.ok("XINFO", "CONSUMERS", key, group[1])))
    return found


@pytest.mark.beyond_oracle
@pytest.mark.parametrize("preamble", ["yes", "no"])
@pytest.mark.parametrize("rewritten", [True, False])
def test_all_is_there_after_a_restart(subject: Subject, preamble: str, rewritten: bool) -> None:
    settings: dict[str, Value] = {**ON, "aof-use-rdb-preamble": preamble}
    with subject.new(settings) as server:
        with server.connect() as c:
            fill_all(c)
            fill_newer(c)
            if rewritten:
                rewrite(c)
                c.ok("SET", "behind", 1)
                c.ok("XADD", "stream:all gone", "*", "f", "v")
            digest, before = c.ok("DEBUG", "DIGEST"), streams(c)
            times = {key: c.ok("PEXPIRETIME", key) for key in c.ok("KEYS", "*")}
            fields = c.ok("HPEXPIRETIME", "hash:many", "FIELDS", 3, "f1", "f7", "f8")
        server.stop()
        server.start()
        with server.connect() as c:
            assert streams(c) == before
            assert {key: c.ok("PEXPIRETIME", key) for key in c.ok("KEYS", "*")} == times
            assert c.ok("HPEXPIRETIME", "hash:many", "FIELDS", 3, "f1", "f7", "f8") == fields
            assert c.ok("DEBUG", "DIGEST") == digest
            assert int(info(c)["aof_current_size"]) == sum(
                path.stat().st_size for path in folder(server).iterdir() if path.suffix in (".aof", ".rdb")
            )


def test_replies(start_server: StartServer, connect: Connect) -> None:
    c = connect(start_server({**ON, "save": ""}))
    slow_saving(c)
    assert c.ok("BGREWRITEAOF") == "Background append only file rewriting started"
    assert c.err("BGREWRITEAOF") == "ERR Background append only file rewriting already in progress"
    c.ok("CONFIG", "SET", "rdb-key-save-delay", 0)
    assert info(c)["aof_rewrite_in_progress"] == "1"
    assert int(info(c)["aof_current_rewrite_time_sec"]) >= 0
    c.ok("CONFIG", "SET", "appendonly", "no")
    assert info(c)["aof_rewrite_in_progress"] == "0"
    c.ok("MULTI")
    c.ok("BGREWRITEAOF")
    assert c.ok("EXEC") == ["Background append only file rewriting scheduled"]


def test_it_waits_for_a_snapshot(start_server: StartServer, connect: Connect) -> None:
    server = start_server(ON)
    c = connect(server)
    slow_saving(c)
    c.ok("BGSAVE")
    c.ok("CONFIG", "SET", "rdb-key-save-delay", 0)
    assert c.ok("BGREWRITEAOF") == "Background append only file rewriting scheduled"
    fields = info(c)
    assert fields["aof_rewrite_scheduled"] == "1" and fields["aof_pending_rewrite"] == "1"
    os.kill(started(server, "Background saving"), signal.SIGKILL)
    server.wait_for_log("Background AOF rewrite finished successfully")


def test_it_takes_place_by_itself_when_the_file_has_grown(start_server: StartServer, connect: Connect) -> None:
    server = start_server({**ON, "auto-aof-rewrite-min-size": "20kb", "auto-aof-rewrite-percentage": 50})
    c = connect(server)
    while not re.search("Starting automatic rewriting of AOF on", server.log):
        c.ok("SET", "key", "x" * 1000)
    server.wait_for_log("Background AOF rewrite finished successfully")
    assert int(info(c)["aof_current_size"]) < 20_000
    assert len(manifest(server)) >= 2


def test_history_goes(start_server: StartServer, connect: Connect) -> None:
    server = start_server(ON)
    c = connect(server)
    c.ok("CONFIG", "SET", "aof-disable-auto-gc", "yes")
    rewrite(c)
    assert manifest(server) == [
        "file appendonly.aof.2.base.rdb seq 2 type b",
        "file appendonly.aof.1.incr.aof seq 1 type h",
        "file appendonly.aof.1.base.rdb seq 1 type h",
        "file appendonly.aof.2.incr.aof seq 2 type i",
    ]
    assert len(os.listdir(folder(server))) == 5
    c.ok("CONFIG", "SET", "aof-disable-auto-gc", "no")
    rewrite(c)
    wait_for("history is gone", lambda: len(os.listdir(folder(server))) == 3)
    wait_for("nobody speaks of it", lambda: len(manifest(server)) == 2)


def test_failures_are_counted_and_then_waited_out(start_server: StartServer, connect: Connect) -> None:
    server = start_server(ON)
    c = connect(server)
    slow_saving(c)
    for failures in (1, 2, 3):
        c.ok("BGREWRITEAOF")
        os.kill(started(server, "file rewriting", failures), signal.SIGKILL)
        wait_for("the failure", lambda: info(c)["aof_rewrites_consecutive_failures"] == str(failures))
    server.wait_for_log("Background AOF rewrite terminated by signal 9")
    assert info(c)["aof_last_bgrewrite_status"] == "err"
    assert not list(folder(server).glob("temp-*")) or wait_for(
        "the temporary file is gone", lambda: not list(folder(server).glob("temp-*"))
    )
    c.ok("CONFIG", "SET", "auto-aof-rewrite-min-size", 1)
    for _ in range(100):
        c.ok("SET", "key", "x" * 1000)
    server.wait_for_log("has repeatedly failed and triggered the limit, will retry in 1 minutes")
    c.ok("CONFIG", "SET", "rdb-key-save-delay", 0)
    rewrite(c)
    assert info(c)["aof_rewrites_consecutive_failures"] == "0"


class Writers:
    """Clients that change data until they are told to stop."""

    def __init__(self, server: Server, count: int = 3) -> None:
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._write, args=(server, n)) for n in range(count)]
        self.rounds = 0

    def _write(self, server: Server, number: int) -> None:
        with server.connect() as c:
            c.ok("SELECT", number)
            while not self._stop.is_set():
                self.rounds += 1
                c.pipeline(
                    [
                        ("INCR", "counter"),
                        ("RPUSH", "list", self.rounds),
                        ("MULTI",),
                        ("HINCRBY", "hash", self.rounds % 100, 1),
                        ("LPOP", "list"),
                        ("EXEC",),
                        ("SETRANGE", "range", self.rounds % 1000, "x"),
                    ]
                )

    def __enter__(self) -> Writers:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()


@pytest.mark.beyond_oracle
@pytest.mark.parametrize("policy", ["always", "everysec"])
@pytest.mark.parametrize("preamble", ["yes", "no"])
def test_rewrites_under_load_lose_nothing_and_repeat_nothing(
    subject: Subject, peer: Server, policy: str, preamble: str
) -> None:
    settings: dict[str, Value] = {**FOR_ORACLE, "appendfsync": policy, "aof-use-rdb-preamble": preamble}
    with subject.new(settings) as server, server.connect() as c:
        with Writers(server) as writers:
            for _ in range(5):
                before = writers.rounds
                rewrite(c)
                wait_for("writes go on", lambda: writers.rounds > before + 20)
        wait_for("all is written", lambda: info(c)["aof_buffer_length"] == "0")
        check_peer_loads(server, c, peer)


@pytest.mark.beyond_oracle
def test_turned_on_and_off_under_load(subject: Subject, peer: Server) -> None:
    with subject.new({"rdb-format-version": "10"}) as server, server.connect() as c:
        fill(c)
        with Writers(server) as writers:
            for _ in range(3):
                c.ok("CONFIG", "SET", "appendonly", "yes")
                server.wait_for_log("Background AOF rewrite finished successfully")
                before = writers.rounds
                wait_for("writes go on", lambda: writers.rounds > before + 20)
                c.ok("CONFIG", "SET", "appendonly", "no")
            c.ok("CONFIG", "SET", "appendonly", "yes")
            c.ok("CONFIG", "SET", "appendonly", "no", "save", "")
            c.ok("CONFIG", "SET", "appendonly", "yes")
            wait_for("it is on", lambda: info(c)["aof_rewrite_in_progress"] == "0")
        wait_for("all is written", lambda: info(c)["aof_buffer_length"] == "0")
        check_peer_loads(server, c, peer)


# On and off

def test_turned_on_while_a_snapshot_is_written(start_server: StartServer, connect: Connect) -> None:
    server = start_server()
    c = connect(server)
    slow_saving(c)
    c.ok("BGSAVE")
    c.ok("CONFIG", "SET", "rdb-key-save-delay", 0)
    c.ok("CONFIG", "SET", "appendonly", "yes")
    server.wait_for_log("AOF was enabled but there is already another background operation")
    c.ok("SET", "a", 1)
    assert info(c)["aof_enabled"] == "1" and info(c)["aof_rewrite_scheduled"] == "1"
    os.kill(started(server, "Background saving"), signal.SIGKILL)
    server.wait_for_log("Background AOF rewrite finished successfully")
    assert [line[-1] for line in manifest(server)] == ["b", "i"]


def test_turned_on_within_a_transaction(start_server: StartServer, connect: Connect) -> None:
    server = start_server()
    c = connect(server)
    c.ok("MULTI")
    c.ok("SET", "a", 1)
    c.ok("CONFIG", "SET", "appendonly", "yes")
    c.ok("INCR", "a")
    assert c.ok("EXEC") == ["OK", "OK", 2]
    server.wait_for_log("AOF was enabled during a transaction")
    server.wait_for_log("Background AOF rewrite finished successfully")
    c.ok("CONFIG", "SET", "appendfsync", "always")
    c.ok("INCR", "a")
    assert records(last_incr(server)) == ["SELECT 0", "INCR a"]


def test_turning_it_off_ends_the_child(start_server: StartServer, connect: Connect) -> None:
    server = start_server(ON)
    c = connect(server)
    slow_saving(c)
    c.ok("BGREWRITEAOF")
    c.ok("CONFIG", "SET", "appendonly", "no")
    server.wait_for_log("Killing.*AOF.*child")
    fields = info(c)
    assert fields["aof_enabled"] == "0" and fields["aof_rewrite_in_progress"] == "0"
    assert "aof_current_size" not in fields
    assert fields["aof_last_bgrewrite_status"] == "ok", "it was asked to go"


def test_what_is_in_the_way_is_told(start_server: StartServer, connect: Connect) -> None:
    server = start_server()
    c = connect(server)
    folder(server).write_text("no folder")
    assert c.err("CONFIG", "SET", "appendonly", "yes") == (
        "ERR CONFIG SET failed (possibly related to argument 'appendonly') - Unable to turn on AOF. Check server logs."
    )
    assert c.ok("CONFIG", "GET", "appendonly") == [b"appendonly", b"no"]
    assert info(c)["aof_enabled"] == "0"
    folder(server).unlink()
    c.ok("CONFIG", "SET", "appendonly", "yes")
    server.wait_for_log("Background AOF rewrite finished successfully")


def test_no_end_before_there_is_a_file(start_server: StartServer, connect: Connect) -> None:
    server = start_server()
    c = connect(server)
    slow_saving(c)
    c.ok("CONFIG", "SET", "appendonly", "yes")
    assert c.err("SHUTDOWN", "NOSAVE").startswith("ERR Errors trying to SHUTDOWN")
    server.wait_for_log("Writing initial AOF, can't exit")
    c.send("SHUTDOWN", "NOSAVE", "FORCE")
    server.wait_for_log("Writing initial AOF. Exit anyway")
    assert server.wait_exit() == 0


def test_a_rewrite_while_it_is_off_leaves_a_base(start_server: StartServer, connect: Connect) -> None:
    server = start_server()
    c = connect(server)
    c.ok("SET", "a", 1)
    rewrite(c)
    assert manifest(server) == ["file appendonly.aof.1.base.rdb seq 1 type b"]
    rewrite(c)
    wait_for("the old one is gone", lambda: manifest(server) == ["file appendonly.aof.2.base.rdb seq 2 type b"])
    c.ok("CONFIG", "SET", "appendonly", "yes")
    server.wait_for_log("Background AOF rewrite finished successfully")
    wait_for(
        "on",
        lambda: manifest(server)
        == ["file appendonly.aof.3.base.rdb seq 3 type b", "file appendonly.aof.1.incr.aof seq 1 type i"],
    )


@pytest.mark.beyond_oracle
def test_dir_may_change_while_it_is_on(start_server: StartServer, connect: Connect) -> None:
    server = start_server({**ON, "appendfsync": "always", "enable-protected-configs": "yes"})
    c = connect(server)
    (server.dir / "elsewhere").mkdir()
    c.ok("CONFIG", "SET", "dir", str(server.dir / "elsewhere"))
    rewrite(c)
    c.ok("SET", "a", 1)
    assert records(last_incr(server)) == ["SELECT 0", "SET a 1"]
    assert not (server.dir / "elsewhere" / "appendonlydir").exists()


def test_latency_events(start_server: StartServer, connect: Connect) -> None:
    c = connect(start_server({**ON, "appendfsync": "always", "latency-monitor-threshold": 1}))
    c.ok("SET", "a", b"x" * (100 << 20))
    events = {row[0].decode() for row in c.ok("LATENCY", "LATEST")}
    assert {"aof-write", "aof-write-alone"} <= events
