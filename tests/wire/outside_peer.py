"""Connects to a server from an address beside loopback and prints what it gets; run by
support.netns for the tests of protected mode."""

from __future__ import annotations

import json
import socket
import sys

from support.client import Client
from support.netns import OUTSIDE
from support.server import Server, Value


def _answer(host: str, port: int) -> list[str]:
    client = Client((host, port))
    try:
        client.send("PING")
    except OSError:
        pass
    client.sock.settimeout(10)
    try:
        first = client.read_raw()
    except EOFError:
        return ["", "closed"]
    client.sock.settimeout(0.3)
    try:
        return [first.decode(), "closed" if client.read_to_end() == b"" else "more"]
    except TimeoutError:
        return [first.decode(), "open"]


def _has_ipv6() -> bool:
    with socket.socket(socket.AF_INET6) as probe:
        try:
            probe.bind(("::1", 0))
        except OSError:
            return False
    return True


def main() -> None:
    binary, *pairs = sys.argv[1:]
    directives: dict[str, Value] = dict(zip(pairs[0::2], pairs[1::2]))
    hosts = ["127.0.0.1", "127.0.0.9", OUTSIDE, *(["::1"] if _has_ipv6() else [])]
    with Server(binary, {"bind": ["*", "-::*"], **directives}) as server:
        answers = {host: _answer(host, server.port) for host in hosts}
    print(json.dumps(answers))


if __name__ == "__main__":
    main()
