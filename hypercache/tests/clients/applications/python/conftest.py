"""Applications of Python that keep their state in Redis, each in one flow as it is used."""

import os

import pytest
import redis


@pytest.fixture(scope="session")
def url():
    """Where the open node is, from the environment, which scripts/compat.sh sets."""
    return f"redis://{os.environ['COMPAT_RESP']}/0"


@pytest.fixture
def client(url):
    """A client of an empty node."""
    with redis.Redis.from_url(url) as client:
        client.flushall()
        yield client
