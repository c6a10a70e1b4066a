'use strict';
// node-redis, with the protocol that it chooses itself, RESP2 and RESP3. Every test starts on an empty node.

const assert = require('node:assert/strict');
const { after, before, beforeEach, describe, it } = require('node:test');
const { RESP_TYPES, createClient, createClientPool, ErrorReply } = require('redis');
const { address, eventually, everyByte, password } = require('./support');

const protocols = { default: {}, resp2: { RESP: 2 }, resp3: { RESP: 3 } };

for (const [name, protocol] of Object.entries(protocols)) {
  describe(`node-redis ${name}`, { timeout: 60_000 }, () => {
    const made = [];
    const client = (options = {}, variable = 'COMPAT_RESP') => {
      const { host, port } = address(variable);
      const redis = createClient({ ...protocol, ...options, socket: { host, port, ...options.socket } });
      redis.on('error', () => {}); // Tests look at what their own commands are answered with.
      made.push(redis);
      return redis;
    };
    const connect = (options, variable) => client(options, variable).connect();
    const bytes = (redis) => redis.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer });
    let redis;

    before(async () => { redis = await connect(); });
    beforeEach(() => redis.flushAll());
    after(() => made.filter((each) => each.isOpen).forEach((each) => each.destroy()));

    it('connects and talks the protocol it asked for', async () => {
      assert.equal(await redis.ping(), 'PONG');
      assert.equal(await redis.echo('hello'), 'hello');
      assert.match(await redis.sendCommand(['CLIENT', 'INFO']), new RegExp(` resp=${protocol.RESP ?? 3} `));
      assert.match(await redis.info('server'), /redis_version:7\.2/);
    });

    it('tells its name and library', async () => {
      const named = await connect({ name: 'compat' });
      assert.equal(await named.clientGetName(), 'compat');
      const info = await named.clientInfo();
      assert.equal(info.id, await named.clientId());
      assert.match(info.libName, /redis/);
      assert.notEqual(info.libVer, '');
      assert.ok((await named.clientList()).some((each) => each.name === 'compat'));
    });

    it('sets, gets and deletes', async () => {
      assert.equal(await redis.set('key', 'value'), 'OK');
      assert.equal(await redis.get('key'), 'value');
      assert.equal(await redis.set('key', 'other', { condition: 'NX' }), null);
      assert.equal(await redis.set('key', 'other', { GET: true }), 'value');
      assert.equal(await redis.del(['key', 'none']), 1);
      assert.equal(await redis.get('key'), null);
      assert.equal(await redis.mSet({ a: '1', b: '2' }), 'OK');
      assert.deepEqual(await redis.mGet(['a', 'none', 'b']), ['1', null, '2']);
      assert.equal(await redis.incrBy('n', 41), 41);
      assert.equal(await redis.incrByFloat('n', 0.5), '41.5');
      assert.equal(await redis.append('word', 'grüße'), 7);
      assert.equal(await redis.dbSize(), 4);
      assert.equal((await redis.configGet('databases')).databases, '2');
    });

    it('runs transactions, hashes and sets', async () => {
      assert.deepEqual(await redis.multi().set('a', '1').incr('a').hSet('h', 'x', '1').exec(), ['OK', 2, 1]);
      assert.deepEqual({ ...(await redis.hGetAll('h')) }, { x: '1' });
      assert.equal(await redis.sAdd('s', ['a', 'b']), 2);
      assert.deepEqual([...(await redis.sMembers('s'))].sort(), ['a', 'b']);
    });

    it('publishes and subscribes', async () => {
      const listener = await connect();
      let tell;
      const heard = new Promise((resolve) => { tell = resolve; });
      await listener.subscribe('news', (message, channel) => tell([channel, message]));
      assert.equal(await redis.publish('news', 'hello'), 1);
      assert.deepEqual(await heard, ['news', 'hello']);
    });

    it('sees keys expire', async () => {
      await redis.set('key', 'value', { expiration: { type: 'EX', value: 100 } });
      const ttl = await redis.ttl('key');
      assert.ok(ttl > 90 && ttl <= 100, `ttl ${ttl}`);
      assert.equal(Number(await redis.persist('key')), 1);
      assert.equal(await redis.ttl('key'), -1);
      await redis.set('short', 'value', { expiration: { type: 'PX', value: 30 } });
      await eventually("the key's end", async () => (await redis.exists('short')) === 0);
      assert.equal(await redis.pTTL('short'), -2);
    });

    it('gets pipelined answers in order', async () => {
      const answers = await redis.multi().set('n', '10').incr('n').get('n').execAsPipeline();
      assert.deepEqual(answers, ['OK', 11, '11']);
      // Commands of one turn of the event loop share a write.
      const many = await Promise.all(Array.from({ length: 5000 }, () => redis.incr('many')));
      assert.deepEqual(many, Array.from({ length: 5000 }, (_, number) => number + 1));
    });

    it('meets every key in a scan', async () => {
      await redis.mSet(Object.fromEntries(Array.from({ length: 1000 }, (_, number) => [`key:${number}`, String(number)])));
      await redis.set('other', '1');
      const met = new Set();
      for await (const keys of redis.scanIterator({ MATCH: 'key:*', COUNT: 50 })) keys.forEach((key) => met.add(key));
      assert.equal(met.size, 1000);
      assert.ok(!met.has('other'));
    });

    it('selects stores', async () => {
      const second = await connect({ database: 1 });
      await redis.set('key', 'first');
      assert.equal(await second.get('key'), null);
      await second.set('key', 'second');
      await second.select(0);
      assert.equal(await second.get('key'), 'first');
      await assert.rejects(second.select(99), { message: 'ERR DB index is out of range' });
    });

    it('takes the password, and is refused without', async () => {
      const guarded = (options) => connect({ ...options, socket: { reconnectStrategy: false } }, 'COMPAT_GUARDED_RESP');
      assert.equal(await (await guarded({ password, database: 1 })).ping(), 'PONG');
      assert.equal(await (await guarded({ username: 'default', password })).ping(), 'PONG');
      await assert.rejects(async () => (await guarded()).get('key'), /NOAUTH/);
      await assert.rejects(guarded({ password: 'wrong' }), /WRONGPASS/);
    });

    it('comes back when it is killed', async () => {
      const victim = await connect({ name: 'victim', database: 1 });
      await victim.set('key', 'value');
      const before = await victim.clientId();
      const gone = new Promise((resolve) => { victim.once('reconnecting', resolve); });
      assert.equal(await redis.sendCommand(['CLIENT', 'KILL', 'ID', String(before)]), 1);
      await gone;
      assert.equal(await victim.get('key'), 'value');
      const info = await victim.clientInfo();
      assert.notEqual(info.id, before);
      assert.deepEqual([info.name, info.db], ['victim', 1]);
    });

    it('pools connections', async () => {
      const options = { ...protocol, name: 'pooled', socket: address('COMPAT_RESP') };
      const pool = createClientPool(options, { minimum: 1, maximum: 4 });
      pool.on('error', () => {});
      await pool.connect();
      const answers = await Promise.all(Array.from({ length: 200 }, () => pool.incr('n')));
      assert.deepEqual(answers.sort((a, b) => a - b), Array.from({ length: 200 }, (_, number) => number + 1));
      const pooled = (await redis.clientList()).filter((each) => each.name === 'pooled').length;
      assert.ok(pooled >= 1 && pooled <= 4, `${pooled} connections`);
      pool.destroy();
    });

    it('keeps binary keys and big values whole', async () => {
      await redis.set(everyByte, everyByte);
      assert.deepEqual(await bytes(redis).get(everyByte), everyByte);
      assert.deepEqual(await bytes(redis).keys('*'), [everyByte]);
      for (const megabytes of [1, 64]) {
        const value = Buffer.alloc(megabytes << 20, everyByte);
        assert.equal(await redis.set('big', value), 'OK');
        assert.ok(value.equals(await bytes(redis).get('big')), `${megabytes} MB`);
      }
    });

    it('is told errors as Redis words them', async () => {
      const refused = async (command, message) => {
        await assert.rejects(redis.sendCommand(command), (error) => {
          assert.ok(error instanceof ErrorReply, `${error}`);
          assert.match(error.message, message);
          return true;
        });
      };
      await refused(['NOSUCH', 'a'], /^ERR unknown command 'NOSUCH', with args beginning with: 'a'/);
      await refused(['GET'], /^ERR wrong number of arguments for 'get' command/);
      await refused(['CLIENT', 'NOSUCH'], /^ERR unknown subcommand 'NOSUCH'/);
      await refused(['HELLO', '4'], /^NOPROTO/);
      await refused(['SET', 'key', 'value', 'NONSENSE'], /^ERR syntax error/);
      await redis.set('word', 'text');
      await refused(['INCR', 'word'], /^ERR value is not an integer or out of range/);
      assert.equal(await redis.ping(), 'PONG');
    });
  });
}
