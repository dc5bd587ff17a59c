"""Each call in turn fails, or is cut short; then the disk is well again.

A server may refuse, or end as the peers do (with `always`, when a write or a sync of the append-only file
fails; at the start, when it cannot read or write what it must). What it has promised is there, whether it is
killed then or loses power; and when it lives on it soon takes writes again, and saves."""

from __future__ import annotations

import errno
from typing import Callable

import pytest
from play import Play, Refused, Scene
from scenes import ALWAYS, OFF, SCENES
from stage import check_restart, perform, prepare, strangers, wait_for_no_strangers
from support.client import Client
from support.disk import Disk, ops
from support.resp import ReplyError
from support.wait import wait_for
from world import World

CALLS_MAX = 400


def _short(disk: Disk, call: int) -> None:
    disk["short_at"] = call


def _failing(error: int, count: int) -> Callable[[Disk, int], None]:
    return lambda disk, call: disk.fail(call, count, error)


def _forgetting(disk: Disk, call: int) -> None:
    disk["forgets"] = 1
    disk.fail(call)


FAULTS = {
    "short": _short,
    "EIO": _failing(errno.EIO, 1),
    "EIO, and a sync that is repeated has nothing to do": _forgetting,
    "ENOSPC twice": _failing(errno.ENOSPC, 2),
}


@pytest.mark.parametrize(
    "scene", [s for s in SCENES if s.survives_faults], ids=lambda scene: scene.name
)
def test_every_call_fails_in_turn(
    world: World, scene: Scene, seed: int, all_faults: bool
) -> None:
    """The kinds of faults take turns, and which is first depends on the seed."""
    template = prepare(world, scene)
    for call in range(1, CALLS_MAX):
        names = list(FAULTS) if all_faults else [list(FAULTS)[(call + seed) % len(FAULTS)]]
        if not any([meets(world, scene, template, name, call) for name in names]):
            break
    else:
        raise AssertionError(f"more than {CALLS_MAX} calls")


def meets(world: World, scene: Scene, template: Disk, fault: str, call: int) -> bool:
    """Plays the scene with the fault at that call. False if it has not so many."""
    disk = world.keep(Disk(template.root))
    FAULTS[fault](disk, call)
    play = perform(world, scene, disk, strict=False)
    context = f"{scene.name}, {fault} at call {call}:\n{disk.trace()}\n{play.server.log}"
    was_met = disk["calls"] >= call
    disk.heal()
    try:
        recovers(play, disk)
    except AssertionError as failure:
        raise AssertionError(f"{failure}\n{context}\n{play.server.log}") from None
    after = world.keep(disk.after_power_loss())
    check_restart(world, scene, after.root, play, "power gone behind\n" + context)
    check_restart(world, scene, disk.root, play, "killed behind\n" + context)
    world.drop(play.server, disk, after)
    return was_met


def _kept_a_name(disk: Disk) -> bool:
    """The file that could not be deleted stays."""
    return any(
        " unlink " in line and line.endswith((f"-{errno.EIO}", f"-{errno.ENOSPC}"))
        for line in disk.trace(1000).splitlines()
    )


def recovers(play: Play, disk: Disk) -> None:
    """The server works again, or has ended in good order. At the end it is gone."""
    try:
        if play.server.running:
            works_again(play)
            if not _kept_a_name(disk):
                wait_for_no_strangers(disk.root)
            play.server.check_alive()
            play.server.kill()
            return
    except (EOFError, OSError):
        pass
    assert play.server.wait_exit(None) in (0, 1), "exit status"


def works_again(play: Play) -> None:
    wait_for("a write is taken", lambda: takes_write(play))
    play.strict = True
    if play.info("aof_enabled") == "1":
        wait_for("a rewrite", lambda: not isinstance(play.client.call("BGREWRITEAOF"), ReplyError))
        play.wait_child("aof")
        play.wait_info("aof_last_write_status", "ok")
        play.do("WAITAOF", 1, 0, 0)
        play.restart = ALWAYS
    else:
        play.wait_info("rdb_bgsave_in_progress", "0")
        play.do("SAVE")
        play.restart = OFF
    play.promise()


def takes_write(play: Play) -> bool:
    try:
        play.write("a", "recovered")
        return True
    except Refused:
        return False


def test_a_full_disk_refuses_writes_until_there_is_room(world: World) -> None:
    disk = world.disk()
    server = world.start(disk, {"appendonly": "yes", "appendfsync": "everysec"})
    with server.connect() as c:
        c.ok("SET", "a", "1")
        disk["capacity"] = disk["written"] + 10
        c.ok("SET", "b", "acknowledged before the write fails")
        refused = wait_for("MISCONF", lambda: _error_of(c, "SET", "c", "1"))
        assert refused == "MISCONF Errors writing to the AOF file: No space left on device"
        assert c.call("GET", "b") == b"acknowledged before the write fails"
        assert b"aof_last_write_status:err" in c.ok("INFO", "persistence")
        disk["capacity"] = 0
        wait_for("a write", lambda: not isinstance(c.call("SET", "d", "1"), ReplyError))
        assert b"aof_last_write_status:ok" in c.ok("INFO", "persistence")
        assert c.ok("WAITAOF", 1, 0, 0)[0] == 1
    server.kill()
    server = world.start(world.keep(disk.after_power_loss()), ALWAYS)
    with server.connect() as c:
        assert c.ok("MGET", "a", "b", "c", "d") == [
            b"1", b"acknowledged before the write fails", None, b"1"
        ]  # fmt: skip
    server.stop()


@pytest.mark.parametrize("kind", ["write", "sync"])
def test_with_always_a_failing_disk_ends_the_server(world: World, kind: str) -> None:
    disk = world.disk()
    server = world.start(disk, ALWAYS)
    with server.connect() as c:
        c.ok("SET", "a", "1")
        disk.fail(1, 0, errno.EIO, ops(kind))
        c.send("SET", "a", "2")
        with pytest.raises(EOFError):
            c.read()
    assert server.wait_exit(1) == 1
    server = world.start(world.keep(disk.after_power_loss()), ALWAYS)
    with server.connect() as c:
        assert c.ok("GET", "a") == b"1"
    server.stop()


def test_a_sync_that_fails_in_the_background_refuses_writes(world: World) -> None:
    disk = world.disk()
    server = world.start(disk, {"appendonly": "yes", "appendfsync": "everysec"})
    with server.connect() as c:
        disk.fail(1, 0, errno.EIO, ops("sync"))
        refused = wait_for("MISCONF", lambda: _error_of(c, "SET", "a", "1"))
        assert refused == "MISCONF Errors writing to the AOF file: Input/output error"
        disk.heal()
        wait_for("a write", lambda: not isinstance(c.call("SET", "a", "2"), ReplyError))
        assert c.ok("WAITAOF", 1, 0, 0)[0] == 1
    server.kill()
    server = world.start(world.keep(disk.after_power_loss()), ALWAYS)
    with server.connect() as c:
        assert c.ok("GET", "a") == b"2"
    server.stop()


def test_what_a_failed_sync_has_lost_is_not_promised_before_it_is_written_anew(world: World) -> None:
    """A kernel takes the pages for clean, and the next sync succeeds without them."""
    disk = world.disk()
    server = world.start(disk, {"appendonly": "yes", "appendfsync": "everysec"})
    with server.connect() as c:
        c.ok("SET", "a", "1")
        disk["forgets"] = 1
        disk.fail(disk["calls"] + 1, 0, errno.EIO, ops("sync"))
        wait_for("MISCONF", lambda: _error_of(c, "SET", "b", "1"))
        disk.heal()
        wait_for("a write", lambda: not isinstance(c.call("SET", "c", "1"), ReplyError))
        assert c.ok("WAITAOF", 1, 0, 0) == [1, 0]
    server.kill()
    server = world.start(world.keep(disk.after_power_loss()), ALWAYS)
    with server.connect() as c:
        assert c.ok("MGET", "a", "c") == [b"1", b"1"]
    server.stop()


def test_a_save_that_fails_leaves_the_file_and_is_told(world: World) -> None:
    disk = world.disk()
    server = world.start(disk, {"save": [3600, 1000000]})
    with server.connect() as c:
        c.ok("SET", "a", "1")
        c.ok("SAVE")
        before = (disk.root / "dump.rdb").read_bytes()
        c.ok("SET", "a", "2")
        for kind in ("write", "sync", "rename"):
            disk.fail(1, 0, errno.ENOSPC, ops(kind))
            assert isinstance(c.call("SAVE"), ReplyError)
            c.ok("BGSAVE")
            wait_for("its end", lambda: b"rdb_bgsave_in_progress:0" in c.ok("INFO", "persistence"))
            assert b"rdb_last_bgsave_status:err" in c.ok("INFO", "persistence")
            assert c.err("SET", "a", "3").startswith("MISCONF ")
            assert (disk.root / "dump.rdb").read_bytes() == before
            assert strangers(disk.root) == []
            c.ok("CONFIG", "SET", "stop-writes-on-bgsave-error", "no")
            c.ok("SET", "a", "2")
            c.ok("CONFIG", "SET", "stop-writes-on-bgsave-error", "yes")
        disk.heal()
        c.ok("BGSAVE")
        wait_for("success", lambda: b"rdb_last_bgsave_status:ok" in c.ok("INFO", "persistence"))
        c.ok("SET", "a", "4")
        assert (disk.root / "dump.rdb").read_bytes() != before
    server.stop()


def _error_of(client: Client, *command: str) -> str:
    reply = client.call(*command)
    return reply.text if isinstance(reply, ReplyError) else ""
