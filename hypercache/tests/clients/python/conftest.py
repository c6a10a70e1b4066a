"""Clients of redis-py for the tests: blocking and asyncio, with the protocol that they choose themselves, RESP2 and RESP3.

The tests are written once, as coroutines. `settle` awaits what an asyncio client answers and passes on what a blocking one
answers. Every test starts on an empty node: give this suite a node of its own.
"""

import asyncio
import inspect
import os
import time

import pytest
import redis
import redis.asyncio
import redis.backoff
import redis.retry

MODULES = {"sync": redis, "asyncio": redis.asyncio}
RETRIES = {"sync": redis.retry.Retry, "asyncio": redis.asyncio.retry.Retry}
PROTOCOLS = {"default": {}, "resp2": {"protocol": 2}, "resp3": {"protocol": 3}}


def address(variable):
    """Host and port from an environment variable, which scripts/compat.sh sets."""
    host, _, port = os.environ[variable].rpartition(":")
    return {"host": host, "port": int(port)}


async def settle(answer):
    """The answer of a blocking or of an asyncio client."""
    return await answer if inspect.isawaitable(answer) else answer


async def collect(answers):
    """All items of a plain or of an asynchronous iterator."""
    if hasattr(answers, "__aiter__"):
        return [item async for item in answers]
    return list(answers)


async def eventually(why, state):
    """Waits until the function, plain or asynchronous, gives something true, and gives that back."""
    deadline = time.monotonic() + 20
    while not (found := await settle(state())):
        assert time.monotonic() < deadline, f"waited for {why}"
        await asyncio.sleep(0.01)
    return found


class Maker:
    """Makes clients of one kind and closes them at the end of the test."""

    def __init__(self, kind, protocol):
        self.kind = kind
        self.module = MODULES[kind]
        self.protocol = PROTOCOLS[protocol]
        self.made = []

    @property
    def resp(self):
        """The protocol's version that its connections talk."""
        return self.protocol.get("protocol", 3)

    def client(self, **options):
        """A client of the open node; the options go before the address."""
        made = self.module.Redis(**{**address("COMPAT_RESP"), **self.protocol, **options})
        self.made.append(made)
        return made

    def keep(self, client):
        """Closes a client that was made in another way as well."""
        self.made.append(client)
        return client

    def no_retry(self):
        """For clients that are refused: they would try again for seconds, after a wrong password as well."""
        return RETRIES[self.kind](redis.backoff.NoBackoff(), 0)

    async def close(self):
        for client in self.made:
            await settle(client.aclose() if self.kind == "asyncio" else client.close())


@pytest.fixture(params=[(kind, protocol) for kind in MODULES for protocol in PROTOCOLS], ids="-".join)
async def maker(request):
    with redis.Redis(**address("COMPAT_RESP")) as cleaner:
        cleaner.flushall()
    maker = Maker(*request.param)
    yield maker
    await maker.close()


@pytest.fixture
def client(maker):
    """A client with the defaults of its kind: answers are bytes."""
    return maker.client()


@pytest.fixture
def text(maker):
    """A client that decodes answers."""
    return maker.client(decode_responses=True)
