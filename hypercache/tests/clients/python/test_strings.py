"""Creating, reading, changing and deleting strings."""

from conftest import settle


async def test_set_get_delete(client):
    assert await settle(client.set("key", "value")) is True
    assert await settle(client.get("key")) == b"value"
    assert await settle(client.exists("key", "key", "none")) == 2
    assert await settle(client.delete("key", "none")) == 1
    assert await settle(client.get("key")) is None


async def test_decoded_answers(text):
    await settle(text.set("key", "grüße"))
    assert await settle(text.get("key")) == "grüße"
    assert await settle(text.type("key")) == "string"
    assert await settle(text.type("none")) == "none"


async def test_conditions_of_set(client):
    assert await settle(client.set("key", "1", xx=True)) is None
    assert await settle(client.set("key", "1", nx=True)) is True
    assert await settle(client.set("key", "2", nx=True)) is None
    assert await settle(client.set("key", "3", get=True)) == b"1"
    assert await settle(client.setnx("key", "4")) is False


async def test_many_keys(client):
    assert await settle(client.mset({"a": 1, "b": 2})) is True
    assert await settle(client.mget("a", "none", "b")) == [b"1", None, b"2"]
    assert await settle(client.msetnx({"b": 3, "c": 3})) is False
    assert await settle(client.dbsize()) == 2


async def test_numbers(client):
    assert await settle(client.incr("n")) == 1
    assert await settle(client.incrby("n", 41)) == 42
    assert await settle(client.decr("n")) == 41
    assert await settle(client.incrbyfloat("n", 0.5)) == 41.5
    assert await settle(client.get("n")) == b"41.5"


async def test_parts_of_strings(client):
    assert await settle(client.append("key", "hello")) == 5
    assert await settle(client.setrange("key", 1, "a")) == 5
    assert await settle(client.getrange("key", 0, 2)) == b"hal"
    assert await settle(client.strlen("key")) == 5
    assert await settle(client.getset("key", "new")) == b"hallo"
    assert await settle(client.getdel("key")) == b"new"


async def test_bits(client):
    assert await settle(client.setbit("bits", 7, 1)) == 0
    assert await settle(client.getbit("bits", 7)) == 1
    assert await settle(client.bitcount("bits")) == 1
    assert await settle(client.bitpos("bits", 1)) == 7
    assert await settle(client.bitfield("bits").set("u8", 0, 255).get("u4", 0).execute()) == [1, 15]


async def test_names_of_keys(client):
    await settle(client.set("a", 1))
    assert await settle(client.rename("a", "b")) is True
    assert await settle(client.copy("b", "c")) is True
    assert await settle(client.renamenx("b", "c")) is False
    assert await settle(client.randomkey()) in (b"b", b"c")
    assert await settle(client.unlink("b", "c")) == 2


async def test_longest_common_substring(client):
    await settle(client.mset({"a": "ohmytext", "b": "mynewtext"}))
    assert await settle(client.lcs("a", "b")) == b"mytext"
    assert await settle(client.lcs("a", "b", len=True)) == 6


async def test_binary_keys_and_values(client):
    every_byte = bytes(range(256))
    line_breaks = b"\r\n$3\r\nab\x00"
    for key in (every_byte, line_breaks, b"\x00", b" "):
        assert await settle(client.set(key, key)) is True
        assert await settle(client.get(key)) == key
    assert set(await settle(client.keys())) == {every_byte, line_breaks, b"\x00", b" "}
    assert await settle(client.set(b"", b"")) is True
    assert await settle(client.get("")) == b""
