"""What is measured of values with elements: requests, and bytes an element, type by type.

A type is a `Kind` in KINDS. Its fills are requests for the load generator that make the keys which
its works name; its sizes are filled one by one into an empty server."""

from __future__ import annotations

from dataclasses import dataclass, field

from .strings import Work

# The upper end of a row's interval, and what the median of all rows is to be.
BOUND, WANTED = 1.05, 0.70

MILLION = 1_000_000


@dataclass(frozen=True)
class Fill:
    """A request that is sent so often; with keys drawn in order, each once."""

    words: str
    requests: int
    keys: int = MILLION


@dataclass(frozen=True)
class Size:
    """Bytes an element of what `fill` makes: `elements` of them, in a given form."""

    name: str
    bound: float
    fill: Fill
    elements: int


@dataclass(frozen=True)
class Kind:
    """One type."""

    name: str
    fills: tuple[Fill, ...] = ()
    works: tuple[Work, ...] = ()
    sizes: tuple[Size, ...] = field(default=())


# Members are keys of the load generator: 16 bytes. Points lie in a square of one degree.
_ZSET = Kind(
    "sorted set",
    fills=(
        Fill("ZADD zset {number} {key}", MILLION),
        Fill("ZADD ranks:{key} 1 a 2 b 3 c 4 d 5 e 6 f 7 g 8 h", 10_000, 10_000),
        Fill("GEOADD geo 13.{number} 38.{other} {key}", 100_000, 100_000),
    ),
    works=(
        Work("ZADD, other scores in a million", "ZADD zset {number} {key}", 300_000),
        Work("ZADD, small sets", "ZADD ranks:{key} {number} c", 300_000, keys=10_000),
        Work("ZINCRBY in a million", "ZINCRBY zset 1.5 {key}", 300_000),
        Work("ZSCORE in a million", "ZSCORE zset {key}", 300_000),
        Work("ZRANK in a million", "ZRANK zset {key}", 300_000),
        Work("ZRANGE of 100 in a million", "ZRANGE zset {number} {number+99}", 60_000),
        Work(
            "ZRANGEBYSCORE of 10 in a million",
            "ZRANGEBYSCORE zset {number} +inf LIMIT 0 10",
            200_000,
        ),
        Work(
            "GEOSEARCH of about 100 in 100,000",
            "GEOSEARCH geo FROMMEMBER {key} BYRADIUS 2 km",
            20_000,
            keys=100_000,
        ),
    ),
    sizes=(
        Size("a sorted set of a million", 0.55, Fill("ZADD zset {number} {key}", MILLION), MILLION),
        Size(
            "sorted sets of 8",
            1.0,
            Fill("ZADD ranks:{key} 1 aa 2 bb 3 cc 4 dd 5 ee 6 ff 7 gg 8 hh", 100_000, 100_000),
            800_000,
        ),
    ),
)

# What LPUSH and RPUSH put in, LPOP and RPOP take out again: as many requests.
_LIST = Kind(
    "list",
    fills=(
        Fill("RPUSH list {key}", MILLION),
        Fill("RPUSH small:{key} a b c d e f g h", 10_000, 10_000),
    ),
    works=(
        Work("LPUSH", "LPUSH heads {key}", 200_000),
        Work("LPOP", "LPOP heads", 200_000),
        Work("RPUSH", "RPUSH tails {key}", 200_000),
        Work("RPOP", "RPOP tails", 200_000),
        Work(
            "LMOVE between small lists",
            "LMOVE small:{key} small:{key} LEFT RIGHT",
            200_000,
            keys=10_000,
        ),
        Work("LRANGE of 100", "LRANGE list 0 99", 60_000),
        Work("LRANGE of 600", "LRANGE list 0 599", 10_000),
        Work("LINDEX in the middle of a million", "LINDEX list 500000", 60_000),
        Work("LINDEX anywhere in a million", "LINDEX list {number}", 60_000),
        Work("LSET anywhere in a million", "LSET list {number} {key}", 60_000),
    ),
    sizes=(
        Size("a list of a million", 1.0, Fill("RPUSH list {key}", MILLION), MILLION),
        Size(
            "lists of 8",
            1.0,
            Fill("RPUSH small:{key} aa bb cc dd ee ff gg hh", 100_000, 100_000),
            800_000,
        ),
    ),
)

# Fields are keys of the load generator: 16 bytes; values have 32, or are one number.
_PAIRS = " ".join(f"field:{i} value:{i}" for i in range(50))

_HASH = Kind(
    "hash",
    fills=(
        Fill("HSET hash {key} {value}", MILLION),
        Fill("HSET users:{key} name ann mail ann@example.net visits 17 city oslo", 10_000, 10_000),
        Fill(f"HSET fifty:{{key}} {_PAIRS}", 1_000, 1_000),
        Fill("HSET counts {key} 7", 10_000, 10_000),
    ),
    works=(
        Work("HSET in a million", "HSET hash {key} {value}", 300_000),
        Work("HGET in a million", "HGET hash {key}", 300_000),
        Work("HSET, small hashes", "HSET users:{key} visits {number}", 300_000, 10_000),
        Work("HGET, small hashes", "HGET users:{key} city", 300_000, 10_000),
        Work("HGETALL of 50 fields", "HGETALL fifty:{key}", 60_000, 1_000),
        Work("HINCRBY in a hash of 10,000", "HINCRBY counts {key} 3", 300_000, 10_000),
        Work("HDEL and HSET in a million", "HDEL hash {key} THEN HSET hash {key} {value}", 200_000),
    ),
    sizes=(
        Size("a hash of a million, 32 bytes", 0.64, Fill("HSET hash {key} {value}", MILLION), MILLION),
        Size("a hash of a million, short", 0.64, Fill("HSET hash {key} 7", MILLION), MILLION),
        Size(
            "hashes of 8",
            1.0,
            Fill(
                "HSET small:{key} aa 1 bb 2 cc 3 dd four ee five ff six gg seven hh eight",
                100_000,
                100_000,
            ),
            800_000,
        ),
    ),
)

# Whatever is read is acknowledged, and the group goes back to the beginning.
_JOBS = " ".join(f"{n}-1" for n in range(1, 11))
_READ_AND_ACK = (
    f"XREADGROUP GROUP group worker COUNT 10 STREAMS jobs > THEN XACK jobs group {_JOBS} "
    "THEN XGROUP SETID jobs group 0"
)
_EVENT = "device sensor-7 value {number}"

_STREAM = Kind(
    "stream",
    fills=(
        Fill(f"XADD events * {_EVENT}", MILLION),
        Fill(" THEN ".join(f"XADD jobs {n}-1 task work size 7" for n in range(1, 11)), 1, 1),
        Fill("XGROUP CREATE jobs group 0", 1, 1),
    ),
    works=(
        Work("XADD", f"XADD log * {_EVENT}", 300_000),
        Work("XADD with MAXLEN ~", f"XADD short MAXLEN ~ 1000 * {_EVENT}", 300_000),
        Work("XRANGE of 100 in a million", "XRANGE events - + COUNT 100", 30_000),
        Work("XREVRANGE of 100 in a million", "XREVRANGE events + - COUNT 100", 30_000),
        Work("XREADGROUP and XACK of 10", _READ_AND_ACK, 60_000),
    ),
    sizes=(
        Size("a stream of a million", 1.0, Fill(f"XADD events * {_EVENT}", MILLION), MILLION),
        Size("streams of one", 1.0, Fill(f"XADD one:{{key}} * {_EVENT}", 100_000, 100_000), 100_000),
    ),
)


# What SADD puts in, SPOP takes out again. Members are keys of 16 bytes, short texts, or numbers below a million, of
# which three million draws leave out one in twenty.
_SET = Kind(
    "set",
    fills=(
        Fill("SADD set {key}", MILLION),
        Fill("SADD numbers {number}", MILLION),
        Fill("SADD one {key}", 10_000, 10_000),
        Fill("SADD other {key}", 10_000, 10_000),
        Fill("SADD tags:{key} red green blue large small new old 17", 10_000, 10_000),
    ),
    works=(
        Work("SADD", "SADD pops {key}", 200_000),
        Work("SPOP", "SPOP pops", 200_000),
        Work("SADD, small sets", "SADD tags:{key} blue", 300_000, 10_000),
        Work("SISMEMBER in a million", "SISMEMBER set {key}", 300_000),
        Work("SISMEMBER in a million numbers", "SISMEMBER numbers {number}", 300_000),
        Work("SINTER of two sets of 10,000", "SINTER one other", 500),
        Work("SINTERCARD of two sets of 10,000", "SINTERCARD 2 one other", 500),
        Work("SMEMBERS of 10,000", "SMEMBERS one", 1_000),
        Work("PFADD", "PFADD visitors {key}", 300_000),
        Work("PFADD, small ones", "PFADD pages:{key} {number}", 300_000, 10_000),
    ),
    sizes=(
        Size("a set of a million short texts", 0.55, Fill("SADD set m{number}", 3 * MILLION), MILLION),
        Size("a set of a million numbers", 0.55, Fill("SADD set {number}", 3 * MILLION), MILLION),
        Size("a set of a million texts of 16 bytes", 0.55, Fill("SADD set {key}", MILLION), MILLION),
        Size(
            "sets of 8",
            1.0,
            Fill("SADD tags:{key} red green blue large small new old 17", 100_000, 100_000),
            800_000,
        ),
        Size("sets of 8 numbers", 1.0, Fill("SADD ids:{key} 1 2 3 4 5 6 7 800", 100_000, 100_000), 800_000),
        Size("HyperLogLogs of 4", 1.0, Fill("PFADD pages:{key} a b c d", 100_000, 100_000), 400_000),
    ),
)

KINDS: tuple[Kind, ...] = (_HASH, _ZSET, _SET, _LIST, _STREAM)
