"""INFO: sections and the fields that tools read."""

from __future__ import annotations

import re

import pytest
from conftest import Connect, StartServer, Subject
from support.client import Client
from support.server import Server
from support.text import info_fields
from support.wait import wait_for

_FIELDS = {
    "server": """redis_version redis_git_sha1 redis_git_dirty redis_build_id redis_mode os arch_bits
        monotonic_clock multiplexing_api atomicvar_api gcc_version process_id process_supervised
        run_id tcp_port server_time_usec uptime_in_seconds uptime_in_days hz configured_hz lru_clock
        executable config_file io_threads_active""",
    "clients": """connected_clients cluster_connections maxclients client_recent_max_input_buffer
        client_recent_max_output_buffer blocked_clients tracking_clients clients_in_timeout_table""",
    "memory": """used_memory used_memory_human used_memory_rss used_memory_rss_human
        used_memory_peak used_memory_peak_human used_memory_peak_perc used_memory_overhead
        used_memory_startup used_memory_dataset used_memory_dataset_perc allocator_allocated
        allocator_active allocator_resident total_system_memory total_system_memory_human maxmemory
        maxmemory_human maxmemory_policy mem_fragmentation_ratio mem_fragmentation_bytes
        mem_clients_normal mem_allocator lazyfree_pending_objects lazyfreed_objects""",
    "stats": """total_connections_received total_commands_processed instantaneous_ops_per_sec
        total_net_input_bytes total_net_output_bytes instantaneous_input_kbps
        instantaneous_output_kbps rejected_connections expired_keys expired_stale_perc evicted_keys
        keyspace_hits keyspace_misses total_error_replies unexpected_error_replies
        total_reads_processed total_writes_processed""",
    "cpu": "used_cpu_sys used_cpu_user used_cpu_sys_children used_cpu_user_children",
}


@pytest.mark.parametrize("section", _FIELDS)
def test_section_has_its_fields(c: Client, section: str) -> None:
    text = c.ok("INFO", section)
    assert text.lower().startswith(b"# " + section.encode())
    missing = set(_FIELDS[section].split()) - set(info_fields(text))
    assert not missing


def test_no_field_comes_twice(c: Client) -> None:
    names = re.findall(rb"^([^#\r\n:]+):", c.ok("INFO", "everything"), re.MULTILINE)
    assert len(names) == len(set(names))


def test_lines_end_with_crlf_and_sections_are_apart(c: Client) -> None:
    text = c.ok("INFO")
    assert b"\n" not in text.replace(b"\r\n", b"")
    assert b"\r\n\r\n# Clients\r\n" in text


@pytest.mark.parametrize("word", ["all", "default", "everything", "ALL"])
def test_words_for_several_sections(c: Client, word: str) -> None:
    text = c.ok("INFO", word)
    for section in (b"Server", b"Clients", b"Memory", b"Stats", b"CPU", b"Keyspace"):
        assert b"# " + section + b"\r\n" in text


def test_several_sections_at_once(c: Client) -> None:
    text = c.ok("INFO", "cpu", "nosuch", "clients", "CPU")
    assert re.findall(rb"^# (\w+)", text, re.MULTILINE) in ([b"Clients", b"CPU"], [b"CPU", b"Clients"])
    assert c.ok("INFO", "nosuch") == b""


def test_command_statistics_are_not_in_the_default(c: Client) -> None:
    assert b"# Commandstats" not in c.ok("INFO")
    assert b"# Commandstats" in c.ok("INFO", "all")


def test_version_is_one_that_clients_know(c: Client, subject: Subject, server: Server) -> None:
    fields = info_fields(c.ok("INFO", "server"))
    assert re.fullmatch(r"\d+\.\d+\.\d+", fields["redis_version"])
    assert fields["process_id"] == str(server.pid)
    assert fields["tcp_port"] == str(server.port)
    assert fields["redis_mode"] == "standalone"
    assert re.fullmatch(r"[0-9a-f]{40}", fields["run_id"])
    if subject.is_tarn:
        assert (fields["redis_version"], fields["server_name"]) == ("7.2.4", "tarn")


def test_memory_figures_fit_together(c: Client, subject: Subject) -> None:
    fields = info_fields(c.ok("INFO", "memory"))
    assert 0 < int(fields["used_memory"])
    assert int(fields["used_memory_startup"]) <= int(fields["used_memory_peak"])
    assert fields["used_memory_human"][-1] in "BKMG"
    # Sanitizers bring their own allocator.
    assert fields["mem_allocator"].startswith("libc" if subject.sanitized else "jemalloc")


def test_used_memory_follows_the_data(c: Client) -> None:
    def used() -> int:
        return int(info_fields(c.ok("INFO", "memory"))["used_memory"])

    before = used()
    c.ok("SET", "big", b"x" * 10_000_000)
    assert used() - before > 9_000_000
    c.ok("DEL", "big")
    # Not at once: a connection may keep the buffer of a big request for a while.
    wait_for("the memory to be given back", lambda: used() - before < 2_000_000)


def test_connected_clients(start_server: StartServer, connect: Connect) -> None:
    server = start_server()
    clients = [connect(server) for _ in range(5)]
    for client in clients:
        client.ok("PING")
    assert info_fields(clients[0].ok("INFO", "clients"))["connected_clients"] == "5"


def test_counters_of_keys(start_server: StartServer, connect: Connect) -> None:
    c = connect(start_server())
    c.ok("SET", "a", "1")
    for key in ("a", "a", "missing"):
        c.ok("GET", key)
    c.ok("SET", "short", "1", "PX", 1)
    c.ok("MGET", "a", "nothing", "missing")
    fields = info_fields(c.ok("INFO", "stats"))
    assert (int(fields["keyspace_hits"]), int(fields["keyspace_misses"])) == (3, 3)
    assert int(fields["total_connections_received"]) >= 1


def test_statistics_of_commands(start_server: StartServer, connect: Connect) -> None:
    c = connect(start_server())
    c.ok("CONFIG", "RESETSTAT")
    for key in "abc":
        c.ok("SET", key, "1")
    c.ok("SET", "text", "x")
    c.err("INCR", "text")
    c.err("GET")
    c.ok("CLIENT", "ID")
    fields = info_fields(c.ok("INFO", "commandstats"))
    pattern = r"calls=(\d+),usec=\d+,usec_per_call=\d+\.\d\d,rejected_calls=(\d+),failed_calls=(\d+)"
    found = {}
    for name, text in fields.items():
        match = re.fullmatch(pattern, text)
        assert match, text
        found[name] = tuple(map(int, match.groups()))
    assert found["cmdstat_set"] == (4, 0, 0)
    assert found["cmdstat_incr"] == (1, 0, 1)
    assert found["cmdstat_get"] == (0, 1, 0)
    assert found["cmdstat_client|id"] == (1, 0, 0)
    assert found["cmdstat_config|resetstat"] == (1, 0, 0)


def test_statistics_of_errors(start_server: StartServer, connect: Connect) -> None:
    c = connect(start_server())
    c.ok("CONFIG", "RESETSTAT")
    c.err("GET")
    c.err("NOPE")
    c.err("HELLO", 9)
    c.err("AUTH", "nobody", "x")
    assert info_fields(c.ok("INFO", "errorstats")) == {
        "errorstat_ERR": "count=2",
        "errorstat_NOPROTO": "count=1",
        "errorstat_WRONGPASS": "count=1",
    }
    assert info_fields(c.ok("INFO", "stats"))["total_error_replies"] == "4"


def test_resetstat_resets(start_server: StartServer, connect: Connect) -> None:
    c = connect(start_server())
    c.ok("GET", "x")
    c.err("NOPE")
    assert c.call("CONFIG", "RESETSTAT") == "OK"
    fields = info_fields(c.ok("INFO", "everything"))
    assert fields["keyspace_misses"] == "0"
    assert fields["total_connections_received"] == "0"
    assert not [name for name in fields if name.startswith("errorstat_")]
    assert "cmdstat_get" not in fields


def test_keyspace_lists_databases_that_have_keys(c: Client) -> None:
    assert c.ok("INFO", "keyspace") == b"# Keyspace\r\n"
    c.ok("SET", "a", "1")
    c.ok("SET", "b", "1", "EX", 100)
    c.ok("SELECT", 5)
    c.ok("SET", "c", "1")
    fields = info_fields(c.ok("INFO", "keyspace"))
    assert list(fields) == ["db0", "db5"]
    assert re.match(r"keys=2,expires=1,avg_ttl=\d+", fields["db0"])
    assert fields["db5"].startswith("keys=1,expires=0,avg_ttl=0")


def test_network_bytes_are_counted(start_server: StartServer, connect: Connect) -> None:
    c = connect(start_server())
    c.ok("CONFIG", "RESETSTAT")
    c.ok("ECHO", b"x" * 100_000)
    fields = info_fields(c.ok("INFO", "stats"))
    assert 100_000 < int(fields["total_net_input_bytes"]) < 101_000
    assert 100_000 < int(fields["total_net_output_bytes"]) < 101_000


def test_persistence_counts_changes(start_server: StartServer, connect: Connect) -> None:
    c = connect(start_server())
    for i in range(3):
        c.ok("SET", f"k{i}", "1")
    c.ok("DEL", "k0", "k1", "nosuch")
    fields = info_fields(c.ok("INFO", "persistence"))
    assert fields["rdb_changes_since_last_save"] == "5"
    assert (fields["loading"], fields["aof_enabled"]) == ("0", "0")
    assert fields["rdb_last_bgsave_status"] == "ok"


def test_replication_is_that_of_a_lone_primary(
    c: Client, start_server: StartServer, connect: Connect
) -> None:
    fields = info_fields(c.ok("INFO", "replication"))
    assert (fields["role"], fields["connected_slaves"]) == ("master", "0")
    assert fields["master_failover_state"] == "no-failover"
    assert re.fullmatch(r"[0-9a-f]{40}", fields["master_replid"])
    assert set(fields["master_replid2"]) == {"0"}
    other = info_fields(connect(start_server()).ok("INFO", "replication"))
    assert other["master_replid"] != fields["master_replid"]


def test_backlog_and_memory_limit_are_the_directives(
    start_server: StartServer, connect: Connect
) -> None:
    c = connect(start_server({"repl-backlog-size": "2mb", "maxmemory": "300mb"}))
    assert info_fields(c.ok("INFO", "replication"))["repl_backlog_size"] == str(2 << 20)
    c.ok("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
    fields = info_fields(c.ok("INFO", "memory"))
    assert fields["maxmemory"] == str(300 << 20)
    assert fields["maxmemory_human"] == "300.00M"
    assert fields["maxmemory_policy"] == "allkeys-lru"


def test_peak_is_the_highest_and_stays(start_server: StartServer, connect: Connect) -> None:
    c = connect(start_server())

    def fields() -> dict[str, str]:
        return info_fields(c.ok("INFO", "memory"))

    c.ok("SET", "big", b"x" * 20_000_000)
    assert int(fields()["used_memory_peak"]) > 20_000_000
    c.ok("DEL", "big")
    wait_for("the memory to be given back", lambda: int(fields()["used_memory"]) < 15_000_000)
    assert int(fields()["used_memory_peak"]) > 20_000_000
    assert float(fields()["used_memory_peak_perc"].rstrip("%")) < 80
    c.ok("CONFIG", "RESETSTAT")
    assert int(fields()["used_memory_peak"]) > 20_000_000


def test_memory_of_one_moment_adds_up(c: Client) -> None:
    """The fields of one reply come from one look."""
    c.ok("SET", "some", b"x" * 100_000)
    fields = info_fields(c.ok("INFO", "memory"))
    number = {name: int(value) for name, value in fields.items() if re.fullmatch(r"-?\d+", value)}
    assert number["allocator_frag_bytes"] == (
        number["allocator_active"] - number["allocator_allocated"]
    )
    assert number["allocator_rss_bytes"] == (
        number["allocator_resident"] - number["allocator_active"]
    )
    assert number["rss_overhead_bytes"] == (
        number["used_memory_rss"] - number["allocator_resident"]
    )
    assert number["used_memory_dataset"] == number["used_memory"] - number["used_memory_overhead"]


@pytest.mark.beyond_oracle
def test_pause_is_told(start_server: StartServer, connect: Connect) -> None:
    c = connect(start_server())

    def paused() -> tuple[str, str, int]:
        fields = info_fields(c.ok("INFO", "clients"))
        reason, actions = fields["paused_reason"], fields["paused_actions"]
        return reason, actions, int(fields["paused_timeout_milliseconds"])

    assert paused() == ("none", "none", 0)
    c.ok("CLIENT", "PAUSE", 100_000, "WRITE")
    reason, actions, left_ms = paused()
    assert (reason, actions) == ("client_pause", "write")
    assert 0 < left_ms <= 100_000
    c.ok("CLIENT", "UNPAUSE")
    assert paused() == ("none", "none", 0)


@pytest.mark.beyond_oracle
def test_refused_logins_are_counted(start_server: StartServer, connect: Connect) -> None:
    c = connect(start_server())
    c.err("AUTH", "nobody", "x")
    c.err("HELLO", 3, "AUTH", "nobody", "x")
    assert info_fields(c.ok("INFO", "stats"))["acl_access_denied_auth"] == "2"


@pytest.mark.beyond_oracle
def test_zone_and_name_are_told(start_server: StartServer, connect: Connect) -> None:
    server = start_server({"availability-zone": "here-1a"})
    c, c3 = connect(server), connect(server, proto=3)
    fields = info_fields(c.ok("INFO", "server"))
    assert (fields["availability_zone"], fields["server_name"]) == ("here-1a", "tarn")
    assert c3.ok("HELLO")[b"availability_zone"] == b"here-1a"
    c.ok("CONFIG", "SET", "availability-zone", "", "extended-redis-compatibility", "yes")
    assert b"availability_zone" not in c3.ok("HELLO")
    fields = info_fields(c.ok("INFO", "server"))
    assert (fields["availability_zone"], fields["server_name"]) == ("", "redis")


@pytest.mark.beyond_oracle
def test_listeners_are_told(start_server: StartServer, connect: Connect) -> None:
    server = start_server({"unixsocket": "sock"})
    text = connect(server).ok("INFO", "server")
    assert b"\r\nlistener0:name=tcp,bind=127.0.0.1,port=%d\r\n" % server.port in text
    assert b"\r\nlistener1:name=unix,bind=sock\r\n" in text
    assert b"\r\nunixsocket:sock\r\n" in text


@pytest.mark.beyond_oracle
def test_turns_and_commands_are_timed(start_server: StartServer, connect: Connect) -> None:
    c = connect(start_server())
    c.ok("DEBUG", "SLEEP", "0.5")
    c.pipeline([("PING",)] * 50)
    stats = info_fields(c.ok("INFO", "stats"))
    debug = info_fields(c.ok("INFO", "debug"))
    assert int(stats["eventloop_duration_cmd_sum"]) >= 500_000
    assert int(stats["eventloop_duration_sum"]) >= int(stats["eventloop_duration_cmd_sum"])
    longest = int(debug["eventloop_duration_max"])
    assert longest >= 500_000
    assert int(debug["eventloop_cmd_per_cycle_max"]) > 1
    c.ok("CONFIG", "RESETSTAT")
    assert int(info_fields(c.ok("INFO", "debug"))["eventloop_duration_max"]) < longest


@pytest.mark.beyond_oracle
def test_longest_turn_is_told_and_reset(c: Client) -> None:
    c.ok("DEBUG", "POPULATE", 10000)
    assert int(info_fields(c.ok("INFO", "stats"))["longest_turn_cpu_usec"]) > 0
