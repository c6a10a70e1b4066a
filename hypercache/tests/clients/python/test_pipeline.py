"""Many commands at once, without a transaction."""

import pytest
import redis

from conftest import settle


async def test_answers_come_in_order(client):
    pipeline = client.pipeline(transaction=False)
    pipeline.set("n", 10).incr("n").get("n").ttl("n").get("none").delete("n")
    assert await settle(pipeline.execute()) == [True, 11, b"11", -1, None, 1]


async def test_ten_thousand_commands(client):
    pipeline = client.pipeline(transaction=False)
    for number in range(10_000):
        pipeline.set(f"key:{number}", number)
    assert all(await settle(pipeline.execute()))
    pipeline = client.pipeline(transaction=False)
    for number in range(10_000):
        pipeline.get(f"key:{number}")
    assert await settle(pipeline.execute()) == [str(number).encode() for number in range(10_000)]


async def test_an_error_in_the_middle_is_that_commands_own(client):
    pipeline = client.pipeline(transaction=False)
    pipeline.set("word", "text").incr("word").execute_command("NOSUCH").get("word")
    answers = await settle(pipeline.execute(raise_on_error=False))
    assert (answers[0], answers[3]) == (True, b"text")
    assert isinstance(answers[1], redis.ResponseError) and isinstance(answers[2], redis.ResponseError)
    pipeline.set("word", "text").incr("word")
    with pytest.raises(redis.ResponseError, match="Command # 2 .*not an integer"):
        await settle(pipeline.execute())
