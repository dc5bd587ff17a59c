"""What events.py plays: commands whose events and replies are compared in their order.

A case is a list of commands, one a line (or several, which are sent at once, with ` ; ` between
them), words split at spaces; it starts on empty servers. `~50` at a line's end waits for so many
milliseconds first. A case is left out while one of the servers
lacks one of its commands."""

from __future__ import annotations

STRINGS = """
    SET k v
    SET k v2
    SET k v XX
    SET k v NX
    SET k v EX 1000
    SET k v KEEPTTL
    SET k v GET
    SET new v PX 100000 NX GET
    SET k v EXAT 1 ; GET k
---
    SETNX k v
    SETNX k v
    SETEX k 100 v
    PSETEX k 100000 v
    PSETEX k2 100000 v
    GETSET k w
    GETSET k3 w
    GETDEL k
    GETDEL k
    GETEX k2
    GETEX k2 EX 100
    GETEX k2 PERSIST
    GETEX k2 PERSIST
    GETEX k2 PXAT 1 ; GETEX k2
---
    MSET a 1 b 2 a 3
    MSETNX a 1 c 2
    MSETNX c 1 d 2
    MGET a x b y
    APPEND a xyz
    APPEND e xyz
    SETRANGE a 2 hello
    SETRANGE f 2 hello
    SETRANGE g 2 %
    STRLEN nosuch
    GETRANGE nosuch 0 -1
    SUBSTR nosuch 0 -1
    LCS a nosuch
---
    INCR n
    INCR n
    INCRBY n 5
    DECR n
    DECRBY n 2
    DECR m
    INCRBYFLOAT n 1.5
    INCRBYFLOAT x 1.5
    SET s abc
    INCR s
---
    SETBIT b 7 1
    SETBIT b 7 1
    SETBIT b 9 0
    SETBIT c 0 0
    GETBIT nosuch 1
    BITCOUNT nosuch
    BITPOS nosuch 1
    BITOP AND d b nosuch
    BITOP OR d nosuch other
    BITOP NOT e b
    BITFIELD f SET u8 0 255 INCRBY u8 0 1
    BITFIELD f SET u8 0 0 INCRBY u8 0 0
    BITFIELD f GET u8 0
    BITFIELD nosuch GET u8 0
    BITFIELD_RO nosuch GET u8 0
"""

KEYS = """
    MSET a 1 b 2 c 3
    DEL a x b
    UNLINK c y
    DEL a
    EXISTS a b
    TOUCH a b
    TYPE a
    TTL a
    PTTL a
    EXPIRETIME a
    PEXPIRETIME a
    OBJECT ENCODING a
    OBJECT FREQ a
    RANDOMKEY
    KEYS *
---
    DUMP nosuch
    SORT nosuch
    SORT nosuch BY a STORE d
    SORT_RO nosuch
---
    SET k v
    EXPIRE k 100
    EXPIRE k 200 NX
    EXPIRE k 200 XX
    PEXPIRE k 300000 GT
    EXPIREAT k 4102444800
    PEXPIREAT k 4102444800000
    PERSIST k
    PERSIST k
    EXPIRE k -1
    EXPIRE k 10
    PERSIST k
    SET k v
    PEXPIREAT k 1
    SET k v
    EXPIREAT k 1
    TTL k
---
    MSET a 1 b 2
    RENAME a c
    RENAME c b
    RENAMENX b d
    RENAMENX nosuch e
    SET e 1
    RENAMENX d e
    RENAME d d
    RENAME nosuch d
    COPY d f
    COPY d f
    COPY d f REPLACE
    COPY d d DB 1
    COPY nosuch f
    MOVE d 1
    MOVE d 2
    MOVE f 1
    SELECT 1
    MOVE d 0
    SWAPDB 0 1
    FLUSHDB
    SELECT 0
    FLUSHALL
---
    SET k v PX 30
    GET k ~60
    SET k v PX 30
    SET k w ~60
    SET k v PX 30
    EXISTS k ~60
    SET k v PX 30
    DEL k ~60
    SET k v PX 30
    INCR k ~60
    SET a v PX 30
    RENAME k a ~60
---
    MULTI ; SET k v ; INCR n ; DEL k ; GET k ; EXEC
    MULTI ; SET k v ; DISCARD
---
    SET k v
    SELECT 9
    SET k v
    DEL k
"""

LISTS = """
    LPUSH l a b
    RPUSH l c
    LPUSHX l d
    RPUSHX nosuch d
    LSET l 0 z
    LINSERT l BEFORE z y
    LINSERT l BEFORE nosuch y
    LREM l 0 nosuch
    LREM l 0 z
    LTRIM l 0 3
    LTRIM l 0 3
    LPOP l
    RPOP l 2
    LPOP nosuch
    LMOVE l m LEFT RIGHT
    RPOPLPUSH l m
    LMOVE m m LEFT RIGHT
    LTRIM m 1 0
    LRANGE m 0 -1
    LLEN m
    LINDEX m 0
    LPOS m a
---
    RPUSH l a b c
    LMPOP 1 l LEFT COUNT 2
    LMPOP 1 l LEFT COUNT 2
    LMPOP 1 l LEFT
---
    RPUSH l a b c d
    BLPOP l 1
    BRPOP x l 1
    BLMOVE l m LEFT LEFT 1
    BRPOPLPUSH l m 1
    BLMPOP 1 1 m LEFT COUNT 5
---
    RPUSH l 3 1 2
    SORT l STORE d
    SORT l
    SORT x STORE d
"""

SETS = """
    SADD s a b c
    SADD s a
    SREM s a nosuch
    SREM s nosuch
    SADD t b d
    SMOVE s t c
    SMOVE s t nosuch
    SMOVE s t b
    SREM t b d
    SPOP t
    SADD t x
    SPOP t 10
    SPOP nosuch
    SCARD t
    SISMEMBER t a
    SMISMEMBER t a
    SMEMBERS t
    SRANDMEMBER t
---
    SADD a 1 2 3
    SADD b 2 3 4
    SINTERSTORE d a b
    SUNIONSTORE d a b
    SDIFFSTORE d a b
    SDIFFSTORE d nosuch a
    SINTERSTORE d a nosuch
    SINTER a nosuch
    SUNION nosuch a
    SDIFF nosuch a
    SINTERCARD 2 a nosuch
    SREM a 1 2 3
"""

HASHES = """
    HSET h f v g w
    HSET h f v
    HMSET h x 1
    HSETNX h f v
    HSETNX h y v
    HINCRBY h n 2
    HINCRBYFLOAT h n 1.5
    HDEL h nosuch
    HDEL h f g
    HDEL h x y n
    HGET h f
    HMGET h f
    HGETALL h
    HKEYS h
    HVALS h
    HLEN h
    HEXISTS h f
    HSTRLEN h f
    HRANDFIELD h
"""

SORTED_SETS = """
    ZADD z 1 a 2 b
    ZADD z 1 a
    ZADD z XX 5 a
    ZADD z NX 6 a
    ZADD z INCR 1 a
    ZADD z XX INCR 1 nosuch
    ZINCRBY z 2 a
    ZREM z nosuch
    ZREM z a
    ZADD z 1 a 3 c 4 d 5 e
    ZREMRANGEBYRANK z 0 0
    ZREMRANGEBYSCORE z 3 3
    ZREMRANGEBYLEX z [x [y
    ZREMRANGEBYRANK z 9 10
    ZPOPMIN z
    ZPOPMAX z 5
    ZPOPMIN z
    ZSCORE z a
    ZRANK z a
    ZCARD z
    ZRANGE z 0 -1
    ZRANDMEMBER z
---
    ZADD a 1 x 2 y
    ZADD b 1 y 2 z
    ZUNIONSTORE d 2 a b
    ZINTERSTORE d 2 a b
    ZDIFFSTORE d 2 a b
    ZDIFFSTORE d 2 nosuch a
    ZINTERSTORE d 2 a nosuch
    ZRANGESTORE d a 0 -1
    ZRANGESTORE d nosuch 0 -1
    ZUNION 2 nosuch a
    ZINTER 2 nosuch a
    ZDIFF 2 nosuch a
    ZINTERCARD 2 nosuch a
    ZMPOP 1 a MIN
    ZMPOP 1 a MIN COUNT 5
    ZMPOP 1 a MIN
    BZPOPMIN b 1
    BZPOPMAX b 1
    ZADD b 1 y
    BZMPOP 1 1 b MIN
---
    GEOADD g 13.361389 38.115556 p 15.087269 37.502669 c
    GEOADD g 13.361389 38.115556 p
    GEOSEARCHSTORE d g FROMLONLAT 15 37 BYRADIUS 200 km
    GEOSEARCHSTORE d nosuch FROMLONLAT 15 37 BYRADIUS 200 km
    GEORADIUS g 15 37 200 km STORE d
    GEORADIUS g 100 37 1 km STORE d
    GEORADIUSBYMEMBER g p 200 km STORE d
    GEOPOS nosuch a
"""

STREAMS = """
    XADD s 1-1 f v
    XADD s 2-1 f v
    XADD s MAXLEN 1 3-1 f v
    XADD nosuch NOMKSTREAM 3-1 f v
    XTRIM s MAXLEN 5
    XADD s 4-1 f v
    XDEL s 9-9
    XDEL s 4-1
    XSETID s 9-1
    XGROUP CREATE s g 0
    XGROUP CREATE new g 0 MKSTREAM
    XGROUP SETID s g 0
    XGROUP CREATECONSUMER s g c
    XREADGROUP GROUP g d STREAMS s >
    XACK s g 3-1
    XREADGROUP GROUP g d STREAMS s 0
    XGROUP DELCONSUMER s g c
    XGROUP DESTROY s g
    XTRIM s MAXLEN 0
    XRANGE s - +
    XLEN s
---
    XADD s 1-1 f v
    XGROUP CREATE s g 0
    XREADGROUP GROUP g a STREAMS s >
    XCLAIM s g b 0 1-1
    XAUTOCLAIM s g c 0 0
    XPENDING s g
"""

OTHERS = """
    PFADD p a b
    PFADD p a
    PFADD q c
    PFMERGE r p q
    PFCOUNT p nosuch
    PFADD empty
---
    SET k v
    DEBUG SLEEP 0
    RESTORE r 0 \\x00\\x01v\\x0a\\x00\\x5a\\x31\\x4d\\xd9\\x32\\xe6\\x95\\xea
    RESTORE r 0 garbage
"""


def cases() -> list[list[str]]:
    """Every case as its lines."""
    found = []
    for family in (STRINGS, KEYS, LISTS, SETS, HASHES, SORTED_SETS, STREAMS, OTHERS):
        for case in family.split("---\n"):
            lines = [line.strip() for line in case.split("\n")]
            found.append([line for line in lines if line])
    return found
