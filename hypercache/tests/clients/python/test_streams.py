"""Streams with a consumer group."""

from conftest import settle


def entries(answer):
    """The entries of the one stream that was read: RESP2 has a list of pairs, RESP3 a map."""
    ((name, found),) = answer.items() if isinstance(answer, dict) else [tuple(pair) for pair in answer]
    assert name == "stream"
    # redis-py nests the entries of RESP3 once more.
    return found[0] if len(found) == 1 and isinstance(found[0], list) else found


async def test_a_group_shares_a_stream(text):
    assert await settle(text.xgroup_create("stream", "group", id="$", mkstream=True))
    first = await settle(text.xadd("stream", {"x": 1}))
    second = await settle(text.xadd("stream", {"x": 2}, maxlen=100))
    got = entries(await settle(text.xreadgroup("group", "one", {"stream": ">"}, count=10)))
    assert [tuple(entry) for entry in got] == [(first, {"x": "1"}), (second, {"x": "2"})]
    assert await settle(text.xack("stream", "group", first)) == 1
    pending = await settle(text.xpending("stream", "group"))
    assert (pending["pending"], pending["min"]) == (1, second)
    claimed = await settle(text.xclaim("stream", "group", "two", 0, [second]))
    assert [tuple(entry) for entry in claimed] == [(second, {"x": "2"})]
    assert await settle(text.xlen("stream")) == 2
    (group,) = await settle(text.xinfo_groups("stream"))
    assert (group["name"], group["consumers"], group["pending"], group["lag"]) == ("group", 2, 1, 0)
    assert [tuple(entry) for entry in await settle(text.xrange("stream"))] == [(first, {"x": "1"}), (second, {"x": "2"})]


async def test_reading_gives_up(text):
    assert not await settle(text.xread({"stream": "$"}, block=50))
