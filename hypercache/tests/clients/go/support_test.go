// Package clients runs go-redis against nodes that scripts/compat.sh starts: with the protocol that it chooses itself, RESP2 and
// RESP3. Every test starts on an empty node.
package clients

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

var ctx = context.Background()

// protocols holds go-redis's names for the versions; zero leaves the choice to it.
var protocols = map[string]int{"default": 0, "resp2": 2, "resp3": 3}

// bench is one protocol in one test: its client, and a maker of more of them.
type bench struct {
	*testing.T
	*redis.Client
	protocol int
}

// everyProtocol runs a test with each protocol in turn, each on an empty node.
func everyProtocol(t *testing.T, test func(b bench)) {
	for name, protocol := range protocols {
		t.Run(name, func(t *testing.T) {
			b := bench{T: t, protocol: protocol}
			b.Client = b.connect(nil)
			b.ok(b.FlushAll(ctx).Err())
			test(b)
		})
	}
}

// connect makes a client of the open node, closed at the end of the test.
func (b bench) connect(change func(*redis.Options)) *redis.Client {
	options := &redis.Options{Addr: address(b.T, "COMPAT_RESP"), Protocol: b.protocol}
	if change != nil {
		change(options)
	}
	client := redis.NewClient(options)
	b.T.Cleanup(func() { _ = client.Close() })
	return client
}

// address is where a node listens, from the environment, which scripts/compat.sh sets.
func address(t *testing.T, variable string) string {
	t.Helper()
	value := os.Getenv(variable)
	if value == "" {
		t.Fatalf("%s is not set", variable)
	}
	return value
}

// ok ends the test if there is an error.
func (b bench) ok(err error) {
	b.T.Helper()
	if err != nil {
		b.T.Fatal(err)
	}
}

// eventually waits until the state is true.
func (b bench) eventually(why string, state func() bool) {
	b.T.Helper()
	for deadline := time.Now().Add(20 * time.Second); !state(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			b.T.Fatalf("waited for %s", why)
		}
	}
}

// result is what a command of go-redis gives back.
type result[T any] interface{ Result() (T, error) }

// equal ends the test unless the command succeeds with just this answer.
func equal[T comparable](b bench, command result[T], wanted T) {
	b.T.Helper()
	if answer := must(b, command); answer != wanted {
		b.T.Fatalf("wanted %v, got %v", wanted, answer)
	}
}

// must gives a command's answer, and ends the test if it has none.
func must[T any](b bench, command result[T]) T {
	b.T.Helper()
	answer, err := command.Result()
	b.ok(err)
	return answer
}
