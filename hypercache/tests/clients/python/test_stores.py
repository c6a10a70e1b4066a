"""Stores, which clients know as numbered databases."""

from conftest import settle


async def test_stores_do_not_see_each_other(maker):
    first, second = maker.client(), maker.client(db=1)
    await settle(first.set("key", "first"))
    assert await settle(second.get("key")) is None
    await settle(second.set("key", "second"))
    assert await settle(first.get("key")) == b"first"
    assert await settle(second.flushdb()) is True
    assert (await settle(first.dbsize()), await settle(second.dbsize())) == (1, 0)


async def test_select_move_copy_and_swap(maker):
    client = maker.client(single_connection_client=True)
    await settle(client.mset({"moved": 1, "copied": 2}))
    assert await settle(client.move("moved", 1))
    assert await settle(client.copy("copied", "copied", destination_db=1)) is True
    assert await settle(client.select(1)) is True
    assert sorted(await settle(client.keys())) == [b"copied", b"moved"]
    assert await settle(client.swapdb(0, 1)) is True
    assert await settle(client.keys()) == [b"copied"]
    assert await settle(client.select(0)) is True
    assert await settle(client.dbsize()) == 2


async def test_keyspace_of_info(maker):
    await settle(maker.client(db=1).set("key", 1, ex=100))
    keyspace = await settle(maker.client().info("keyspace"))
    assert set(keyspace) == {"db1"}
    assert (keyspace["db1"]["keys"], keyspace["db1"]["expires"]) == (1, 1)
