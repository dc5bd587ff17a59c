"""Descriptor limits: tests with ten thousand clients need more than the usual 1024."""

from __future__ import annotations

import resource


def raise_descriptor_limit() -> int:
    """Lift this process's soft limit to the hard one; children inherit it. Returns the limit."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard
