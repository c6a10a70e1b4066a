"""Celery with its broker and its results on the node, and a worker in a process of its own."""

import subprocess
import sys
import time

import celery
import pytest
import redis

import jobs


@pytest.fixture(scope="module")
def worker(url, tmp_path_factory):
    """A worker that has said that it is ready; the node is emptied before."""
    with redis.Redis.from_url(url) as client:
        client.flushall()
    log = tmp_path_factory.mktemp("celery") / "log"
    command = ["-m", "celery", "-A", "jobs", "worker", "--pool", "solo", "--loglevel", "WARNING", "--logfile", log]
    process = subprocess.Popen([sys.executable, *map(str, command)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 40
        while not jobs.celery.control.ping(timeout=0.2):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, "the worker is not ready"
        yield process
        process.terminate()
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.wait()


def test_tasks_are_worked_off_and_give_results(worker):
    answers = [jobs.add.delay(number, 1) for number in range(20)]
    assert [answer.get(timeout=20) for answer in answers] == list(range(1, 21))
    assert answers[0].state == "SUCCESS"


def test_a_task_waits_for_its_time(worker):
    since = time.monotonic()
    assert jobs.add.apply_async((1, 2), countdown=1).get(timeout=20) == 3
    assert time.monotonic() - since >= 1


def test_a_task_is_tried_again(worker):
    assert jobs.flaky.delay().get(timeout=20) == "at last"


def test_a_failure_is_told(worker):
    with pytest.raises(ValueError, match="never"):
        jobs.hopeless.delay().get(timeout=20)


def test_chains_groups_and_chords(worker):
    assert celery.chain(jobs.add.s(1, 2), jobs.add.s(10))().get(timeout=20) == 13
    assert celery.group(jobs.add.s(number, 0) for number in range(5))().get(timeout=20) == [0, 1, 2, 3, 4]
    assert celery.chord([jobs.add.s(number, 1) for number in range(5)])(jobs.total.s()).get(timeout=20) == 15


def test_the_worker_is_told_what_to_do(worker):
    (name,) = jobs.celery.control.inspect(timeout=2).ping()
    assert name.startswith("celery@")
    waiting = jobs.add.apply_async((1, 1), countdown=1)
    replies = jobs.celery.control.revoke(waiting.id, reply=True, timeout=2)
    (told,) = [reply[name]["ok"] for reply in replies]
    assert waiting.id in told and told.endswith("flagged as revoked")
    with pytest.raises(celery.exceptions.TaskRevokedError):
        waiting.get(timeout=20)
