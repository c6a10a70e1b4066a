// ioredis as people use it.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import test from 'node:test';
import { Redis } from 'ioredis';

const [host, port] = process.env.COMPAT_RESP.split(':');
const authPort = Number(process.env.COMPAT_AUTH_RESP.split(':')[1]);
const password = process.env.COMPAT_PASSWORD;

for (const options of [{}, { protocol: 2 }, { protocol: 3 }]) {
  test(`ioredis ${JSON.stringify(options)}`, async (t) => {
    const redis = new Redis({ host, port: Number(port), ...options });
    t.after(() => redis.disconnect());
    await redis.flushall();

    await t.test('strings and expiry', async () => {
      assert.equal(await redis.set('k', 'v', 'EX', 100), 'OK');
      assert.equal(await redis.get('k'), 'v');
      assert.ok((await redis.ttl('k')) > 90);
      assert.equal(await redis.set('k', 'w', 'NX'), null);
      assert.deepEqual(await redis.mget('k', 'none'), ['v', null]);
      assert.equal(await redis.incrby('n', 5), 5);
      assert.equal(await redis.del('k', 'n'), 2);
    });

    await t.test('pipeline', async () => {
      const pipeline = redis.pipeline();
      for (let n = 0; n < 500; n++) pipeline.set(`k${n}`, n).get(`k${n}`);
      const replies = await pipeline.exec();
      assert.equal(replies.length, 1000);
      replies.forEach(([error, reply], n) => {
        assert.equal(error, null);
        assert.equal(reply, n % 2 ? String((n - 1) / 2) : 'OK');
      });
    });

    await t.test('scan', async () => {
      const seen = new Set();
      for await (const keys of redis.scanStream({ match: 'k*', count: 13 })) keys.forEach((key) => seen.add(key));
      assert.equal(seen.size, 500);
    });

    await t.test('buffers and errors', async () => {
      const bytes = Buffer.from(Array.from({ length: 256 }, (_, n) => n));
      await redis.set(bytes, bytes);
      assert.deepEqual(await redis.getBuffer(bytes), bytes);
      await assert.rejects(redis.incr(bytes), /not an integer/);
      await assert.rejects(redis.call('NOSUCH'), /unknown command/);
    });

    await t.test('transactions, hashes and sets', async () => {
      const replies = await redis.multi().set('a', 1).incr('a').hset('h', 'x', 1).exec();
      assert.deepEqual(replies, [[null, 'OK'], [null, 2], [null, 1]]);
      assert.deepEqual(await redis.hgetall('h'), { x: '1' });
      assert.equal(await redis.sadd('s', 'a', 'b'), 2);
      assert.deepEqual((await redis.smembers('s')).sort(), ['a', 'b']);
      await redis.del('a', 'h', 's');
    });

    await t.test('publish and subscribe', async () => {
      const listener = new Redis({ host, port: Number(port), ...options });
      await listener.subscribe('news');
      const heard = once(listener, 'message');
      assert.equal(await redis.publish('news', 'hello'), 1);
      assert.deepEqual(await heard, ['news', 'hello']);
      listener.disconnect();
    });

    await t.test('reconnects after being killed', async () => {
      const id = await redis.client('ID');
      const other = new Redis({ host, port: Number(port) });
      const closed = once(redis, 'close');
      assert.equal(Number(await other.client('KILL', 'ID', id)), 1);
      await closed;
      assert.equal(await redis.ping(), 'PONG');
      assert.notEqual(await redis.client('ID'), id);
      other.disconnect();
    });
  });
}

test('ioredis with a password', async () => {
  const redis = new Redis({ host, port: authPort, password });
  assert.equal(await redis.ping(), 'PONG');
  redis.disconnect();
});
