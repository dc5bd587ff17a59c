"""Scripts that stand in for the server's binary and start it under other circumstances: fewer
descriptors, fewer privileges, another /dev/log."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path


def _write(path: Path, *lines: str) -> str:
    path.write_text("\n".join(("#!/bin/sh", *lines)) + "\n")
    path.chmod(0o755)
    return str(path)


def unprivileged(folder: Path, binary: str, *options: str) -> str:
    """The binary under prlimit's options, not allowed to raise limits or to lower scores."""
    limits = ["prlimit", *options] if options else []
    drop = ["setpriv", "--bounding-set=-sys_resource", "--inh-caps=-sys_resource"]
    command = [*limits, *(drop if os.geteuid() == 0 else []), binary]
    return _write(folder / Path(binary).name, f'exec {shlex.join(command)} "$@"')


_NAMESPACE = ("unshare", "--user", "--map-root-user", "--mount")


def can_mount() -> bool:
    """Whether this user may mount something in a namespace of its own here."""
    mount = [*_NAMESPACE, "mount", "-t", "tmpfs", "none", "/mnt"]
    return subprocess.run(mount, capture_output=True).returncode == 0


def with_dev_log(folder: Path, binary: str, socket_path: Path) -> str:
    """The binary on a machine whose /dev/log leads to `socket_path`. Needs can_mount()."""
    devices = folder / "dev"
    devices.mkdir()
    inside = _write(
        folder / "inside",
        "set -e",
        f"mount --rbind /dev {devices}",
        "mount -t tmpfs none /dev",
        "for name in null zero random urandom; do",
        f"    touch /dev/$name; mount --bind {devices}/$name /dev/$name",
        "done",
        f"ln -s {socket_path} /dev/log",
        f'exec {shlex.quote(binary)} "$@"',
    )
    return _write(folder / Path(binary).name, f'exec {shlex.join(_NAMESPACE)} {inside} "$@"')
