"""Bloom and cuckoo filters, with the commands of redis-py for RedisBloom."""

from redis.commands.bf.info import BFInfo, CFInfo

from conftest import settle


def told(info, kind):
    """What a filter tells of itself; in RESP3 redis-py leaves it the map that it is."""
    return kind(info) if isinstance(info, dict) else info


async def test_bloom_filters(text):
    bf = text.bf()
    assert await settle(bf.create("f", 0.01, 1000, expansion=4))
    assert await settle(bf.add("f", "a")) == 1
    assert await settle(bf.add("f", "a")) == 0
    assert await settle(bf.madd("f", "a", "b", "c")) == [0, 1, 1]
    assert await settle(bf.insert("g", ["a", "b"], capacity=500, error=0.001, noScale=True)) == [1, 1]
    assert await settle(bf.exists("f", "a")) == 1
    assert await settle(bf.mexists("f", "a", "none", "c")) == [1, 0, 1]
    assert await settle(bf.card("f")) == 3
    info = told(await settle(bf.info("f")), BFInfo)
    assert (info.get("capacity"), info.get("filterNum")) == (1000, 1)
    assert (info.get("insertedNum"), info.get("expansionRate")) == (3, 4)
    assert told(await settle(bf.info("g")), BFInfo).get("expansionRate") is None
    assert await settle(text.type("f")) == "MBbloom--"


async def test_bloom_filters_are_transferred_in_parts(client):
    bf = client.bf()
    assert await settle(bf.madd("f", *range(1000))) is not None
    iterator = 0
    while True:
        iterator, data = await settle(bf.scandump("f", iterator))
        if iterator == 0:
            break
        assert await settle(bf.loadchunk("g", iterator, data))
    assert await settle(bf.mexists("g", *range(1000))) == [1] * 1000
    assert await settle(client.restore("h", 0, await settle(client.dump("f"))))
    assert await settle(bf.mexists("h", *range(1000))) == [1] * 1000


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
    info = told(await settle(cf.info("f")), CFInfo)
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
