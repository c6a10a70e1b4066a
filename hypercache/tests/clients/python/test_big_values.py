"""Values of a megabyte and more."""

import pytest

from conftest import settle

MEGABYTE = 1 << 20


@pytest.mark.parametrize("megabytes", [1, 64])
async def test_big_values_come_back_whole(client, megabytes):
    value = (b"0123456789abcde\n" * (megabytes * MEGABYTE // 16))[:-1] + b"\x00"
    assert await settle(client.set("big", value)) is True
    assert await settle(client.strlen("big")) == megabytes * MEGABYTE
    # Compared outside the assertion: nobody wants to read the difference.
    same = await settle(client.get("big")) == value
    assert same
    assert await settle(client.getrange("big", -2, -1)) == b"e\x00"
    assert await settle(client.unlink("big")) == 1


async def test_a_big_pipeline(client):
    pipeline = client.pipeline(transaction=False)
    for number in range(16):
        pipeline.set(f"big:{number}", bytes([number]) * MEGABYTE)
    assert all(await settle(pipeline.execute()))
    answers = await settle(client.mget([f"big:{number}" for number in range(16)]))
    same = answers == [bytes([number]) * MEGABYTE for number in range(16)]
    assert same


async def test_a_long_key(client):
    key = b"k" * MEGABYTE
    await settle(client.set(key, "value"))
    assert await settle(client.get(key)) == b"value"
    found = await settle(client.keys("k*")) == [key]
    assert found
