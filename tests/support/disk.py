"""A disk that loses what was not synced, fails, fills up and stalls: src/base/lossy_disk.h.

    disk = Disk()
    server = Server(binary, {"dir": str(disk.root), ...}, env=disk.env).start()
    disk["cut_at"] = disk["calls"] + 5      # power goes five calls from now
    ...
    after = disk.after_power_loss()         # a new disk with what would be found on this one

Rules are words of a file that the server has mapped, so they hold at once. Only builds for tests have the
disk: a release ignores it."""

from __future__ import annotations

import errno
import mmap
import os
import shutil
import tempfile
from pathlib import Path
from types import TracebackType

# The kinds of calls that are numbered, and the words of struct lossy_control, in their order.
OPS = ("open", "write", "sync", "rename", "unlink", "truncate", "mkdir")
_RULES = (
    "cut_at", "seed", "fail_at", "fail_count", "fail_errno", "fail_ops", "short_at", "capacity",
    "stall_ops", "forgets",
)  # fmt: skip
_STATE = ("calls", "written", "is_cut", "stalled")
_WORDS = {
    name: i
    for i, name in enumerate(("magic", *_RULES, *_STATE, *(f"calls_of_{op}" for op in OPS)))
}
_CONTROL_BYTES = mmap.PAGESIZE

# In memory where that can be: nothing here is about the real disk.
_PLACE = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


def ops(*names: str) -> int:
    """The mask of these kinds, for fail_ops and stall_ops."""
    return sum(1 << OPS.index(name) for name in names)


class Disk:
    """A folder for a server (`root`) and its shadow. Words are read and written by name."""

    def __init__(self, files: Path | None = None) -> None:
        """Empty, or with a copy of the folder `files`."""
        self.dir = Path(tempfile.mkdtemp(prefix="tarn-disk-", dir=_PLACE))
        self.root = self.dir / "root"
        self.shadow = self.dir / "shadow"
        self.shadow.mkdir()
        if files is None:
            self.root.mkdir()
        else:
            shutil.copytree(files, self.root)
        with open(self.shadow / "control", "w+b") as file:
            file.truncate(_CONTROL_BYTES)
            self._map = mmap.mmap(file.fileno(), _CONTROL_BYTES)
        self._words = memoryview(self._map).cast("Q")

    def __enter__(self) -> Disk:
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _value: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self.done()

    def done(self) -> None:
        """The files are gone; the words are not."""
        shutil.rmtree(self.dir, ignore_errors=True)

    @property
    def env(self) -> dict[str, str]:
        return {"TARN_LOSSY_DISK": f"{self.root}:{self.shadow}"}

    def __getitem__(self, name: str) -> int:
        return int(self._words[_WORDS[name]])

    def __setitem__(self, name: str, value: int) -> None:
        self._words[_WORDS[name]] = value

    def fail(self, at: int, count: int = 1, error: int = errno.EIO, kinds: int = 0) -> None:
        """Calls at .. at + count - 1 fail; with count 0 all from `at` on."""
        self["fail_errno"] = error
        self["fail_count"] = count
        self["fail_ops"] = kinds
        self["fail_at"] = at

    def heal(self) -> None:
        """No rule holds any more; what was forgotten stays so."""
        for name in ("cut_at", "fail_at", "short_at", "capacity", "stall_ops", "forgets"):
            self[name] = 0

    @property
    def was_used(self) -> bool:
        return self["magic"] != 0

    @property
    def is_cut(self) -> bool:
        return self["is_cut"] != 0

    def after_power_loss(self) -> Disk:
        """What would be found. A disk that no server has opened is as it was."""
        return Disk(self.shadow / "durable" if self.was_used else self.root)

    def trace(self, last: int = 60) -> str:
        """The last calls: number, pid, kind, path, result."""
        try:
            text = (self.shadow / "trace").read_text(errors="replace")
        except FileNotFoundError:
            return "no calls"
        lines = text.replace(str(self.root), "").splitlines()
        return "\n".join(lines[-last:])
