"""SHUTDOWN and signals: the server ends cleanly, with status 0."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from conftest import Connect, StartServer
from support.client import Client
from support.resp import encode
from support.server import Server
from support.wait import wait_for


@pytest.mark.parametrize("how", [(), ("NOSAVE",), ("nosave", "now"), ("FORCE",), ("NOW", "FORCE")])
def test_shutdown_ends_the_server_without_a_reply(
    start_server: StartServer, connect: Connect, how: tuple[str, ...]
) -> None:
    server = start_server()
    c = connect(server)
    c.send("SHUTDOWN", *how)
    assert c.read_to_end() == b""
    assert server.wait_exit() == 0
    assert "ready to exit, bye bye" in server.log


def test_shutdown_closes_the_other_clients(start_server: StartServer, connect: Connect) -> None:
    server = start_server()
    clients = [connect(server) for _ in range(20)]
    for client in clients:
        client.ok("PING")
    clients[0].send("SHUTDOWN", "NOSAVE")
    for client in clients:
        assert client.read_to_end() == b""
    server.wait_exit()


def test_replies_before_shutdown_in_a_pipeline_may_come(
    start_server: StartServer, connect: Connect
) -> None:
    server = start_server()
    c = connect(server)
    c.send_raw(encode("SET", "a", "1") + encode("SHUTDOWN", "NOSAVE") + encode("GET", "a"))
    assert c.read_to_end() in (b"", b"+OK\r\n")
    server.wait_exit()


def test_shutdown_refuses_wrong_options(start_server: StartServer, connect: Connect) -> None:
    c = connect(start_server())
    assert c.err("SHUTDOWN", "FOO") == "ERR syntax error"
    assert c.err("SHUTDOWN", "NOSAVE", "SAVE") == "ERR syntax error"
    assert c.err("SHUTDOWN", "ABORT") == "ERR No shutdown in progress."
    assert c.err("SHUTDOWN", "ABORT", "NOSAVE") == "ERR syntax error"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_ends_the_server(
    start_server: StartServer, connect: Connect, number: signal.Signals
) -> None:
    server = start_server()
    c = connect(server)
    c.ok("PING")
    server.process.send_signal(number)
    assert c.read_to_end() == b""
    assert server.wait_exit() == 0
    assert "ready to exit, bye bye" in server.log


def block_saving(server: Server) -> None:
    """A folder stands where the file shall be."""
    (server.dir / "dump.rdb").mkdir()


def saved_keys(start_server: StartServer, connect: Connect, server: Server) -> int:
    """What a server that starts in the same folder has."""
    c = connect(start_server({"dir": str(server.dir)}))
    keys = c.call("DBSIZE")
    assert isinstance(keys, int)
    return keys


@pytest.mark.parametrize(
    ("rules", "how", "is_saved"),
    [
        ("3600 1", ("SHUTDOWN",), True),
        ("3600 1", ("SHUTDOWN", "NOSAVE"), False),
        ("", ("SHUTDOWN",), False),
        ("", ("SHUTDOWN", "SAVE"), True),
        ("3600 1", ("SHUTDOWN", "NOW", "FORCE"), True),
    ],
)
def test_the_end_saves_if_there_are_rules_or_it_is_asked_to(
    start_server: StartServer, connect: Connect, rules: str, how: tuple[str, ...], is_saved: bool
) -> None:
    server = start_server({"save": rules})
    c = connect(server)
    c.ok("SET", "a", "1")
    c.send(*how)
    assert c.read_to_end() == b""
    assert server.wait_exit() == 0
    assert (server.dir / "dump.rdb").exists() == is_saved
    assert ("Saving the final RDB snapshot before exiting." in server.log) == is_saved
    assert saved_keys(start_server, connect, server) == is_saved


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_saves(
    start_server: StartServer, connect: Connect, number: signal.Signals
) -> None:
    server = start_server({"save": "3600 1"})
    connect(server).ok("SET", "a", "1")
    server.process.send_signal(number)
    assert server.wait_exit() == 0
    assert saved_keys(start_server, connect, server) == 1


def test_what_cannot_be_saved_keeps_the_server(start_server: StartServer, connect: Connect) -> None:
    server = start_server({"save": "3600 1"})
    c = connect(server)
    c.ok("SET", "a", "1")
    block_saving(server)
    for how in ((), ("SAVE",), ("NOW",)):
        assert c.err("SHUTDOWN", *how) == "ERR Errors trying to SHUTDOWN. Check logs."
    server.wait_for_log("Error trying to save the DB, can't exit")
    server.wait_for_log("Errors trying to shut down the server")
    assert c.call("GET", "a") == b"1"
    assert not list(server.dir.glob("temp-*"))
    c.send("SHUTDOWN", "NOSAVE")
    assert c.read_to_end() == b""
    assert server.wait_exit() == 0


def test_force_ends_although_saving_fails(start_server: StartServer, connect: Connect) -> None:
    server = start_server()
    c = connect(server)
    block_saving(server)
    c.send("SHUTDOWN", "SAVE", "FORCE")
    assert c.read_to_end() == b""
    assert server.wait_exit() == 0
    assert "Error trying to save the DB. Exit anyway." in server.log


def test_a_signal_that_cannot_end_the_server_is_forgotten(
    start_server: StartServer, connect: Connect
) -> None:
    server = start_server({"shutdown-on-sigterm": "save"})
    c = connect(server)
    block_saving(server)
    server.process.send_signal(signal.SIGTERM)
    server.wait_for_log("Errors trying to shut down the server")
    assert c.call("PING") == "PONG"
    c.ok("CONFIG", "SET", "shutdown-on-sigterm", "nosave now")
    server.stop()
    assert "You insist" not in server.log


def test_a_child_at_work_is_ended(start_server: StartServer, connect: Connect) -> None:
    server = start_server({"save": "3600 1", "rdb-key-save-delay": 1000000})
    c = connect(server)
    c.ok("SET", "a", "1")
    assert c.call("BGSAVE") == "Background saving started"
    c.ok("CONFIG", "SET", "rdb-key-save-delay", "0")
    server.stop()
    assert "There is a child saving an .rdb. Killing it!" in server.log
    assert [path.name for path in server.dir.iterdir()] == ["dump.rdb"]
    assert saved_keys(start_server, connect, server) == 1


def test_the_first_append_only_file_is_waited_for(
    start_server: StartServer, connect: Connect
) -> None:
    """Without it everything would be lost, whatever the words say about saving."""
    server = start_server({"rdb-key-save-delay": 100_000_000})
    c = connect(server)
    c.ok("SET", "a", "1")
    c.ok("CONFIG", "SET", "appendonly", "yes")
    for how in ((), ("NOSAVE",), ("NOW",)):
        assert c.err("SHUTDOWN", *how) == "ERR Errors trying to SHUTDOWN. Check logs."
    server.wait_for_log("Writing initial AOF, can't exit.")
    assert c.call("GET", "a") == b"1"
    c.send("SHUTDOWN", "FORCE")
    assert c.read_to_end() == b""
    assert server.wait_exit() == 0
    assert "Writing initial AOF. Exit anyway." in server.log
    assert "There is a child rewriting the AOF. Killing it!" in server.log


@pytest.mark.beyond_oracle  # whose second SIGTERM changes nothing
def test_second_signal_ends_at_once(start_server: StartServer) -> None:
    """Both arrive before the server can do anything about the first."""
    server = start_server()
    server.process.send_signal(signal.SIGSTOP)
    stat = Path(f"/proc/{server.pid}/stat")
    wait_for("a stopped process", lambda: stat.read_text().rsplit(")", 1)[1].split()[0] == "T")
    server.process.send_signal(signal.SIGINT)
    server.process.send_signal(signal.SIGTERM)
    server.process.send_signal(signal.SIGCONT)
    server.wait_exit(expect_status=1)
    assert "You insist... exiting now." in server.log


def test_what_signals_do_is_told_in_words(c: Client) -> None:
    for name in ("shutdown-on-sigint", "shutdown-on-sigterm"):
        c.ok("CONFIG", "SET", name, "force nosave")
        assert c.call("CONFIG", "GET", name)[1] == b"nosave force"
        assert c.err("CONFIG", "SET", name, "save nosave") == (
            f"ERR CONFIG SET failed (possibly related to argument '{name}') - "
            "shutdown options SAVE and NOSAVE can't be used simultaneously"
        )
        assert "must be one of the following: default, save, nosave, now, force" in c.err(
            "CONFIG", "SET", name, "never"
        )
        assert c.call("CONFIG", "GET", name)[1] == b"nosave force"
        c.ok("CONFIG", "SET", name, "default")


def test_shutdown_is_no_part_of_a_transaction(c: Client) -> None:
    c.ok("MULTI")
    assert c.err("SHUTDOWN", "NOSAVE") == "ERR Command not allowed inside a transaction"
    c.ok("DISCARD")


@pytest.mark.beyond_oracle
@pytest.mark.parametrize("how", [("SAFE",), ("failover",), ("NOSAVE", "NOW", "FORCE", "SAFE")])
def test_words_of_clusters_do_no_harm_without_one(
    start_server: StartServer, connect: Connect, how: tuple[str, ...]
) -> None:
    server = start_server()
    connect(server).send("SHUTDOWN", *how)
    assert server.wait_exit() == 0


def test_lines_of_the_end_come_in_their_order(start_server: StartServer) -> None:
    server = start_server({"pidfile": "a.pid"})
    server.stop()
    wanted = [
        "Received SIGTERM scheduling shutdown...",
        "User requested shutdown...",
        "Removing the pid file.",
        "ready to exit, bye bye...",
    ]
    places = [server.log.index(line) for line in wanted]
    assert places == sorted(places)


def test_signal_with_clients_in_every_state(start_server: StartServer, connect: Connect) -> None:
    """Idle, half a request in, megabytes of replies out, paused."""
    server = start_server()
    c = connect(server)
    c.ok("SET", "big", b"x" * 1_000_000)
    idle, half, slow, paused = (connect(server) for _ in range(4))
    idle.ok("PING")
    half.send_raw(b"*2\r\n$4\r\nECHO\r\n$100000\r\nhalf")
    slow.send_raw(encode("GET", "big") * 20)
    c.ok("CLIENT", "PAUSE", 100_000, "WRITE")
    paused.send("SET", "a", "1")
    server.stop()


def test_hangup_is_survived(start_server: StartServer, connect: Connect) -> None:
    server = start_server()
    c = connect(server)
    server.process.send_signal(signal.SIGHUP)
    server.process.send_signal(signal.SIGPIPE)
    assert c.call("PING") == "PONG"


def test_port_is_free_again_after_the_end(start_server: StartServer, connect: Connect) -> None:
    first = start_server()
    c = connect(first)
    c.ok("PING")
    first.stop()
    second = start_server(port=first.port)
    assert connect(second).call("PING") == "PONG"
