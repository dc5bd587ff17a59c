"""What the server remembers of commands: the slow log, histograms, the latency monitor."""

from __future__ import annotations

from ..generate import Draw, Family
from ..program import Command, Step
from ._pieces import INTEGER, KEY, VALUE

FAMILY = Family("observe", weight=3)


def _logged(draw: Draw) -> Command:
    """A command whose entry says something: its arguments are many, long, secret or rewritten."""
    kind = draw.below(9)
    if kind == 0:
        return draw.command("MGET", [KEY] * (28 + draw.below(8)))
    if kind == 1:
        return draw.command("SET", KEY, b"x" * draw.choose((127, 128, 129, 1000, 100000)))
    if kind == 2:
        return draw.command("SET", KEY, VALUE, "EX", b"%d" % draw.next_time())
    if kind == 3:
        return draw.command("INCRBYFLOAT", KEY, INTEGER)
    if kind == 4:
        return draw.command("EXPIRE", KEY, b"%d" % draw.next_time())
    if kind == 5:
        return draw.command("CONFIG", "SET", "requirepass", b"")
    if kind == 6:
        return draw.command("NOSUCH", VALUE)
    if kind == 7:
        return draw.command("CONFIG", "GET", "requirepass", mode="unordered-map")
    return draw.command(draw.choose((b"APPEND", b"GETSET", b"SETNX")), KEY, VALUE)


@FAMILY.step("SLOWLOG GET", "CONFIG SET")
def _slow_log(draw: Draw) -> list[Step]:
    """A log of some commands, which an entry of the log's own verbs may follow."""
    threshold = "slowlog-log-slower-than"
    steps: list[Step] = [
        draw.command("CONFIG", "SET", threshold, b"0"),
        draw.command("SLOWLOG", "RESET"),
    ]
    steps += [_logged(draw) for _ in range(1 + draw.below(6))]
    # Refused ones are not there: no more entries than commands since RESET, itself included.
    counts = [b"%d" % n for n in range(len(steps))]
    steps.append(draw.command("SLOWLOG", "GET", draw.choose(counts), mode="command-log"))
    return [*steps, draw.command("CONFIG", "SET", threshold, b"10000")]


@FAMILY.step("SLOWLOG", weight=4)
def _odd_slow_log(draw: Draw) -> Step:
    words = (
        *([], [b"GET", b"-2"], [b"GET", b"abc"], [b"GET", b""], [b"LEN", b"1"], [b"NOSUCH"]),
        *([b"GET", b"1", b"2"], [b"GET", b"99999999999999999999"], [b"RESET", b"x"], [b"RESET"]),
    )
    return draw.command("SLOWLOG", draw.choose(words))


_NAMES = (b"get", b"SET", b"config", b"config|get", b"Client|Id", b"nosuch", b"get|x", b"object")


@FAMILY.step("LATENCY HISTOGRAM")
def _histogram(draw: Draw) -> Step:
    names = [draw.choose(_NAMES) for _ in range(1 + draw.below(4))]
    return draw.command("LATENCY", "HISTOGRAM", names, mode="histograms")


@FAMILY.step("LATENCY", weight=6)
def _latency(draw: Draw) -> Step:
    words = (
        *([], [b"NOSUCH"], [b"HISTORY"], [b"HISTORY", b"nosuch"], [b"GRAPH"], [b"GRAPH", b"no"]),
        *([b"RESET", b"nosuch", b"x"], [b"LATEST", b"x"], [b"DOCTOR", b"x"], [b"HELP", b"x"]),
    )
    return draw.command("LATENCY", draw.choose(words))


_PERCENTILES = (
    *(b"50", b"", b"0 100", b"50 99.99 1e1", b"101", b"-1", b"nan", b"inf", b"abc", b"50  1"),
    *(b" 5", b"5 "),
)


@FAMILY.step("CONFIG SET", weight=4)
def _settings(draw: Draw) -> list[Step]:
    if draw.chance(0.5):
        word = draw.choose((b"yes", b"no", b"x"))
        return [draw.command("CONFIG", "SET", "latency-tracking", word)]
    name = "latency-tracking-info-percentiles"
    return [
        draw.command("CONFIG", "SET", name, draw.choose(_PERCENTILES)),
        draw.command("CONFIG", "GET", name, mode="unordered-map"),
    ]
