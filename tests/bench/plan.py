"""How much is measured, and what comes out: a row of the table."""

from __future__ import annotations

from dataclasses import dataclass

from .stats import Ratio


@dataclass(frozen=True)
class Row:
    """One line of the table. `beside` is for people and stays out of the document."""

    work: str
    ratio: Ratio
    bound: float | None
    wanted: float | None = None
    beside: str = ""

    @property
    def met(self) -> bool | None:
        return None if self.bound is None else self.ratio.low < self.bound


@dataclass(frozen=True)
class Plan:
    """How much to measure."""

    pairs: int  # of GET and SET
    work_pairs: int  # of all other requests
    requests: dict[int, int]  # by pipeline
    turn_keys: int
    turn_runs: int
    lazy_members: int
    work_share: float  # of the requests of each work


FULL = Plan(
    20,
    8,
    {100: 1_000_000, 16: 500_000, 1: 100_000},
    turn_keys=10_000_000,
    turn_runs=5,
    lazy_members=5_000_000,
    work_share=0.5,
)
QUICK = Plan(
    5,
    5,
    {100: 400_000, 16: 200_000, 1: 50_000},
    turn_keys=1_000_000,
    turn_runs=2,
    lazy_members=1_000_000,
    work_share=0.5,
)
