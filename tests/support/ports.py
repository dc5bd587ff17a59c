"""Free loopback ports below the kernel's ephemeral range.

A port is free when it can be bound now. Another process may still take it before the server
does; the server harness then draws another one."""

from __future__ import annotations

import os
import random
import socket

_FIRST, _LAST = (int(p) for p in os.environ.get("TARN_TEST_PORTS", "22000-25999").split("-"))

# Not seeded: two test runs on one machine must not walk the same list of ports.
_random = random.SystemRandom()


def free_port() -> int:
    """A port of TARN_TEST_PORTS (first-last) that nothing is bound to on 127.0.0.1."""
    for _ in range(1000):
        port = _random.randint(_FIRST, _LAST)
        if _can_bind(socket.AF_INET, "127.0.0.1", port):
            return port
    raise RuntimeError(f"no free port between {_FIRST} and {_LAST}")


def _can_bind(family: int, host: str, port: int) -> bool:
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True
