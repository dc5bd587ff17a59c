"""Compares what COMMAND INFO and COMMAND DOCS say about the commands that Tarn has.

COMMAND INFO: arity, flags, key positions, ACL categories, tips, key specifications. COMMAND DOCS:
group, since, and the tree of arguments (names, types, tokens, flags), but no wording. A field
that differs is looked up in differences.tsv as the command `SURFACE <command> <field>`."""

from __future__ import annotations

import json
from typing import Any, Iterator

from support.client import Client
from support.resp import ReplyError

from .differences import Differences

Fields = dict[str, Any]


def compare_surfaces(tarn: Client, oracle: Client, differences: Differences) -> int:
    """Prints every difference; 1 if there is one that is not intended, else 0."""
    for client in (tarn, oracle):
        client.ok("HELLO", 3)
    names = sorted(n.decode() for n in tarn.ok("COMMAND", "LIST"))
    surfaces = [_surface(client, names) for client in (tarn, oracle)]
    newer = [name for name in names if name not in surfaces[1]]
    count = 0
    for name in names:
        if name in newer:
            continue
        for field, ours, theirs in _differing(surfaces[0].get(name, {}), surfaces[1][name]):
            if differences.allow(f"SURFACE {name} {field}", ours, theirs):
                continue
            count += 1
            print(f"{name} {field}\n    tarn   {ours}\n    oracle {theirs}")
    print("only in Tarn, not compared: " + (" ".join(newer) or "none"))
    print(f"surface: {len(names)} commands, {count} differences")
    return 1 if count else 0


def _differing(ours: Fields, theirs: Fields) -> Iterator[tuple[str, str, str]]:
    for field in sorted({*ours, *theirs}):
        texts = [json.dumps(f.get(field), sort_keys=True, default=_text) for f in (ours, theirs)]
        if texts[0] != texts[1]:
            yield field, texts[0], texts[1]


def _surface(client: Client, names: list[str]) -> dict[str, Fields]:
    """Per command: the fields of both replies."""
    surface: dict[str, Fields] = {}
    for name, info in zip(names, client.ok("COMMAND", "INFO", *names)):
        if info is not None:
            surface[name] = _info(info)
    for name in list(surface):
        docs = client.call("COMMAND", "DOCS", name)
        if isinstance(docs, ReplyError):
            surface[name]["docs"] = docs.text
        for fields in docs.values() if isinstance(docs, dict) else ():
            surface[name].update(_docs(fields))
    return surface


def _info(info: list[Any]) -> Fields:
    name, arity, flags, first, last, step, categories, tips, specs, _subcommands = info
    return {
        "name": _text(name),
        "arity": arity,
        "flags": sorted(map(_text, flags)),
        "positions": [first, last, step],
        "categories": sorted(map(_text, categories)),
        "tips": sorted(map(_text, tips)),
        "key-specs": [_plain(spec) for spec in specs],
    }


def _docs(fields: dict[bytes, Any]) -> Fields:
    kept: Fields = {}
    for name in (b"group", b"since", b"arguments", b"doc_flags", b"deprecated_since"):
        if name in fields:
            kept[_text(name)] = _plain(fields[name])
    return kept


def _plain(value: Any) -> Any:
    """Text for bytes, sorted lists for sets of flags; wording (summaries, displays) left out."""
    if isinstance(value, dict):
        pairs = {_text(k): _plain(v) for k, v in value.items()}
        return {k: sorted(v) if k == "flags" else v for k, v in pairs.items() if k not in _WORDING}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return _text(value)


_WORDING = ("summary", "notes")


def _text(value: Any) -> Any:
    return value.decode(errors="replace") if isinstance(value, bytes) else value
