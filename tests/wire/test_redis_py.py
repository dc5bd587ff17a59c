"""Sessions of redis-py, as its users have them."""

from __future__ import annotations

import threading
from typing import Any, Iterator

import pytest
import redis
from conftest import StartServer
from support.server import Server


@pytest.fixture
def r(server: Server) -> Iterator[Any]:
    client = redis.Redis(host="127.0.0.1", port=server.port, decode_responses=True)
    yield client
    client.close()


def test_strings(r: Any) -> None:
    assert r.ping() is True
    assert r.set("a", "1") is True
    assert r.set("a", "2", nx=True) is None
    assert r.set("a", "3", get=True) == "1"
    assert r.get("a") == "3"
    assert r.get("missing") is None
    assert r.incr("n", 5) == 5
    assert r.incrbyfloat("f", 0.5) == 0.5
    assert r.append("a", "4") == 2
    assert r.mset({"x": 1, "y": 2}) is True
    assert r.mget("x", "y", "z") == ["1", "2", None]
    assert r.getdel("x") == "1"
    assert r.getex("y", ex=100) == "2"
    assert 90 < r.ttl("y") <= 100


def test_keys(r: Any) -> None:
    r.mset({f"k{i}": i for i in range(100)})
    assert r.exists("k1", "k2", "nope") == 2
    assert sorted(r.keys("k1?")) == sorted(f"k1{i}" for i in range(10))
    assert sorted(r.scan_iter(match="k*", count=7)) == sorted(f"k{i}" for i in range(100))
    assert r.type("k1") == "string"
    assert r.rename("k1", "renamed") is True
    assert r.copy("renamed", "copied") is True
    assert r.delete("renamed", "copied") == 2
    assert r.expire("k2", 100) is True
    assert r.persist("k2") is True
    assert r.dbsize() == 99
    assert r.object("encoding", "k3") == "int"
    assert r.memory_usage("k3") > 10
    assert r.flushdb() is True


def test_errors_are_raised(r: Any) -> None:
    r.set("text", "x")
    with pytest.raises(redis.ResponseError, match="value is not an integer or out of range"):
        r.incr("text")
    with pytest.raises(redis.ResponseError, match="unknown command"):
        r.execute_command("NOPE")


def test_pipeline(r: Any) -> None:
    pipe = r.pipeline(transaction=False)
    for i in range(1000):
        pipe.set(f"k{i}", i).incr(f"k{i}")
    results = pipe.execute()
    assert results == [cell for i in range(1000) for cell in (True, i + 1)]


def test_transaction(r: Any) -> None:
    pipe = r.pipeline()
    assert pipe.set("a", 1).incr("a").get("a").execute() == [True, 2, "2"]
    pipe.set("a", "text").incr("a").get("a")
    with pytest.raises(redis.ResponseError, match="Command # 2 .*not an integer"):
        pipe.execute()
    assert r.get("a") == "text"
    pipe.set("a", "x").execute_command("NOPE")
    with pytest.raises(redis.ResponseError, match="unknown command"):
        pipe.execute()
    assert r.get("a") == "text"


def test_watch_and_watch_error(r: Any) -> None:
    r.set("a", 1)
    with r.pipeline() as pipe:
        pipe.watch("a")
        value = int(pipe.get("a"))
        pipe.multi()
        pipe.set("a", value + 1)
        assert pipe.execute() == [True]
        pipe.watch("a")
        pipe.multi()
        pipe.set("a", "mine")
        r.set("a", "theirs")
        with pytest.raises(redis.WatchError):
            pipe.execute()
    assert r.get("a") == "theirs"


def test_transactions_of_many_threads_lose_nothing(server: Server) -> None:
    client = redis.Redis(port=server.port)

    def add(pipe: Any) -> None:
        value = int(pipe.get("n") or 0)
        pipe.multi()
        pipe.set("n", value + 1)

    def work() -> None:
        for _ in range(50):
            client.transaction(add, "n")

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert client.get("n") == b"400"
    client.close()


def test_wait(r: Any) -> None:
    assert r.wait(0, 0) == 0
    assert r.wait(1, 1) == 0


def test_server_verbs(r: Any, server: Server) -> None:
    info = r.info()
    assert info["tcp_port"] == server.port
    assert r.info("keyspace") == {}
    assert r.config_get("maxclients") == {"maxclients": "10000"}
    assert r.config_set("timeout", 0) is True
    assert r.client_setname("me") is True
    assert r.client_getname() == "me"
    assert r.client_info()["name"] == "me"
    assert [c["name"] for c in r.client_list() if int(c["id"]) == r.client_id()] == ["me"]
    assert isinstance(r.time()[0], int)
    assert r.command_count() == len(r.command())
    assert r.command_getkeys("MSET", "a", 1, "b", 2) == ["a", "b"]
    assert r.echo("hello") == "hello"


def test_databases_and_swapdb(server: Server) -> None:
    zero = redis.Redis(port=server.port, db=0)
    one = redis.Redis(port=server.port, db=1)
    zero.set("a", "0")
    one.set("a", "1")
    assert zero.swapdb(0, 1) is True
    assert (zero.get("a"), one.get("a")) == (b"1", b"0")
    for client in (zero, one):
        client.close()


def test_password(start_server: StartServer) -> None:
    server = start_server({"requirepass": "secret"})
    inside = redis.Redis(port=server.port, password="secret")
    assert inside.ping() is True
    named = redis.Redis(port=server.port, username="default", password="secret")
    assert named.ping() is True
    wrong = redis.Redis(port=server.port, password="wrong")
    with pytest.raises(redis.RedisError, match="WRONGPASS"):
        wrong.ping()
    without = redis.Redis(port=server.port)
    with pytest.raises(redis.AuthenticationError):
        without.ping()
    for client in (inside, named, wrong, without):
        client.close()


def test_connection_pool_of_threads(server: Server) -> None:
    pool = redis.ConnectionPool(port=server.port, max_connections=20)
    client = redis.Redis(connection_pool=pool)
    failures: list[BaseException] = []

    def work(name: int) -> None:
        try:
            for i in range(100):
                client.incr("shared")
                client.set(f"{name}:{i}", i)
                assert client.get(f"{name}:{i}") == b"%d" % i
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert client.get("shared") == b"1000"
    pool.disconnect()


def test_unix_socket(start_server: StartServer, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = str(tmp_path_factory.mktemp("unix") / "tarn.sock")
    start_server({"unixsocket": path}, port=0)
    client = redis.Redis(unix_socket_path=path)
    assert client.set("a", "b") is True
    assert client.get("a") == b"b"
    client.close()


def test_connection_that_was_killed_is_made_anew(server: Server) -> None:
    victim = redis.Redis(port=server.port)
    ident = victim.client_id()
    killer = redis.Redis(port=server.port)
    assert killer.client_kill_filter(_id=str(ident)) == 1
    assert victim.ping() is True
    assert victim.client_id() != ident
    for client in (victim, killer):
        client.close()


# Pub/Sub


def _next(p: Any, kind: str) -> Any:
    """The next message, which must be of this kind."""
    message = p.get_message(timeout=30)
    assert message is not None and message["type"] == kind, message
    return message


def test_pubsub_channels_and_patterns(r: Any) -> None:
    with r.pubsub() as p:
        p.subscribe("news", "sport")
        p.psubscribe("n*")
        assert [_next(p, kind)["data"] for kind in ("subscribe", "subscribe", "psubscribe")] == [1, 2, 3]
        assert r.publish("news", "hello") == 2
        message = _next(p, "message")
        assert (message["channel"], message["data"]) == ("news", "hello")
        message = _next(p, "pmessage")
        assert (message["pattern"], message["channel"], message["data"]) == ("n*", "news", "hello")
        assert sorted(r.pubsub_channels()) == ["news", "sport"]
        assert r.pubsub_numsub("news", "nobody") == [("news", 1), ("nobody", 0)]
        assert r.pubsub_numpat() == 1
        p.ping()
        assert _next(p, "pong")["data"] == ""
        p.unsubscribe()
        p.punsubscribe()
        kinds = [p.get_message(timeout=30)["type"] for _ in range(3)]
        assert sorted(kinds) == ["punsubscribe", "unsubscribe", "unsubscribe"]
        assert r.publish("news", "late") == 0


def test_pubsub_in_a_thread_with_handlers(r: Any) -> None:
    heard: list[Any] = []
    enough = threading.Event()

    def take(message: Any) -> None:
        heard.append(message["data"])
        if len(heard) == 1000:
            enough.set()

    p = r.pubsub(ignore_subscribe_messages=True)
    p.subscribe(numbers=take)
    thread = p.run_in_thread(sleep_time=0.01)
    try:
        with r.pipeline(transaction=False) as pipe:
            for i in range(1000):
                pipe.publish("numbers", i)
            assert set(pipe.execute()) <= {0, 1}
        while not enough.wait(0.01):
            r.publish("numbers", "more")  # those before the thread had subscribed are lost
    finally:
        thread.stop()
        thread.join()
    numbers = [int(text) for text in heard if text != "more"]
    assert numbers == sorted(numbers)


def test_events_of_keys(r: Any) -> None:
    r.config_set("notify-keyspace-events", "KEA")
    try:
        with r.pubsub(ignore_subscribe_messages=True) as p:
            p.psubscribe("__keyevent@0__:*")
            assert p.get_message(timeout=30) is None  # its own subscription
            r.set("k", "v", px=20)
            r.delete("nothing")
            names = ["set", "expire", "expired"]
            for name in names:
                message = _next(p, "pmessage")
                assert (message["channel"], message["data"]) == (f"__keyevent@0__:{name}", "k")
    finally:
        r.config_set("notify-keyspace-events", "")
