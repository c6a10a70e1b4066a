"""Errors arrive as the classes and texts that programs look for."""

import pytest
import redis

from conftest import settle

REFUSED = [
    (("NOSUCH", "a", "b"), "^unknown command 'NOSUCH', with args beginning with: 'a' 'b'"),
    (("CLIENT", "NOSUCH"), "^unknown subcommand 'NOSUCH'. Try CLIENT HELP."),
    (("GET",), "^wrong number of arguments for 'get' command"),
    (("CLIENT", "SETNAME"), r"^wrong number of arguments for 'client\|setname' command"),
    (("SET", "key", "value", "NONSENSE"), "^syntax error"),
    (("SET", "key", "value", "EX", "0"), "^invalid expire time in 'set' command"),
    (("SELECT", "99"), "^DB index is out of range"),
    (("HELLO", "4"), "^NOPROTO unsupported protocol version"),
    (("CLIENT", "SETNAME", "two words"), "^Client names cannot contain spaces"),
]


@pytest.mark.parametrize(("command", "message"), REFUSED, ids=[" ".join(command) for command, _ in REFUSED])
async def test_refused_commands(client, command, message):
    with pytest.raises(redis.ResponseError, match=message):
        await settle(client.execute_command(*command))
    assert await settle(client.ping()) is True


async def test_values_that_are_no_numbers(client):
    await settle(client.set("word", "text"))
    with pytest.raises(redis.ResponseError, match="^value is not an integer or out of range"):
        await settle(client.incr("word"))
    with pytest.raises(redis.ResponseError, match="^value is not a valid float"):
        await settle(client.incrbyfloat("word", 1.5))
    await settle(client.set("limit", 2**63 - 1))
    with pytest.raises(redis.ResponseError, match="^increment or decrement would overflow"):
        await settle(client.incr("limit"))


async def test_keys_that_are_not_there(client):
    with pytest.raises(redis.ResponseError, match="^no such key"):
        await settle(client.rename("none", "other"))
    assert await settle(client.object("encoding", "none")) is None
