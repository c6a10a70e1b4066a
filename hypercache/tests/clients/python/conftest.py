"""Where the node is: scripts/compat.sh says so in the environment."""

import os

import pytest
import redis

HOST, PORT = os.environ["COMPAT_RESP"].rsplit(":", 1)
AUTH_PORT = os.environ["COMPAT_AUTH_RESP"].rsplit(":", 1)[1]
PASSWORD = os.environ["COMPAT_PASSWORD"]


def options(protocol, **more):
    return {"host": HOST, "port": int(PORT), "protocol": protocol, **more}


@pytest.fixture(params=[2, 3], ids=["RESP2", "RESP3"])
def protocol(request):
    return request.param


@pytest.fixture
def client(protocol):
    with redis.Redis(**options(protocol, decode_responses=True)) as client:
        client.flushall()
        yield client
