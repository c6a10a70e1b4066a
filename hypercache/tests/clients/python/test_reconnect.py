"""Connections that the node closes, and pools of connections."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest
import redis

from conftest import address, settle


async def test_a_killed_client_comes_back(maker):
    admin, victim = maker.client(), maker.client(client_name="victim", db=1)
    await settle(victim.set("key", "value"))
    before = await settle(victim.client_id())
    assert await settle(admin.client_kill_filter(_id=before)) == 1
    assert await settle(victim.get("key")) == b"value"
    after = await settle(victim.client_info())
    assert int(after["id"]) != before
    assert (after["name"], int(after["db"])) == ("victim", 1)


async def test_without_retries_a_killed_client_is_told(maker):
    admin, victim = maker.client(), maker.client(retry=maker.no_retry(), single_connection_client=True)
    identity = await settle(victim.client_id())
    assert await settle(admin.client_kill_filter(_id=identity)) == 1
    with pytest.raises(redis.ConnectionError):
        await settle(victim.ping())
    assert await settle(victim.ping()) is True


async def test_kill_by_address(maker):
    admin, victim = maker.client(), maker.client()
    where = (await settle(victim.client_info()))["addr"]
    assert await settle(admin.client_kill(where)) is True
    assert await settle(victim.ping()) is True
    assert where not in [each["addr"] for each in await settle(admin.client_list())]


async def test_a_pool_is_never_larger_than_told(maker):
    pool = maker.module.BlockingConnectionPool(
        max_connections=4, timeout=30, client_name="pooled", **address("COMPAT_RESP"), **maker.protocol
    )
    client = maker.keep(maker.module.Redis.from_pool(pool))
    if maker.kind == "asyncio":
        answers = await asyncio.gather(*(client.incr("n") for _ in range(200)))
    else:
        with ThreadPoolExecutor(16) as threads:
            answers = list(threads.map(lambda _: client.incr("n"), range(200)))
    assert sorted(answers) == list(range(1, 201))
    names = [each["name"] for each in await settle(maker.client(decode_responses=True).client_list())]
    assert 1 <= names.count("pooled") <= 4


async def test_many_clients_at_once(maker):
    clients = [maker.client(client_name=f"client-{number}") for number in range(50)]
    for client in clients:
        assert await settle(client.ping()) is True
    named = [each for each in await settle(clients[0].client_list()) if each["name"].startswith("client-")]
    assert len(named) == 50
