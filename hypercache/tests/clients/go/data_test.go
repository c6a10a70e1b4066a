package clients

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

func TestProtocolAndLibrary(t *testing.T) {
	everyProtocol(t, func(b bench) {
		equal(b, b.Ping(ctx), "PONG")
		info := must(b, b.ClientInfo(ctx))
		wanted := b.protocol
		if wanted == 0 {
			wanted = 3
		}
		if info.Resp != wanted || !strings.Contains(info.LibName, "go-redis") {
			b.Fatalf("resp %d, library %s", info.Resp, info.LibName)
		}
		if server := must(b, b.Info(ctx, "server")); !strings.Contains(server, "redis_version:7.") {
			b.Fatal(server)
		}
	})
}

func TestStringsAndExpiry(t *testing.T) {
	everyProtocol(t, func(b bench) {
		equal(b, b.Set(ctx, "key", "value", 100*time.Second), "OK")
		equal(b, b.Get(ctx, "key"), "value")
		if ttl := must(b, b.TTL(ctx, "key")); ttl <= 90*time.Second || ttl > 100*time.Second {
			b.Fatal(ttl)
		}
		equal(b, b.SetNX(ctx, "key", "other", 0), false)
		equal(b, b.MSet(ctx, "a", 1, "b", 2), "OK")
		if all := must(b, b.MGet(ctx, "a", "none", "b")); !slices.Equal(all, []any{"1", nil, "2"}) {
			b.Fatal(all)
		}
		equal(b, b.IncrBy(ctx, "n", 41), 41)
		equal(b, b.IncrByFloat(ctx, "n", 0.5), 41.5)
		equal(b, b.SetBit(ctx, "bits", 7, 1), 0)
		equal(b, b.BitCount(ctx, "bits", nil), 1)
		equal(b, b.Set(ctx, "short", "value", 30*time.Millisecond), "OK")
		b.eventually("the key's end", func() bool { return must(b, b.Exists(ctx, "short")) == 0 })
		equal(b, b.Del(ctx, "key", "a", "b", "none"), 3)
		if err := b.Get(ctx, "key").Err(); !errors.Is(err, redis.Nil) {
			b.Fatal(err)
		}
	})
}

func TestCollections(t *testing.T) {
	everyProtocol(t, func(b bench) {
		equal(b, b.RPush(ctx, "list", "a", "b", "c"), 3)
		equal(b, b.LMove(ctx, "list", "other", "LEFT", "RIGHT"), "a")
		if all := must(b, b.LRange(ctx, "list", 0, -1)); !slices.Equal(all, []string{"b", "c"}) {
			b.Fatal(all)
		}
		equal(b, b.HSet(ctx, "hash", "x", 1, "y", 2), 2)
		if all := must(b, b.HGetAll(ctx, "hash")); !maps.Equal(all, map[string]string{"x": "1", "y": "2"}) {
			b.Fatal(all)
		}
		if done := must(b, b.HExpire(ctx, "hash", time.Minute, "x", "none")); !slices.Equal(done, []int64{1, -2}) {
			b.Fatal(done)
		}
		equal(b, b.SAdd(ctx, "set", "a", "b"), 2)
		equal(b, b.SIsMember(ctx, "set", "a"), true)
		equal(b, b.ZAdd(ctx, "zset", redis.Z{Score: 1.5, Member: "a"}, redis.Z{Score: 2, Member: "b"}), 2)
		if all := must(b, b.ZRangeWithScores(ctx, "zset", 0, -1)); !slices.Equal(all, []redis.Z{{Score: 1.5, Member: "a"}, {Score: 2, Member: "b"}}) {
			b.Fatal(all)
		}
		equal(b, b.GeoAdd(ctx, "geo", &redis.GeoLocation{Name: "Palermo", Longitude: 13.361389, Latitude: 38.115556}), 1)
		equal(b, b.PFAdd(ctx, "hll", "a", "b", "c"), 1)
		equal(b, b.PFCount(ctx, "hll"), 3)
		copied := must(b, b.Dump(ctx, "zset"))
		equal(b, b.Restore(ctx, "restored", 0, copied), "OK")
		equal(b, b.ZScore(ctx, "restored", "a"), 1.5)
		err := b.Incr(ctx, "list").Err()
		if err == nil || err.Error() != "WRONGTYPE Operation against a key holding the wrong kind of value" {
			b.Fatal(err)
		}
	})
}

func TestScanIterators(t *testing.T) {
	everyProtocol(t, func(b bench) {
		_, err := b.Pipelined(ctx, func(pipe redis.Pipeliner) error {
			for number := range 500 {
				pipe.Set(ctx, fmt.Sprintf("key:%d", number), number, 0)
				pipe.SAdd(ctx, "set", number)
				pipe.HSet(ctx, "hash", number, number)
				pipe.ZAdd(ctx, "zset", redis.Z{Score: float64(number), Member: number})
			}
			return nil
		})
		b.ok(err)
		for name, scan := range map[string]struct {
			iterator *redis.ScanIterator
			wanted   int
		}{
			"keys": {b.Scan(ctx, 0, "key:*", 50).Iterator(), 500},
			"set":  {b.SScan(ctx, "set", 0, "", 50).Iterator(), 500},
			// Members and scores, fields and values come in turn; no number is met twice as a pair's half.
			"hash": {b.HScan(ctx, "hash", 0, "", 50).Iterator(), 500},
			"zset": {b.ZScan(ctx, "zset", 0, "", 50).Iterator(), 500},
		} {
			met := map[string]bool{}
			for scan.iterator.Next(ctx) {
				met[scan.iterator.Val()] = true
			}
			b.ok(scan.iterator.Err())
			if len(met) != scan.wanted {
				b.Fatalf("%s: %d", name, len(met))
			}
		}
	})
}

func TestStreamWithConsumerGroup(t *testing.T) {
	everyProtocol(t, func(b bench) {
		equal(b, b.XGroupCreateMkStream(ctx, "stream", "group", "$"), "OK")
		first := must(b, b.XAdd(ctx, &redis.XAddArgs{Stream: "stream", Values: []string{"x", "1"}}))
		must(b, b.XAdd(ctx, &redis.XAddArgs{Stream: "stream", MaxLen: 100, Approx: true, Values: []string{"x", "2"}}))
		read := &redis.XReadGroupArgs{Group: "group", Consumer: "one", Streams: []string{"stream", ">"}, Block: -1}
		got := must(b, b.XReadGroup(ctx, read))
		if len(got) != 1 || len(got[0].Messages) != 2 || got[0].Messages[0].ID != first || got[0].Messages[0].Values["x"] != "1" {
			b.Fatal(got)
		}
		equal(b, b.XAck(ctx, "stream", "group", first), 1)
		if pending := must(b, b.XPending(ctx, "stream", "group")); pending.Count != 1 || pending.Consumers["one"] != 1 {
			b.Fatal(pending)
		}
		claimed, _, err := b.XAutoClaim(ctx, &redis.XAutoClaimArgs{Stream: "stream", Group: "group", Consumer: "two", Start: "0"}).Result()
		b.ok(err)
		if len(claimed) != 1 || claimed[0].Values["x"] != "2" {
			b.Fatal(claimed)
		}
		equal(b, b.XLen(ctx, "stream"), 2)
		if info := must(b, b.XInfoGroups(ctx, "stream")); len(info) != 1 || info[0].Consumers != 2 || info[0].Pending != 1 {
			b.Fatal(info)
		}
		// A reader that waits is woken by the next entry.
		read.Block = 20 * time.Second
		go func() {
			_ = b.waitBlocked()
			_ = b.XAdd(ctx, &redis.XAddArgs{Stream: "stream", Values: []string{"x", "3"}}).Err()
		}()
		if got := must(b, b.XReadGroup(ctx, read)); got[0].Messages[0].Values["x"] != "3" {
			b.Fatal(got)
		}
	})
}
