"""What is measured of messages: publishers, and subscribers of one channel."""

from __future__ import annotations

from dataclasses import dataclass

BOUND = 0.80


@dataclass(frozen=True)
class Work:
    """Messages of a run, and the connections that send and get them."""

    publishers: int
    subscribers: int
    pipeline: int
    messages: int
    bound: float | None = BOUND

    @property
    def name(self) -> str:
        shape = f"pipeline {self.pipeline}" if self.pipeline > 1 else "no pipeline"
        whom = f"{self.subscribers} subscriber{'s' if self.subscribers > 1 else ''}"
        return f"PUBLISH to {whom}, {self.publishers} publishers, {shape}"

    @property
    def options(self) -> tuple[str, ...]:
        return (
            *("--publishers", str(self.publishers), "--subscribers", str(self.subscribers)),
            *("--pipeline", str(self.pipeline)),
        )


# Without a pipeline nearly all of the time is the kernel's, for either server: no bound.
WORKS: tuple[Work, ...] = (
    Work(50, 1, 16, 200_000),
    Work(50, 50, 16, 80_000),
    Work(4, 1000, 16, 6_400),
    Work(50, 1, 1, 50_000, bound=None),
    Work(50, 50, 1, 10_000, bound=None),
    Work(4, 1000, 1, 800, bound=None),
)
