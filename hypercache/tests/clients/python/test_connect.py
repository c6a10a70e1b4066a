"""What happens on connect: the handshake, the name, the store, what the node tells about itself."""

import os

import pytest
import redis

from conftest import address, settle


async def test_connects_with_defaults_and_pings(client):
    assert await settle(client.ping()) is True
    assert await settle(client.echo("hello")) == b"hello"


async def test_talks_the_protocol_it_asked_for(maker, client):
    info = await settle(client.client_info())
    assert int(info["resp"]) == maker.resp


async def test_hello_tells_who_answers(client):
    answer = await settle(client.execute_command("HELLO"))
    if isinstance(answer, list):
        answer = dict(zip(answer[::2], answer[1::2]))
    assert answer[b"server"] == b"redis"
    assert set(answer) == {b"server", b"version", b"proto", b"id", b"mode", b"role", b"modules"}


async def test_client_library_and_name_are_told(maker):
    client = maker.client(client_name="compat", decode_responses=True)
    assert await settle(client.client_getname()) == "compat"
    info = await settle(client.client_info())
    assert info["name"] == "compat"
    assert info["lib-name"].startswith("redis-py")
    assert info["lib-ver"] == redis.__version__
    assert int(info["id"]) == await settle(client.client_id())
    assert await settle(client.client_setname("renamed"))
    assert "renamed" in [each["name"] for each in await settle(client.client_list())]


async def test_url(maker):
    url = f"redis://{os.environ['COMPAT_RESP']}/1"
    client = maker.keep(maker.module.Redis.from_url(url, **maker.protocol))
    assert (await settle(client.client_info()))["db"] in (1, "1")


async def test_info(client):
    info = await settle(client.info())
    assert info["redis_version"] >= "7.2"
    assert info["tcp_port"] == address("COMPAT_RESP")["port"]
    assert info["role"] == "master"
    assert info["loading"] == 0
    assert (await settle(client.info("server")))["redis_mode"] == "standalone"


async def test_config(text):
    assert await settle(text.config_get("databases")) == {"databases": "2"}
    assert await settle(text.config_get("maxmemory", "timeout")) == {"maxmemory": "0", "timeout": "0"}
    assert await settle(text.config_set("timeout", 300))
    assert await settle(text.config_get("timeout")) == {"timeout": "300"}
    assert await settle(text.config_set("timeout", 0))


async def test_commands_are_described(text):
    commands = await settle(text.command())
    assert commands["get"]["arity"] == 2
    assert "readonly" in commands["get"]["flags"]
    assert await settle(text.command_count()) == len(commands)
    assert await settle(text.command_getkeys("MSET", "a", "1", "b", "2")) == ["a", "b"]


async def test_a_store_that_is_not_there_is_refused(maker):
    client = maker.client(db=7)
    with pytest.raises(redis.RedisError):
        await settle(client.ping())


async def test_reset_gives_a_fresh_connection(maker):
    client = maker.client(single_connection_client=True, client_name="before")
    assert await settle(client.client_getname())
    assert await settle(client.execute_command("RESET")) in (b"RESET", "RESET")
