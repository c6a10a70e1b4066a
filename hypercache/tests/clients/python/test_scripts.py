"""Lua scripts."""

import pytest
import redis

from conftest import settle

SCRIPT = "redis.call('INCRBY', KEYS[1], ARGV[1]) return {redis.call('GET', KEYS[1]), KEYS, false, 2.9}"


async def test_a_registered_script_is_loaded_when_it_is_missing(text):
    await settle(text.script_flush())
    script = text.register_script(SCRIPT)
    with pytest.raises(redis.exceptions.NoScriptError):
        await settle(text.evalsha(script.sha, 1, "n", 5))
    assert await settle(script(keys=["n"], args=[5])) == ["5", ["n"], None, 2]
    assert await settle(text.evalsha(script.sha, 1, "n", 5)) == ["10", ["n"], None, 2]
    assert await settle(text.script_exists(script.sha, "0" * 40)) == [True, False]


async def test_eval_and_its_errors(text):
    assert await settle(text.eval("return {1, 'two', {3}}", 0)) == [1, "two", [3]]
    with pytest.raises(redis.ResponseError, match="MY own words"):
        await settle(text.eval("return redis.error_reply('MY own words')", 0))
    await settle(text.rpush("list", 1))
    with pytest.raises(redis.ResponseError, match="WRONGTYPE"):
        await settle(text.eval("return redis.call('INCR', KEYS[1])", 1, "list"))


async def test_a_script_within_a_pipeline(text):
    script = text.register_script("return redis.call('INCR', KEYS[1])")
    pipe = text.pipeline()
    pipe.set("n", 41)
    queued = script(keys=["n"], client=pipe)
    await settle(queued)
    assert await settle(pipe.execute()) == [True, 42]
