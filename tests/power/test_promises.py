"""What a reply promises: seen by holding the disk still."""

from __future__ import annotations

import select

from scenes import ALWAYS, EVERYSEC
from support.client import Client
from support.disk import ops
from support.wait import wait_for
from world import World


def _is_silent(client: Client) -> bool:
    return not select.select([client.sock], [], [], 0)[0]


def test_with_always_no_reply_leaves_before_the_sync(world: World) -> None:
    disk = world.disk()
    server = world.start(disk, ALWAYS)
    with server.connect() as writer, server.connect() as reader:
        disk["stall_ops"] = ops("sync")
        writer.send("SET", "a", "1")
        wait_for("the sync", lambda: disk["stalled"] == 1)
        reader.send("GET", "a")
        assert _is_silent(writer)
        assert _is_silent(reader)
        disk["stall_ops"] = 0
        assert writer.read() == "OK"
        assert reader.read() == b"1"
    server.stop()


def test_with_always_a_turn_is_one_write_and_one_sync(world: World) -> None:
    """What came while the disk was busy is one turn's work: fifty clients share a sync."""
    disk = world.disk()
    server = world.start(disk, ALWAYS)
    clients = [server.connect() for _ in range(50)]
    for client in clients:
        client.ok("PING")
    disk["stall_ops"] = ops("sync")
    clients[0].send("SET", "a", "1")
    wait_for("the sync", lambda: disk["stalled"] == 1)
    writes, syncs = disk["calls_of_write"], disk["calls_of_sync"]
    for client in clients[1:]:
        client.send_raw(b"SET a 1\r\n" * 10)
    disk["stall_ops"] = 0
    assert [client.read() for client in clients] == ["OK"] * 50
    assert disk["calls_of_write"] - writes <= 2
    assert disk["calls_of_sync"] - syncs <= 3  # the first SET's is among them
    server.stop()


def test_what_only_reads_touches_no_file(world: World) -> None:
    disk = world.disk()
    server = world.start(disk, ALWAYS)
    with server.connect() as c:
        c.ok("SET", "a", "1")
        calls = disk["calls"]
        for _ in range(10):
            assert c.ok("GET", "a") == b"1"
            assert c.ok("DEL", "missing") == 0
        assert disk["calls"] == calls
    server.stop()


def test_waitaof_waits_for_the_sync(world: World) -> None:
    disk = world.disk()
    server = world.start(disk, EVERYSEC)
    with server.connect() as c:
        disk["stall_ops"] = ops("sync")
        c.ok("SET", "a", "1")
        wait_for("the sync", lambda: disk["stalled"] == 1)
        assert c.ok("WAITAOF", 1, 0, 50) == [0, 0]
        c.send("WAITAOF", 1, 0, 0)
        assert _is_silent(c)
        disk["stall_ops"] = 0
        assert c.read() == [1, 0]
    server.kill()
    server = world.start(world.keep(disk.after_power_loss()), ALWAYS)
    with server.connect() as c:
        assert c.ok("GET", "a") == b"1"
    server.stop()


def test_a_slow_sync_puts_the_write_off_but_not_for_ever(world: World) -> None:
    """With everysec. Once the write was put off for two seconds it is done anyway, and counted."""
    disk = world.disk()
    server = world.start(disk, EVERYSEC)
    with server.connect() as c:
        disk["stall_ops"] = ops("sync")
        c.ok("SET", "a", "1")
        wait_for("the sync", lambda: disk["stalled"] == 1)
        writes = disk["calls_of_write"]
        c.ok("SET", "a", "2")
        assert c.ok("GET", "a") == b"2"
        assert disk["calls_of_write"] == writes
        wait_for("the write", lambda: c.ok("SET", "a", "3") and disk["calls_of_write"] > writes)
        assert b"aof_delayed_fsync:1" in c.ok("INFO", "persistence")
        disk["stall_ops"] = 0
        assert c.ok("WAITAOF", 1, 0, 0) == [1, 0]
    server.stop()


def test_what_was_read_at_the_start_is_as_good_as_written(world: World) -> None:
    """A server that is killed has left it to the kernel; the next one does not serve it before it is safe."""
    disk = world.disk()
    server = world.start(disk, EVERYSEC)
    with server.connect() as c:
        disk["stall_ops"] = ops("sync")
        c.ok("SET", "a", "1")
        wait_for("the sync", lambda: disk["stalled"] == 1)
        server.kill()
    disk["stall_ops"] = disk["stalled"] = 0
    server = world.start(disk, EVERYSEC)
    with server.connect() as c:
        assert c.ok("GET", "a") == b"1"
    server.kill()
    server = world.start(world.keep(disk.after_power_loss()), EVERYSEC)
    with server.connect() as c:
        assert c.ok("GET", "a") == b"1"
    server.stop()


def test_the_files_are_not_loaded_while_they_lack_something(world: World) -> None:
    """DEBUG LOADAOF goes back to what the files say: not while a change waits for the disk."""
    disk = world.disk()
    server = world.start(disk, EVERYSEC)
    with server.connect() as c:
        c.ok("SET", "a", "1")
        disk.fail(disk["calls"] + 1, count=0, kinds=ops("write"))
        c.ok("SET", "b", "2")
        error = c.call("DEBUG", "LOADAOF")
        assert error.text.startswith("ERR Error trying to write the AOF files")
        assert c.ok("MGET", "a", "b") == [b"1", b"2"]
        disk.heal()
        wait_for("writes", lambda: c.call("SET", "c", "3") == "OK")
        assert c.ok("DEBUG", "LOADAOF") == "OK"
        assert c.ok("MGET", "a", "b", "c") == [b"1", b"2", b"3"]
    server.stop()
