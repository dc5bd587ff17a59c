"""Power losses and failing disks under a real server (src/base/lossy_disk.h).

    pytest tests/power --server build/debug/tarn-server
    pytest tests/power --server build/asan/tarn-server --rounds 2000 --seed 7 --all-faults

The server is one of a build for tests; a release has no such disk."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Iterator

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.dont_write_bytecode = True

from support.disk import Disk  # noqa: E402
from world import World  # noqa: E402


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--server", default="build/debug/tarn-server", help="the server binary")
    parser.addoption("--rounds", type=int, default=200, help="power losses under load")
    parser.addoption("--all-faults", action="store_true", help="every fault at every call")
    parser.addoption("--seed", type=int, default=1, help="for what a test draws")


@pytest.fixture
def seed(pytestconfig: pytest.Config) -> int:
    return int(pytestconfig.getoption("--seed"))


@pytest.fixture
def all_faults(pytestconfig: pytest.Config) -> bool:
    return bool(pytestconfig.getoption("--all-faults"))


@pytest.fixture
def rounds(pytestconfig: pytest.Config) -> int:
    return int(pytestconfig.getoption("--rounds"))


@pytest.fixture
def world(pytestconfig: pytest.Config) -> Iterator[World]:
    world = World(pytestconfig.getoption("--server"))
    yield world
    world.done()


__all__ = ["Disk", "World"]
