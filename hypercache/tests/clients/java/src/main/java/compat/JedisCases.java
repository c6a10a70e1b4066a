package compat;

import static compat.Cases.aside;
import static compat.Cases.equal;
import static compat.Cases.eventually;
import static compat.Cases.holds;
import static compat.Cases.refused;

import compat.Cases.Address;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import redis.clients.jedis.AbstractPipeline;
import redis.clients.jedis.AbstractTransaction;
import redis.clients.jedis.DefaultJedisClientConfig;
import redis.clients.jedis.HostAndPort;
import redis.clients.jedis.JedisPubSub;
import redis.clients.jedis.Protocol;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.RedisProtocol;
import redis.clients.jedis.Response;
import redis.clients.jedis.ScanIteration;
import redis.clients.jedis.StreamEntryID;
import redis.clients.jedis.csc.DefaultCache;
import redis.clients.jedis.exceptions.JedisDataException;
import redis.clients.jedis.exceptions.JedisNoScriptException;
import redis.clients.jedis.params.ScanParams;
import redis.clients.jedis.params.SetParams;
import redis.clients.jedis.params.XReadGroupParams;
import redis.clients.jedis.resps.ScanResult;
import redis.clients.jedis.util.KeyValue;

/** Jedis, with the protocol that it chooses itself, RESP2 and RESP3. */
final class JedisCases {
    private final RedisProtocol protocol;

    private JedisCases(RedisProtocol protocol) {
        this.protocol = protocol;
    }

    static void add(Cases cases) {
        for (RedisProtocol protocol : Arrays.asList(null, RedisProtocol.RESP2, RedisProtocol.RESP3)) {
            JedisCases made = new JedisCases(protocol);
            String name = "jedis " + (protocol == null ? "default" : protocol.name()) + ": ";
            cases.add(name + "protocol and library", () -> made.with(made::protocolAndLibrary));
            cases.add(name + "strings and expiry", () -> made.with(made::stringsAndExpiry));
            cases.add(name + "collections", () -> made.with(made::collections));
            cases.add(name + "scans", () -> made.with(made::scans));
            cases.add(name + "pipeline and transaction", () -> made.with(made::pipelineAndTransaction));
            cases.add(name + "watch", () -> made.with(made::watch));
            cases.add(name + "scripts", () -> made.with(made::scripts));
            cases.add(name + "publish and subscribe", () -> made.with(made::publishAndSubscribe));
            cases.add(name + "blocking pop", () -> made.with(made::blockingPop));
            cases.add(name + "stream with a consumer group", () -> made.with(made::stream));
            cases.add(name + "reconnect", () -> made.with(made::reconnect));
            cases.add(name + "authentication", () -> made.with(made::authentication));
            if (protocol != RedisProtocol.RESP2) {
                cases.add(name + "client-side cache", () -> made.with(made::cache));
            }
        }
    }

    private interface Test {
        void run(RedisClient redis) throws Exception;
    }

    /** Runs a test with a client of the open node, which is emptied before. */
    private void with(Test test) throws Exception {
        try (RedisClient redis = open("COMPAT_RESP", config -> { })) {
            redis.flushAll();
            test.run(redis);
        }
    }

    private RedisClient open(String variable, Consumer<DefaultJedisClientConfig.Builder> change) {
        return RedisClient.builder().hostAndPort(at(variable)).clientConfig(config(change)).build();
    }

    private static HostAndPort at(String variable) {
        Address address = Address.of(variable);
        return new HostAndPort(address.host(), address.port());
    }

    private DefaultJedisClientConfig config(Consumer<DefaultJedisClientConfig.Builder> change) {
        DefaultJedisClientConfig.Builder config = DefaultJedisClientConfig.builder();
        if (protocol != null) {
            config.protocol(protocol);
        }
        change.accept(config);
        return config.build();
    }

    private static String client(RedisClient redis, String... words) {
        Object answer = redis.sendCommand(Protocol.Command.CLIENT, words);
        return answer instanceof byte[] bytes ? new String(bytes) : String.valueOf(answer);
    }

    private void protocolAndLibrary(RedisClient redis) {
        equal("PONG", redis.ping());
        String info = client(redis, "INFO");
        String wanted = protocol == RedisProtocol.RESP2 ? " resp=2" : protocol == RedisProtocol.RESP3 ? " resp=3" : " resp=";
        holds(info.contains(wanted) && info.contains("lib-name=jedis"), info);
        holds(redis.info("server").contains("redis_version:7."), redis.info("server"));
    }

    private void stringsAndExpiry(RedisClient redis) throws Exception {
        equal("OK", redis.set("key", "value", SetParams.setParams().ex(100)));
        equal("value", redis.get("key"));
        holds(redis.ttl("key") > 90 && redis.ttl("key") <= 100, redis.ttl("key"));
        equal(null, redis.set("key", "other", SetParams.setParams().nx()));
        equal("OK", redis.mset("a", "1", "b", "2"));
        equal(Arrays.asList("1", null, "2"), redis.mget("a", "none", "b"));
        equal(41L, redis.incrBy("n", 41));
        equal(41.5, redis.incrByFloat("n", 0.5));
        equal(false, redis.setbit("bits", 7, true));
        equal(1L, redis.bitcount("bits"));
        equal("OK", redis.set("short", "value", SetParams.setParams().px(30)));
        eventually("the key's end", () -> !redis.exists("short"));
        equal(3L, redis.del("key", "a", "b", "none"));
        equal(null, redis.get("key"));
    }

    private void collections(RedisClient redis) {
        equal(3L, redis.rpush("list", "a", "b", "c"));
        equal("a", redis.lpop("list"));
        equal(List.of("b", "c"), redis.lrange("list", 0, -1));
        equal(2L, redis.hset("hash", Map.of("x", "1", "y", "2")));
        equal(Map.of("x", "1", "y", "2"), redis.hgetAll("hash"));
        equal(List.of(1L, -2L), redis.hexpire("hash", 60, "x", "none"));
        equal(2L, redis.sadd("set", "a", "b"));
        equal(Set.of("a", "b"), redis.smembers("set"));
        equal(2L, redis.zadd("zset", Map.of("a", 1.5, "b", 2.0)));
        equal(1.5, redis.zscore("zset", "a"));
        equal(List.of("a", "b"), redis.zrange("zset", 0, -1));
        equal(1L, redis.geoadd("geo", 13.361389, 38.115556, "Palermo"));
        equal(1L, redis.pfadd("hll", "a", "b", "c"));
        equal(3L, redis.pfcount("hll"));
        equal("OK", redis.restore("restored", 0, redis.dump("zset")));
        equal(1.5, redis.zscore("restored", "a"));
        try {
            redis.incr("list");
            throw new AssertionError("a list was counted up");
        } catch (JedisDataException refusal) {
            equal("WRONGTYPE Operation against a key holding the wrong kind of value", refusal.getMessage());
        }
    }

    private void scans(RedisClient redis) {
        try (AbstractPipeline pipeline = redis.pipelined()) {
            for (int number = 0; number < 500; number++) {
                pipeline.set("key:" + number, "x");
                pipeline.hset("hash", "field:" + number, "x");
            }
            pipeline.sync();
        }
        Set<String> met = new HashSet<>();
        ScanIteration scan = redis.scanIteration(50, "key:*");
        while (!scan.isIterationCompleted()) {
            met.addAll(scan.nextBatch().getResult());
        }
        equal(500, met.size());
        Set<String> fields = new HashSet<>();
        String cursor = ScanParams.SCAN_POINTER_START;
        do {
            ScanResult<Map.Entry<String, String>> step = redis.hscan("hash", cursor, new ScanParams().count(50));
            step.getResult().forEach(entry -> fields.add(entry.getKey()));
            cursor = step.getCursor();
        } while (!cursor.equals(ScanParams.SCAN_POINTER_START));
        equal(500, fields.size());
    }

    private void pipelineAndTransaction(RedisClient redis) {
        List<Response<Long>> counted = new ArrayList<>();
        try (AbstractPipeline pipeline = redis.pipelined()) {
            for (int number = 0; number < 5000; number++) {
                counted.add(pipeline.incr("many"));
            }
            pipeline.sync();
        }
        equal(5000L, counted.get(4999).get());
        try (AbstractTransaction transaction = redis.multi()) {
            transaction.set("word", "text");
            transaction.incr("word");
            Response<String> word = transaction.get("word");
            List<Object> answers = transaction.exec();
            equal("OK", answers.get(0));
            holds(answers.get(1) instanceof JedisDataException, answers.get(1));
            equal("text", word.get());
        }
    }

    private void watch(RedisClient redis) {
        redis.set("n", "1");
        for (boolean disturbed : new boolean[] {true, false}) {
            try (AbstractTransaction transaction = redis.transaction(false)) {
                transaction.watch("n");
                if (disturbed) {
                    redis.set("n", "10");
                }
                transaction.multi();
                transaction.incr("n");
                equal(disturbed ? null : List.of(11L), transaction.exec());
            }
        }
        equal("11", redis.get("n"));
    }

    private void scripts(RedisClient redis) {
        String script = "redis.call('INCRBY', KEYS[1], ARGV[1]) return {redis.call('GET', KEYS[1]), KEYS, false, 2.9}";
        redis.scriptFlush();
        String digest = "0123456789012345678901234567890123456789";
        try {
            redis.evalsha(digest, List.of("n"), List.of("5"));
            throw new AssertionError("an unknown script ran");
        } catch (JedisNoScriptException refusal) {
            equal("NOSCRIPT No matching script. Please use EVAL.", refusal.getMessage());
        }
        equal(Arrays.asList("5", List.of("n"), null, 2L), redis.eval(script, List.of("n"), List.of("5")));
        equal(Arrays.asList("10", List.of("n"), null, 2L), redis.evalsha(redis.scriptLoad(script), List.of("n"), List.of("5")));
    }

    private void publishAndSubscribe(RedisClient redis) throws Exception {
        List<String> heard = Collections.synchronizedList(new ArrayList<>());
        JedisPubSub listener = new JedisPubSub() {
            @Override
            public void onMessage(String channel, String message) {
                heard.add(channel + " " + message);
            }

            @Override
            public void onPMessage(String pattern, String channel, String message) {
                heard.add(pattern + " " + channel + " " + message);
            }

            @Override
            public void onSubscribe(String channel, int subscriptions) {
                psubscribe("n?ws");
            }
        };
        Thread subscriber = aside(() -> redis.subscribe(listener, "news"));
        eventually("both subscriptions", () -> redis.publish("news", "hello") == 2);
        eventually("both messages", () -> heard.containsAll(List.of("news hello", "n?ws news hello")));
        listener.unsubscribe();
        listener.punsubscribe();
        subscriber.join(20_000);
        holds(!subscriber.isAlive(), "the subscriber does not end");
    }

    private void blockingPop(RedisClient redis) throws Exception {
        equal(null, redis.blpop(0.1, "list"));
        Thread pusher = aside(() -> {
            eventually("a waiting client", () -> redis.info("clients").contains("blocked_clients:1\r\n"));
            redis.lpush("list", "value");
        });
        KeyValue<String, String> popped = redis.blpop(20.0, "none", "list");
        equal("list value", popped.getKey() + " " + popped.getValue());
        pusher.join();
    }

    private void stream(RedisClient redis) {
        redis.xgroupCreate("stream", "group", StreamEntryID.XGROUP_LAST_ENTRY, true);
        StreamEntryID first = redis.xadd("stream", StreamEntryID.NEW_ENTRY, Map.of("x", "1"));
        redis.xadd("stream", StreamEntryID.NEW_ENTRY, Map.of("x", "2"));
        var got = redis.xreadGroup("group", "one", new XReadGroupParams(), Map.of("stream", StreamEntryID.XREADGROUP_UNDELIVERED_ENTRY));
        equal(2, got.get(0).getValue().size());
        equal(first, got.get(0).getValue().get(0).getID());
        equal(Map.of("x", "2"), got.get(0).getValue().get(1).getFields());
        equal(1L, redis.xack("stream", "group", first));
        equal(1L, redis.xpending("stream", "group").getTotal());
        equal(1L, redis.xinfoGroups("stream").get(0).getPending());
        equal(2L, redis.xinfoStream("stream").getLength());
    }

    private void reconnect(RedisClient redis) throws Exception {
        try (RedisClient victim = open("COMPAT_RESP", config -> config.clientName("victim").database(1))) {
            String before = client(victim, "ID");
            equal("1", client(redis, "KILL", "ID", before));
            // The pool lends the dead connection out once more; the next one is new.
            eventually("a new connection", () -> {
                try {
                    return victim.set("key", "value").equals("OK");
                } catch (redis.clients.jedis.exceptions.JedisConnectionException dead) {
                    return false;
                }
            });
            String info = client(victim, "INFO");
            holds(info.contains("name=victim ") && info.contains(" db=1 ") && !info.contains("id=" + before + " "), info);
        }
    }

    private void authentication(RedisClient redis) throws Exception {
        try (RedisClient guarded = open("COMPAT_GUARDED_RESP", config -> config.password(Cases.PASSWORD))) {
            equal("PONG", guarded.ping());
        }
        try (RedisClient guarded = open("COMPAT_GUARDED_RESP", config -> config.user("default").password(Cases.PASSWORD))) {
            equal("PONG", guarded.ping());
        }
        refused("WRONGPASS", () -> open("COMPAT_GUARDED_RESP", config -> config.password("wrong")).ping());
        refused("NOAUTH", () -> open("COMPAT_GUARDED_RESP", config -> { }).get("key"));
    }

    /** Jedis asks for a server that calls itself 7.4 before it caches, unless the cache says that it can do with an older one. */
    private static final class PatientCache extends DefaultCache {
        PatientCache() {
            super(100);
        }

        @Override
        public boolean compatibilityMode() {
            return true;
        }
    }

    private void cache(RedisClient redis) throws Exception {
        redis.set("key", "first");
        RedisClient reader = RedisClient.builder().hostAndPort(at("COMPAT_RESP"))
                .clientConfig(config(config -> config.protocol(RedisProtocol.RESP3)))
                .cache(new PatientCache()).build();
        try (reader) {
            equal("first", reader.get("key"));
            equal("first", reader.get("key"));
            equal(1L, reader.getCache().getStats().getHitCount());
            redis.set("key", "second");
            eventually("the new value", () -> reader.get("key").equals("second"));
            holds(reader.getCache().getStats().getInvalidationCount() >= 1, reader.getCache().getStats());
            redis.flushAll();
            eventually("the cache to be emptied", () -> reader.get("key") == null);
        }
    }
}
