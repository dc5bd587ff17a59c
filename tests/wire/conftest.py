"""Fixtures of the wire tests: servers and connections, and what must hold after every test.

    pytest tests/wire --server build/asan/tarn-server
    pytest tests/wire --server build/asan/tarn-server --transport delayed
    pytest tests/wire --server /usr/bin/redis-server        # validates the expectations
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Callable, Iterator, Mapping, Sequence

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.dont_write_bytecode = True

from support.client import Address, Client  # noqa: E402
from support.limits import raise_descriptor_limit  # noqa: E402
from support.server import Server, Value  # noqa: E402

StartServer = Callable[..., Server]
Connect = Callable[..., Client]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--server", default="build/asan/tarn-server", help="the server binary")
    parser.addoption(
        "--transport", default="", help="transport that the server shall use, e.g. delayed"
    )


def pytest_configure(config: pytest.Config) -> None:
    raise_descriptor_limit()


class Subject:
    """The server under test: its binary and the directives that every start gets."""

    def __init__(self, binary: str, transport: str) -> None:
        self.binary = str(Path(binary).absolute())
        code = Path(binary).read_bytes()
        self.sanitized = b"__asan_init" in code or b"__tsan_init" in code
        self._always: dict[str, Value] = {"net-transport": transport} if transport else {}
        with self.new() as server, server.connect() as client:
            self.is_tarn = b"\r\ntarn_version:" in client.call("INFO", "server")
            self.commands = {name.decode() for name in client.ok("COMMAND", "LIST")}

    def new(self, directives: Mapping[str, Value] | None = None, **options: Any) -> Server:
        return Server(self.binary, {**self._always, **(directives or {})}, **options)


@pytest.fixture(scope="session")
def subject(pytestconfig: pytest.Config) -> Subject:
    return Subject(pytestconfig.getoption("--server"), pytestconfig.getoption("--transport"))


@pytest.fixture(autouse=True)
def _beyond_oracle(request: pytest.FixtureRequest, subject: Subject) -> None:
    if request.node.get_closest_marker("beyond_oracle") and not subject.is_tarn:
        pytest.skip("Redis 7.0 does not have this")


@pytest.fixture(autouse=True)
def _needs(request: pytest.FixtureRequest, subject: Subject) -> None:
    """@pytest.mark.needs("blpop"): skipped, and said so, on a server without the command."""
    for marker in request.node.iter_markers("needs"):
        for name in marker.args:
            if name not in subject.commands:
                pytest.skip(f"the server has no {name}")


class SharedServer:
    """One server for the tests of a module that need no directives of their own."""

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self._server: Server | None = None

    def get(self) -> Server:
        if self._server is None:
            self._server = self._subject.new().start()
        return self._server

    def after_test(self) -> None:
        """The test fails if the server died or reported something; the next one starts anew."""
        if self._server is None:
            return
        try:
            self._server.check_alive()
            with self._server.connect() as client:
                client.ok("FLUSHALL")
        except BaseException:
            self._server.cleanup()
            self._server = None
            raise

    def stop(self) -> None:
        if self._server is not None:
            with self._server as server:
                server.check_alive()


@pytest.fixture(scope="module")
def shared_server(subject: Subject) -> Iterator[SharedServer]:
    shared = SharedServer(subject)
    yield shared
    shared.stop()


@pytest.fixture
def server(shared_server: SharedServer) -> Iterator[Server]:
    """A server with default directives, empty; shared by the module, so leave CONFIG as it was."""
    yield shared_server.get()
    shared_server.after_test()


@pytest.fixture
def start_server(subject: Subject) -> Iterator[StartServer]:
    """Start a server of one's own: start_server({"maxclients": 3}). Ended after the test."""
    servers: list[Server] = []

    def start(
        directives: Mapping[str, Value] | None = None,
        wait: bool = True,
        port: int | None = None,
        args: Sequence[str] = (),
        env: Mapping[str, str] | None = None,
    ) -> Server:
        server = subject.new(directives, port=port, args=args, env=env)
        servers.append(server)
        return server.start() if wait else server.spawn()

    yield start
    failures = []
    for server in servers:
        try:
            if server.running:
                server.stop()
            server.check_log()
        except AssertionError as failure:
            failures.append(str(failure))
        finally:
            server.cleanup()
    assert not failures, "\n".join(failures)


@pytest.fixture
def connect(request: pytest.FixtureRequest) -> Iterator[Connect]:
    """Connect to the shared server, or to the given one: connect(server, proto=3)."""
    clients: list[Client] = []

    def _connect(
        server: Server | None = None, proto: int = 2, address: Address | None = None
    ) -> Client:
        if address is None:
            address = (server or request.getfixturevalue("server")).address
        client = Client(address, proto)
        clients.append(client)
        return client

    yield _connect
    for client in clients:
        client.close()


@pytest.fixture
def c(server: Server, connect: Connect) -> Client:
    """A RESP2 connection to the shared server."""
    return connect(server)


@pytest.fixture
def c3(server: Server, connect: Connect) -> Client:
    """A RESP3 connection to the shared server."""
    return connect(server, proto=3)
