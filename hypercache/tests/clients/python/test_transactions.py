"""MULTI, EXEC and WATCH."""

import pytest
import redis

from conftest import settle


async def test_queued_commands_run_together(text):
    pipe = text.pipeline()
    pipe.set("a", 1)
    pipe.incr("a")
    pipe.hset("h", mapping={"x": 1})
    assert await settle(pipe.execute()) == [True, 2, 1]


async def test_a_change_of_a_watched_key_stops_it(maker, text):
    other = maker.client(decode_responses=True)
    pipe = text.pipeline()
    await settle(pipe.watch("a"))
    await settle(other.set("a", 10))
    pipe.multi()
    pipe.set("a", 0)
    with pytest.raises(redis.WatchError):
        await settle(pipe.execute())
    await settle(pipe.reset())
    assert await settle(text.get("a")) == "10"


async def test_an_error_inside_is_told_and_the_rest_runs(text):
    pipe = text.pipeline()
    pipe.set("word", "x")
    pipe.incr("word")
    pipe.set("after", 1)
    replies = await settle(pipe.execute(raise_on_error=False))
    assert (replies[0], replies[2]) == (True, True)
    assert isinstance(replies[1], redis.ResponseError)
