"""A node with a password."""

import os

import pytest
import redis

from conftest import address, settle


def password():
    return os.environ["COMPAT_PASSWORD"]


def guarded(maker, **options):
    return maker.client(**address("COMPAT_GUARDED_RESP"), **options)


async def test_the_password_opens(maker):
    client = guarded(maker, password=password(), client_name="keyholder", db=1, decode_responses=True)
    assert await settle(client.set("key", "value")) is True
    assert await settle(client.get("key")) == "value"
    assert await settle(client.client_getname()) == "keyholder"


async def test_user_and_password_open(maker):
    assert await settle(guarded(maker, username="default", password=password()).ping()) is True


async def test_a_url_with_the_password_opens(maker):
    url = f"redis://:{password()}@{os.environ['COMPAT_GUARDED_RESP']}/0"
    client = maker.keep(maker.module.Redis.from_url(url, **maker.protocol))
    assert await settle(client.ping()) is True


@pytest.mark.parametrize("options", [{"password": "wrong"}, {"username": "nobody", "password": "wrong"}])
async def test_a_wrong_password_does_not_open(maker, options):
    with pytest.raises(redis.AuthenticationError):
        await settle(guarded(maker, **options, retry=maker.no_retry()).ping())


async def test_no_password_does_not_open(maker):
    with pytest.raises(redis.AuthenticationError):
        await settle(guarded(maker, retry=maker.no_retry()).get("key"))


async def test_a_password_where_none_is_asked_for(maker):
    with pytest.raises(redis.AuthenticationError):
        await settle(maker.client(password="needless", protocol=2, retry=maker.no_retry()).ping())
