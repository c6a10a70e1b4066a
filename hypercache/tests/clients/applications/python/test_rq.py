"""RQ: jobs, results, retries, dependencies and scheduled jobs."""

import time
from datetime import timedelta

import rq
from rq.job import JobStatus

import jobs


def work(client):
    """Works off what is due; jobs run in this process."""
    rq.SimpleWorker(["default"], connection=client).work(burst=True, with_scheduler=False, logging_level="ERROR")


def test_jobs_give_results(client):
    queue = rq.Queue(connection=client)
    many = [queue.enqueue(jobs.multiply, number, 3) for number in range(10)]
    last = queue.enqueue(jobs.multiply, 6, 7, depends_on=many[-1])
    assert queue.count == 10 and last.get_status() == JobStatus.DEFERRED
    work(client)
    assert [job.return_value() for job in many] == [number * 3 for number in range(10)]
    assert last.return_value() == 42
    assert queue.finished_job_registry.count == 11 and queue.is_empty()


def test_a_job_is_tried_again_and_given_up(client):
    queue = rq.Queue(connection=client)
    job = queue.enqueue(jobs.succeed_the_third_time, retry=rq.Retry(max=3))
    hopeless = queue.enqueue(jobs.multiply, "a", "b")
    work(client)
    assert job.return_value() == "at last"
    assert hopeless.get_status() == JobStatus.FAILED
    assert "TypeError" in hopeless.latest_result().exc_string
    assert hopeless.id in queue.failed_job_registry


def test_a_scheduled_job_waits(client):
    queue = rq.Queue(connection=client)
    job = queue.enqueue_in(timedelta(seconds=1), jobs.multiply, 2, 3)
    assert job.id in queue.scheduled_job_registry
    work(client)
    assert job.get_status() == JobStatus.SCHEDULED
    time.sleep(1.1)
    scheduler = rq.scheduler.RQScheduler([queue], connection=client)
    assert scheduler.acquire_locks()
    scheduler.enqueue_scheduled_jobs()
    scheduler.release_locks()
    work(client)
    assert job.return_value() == 6
