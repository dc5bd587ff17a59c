"""A user-space proxy that delays, splits, cuts and half-opens connections, by a seed."""

from .proxy import Faults, Proxy

__all__ = ["Faults", "Proxy"]
