"""Keys that expire."""

import datetime
import time

from conftest import eventually, settle


async def test_time_to_live(client):
    assert await settle(client.set("key", "value", ex=100)) is True
    assert 98 <= await settle(client.ttl("key")) <= 100
    assert 98_000 <= await settle(client.pttl("key")) <= 100_000
    assert await settle(client.persist("key")) is True
    assert await settle(client.ttl("key")) == -1
    assert await settle(client.ttl("none")) == -2


async def test_a_key_goes_when_its_time_is_over(client):
    await settle(client.set("short", "value", px=30))

    async def gone():
        return await settle(client.get("short")) is None

    await eventually("the key's end", gone)
    assert await settle(client.exists("short")) == 0


async def test_ways_to_give_a_time(client):
    await settle(client.set("key", "value"))
    assert await settle(client.expire("key", datetime.timedelta(minutes=1))) is True
    assert await settle(client.expire("key", 30, gt=True)) is False
    moment = int(time.time()) + 1000
    assert await settle(client.expireat("key", moment)) is True
    assert await settle(client.expiretime("key")) == moment
    assert await settle(client.pexpireat("key", moment * 1000 + 7)) is True
    assert await settle(client.pexpiretime("key")) == moment * 1000 + 7
    assert await settle(client.execute_command("SETEX", "key", 60, "value"))
    assert await settle(client.execute_command("PSETEX", "key", 60_000, "value"))
    assert await settle(client.set("key", "other", keepttl=True)) is True
    assert await settle(client.ttl("key")) > 50
    assert await settle(client.getex("key", persist=True)) == b"other"
    assert await settle(client.ttl("key")) == -1
    assert await settle(client.expire("key", -1)) is True
    assert await settle(client.exists("key")) == 0
