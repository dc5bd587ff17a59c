"""LATENCY: histograms of commands, the latency monitor; INFO latencystats."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest

from conftest import Connect, StartServer
from support.client import Client
from support.server import Server
from support.wait import wait_for

DEBUG: dict[str, Any] = {"enable-debug-command": "yes"}


@pytest.fixture
def sleepy(start_server: StartServer, connect: Connect) -> Client:
    """A connection to a server that DEBUG SLEEP may hold up."""
    client = connect(start_server(DEBUG))
    client.ok("CONFIG", "RESETSTAT")
    return client


def histograms(client: Client, *names: str) -> dict[bytes, dict[bytes, Any]]:
    """The reply of LATENCY HISTOGRAM as maps, whatever the protocol."""
    reply = client.ok("LATENCY", "HISTOGRAM", *names)
    if isinstance(reply, dict):
        return reply
    found = {}
    for name, entry in zip(reply[::2], reply[1::2]):
        assert entry[::2] == [b"calls", b"histogram_usec"]
        found[name] = {b"calls": entry[1], b"histogram_usec": _pairs(entry[3])}
    return found


def _pairs(flat: list[int]) -> dict[int, int]:
    return dict(zip(flat[::2], flat[1::2]))


# Histograms


def test_a_histogram_counts_calls_up_to_powers_of_two(sleepy: Client) -> None:
    for seconds in ("0.0013", "0.003", "0.003"):
        sleepy.ok("DEBUG", "SLEEP", seconds)
    entry = histograms(sleepy, "debug")[b"debug"]
    assert entry[b"calls"] == 3
    steps = list(entry[b"histogram_usec"].items())
    assert steps == sorted(steps)
    assert [count for _, count in steps] == sorted({count for _, count in steps})
    assert steps[-1][1] == 3
    # The ends of steps: 1.024 us times a power of two, rounded up to the histogram's precision.
    known = {1, 2, 4, 8, 16, 33, 66, 132, 264, 528, 1056, 2113, 4227, 8454, 16908, 33816, 67633}
    known |= {135266, 270532, 541065}
    assert {end for end, _ in steps} <= known
    assert all(end >= 2113 for end, _ in steps)


def test_histograms_in_resp3_are_maps(sleepy: Client) -> None:
    sleepy.ok("SET", "a", "1")
    with Client(sleepy.address, proto=3) as c3:
        entry = c3.ok("LATENCY", "HISTOGRAM", "set")
    assert list(entry) == [b"set"]
    assert list(entry[b"set"]) == [b"calls", b"histogram_usec"]
    assert sum(1 for _ in entry[b"set"][b"histogram_usec"]) == 1


def test_containers_expand_to_the_subcommands_that_ran(sleepy: Client) -> None:
    sleepy.ok("CLIENT", "ID")
    sleepy.ok("CLIENT", "GETNAME")
    sleepy.ok("CLIENT", "GETNAME")
    found = histograms(sleepy, "CLIENT")
    assert {name: entry[b"calls"] for name, entry in found.items()} == {
        b"client|id": 1,
        b"client|getname": 2,
    }
    assert list(histograms(sleepy, "Client|Id")) == [b"client|id"]


def test_unknown_and_unused_commands_are_left_out(sleepy: Client) -> None:
    assert sleepy.ok("LATENCY", "HISTOGRAM", "nosuch", "get", "client|nosuch", "get|x") == []
    assert set(histograms(sleepy)) == {b"config|resetstat", b"latency|histogram"}


def test_a_command_may_be_asked_for_twice(sleepy: Client) -> None:
    sleepy.ok("GET", "a")
    reply = sleepy.ok("LATENCY", "HISTOGRAM", "get", "get")
    assert reply[::2] == [b"get", b"get"]


def test_resetstat_forgets_histograms(sleepy: Client) -> None:
    sleepy.ok("GET", "a")
    sleepy.ok("CONFIG", "RESETSTAT")
    assert list(histograms(sleepy)) == [b"config|resetstat"]


def test_refused_commands_are_not_counted(sleepy: Client) -> None:
    sleepy.err("GET")
    assert histograms(sleepy, "get") == {}


def test_tracking_can_be_turned_off(sleepy: Client) -> None:
    sleepy.ok("GET", "a")
    sleepy.ok("CONFIG", "SET", "latency-tracking", "no")
    sleepy.ok("GET", "a")
    assert histograms(sleepy, "get")[b"get"][b"calls"] == 1
    assert sleepy.ok("INFO", "latencystats") == b"# Latencystats\r\n"


# INFO latencystats


def latencystats(client: Client) -> dict[str, str]:
    lines = client.ok("INFO", "latencystats").decode().split("\r\n")
    assert lines[0] == "# Latencystats"
    return dict(line.split(":", 1) for line in lines[1:] if line)


def test_info_shows_percentiles(sleepy: Client) -> None:
    for _ in range(9):
        sleepy.ok("DEBUG", "SLEEP", "0.002")
    sleepy.ok("DEBUG", "SLEEP", "0.05")
    text = latencystats(sleepy)["latency_percentiles_usec_debug"]
    match = re.fullmatch(r"p50=(\d+\.\d{3}),p99=(\d+\.\d{3}),p99\.9=(\d+\.\d{3})", text)
    assert match, text
    low, high, highest = map(float, match.groups())
    assert 2000 <= low < high == highest
    assert high >= 50_000


@pytest.mark.parametrize(
    "value, shown, names",
    [
        ("50", "50", ["p50"]),
        ("50 99.99 0", "50 99.99 0", ["p50", "p99.99", "p0"]),
        ("100 50 50", "100 50 50", ["p100", "p50", "p50"]),
        ("1e1 50.123456789", "10 50.123457", ["p10", "p50.123457"]),
        ("", "", []),
    ],
)
def test_percentiles_can_be_chosen(
    sleepy: Client, value: str, shown: str, names: list[str]
) -> None:
    name = "latency-tracking-info-percentiles"
    sleepy.ok("CONFIG", "SET", name, value)
    assert sleepy.ok("CONFIG", "GET", name) == [name.encode(), shown.encode()]
    text = latencystats(sleepy)["latency_percentiles_usec_config|set"]
    assert [part.split("=")[0] for part in text.split(",") if part] == names


@pytest.mark.parametrize(
    "value, reason",
    [
        ("101", "latency-tracking-info-percentiles parameters should sit between [0.0,100.0]"),
        ("-1", "latency-tracking-info-percentiles parameters should sit between [0.0,100.0]"),
        ("inf", "latency-tracking-info-percentiles parameters should sit between [0.0,100.0]"),
        ("abc", "Invalid latency-tracking-info-percentiles parameters"),
        ("nan", "Invalid latency-tracking-info-percentiles parameters"),
        ("50  60", "Invalid latency-tracking-info-percentiles parameters"),
        (" 50", "Invalid latency-tracking-info-percentiles parameters"),
    ],
)
def test_wrong_percentiles_are_refused(c: Client, value: str, reason: str) -> None:
    name = "latency-tracking-info-percentiles"
    before = c.ok("CONFIG", "GET", name)
    assert c.err("CONFIG", "SET", name, value) == (
        f"ERR CONFIG SET failed (possibly related to argument '{name}') - {reason}"
    )
    assert c.ok("CONFIG", "GET", name) == before


# The monitor


@pytest.fixture
def monitored(start_server: StartServer, connect: Connect) -> Client:
    """A connection to a server whose monitor records what takes 20 ms."""
    return connect(start_server({**DEBUG, "latency-monitor-threshold": 20}))


def test_slow_commands_are_recorded(monitored: Client) -> None:
    before = int(time.time())
    monitored.ok("DEBUG", "SLEEP", "0.001")
    assert monitored.ok("LATENCY", "LATEST") == []
    monitored.ok("DEBUG", "SLEEP", "0.03")
    (event,) = monitored.ok("LATENCY", "LATEST")
    assert event[0] == b"command"
    assert before - 1 <= event[1] <= time.time() + 1
    assert 30 <= event[2] == event[3] < 10_000
    assert monitored.ok("LATENCY", "HISTORY", "command") == [event[1:3]]
    assert monitored.ok("LATENCY", "HISTORY", "COMMAND") == []
    assert monitored.ok("LATENCY", "HISTORY", "nosuch") == []


def test_the_highest_of_all_is_remembered(monitored: Client) -> None:
    monitored.ok("DEBUG", "SLEEP", "0.1")
    _, second, _, _ = monitored.ok("LATENCY", "LATEST")[0]
    wait_for("the next second", lambda: int(time.time()) > second + 1)
    monitored.ok("DEBUG", "SLEEP", "0.03")
    (event,) = monitored.ok("LATENCY", "LATEST")
    assert 30 <= event[2] < 100 <= event[3]
    assert len(monitored.ok("LATENCY", "HISTORY", "command")) == 2


def test_reset_says_how_many_events_it_forgot(monitored: Client) -> None:
    monitored.ok("DEBUG", "SLEEP", "0.03")
    assert monitored.ok("LATENCY", "RESET", "nosuch") == 0
    assert monitored.ok("LATENCY", "RESET", "nosuch", "command", "command") == 1
    assert monitored.ok("LATENCY", "LATEST") == []
    monitored.ok("DEBUG", "SLEEP", "0.03")
    assert monitored.ok("LATENCY", "RESET", "COMMAND") == 1
    monitored.ok("DEBUG", "SLEEP", "0.03")
    assert monitored.ok("LATENCY", "RESET") == 1
    assert monitored.ok("LATENCY", "RESET") == 0


def test_resetstat_keeps_the_samples(monitored: Client) -> None:
    monitored.ok("DEBUG", "SLEEP", "0.03")
    monitored.ok("CONFIG", "RESETSTAT")
    assert len(monitored.ok("LATENCY", "LATEST")) == 1


def test_a_monitor_that_is_off_records_nothing(sleepy: Client) -> None:
    sleepy.ok("DEBUG", "SLEEP", "0.05")
    assert sleepy.ok("LATENCY", "LATEST") == []
    assert sleepy.err("LATENCY", "GRAPH", "command") == (
        "ERR No samples available for event 'command'"
    )


def test_a_graph_has_a_column_for_each_sample(monitored: Client) -> None:
    monitored.ok("DEBUG", "SLEEP", "0.03")
    monitored.ok("LATENCY", "RESET")
    monitored.ok("DEBUG", "SLEEP", "0.03")
    lines = monitored.ok("LATENCY", "GRAPH", "command").decode().split("\n")
    head = re.fullmatch(
        r"command - high (\d+) ms, low (\d+) ms \(all time high (\d+) ms\)", lines[0]
    )
    assert head, lines[0]
    assert len(set(head.groups())) == 1
    assert lines[1] == "-" * 80
    assert lines[2:7] == [" ", " ", " ", "_", " "]
    assert re.fullmatch(r"\d", lines[7])
    assert lines[8:] == ["s", ""]


def test_graph_and_doctor_are_verbatim_in_resp3(monitored: Client) -> None:
    monitored.ok("DEBUG", "SLEEP", "0.03")
    with Client(monitored.address, proto=3) as c3:
        assert re.match(rb"=\d+\r\ntxt:command - ", c3.raw("LATENCY", "GRAPH", "command"))
        assert re.match(rb"=\d+\r\ntxt:", c3.raw("LATENCY", "DOCTOR"))
    assert monitored.raw("LATENCY", "DOCTOR").startswith(b"$")


def test_the_doctor_speaks_of_what_happened(monitored: Client) -> None:
    healthy = monitored.ok("LATENCY", "DOCTOR")
    monitored.ok("DEBUG", "SLEEP", "0.03")
    ill = monitored.ok("LATENCY", "DOCTOR").decode()
    assert ill.encode() != healthy
    assert re.search(r"1\. command: ", ill)
    assert "slowlog" in ill.lower() or "slow log" in ill.lower()


def test_the_doctor_says_how_to_turn_the_monitor_on(sleepy: Client) -> None:
    assert b"latency-monitor-threshold" in sleepy.ok("LATENCY", "DOCTOR")


# The verb


def test_errors(c: Client) -> None:
    assert c.err("LATENCY") == "ERR wrong number of arguments for 'latency' command"
    assert c.err("LATENCY", "NOSUCH") == "ERR unknown subcommand 'NOSUCH'. Try LATENCY HELP."
    for words in (("HISTORY",), ("GRAPH",), ("LATEST", "x"), ("DOCTOR", "x")):
        assert c.err("LATENCY", *words) == (
            f"ERR wrong number of arguments for 'latency|{words[0].lower()}' command"
        )
    failed = "ERR CONFIG SET failed (possibly related to argument 'latency-monitor-threshold') - "
    assert c.err("CONFIG", "SET", "latency-monitor-threshold", -1) == (
        failed + "argument must be between 0 and 9223372036854775807 inclusive"
    )


def test_help(c: Client) -> None:
    words = {line.split()[0] for line in c.ok("LATENCY", "HELP")[1:] if line[0] != " "}
    assert words == {
        *("DOCTOR", "GRAPH", "HISTOGRAM", "HISTORY", "LATEST", "RESET", "HELP"),
    }


# Statistics of commands, call by call as redis-server counts them


def commandstats(client: Client) -> dict[str, tuple[int, int, int]]:
    """Calls, rejected and failed calls by command."""
    found = {}
    for line in client.ok("INFO", "commandstats").decode().split("\r\n"):
        match = re.fullmatch(
            r"cmdstat_(\S+):calls=(\d+),usec=\d+,usec_per_call=\d+\.\d\d,"
            r"rejected_calls=(\d+),failed_calls=(\d+)",
            line,
        )
        if match:
            calls, rejected, failed = map(int, match.groups()[1:])
            found[match.group(1)] = (calls, rejected, failed)
    return found


def test_calls_are_counted_by_subcommand(sleepy: Client) -> None:
    sleepy.err("CONFIG")
    sleepy.err("CONFIG", "NOSUCH")
    sleepy.err("CONFIG", "GET")
    sleepy.err("CONFIG", "SET", "nosuch", "1")
    sleepy.ok("CONFIG", "GET", "port")
    sleepy.err("NOSUCH")
    assert commandstats(sleepy) == {
        "config": (0, 1, 0),
        "config|get": (1, 1, 0),
        "config|set": (1, 0, 1),
        "config|resetstat": (1, 0, 0),
    }


def test_commands_before_authentication_are_rejected(
    start_server: StartServer, connect: Connect
) -> None:
    c = connect(start_server({"requirepass": "x"}))
    c.err("GET", "a")
    c.err("AUTH", "wrong")
    c.ok("AUTH", "x")
    found = commandstats(c)
    assert found["get"] == (0, 1, 0)
    assert found["auth"][2] == 1
    assert c.ok("INFO", "errorstats").decode().split("\r\n")[1:3] == [
        "errorstat_NOAUTH:count=1",
        "errorstat_WRONGPASS:count=1",
    ]


@pytest.mark.needs("multi")
def test_commands_of_transactions_are_counted_when_they_run(sleepy: Client) -> None:
    sleepy.ok("SET", "text", "x")
    sleepy.ok("MULTI")
    sleepy.ok("INCR", "text")
    sleepy.ok("GET", "text")
    assert sleepy.err("GET") == "ERR wrong number of arguments for 'get' command"
    sleepy.err("EXEC")
    assert commandstats(sleepy)["get"] == (0, 1, 0)
    assert commandstats(sleepy)["exec"] == (1, 0, 1)
    sleepy.ok("CONFIG", "RESETSTAT")
    sleepy.ok("MULTI")
    sleepy.ok("INCR", "text")
    sleepy.ok("GET", "text")
    sleepy.ok("EXEC")
    found = commandstats(sleepy)
    assert found["incr"] == (1, 0, 1)
    assert found["get"] == (1, 0, 0)
    assert found["exec"] == (1, 0, 0)
    assert found["multi"] == (1, 0, 0)


def test_errors_are_counted_by_their_code_in_order(server: Server, connect: Connect) -> None:
    c = connect(server)
    c.ok("CONFIG", "RESETSTAT")
    c.ok("SETBIT", "s", 1, 1)
    c.err("NOSUCH")
    c.err("HELLO", 9)
    c.err("OBJECT", "ENCODING")
    c.err("AUTH", "nobody", "x")
    assert c.ok("INFO", "errorstats").decode().split("\r\n")[1:-1] == [
        "errorstat_ERR:count=2",
        "errorstat_NOPROTO:count=1",
        "errorstat_WRONGPASS:count=1",
    ]
    fields = c.ok("INFO", "stats").decode()
    assert "\r\ntotal_error_replies:4\r\n" in fields
    assert "\r\nunexpected_error_replies:0\r\n" in fields
