package compat;

import static compat.Cases.aside;
import static compat.Cases.equal;
import static compat.Cases.eventually;
import static compat.Cases.holds;
import static compat.Cases.refused;

import compat.Cases.Address;
import io.lettuce.core.ClientOptions;
import io.lettuce.core.Consumer;
import io.lettuce.core.KeyValue;
import io.lettuce.core.KillArgs;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.RedisException;
import io.lettuce.core.RedisFuture;
import io.lettuce.core.RedisNoScriptException;
import io.lettuce.core.RedisURI;
import io.lettuce.core.ScanArgs;
import io.lettuce.core.ScanIterator;
import io.lettuce.core.ScoredValue;
import io.lettuce.core.ScriptOutputType;
import io.lettuce.core.SetArgs;
import io.lettuce.core.StreamMessage;
import io.lettuce.core.TrackingArgs;
import io.lettuce.core.TransactionResult;
import io.lettuce.core.XGroupCreateArgs;
import io.lettuce.core.XReadArgs.StreamOffset;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.async.RedisAsyncCommands;
import io.lettuce.core.api.sync.RedisCommands;
import io.lettuce.core.protocol.ProtocolVersion;
import io.lettuce.core.pubsub.RedisPubSubAdapter;
import io.lettuce.core.pubsub.StatefulRedisPubSubConnection;
import io.lettuce.core.support.caching.CacheAccessor;
import io.lettuce.core.support.caching.CacheFrontend;
import io.lettuce.core.support.caching.ClientSideCaching;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;

/** Lettuce, with the protocol that it chooses itself, RESP2 and RESP3. */
final class LettuceCases {
    private final ProtocolVersion protocol;
    private RedisClient client;

    private LettuceCases(ProtocolVersion protocol) {
        this.protocol = protocol;
    }

    static void add(Cases cases) {
        for (ProtocolVersion protocol : Arrays.asList(null, ProtocolVersion.RESP2, ProtocolVersion.RESP3)) {
            LettuceCases made = new LettuceCases(protocol);
            String name = "lettuce " + (protocol == null ? "default" : protocol) + ": ";
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
            if (protocol != ProtocolVersion.RESP2) {
                cases.add(name + "client-side cache", () -> made.with(made::cache));
            }
        }
    }

    private interface Test {
        void run(RedisCommands<String, String> redis) throws Exception;
    }

    /** Runs a test with a client of the open node, which is emptied before. One client does for all: it is slow to make. */
    private void with(Test test) throws Exception {
        if (client == null) {
            client = RedisClient.create(uri("COMPAT_RESP").build());
            if (protocol != null) {
                client.setOptions(ClientOptions.builder().protocolVersion(protocol).build());
            }
        }
        try (StatefulRedisConnection<String, String> connection = client.connect()) {
            connection.sync().flushall();
            test.run(connection.sync());
        }
    }

    private static RedisURI.Builder uri(String variable) {
        Address address = Address.of(variable);
        return RedisURI.builder().withHost(address.host()).withPort(address.port());
    }

    private void protocolAndLibrary(RedisCommands<String, String> redis) {
        equal("PONG", redis.ping());
        String info = redis.clientList().lines().filter(line -> line.contains("id=" + redis.clientId() + " ")).findFirst().orElse("");
        if (info.contains(" resp=")) {
            holds(info.contains(protocol == ProtocolVersion.RESP2 ? " resp=2" : " resp=3"), info);
            holds(info.toLowerCase().contains("lib-name=lettuce"), info);
        }
        holds(redis.info("server").contains("redis_version:7."), redis.info("server"));
    }

    private void stringsAndExpiry(RedisCommands<String, String> redis) throws Exception {
        equal("OK", redis.set("key", "value", SetArgs.Builder.ex(100)));
        equal("value", redis.get("key"));
        holds(redis.ttl("key") > 90 && redis.ttl("key") <= 100, redis.ttl("key"));
        equal(null, redis.set("key", "other", SetArgs.Builder.nx()));
        equal("OK", redis.mset(Map.of("a", "1", "b", "2")));
        equal(List.of(KeyValue.just("a", "1"), KeyValue.empty("none"), KeyValue.just("b", "2")), redis.mget("a", "none", "b"));
        equal(41L, redis.incrby("n", 41));
        equal(41.5, redis.incrbyfloat("n", 0.5));
        equal(0L, redis.setbit("bits", 7, 1));
        equal(1L, redis.bitcount("bits"));
        equal("OK", redis.set("short", "value", SetArgs.Builder.px(30)));
        eventually("the key's end", () -> redis.exists("short") == 0);
        equal(3L, redis.del("key", "a", "b", "none"));
        equal(null, redis.get("key"));
    }

    private void collections(RedisCommands<String, String> redis) {
        equal(3L, redis.rpush("list", "a", "b", "c"));
        equal("a", redis.lpop("list"));
        equal(List.of("b", "c"), redis.lrange("list", 0, -1));
        equal(2L, redis.hset("hash", Map.of("x", "1", "y", "2")));
        equal(Map.of("x", "1", "y", "2"), redis.hgetall("hash"));
        equal(List.of(1L, -2L), redis.hexpire("hash", 60, "x", "none"));
        equal(2L, redis.sadd("set", "a", "b"));
        equal(Set.of("a", "b"), redis.smembers("set"));
        equal(2L, redis.zadd("zset", ScoredValue.just(1.5, "a"), ScoredValue.just(2, "b")));
        equal(1.5, redis.zscore("zset", "a"));
        equal(List.of(ScoredValue.just(1.5, "a"), ScoredValue.just(2, "b")), redis.zrangeWithScores("zset", 0, -1));
        equal(1L, redis.geoadd("geo", 13.361389, 38.115556, "Palermo"));
        equal(1L, redis.pfadd("hll", "a", "b", "c"));
        equal(3L, redis.pfcount("hll"));
        equal("OK", redis.restore("restored", 0, redis.dump("zset")));
        equal(1.5, redis.zscore("restored", "a"));
        try {
            redis.incr("list");
            throw new AssertionError("a list was counted up");
        } catch (RedisCommandExecutionException refusal) {
            equal("WRONGTYPE Operation against a key holding the wrong kind of value", refusal.getMessage());
        }
    }

    private void scans(RedisCommands<String, String> redis) {
        for (int number = 0; number < 10; number++) {
            int ten = number;
            redis.mset(Collections.nCopies(50, 0).stream().collect(Collectors.toMap(zero -> "key:" + ten + ":" + System.nanoTime(), zero -> "x")));
        }
        Set<String> keys = Set.copyOf(redis.keys("key:*"));
        redis.sadd("set", keys.toArray(String[]::new));
        ScanArgs step = ScanArgs.Builder.limit(50).match("key:*");
        equal(keys, ScanIterator.scan(redis, step).stream().collect(Collectors.toSet()));
        equal(keys, ScanIterator.sscan(redis, "set", step).stream().collect(Collectors.toSet()));
        redis.hset("hash", "field", "value");
        equal(KeyValue.just("field", "value"), ScanIterator.hscan(redis, "hash").next());
        redis.zadd("zset", 1.5, "member");
        equal(ScoredValue.just(1.5, "member"), ScanIterator.zscan(redis, "zset").next());
    }

    private void pipelineAndTransaction(RedisCommands<String, String> redis) throws Exception {
        RedisAsyncCommands<String, String> many = redis.getStatefulConnection().async();
        List<RedisFuture<Long>> counted = new ArrayList<>();
        for (int number = 0; number < 5000; number++) {
            counted.add(many.incr("many"));
        }
        equal(5000L, counted.get(4999).get());
        redis.multi();
        redis.set("word", "text");
        redis.incr("word");
        redis.get("word");
        TransactionResult answers = redis.exec();
        equal("OK", answers.get(0));
        holds((Object) answers.get(1) instanceof RedisCommandExecutionException, answers.get(1));
        equal("text", answers.get(2));
    }

    private void watch(RedisCommands<String, String> redis) {
        redis.set("n", "1");
        try (StatefulRedisConnection<String, String> other = client.connect()) {
            for (boolean disturbed : new boolean[] {true, false}) {
                redis.watch("n");
                if (disturbed) {
                    other.sync().set("n", "10");
                }
                redis.multi();
                redis.incr("n");
                equal(disturbed, redis.exec().wasDiscarded());
            }
        }
        equal("11", redis.get("n"));
    }

    private void scripts(RedisCommands<String, String> redis) throws Exception {
        String script = "redis.call('INCRBY', KEYS[1], ARGV[1]) return {redis.call('GET', KEYS[1]), KEYS, false, 2.9}";
        redis.scriptFlush();
        String[] keys = {"n"};
        String digest = redis.digest(script);
        try {
            redis.evalsha(digest, ScriptOutputType.MULTI, keys, "5");
            throw new AssertionError("an unknown script ran");
        } catch (RedisNoScriptException refusal) {
            equal("NOSCRIPT No matching script. Please use EVAL.", refusal.getMessage());
        }
        equal(Arrays.asList("5", List.of("n"), null, 2L), redis.eval(script, ScriptOutputType.MULTI, keys, "5"));
        equal(Arrays.asList("10", List.of("n"), null, 2L), redis.evalsha(digest, ScriptOutputType.MULTI, keys, "5"));
        equal(List.of(true, false), redis.scriptExists(digest, "0123456789012345678901234567890123456789"));
    }

    private void publishAndSubscribe(RedisCommands<String, String> redis) throws Exception {
        List<String> heard = Collections.synchronizedList(new ArrayList<>());
        try (StatefulRedisPubSubConnection<String, String> listener = client.connectPubSub()) {
            listener.addListener(new RedisPubSubAdapter<>() {
                @Override
                public void message(String channel, String message) {
                    heard.add(channel + " " + message);
                }

                @Override
                public void message(String pattern, String channel, String message) {
                    heard.add(pattern + " " + channel + " " + message);
                }
            });
            listener.sync().subscribe("news");
            listener.sync().psubscribe("n?ws");
            equal(2L, redis.publish("news", "hello"));
            eventually("both messages", () -> heard.containsAll(List.of("news hello", "n?ws news hello")));
            equal(Map.of("news", 1L), redis.pubsubNumsub("news"));
        }
    }

    private void blockingPop(RedisCommands<String, String> redis) throws Exception {
        equal(null, redis.blpop(0.1, "list"));
        Thread pusher = aside(() -> {
            try (StatefulRedisConnection<String, String> other = client.connect()) {
                eventually("a waiting client", () -> other.sync().info("clients").contains("blocked_clients:1\r\n"));
                other.sync().lpush("list", "value");
            }
        });
        equal(KeyValue.just("list", "value"), redis.blpop(20.0, "none", "list"));
        pusher.join();
    }

    @SuppressWarnings("unchecked") // an array of a generic type, made for the variable arguments
    private void stream(RedisCommands<String, String> redis) {
        redis.xgroupCreate(StreamOffset.from("stream", "$"), "group", XGroupCreateArgs.Builder.mkstream());
        String first = redis.xadd("stream", Map.of("x", "1"));
        redis.xadd("stream", Map.of("x", "2"));
        List<StreamMessage<String, String>> got = redis.xreadgroup(Consumer.from("group", "one"), StreamOffset.lastConsumed("stream"));
        equal(2, got.size());
        equal(first, got.get(0).getId());
        equal(Map.of("x", "2"), got.get(1).getBody());
        equal(1L, redis.xack("stream", "group", first));
        equal(1L, redis.xpending("stream", "group").getCount());
        equal(2L, redis.xlen("stream"));
        equal(1, redis.xinfoGroups("stream").size());
    }

    private void reconnect(RedisCommands<String, String> redis) throws Exception {
        RedisURI named = uri("COMPAT_RESP").withDatabase(1).withClientName("victim").build();
        List<String> heard = Collections.synchronizedList(new ArrayList<>());
        try (StatefulRedisConnection<String, String> victim = client.connect(named);
                StatefulRedisPubSubConnection<String, String> listener = client.connectPubSub()) {
            long before = victim.sync().clientId();
            equal(1L, redis.clientKill(KillArgs.Builder.id(before)));
            // What was sent just before the connection ended fails; the next one goes over a new connection.
            eventually("a new connection", () -> {
                try {
                    return victim.sync().set("key", "value").equals("OK");
                } catch (RedisException dead) {
                    return false;
                }
            });
            long after = victim.sync().clientId();
            holds(before != after, after);
            equal("victim", victim.sync().clientGetname());
            equal(0L, redis.exists("key"));
            listener.addListener(new RedisPubSubAdapter<>() {
                @Override
                public void message(String channel, String message) {
                    heard.add(message);
                }
            });
            listener.sync().subscribe("news");
            holds(redis.clientKill(KillArgs.Builder.typePubsub()) >= 1, "no subscriber was ended");
            eventually("the subscription after the end", () -> redis.publish("news", "after") == 1);
            eventually("the message", () -> heard.contains("after"));
        }
    }

    private void authentication(RedisCommands<String, String> redis) throws Exception {
        RedisURI.Builder guarded = uri("COMPAT_GUARDED_RESP");
        try (var connection = client.connect(guarded.withPassword(Cases.PASSWORD.toCharArray()).build())) {
            equal("PONG", connection.sync().ping());
        }
        try (var connection = client.connect(guarded.withAuthentication("default", Cases.PASSWORD).build())) {
            equal("PONG", connection.sync().ping());
        }
        refused("WRONGPASS", () -> client.connect(uri("COMPAT_GUARDED_RESP").withPassword("wrong".toCharArray()).build()));
        refused("NOAUTH", () -> client.connect(uri("COMPAT_GUARDED_RESP").build()).sync().get("key"));
    }

    private void cache(RedisCommands<String, String> redis) throws Exception {
        redis.set("key", "first");
        Map<String, String> kept = new ConcurrentHashMap<>();
        try (StatefulRedisConnection<String, String> reader = client.connect();
                CacheFrontend<String, String> cache =
                        ClientSideCaching.enable(CacheAccessor.forMap(kept), reader, TrackingArgs.Builder.enabled())) {
            equal("first", cache.get("key"));
            equal(Map.of("key", "first"), kept);
            redis.set("key", "second");
            eventually("the key to be thrown out", () -> !kept.containsKey("key"));
            equal("second", cache.get("key"));
        }
    }
}
