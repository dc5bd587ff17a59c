"""The scenes: every way in which files change, with little data, so that each call can be the last."""

from __future__ import annotations

from pathlib import Path
from typing import Mapping

from play import Play, Scene, State
from support.resp import encode
from support.server import Value

ALWAYS: dict[str, Value] = {"appendonly": "yes", "appendfsync": "always"}
EVERYSEC: dict[str, Value] = {"appendonly": "yes", "appendfsync": "everysec"}
OFF: dict[str, Value] = {"appendonly": "no", "appendfsync": "always"}
RULES: dict[str, Value] = {**OFF, "save": [3600, 1000000]}

OLD: State = {"a": "old", "b": "old", "big": "x" * 3000}


def _writes(p: Play) -> None:
    p.write("a", "1")
    p.write("b", "1")
    p.apply({**p.now, "c": "1", "d": "1"}, "MSET", "c", 1, "d", 1)


def _rewrite(p: Play) -> None:
    p.write("a", "1")
    p.do("BGREWRITEAOF")
    p.write("b", "1")
    p.wait_child("aof")
    p.write("a", "2")


def _rewrite_twice(p: Play) -> None:
    _rewrite(p)
    p.do("BGREWRITEAOF")
    p.wait_child("aof")
    p.write("b", "2")


def _save(p: Play) -> None:
    p.write("a", "1")
    p.do("SAVE")
    p.promise()
    p.write("a", "2")
    p.do("SAVE")
    p.promise()


def _bgsave(p: Play) -> None:
    p.write("a", "1")
    p.do("BGSAVE")
    p.wait_child("rdb")
    p.promise()


def _rewrite_and_save(p: Play) -> None:
    p.write("a", "1")
    p.do("SAVE")
    p.do("BGSAVE")
    p.write("b", "1")
    p.wait_child("rdb")
    p.do("BGREWRITEAOF")
    p.wait_child("aof")
    p.write("a", "2")


def _shutdown(p: Play) -> None:
    p.write("a", "1")
    p.ended = True
    p.end("SHUTDOWN")


def _shutdown_save(p: Play) -> None:
    p.write("a", "1")
    p.ended = True
    p.end("SHUTDOWN", "SAVE")


def _flush(p: Play) -> None:
    p.write("a", "1")
    p.apply({}, "FLUSHALL")
    p.write("b", "1")


def _turn_on(p: Play) -> None:
    p.write("a", "1")
    p.do("CONFIG", "SET", "appendonly", "yes")
    p.wait_child("aof")
    p.wait_info("aof_enabled", "1")
    p.promise()
    p.durable_writes = True
    p.write("b", "1")


def _turn_off_and_on(p: Play) -> None:
    p.write("a", "1")
    p.do("CONFIG", "SET", "appendonly", "no")
    p.durable_writes = False
    p.write("a", "2")
    p.do("CONFIG", "SET", "appendonly", "yes")
    p.wait_child("aof")
    p.promise()
    p.durable_writes = True
    p.write("a", "3")


def _turn_on_and_off_while_rewriting(p: Play) -> None:
    p.write("a", "1")
    p.do("BGREWRITEAOF")
    p.do("CONFIG", "SET", "appendonly", "no")
    p.do("CONFIG", "SET", "appendonly", "yes")
    p.wait_child("aof")
    p.promise()
    p.write("b", "1")


def _reload(p: Play) -> None:
    p.write("a", "1")
    p.do("DEBUG", "RELOAD")
    p.write("b", "1")
    p.do("DEBUG", "LOADAOF")
    p.write("a", "2")


def _sync_by_waiting(p: Play) -> None:
    p.write("a", "1")
    p.write("b", "1")
    p.do("WAITAOF", 1, 0, 0)
    p.promise()


def _from_everysec_to_always(p: Play) -> None:
    p.write("a", "1")
    p.do("CONFIG", "SET", "appendfsync", "always")
    p.durable_writes = True
    p.write("b", "1")


# Folders ----------------------------------------------------------------------------------------


def _commands(pairs: State) -> bytes:
    requests = [encode("SELECT", 0), *(encode("SET", k, v) for k, v in pairs.items())]
    return b"".join(requests)


def _single_old_file(root: Path) -> None:
    (root / "appendonly.aof").write_bytes(_commands(OLD))


def _torn_tail(root: Path) -> None:
    """The last incremental file ends in the midst of a transaction."""
    last = max((root / "appendonlydir").glob("*.incr.aof"))
    with open(last, "ab") as file:
        file.write(encode("MULTI") + encode("SET", "a", "torn") + encode("SET", "b", "torn")[:-4])


def _aof_if_there(root: Path) -> Mapping[str, Value]:
    """As an operator would who does not know whether CONFIG SET was in time."""
    return ALWAYS if (root / "appendonlydir/appendonly.aof.manifest").exists() else OFF


_COMMANDS_ONLY: dict[str, Value] = {**ALWAYS, "aof-use-rdb-preamble": "no"}
_ON_OLD = {"directives": ALWAYS, "prepared_with": ALWAYS, "state": OLD, "durable_writes": True}

SCENES = [
    Scene("first start", _writes, ALWAYS, durable_writes=True),
    Scene("next start", _writes, **_ON_OLD),
    Scene("rewrite", _rewrite, **_ON_OLD),
    Scene("rewrite twice", _rewrite_twice, **_ON_OLD),
    Scene("rewrite as commands", _rewrite, _COMMANDS_ONLY, OLD, ALWAYS, durable_writes=True),
    Scene("rewrite of nothing", _rewrite, ALWAYS, durable_writes=True),
    Scene("save", _save, OFF, OLD, OFF),
    Scene("first save", _save, OFF),
    Scene("save by a child", _bgsave, OFF, OLD, OFF),
    Scene("saves and rewrites", _rewrite_and_save, **_ON_OLD),
    Scene("end with a snapshot", _shutdown, RULES, OLD, OFF),
    Scene("end that is told to save", _shutdown_save, OFF, OLD, OFF),
    Scene("end with everysec", _shutdown, EVERYSEC, OLD, ALWAYS),
    Scene("end with always", _shutdown, **_ON_OLD),
    Scene("flush", _flush, **_ON_OLD),
    Scene("flush with rules", _flush, RULES, OLD, OFF),
    Scene("turned on", _turn_on, OFF, OLD, OFF, restart=_aof_if_there),
    Scene("turned off and on", _turn_off_and_on, **_ON_OLD),
    Scene("turned off and on while rewriting", _turn_on_and_off_while_rewriting, **_ON_OLD),
    # Memory is emptied before the file is read, as by the peers: then a fault loses what is in memory.
    Scene("debug reload", _reload, **_ON_OLD, survives_faults=False),
    Scene("everysec", _sync_by_waiting, EVERYSEC, OLD, ALWAYS),
    Scene("from everysec to always", _from_everysec_to_always, EVERYSEC, OLD, ALWAYS),
    Scene("upgrade", _writes, ALWAYS, OLD, prepare=_single_old_file, durable_writes=True),
    Scene("torn tail", _writes, **_ON_OLD, prepare=_torn_tail),
]  # fmt: skip
