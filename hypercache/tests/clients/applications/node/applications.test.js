'use strict';
// Applications of Node.js that keep their state in Redis, each in one flow as it is used.

const assert = require('node:assert/strict');
const { createServer } = require('node:http');
const { after, before, describe, it } = require('node:test');
const { setTimeout: pause } = require('node:timers/promises');
const { FlowProducer, Queue, QueueEvents, Worker } = require('bullmq');
const { RedisStore } = require('connect-redis');
const express = require('express');
const session = require('express-session');
const { Redis } = require('ioredis');
const { RateLimiterRedis } = require('rate-limiter-flexible');
const { createClient } = require('redis');
const Redlock = require('redlock');
const { address, eventually } = require('../../node/support');

const node = address('COMPAT_RESP');

describe('BullMQ', { timeout: 60_000 }, () => {
  const name = 'mails';
  const connection = { ...node, maxRetriesPerRequest: null };
  const opened = [];
  const open = (made) => { opened.push(made); return made; };
  const attempts = [];
  let queue;
  let events;

  before(async () => {
    const cleaner = new Redis(node);
    await cleaner.flushall();
    cleaner.disconnect();
    queue = open(new Queue(name, { connection }));
    queue.setMaxListeners(0); // Each job that is waited for listens to its end.
    events = open(new QueueEvents(name, { connection }));
    const work = async (job) => {
      attempts.push([job.name, job.attemptsMade, Date.now()]);
      await job.updateProgress(50);
      if (job.name === 'flaky' && job.attemptsMade < 2) throw new Error('not yet');
      if (job.name === 'hopeless') throw new Error('never');
      return { done: job.data.text ?? job.name };
    };
    const worker = open(new Worker(name, work, { connection, concurrency: 4 }));
    worker.on('error', () => {}); // What goes wrong shows in the jobs.
    await Promise.all([events.waitUntilReady(), worker.waitUntilReady()]);
  });
  after(async () => { for (const each of opened.reverse()) await each.close(); });

  const begun = (job) => attempts.filter(([met]) => met === job).map(([, , when]) => when);

  it('works off jobs and tells of it', async () => {
    const told = [];
    events.on('progress', ({ data }) => told.push(data));
    const jobs = await queue.addBulk(Array.from({ length: 100 }, (_, number) => ({ name: 'plain', data: { text: `mail ${number}` } })));
    const results = await Promise.all(jobs.map((job) => job.waitUntilFinished(events, 20_000)));
    assert.deepEqual(results, jobs.map((job) => ({ done: job.data.text })));
    await eventually('all the progress', () => told.length >= 100);
    assert.equal(await queue.getCompletedCount(), 100);
    assert.equal(await queue.getWaitingCount(), 0);
  });

  it('holds a delayed job back', async () => {
    const since = Date.now();
    const job = await queue.add('delayed', {}, { delay: 300 });
    assert.equal(await job.getState(), 'delayed');
    assert.deepEqual(await job.waitUntilFinished(events, 20_000), { done: 'delayed' });
    assert.ok(begun('delayed')[0] - since >= 290, `after ${begun('delayed')[0] - since} ms`);
  });

  it('takes more urgent jobs first', async () => {
    await queue.pause();
    const jobs = [];
    for (const priority of [10, 1, 5]) jobs.push(await queue.add(`urgent-${priority}`, {}, { priority }));
    assert.deepEqual((await queue.getPrioritized()).map((job) => job.name), ['urgent-1', 'urgent-5', 'urgent-10']);
    await queue.resume();
    await Promise.all(jobs.map((job) => job.waitUntilFinished(events, 20_000)));
  });

  it('tries again, later and later, and gives up', async () => {
    const job = await queue.add('flaky', {}, { attempts: 3, backoff: { type: 'exponential', delay: 100 } });
    assert.deepEqual(await job.waitUntilFinished(events, 20_000), { done: 'flaky' });
    const times = begun('flaky');
    assert.equal(times.length, 3);
    assert.ok(times[1] - times[0] >= 95 && times[2] - times[1] >= 195, `${times}`);
    const hopeless = await queue.add('hopeless', {}, { attempts: 2 });
    await assert.rejects(hopeless.waitUntilFinished(events, 20_000), /never/);
    assert.equal(await queue.getFailedCount(), 1);
    assert.equal((await queue.getFailed())[0].failedReason, 'never');
  });

  it('repeats a job until it is told to stop', async () => {
    await queue.upsertJobScheduler('every', { every: 100 }, { name: 'repeated' });
    assert.equal(await queue.getJobSchedulersCount(), 1);
    await eventually('three repetitions', () => begun('repeated').length >= 3);
    assert.equal(await queue.removeJobScheduler('every'), true);
    await pause(150);
    const count = begun('repeated').length;
    await pause(300);
    assert.equal(begun('repeated').length, count);
  });

  it('works off children before their parent', async () => {
    const flows = open(new FlowProducer({ connection }));
    const child = (text) => ({ name: 'child', queueName: name, data: { text } });
    const { job } = await flows.add({ name: 'parent', queueName: name, children: [child('a'), child('b')] });
    await job.waitUntilFinished(events, 20_000);
    const answers = Object.values(await job.getChildrenValues()).map((each) => each.done);
    assert.deepEqual(answers.sort(), ['a', 'b']);
  });

  it('removes everything', async () => {
    await queue.obliterate({ force: true });
    const redis = new Redis(node);
    after(() => redis.disconnect());
    // What is left tells of the queue's version and of a stalled check, not of jobs.
    assert.deepEqual((await redis.keys(`bull:${name}:*`)).filter((key) => /:\d+$/.test(key)), []);
  });
});

describe('rate-limiter-flexible', { timeout: 30_000 }, () => {
  for (const library of ['ioredis', 'redis']) {
    it(`lets so many through, with ${library}`, async () => {
      const client = library === 'redis' ? await createClient({ socket: node }).connect() : new Redis(node);
      after(() => (library === 'redis' ? client.destroy() : client.disconnect()));
      const useRedisPackage = library === 'redis';
      const limiter = new RateLimiterRedis({ storeClient: client, useRedisPackage, keyPrefix: library, points: 5, duration: 1 });
      const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => limiter.consume('user')));
      assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 5);
      const refused = outcomes.find(({ status }) => status === 'rejected').reason;
      assert.ok(refused.msBeforeNext > 0 && refused.msBeforeNext <= 1000, `${refused}`);
      await pause(refused.msBeforeNext + 50);
      assert.equal((await limiter.consume('user')).remainingPoints, 4);
      await limiter.block('user', 10);
      await assert.rejects(limiter.consume('user'), ({ msBeforeNext }) => msBeforeNext > 8000);
    });
  }
});

describe('redlock', { timeout: 30_000 }, () => {
  const client = new Redis(node);
  after(() => client.disconnect());

  it('is held by one alone', async () => {
    const locks = new Redlock([client], { retryCount: 0 });
    const lock = await locks.lock('lock:one', 10_000);
    await assert.rejects(locks.lock('lock:one', 1000), { name: 'LockError' });
    assert.ok((await client.pttl('lock:one')) > 9000);
    const longer = await lock.extend(20_000);
    assert.ok((await client.pttl('lock:one')) > 19_000);
    await longer.unlock();
    assert.equal(await client.exists('lock:one'), 0);
    await assert.rejects(longer.unlock(), { name: 'LockError' });
  });

  it('guards what is not to be done twice at once', async () => {
    const locks = new Redlock([client], { retryCount: 500, retryDelay: 5, retryJitter: 5 });
    let inside = 0;
    const turns = Array.from({ length: 10 }, async () => {
      const lock = await locks.lock('lock:turn', 5000);
      assert.equal(++inside, 1);
      await pause(5);
      inside--;
      await lock.unlock();
    });
    await Promise.all(turns);
  });
});

describe('express-session with connect-redis', { timeout: 30_000 }, () => {
  let client;
  let server;
  let url;

  before(async () => {
    client = await createClient({ socket: node }).connect();
    const application = express();
    const store = new RedisStore({ client, prefix: 'session:' });
    const cookie = { maxAge: 1500 };
    application.use(session({ store, secret: 'compat', resave: false, saveUninitialized: false, rolling: true, cookie }));
    application.get('/visit', (request, response) => {
      request.session.visits = (request.session.visits ?? 0) + 1;
      response.json(request.session.visits);
    });
    application.get('/leave', (request, response, next) => request.session.destroy((error) => (error ? next(error) : response.json('bye'))));
    server = createServer(application);
    await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
    url = `http://127.0.0.1:${server.address().port}`;
  });
  after(async () => {
    server.closeAllConnections();
    server.close();
    client.destroy();
  });

  const visit = async (cookie, path = '/visit') => {
    const response = await fetch(url + path, { headers: cookie ? { cookie } : {} });
    assert.equal(response.status, 200);
    return [await response.json(), (response.headers.get('set-cookie') ?? '').split(';')[0]];
  };

  it('knows its visitors, until they leave', async () => {
    const [first, cookie] = await visit();
    assert.deepEqual([first, (await visit(cookie))[0], (await visit(cookie))[0], (await visit())[0]], [1, 2, 3, 1]);
    await visit(cookie, '/leave');
    assert.equal((await visit(cookie))[0], 1);
  });

  it('forgets them when their time is over', async () => {
    const [, cookie] = await visit();
    assert.equal((await visit(cookie))[0], 2);
    const id = decodeURIComponent(cookie.split('=')[1]).slice(2).split('.')[0];
    const ttl = await client.pTTL(`session:${id}`);
    assert.ok(ttl > 0 && ttl <= 2000, `${ttl} ms`);
    await eventually('the end of the session', async () => (await client.exists(`session:${id}`)) === 0);
    assert.equal((await visit(cookie))[0], 1);
  });
});
