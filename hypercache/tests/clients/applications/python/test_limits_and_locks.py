"""Rate limits of the library limits, and the lock of redis-py."""

import threading
import time

import limits
import pytest
import redis
from limits import strategies
from redis.exceptions import LockNotOwnedError

STRATEGIES = [
    strategies.FixedWindowRateLimiter,
    strategies.MovingWindowRateLimiter,
    strategies.SlidingWindowCounterRateLimiter,
]


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_so_many_and_no_more(client, url, strategy):
    limiter = strategy(limits.storage.storage_from_string(url))
    five = limits.parse("5/minute")
    assert [limiter.hit(five, "user") for _ in range(7)] == [True] * 5 + [False] * 2
    assert limiter.hit(five, "another")
    window = limiter.get_window_stats(five, "user")
    assert window.remaining == 0 and window.reset_time > time.time() - 1
    limiter.clear(five, "user")
    assert limiter.test(five, "user")


def test_a_window_passes(client, url):
    limiter = strategies.MovingWindowRateLimiter(limits.storage.storage_from_string(url))
    two = limits.parse("2/second")
    assert [limiter.hit(two, "user") for _ in range(3)] == [True, True, False]
    time.sleep(1.1)
    assert limiter.hit(two, "user")


def test_a_lock_has_one_holder(client, url):
    lock = client.lock("lock", timeout=10)
    assert lock.acquire()
    assert not client.lock("lock", blocking=False).acquire()
    assert lock.extend(10) and 10_000 < client.pttl("lock") <= 20_000
    assert lock.reacquire() and client.pttl("lock") <= 10_000
    lock.release()
    assert client.exists("lock") == 0
    short = client.lock("lock", timeout=0.05)
    assert short.acquire()
    time.sleep(0.1)
    with pytest.raises(LockNotOwnedError):
        short.release()


def test_a_lock_guards(client, url):
    def count():
        with redis.Redis.from_url(url) as own:
            for _ in range(10):
                with own.lock("lock", timeout=10, sleep=0.002):
                    own.set("n", int(own.get("n") or 0) + 1)

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert client.get("n") == b"40"
