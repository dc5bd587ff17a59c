"""Loading an append-only file: what redis-server wrote, what is torn, wrong, or of an older server."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Iterator, Mapping

import pytest
from conftest import Connect, StartServer
from support.client import Client
from support.resp import encode
from support.samples import fill
from support.server import Server, Value
from support.text import info_fields
from support.wait import wait_for

ORACLE = shutil.which("redis-server") or "/usr/bin/redis-server"
DIR = "appendonlydir"
MANIFEST, BASE = f"{DIR}/appendonly.aof.manifest", f"{DIR}/appendonly.aof.1.base.aof"
INCR, INCR2 = f"{DIR}/appendonly.aof.1.incr.aof", f"{DIR}/appendonly.aof.2.incr.aof"
BASE_AND_INCR = (
    b"file appendonly.aof.1.base.aof seq 1 type b\nfile appendonly.aof.1.incr.aof seq 1 type i\n"
)
TWO_INCRS = BASE_AND_INCR + b"file appendonly.aof.2.incr.aof seq 2 type i\n"
ON: dict[str, Value] = {"appendonly": "yes"}

SELECT = encode("SELECT", 0)
A, B = SELECT + encode("SET", "a", 1), SELECT + encode("SET", "b", 2) + encode("RPUSH", "l", "x", "y")


class Files:
    """A folder of files and a server that starts on it."""

    def __init__(self, start: StartServer, folder: Path, files: Mapping[str, bytes]) -> None:
        self.start_server, self.dir = start, folder
        for name, content in files.items():
            path = folder / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content)

    def size(self, name: str) -> int:
        return (self.dir / name).stat().st_size

    def contents(self) -> dict[str, bytes]:
        return {
            str(path.relative_to(self.dir)): path.read_bytes()
            for path in self.dir.rglob("*")
            if path.is_file()
        }

    def start(self, **directives: Value) -> Server:
        named = {name.replace("_", "-"): value for name, value in directives.items()}
        return self.start_server({**ON, "dir": str(self.dir), **named})

    def refuses(self, pattern: str, **directives: Value) -> str:
        """The server does not start, says why, and leaves everything as it is. Its log."""
        before = self.contents()
        named = {name.replace("_", "-"): value for name, value in directives.items()}
        server = self.start_server({**ON, "dir": str(self.dir), **named}, wait=False)
        server.wait_exit(1)
        assert re.search(pattern, server.log), server.log
        assert self.contents() == before
        return server.log


@pytest.fixture(name="files")
def _files(start_server: StartServer, tmp_path: Path) -> Iterator[object]:
    yield lambda content: Files(start_server, tmp_path, content)


def parts(base: bytes = A, incr: bytes = B) -> dict[str, bytes]:
    return {MANIFEST: BASE_AND_INCR, BASE: base, INCR: incr}


def keys(c: Client) -> set[bytes]:
    return set(c.ok("KEYS", "*"))


# ---- what redis-server wrote


def _write_all(c: Client) -> None:
    for number in (3, 0):
        c.ok("SELECT", number)
        c.ok("DEL", "stream:a", "stream:empty")
        fill(c)
    c.ok("MULTI")
    for number in range(5):
        c.ok("INCRBYFLOAT", "float", 0.1)
        c.ok("SELECT", number % 2)
        c.ok("SPOP", "set:128")
    c.ok("EXEC")
    c.ok("SELECT", 0)
    c.ok("EVAL", "for i = 1, 9 do redis.call('ZADD', KEYS[1], i, 'm' .. i) end", 1, "of a script")
    c.ok("SET", "temporary", "v", "EX", 100_000)
    c.ok("SET", "gone", "v", "PX", 1)
    c.ok("GETEX", "string:127", "PXAT", 9_000_000_000_000)
    c.ok("XADD", "stream:a", "MAXLEN", "~", 10, "*", "f", "v")
    c.ok("XAUTOCLAIM", "stream:a", "g", "c9", 0, 0, "COUNT", 2)
    c.ok("COPY", "hash:129", "copied")
    c.ok("RENAME", "list:1", "renamed")
    c.ok("SORT", "list:128", "ALPHA", "STORE", "sorted")
    c.ok("GEOADD", "places", 13.361389, 38.115556, "Palermo")
    c.ok("PFADD", "hll", *range(1000))
    c.ok("SETBIT", "bits", 70_000, 1)
    c.ok("LMOVE", "list:127", "list:128", "LEFT", "RIGHT")


_WRITTEN: tuple[dict[str, Value], ...] = (
    {},
    {"aof-use-rdb-preamble": "no"},
    {"aof-timestamp-enabled": "yes"},
    {"appendfsync": "always", "appendfilename": "another name", "appenddirname": "another dir"},
)


@pytest.mark.parametrize("rewritten", [False, True])
@pytest.mark.parametrize("settings", _WRITTEN)
def test_files_of_redis_server_are_loaded(
    start_server: StartServer, connect: Connect, settings: dict[str, Value], rewritten: bool
) -> None:
    with Server(ORACLE, {**ON, **settings}) as peer:
        with peer.connect() as theirs:
            _write_all(theirs)
            if rewritten:
                theirs.ok("BGREWRITEAOF")
                wait_for(
                    "the rewrite",
                    lambda: info_fields(theirs.ok("INFO", "persistence"))["aof_rewrite_in_progress"] == "0",
                )
                _write_all(theirs)
            wait_for("the expiry", lambda: not theirs.ok("EXISTS", "gone"))
            digest, count = theirs.ok("DEBUG", "DIGEST"), theirs.ok("INFO", "keyspace")
        peer.stop()
        server = start_server({**ON, **settings, "dir": str(peer.dir)})
        c = connect(server)
        assert c.ok("DEBUG", "DIGEST") == digest
        assert re.findall(rb"keys=\d+,expires=\d+", c.ok("INFO", "keyspace")) == re.findall(
            rb"keys=\d+,expires=\d+", count
        )
        server.wait_for_log("DB loaded from append only file: .* seconds")
        # And what is written from here on stands behind it.
        c.ok("SET", "mine", 1)
        c.ok("DEBUG", "LOADAOF")
        assert c.ok("GET", "mine") == b"1"
        server.stop()
        again = connect(start_server({**ON, **settings, "dir": str(peer.dir)}))
        assert again.ok("GET", "mine") == b"1"
        again.ok("DEL", "mine")
        assert again.ok("DEBUG", "DIGEST") == digest


# ---- torn ends


def test_a_torn_end_is_cut_off(files, connect: Connect) -> None:
    folder = files(parts(incr=B[:-5]))
    server = folder.start()
    assert keys(connect(server)) == {b"a", b"b"}
    server.wait_for_log("!!! Warning: short read while loading the AOF file appendonly.aof.1.incr.aof!!!")
    whole = len(SELECT + encode("SET", "b", 2))
    server.wait_for_log(f"!!! Truncating the AOF appendonly.aof.1.incr.aof at offset {whole}")
    server.wait_for_log(
        "AOF appendonly.aof.1.incr.aof loaded anyway because aof-load-truncated is enabled"
    )
    assert folder.size(INCR) == whole


def test_a_torn_end_is_not_cut_off_where_that_is_forbidden(files) -> None:
    log = files(parts(incr=B[:-5])).refuses(
        "Unexpected end of file reading the append only file appendonly.aof.1.incr.aof",
        aof_load_truncated="no",
    )
    assert "DB loaded from base file appendonly.aof.1.base.aof" in log


@pytest.mark.beyond_oracle
def test_cut_at_every_byte(files, connect: Connect) -> None:
    """The state is that of the last whole command or transaction. (redis-server leaves the whole commands of a
    transaction that is torn inside of one.)"""
    steps = [
        (SELECT + encode("SET", "k", 1), b"1"),
        (encode("MULTI") + encode("INCR", "k") + encode("INCR", "k") + encode("EXEC"), b"3"),
        (encode("SET", "k", "x" * 40), b"x" * 40),
        (encode("multi") + encode("APPEND", "k", "y") + encode("exec"), b"x" * 40 + b"y"),
    ]
    whole = b"".join(step for step, _ in steps)
    ends = {0: None}
    for number, (_, value) in enumerate(steps):
        ends[sum(len(step) for step, _ in steps[: number + 1])] = value
    folder = files(parts(base=b""))
    for length in range(len(whole) + 1):
        (folder.dir / INCR).write_bytes(whole[:length])
        end = max(at for at in ends if at <= length)
        if length < len(SELECT):
            end = 0
        elif end == 0:
            end = len(SELECT)  # which changes nothing
        server = folder.start()
        c = connect(server)
        assert c.ok("GET", "k") == ends.get(end), length
        assert folder.size(INCR) == end, length
        assert ("short read" in server.log) == (end != length), length
        c.close()
        server.stop()


def test_a_transaction_without_its_end_is_cut_off(files, connect: Connect) -> None:
    folder = files(parts(incr=B + encode("MULTI") + encode("SET", "m", 1)))
    server = folder.start()
    assert keys(connect(server)) == {b"a", b"b", b"l"}
    server.wait_for_log("Revert incomplete MULTI/EXEC transaction in AOF file appendonly.aof.1.incr.aof")
    assert folder.size(INCR) == len(B)


@pytest.mark.beyond_oracle
def test_a_transaction_torn_inside_a_command_goes_whole(files, connect: Connect) -> None:
    """What is written next must not join half a transaction."""
    folder = files(parts(incr=B + encode("MULTI") + encode("SET", "m", 1) + encode("SET", "n", 2)[:-4]))
    server = folder.start()
    c = connect(server)
    assert keys(c) == {b"a", b"b", b"l"}
    assert folder.size(INCR) == len(B)
    c.ok("SET", "after", 1)
    server.stop()
    assert keys(connect(folder.start())) == {b"a", b"b", b"l", b"after"}


@pytest.mark.beyond_oracle
@pytest.mark.parametrize("torn", ["base", "incr"])
def test_only_the_last_file_may_be_torn(files, torn: str) -> None:
    """redis-server refuses, too, but has cut the file by then."""
    content = {MANIFEST: TWO_INCRS, BASE: A, INCR: B, INCR2: B}
    name = BASE if torn == "base" else INCR
    content[name] = content[name][:-3]
    files(content).refuses("Fatal error: the truncated file is not the last file")


@pytest.mark.beyond_oracle
def test_an_annotation_without_its_end_is_cut_off(files, connect: Connect) -> None:
    folder = files(parts(incr=B + b"#TS:17000000"))
    assert keys(connect(folder.start())) == {b"a", b"b", b"l"}
    assert folder.size(INCR) == len(B)


# ---- what is wrong


@pytest.mark.parametrize(
    ("bad", "offset"),
    [(b"xyz", 0), (b"*2\r\nxyz", 4), (b"*0\r\n", 0), (b"SET a 1\r\n", 0), (b"*1\r\n+OK\r\n", 4)],
)
def test_what_cannot_stand_in_a_file_stops_the_start(files, bad: bytes, offset: int) -> None:
    log = files(parts(incr=B + bad + B)).refuses(
        "Bad file format reading the append only file appendonly.aof.1.incr.aof"
    )
    if "tarn-check-aof" in log:
        assert f"(at offset {len(B) + offset}," in log


@pytest.mark.parametrize("name", ["FOO", "CLIENT"])
def test_unknown_commands_stop_the_start(files, name: str) -> None:
    files(parts(incr=B + encode(name, "nope", 1) + B)).refuses(
        f"Unknown command '{name}' reading the append only file appendonly.aof.1.incr.aof"
    )


@pytest.mark.beyond_oracle
@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (("SHUTDOWN", "NOSAVE"), "Not an effect: command 'SHUTDOWN'"),
        (("CONFIG", "SET", "maxclients", 1), "Not an effect: command 'CONFIG'"),
        (("CLIENT", "SETNAME", "x"), "Not an effect: command 'CLIENT'"),
        (("SET", "a"), "Wrong number of arguments for command 'SET'"),
    ],
)
def test_what_is_no_effect_stops_the_start(files, line: tuple[str, ...], reason: str) -> None:
    files(parts(incr=B + encode(*line) + B)).refuses(
        rf"{reason} reading the append only file appendonly.aof.1.incr.aof \(at offset {len(B)}\)"
    )


def test_errors_of_commands_are_told(files, connect: Connect) -> None:
    server = files(parts(incr=B + encode("INCR", "l") + encode("SET", "z", 1))).start()
    assert keys(connect(server)) == {b"a", b"b", b"l", b"z"}
    server.wait_for_log(
        "== CRITICAL == This server is sending an error to its AOF-loading-client: '-?WRONGTYPE .* "
        "after processing the command 'incr'"
    )


def test_missing_files_stop_the_start(files) -> None:
    missing = "Unable to obtain the AOF file {} length. stat: No such file or directory"
    content = parts()
    del content[INCR]
    files(content).refuses(missing.format("appendonly.aof.1.incr.aof"))


def test_a_missing_base_stops_the_start(files) -> None:
    content = parts()
    del content[BASE]
    files(content).refuses("Unable to obtain the AOF file appendonly.aof.1.base.aof length")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"", "Found an empty AOF manifest"),
        (b"file x seq 1\n", "Invalid AOF manifest file format"),
        (b"file x seq 1 type z\n", "Unknown AOF file type"),
        (BASE_AND_INCR + BASE_AND_INCR, "Found duplicate base file information"),
        (
            b"file b seq 2 type i\nfile a seq 1 type i\n",
            "Found a non-monotonic sequence number",
        ),
        (b"file " + b"x" * 2000 + b" seq 1 type i\n", "The AOF manifest file contains too long line"),
    ],
)
def test_a_bad_manifest_stops_the_start(files, text: bytes, reason: str) -> None:
    files({**parts(), MANIFEST: text}).refuses(reason)


@pytest.mark.beyond_oracle
def test_rdb_data_that_is_damaged_stops_the_start(start_server: StartServer, connect: Connect, files) -> None:
    server = start_server()
    c = connect(server)
    fill(c)
    c.ok("SAVE")
    rdb = (server.dir / "dump.rdb").read_bytes()
    log = files(parts(base=rdb[:-200])).refuses("Error reading the RDB base file appendonly.aof.1.base.aof")
    assert "Reading RDB base file on AOF loading..." in log
    (files(parts(base=rdb[:5000] + b"\xff\xff\xff\xff" + rdb[5004:]))).refuses("AOF loading aborted")


# ---- what is in the files


def test_annotations_and_databases(files, connect: Connect) -> None:
    incr = b"#TS:1628217470\r\n" + B + encode("SELECT", 3) + b"#TS:1628217471\r\n" + encode("SET", "m", 1)
    c = connect(files(parts(incr=incr)).start())
    assert keys(c) == {b"a", b"b", b"l"}
    c.ok("SELECT", 3)
    assert keys(c) == {b"m"}


def test_keys_do_not_expire_while_they_are_loaded(files, connect: Connect) -> None:
    """What follows may count on them; once loaded they go."""
    incr = B + encode("SET", "e", 1, "PXAT", 1000) + encode("INCR", "e") + encode("COPY", "e", "f")
    incr += encode("PERSIST", "f")
    c = connect(files(parts(incr=incr)).start())
    wait_for("the expiry", lambda: keys(c) == {b"a", b"b", b"l", b"f"})
    assert c.ok("GET", "f") == b"2"


def test_empty_files_are_no_error(files, connect: Connect) -> None:
    server = files(parts(base=b"", incr=b"")).start()
    assert keys(connect(server)) == set()
    assert "DB loaded from incr file" not in server.log
    assert "DB loaded from append only file" in server.log


def test_incremental_files_alone(files, connect: Connect) -> None:
    content = {MANIFEST: b"file appendonly.aof.1.incr.aof seq 1 type i\n", INCR: B}
    assert keys(connect(files(content).start())) == {b"b", b"l"}


def test_big_values_and_many_arguments(files, connect: Connect) -> None:
    incr = SELECT + encode("SET", "big", b"x" * 5_000_000) + encode("RPUSH", "many", *range(100_000))
    c = connect(files(parts(incr=incr)).start())
    assert c.ok("STRLEN", "big") == 5_000_000
    assert c.ok("LLEN", "many") == 100_000
    assert c.ok("LINDEX", "many", -1) == b"99999"


def test_loading_is_a_change_and_no_statistics(files, connect: Connect) -> None:
    c = connect(files(parts()).start())
    assert info_fields(c.ok("INFO", "persistence"))["rdb_changes_since_last_save"] == "4"
    assert b"cmdstat_set" not in c.ok("INFO", "commandstats")
    assert info_fields(c.ok("INFO", "persistence"))["aof_current_size"] == str(len(A + B))
    assert info_fields(c.ok("INFO", "persistence"))["aof_base_size"] == str(len(A))


# ---- the single file of older servers


def test_a_single_old_file_is_moved(files, connect: Connect) -> None:
    folder = files({"appendonly.aof": A + B})
    server = folder.start()
    c = connect(server)
    assert keys(c) == {b"a", b"b", b"l"}
    server.wait_for_log(
        r"Successfully migrated an old-style AOF file \(appendonly.aof\) into the AOF directory "
        r"\(appendonlydir\)."
    )
    assert not (folder.dir / "appendonly.aof").exists()
    assert folder.size(f"{DIR}/appendonly.aof") == len(A + B)
    c.ok("SET", "new", 1)
    server.stop()
    assert keys(connect(folder.start())) == {b"a", b"b", b"l", b"new"}


def test_a_single_old_file_with_rdb_data(files, start_server: StartServer, connect: Connect) -> None:
    server = start_server()
    c = connect(server)
    c.ok("SET", "saved", 1)
    c.ok("SAVE")
    rdb = (server.dir / "dump.rdb").read_bytes()
    moved = files({"appendonly.aof": rdb + B[:-4]}).start()
    assert keys(connect(moved)) == {b"saved", b"b"}
    moved.wait_for_log("Reading RDB preamble from AOF file...")
    moved.wait_for_log("Reading the remaining AOF tail...")


def test_an_interrupted_move_is_finished(files, connect: Connect) -> None:
    content = {MANIFEST: b"file appendonly.aof seq 1 type b\n", "appendonly.aof": A + B}
    folder = files(content)
    assert keys(connect(folder.start())) == {b"a", b"b", b"l"}
    assert not (folder.dir / "appendonly.aof").exists()


def test_a_manifest_goes_before_a_file_outside(files, connect: Connect) -> None:
    folder = files({**parts(), "appendonly.aof": SELECT + encode("SET", "old", 1)})
    assert keys(connect(folder.start())) == {b"a", b"b", b"l"}
    assert (folder.dir / "appendonly.aof").exists()


def test_without_appendonly_nothing_is_looked_at(files, connect: Connect) -> None:
    folder = files(parts(incr=b"xxx"))
    assert keys(connect(folder.start(appendonly="no"))) == set()
    assert folder.contents()[INCR] == b"xxx"


# ---- DEBUG LOADAOF


def test_debug_loadaof(start_server: StartServer, connect: Connect) -> None:
    server = start_server(ON)
    c = connect(server)
    fill(c)
    c.ok("SELECT", 5)
    c.ok("SET", "other", "db")
    digest = c.ok("DEBUG", "DIGEST")
    c.ok("DEBUG", "LOADAOF")
    assert c.ok("DEBUG", "DIGEST") == digest
    assert info_fields(c.ok("INFO", "persistence"))["rdb_changes_since_last_save"] == "0"
    server.wait_for_log("Append Only File loaded by DEBUG LOADAOF")
    c.ok("SET", "other", "again")  # in the database that the connection has selected
    digest = c.ok("DEBUG", "DIGEST")
    server.stop()
    assert connect(start_server({**ON, "dir": str(server.dir)})).ok("DEBUG", "DIGEST") == digest


def test_debug_loadaof_forgets_what_the_files_do_not_have(start_server: StartServer, connect: Connect) -> None:
    server = start_server(ON)
    c = connect(server)
    c.ok("SET", "a", 1)
    c.ok("DEBUG", "POPULATE", 10)  # is not journaled
    c.ok("DEBUG", "LOADAOF")
    assert keys(c) == {b"a"}


@pytest.mark.beyond_oracle
def test_a_waiter_is_served_behind_the_load(start_server: StartServer, connect: Connect) -> None:
    server = start_server(ON)
    c, waiter = connect(server), connect(server)
    c.ok("RPUSH", "q", "a")
    c.ok("LPOP", "q")
    waiter.send("BLPOP", "q", 0)
    wait_for("the waiter", lambda: info_fields(c.ok("INFO", "clients"))["blocked_clients"] == "1")
    c.ok("DEBUG", "LOADAOF")
    c.ok("RPUSH", "q", "b")
    assert waiter.read() == [b"q", b"b"]


@pytest.mark.beyond_oracle
def test_debug_loadaof_of_damaged_files_ends_the_server(start_server: StartServer, connect: Connect) -> None:
    """Half of the data is not served."""
    server = start_server(ON)
    c = connect(server)
    c.ok("SET", "a", 1)
    with open(server.dir / INCR, "ab") as file:
        file.write(b"xyz\r\n")
    c.send("DEBUG", "LOADAOF")
    server.wait_exit(1)
    assert "Bad file format reading the append only file" in server.log
