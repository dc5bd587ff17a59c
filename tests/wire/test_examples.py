"""The examples of the reference (docs/examples), played: every reply is what the page says."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Callable

import pytest
from conftest import Connect, StartServer, Subject
from support import cli
from support.client import Client
from support.examples import FOLDER, Player, Step, commands_of, read
from support.resp import Reply, ReplyReader

EXAMPLES = sorted(FOLDER.glob("*.txt"))

# Those that change more than data, or leave a child at work, play on a server of their own.
_OWN_SERVER = {
    *("bgrewriteaof", "bgsave", "save", "waitaof"),
    *("auth", "client", "commandlog", "config", "debug", "latency", "shutdown", "slowlog"),
    *("replicaof", "slaveof"),
}

# Subcommands of which none has more to show than the one that is shown, and why.
_ONE_SHOWS_ALL = {"cluster": "the server is no cluster, and all say so"}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_example(
    path: Path, subject: Subject, start_server: StartServer, request: pytest.FixtureRequest
) -> None:
    if path.stem not in subject.commands:
        pytest.skip(f"the server has no {path.stem}")
    own = path.stem in _OWN_SERVER
    server = start_server() if own else request.getfixturevalue("server")
    _play(path, lambda: server.connect(), subject.is_tarn)
    if path.stem == "shutdown":
        assert server.wait_exit() == 0


def _play(path: Path, connect: Callable[[], Client], knows_newer: bool) -> None:
    player = Player(connect)
    try:
        _play_steps(path, player, knows_newer)
    finally:
        player.close()


def _play_steps(path: Path, player: Player, knows_newer: bool) -> None:
    for step in read(path):
        if step.newer and not knows_newer:
            continue
        shown = player.play(step)
        assert step.matches(shown), (
            f"{path}:{step.line_number}: > {step.command}\nexpected:\n"
            + "\n".join(step.expected)
            + f"\nreplied:\n{shown}"
        )


@pytest.mark.beyond_oracle
def test_every_command_has_an_example(subject: Subject) -> None:
    shown: set[str] = set()
    for path in EXAMPLES:
        names = commands_of(read(path))
        # A command is shown on its own page.
        shown |= {name for name in names if name.split("|")[0] == path.stem}
    missing = {
        name
        for name in subject.commands - shown
        if not name.endswith("|help") and not ("|" in name and name.split("|")[0] in _ONE_SHOWS_ALL)
    }
    assert not missing, f"write docs/examples/<command>.txt for: {sorted(missing)}"


@pytest.mark.beyond_oracle
def test_every_example_is_of_a_command_that_is_there(subject: Subject) -> None:
    assert {path.stem for path in EXAMPLES} <= subject.commands


def test_patterns_match_no_more_than_they_say() -> None:
    step = Step(1, "", "X", ["1) (integer) <n>", "2) <text>."])
    assert step.matches("1) (integer) -17\n2) words.")
    assert not step.matches("1) (integer) x\n2) words.")
    assert not step.matches("1) (integer) 1\n2) .")
    assert not step.matches("1) (integer) 1\n2) words.\n3) more")
    assert Step(1, "", "X", ["a", "...", "b"]).matches("a\nx\ny\nb")
    assert not Step(1, "", "X", ["a", "..."]).matches("b\nx")



@pytest.mark.tools
@pytest.mark.skipif(not shutil.which("redis-cli"), reason="redis-tools is not installed")
@pytest.mark.parametrize(
    "words",
    [
        ["GET", "missing"],
        ["COMMAND", "INFO", "get", "nosuch", "config|get"],
        ["CONFIG", "GET", "maxclients", "timeout"],
        ["COMMAND", "GETKEYSANDFLAGS", "GETSET", "a", "1"],
        ["ECHO", 'quoted " \\ \n \x01'],
        ["INCR"],
        ["SCAN", "0", "MATCH", "nothing"],
        ["HELLO", "9"],
    ],
    ids=lambda words: words[0],
)
@pytest.mark.parametrize("proto", [2, 3])
def test_replies_are_formatted_as_redis_cli_formats_them(
    words: list[str], proto: int, c: Client, connect: Connect
) -> None:
    client = connect(proto=proto)
    done = subprocess.run(
        ["redis-cli", "-p", str(c.address[1]), f"-{proto}", *words],
        env={"FAKETTY": "1"},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    client.send(*words)
    assert cli.format_reply(" ".join(words), client.read_reply()) == done.stdout.rstrip("\n")
