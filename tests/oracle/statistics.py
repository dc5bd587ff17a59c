"""What both servers must have counted alike over a program: calls, refusals and failures of each
command, and errors by their code."""

from __future__ import annotations

import re

from support.client import Client

# A scan needs as many calls as its table has it, and the runner's own look-ups go with it.
_OWN_COUNTS = frozenset(("scan", "hscan", "sscan", "zscan"))

_COMMAND = re.compile(
    r"cmdstat_(.+):calls=(\d+),usec=\d+,usec_per_call=[\d.]+,"
    r"rejected_calls=(\d+),failed_calls=(\d+)"
)


def reset(client: Client) -> None:
    client.ok("CONFIG", "RESETSTAT")


def counted(client: Client) -> list[str]:
    """One line a command and an error code, in the order of their names."""
    lines = []
    for section in ("commandstats", "errorstats"):
        for line in client.ok("INFO", section).decode(errors="backslashreplace").split("\r\n"):
            lines += _shown(line)
    return sorted(lines)


def _shown(line: str) -> list[str]:
    if line.startswith("errorstat_"):
        return [line]
    match = _COMMAND.fullmatch(line)
    if not match or match.group(1) in _OWN_COUNTS:
        return []
    name, calls, rejected, failed = match.groups()
    return [f"{name} calls {calls} rejected {rejected} failed {failed}"]


def apart(tarn: list[str], oracle: list[str]) -> tuple[str, str]:
    """Only the lines in which they differ."""
    return (
        ", ".join(line for line in tarn if line not in oracle),
        ", ".join(line for line in oracle if line not in tarn),
    )
