"""redis-py's own cache, kept true by the node's invalidations. The asyncio client has none, and RESP2 cannot have one."""

import pytest
from redis.cache import CacheConfig
from redis.connection import CacheProxyConnection

from conftest import eventually, settle


async def test_answers_are_kept_until_the_key_changes(maker, text, monkeypatch):
    if maker.kind == "asyncio" or maker.resp == 2:
        pytest.skip("no cache")
    # It asks for a server that calls itself 7.4, although tracking is older and the same.
    monkeypatch.setattr(CacheProxyConnection, "MIN_ALLOWED_VERSION", "7.0.0")
    await settle(text.set("key", "first"))
    reader = maker.client(decode_responses=True, protocol=3, cache_config=CacheConfig(max_size=100))
    assert reader.get("key") == "first" and reader.get("key") == "first"
    assert reader.get_cache().size == 1
    text.set("key", "second")
    await eventually("the new value", lambda: reader.get("key") == "second")
    text.flushall()
    await eventually("the end of the key", lambda: reader.get("key") is None)
