"""Hashes and sets."""

from conftest import collect, settle


async def test_hashes(text):
    assert await settle(text.hset("h", mapping={"a": 1, "b": 2})) == 2
    assert await settle(text.hgetall("h")) == {"a": "1", "b": "2"}
    assert await settle(text.hincrby("h", "a", 5)) == 6
    assert await settle(text.hincrbyfloat("h", "a", 0.5)) == 6.5
    assert await settle(text.hmget("h", "a", "none")) == ["6.5", None]
    assert dict(await collect(text.hscan_iter("h"))) == {"a": "6.5", "b": "2"}
    assert await settle(text.hexpire("h", 100, "a")) == [1]
    assert 90 < (await settle(text.httl("h", "a")))[0] <= 100
    assert await settle(text.hdel("h", "a", "b")) == 2
    assert await settle(text.exists("h")) == 0


async def test_sets(text):
    assert await settle(text.sadd("s", "x", "y", "z")) == 3
    assert await settle(text.sadd("t", "y", "z", "w")) == 3
    assert await settle(text.smembers("s")) == {"x", "y", "z"}
    assert await settle(text.sinter("s", "t")) == {"y", "z"}
    assert await settle(text.sdiff("s", "t")) == {"x"}
    assert await settle(text.sunionstore("u", "s", "t")) == 4
    assert set(await collect(text.sscan_iter("u"))) == {"w", "x", "y", "z"}
    assert await settle(text.sismember("s", "x"))
    assert await settle(text.spop("s")) in {"x", "y", "z"}
    assert await settle(text.scard("s")) == 2
