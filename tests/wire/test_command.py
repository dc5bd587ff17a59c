"""COMMAND: what the server says about its own verbs."""

from __future__ import annotations

import pytest
from support.client import Client


def _flat(reply: list[object]) -> dict[bytes, object]:
    return dict(zip(reply[0::2], reply[1::2]))  # type: ignore[arg-type]


def test_count_and_list_agree_with_the_whole_table(c: Client) -> None:
    table = c.ok("COMMAND")
    names = {row[0] for row in table}
    listed = set(c.ok("COMMAND", "LIST"))
    assert c.ok("COMMAND", "COUNT") == len(table) == len(names)
    assert {name for name in listed if b"|" not in name} == names
    assert {b"get", b"set", b"client|id", b"command|docs"} <= listed


def test_row_of_get(c: Client) -> None:
    (row,) = c.ok("COMMAND", "INFO", "GET")
    name, arity, flags, first, last, step, categories, tips, specs, subcommands = row
    assert (name, arity, first, last, step) == (b"get", 2, 1, 1, 1)
    assert sorted(flags) == ["fast", "readonly"]
    assert sorted(categories) == ["@fast", "@read", "@string"]
    assert (tips, subcommands) == ([], [])
    spec = _flat(specs[0])
    assert sorted(spec[b"flags"]) == ["RO", "access"]  # type: ignore[call-overload]
    assert spec[b"begin_search"] == [b"type", b"index", b"spec", [b"index", 1]]
    assert spec[b"find_keys"] == [
        *(b"type", b"range", b"spec"),
        [b"lastkey", 0, b"keystep", 1, b"limit", 0],
    ]


def test_row_of_a_container_has_its_subcommands(c: Client) -> None:
    (row,) = c.ok("COMMAND", "INFO", "config")
    names = [sub[0] for sub in row[9]]
    assert {b"config|get", b"config|set", b"config|resetstat"} <= set(names)
    assert row[1] == -2


def test_row_of_a_subcommand(c: Client) -> None:
    (row,) = c.ok("COMMAND", "INFO", "config|get")
    assert (row[0], row[1]) == (b"config|get", -3)


def test_info_of_unknown_names_is_null_in_its_place(c: Client) -> None:
    assert c.raw("COMMAND", "INFO", "nosuch") == b"*1\r\n$-1\r\n"
    rows = c.ok("COMMAND", "INFO", "nosuch", "get", "get|set")
    assert rows[0] is None and rows[1][0] == b"get" and rows[2] is None


def test_info_without_names_is_the_whole_table(c: Client) -> None:
    assert len(c.ok("COMMAND", "INFO")) == c.ok("COMMAND", "COUNT")


def test_docs_of_get(c: Client) -> None:
    docs = _flat(c.ok("COMMAND", "DOCS", "get"))
    fields = _flat(docs[b"get"])  # type: ignore[arg-type]
    assert fields[b"since"] == b"1.0.0"
    assert fields[b"group"] == b"string"
    assert fields[b"summary"] and fields[b"complexity"]
    assert fields[b"arguments"] == [[b"name", b"key", b"type", b"key", b"key_spec_index", 0]]


def test_docs_of_the_options_of_set(c: Client) -> None:
    fields = _flat(_flat(c.ok("COMMAND", "DOCS", "set"))[b"set"])  # type: ignore[arg-type]
    arguments = [_flat(argument) for argument in fields[b"arguments"]]  # type: ignore[attr-defined]
    names = [argument[b"name"] for argument in arguments]
    assert names[:3] == [b"key", b"value", b"condition"]
    condition = arguments[2]
    assert condition[b"type"] == b"oneof" and condition[b"flags"] == ["optional"]
    tokens = [_flat(a)[b"token"] for a in condition[b"arguments"]]  # type: ignore[attr-defined]
    assert tokens[:2] == [b"NX", b"XX"]


def test_docs_of_every_command_has_its_fields(c3: Client) -> None:
    docs = c3.ok("COMMAND", "DOCS")
    assert len(docs) == c3.ok("COMMAND", "COUNT")
    for name, fields in docs.items():
        assert {b"summary", b"since", b"group"} <= set(fields), name


def test_docs_of_unknown_names_are_left_out(c: Client) -> None:
    assert c.raw("COMMAND", "DOCS", "nosuch") == b"*0\r\n"


@pytest.mark.parametrize(
    ("command", "keys"),
    [
        (("GET", "a"), [b"a"]),
        (("MSET", "a", "1", "b", "2"), [b"a", b"b"]),
        (("MGET", "a", "b", "a"), [b"a", b"b", b"a"]),
        (("COPY", "a", "b", "REPLACE"), [b"a", b"b"]),
        (("OBJECT", "ENCODING", "a"), [b"a"]),
        (("MEMORY", "USAGE", "a"), [b"a"]),
    ],
)
def test_getkeys(c: Client, command: tuple[str, ...], keys: list[bytes]) -> None:
    assert c.ok("COMMAND", "GETKEYS", *command) == keys


@pytest.mark.parametrize(
    ("command", "keys"),
    [
        (("GET", "a"), [[b"a", ["RO", "access"]]]),
        (("SET", "a", "b"), [[b"a", ["OW", "update"]]]),
        (("SET", "a", "b", "GET"), [[b"a", ["RW", "access", "update"]]]),
        (("COPY", "a", "b"), [[b"a", ["RO", "access"]], [b"b", ["OW", "update"]]]),
        (("DEL", "a", "b"), [[b"a", ["RM", "delete"]], [b"b", ["RM", "delete"]]]),
    ],
)
def test_getkeysandflags(c: Client, command: tuple[str, ...], keys: list[object]) -> None:
    assert c.ok("COMMAND", "GETKEYSANDFLAGS", *command) == keys


def test_getkeys_refuses(c: Client) -> None:
    assert c.err("COMMAND", "GETKEYS", "NOPE", "a") == "ERR Invalid command specified"
    assert c.err("COMMAND", "GETKEYS", "ECHO", "a") == "ERR The command has no key arguments"
    assert c.err("COMMAND", "GETKEYS", "MSET", "a") == (
        "ERR Invalid number of arguments specified for command"
    )


def test_list_filters(c: Client) -> None:
    assert c.ok("COMMAND", "LIST", "FILTERBY", "PATTERN", "g[e]t") == [b"get"]
    assert c.ok("COMMAND", "LIST", "FILTERBY", "MODULE", "nosuch") == []
    assert c.ok("COMMAND", "LIST", "FILTERBY", "ACLCAT", "nosuch") == []
    assert b"get" in c.ok("COMMAND", "LIST", "FILTERBY", "ACLCAT", "string")
    assert b"get" not in c.ok("COMMAND", "LIST", "FILTERBY", "ACLCAT", "write")
    assert c.err("COMMAND", "LIST", "FILTERBY", "FOO", "x") == "ERR syntax error"
    assert c.err("COMMAND", "LIST", "FOO") == "ERR syntax error"


def test_unknown_subcommands(c: Client) -> None:
    assert c.err("COMMAND", "FOO") == "ERR unknown subcommand 'FOO'. Try COMMAND HELP."
    assert c.err("COMMAND", "COUNT", "x") == (
        "ERR wrong number of arguments for 'command|count' command"
    )
