"""redis-py as people use it."""

import asyncio

import pytest
import redis
import redis.asyncio

from conftest import AUTH_PORT, HOST, PASSWORD, PORT, options


def test_connects_with_its_defaults():
    client = redis.Redis(port=int(PORT))
    assert client.ping() is True
    assert client.info("server")["redis_version"].startswith("7.2")
    assert client.client_info()["lib-name"].startswith("redis-py")


def test_strings_and_expiry(client):
    assert client.set("k", "v", ex=100) is True
    assert client.get("k") == "v"
    assert 90 < client.ttl("k") <= 100
    assert client.set("k", "w", nx=True) is None
    assert client.set("k", "w", xx=True, keepttl=True, get=True) == "v"
    assert client.getex("k", persist=True) == "w"
    assert client.ttl("k") == -1
    assert client.mset({"a": 1, "b": 2}) is True
    assert client.mget("a", "b", "c") == ["1", "2", None]
    assert client.incrby("a", 10) == 11
    assert client.incrbyfloat("a", 0.5) == 11.5
    assert client.getdel("a") == "11.5"
    assert client.exists("a", "b") == 1
    assert client.delete("b", "k") == 2


def test_bits_and_ranges(client):
    client.set("k", "hello")
    assert client.getrange("k", 1, 3) == "ell"
    assert client.setrange("k", 5, " world") == 11
    assert client.append("k", "!") == 12
    assert client.setbit("bits", 7, 1) == 0
    assert client.bitcount("bits") == 1
    assert client.bitfield("bits").incrby("u8", 0, 1).execute() == [2]


def test_keys(client):
    client.mset({f"user:{n}": n for n in range(500)})
    assert sorted(client.scan_iter("user:*", count=17)) == sorted(f"user:{n}" for n in range(500))
    assert client.rename("user:1", "moved") is True
    assert client.type("moved") == "string"
    assert client.copy("moved", "copied") is True
    assert client.expire("copied", 50, nx=True) is True
    assert client.persist("copied") is True
    assert client.dbsize() == 501
    assert client.flushdb() is True
    assert client.randomkey() is None


def test_pipeline(client):
    pipe = client.pipeline(transaction=False)
    for n in range(1000):
        pipe.set(f"k{n}", n)
        pipe.get(f"k{n}")
    replies = pipe.execute()
    assert replies[::2] == [True] * 1000
    assert replies[1::2] == [str(n) for n in range(1000)]


def test_errors_have_their_classes(client):
    client.set("text", "abc")
    with pytest.raises(redis.ResponseError, match="not an integer"):
        client.incr("text")
    with pytest.raises(redis.ResponseError, match="unknown command"):
        client.execute_command("NOSUCH", "a")
    with pytest.raises(redis.ResponseError, match="DB index is out of range"):
        client.select(99)


def test_binary_and_big(protocol):
    client = redis.Redis(**options(protocol))
    key = bytes(range(256))
    assert client.set(key, key) is True
    assert client.get(key) == key
    for megabytes in (1, 64):
        value = bytes(range(256)) * 4096 * megabytes
        assert client.set("big", value) is True
        assert client.get("big") == value
    client.delete("big")


def test_names_and_reconnects_after_being_killed(client):
    assert client.client_setname("worker-1") is True
    assert client.client_getname() == "worker-1"
    before = client.client_id()
    other = redis.Redis(port=int(PORT))
    assert other.client_kill_filter(_id=before) == 1
    assert client.ping() is True
    assert client.client_id() != before


def test_pool(protocol):
    pool = redis.ConnectionPool(**options(protocol, max_connections=4))
    clients = [redis.Redis(connection_pool=pool) for _ in range(4)]
    assert all(client.ping() for client in clients)
    pool.disconnect()


def test_password(protocol):
    address = {"host": HOST, "port": int(AUTH_PORT), "protocol": protocol}
    with pytest.raises(redis.AuthenticationError):
        redis.Redis(**address).ping()
    with pytest.raises(redis.AuthenticationError):
        redis.Redis(**address, password="wrong").ping()
    assert redis.Redis(**address, password=PASSWORD).ping() is True
    assert redis.Redis(**address, username="default", password=PASSWORD).ping() is True


def test_asyncio(protocol):
    async def run():
        async with redis.asyncio.Redis(**options(protocol, decode_responses=True)) as client:
            await asyncio.gather(*(client.set(f"async:{n}", n) for n in range(50)))
            found = await client.mget([f"async:{n}" for n in range(50)])
            assert found == [str(n) for n in range(50)]
            async with client.pipeline(transaction=False) as pipe:
                assert await pipe.incr("counter").incr("counter").delete("counter").execute() == [1, 2, 1]

    asyncio.run(run())


def test_publish_and_subscribe(client, protocol):
    listener = redis.Redis(**options(protocol, decode_responses=True)).pubsub()
    listener.subscribe("news")
    listener.psubscribe("n*")
    confirmed = [listener.get_message(timeout=5) for _ in range(2)]
    assert [message["type"] for message in confirmed] == ["subscribe", "psubscribe"]
    assert client.publish("news", "hello") == 2
    heard = [listener.get_message(timeout=5) for _ in range(2)]
    assert [(message["type"], message["data"]) for message in heard] == [("message", "hello"), ("pmessage", "hello")]
    assert client.pubsub_numsub("news") == [("news", 1)]
    listener.close()


def test_transactions(client):
    pipe = client.pipeline()
    assert pipe.set("a", 1).incr("a").hset("h", mapping={"x": 1}).execute() == [True, 2, 1]
    with client.pipeline() as pipe:
        pipe.watch("a")
        client.set("a", 10)
        pipe.multi()
        pipe.set("a", 0)
        with pytest.raises(redis.WatchError):
            pipe.execute()
    assert client.transaction(lambda pipe: pipe.incr("a"), "a") == [11]


def test_hashes_and_sets(client):
    assert client.hset("h", mapping={"a": 1, "b": 2}) == 2
    assert client.hgetall("h") == {"a": "1", "b": "2"}
    assert client.hincrby("h", "a", 5) == 6
    assert dict(client.hscan_iter("h")) == {"a": "6", "b": "2"}
    assert client.hexpire("h", 100, "a") == [1]
    assert client.sadd("s", "x", "y", "z") == 3
    assert client.smembers("s") == {"x", "y", "z"}
    assert client.sinter("s", "s") == {"x", "y", "z"}
    assert set(client.sscan_iter("s")) == {"x", "y", "z"}
    assert client.spop("s") in {"x", "y", "z"}
