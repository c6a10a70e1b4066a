'use strict';
// ioredis, with the protocol that it chooses itself, RESP2 and RESP3. Every test starts on an empty node.

const assert = require('node:assert/strict');
const { after, beforeEach, describe, it } = require('node:test');
const { Redis } = require('ioredis');
const { address, eventually, everyByte, fields, password } = require('./support');

const protocols = { default: {}, resp2: { protocol: 2 }, resp3: { protocol: 3 } };

for (const [name, protocol] of Object.entries(protocols)) {
  describe(`ioredis ${name}`, { timeout: 60_000 }, () => {
    const made = [];
    const connect = (options = {}) => {
      const redis = new Redis({ ...address('COMPAT_RESP'), ...protocol, ...options });
      redis.on('error', () => {}); // Tests look at what their own commands are answered with.
      made.push(redis);
      return redis;
    };
    const redis = connect();

    beforeEach(() => redis.flushall());
    after(() => made.forEach((each) => each.disconnect()));

    it('connects, is ready, and talks the protocol it asked for', async () => {
      assert.equal(await redis.ping(), 'PONG');
      assert.equal(redis.status, 'ready');
      assert.equal(fields(await redis.client('INFO')).resp, String(protocol.protocol ?? 3));
      assert.match(await redis.info(), /\r\nloading:0\r\n/);
    });

    it('tells its name and library', async () => {
      const named = connect({ connectionName: 'compat' });
      assert.equal(await named.client('GETNAME'), 'compat');
      const library = () => named.client('INFO').then(fields).then((info) => info['lib-name'].startsWith('ioredis') && info);
      const info = await eventually('the library to be told', library);
      assert.equal(Number(info.id), await named.client('ID'));
      assert.notEqual(info['lib-ver'], '');
    });

    it('sets, gets and deletes', async () => {
      assert.equal(await redis.set('key', 'value'), 'OK');
      assert.equal(await redis.get('key'), 'value');
      assert.equal(await redis.set('key', 'other', 'NX'), null);
      assert.equal(await redis.set('key', 'other', 'GET'), 'value');
      assert.equal(await redis.del('key', 'none'), 1);
      assert.equal(await redis.get('key'), null);
      assert.equal(await redis.mset({ a: 1, b: 2 }), 'OK');
      assert.deepEqual(await redis.mget('a', 'none', 'b'), ['1', null, '2']);
      assert.equal(await redis.incrby('n', 41), 41);
      assert.equal(await redis.incrbyfloat('n', 0.5), '41.5');
      assert.equal(await redis.append('word', 'grüße'), 7);
      assert.equal(await redis.dbsize(), 4);
    });

    it('runs transactions, hashes and sets', async () => {
      const replies = await redis.multi().set('a', 1).incr('a').hset('h', 'x', 1).exec();
      assert.deepEqual(replies, [[null, 'OK'], [null, 2], [null, 1]]);
      assert.deepEqual(await redis.hgetall('h'), { x: '1' });
      assert.equal(await redis.sadd('s', 'a', 'b'), 2);
      assert.deepEqual((await redis.smembers('s')).sort(), ['a', 'b']);
    });

    it('publishes and subscribes', async () => {
      const listener = connect();
      const heard = new Promise((resolve) => listener.once('message', (...message) => resolve(message)));
      await listener.subscribe('news');
      assert.equal(await redis.publish('news', 'hello'), 1);
      assert.deepEqual(await heard, ['news', 'hello']);
      listener.disconnect();
    });

    it('keeps every type', async () => {
      assert.equal(await redis.rpush('list', 'a', 'b', 'c'), 3);
      assert.equal(await redis.lmove('list', 'other', 'LEFT', 'RIGHT'), 'a');
      assert.deepEqual(await redis.lrange('list', 0, -1), ['b', 'c']);
      assert.equal(await redis.zadd('zset', 1.5, 'a', 2, 'b'), 2);
      assert.equal(Number(await redis.zscore('zset', 'a')), 1.5);
      assert.deepEqual(await redis.zrange('zset', 0, -1), ['a', 'b']);
      assert.equal(await redis.geoadd('geo', 13.361389, 38.115556, 'Palermo'), 1);
      assert.equal(await redis.pfadd('hll', 'a', 'b', 'c'), 1);
      assert.equal(await redis.pfcount('hll'), 3);
      assert.equal(await redis.restore('copy', 0, await redis.dumpBuffer('zset')), 'OK');
      assert.equal(await redis.zcard('copy'), 2);
      assert.equal(await redis.setbit('bits', 7, 1), 0);
    });

    it('is stopped by a change of a watched key', async () => {
      const other = connect();
      await redis.watch('n');
      await other.set('n', 1);
      assert.equal(await redis.multi().set('n', 2).exec(), null);
      await redis.watch('n');
      assert.deepEqual(await redis.multi().incr('n').exec(), [[null, 2]]);
    });

    it('runs scripts, loading them when they are missing', async () => {
      const lua = "redis.call('INCRBY', KEYS[1], ARGV[1]) return {redis.call('GET', KEYS[1]), KEYS, false, 2.9}";
      await redis.script('FLUSH');
      const scripted = connect({ scripts: { add: { numberOfKeys: 1, lua } } });
      assert.deepEqual(await scripted.add('n', 5), ['5', ['n'], null, 2]);
      // The digest is known to the client now and not to the node any more.
      await redis.script('FLUSH');
      assert.deepEqual(await scripted.add('n', 5), ['10', ['n'], null, 2]);
      await assert.rejects(redis.evalsha('0'.repeat(40), 0), /NOSCRIPT/);
      await assert.rejects(redis.eval("return redis.error_reply('MY own words')", 0), /MY own words/);
    });

    it('waits for an element', async () => {
      assert.equal(await redis.blpop('none', 0.1), null);
      const other = connect();
      const waiting = redis.blpop('none', 'list', 20);
      await eventually('a client that waits', async () => (await other.info('clients')).includes('blocked_clients:1\r\n'));
      await other.rpush('list', 'value');
      assert.deepEqual(await waiting, ['list', 'value']);
    });

    it('hears patterns, and subscribes again when it is killed', async () => {
      const listener = connect();
      const heard = [];
      listener.on('pmessage', (...message) => heard.push(message.join(' ')));
      await listener.psubscribe('n?ws');
      assert.equal(await redis.publish('news', 'before'), 1);
      await eventually('the message', () => heard.includes('n?ws news before'));
      assert.ok((await redis.client('KILL', 'TYPE', 'pubsub')) >= 1);
      await eventually('the subscription after the end', async () => (await redis.publish('news', 'after')) === 1);
      await eventually('the message after the end', () => heard.includes('n?ws news after'));
    });

    it('shares a stream in a group', async () => {
      assert.equal(await redis.xgroup('CREATE', 'stream', 'group', '$', 'MKSTREAM'), 'OK');
      const first = await redis.xadd('stream', '*', 'x', '1');
      const second = await redis.xadd('stream', '*', 'x', '2');
      const got = await redis.xreadgroup('GROUP', 'group', 'one', 'COUNT', 10, 'STREAMS', 'stream', '>');
      assert.deepEqual((Array.isArray(got) ? Object.fromEntries(got) : { ...got }).stream, [[first, ['x', '1']], [second, ['x', '2']]]);
      assert.equal(await redis.xack('stream', 'group', first), 1);
      assert.equal((await redis.xpending('stream', 'group'))[0], 1);
      assert.deepEqual(await redis.xclaim('stream', 'group', 'two', 0, second), [[second, ['x', '2']]]);
      assert.equal(await redis.xlen('stream'), 2);
    });

    it('sees keys expire', async () => {
      await redis.set('key', 'value', 'EX', 100);
      const ttl = await redis.ttl('key');
      assert.ok(ttl > 90 && ttl <= 100, `ttl ${ttl}`);
      assert.equal(await redis.persist('key'), 1);
      assert.equal(await redis.ttl('key'), -1);
      await redis.set('short', 'value', 'PX', 30);
      await eventually("the key's end", async () => (await redis.exists('short')) === 0);
      assert.equal(await redis.pttl('short'), -2);
    });

    it('gets pipelined answers in order, errors in their places', async () => {
      const answers = await redis.pipeline().set('n', 10).incr('n').set('word', 'text').incr('word').get('n').exec();
      assert.deepEqual([answers[0], answers[1], answers[4]], [[null, 'OK'], [null, 11], [null, '11']]);
      assert.match(answers[3][0].message, /^ERR value is not an integer or out of range/);
      const many = redis.pipeline();
      for (let number = 0; number < 5000; number++) many.incr('many');
      assert.deepEqual((await many.exec()).map(([, answer]) => answer), Array.from({ length: 5000 }, (_, number) => number + 1));
    });

    it('pipelines by itself', async () => {
      const eager = connect({ enableAutoPipelining: true });
      const numbers = Array.from({ length: 500 }, (_, number) => number);
      await Promise.all(numbers.map((number) => eager.set(`key:${number}`, number)));
      assert.deepEqual(await Promise.all(numbers.map((number) => eager.get(`key:${number}`))), numbers.map(String));
    });

    it('meets every key in a scan', async () => {
      await redis.mset(Object.fromEntries(Array.from({ length: 1000 }, (_, number) => [`key:${number}`, number])));
      await redis.set('other', 1);
      const met = new Set();
      for await (const keys of redis.scanStream({ match: 'key:*', count: 50 })) keys.forEach((key) => met.add(key));
      assert.equal(met.size, 1000);
      assert.ok(!met.has('other'));
    });

    it('selects stores', async () => {
      const second = connect({ db: 1 });
      await redis.set('key', 'first');
      assert.equal(await second.get('key'), null);
      await second.set('key', 'second');
      assert.equal(await second.select(0), 'OK');
      assert.equal(await second.get('key'), 'first');
      await assert.rejects(second.select(99), { name: 'ReplyError', message: 'ERR DB index is out of range' });
    });

    it('takes the password, and is refused without', async () => {
      const guarded = { ...address('COMPAT_GUARDED_RESP'), maxRetriesPerRequest: 0, retryStrategy: null };
      assert.equal(await connect({ ...guarded, password, db: 1 }).ping(), 'PONG');
      assert.equal(await connect({ ...guarded, username: 'default', password }).ping(), 'PONG');
      await assert.rejects(connect({ ...guarded, enableReadyCheck: false }).get('key'), /^ReplyError: NOAUTH/);
      await assert.rejects(connect({ ...guarded, enableReadyCheck: false, password: 'wrong' }).get('key'), /NOAUTH|WRONGPASS/);
    });

    it('comes back when it is killed', async () => {
      const victim = connect({ connectionName: 'victim', db: 1 });
      await victim.set('key', 'value');
      const before = await victim.client('ID');
      assert.equal(await redis.client('KILL', 'ID', before), 1);
      assert.equal(await victim.get('key'), 'value');
      const info = fields(await victim.client('INFO'));
      assert.notEqual(Number(info.id), before);
      assert.deepEqual([info.name, info.db], ['victim', '1']);
    });

    it('opens many connections', async () => {
      const crowd = Array.from({ length: 30 }, (_, number) => connect({ connectionName: `crowd-${number}` }));
      await Promise.all(crowd.map((each) => each.incr('n')));
      assert.equal(await redis.get('n'), '30');
      assert.equal((await redis.client('LIST')).split('\n').filter((line) => line.includes('name=crowd-')).length, 30);
    });

    it('keeps binary keys and big values whole', async () => {
      await redis.set(everyByte, everyByte);
      assert.deepEqual(await redis.getBuffer(everyByte), everyByte);
      assert.deepEqual(await redis.keysBuffer('*'), [everyByte]);
      for (const megabytes of [1, 64]) {
        const value = Buffer.alloc(megabytes << 20, everyByte);
        assert.equal(await redis.set('big', value), 'OK');
        assert.ok(value.equals(await redis.getBuffer('big')), `${megabytes} MB`);
      }
    });

    it('is told errors as Redis words them', async () => {
      const refused = (message) => ({ name: 'ReplyError', message });
      await assert.rejects(redis.call('NOSUCH', 'a'), refused(/^ERR unknown command 'NOSUCH', with args beginning with: 'a'/));
      await assert.rejects(redis.call('GET'), refused(/^ERR wrong number of arguments for 'get' command/));
      await assert.rejects(redis.call('CLIENT', 'NOSUCH'), refused(/^ERR unknown subcommand 'NOSUCH'/));
      await assert.rejects(redis.call('HELLO', '4'), refused(/^NOPROTO/));
      await assert.rejects(redis.set('key', 'value', 'NONSENSE'), refused(/^ERR syntax error/));
      assert.equal(await redis.ping(), 'PONG');
    });
  });
}
