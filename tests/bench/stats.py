"""Means of ratios and how sure they are."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Sequence

# Quantiles of Student's t for a two-sided 95 % interval, by degrees of freedom.
_T_95 = (
    *(12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160),
    *(2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056),
)
_T_95_MANY = 2.0


@dataclass(frozen=True)
class Ratio:
    """A ratio with its 95 % interval; low and high are the ratio itself where it is exact."""

    mean: float
    low: float
    high: float

    @staticmethod
    def exact(value: float) -> Ratio:
        return Ratio(value, value, value)


def ratio_of_pairs(ours: Sequence[float], theirs: Sequence[float]) -> Ratio:
    """The geometric mean of the ratios of pairs that were measured side by side, with a t
    interval over their logarithms: what slows the machine down for a while slows both."""
    logs = [math.log(a / b) for a, b in zip(ours, theirs, strict=True)]
    mean = sum(logs) / len(logs)
    if len(logs) < 2:
        return Ratio.exact(math.exp(mean))
    variance = sum((x - mean) ** 2 for x in logs) / (len(logs) - 1)
    freedom = len(logs) - 1
    quantile = _T_95[freedom - 1] if freedom <= len(_T_95) else _T_95_MANY
    half = quantile * math.sqrt(variance / len(logs))
    return Ratio(math.exp(mean), math.exp(mean - half), math.exp(mean + half))
