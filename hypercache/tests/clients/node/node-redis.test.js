'use strict';
// node-redis, with the protocol that it chooses itself, RESP2 and RESP3. Every test starts on an empty node.

const assert = require('node:assert/strict');
const { after, before, beforeEach, describe, it } = require('node:test');
const { BasicClientSideCache, ErrorReply, RESP_TYPES, WatchError, createClient, createClientPool, defineScript } = require('redis');
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

    it('keeps every type', async () => {
      assert.equal(await redis.rPush('list', ['a', 'b', 'c']), 3);
      assert.equal(await redis.lMove('list', 'other', 'LEFT', 'RIGHT'), 'a');
      assert.deepEqual(await redis.lRange('list', 0, -1), ['b', 'c']);
      assert.equal(await redis.zAdd('zset', [{ score: 1.5, value: 'a' }, { score: 2, value: 'b' }]), 2);
      assert.equal(await redis.zScore('zset', 'a'), 1.5);
      assert.deepEqual((await redis.zRangeWithScores('zset', 0, -1)).map(({ score, value }) => [value, score]), [['a', 1.5], ['b', 2]]);
      assert.equal(await redis.geoAdd('geo', { longitude: 13.361389, latitude: 38.115556, member: 'Palermo' }), 1);
      assert.equal(Number(await redis.pfAdd('hll', ['a', 'b', 'c'])), 1);
      assert.equal(await redis.pfCount('hll'), 3);
      assert.equal(await redis.restore('copy', 0, await bytes(redis).dump('zset')), 'OK');
      assert.equal(await redis.zCard('copy'), 2);
      assert.equal(await redis.setBit('bits', 7, 1), 0);
    });

    it('is stopped by a change of a watched key', async () => {
      const own = await connect();
      await own.watch('n');
      await redis.set('n', '1');
      await assert.rejects(own.multi().set('n', '2').exec(), WatchError);
      await own.watch('n');
      assert.deepEqual(await own.multi().incr('n').exec(), [2]);
    });

    it('runs scripts, loading them when they are missing', async () => {
      const SCRIPT = "redis.call('INCRBY', KEYS[1], ARGV[1]) return {redis.call('GET', KEYS[1]), KEYS, false, 2.9}";
      const parseCommand = (parser, key, by) => { parser.pushKey(key); parser.push(String(by)); };
      const add = defineScript({ SCRIPT, NUMBER_OF_KEYS: 1, parseCommand, transformReply: undefined });
      await redis.scriptFlush();
      const scripted = await connect({ scripts: { add } });
      assert.deepEqual(await scripted.add('n', 5), ['5', ['n'], null, 2]);
      assert.deepEqual(await scripted.add('n', 5), ['10', ['n'], null, 2]);
      await assert.rejects(redis.evalSha('0'.repeat(40)), /NOSCRIPT/);
      await assert.rejects(redis.eval("return redis.error_reply('MY own words')"), /MY own words/);
    });

    it('waits for an element', async () => {
      const own = await connect();
      assert.equal(await own.blPop('none', 0.1), null);
      const waiting = own.blPop(['none', 'list'], 20);
      await eventually('a client that waits', async () => (await redis.info('clients')).includes('blocked_clients:1\r\n'));
      await redis.rPush('list', 'value');
      assert.deepEqual({ ...(await waiting) }, { key: 'list', element: 'value' });
    });

    it('hears patterns, and subscribes again when it is killed', async () => {
      const listener = await connect();
      const heard = [];
      await listener.pSubscribe('w?ather', (message, channel) => heard.push(`${channel} ${message}`));
      assert.equal(await redis.publish('weather', 'before'), 1);
      await eventually('the message', () => heard.includes('weather before'));
      assert.ok((await redis.sendCommand(['CLIENT', 'KILL', 'TYPE', 'pubsub'])) >= 1);
      await eventually('the subscription after the end', async () => (await redis.publish('weather', 'after')) === 1);
      await eventually('the message after the end', () => heard.includes('weather after'));
    });

    it('shares a stream in a group', async () => {
      assert.equal(await redis.xGroupCreate('stream', 'group', '$', { MKSTREAM: true }), 'OK');
      const first = await redis.xAdd('stream', '*', { x: '1' });
      const second = await redis.xAdd('stream', '*', { x: '2' });
      const [{ name: stream, messages }] = await redis.xReadGroup('group', 'one', { key: 'stream', id: '>' });
      const pairs = messages.map(({ id, message }) => [id, message.x]);
      assert.deepEqual([stream, pairs], ['stream', [[first, '1'], [second, '2']]]);
      assert.equal(await redis.xAck('stream', 'group', first), 1);
      assert.equal((await redis.xPending('stream', 'group')).pending, 1);
      assert.deepEqual((await redis.xClaim('stream', 'group', 'two', 0, second)).map(({ id }) => id), [second]);
      const [group] = await redis.xInfoGroups('stream');
      assert.deepEqual([group.name, group.consumers, group.pending], ['group', 2, 1]);
    });

    it('keeps answers until their keys change', { skip: protocol.RESP === 2 && 'node-redis caches over RESP3 only' }, async () => {
      await redis.set('key', 'first');
      const cache = new BasicClientSideCache({ maxEntries: 100 });
      const reader = await connect({ clientSideCache: cache, RESP: 3 });
      assert.deepEqual([await reader.get('key'), await reader.get('key')], ['first', 'first']);
      assert.equal(cache.stats().hitCount, 1);
      await redis.set('key', 'second');
      await eventually('the new value', async () => (await reader.get('key')) === 'second');
      await redis.flushAll();
      await eventually('the end of the key', async () => (await reader.get('key')) === null);
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
