"""Iterating over keys."""

from conftest import collect, settle


async def test_every_key_is_met(client):
    await settle(client.mset({f"key:{number}": number for number in range(2000)}))
    wanted = {f"key:{number}".encode() for number in range(2000)}
    assert set(await collect(client.scan_iter())) == wanted
    assert set(await collect(client.scan_iter(count=7))) == wanted
    assert set(await settle(client.keys("key:*"))) == wanted


async def test_patterns_and_types(text):
    await settle(text.mset({"user:1": 1, "user:22": 2, "order:1": 3, "[x]": 4}))
    assert set(await collect(text.scan_iter(match="user:*"))) == {"user:1", "user:22"}
    assert await collect(text.scan_iter(match="?rder:[0-9]")) == ["order:1"]
    assert await collect(text.scan_iter(match="\\[x\\]")) == ["[x]"]
    assert len(await collect(text.scan_iter(_type="string"))) == 4
    assert await collect(text.scan_iter(_type="hash")) == []


async def test_one_step(client):
    await settle(client.set("key", 1))
    cursor, keys = await settle(client.scan(count=100_000))
    assert (int(cursor), list(keys)) == (0, [b"key"])
