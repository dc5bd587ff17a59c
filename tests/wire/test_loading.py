"""While data is being loaded: who is served, what is told, how the server ends. At the start, and by DEBUG."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any, Callable, Iterator

import pytest
from conftest import Connect, StartServer
from support.client import Client
from support.resp import encode
from support.server import Server, Value
from support.text import info_fields
from support.wait import wait_for

LOADING = "LOADING Redis is loading the dataset in memory"
KEYS = 2000
DIR = "appendonlydir"
# Each key takes five milliseconds, and clients are looked at between any two of them.
SLOW: dict[str, Value] = {"key-load-delay": 5000, "loading-process-events-interval-bytes": 1024}
AOF: dict[str, Value] = {"appendonly": "yes", "aof-use-rdb-preamble": "no"}


def persistence(c: Client) -> dict[str, str]:
    return info_fields(c.ok("INFO", "persistence"))


def is_loading(c: Client) -> bool:
    return persistence(c)["loading"] == "1"


def finish(c: Client) -> None:
    """Lets the rest be loaded at once, and waits for it."""
    c.ok("CONFIG", "SET", "key-load-delay", 0)
    wait_for("the end of the load", lambda: not is_loading(c))


def write_aof(folder: Path) -> bytes:
    """An append-only file of KEYS keys."""
    (folder / DIR).mkdir()
    content = encode("SELECT", 0) + b"".join(encode("SET", f"key:{i}", i) for i in range(KEYS))
    (folder / DIR / "appendonly.aof.manifest").write_bytes(
        b"file appendonly.aof.1.incr.aof seq 1 type i\n"
    )
    (folder / DIR / "appendonly.aof.1.incr.aof").write_bytes(content)
    return content


def write_rdb(start_server: StartServer, connect: Connect) -> Path:
    """A folder with a snapshot of KEYS keys."""
    server = start_server()
    c = connect(server)
    c.ok("DEBUG", "POPULATE", KEYS)
    c.ok("SAVE")
    c.close()
    server.stop()
    return server.dir


Begin = Callable[..., Server]


@pytest.fixture(name="slow_start", params=["rdb", "aof"])
def _slow_start(
    request: pytest.FixtureRequest, start_server: StartServer, connect: Connect, tmp_path: Path
) -> Iterator[Begin]:
    """Starts a server that has a long load before it, and does not wait for that."""

    def begin(**more: Value) -> Server:
        directives: dict[str, Value] = {**SLOW, **more}
        if request.param == "aof":
            write_aof(tmp_path)
            directives |= {**AOF, "dir": str(tmp_path)}
        else:
            directives["dir"] = str(write_rdb(start_server, connect))
        return start_server(directives, wait=False)

    yield begin


def come(server: Server, connect: Connect) -> Client:
    """A connection to a server that listens soon."""

    def attempt() -> Client | None:
        try:
            return connect(server)
        except OSError:
            return None

    c = wait_for("the listener", attempt)
    wait_for("the load", lambda: is_loading(c))
    return c


def test_what_clients_are_told(slow_start: Begin, connect: Connect) -> None:
    server = slow_start()
    c = come(server, connect)
    for args in (("GET", "a"), ("SET", "a", 1), ("PING",), ("DBSIZE",), ("KEYS", "*"), ("FLUSHALL",)):
        assert c.err(*args) == LOADING
    assert c.err("NOSUCH").startswith("ERR unknown command")
    assert c.err("GET").startswith("ERR wrong number of arguments")
    fields = persistence(c)
    assert fields["async_loading"] == "0"
    assert int(fields["loading_total_bytes"]) >= int(fields["loading_loaded_bytes"]) > 0
    assert 0 < float(fields["loading_loaded_perc"]) <= 100
    assert int(fields["loading_eta_seconds"]) >= 0
    assert int(fields["loading_start_time"]) > 1_700_000_000
    assert "Ready to accept connections" not in server.log
    finish(c)
    assert "loading_start_time" not in persistence(c)
    assert c.ok("DBSIZE") == KEYS
    server.wait_for_log("Ready to accept connections")


def test_what_may_run(slow_start: Begin, connect: Connect) -> None:
    server = slow_start()
    c, d = come(server, connect), connect(server)
    assert c.ok("CONFIG", "GET", "key-load-delay") == [b"key-load-delay", b"5000"]
    c.ok("CONFIG", "SET", "maxmemory-samples", 7)
    assert c.err("CONFIG", "SET", "appendonly", "yes") == LOADING
    assert c.ok("SELECT", 3) == "OK"
    assert b"cmd=client|list" in c.ok("CLIENT", "LIST")
    d.send("SUBSCRIBE", "news")
    assert d.read() == [b"subscribe", b"news", 1]
    assert c.ok("PUBLISH", "news", "hello") == 1
    assert d.read() == [b"message", b"news", b"hello"]
    three = connect(server, proto=3)
    assert three.ok("CLIENT", "ID") > 0
    assert is_loading(c)
    finish(c)


def test_transactions(slow_start: Begin, connect: Connect) -> None:
    server = slow_start()
    c = come(server, connect)
    c.ok("MULTI")
    assert c.err("GET", "a") == LOADING
    assert c.err("EXEC") == "EXECABORT Transaction discarded because of previous errors."
    c.ok("MULTI")
    assert c.ok("CLIENT", "GETNAME") == "QUEUED"
    assert c.ok("EXEC") == [None]
    c.ok("WATCH", "key:1")
    c.ok("UNWATCH")
    finish(c)


def test_clients_come_and_go(slow_start: Begin, connect: Connect) -> None:
    server = slow_start()
    c = come(server, connect)
    others = [connect(server) for _ in range(20)]
    for other in others[:10]:
        other.send("CLIENT", "ID")
        other.send_raw(b"*2\r\n$3\r\nGET\r\n$1000\r\nhalf of")
    for count in ("21", "11"):
        wait_for(
            "the clients", lambda: info_fields(c.ok("INFO", "clients"))["connected_clients"] == count
        )
        for other in others[5:15]:
            other.close()
    assert c.ok("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes") == 10
    assert is_loading(c)
    finish(c)
    assert c.ok("DBSIZE") == KEYS


def test_a_pipeline_begun_while_loading(slow_start: Begin, connect: Connect) -> None:
    server = slow_start()
    c, d = come(server, connect), connect(server)
    d.send_raw(encode("ECHO", "x" * 100_000)[:50_000])
    d.send_raw(encode("ECHO", "x" * 100_000)[50_000:] + encode("CLIENT", "ID") * 100)
    for _ in range(101):
        d.read()
    finish(c)
    assert d.call("DBSIZE") == KEYS


def test_passwords_hold_while_loading(slow_start: Begin, connect: Connect) -> None:
    server = slow_start(requirepass="secret")
    c = wait_for("the listener", lambda: _connected(server, connect))
    assert c.err("INFO") == "NOAUTH Authentication required."
    c.ok("AUTH", "secret")
    wait_for("the load", lambda: is_loading(c))
    finish(c)


def _connected(server: Server, connect: Connect) -> Client | None:
    try:
        return connect(server)
    except OSError:
        return None


def _files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.mark.parametrize("how", ["signal", "SHUTDOWN", "SHUTDOWN NOSAVE", "SHUTDOWN SAVE"])
def test_the_end_amid_a_load(slow_start: Begin, connect: Connect, how: str) -> None:
    """At once, and nothing is written over what was not read."""
    server = slow_start(save="1 1")
    folder = Path(str(server.directives["dir"]))
    c = come(server, connect)
    before = _files(folder)
    if how == "signal":
        server.process.send_signal(signal.SIGTERM)
    else:
        c.send(*how.split())
    server.wait_exit(0)
    assert _files(folder) == before
    assert "bye bye" in server.log
    assert "Ready to accept connections" not in server.log


@pytest.mark.beyond_oracle
def test_progress_is_logged(slow_start: Begin, connect: Connect) -> None:
    server = slow_start()
    c = come(server, connect)
    server.wait_for_log(r"Loading data: \d+\.\d% \(\d+ of \d+ bytes\)")
    finish(c)


# ---- amid a command


@pytest.fixture(name="filled")
def _filled(start_server: StartServer, connect: Connect) -> Server:
    server = start_server({**AOF, "loading-process-events-interval-bytes": 1024})
    c = connect(server)
    c.send_raw(b"".join(encode("SET", f"key:{i}", i) for i in range(KEYS)))
    for _ in range(KEYS):
        c.read()
    c.ok("CONFIG", "SET", "key-load-delay", 5000)
    c.close()
    return server


def amid(server: Server, connect: Connect) -> Client:
    """A connection made while the load runs: whoever spoke in the same turn as the command would wait for its end."""
    if "tarn" in Path(server.binary).name:
        server.wait_for_log("Loading data: ")
    d = connect(server)
    wait_for("the load", lambda: is_loading(d))
    return d


@pytest.mark.parametrize("verb", ["LOADAOF", "RELOAD"])
def test_others_are_served_amid_debug(filled: Server, connect: Connect, verb: str) -> None:
    c = connect(filled)
    c.send_raw(encode("SET", "before", 1) + encode("DEBUG", verb) + encode("SET", "behind", 2))
    assert c.read() == "OK"
    d = amid(filled, connect)
    c.send("DBSIZE")  # is not read before its time
    assert d.err("GET", "before") == LOADING
    assert d.call("CLIENT", "GETNAME") is None
    finish(d)
    assert [c.read(), c.read(), c.read()] == ["OK", "OK", KEYS + 2]
    assert d.ok("GET", "before") == b"1"


@pytest.mark.parametrize("verb", ["LOADAOF", "RELOAD"])
def test_who_waits_for_a_load_may_go(filled: Server, connect: Connect, verb: str) -> None:
    c = connect(filled)
    number = c.ok("CLIENT", "ID")
    c.send_raw(encode("DEBUG", verb) + encode("SET", "never", 1))
    d = amid(filled, connect)
    assert d.ok("CLIENT", "KILL", "ID", number) == 1
    finish(d)
    assert d.ok("EXISTS", "never") == 0
    assert d.ok("DBSIZE") == KEYS
    assert info_fields(d.ok("INFO", "clients"))["connected_clients"] == "1"


@pytest.mark.parametrize("verb", ["LOADAOF", "RELOAD"])
def test_the_end_amid_debug(filled: Server, connect: Connect, verb: str) -> None:
    connect(filled).send("DEBUG", verb)
    amid(filled, connect)
    filled.process.send_signal(signal.SIGTERM)
    filled.wait_exit(0)


@pytest.mark.beyond_oracle
@pytest.mark.parametrize("verb", ["LOADAOF", "RELOAD"])
def test_a_load_amid_a_load_is_refused(filled: Server, connect: Connect, verb: str) -> None:
    c = connect(filled)
    c.send("DEBUG", "LOADAOF")
    d = amid(filled, connect)
    assert d.err("DEBUG", verb)
    finish(d)
    assert c.read() == "OK"
    assert d.ok("DBSIZE") == KEYS


@pytest.mark.beyond_oracle
def test_a_load_within_a_transaction_is_not_left(filled: Server, connect: Connect) -> None:
    """Its reply has begun: nobody else is served before it is whole."""
    c = connect(filled)
    c.ok("CONFIG", "SET", "key-load-delay", -10)
    c.send_raw(
        encode("MULTI")
        + encode("SET", "a", 1)
        + encode("DEBUG", "LOADAOF")
        + encode("GET", "key:7")
        + encode("EXEC")
    )
    replies: list[Any] = [c.read() for _ in range(5)]
    assert replies[-1][1:] == ["OK", b"7"]


def test_a_transaction_queued_before_a_load_goes_by_its_commands(
    filled: Server, connect: Connect
) -> None:
    c, d, e = connect(filled), connect(filled), connect(filled)
    d.ok("MULTI")
    d.ok("GET", "key:1")
    e.ok("MULTI")
    e.ok("CLIENT", "GETNAME")
    c.send("DEBUG", "LOADAOF")
    f = amid(filled, connect)
    assert d.err("EXEC") == f"EXECABORT Transaction discarded because of: {LOADING}"
    assert e.ok("EXEC") == [None]
    finish(f)
    assert c.read() == "OK"


def test_keys_expire_again_behind_a_load(filled: Server, connect: Connect) -> None:
    c = connect(filled)
    c.ok("CONFIG", "SET", "key-load-delay", 0)
    c.ok("SET", "short", 1, "PX", 300)
    c.ok("DEBUG", "LOADAOF")
    wait_for("the expiry", lambda: c.ok("EXISTS", "short") == 0)
    wait_for("the removal", lambda: c.ok("DBSIZE") == KEYS)


def test_a_pause_that_begins_amid_a_load_holds(filled: Server, connect: Connect) -> None:
    c, e = connect(filled), connect(filled)
    c.send("DEBUG", "LOADAOF")
    d = amid(filled, connect)
    d.ok("CLIENT", "PAUSE", 100_000, "WRITE")
    assert e.err("SET", "a", 1) == LOADING
    finish(d)
    assert c.read() == "OK"
    e.send("SET", "a", 1)
    wait_for(
        "the pause", lambda: info_fields(d.ok("INFO", "clients"))["blocked_clients"] == "1"
    )
    assert d.ok("EXISTS", "a") == 0
    d.ok("CLIENT", "UNPAUSE")
    assert e.read() == "OK"
