"""What oracle/config.py tries: values, files, arguments; and how a rewritten file is understood."""

from __future__ import annotations

import re
import shlex

# Values

_NUMBERS = (
    "0 1 -1 2 7 10 64 99 100 101 128 129 1000 1001 1024 65535 65536 2147483647 2147483648 -2147483648 "
    "-2147483649 4294967295 4294967296 9223372036854775807 9223372036854775808 18446744073709551615 -2 01 +1 "
    "1.5 0x10 1e3 5% 100% 101% -1% 1k 1kb 3mb 1gb 1GB 1gbb 7b 777 999"
).split()
_WORDS = ["", " ", "yes", "no", "YES", "Yes ", "maybe", "abc", "a b", "a/b", "default", '"', "\x01\xe9", "x" * 300]

ANY_VALUES = [*_NUMBERS, *_WORDS]

# Of these, others would cut off the client that asks, take a port, or make the server slow.
VALUES: dict[str, list[str]] = {
    "client-output-buffer-limit": [
        *("normal 1gb 1gb 7", "slave 1 2 3", "replica 1mb 2k 3", "pubsub 0 0 0", "normal 0 0 0 pubsub 1 1 1"),
        *("", "normal", "normal 1 2", "master 0 0 0", "foo 1 2 3", "normal a 0 0", "normal 0 0 x", "normal 0 0 -1"),
    ],
    "maxmemory-clients": ["", "abc", "-1", "101%", "50%", "1gb", "-5%", "%", "0"],
    "maxclients": ["", "0", "-1", "abc", "4294967296", "50", "5000", "1k"],
    "watchdog-period": ["", "-1", "abc", "2147483648", "1000000", "0"],
    "appendonly": ["", "maybe", "NO", "no"],
    "save": [
        *("", "1 2", "900 1 300 10", "900", "900 1 300", "0 1", "1 0", "-1 1", "1 -1", "a b", "1  2", " 1 2", "1 2 "),
        *("01 2", "1 2147483647", "1 2147483648", "1 2\t"),
    ],
    "notify-keyspace-events": ["", "KEA", "Kg$lshzxetdmn", "mngE", "q", "K E", "A", "AKEmn", "Kx", "Eet", "$", "xK"],
    "latency-tracking-info-percentiles": ["", "50", "50 99 99.9", "0 100", "101", "-1", "a", "50 a", "99.99999", "1e1"],
    "oom-score-adj-values": ["", "0 200 800", "1 2 3", "1 2", "1 2 3 4", "3 2 1", "a b c", "0 0 2001", "-2001 0 0"],
    "shutdown-on-sigterm": ["", "default", "save", "nosave", "now force", "save nosave", "nosave save", "abc", "NOW"],
    "shutdown-on-sigint": ["", "default", "save", "nosave", "now force", "save nosave", "abc", "now now"],
    "proc-title-template": ["", "{title}", "{title} {port}", "{nosuch}", "{", "abc {title", "x" * 300],
    "loglevel": ["", "debug", "verbose", "notice", "warning", "abc", "NOTICE"],
    "dir": ["", "/nosuch", "/tmp", "/"],
    "tls-protocols": ["", "TLSv1.2", "TLSv1.3 TLSv1.2", "abc"],
}

NOT_SET = ("port", "tls-port", "bind", "requirepass", "locale-collate", "unixsocket")

# For what can only be written into a file.
FILE_VALUES = ["", '""', "abc", "0", "1", "-1", "yes", "a b", "65536", "2147483648", "no-such", "1kb", "17"]
# Files and processes come of them even if a later line is wrong.
HARMFUL_LINES = ("logfile", "aclfile", "daemonize yes")

_ONE_OF = re.compile(r"argument\(s\) must be one of the following: (.*)")
_BETWEEN = re.compile(r"argument must be between (-?\d+) and (-?\d+) inclusive")


def better_values(reply: str, name: str) -> list[str]:
    """What an error says that it wants, and what is next to that."""
    if name in VALUES:
        return []
    if found := _ONE_OF.search(reply):
        words = found.group(1).split(", ")
        return [*words, *(w.upper() for w in words), " ".join(words[:2])]
    if found := _BETWEEN.search(reply):
        least, most = (int(n) for n in found.groups())
        return [str(n) for n in (least - 1, least, least + 1, most - 1, most, most + 1) if abs(n) < 1 << 63]
    return []


# Changes for a file: the first that both servers take.
CHANGES = ["no", "yes", "17", "1048577", "3mb", "abc", "a b"]
CHANGED: dict[str, list[str]] = {
    "client-output-buffer-limit": ["normal 1gb 1gb 7 pubsub 1gb 1gb 9"],
    "maxmemory-clients": ["50%"],
    "maxclients": ["77"],
    "appendonly": [],
    "save": ["900 1 300 10"],
    "dir": [],
    "notify-keyspace-events": ["KEA"],
    "oom-score-adj-values": ["1 2 3"],
    "latency-tracking-info-percentiles": ["10 20"],
    "shutdown-on-sigint": ["nosave now"],
    "shutdown-on-sigterm": ["force"],
    "proc-title-template": ["x {title} \"quoted\""],
    "watchdog-period": ["1000000"],
    "oom-score-adj": ["relative"],
    "loglevel": ["verbose"],
    "repl-diskless-load": ["swapdb"],
    "maxmemory-policy": ["volatile-ttl"],
    "appendfsync": ["always"],
    "acl-pubsub-default": ["allchannels"],
    "sanitize-dump-payload": ["clients"],
    "cluster-preferred-endpoint-type": ["hostname"],
    "propagation-error-behavior": ["panic"],
    "tls-auth-clients": ["optional"],
    "maxmemory": ["700mb"],
    "activedefrag": [],
}

# Wrong lines, and right ones in front of a wrong one

INCLUDED = {
    "good.conf": "timeout 5\n",
    "bad.conf": "# comment\ntimeout 5\nbogus 1\n",
    "nested.conf": "\ninclude bad.conf\n",
    "glob-a.conf": "timeout 1\n",
    "glob-b.conf": "timeout x\n",
}

FILES = [
    *("", "nosuch 1", "timeout", "timeout 1 2", 'timeout "1', "timeout '1", 'timeout "1"2', "timeout 1 # one"),
    *("include", "include a b", "include nosuch.conf", "include nosuch*.conf", "include good.conf", "include bad.conf"),
    *("include nested.conf", 'include "glob-*.conf"', "include glob-[a].conf", "include ./good.conf", 'include ""'),
    *("user", "user default on\nuser default off", "user alice on >p ~* +@all\nuser alice on", "user alice", 'user "a b"'),
    *("user default on nopass sanitize-payload ~* &* +@all", "rename-command", "rename-command a", "rename-command a b c"),
    *("rename-command foo bar", "rename-command get set", "rename-command get a\nrename-command set a"),
    *('rename-command get ""\nrename-command get a', "rename-command get a\nrename-command a b", "rename-command GET a"),
    *('rename-command get ""', "loadmodule", "sentinel", "sentinel monitor a 127.0.0.1 1 1", "a.b", "a.b 1"),
    *("list-max-ziplist-entries 5", "list-max-ziplist-entries", "list-max-ziplist-value 5 6", "lua-replicate-commands x"),
    *("io-threads-do-reads maybe", "dynamic-hz maybe", "save 1", "save", 'save ""\nsave 1 2 3', "save 1 2 3 4", 'save "1 2"'),
    *("bind", 'bind ""', "bind a b c d e f g h i j k l m n o p", "bind a b c d e f g h i j k l m n o p q"),
    *("replicaof", "replicaof a", "replicaof a x", "replicaof a 65536", "replicaof a 1", "replicaof no one", "slaveof a b c"),
    *("client-output-buffer-limit", "client-output-buffer-limit normal 1 2", "client-output-buffer-limit x 1 1 1"),
    *("client-output-buffer-limit normal 1 1 1 pubsub 1kb 1 1", "client-output-buffer-limit 'slave 1 1 1'"),
    *("notify-keyspace-events q", "notify-keyspace-events K E", 'notify-keyspace-events "K E"', "dir /nosuch"),
    *("appendfilename a/b", 'appendfilename ""', 'appenddirname ""', "appenddirname a/b", 'dbfilename ""', "dbfilename a/b"),
    *("unixsocketperm 999", "unixsocketperm 778", "unixsocketperm -1", "unixsocketperm 755", "shutdown-on-sigint foo"),
    *("shutdown-on-sigint nosave now", "shutdown-on-sigint default now", "shutdown-on-sigterm save nosave"),
    *("oom-score-adj-values 1", "oom-score-adj-values 1 2 3", "latency-tracking-info-percentiles 101"),
    *("latency-tracking-info-percentiles", 'latency-tracking-info-percentiles ""', "port 6379 6380", "PORT 1", "maxmemory 1tb"),
    *("Slave-Priority x", "replica-priority x", "hash-max-ziplist-entries x", "masterauth", "  timeout   x  ", "\ttimeout\tx"),
    *("timeout x\r", "'timeout' 'x'", '"time\\x6fut" x', "supervised systemd", "supervised x"),
    *("daemonize maybe", "databases 0", "io-threads 0", "io-threads 129", "io-threads 128", "tcp-backlog -1"),
    *("syslog-facility local8", "syslog-facility LOCAL3", "enable-debug-command maybe", "enable-debug-command LOCAL"),
    *("cluster-port 65536", "cluster-announce-hostname a_b", "proc-title-template {x}", "socket-mark-id 4294967296"),
]

ARGUMENTS = [
    *(("--nosuch", "1"), ("--port", "6379", "6380"), ("--port",), ("--foo", "--port", "1"), ("--port=1",), ("-x",)),
    *(("--user", "a", "on", "--user", "a", "on"), ("foo.conf", "bar"), ("--include", "nosuch"), ("--dir",)),
    *(("--maxmemory 700mb", "--nosuch"), ("--maxmemory 700mbb",), ("--save", "--save", "x"), ("--save", "--nosuch", "1")),
    *(("--appendonly", "yes", "no"), ('--port "1', "--timeout", "1"), ("--save",  "", "--nosuch", "1"), ("--sentinel", "--x", "1")),
    *(("--timeout", "--port"), ("--timeout", "1", "-", "2"), ("--", "1"), ("--bind", "a", "b", "--nosuch", "x")),
    *(("-", "--nosuch", "1"), ("--nosuch", "1", "-"), ("--TIMEOUT", "x"), ("--timeout ", "x"), ("--timeout", "é\n")),
]

# Files to rewrite, and what is set before

Change = tuple[str, str]
REWRITTEN: list[tuple[str, list[Change]]] = [
    ("", []),
    ("# a comment\n\n\n\ntimeout 5\n   # another\n\ttimeout 6  \n\n\nhz 10", [("hz", "12")]),
    ("timeout 1\nhz 10\ntimeout 2\ntimeout 3\n", [("timeout", "0")]),
    ("SLAVE-PRIORITY 7\nhash-max-ziplist-entries 77\nlua-time-limit 77\n", []),
    ("save 900 1\nsave 300 10\n# x\nsave 60 10000\n", []),
    ("save 900 1\nsave 300 10\n# x\nsave 60 10000\n", [("save", "1 2")]),
    ("save 900 1\n", [("save", "1 2 3 4")]),
    ("save 3600 1 300 100 60 10000\ntimeout 5\n", [("save", "")]),
    ("client-output-buffer-limit pubsub 1mb 1mb 7\n", []),
    ("client-output-buffer-limit normal 1 1 0\nclient-output-buffer-limit normal 0 0 0\n", []),
    ('maxmemory 1048576\nproto-max-bulk-len 1000000000\nmasterauth "a b\\x01\\"c"\n', []),
    ('masterauth abc\nrequirepass ""\ntls-cert-file x\n', [("masterauth", "")]),
    ("list-max-ziplist-entries 5\ninclude nosuch*.conf\nrename-command keys keys2\nuser alice on nopass\n", []),
    ("bind 127.0.0.1\nport 1\nnotify-keyspace-events gxE\nnotify-keyspace-events KEA\n", []),
    ("# Generated by CONFIG REWRITE\nhz 11\n\n\n", [("timeout", "9"), ("maxmemory", "1gb"), ("hz", "10")]),
    ("shutdown-on-sigint nosave now\noom-score-adj-values 1 2 3\nlatency-tracking-info-percentiles 1 2\n", []),
    ("shutdown-on-sigint nosave now\n", [("shutdown-on-sigint", "default")]),
    ("server_cpulist 0\nbio_cpulist 0\nslowlog-max-len 5\nmin-slaves-max-lag 5\n", []),
    ("unixsocketperm 700\nunixsocketperm 750\nrepl-backlog-size 10gb\nmaxmemory-clients 10%\n", []),
]

# Lines of the oracle's that Tarn has nothing for.
_LEFT_OUT = ("user",)
_UNITS = {"": 1, "b": 1, "k": 1000, "kb": 1 << 10, "m": 10**6, "mb": 1 << 20, "g": 10**9, "gb": 1 << 30}
_MEMORY = re.compile(r"(\d+)(b|k|kb|m|mb|g|gb|)", re.IGNORECASE)
_MARKER = "# Generated by CONFIG REWRITE"


def understood(text: str) -> tuple[list[str], dict[str, list[str]]]:
    """The lines above the marker as they are meant, and the values below it by name."""
    old: list[str] = []
    new: dict[str, list[str]] = {}
    below = False
    for line in text.splitlines():
        if line == _MARKER:
            below = True
        elif not line or line.startswith("#"):
            old += [] if below else [line]
        else:
            name, words = _line(line)
            if name in _LEFT_OUT:
                continue
            if below:
                new.setdefault(name, []).extend(words)
            else:
                old.append(" ".join([name, *words]))
    while old and not old[-1]:
        old.pop()
    return old, new


def _line(line: str) -> tuple[str, list[str]]:
    name, _space, rest = line.partition(" ")
    name = name.lower()
    try:
        words = shlex.split(rest)
    except ValueError:
        words = [rest]
    parts = [part for word in words for part in word.split(" ")]
    return name, [_word(part) for part in parts]


def _word(word: str) -> str:
    if found := _MEMORY.fullmatch(word):
        return str(int(found.group(1)) * _UNITS[found.group(2).lower()])
    return "slave" if word == "replica" else word
