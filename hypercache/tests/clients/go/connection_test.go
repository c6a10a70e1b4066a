package clients

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// waitBlocked returns when a client of the node waits for a key.
func (b bench) waitBlocked() error {
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		clients, err := b.Info(ctx, "clients").Result()
		if err != nil {
			return err
		}
		if strings.Contains(clients, "blocked_clients:1\r\n") {
			return nil
		}
	}
	return errors.New("nobody waits")
}

func TestPipelineAndTransaction(t *testing.T) {
	everyProtocol(t, func(b bench) {
		answers, err := b.Pipelined(ctx, func(pipe redis.Pipeliner) error {
			for range 5000 {
				pipe.Incr(ctx, "many")
			}
			return nil
		})
		b.ok(err)
		if last := answers[4999].(*redis.IntCmd).Val(); last != 5000 {
			b.Fatal(last)
		}
		answers, err = b.TxPipelined(ctx, func(pipe redis.Pipeliner) error {
			pipe.Set(ctx, "word", "text", 0)
			pipe.Incr(ctx, "word")
			pipe.Get(ctx, "word")
			return nil
		})
		if err == nil || err.Error() != "ERR value is not an integer or out of range" || answers[2].(*redis.StringCmd).Val() != "text" {
			b.Fatal(answers, err)
		}
	})
}

func TestWatch(t *testing.T) {
	everyProtocol(t, func(b bench) {
		b.ok(b.Set(ctx, "n", 1, 0).Err())
		other := b.connect(nil)
		turns := 0
		double := func(tx *redis.Tx) error {
			n, err := tx.Get(ctx, "n").Int()
			if err != nil {
				return err
			}
			// Somebody else changes it, the first time.
			if turns++; turns == 1 {
				b.ok(other.Set(ctx, "n", 10, 0).Err())
			}
			_, err = tx.TxPipelined(ctx, func(pipe redis.Pipeliner) error { return pipe.Set(ctx, "n", 2*n, 0).Err() })
			return err
		}
		if err := b.Watch(ctx, double, "n"); !errors.Is(err, redis.TxFailedErr) {
			b.Fatal(err)
		}
		b.ok(b.Watch(ctx, double, "n"))
		equal(b, b.Get(ctx, "n"), "20")
	})
}

func TestScripts(t *testing.T) {
	everyProtocol(t, func(b bench) {
		b.ok(b.ScriptFlush(ctx).Err())
		script := redis.NewScript("redis.call('INCRBY', KEYS[1], ARGV[1]) return {redis.call('GET', KEYS[1]), KEYS, false, 2.9}")
		if err := script.EvalSha(ctx, b, []string{"n"}, 1).Err(); !redis.HasErrorPrefix(err, "NOSCRIPT") {
			b.Fatal(err)
		}
		for turn := 1; turn <= 2; turn++ {
			answer := must(b, script.Run(ctx, b, []string{"n"}, 5))
			if wanted := fmt.Sprintf("[%d [n] <nil> 2]", turn*5); fmt.Sprint(answer) != wanted {
				b.Fatalf("wanted %s, got %v", wanted, answer)
			}
		}
		if there := must(b, script.Exists(ctx, b)); len(there) != 1 || !there[0] {
			b.Fatal(there)
		}
		err := b.Eval(ctx, "return redis.error_reply('MY own words')", nil).Err()
		if err == nil || err.Error() != "MY own words" {
			b.Fatal(err)
		}
	})
}

func TestPublishAndSubscribe(t *testing.T) {
	everyProtocol(t, func(b bench) {
		listener := b.connect(nil).Subscribe(ctx, "news")
		defer listener.Close()
		b.ok(listener.PSubscribe(ctx, "n?ws"))
		heard := listener.Channel()
		b.eventually("both subscriptions", func() bool { return must(b, b.Publish(ctx, "news", "hello")) == 2 })
		patterns := map[string]bool{}
		for len(patterns) < 2 {
			select {
			case message := <-heard:
				if message.Channel != "news" || message.Payload != "hello" {
					b.Fatal(message)
				}
				patterns[message.Pattern] = true
			case <-time.After(20 * time.Second):
				b.Fatal("no message")
			}
		}
		if !patterns[""] || !patterns["n?ws"] {
			b.Fatal(patterns)
		}
	})
}

func TestBlockingPop(t *testing.T) {
	everyProtocol(t, func(b bench) {
		if err := b.BLPop(ctx, time.Second, "list").Err(); !errors.Is(err, redis.Nil) {
			b.Fatal(err)
		}
		other := b.connect(nil)
		pushed := make(chan error, 1)
		go func() {
			err := b.waitBlocked()
			pushed <- errors.Join(err, other.LPush(ctx, "list", "value").Err())
		}()
		if popped := must(b, b.BLPop(ctx, 20*time.Second, "none", "list")); popped[0] != "list" || popped[1] != "value" {
			b.Fatal(popped)
		}
		b.ok(<-pushed)
	})
}

func TestReconnect(t *testing.T) {
	everyProtocol(t, func(b bench) {
		victim := b.connect(func(options *redis.Options) { options.ClientName, options.DB = "victim", 1 })
		before := must(b, victim.ClientID(ctx))
		equal(b, b.ClientKillByFilter(ctx, "ID", fmt.Sprint(before)), 1)
		equal(b, victim.Set(ctx, "key", "value", 0), "OK")
		info := must(b, victim.ClientInfo(ctx))
		if info.ID == before || info.Name != "victim" || info.DB != 1 {
			b.Fatal(info)
		}
		// A subscriber is subscribed again by itself.
		listener := b.connect(func(options *redis.Options) { options.ClientName = "listener" }).Subscribe(ctx, "news")
		defer listener.Close()
		heard := listener.Channel()
		b.eventually("the subscription", func() bool { return must(b, b.Publish(ctx, "news", "before")) == 1 })
		<-heard
		if killed := must(b, b.ClientKillByFilter(ctx, "TYPE", "pubsub")); killed < 1 {
			b.Fatal(killed)
		}
		b.eventually("the subscription after the end", func() bool { return must(b, b.Publish(ctx, "news", "after")) == 1 })
		if message := <-heard; message.Payload != "after" {
			b.Fatal(message)
		}
	})
}

func TestAuthentication(t *testing.T) {
	everyProtocol(t, func(b bench) {
		guarded := func(user, password string) error {
			return b.connect(func(options *redis.Options) {
				options.Addr, options.Username, options.Password = address(b.T, "COMPAT_GUARDED_RESP"), user, password
			}).Ping(ctx).Err()
		}
		password := address(b.T, "COMPAT_PASSWORD")
		b.ok(guarded("", password))
		b.ok(guarded("default", password))
		if err := guarded("", "wrong"); !redis.HasErrorPrefix(err, "WRONGPASS") {
			b.Fatal(err)
		}
		if err := guarded("", ""); !redis.HasErrorPrefix(err, "NOAUTH") {
			b.Fatal(err)
		}
	})
}

func TestClientSideCache(t *testing.T) {
	everyProtocol(t, func(b bench) {
		if b.protocol == 2 {
			b.Skip("go-redis caches over RESP3 only")
		}
		b.ok(b.Set(ctx, "key", "first", 0).Err())
		cache := redis.NewLocalCache(redis.CacheConfig{MaxEntries: 100})
		reader := b.connect(func(options *redis.Options) { options.Protocol, options.ClientSideCache = 3, cache })
		equal(b, reader.Get(ctx, "key"), "first")
		b.eventually("the answer to be kept", func() bool { return cache.Len() == 1 })
		equal(b, reader.Get(ctx, "key"), "first")
		if stats := reader.CSCStats(); stats.Hits < 1 {
			b.Fatal(stats)
		}
		b.ok(b.Set(ctx, "key", "second", 0).Err())
		b.eventually("the new value", func() bool { return must(b, reader.Get(ctx, "key")) == "second" })
		b.eventually("the new value to be kept", func() bool { return cache.Len() == 1 })
		b.ok(b.FlushAll(ctx).Err())
		b.eventually("the cache to be emptied", func() bool { return errors.Is(reader.Get(ctx, "key").Err(), redis.Nil) })
	})
}
