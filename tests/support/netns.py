"""Runs a function of a test in a network namespace of its own, where addresses beside loopback
can be had without leaving the machine."""

from __future__ import annotations

import fcntl
import json
import socket
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

# An address reserved for documentation: no network has it.
OUTSIDE = "192.0.2.1"

_SIOCSIFADDR, _SIOCSIFNETMASK, _SIOCSIFFLAGS = 0x8916, 0x891C, 0x8914
_IFF_UP_RUNNING = 0x41


def available() -> bool:
    """Whether this user may make network namespaces here."""
    done = subprocess.run([*_UNSHARE, "true"], capture_output=True)
    return done.returncode == 0


def run(script: Path, *args: str) -> Any:
    """Run a Python script there with OUTSIDE as an address of the machine. What it prints last
    is JSON, and returned."""
    environment_of_tests = str(Path(__file__).resolve().parents[1])
    code = (
        f"import sys; sys.path.insert(0, {environment_of_tests!r}); sys.dont_write_bytecode = True\n"
        "from support.netns import set_up; set_up()\n"
        f"sys.argv = {[str(script), *args]!r}\n"
        "import runpy; runpy.run_path(sys.argv[0], run_name='__main__')"
    )
    done = subprocess.run(
        [*_UNSHARE, sys.executable, "-c", code], capture_output=True, text=True, timeout=60
    )
    if done.returncode != 0:
        raise AssertionError(f"{script.name} failed:\n{done.stdout}{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


_UNSHARE = ("unshare", "--user", "--map-root-user", "--net")


def set_up() -> None:
    """Within the namespace: loopback up, and OUTSIDE as its second address."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        _ioctl(sock, _SIOCSIFFLAGS, b"lo", struct.pack("H", _IFF_UP_RUNNING))
        _ioctl(sock, _SIOCSIFADDR, b"lo:1", _address(OUTSIDE))
        _ioctl(sock, _SIOCSIFNETMASK, b"lo:1", _address("255.255.255.255"))


def _address(text: str) -> bytes:
    return struct.pack("HH4s8x", socket.AF_INET, 0, socket.inet_aton(text))


def _ioctl(sock: socket.socket, request: int, interface: bytes, value: bytes) -> None:
    fcntl.ioctl(sock, request, struct.pack("16s24s", interface, value))
