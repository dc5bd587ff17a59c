"""Every field that redis-server shows is shown, in its order and shape, or is left out for a reason.

Both servers do the same; then their INFO everything is compared, and once more for every section by
its name. Values are not compared, but what they look like."""

from __future__ import annotations

import re
import shutil
from typing import Iterator

import pytest
from conftest import Connect, StartServer, Subject
from support.client import Client
from support.server import Server
from support.text import info_fields

ORACLE = shutil.which("redis-server") or "/usr/bin/redis-server"

# Fields of redis-server that are not shown here, with the reason.
ABSENT: dict[str, str] = {}

# Fields of Valkey 9.1 and Redis 8 that the oracle does not know and that are shown here.
NEWER = """
    Server: server_name tarn_version server_mode clients_hz availability_zone listener0
    Clients: pubsub_clients watching_clients total_watched_keys total_blocking_keys
        total_blocking_keys_on_nokey paused_reason paused_actions paused_timeout_milliseconds
    Memory: used_memory_peak_time allocator_muzzy mem_replicas_repl_buffer mem_cluster_slot_import
        mem_cluster_slot_export mem_overhead_db_hashtable_rehashing
    Persistence: slot_migration_fork_in_progress
    Stats: total_net_cluster_slot_import_bytes total_net_cluster_slot_export_bytes expired_fields
        expired_keys_active expired_keys_with_volatile_items_stale_perc evicted_scripts
        io_threaded_freed_objects io_threaded_accept_processed io_threaded_poll_processed
        io_threaded_total_prefetch_batches io_threaded_total_prefetch_entries
        client_query_buffer_limit_disconnections client_output_buffer_limit_disconnections
        eventloop_cycles eventloop_cycles_with_clients_processing eventloop_duration_sum
        eventloop_duration_cmd_sum instantaneous_eventloop_cycles_per_sec
        instantaneous_eventloop_duration_usec
        acl_access_denied_auth acl_access_denied_cmd acl_access_denied_key
        acl_access_denied_channel acl_access_denied_tls_cert acl_access_denied_db
        slowlog_commands_count slowlog_commands_time_ms_sum slowlog_commands_time_ms_max
    Replication: replicas_waiting_psync
    CPU: used_active_time_main_thread
"""

# What a value may look like; the first that fits names it. Negative numbers are their own shape only
# where the oracle's is.
SHAPES = (
    ("number", r"-?\d+"),
    ("decimals", r"-?\d+\.\d{2}"),
    ("seconds", r"\d+\.\d{6}"),
    ("percent", r"-?\d+\.\d{2}%"),
    ("bytes for people", r"\d+\.\d{2}[KMGT]|\d+B"),
    ("id", r"[0-9a-f]{40}"),
    ("pairs", r"\w[^=,]*=[^=,]*(,[^=,]+=[^=,]*)*"),
    ("text", r".*"),
)


def _shape(value: str) -> str:
    return next(name for name, pattern in SHAPES if re.fullmatch(pattern, value))


@pytest.fixture(scope="module")
def oracle() -> Iterator[Server]:
    with Server(ORACLE).start() as server:
        yield server


@pytest.fixture
def pair(oracle: Server, connect: Connect, start_server: StartServer) -> tuple[Client, Client]:
    """The server under test and the oracle, with the same behind them."""
    clients = (connect(start_server()), connect(oracle))
    for client in clients:
        client.ok("FLUSHALL")
        client.ok("CONFIG", "RESETSTAT")
        client.ok("SET", "a", "1", "EX", 1000)
        client.ok("SELECT", 3)
        client.ok("SET", "b", "x" * 100)
        client.ok("GET", "b")
        client.err("INCR", "b")
        client.err("NOSUCH")
    return clients


def _sections(client: Client, *args: str) -> dict[str, dict[str, str]]:
    text = client.ok("INFO", *args).decode()
    parts = re.split(r"^# (.*)\r\n", text, flags=re.MULTILINE)
    return {name: info_fields(body.encode()) for name, body in zip(parts[1::2], parts[2::2])}


def test_sections_are_the_oracle_s(pair: tuple[Client, Client]) -> None:
    for args in ((), ("all",), ("everything",), ("default",), ("modules", "cpu", "nosuch")):
        ours, theirs = (list(_sections(client, *args)) for client in pair)
        assert ours == theirs, args


# Their lines are named by commands, and come in the order of a hash table there.
_BY_COMMAND = ("Commandstats", "Latencystats")


def test_every_field_is_there_in_order_and_shape(pair: tuple[Client, Client]) -> None:
    ours, theirs = (_sections(client, "everything") for client in pair)
    problems = []
    for section, fields in theirs.items():
        known = ours[section]
        expected = [name for name in fields if name not in ABSENT]
        missing = [name for name in expected if name not in known]
        problems += [f"{section}: {name} is missing" for name in missing]
        common = [name for name in expected if name in known]
        for name in common:
            if _shape(known[name]) != _shape(fields[name]):
                problems.append(f"{section}: {name} is {known[name]!r}, not like {fields[name]!r}")
        order = [name for name in known if name in common]
        if section not in _BY_COMMAND and order != common:
            first = next(a for a, b in zip(order, common) if a != b)
            problems.append(f"{section}: {first} is out of order")
    assert not problems, "\n".join(problems)


def test_nothing_is_declared_absent_that_is_there(pair: tuple[Client, Client]) -> None:
    ours, theirs = (info_fields(client.ok("INFO", "everything")) for client in pair)
    for name, reason in ABSENT.items():
        assert reason
        assert name in theirs, f"{name} is no field of the oracle's"
        assert name not in ours, f"{name} is there"


@pytest.mark.beyond_oracle
def test_fields_of_newer_servers_are_there(pair: tuple[Client, Client]) -> None:
    sections = _sections(pair[0], "everything")
    for section, names in re.findall(r"(\w+): ([^:]*)(?=\n    \w+:|\Z)", NEWER):
        missing = set(names.split()) - set(sections[section])
        assert not missing, section


@pytest.mark.beyond_oracle
def test_every_field_is_the_oracle_s_or_is_known_to_be_newer(pair: tuple[Client, Client]) -> None:
    """So that a field that is misspelt is seen, and the list above stays whole."""
    ours, theirs = (_sections(client, "everything") for client in pair)
    allowed = set(NEWER.replace(":", "").split()) | {"longest_turn_cpu_usec"}
    for section, fields in ours.items():
        if section not in _BY_COMMAND:
            extra = set(fields) - set(theirs[section]) - allowed
            assert not extra, section


@pytest.mark.beyond_oracle
def test_debug_is_shown_by_its_name_alone(c: Client) -> None:
    fields = info_fields(c.ok("INFO", "debug"))
    assert set(fields) >= set(
        """eventloop_duration_aof_sum eventloop_duration_cron_sum eventloop_duration_max
        eventloop_cmd_per_cycle_max io_threaded_reads_pending io_threaded_writes_pending""".split()
    )
    assert b"# Debug" not in c.ok("INFO", "everything")


def test_resp3_is_verbatim_text(c3: Client) -> None:
    reply = c3.ok("INFO", "server")
    assert reply.format == "txt"
    assert reply.data.startswith(b"# Server\r\n")
