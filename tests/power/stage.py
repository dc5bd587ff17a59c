"""Scenes performed on disks, and what a restart finds compared with what it may."""

from __future__ import annotations

from pathlib import Path

from play import Play, Refused, Scene, State
from support.disk import Disk
from support.server import Server, ServerFailed
from support.wait import wait_for
from world import World


def prepare(world: World, scene: Scene) -> Disk:
    """A disk whose root each performance starts on a copy of; no server uses this one."""
    disk = world.disk()
    if scene.prepared_with is not None:
        server = world.start(disk, scene.prepared_with)
        with server.connect() as client:
            for key, value in scene.state.items():
                client.ok("SET", key, value)
            client.send("SHUTDOWN", *([] if scene.prepared_with["appendonly"] == "yes" else ["SAVE"]))
        server.wait_exit()
        world.drop(server)
    if scene.prepare:
        scene.prepare(disk.root)
    return disk


def perform(world: World, scene: Scene, disk: Disk, strict: bool) -> Play:
    """Plays the scene until its end, or until the server's. The caller looks at what has ended it."""
    server = world.spawn(disk, scene.directives)
    play = Play(server, scene.state, strict)
    play.durable_writes = scene.durable_writes
    if not server.wait_ready():
        return play
    try:
        scene.play(play)
    except (EOFError, OSError, Refused):
        pass
    return play


def keyspace(server: Server) -> State:
    with server.connect() as client:
        keys = sorted(client.ok("KEYS", "*"))
        return {key.decode(): client.ok("GET", key).decode() for key in keys}


def check_restart(world: World, scene: Scene, root: Path, play: Play, context: str) -> None:
    """A server starts on a copy of the folder, and has what may be found."""
    disk = world.keep(Disk(root))
    try:
        server = world.start(disk, play.restart or scene.restart_directives(disk.root))
    except ServerFailed as failure:
        files = sorted(str(p.relative_to(disk.root)) for p in disk.root.rglob("*"))
        raise AssertionError(f"{failure}\n{files}\n{context}") from None
    found = keyspace(server)
    if found not in play.found:
        raise AssertionError(f"found {_short(found)}\nnot {[_short(s) for s in play.found]}\n{context}")
    server.stop()
    world.drop(server, disk)


def _short(state: State) -> State:
    return {k: v[:20] for k, v in state.items()}


def strangers(root: Path) -> list[str]:
    """Temporary files that were left."""
    return [str(p.relative_to(root)) for p in root.rglob("*temp*")]


def wait_for_no_strangers(root: Path) -> None:
    """Some are deleted in the background."""
    wait_for("no temporary files", lambda: not strangers(root))
