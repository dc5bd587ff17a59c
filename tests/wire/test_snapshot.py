"""Snapshots: SAVE, BGSAVE and LASTSAVE, the rules, the child process, what happens when the disk fails."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
from pathlib import Path

import pytest
from conftest import Connect, StartServer, Subject
from support.client import Client
from support.resp import encode
from support.server import Server
from support.wait import wait_for

MISCONF = (
    "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to "
    "disk. Commands that may modify the data set are disabled, because this instance is "
    "configured to report errors during writes if RDB snapshotting fails "
    "(stop-writes-on-bgsave-error option). Please check the Redis logs for details about the RDB "
    "error."
)
IN_PROGRESS = "ERR Background save already in progress"


# A child that stays where it is until it is told to go.
SLOW = {"rdb-key-save-delay": 100_000_000}


def children(server: Server) -> list[int]:
    ps = ["ps", "--ppid", str(server.pid), "-o", "pid="]
    return [int(pid) for pid in subprocess.run(ps, capture_output=True, text=True).stdout.split()]


def child(server: Server) -> int:
    return wait_for("a child", lambda: children(server))[0]


def field(c: Client, name: str, section: str = "persistence") -> str:
    reply = c.call("INFO", section)
    text = reply.decode() if isinstance(reply, bytes) else str(reply)
    return dict(line.split(":", 1) for line in text.split("\r\n") if ":" in line)[name]


def wait_for_end(c: Client) -> None:
    wait_for("the snapshot's end", lambda: field(c, "rdb_bgsave_in_progress") == "0")


def bgsave(c: Client) -> None:
    assert c.call("BGSAVE") == "Background saving started"
    wait_for_end(c)


def again(start_server: StartServer, connect: Connect, server: Server) -> Client:
    """A connection to a server that has loaded the file of another."""
    return connect(start_server({"dir": str(server.dir)}))


def files(server: Server) -> list[str]:
    return sorted(path.name for path in server.dir.iterdir())


def block_saving(server: Server) -> None:
    """A folder stands where the file shall be."""
    (server.dir / "dump.rdb").unlink(missing_ok=True)
    (server.dir / "dump.rdb").mkdir()


# The verbs


def test_save_writes_all_and_says_when(start_server: StartServer, connect: Connect) -> None:
    server = start_server()
    c = connect(server)
    started = c.call("LASTSAVE")
    assert int(field(c, "rdb_last_save_time")) == started
    c.ok("SET", "a", "1")
    c.ok("SELECT", "3")
    c.ok("RPUSH", "b", "x", "y")
    assert field(c, "rdb_changes_since_last_save") == "3"
    c.ok("SAVE")
    assert c.call("LASTSAVE") >= started
    assert field(c, "rdb_changes_since_last_save") == "0"
    assert field(c, "rdb_saves") == "1"
    assert field(c, "rdb_last_bgsave_time_sec") == "-1"
    assert files(server) == ["dump.rdb"]
    server.wait_for_log("DB saved on disk")
    digest = c.call("DEBUG", "DIGEST")
    other = again(start_server, connect, server)
    assert other.call("DEBUG", "DIGEST") == digest
    assert other.call("GET", "a") == b"1"


def test_bgsave_saves_in_a_child(start_server: StartServer, connect: Connect) -> None:
    server = start_server()
    c = connect(server)
    c.ok("SET", "a", "1")
    bgsave(c)
    assert files(server) == ["dump.rdb"]
    assert field(c, "rdb_changes_since_last_save") == "0"
    assert field(c, "rdb_last_bgsave_status") == "ok"
    assert field(c, "rdb_last_bgsave_time_sec") == "0"
    assert field(c, "rdb_current_bgsave_time_sec") == "-1"
    assert int(field(c, "latest_fork_usec", "stats")) > 0
    assert field(c, "total_forks", "stats") == "1"
    assert int(field(c, "rdb_last_cow_size")) > 0
    server.wait_for_log("Background saving started by pid [0-9]+")
    server.wait_for_log("Fork CoW for RDB: current [0-9]+ MB, peak [0-9]+ MB, average [0-9]+ MB")
    server.wait_for_log("Background saving terminated with success")
    c.ok("CONFIG", "RESETSTAT")
    assert field(c, "total_forks", "stats") == "0"
    assert field(c, "rdb_saves") == "0"
    assert again(start_server, connect, server).call("GET", "a") == b"1"


def test_what_is_not_their_grammar_is_refused(c: Client) -> None:
    assert c.err("BGSAVE", "now") == "ERR syntax error"
    assert c.err("BGSAVE", "SCHEDULE", "x") == "ERR syntax error"
    assert c.err("SAVE", "x") == "ERR wrong number of arguments for 'save' command"
    assert c.err("LASTSAVE", "x") == "ERR wrong number of arguments for 'lastsave' command"


def test_in_a_transaction_a_snapshot_is_planned(start_server: StartServer, connect: Connect) -> None:
    server = start_server()
    c = connect(server)
    c.ok("MULTI")
    assert c.call("BGSAVE") == "QUEUED"
    assert c.call("SET", "a", "1") == "QUEUED"
    assert c.call("EXEC") == ["Background saving scheduled", "OK"]
    server.wait_for_log("Background saving terminated with success")
    assert again(start_server, connect, server).call("GET", "a") == b"1"
    c.ok("MULTI")
    assert c.err("SAVE") == "ERR Command not allowed inside a transaction"
    assert c.err("EXEC") == "EXECABORT Transaction discarded because of previous errors."


def test_there_is_one_snapshot_at_a_time(start_server: StartServer, connect: Connect) -> None:
    server = start_server(SLOW)
    c = connect(server)
    c.ok("SET", "a", "1")
    assert c.call("BGSAVE") == "Background saving started"
    assert c.err("BGSAVE") == IN_PROGRESS
    assert c.err("BGSAVE", "schedule") == IN_PROGRESS
    assert c.err("SAVE") == IN_PROGRESS
    assert field(c, "rdb_bgsave_in_progress") == "1"
    assert int(field(c, "rdb_current_bgsave_time_sec")) >= 0
    assert field(c, "rdb_saves") == "1"


def test_a_snapshot_waits_for_another_child(start_server: StartServer, connect: Connect) -> None:
    server = start_server({**SLOW, "appendonly": "yes"})
    c = connect(server)
    c.ok("SET", "a", "1")
    assert c.call("BGREWRITEAOF") == "Background append only file rewriting started"
    assert c.err("BGSAVE") == (
        "ERR Another child process is active (AOF?): can't BGSAVE right now. Use BGSAVE SCHEDULE "
        "in order to schedule a BGSAVE whenever possible."
    )
    assert c.call("BGSAVE", "SCHEDULE") == "Background saving scheduled"
    c.ok("CONFIG", "SET", "rdb-key-save-delay", "0")
    c.ok("SAVE")
    os.kill(child(server), signal.SIGUSR1)
    server.wait_for_log("Background saving terminated with success")


@pytest.mark.beyond_oracle
def test_a_snapshot_can_be_given_up(start_server: StartServer, connect: Connect) -> None:
    server = start_server(SLOW)
    c = connect(server)
    assert c.err("BGSAVE", "CANCEL") == (
        "ERR Background saving is currently not in progress or scheduled"
    )
    c.ok("SET", "a", "1")
    assert c.call("BGSAVE") == "Background saving started"
    assert c.call("BGSAVE", "CANCEL") == "Background saving cancelled"
    wait_for_end(c)
    assert field(c, "rdb_last_bgsave_status") == "ok"
    assert files(server) == []
    for word in ("BGSAVE", "BGSAVE CANCEL"):
        c.send_raw(encode("MULTI") + encode(*word.split()) + encode("EXEC"))
    c.read(), c.read()
    assert c.read() == ["Background saving scheduled"]
    c.read(), c.read()
    assert c.read() == ["Scheduled background saving cancelled"]


# The child


def test_the_child_shows_as_a_process_of_its_own(
    start_server: StartServer, connect: Connect
) -> None:
    server = start_server({**SLOW, "oom-score-adj": "relative", "oom-score-adj-values": "0 100 500"})
    c = connect(server)
    c.ok("DEBUG", "POPULATE", "100")
    assert c.call("BGSAVE") == "Background saving started"
    pid = child(server)
    assert (server.dir / f"temp-{pid}.rdb").exists() or wait_for(
        "the file", lambda: (server.dir / f"temp-{pid}.rdb").exists()
    )
    title = Path(f"/proc/{pid}/cmdline").read_bytes()
    assert b"rdb-bgsave 127.0.0.1:%d" % server.port in title
    own = int(Path(f"/proc/{server.pid}/oom_score_adj").read_text())
    score = Path(f"/proc/{pid}/oom_score_adj")
    wait_for("the child's OOM score", lambda: int(score.read_text()) == min(own + 500, 1000))
    assert field(c, "current_save_keys_total") == "100"


@pytest.mark.parametrize("name", ["bgsave_cpulist", "bgsave-cpulist"])
def test_the_child_runs_where_it_shall(
    start_server: StartServer, connect: Connect, subject: Subject, name: str
) -> None:
    if name == "bgsave-cpulist" and not subject.is_tarn:
        pytest.skip("Redis 7.0 does not have this name")
    cpus = sorted(os.sched_getaffinity(0))
    server = start_server({**SLOW, name: str(cpus[-1])})
    c = connect(server)
    c.ok("SET", "a", "1")
    assert c.call("BGSAVE") == "Background saving started"
    pid = child(server)
    wait_for("its place", lambda: os.sched_getaffinity(pid) == {cpus[-1]})
    assert os.sched_getaffinity(server.pid) == set(cpus)


@pytest.mark.beyond_oracle  # which tells once in 1024 keys
def test_progress_is_told(start_server: StartServer, connect: Connect) -> None:
    server = start_server({"rdb-key-save-delay": 500})
    c = connect(server)
    c.ok("DEBUG", "POPULATE", "20000")
    assert c.call("BGSAVE") == "Background saving started"
    assert field(c, "current_save_keys_total") == "20000"
    first = wait_for("a number", lambda: int(field(c, "current_save_keys_processed")))
    wait_for("a higher one", lambda: int(field(c, "current_save_keys_processed")) > first)
    assert 0 < float(field(c, "current_fork_perc")) < 100
    assert int(field(c, "current_cow_size")) > 0
    assert int(field(c, "current_cow_peak")) >= int(field(c, "current_cow_size"))
    assert int(field(c, "current_cow_size_age")) >= 0
    os.kill(child(server), signal.SIGUSR1)
    wait_for_end(c)
    for name in ("current_save_keys_processed", "current_save_keys_total", "current_cow_size"):
        assert field(c, name) == "0"
    assert field(c, "current_fork_perc") == "0.00"


def test_who_is_asked_to_go_has_not_failed(start_server: StartServer, connect: Connect) -> None:
    server = start_server({**SLOW, "save": "3600 1"})
    c = connect(server)
    c.ok("SET", "a", "1")
    assert c.call("BGSAVE") == "Background saving started"
    os.kill(child(server), signal.SIGUSR1)
    wait_for_end(c)
    server.wait_for_log("Background saving terminated by signal 10")
    assert field(c, "rdb_last_bgsave_status") == "ok"
    assert field(c, "rdb_changes_since_last_save") == "1"
    assert files(server) == []
    c.ok("SET", "a", "2")
    c.ok("CONFIG", "SET", "save", "")


@pytest.mark.beyond_oracle  # whose child goes on
def test_a_server_that_is_gone_leaves_no_child(start_server: StartServer, connect: Connect) -> None:
    server = start_server(SLOW)
    c = connect(server)
    c.ok("SET", "a", "1")
    assert c.call("BGSAVE") == "Background saving started"
    pid = child(server)
    server.kill()
    wait_for("the child's end", lambda: not is_alive(pid))


def is_alive(pid: int) -> bool:
    """A process that nobody has waited for yet is not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_a_child_that_crashes_does_not_take_the_server_along(
    subject: Subject, connect: Connect, tmp_path: Path
) -> None:
    """Its report in the log is no failure here, so the server is one of the test's own."""
    pidfile = tmp_path / "pid"
    server = subject.new({**SLOW, "pidfile": str(pidfile)}).start()
    try:
        c = connect(server)
        c.ok("SET", "a", "1")
        assert c.call("BGSAVE") == "Background saving started"
        os.kill(child(server), signal.SIGSEGV)
        wait_for_end(c)
        server.wait_for_log("Background saving terminated by signal 11")
        assert pidfile.read_text() == f"{server.pid}\n"
        c.ok("SET", "a", "2")
        assert files(server) == []
    finally:
        server.cleanup()


@pytest.mark.beyond_oracle  # whose child keeps it open
def test_clients_end_while_a_child_is_there(start_server: StartServer, connect: Connect) -> None:
    """The child's copy of a connection must not keep it open."""
    server = start_server(SLOW)
    c, other = connect(server), connect(server)
    other.ok("CLIENT", "SETNAME", "other")
    c.ok("SET", "a", "1")
    assert c.call("BGSAVE") == "Background saving started"
    child(server)
    assert c.call("CLIENT", "KILL", "ID", other.call("CLIENT", "ID")) == 1
    assert other.read_to_end() == b""
    assert field(c, "rdb_bgsave_in_progress") == "1"


@pytest.mark.beyond_oracle
def test_the_server_may_stop_itself_behind_a_fork(
    start_server: StartServer, connect: Connect
) -> None:
    server = start_server(SLOW)
    c = connect(server)
    c.ok("SET", "a", "1")
    c.ok("DEBUG", "PAUSE-AFTER-FORK", "1")
    c.send("BGSAVE")
    stat = Path(f"/proc/{server.pid}/stat")
    wait_for("a stopped process", lambda: stat.read_text().rsplit(")", 1)[1].split()[0] == "T")
    assert len(children(server)) == 1
    server.process.send_signal(signal.SIGCONT)
    assert c.read() == "Background saving started"
    server.wait_for_log("Process is about to stop.")
    server.wait_for_log("Process has been continued.")


def test_the_file_has_what_there_was_at_the_fork(
    start_server: StartServer, connect: Connect
) -> None:
    """Tens of thousands of keys of all types, and writers that change them all meanwhile."""
    server = start_server({"rdb-key-save-delay": 20})
    c = connect(server)
    request = b""
    for i in range(8000):
        request += encode("SET", f"s{i}", "v" * (i % 300), *(("EX", "10000") if i % 3 else ()))
        request += encode("RPUSH", f"l{i % 500}", f"element {i}")
        request += encode("HSET", f"h{i % 300}", f"field {i}", f"value {i}")
        request += encode("ZADD", f"z{i % 200}", str(i), f"member {i}")
        request += encode("SADD", f"e{i % 200}", str(i))
    for i in range(50):
        request += encode("SET", f"big{i}", f"{i}" * 40000)
    c.send_raw(request)
    for _ in range(8000 * 5 + 50):
        c.read()
    digest = c.call("DEBUG", "DIGEST")
    assert c.call("BGSAVE") == "Background saving started"
    changes = 0
    while field(c, "rdb_bgsave_in_progress") == "1" or changes < 5:
        request = b"".join(
            encode("APPEND", f"s{i}", f"{changes}")
            + encode("LPOP", f"l{i % 500}")
            + encode("HSET", f"h{i % 300}", f"field {i}", "new")
            + encode("DEL", f"big{i % 50}")
            + encode("SET", f"more {changes} {i}", "x")
            + encode("ZINCRBY", f"z{i % 200}", "1", f"member {i}")
            for i in range(0, 8000, 7)
        )
        c.send_raw(request)
        for _ in range(0, 8000, 7):
            for _ in range(6):
                c.read()
        changes += 1
    assert field(c, "rdb_last_bgsave_status") == "ok"
    assert int(field(c, "rdb_changes_since_last_save")) > 5000
    assert c.call("DEBUG", "DIGEST") != digest
    other = again(start_server, connect, server)
    assert other.call("DEBUG", "DIGEST") == digest


def test_a_value_that_two_keys_share_is_saved_twice(
    start_server: StartServer, connect: Connect
) -> None:
    """The child gives memory back as it goes, but not what it needs again."""
    server = start_server()
    c = connect(server)
    for i in range(20):
        c.ok("SET", f"key {i}", f"{i}" * 100_000)
        assert c.call("COPY", f"key {i}", f"copy {i}") == 1
    digest = c.call("DEBUG", "DIGEST")
    bgsave(c)
    assert c.call("DEBUG", "DIGEST") == digest
    assert again(start_server, connect, server).call("DEBUG", "DIGEST") == digest


# The rules


def test_a_rule_saves(start_server: StartServer, connect: Connect) -> None:
    server = start_server({"save": "1 3"})
    c = connect(server)
    for name in "abc":
        c.ok("SET", name, "1")
    server.wait_for_log("3 changes in 1 seconds. Saving...")
    server.wait_for_log("Background saving terminated with success")
    assert again(start_server, connect, server).call("DBSIZE") == 3


def test_rules_are_shown_as_they_were_given(c: Client) -> None:
    before = c.call("CONFIG", "GET", "save")[1]
    c.ok("CONFIG", "SET", "save", "100 10 60 1000")
    assert c.call("CONFIG", "GET", "save") == [b"save", b"100 10 60 1000"]
    for wrong in ("100", "0 1", "100 x", "100 -1", "10 1 5"):
        assert "Invalid save parameters" in c.err("CONFIG", "SET", "save", wrong)
    c.ok("CONFIG", "SET", "save", "")
    assert c.call("CONFIG", "GET", "save") == [b"save", b""]
    c.ok("CONFIG", "SET", "save", before)


def test_flushall_saves_nothing_if_there_are_rules(
    start_server: StartServer, connect: Connect
) -> None:
    server = start_server({"save": "3600 1"})
    c = connect(server)
    c.ok("SET", "a", "1")
    c.ok("SAVE")
    c.ok("CONFIG", "SET", "rdb-key-save-delay", SLOW["rdb-key-save-delay"])
    assert c.call("BGSAVE") == "Background saving started"
    c.ok("FLUSHALL")
    wait_for_end(c)
    assert field(c, "rdb_changes_since_last_save") == "0"
    assert field(c, "rdb_last_bgsave_status") == "ok"
    assert again(start_server, connect, server).call("DBSIZE") == 0


# Failures


def test_while_a_snapshot_has_failed_writes_are_refused(
    start_server: StartServer, connect: Connect
) -> None:
    server = start_server({**SLOW, "save": "3600 1"})
    c = connect(server)
    c.ok("SET", "a", "1")
    assert c.call("BGSAVE") == "Background saving started"
    os.kill(child(server), signal.SIGKILL)
    wait_for_end(c)
    server.wait_for_log("Background saving terminated by signal 9")
    assert files(server) == []
    assert field(c, "rdb_last_bgsave_status") == "err"
    for request in (("SET", "a", "2"), ("PING",), ("FLUSHALL",), ("DEL", "x")):
        assert c.err(*request) == MISCONF
    assert c.call("GET", "a") == b"1"
    assert c.call("PUBLISH", "a", "b") == 0
    c.ok("MULTI")
    assert c.err("SET", "a", "2") == MISCONF
    assert c.err("EXEC") == "EXECABORT Transaction discarded because of previous errors."
    for name, off, on in (
        ("stop-writes-on-bgsave-error", "no", "yes"),
        ("save", "", "3600 1"),
    ):
        c.ok("CONFIG", "SET", name, off)
        c.ok("SET", "a", "2")
        c.ok("CONFIG", "SET", name, on)
        assert c.err("PING") == MISCONF
    c.ok("CONFIG", "SET", "rdb-key-save-delay", "0")
    c.ok("SAVE")
    assert field(c, "rdb_last_bgsave_status") == "ok"
    c.ok("SET", "a", "3")


@pytest.mark.beyond_oracle
def test_failures_in_a_row_are_counted(start_server: StartServer, connect: Connect) -> None:
    server = start_server()
    c = connect(server)
    block_saving(server)
    bgsave(c)
    bgsave(c)
    assert field(c, "rdb_saves_consecutive_failures") == "2"
    (server.dir / "dump.rdb").rmdir()
    bgsave(c)
    assert b"rdb_saves_consecutive_failures" not in c.call("INFO", "persistence")


def test_a_file_that_cannot_take_its_place(start_server: StartServer, connect: Connect) -> None:
    server = start_server()
    c = connect(server)
    c.ok("SET", "a", "1")
    block_saving(server)
    assert c.err("SAVE") == "ERR"
    assert field(c, "rdb_last_bgsave_status") == "ok"
    assert field(c, "rdb_changes_since_last_save") == "1"
    bgsave(c)
    assert field(c, "rdb_last_bgsave_status") == "err"
    assert files(server) == ["dump.rdb"]
    server.wait_for_log("Error moving temp DB file temp-[0-9]+.rdb on the final destination")
    server.wait_for_log("Background saving error")
    c.ok("SET", "a", "2")  # there are no rules


@pytest.mark.beyond_oracle  # which is ended by the signal
def test_a_full_disk_leaves_the_old_file(start_server: StartServer, connect: Connect) -> None:
    server = start_server()
    c = connect(server)
    c.ok("SET", "a", "1")
    c.ok("SAVE")
    before = (server.dir / "dump.rdb").read_bytes()
    for i in range(100):
        c.ok("SET", f"key {i}", os.urandom(10_000))
    resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (100_000, 100_000))
    assert c.err("SAVE") == "ERR"
    bgsave(c)
    assert field(c, "rdb_last_bgsave_status") == "err"
    server.wait_for_log("Write error saving DB on disk: File too large")
    assert files(server) == ["dump.rdb"]
    assert (server.dir / "dump.rdb").read_bytes() == before


def test_the_folder_may_change_while_a_child_is_at_work(
    start_server: StartServer, connect: Connect
) -> None:
    server = start_server({**SLOW, "enable-protected-configs": "yes"})
    c = connect(server)
    c.ok("SET", "a", "1")
    (server.dir / "other").mkdir()
    assert c.call("BGSAVE") == "Background saving started"
    temp = server.dir / f"temp-{child(server)}.rdb"
    wait_for("the file", temp.exists)
    c.ok("CONFIG", "SET", "dir", str(server.dir / "other"))
    os.kill(child(server), signal.SIGUSR1)
    wait_for_end(c)
    if b"tarn_version" in c.call("INFO", "server"):
        assert not temp.exists()
    c.ok("CONFIG", "SET", "rdb-key-save-delay", "0")
    c.ok("SAVE")
    assert (server.dir / "other" / "dump.rdb").exists()


# Loading


def saved(start_server: StartServer, connect: Connect) -> tuple[Server, bytes]:
    server = start_server()
    c = connect(server)
    for i in range(100):
        c.ok("SET", f"key {i}", f"value {i}")
    c.ok("SET", "gone", "x", "PX", "1")
    c.ok("SAVE")
    wait_for("its end", lambda: c.call("EXISTS", "gone") == 0)
    server.stop()
    return server, (server.dir / "dump.rdb").read_bytes()


def test_the_start_tells_what_it_loads(start_server: StartServer, connect: Connect) -> None:
    first, _ = saved(start_server, connect)
    server = start_server({"dir": str(first.dir)})
    for line in (
        "Loading RDB produced by version [0-9.]+",
        "RDB age [0-9]+ seconds",
        "RDB memory usage when created [0-9.]+ Mb",
        r"Done loading RDB, keys loaded: 100, keys expired: [01]\.",
        "DB loaded from disk: [0-9.]+ seconds",
    ):
        server.wait_for_log(line)
    c = connect(server)
    assert field(c, "rdb_last_load_keys_loaded") == "100"
    assert field(c, "rdb_changes_since_last_save") == "0"


def spoil(data: bytes, how: str) -> bytes:
    if how == "cut":
        return data[: data.index(b"value 50") + 3]
    if how == "signature":
        return b"REDIX" + data[5:]
    if how == "version":
        return b"REDIS0099" + data[9:]
    if how == "checksum":
        return data[:-1] + bytes([data[-1] ^ 1])
    return b""


@pytest.mark.beyond_oracle  # which says less
@pytest.mark.parametrize(
    ("how", "told"),
    [
        ("cut", "Unexpected EOF reading RDB file: expected .*key 'key 50'"),
        ("signature", "Wrong signature trying to load DB from file"),
        ("version", "Can't handle RDB format version 99"),
        ("checksum", "Wrong RDB checksum expected"),
        ("empty", "Unexpected EOF reading RDB file"),
    ],
)
def test_a_spoilt_file_stops_the_start(
    start_server: StartServer, connect: Connect, how: str, told: str
) -> None:
    first, data = saved(start_server, connect)
    (first.dir / "dump.rdb").write_bytes(spoil(data, how))
    server = start_server({"dir": str(first.dir)}, wait=False)
    server.wait_for_log("Internal error in RDB reading offset [0-9]+ -> " + told)
    server.wait_for_log("Terminating server after rdb file reading failure.")
    server.wait_exit(expect_status=1)
    assert (first.dir / "dump.rdb").read_bytes() == spoil(data, how)


@pytest.mark.beyond_oracle
def test_what_is_no_file_stops_the_start(start_server: StartServer) -> None:
    server = start_server({"dbfilename": "x"}, wait=False)
    server.kill()
    (server.dir / "x").mkdir()
    server.spawn()
    server.wait_for_log("Fatal error loading the DB: Is a directory. Exiting.")
    server.wait_exit(expect_status=1)


# DEBUG RELOAD


def test_reload_brings_everything_back(start_server: StartServer, connect: Connect) -> None:
    server = start_server()
    c = connect(server)
    c.ok("SET", "a", "1", "EX", "1000")
    c.ok("RPUSH", "b", *(str(i) for i in range(1000)))
    c.ok("SELECT", "5")
    c.ok("SET", "c", "2")
    digest = c.call("DEBUG", "DIGEST")
    c.ok("DEBUG", "RELOAD")
    assert c.call("DEBUG", "DIGEST") == digest
    assert c.call("GET", "c") == b"2"
    server.wait_for_log("DB reloaded by DEBUG RELOAD")
    c.ok("SET", "c", "3")
    c.ok("DEBUG", "RELOAD", "NOSAVE")
    assert c.call("GET", "c") == b"2"


def test_reload_may_merge(start_server: StartServer, connect: Connect) -> None:
    c = connect(start_server())
    c.ok("SET", "a", "1")
    c.ok("SET", "b", "1")
    c.ok("SAVE")
    c.ok("SET", "b", "2")
    c.ok("SET", "c", "2")
    c.ok("DEBUG", "RELOAD", "nosave", "noflush", "merge")
    assert c.call("MGET", "a", "b", "c") == [b"1", b"1", b"2"]
    assert c.err("DEBUG", "RELOAD", "FOO") == (
        "ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options."
    )


def test_a_reload_that_cannot_save_changes_nothing(
    start_server: StartServer, connect: Connect
) -> None:
    server = start_server()
    c = connect(server)
    c.ok("SET", "a", "1")
    block_saving(server)
    assert c.err("DEBUG", "RELOAD") == "ERR"
    assert c.call("GET", "a") == b"1"
