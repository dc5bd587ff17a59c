"""Waiting for a condition, with a deadline and a message that says what was awaited."""

from __future__ import annotations

import os
import time
from typing import Callable, TypeVar

T = TypeVar("T")

# How long anything may take before a test calls it a failure. Sanitised servers on two busy
# cores are slow; a condition that holds is noticed at once, so a long limit costs nothing.
PATIENCE_S = float(os.environ.get("TARN_TEST_PATIENCE_S", "30"))

_POLL_S = 0.002


def wait_for(
    what: str,
    condition: Callable[[], T],
    timeout_s: float = PATIENCE_S,
    poll_s: float = _POLL_S,
) -> T:
    """Call `condition` until it returns something true, and return that.

    AssertionError naming `what` when it has not become true in time."""
    deadline = time.monotonic() + timeout_s
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {timeout_s:g} s in vain for: {what}")
        time.sleep(poll_s)
