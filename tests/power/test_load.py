"""Power is cut under load, again and again, each time on what the last time left."""

from __future__ import annotations

import random
from typing import Callable

import pytest
from support.client import Client
from support.disk import Disk
from support.server import Server, Value
from support.wait import wait_for
from world import World
from writers import Writers

ALWAYS: dict[str, Value] = {"appendonly": "yes", "appendfsync": "always"}
EVERYSEC: dict[str, Value] = {"appendonly": "yes", "appendfsync": "everysec"}

# How many chains of rounds there are, each with its own calls at which power goes.
CHAINS = 4

Load = Callable[[Server, list[Client]], None]


def one_round(
    world: World, disk: Disk, directives: dict[str, Value], writers: Writers, load: Load, context: str
) -> Disk:
    """Starts on the disk, checks what is there, and loads until power goes; what is left."""
    server = world.spawn(disk, directives)
    try:
        if server.wait_ready():
            with server.connect() as client:
                writers.check(client, context)
            load(server, writers.connect(server))
    except (EOFError, OSError):
        pass
    after = world.after_power_loss(disk, server)
    world.drop(server)
    return after


def check_last(
    world: World, disk: Disk, directives: dict[str, Value], writers: Writers, context: str
) -> None:
    server = world.start(disk, directives)
    with server.connect() as client:
        writers.check(client, context)
    server.stop()


@pytest.mark.parametrize("chain", range(CHAINS))
@pytest.mark.parametrize("command", ["", "BGREWRITEAOF", "BGSAVE"])
def test_always_loses_no_acknowledged_write(
    world: World, rounds: int, seed: int, chain: int, command: str
) -> None:
    """The call at which power goes walks through; in odd chains anything unsynced may be there, too.
    With a command: that is given at each start, and power goes so many calls behind."""
    rng = random.Random(f"{seed} {chain} {command}")
    writers, disk, context = Writers(), world.disk(), ""

    def load(server: Server, clients: list[Client]) -> None:
        while True:
            writers.turn(clients, [rng.randint(1, 6) for _ in clients])
            if command and not disk["cut_at"]:
                with server.connect() as client:
                    client.send(command)
                disk["cut_at"] = disk["calls"] + offset

    for number in range(rounds // CHAINS):
        offset = 1 + number * CHAINS + chain
        disk["seed"] = rng.randrange(1, 1 << 32) if chain % 2 else 0
        if not command:
            disk["cut_at"] = offset
        elif rng.random() < 0.2:  # the round before was cut in the midst: now in the recovery
            disk["cut_at"] = rng.randint(1, 12)
        after = one_round(world, disk, ALWAYS, writers, load, context)
        context = f"seed {seed}, chain {chain}, round {number}, power gone at {disk['cut_at']}:\n"
        context += disk.trace()
        world.drop(disk)
        disk = after
    check_last(world, disk, ALWAYS, writers, context)


@pytest.mark.parametrize("chain", range(CHAINS))
@pytest.mark.parametrize("command", ["", "BGREWRITEAOF"])
def test_everysec_loses_at_most_what_no_sync_has_covered(
    world: World, rounds: int, seed: int, chain: int, command: str
) -> None:
    """What WAITAOF has confirmed is promised."""
    rng = random.Random(f"{seed} {chain} {command} everysec")
    writers, disk, context = Writers(), world.disk(), ""

    def load(server: Server, clients: list[Client]) -> None:
        while True:
            for _ in range(rng.randint(1, 10)):
                writers.turn(clients, [rng.randint(1, 6) for _ in clients], promise=False)
            if command:
                with server.connect() as client:
                    client.send(command)
            for writer, client in zip(writers.writers, clients):
                if client.ok("WAITAOF", 1, 0, 20_000)[0] == 1:
                    writer.promise_read()

    for number in range(max(1, rounds // CHAINS // 16)):
        disk["seed"] = rng.randrange(1, 1 << 32) if chain % 2 else 0
        disk["cut_at"] = rng.randint(1, 80)
        after = one_round(world, disk, EVERYSEC, writers, load, context)
        context = f"seed {seed}, chain {chain}, round {number}, power gone at {disk['cut_at']}:\n"
        context += disk.trace()
        world.drop(disk)
        disk = after
    check_last(world, disk, EVERYSEC, writers, context)


@pytest.mark.parametrize("directives", [ALWAYS, EVERYSEC], ids=["always", "everysec"])
def test_kill_alone_loses_nothing_that_was_written(
    world: World, seed: int, directives: dict[str, Value]
) -> None:
    """Ten real kills each, with the files as they are: in the midst of the load, where with everysec only
    WAITAOF's word counts; and behind it, when everything is written though maybe not synced."""
    rng = random.Random(f"{seed} kill")
    writers, disk = Writers(), world.disk()
    always = directives is ALWAYS
    for number in range(10):
        server = world.start(disk, directives)
        with server.connect() as client:
            writers.check(client, f"round {number}")
        clients = writers.connect(server)
        for _ in range(rng.randint(5, 40)):
            writers.turn(clients, [rng.randint(1, 6) for _ in clients], promise=always)
        if number % 2 == 0:
            with server.connect() as client:
                wait_for("all is written", lambda: _unwritten(client) == 0)
            writers.promise_read()
            server.kill()
        else:
            for writer, client in zip(writers.writers, clients):
                writer.send(client, 20)
            server.kill()
            for writer, client in zip(writers.writers, clients):
                try:
                    writer.receive(client, promise=always)
                except (EOFError, OSError):
                    pass
        for client in clients:
            client.close()
    server = world.start(disk, directives)
    with server.connect() as client:
        writers.check(client, "the last round")
    server.stop()


def _unwritten(client: Client) -> int:
    info = client.ok("INFO", "persistence").decode()
    found = [line for line in info.split("\r\n") if line.startswith("aof_buffer_length:")]
    return int(found[0].split(":")[1])
