"""The jobs of RQ and the tasks of Celery. Workers import this module by its name."""

import os

import redis
from celery import Celery

URL = f"redis://{os.environ['COMPAT_RESP']}/0"
celery = Celery("jobs", broker=URL, backend=URL)
celery.conf.update(worker_hijack_root_logger=False, broker_connection_retry_on_startup=True)


def attempts(name):
    """Counts how often something was begun; the first time is 1."""
    with redis.Redis.from_url(URL) as client:
        return client.incr(f"attempts:{name}")


def multiply(left, right):
    return left * right


def succeed_the_third_time():
    if attempts("rq") < 3:
        raise ValueError("not yet")
    return "at last"


@celery.task
def add(left, right):
    return left + right


@celery.task
def total(numbers):
    return sum(numbers)


@celery.task(bind=True, max_retries=3)
def flaky(self):
    if attempts("celery") < 3:
        raise self.retry(countdown=0.1)
    return "at last"


@celery.task
def hopeless():
    raise ValueError("never")
