"""Cuckoo filters, with the commands of redis-py for RedisBloom."""

from conftest import settle


async def test_cuckoo_filters(text):
    cf = text.cf()
    assert await settle(cf.create("f", 1000, expansion=2, bucket_size=4, max_iterations=30))
    assert await settle(cf.add("f", "a")) == 1
    assert await settle(cf.add("f", "a")) == 1
    assert await settle(cf.addnx("f", "a")) == 0
    assert await settle(cf.insert("f", ["b", "c"])) == [1, 1]
    assert await settle(cf.insertnx("f", ["c", "d"])) == [0, 1]
    assert await settle(cf.exists("f", "a")) == 1
    assert await settle(cf.exists("f", "none")) == 0
    assert await settle(cf.mexists("f", "a", "none", "d")) == [1, 0, 1]
    assert await settle(cf.count("f", "a")) == 2
    assert await settle(cf.delete("f", "a")) == 1
    assert await settle(cf.count("f", "a")) == 1
    info = await settle(cf.info("f"))
    assert (info.get("insertedNum"), info.get("deletedNum"), info.get("bucketSize")) == (4, 1, 4)
    assert (info.get("filterNum"), info.get("expansionRate"), info.get("maxIteration")) == (1, 2, 30)
    assert await settle(text.type("f")) == "MBbloomCF"


async def test_cuckoo_filters_are_transferred_in_parts(client):
    cf = client.cf()
    for item in range(200):
        assert await settle(cf.add("f", item)) == 1
    iterator = 0
    while True:
        iterator, data = await settle(cf.scandump("f", iterator))
        if iterator == 0:
            break
        assert await settle(cf.loadchunk("g", iterator, data))
    assert await settle(cf.mexists("g", *range(200))) == [1] * 200
    assert await settle(client.restore("h", 0, await settle(client.dump("f"))))
    assert await settle(cf.mexists("h", *range(200))) == [1] * 200
