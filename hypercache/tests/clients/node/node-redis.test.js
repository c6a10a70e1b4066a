// node-redis as people use it.
import assert from 'node:assert/strict';
import test from 'node:test';
import { createClient } from 'redis';

const url = `redis://${process.env.COMPAT_RESP}`;
const authAddress = process.env.COMPAT_AUTH_RESP;
const password = process.env.COMPAT_PASSWORD;

for (const options of [{}, { RESP: 2 }, { RESP: 3 }]) {
  test(`node-redis ${JSON.stringify(options)}`, async (t) => {
    const client = createClient({ url, ...options });
    client.on('error', () => {}); // Being killed below is an error too; what matters is that it comes back.
    await client.connect();
    t.after(() => client.destroy());
    await client.flushAll();

    await t.test('strings and expiry', async () => {
      assert.equal(await client.set('k', 'v', { EX: 100 }), 'OK');
      assert.equal(await client.get('k'), 'v');
      assert.ok((await client.ttl('k')) > 90);
      assert.deepEqual(await client.mGet(['k', 'none']), ['v', null]);
      assert.equal(await client.incrBy('n', 5), 5);
      assert.equal(await client.del(['k', 'n']), 2);
    });

    await t.test('commands sent together', async () => {
      const replies = await Promise.all(Array.from({ length: 500 }, (_, n) => client.set(`k${n}`, String(n))));
      assert.ok(replies.every((reply) => reply === 'OK'));
      const seen = new Set();
      for await (const keys of client.scanIterator({ MATCH: 'k*', COUNT: 13 })) [keys].flat().forEach((key) => seen.add(key));
      assert.equal(seen.size, 500);
    });

    await t.test('errors', async () => {
      await client.set('text', 'abc');
      await assert.rejects(client.incr('text'), /not an integer/);
      await assert.rejects(client.sendCommand(['NOSUCH']), /unknown command/);
    });

    await t.test('transactions, hashes and sets', async () => {
      assert.deepEqual(await client.multi().set('a', '1').incr('a').hSet('h', 'x', '1').exec(), ['OK', 2, 1]);
      assert.deepEqual({ ...(await client.hGetAll('h')) }, { x: '1' });
      assert.equal(await client.sAdd('s', ['a', 'b']), 2);
      assert.deepEqual([...(await client.sMembers('s'))].sort(), ['a', 'b']);
    });

    await t.test('publish and subscribe', async () => {
      const listener = await createClient({ url, ...options }).connect();
      const heard = new Promise((resolve) => {
        listener.subscribe('news', (message, channel) => resolve([channel, message])).then(() => client.publish('news', 'hello'));
      });
      assert.deepEqual(await heard, ['news', 'hello']);
      listener.destroy();
    });

    await t.test('reconnects after being killed', async () => {
      const id = await client.clientId();
      const other = await createClient({ url }).connect();
      assert.equal(Number(await other.sendCommand(['CLIENT', 'KILL', 'ID', String(id)])), 1);
      other.destroy();
      let again = id;
      while (again === id) again = await client.clientId().catch(() => id);
      assert.equal(await client.ping(), 'PONG');
    });
  });
}

test('node-redis with a password', async () => {
  const client = await createClient({ url: `redis://:${password}@${authAddress}` }).connect();
  assert.equal(await client.ping(), 'PONG');
  client.destroy();
});
