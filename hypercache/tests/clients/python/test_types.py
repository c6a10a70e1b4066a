"""Lists, sorted sets, positions, estimates and copies; commands that wait."""

import asyncio

import pytest

from conftest import collect, eventually, settle


async def blocked(client):
    return (await settle(client.info("clients")))["blocked_clients"] == 1


async def test_lists(text):
    assert await settle(text.rpush("list", "a", "b", "c")) == 3
    assert await settle(text.lmove("list", "other", "LEFT", "RIGHT")) == "a"
    assert await settle(text.lrange("list", 0, -1)) == ["b", "c"]
    assert await settle(text.lpop("list", 2)) == ["b", "c"]
    assert await settle(text.lpos("other", "a")) == 0


async def test_sorted_sets(text):
    assert await settle(text.zadd("z", {"a": 1.5, "b": 2})) == 2
    pairs = await settle(text.zrange("z", 0, -1, withscores=True))
    assert [tuple(pair) for pair in pairs] == [("a", 1.5), ("b", 2.0)]
    assert await settle(text.zscore("z", "a")) == 1.5
    assert await settle(text.zincrby("z", 1, "a")) == 2.5
    assert dict(await collect(text.zscan_iter("z"))) == {"a": 2.5, "b": 2.0}
    # Over RESP3 redis-py has one pair for one member, not a list of pairs.
    assert await settle(text.zpopmin("z", 1)) in ([("b", 2.0)], ["b", 2.0], [["b", 2.0]])


async def test_positions_estimates_and_copies(client):
    assert await settle(client.geoadd("geo", (13.361389, 38.115556, "Palermo"))) == 1
    assert await settle(client.geosearch("geo", longitude=13, latitude=38, radius=50, unit="km")) == [b"Palermo"]
    assert await settle(client.pfadd("hll", "a", "b", "c")) == 1
    assert await settle(client.pfcount("hll")) == 3
    assert await settle(client.restore("copy", 0, await settle(client.dump("geo")))) == b"OK"
    assert await settle(client.zcard("copy")) == 1
    await settle(client.rpush("numbers", 3, 1, 2))
    assert await settle(client.sort("numbers")) == [b"1", b"2", b"3"]


@pytest.mark.parametrize("command", ["blpop", "bzpopmin"])
async def test_a_command_that_waits_is_woken(maker, text, command):
    other = maker.client(decode_responses=True)

    def wait():
        return getattr(text, command)(["none", "key"], timeout=20)

    # A blocking client waits in a thread.
    waiting = asyncio.ensure_future(wait() if maker.kind == "asyncio" else asyncio.to_thread(wait))
    await eventually("a client that waits", lambda: blocked(other))
    await settle(other.rpush("key", "value") if command == "blpop" else other.zadd("key", {"value": 1}))
    assert list(await waiting)[:2] == ["key", "value"]


async def test_a_command_that_waits_gives_up(text):
    assert await settle(text.blpop("none", timeout=0.1)) is None
