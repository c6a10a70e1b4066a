"""Publish and subscribe."""

from conftest import eventually, settle


async def hear(listener):
    return await eventually("a message", lambda: listener.get_message(timeout=1))


async def test_messages_reach_channels_and_patterns(maker, text):
    listener = maker.client(decode_responses=True).pubsub()
    await settle(listener.subscribe("news"))
    await settle(listener.psubscribe("n*"))
    assert [(await hear(listener))["type"] for _ in range(2)] == ["subscribe", "psubscribe"]
    assert await settle(text.publish("news", "hello")) == 2
    heard = [await hear(listener) for _ in range(2)]
    assert [(message["type"], message["data"]) for message in heard] == [("message", "hello"), ("pmessage", "hello")]
    assert [tuple(pair) for pair in await settle(text.pubsub_numsub("news"))] == [("news", 1)]
    assert await settle(text.pubsub_channels("n*")) == ["news"]
    await settle(listener.unsubscribe("news"))
    assert (await hear(listener))["type"] == "unsubscribe"
    assert await settle(text.publish("news", "again")) == 1
    await settle(listener.aclose() if maker.kind == "asyncio" else listener.close())
