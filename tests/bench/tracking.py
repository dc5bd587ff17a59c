"""What is measured of client-side caching: reads by connections that track what they read."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Reading:
    """GETs by 50 connections that each send `first` when they connect."""

    name: str
    first: str
    pipeline: int
    requests: int
    bound: float = 0.80


_ON = "CLIENT TRACKING ON"

WORKS: tuple[Reading, ...] = (
    Reading("GET with tracking on, pipeline 16", _ON, 16, 300_000),
    Reading("GET with tracking on, pipeline 100", _ON, 100, 500_000),
    Reading("GET with tracking BCAST on, pipeline 16", f"{_ON} BCAST", 16, 300_000),
)
