#!/usr/bin/env python3
"""Replays the same traces of keys against several servers and compares how often each had the key.

Needs nothing but Python's standard library. A trace is read through: GET, and where the key is not there, SET with a value of
the same size. Every server may use the same memory for its data: `maxmemory` is the budget and what the server says that it
uses while it is empty (`used_memory` where the limit counts all memory, `used_memory_dataset` where it counts data alone).
"""

import argparse
import bisect
import itertools
import random
import socket
import sys

VALUE = b"v" * 100
BATCH = 32
POLICIES = ("allkeys-lru", "allkeys-lfu")


class Connection:
    def __init__(self, address):
        host, port = address.rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)), timeout=60)
        self.stream = self.socket.makefile("rb", buffering=1 << 16)

    def send(self, *commands):
        parts = []
        for words in commands:
            parts.append(b"*%d\r\n" % len(words))
            parts.extend(b"$%d\r\n%s\r\n" % (len(word), word) for word in words)
        self.socket.sendall(b"".join(parts))

    def reply(self):
        line = self.stream.readline()
        if line[:1] == b"$":
            size = int(line[1:])
            return None if size < 0 else self.stream.read(size + 2)[:-2]
        if line[:1] in (b"+", b":"):
            return line[1:-2]
        if line[:1] == b"*":
            return [self.reply() for _ in range(int(line[1:]))]
        raise RuntimeError(line.decode(errors="replace").strip() or "the server has closed the connection")

    def ask(self, *words):
        self.send([word.encode() for word in words])
        return self.reply()

    def info(self, section):
        lines = self.ask("INFO", section).decode().splitlines()
        return dict(line.split(":", 1) for line in lines if ":" in line)


def zipf(count, exponent, length, chance):
    """Keys by popularity; which keys are popular has nothing to do with their numbers' order in memory."""
    weights = itertools.accumulate(1 / rank**exponent for rank in range(1, count + 1))
    sums = list(weights)
    total = sums[-1]
    return [bisect.bisect_left(sums, chance.random() * total) for _ in range(length)]


def traces(keys, loop, length):
    def seeded(seed):
        return random.Random(seed)

    yield "Zipf 0.8", zipf(keys, 0.8, length, seeded(1))
    yield "Zipf 0.99", zipf(keys, 0.99, length, seeded(2))
    # A third of the requests walk once over keys that nobody else asks for.
    chance, walked = seeded(3), itertools.count(10 * keys)
    mixed = zipf(keys, 0.99, length, chance)
    yield "Zipf 0.99 and a scan", [next(walked) if chance.random() < 1 / 3 else key for key in mixed]
    yield f"loop over {loop} keys", [number % loop for number in range(length)]


def replay(connection, trace):
    """The share of hits after the first fifth, which fills the cache."""
    hits = asked = 0
    warm = len(trace) // 5
    for start in range(0, len(trace), BATCH):
        keys = [b"key:%011d" % key for key in trace[start : start + BATCH]]
        connection.send(*([b"GET", key] for key in keys))
        missed = [key for key in keys if connection.reply() is None]
        if missed:
            connection.send(*([b"SET", key, VALUE] for key in missed))
            for _ in missed:
                connection.reply()
        if start >= warm:
            asked += len(keys)
            hits += len(keys) - len(missed)
    return hits / asked


def measure(address, budget, policy, trace):
    connection = Connection(address)
    connection.ask("CONFIG", "SET", "maxmemory", "0")
    connection.ask("FLUSHALL", "SYNC")
    ours = "hypercache" in connection.ask("INFO", "server").decode().lower()
    empty = int(connection.info("memory")["used_memory_dataset" if ours else "used_memory"])
    connection.ask("CONFIG", "SET", "maxmemory-policy", policy)
    connection.ask("CONFIG", "SET", "maxmemory", str(empty + budget))
    ratio = replay(connection, trace)
    return ratio, int(connection.ask("DBSIZE"))


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--ours", required=True, metavar="HOST:PORT")
    options.add_argument("--peer", action="append", default=[], metavar="NAME=HOST:PORT", help="must not be better")
    options.add_argument("--shown", action="append", default=[], metavar="NAME=HOST:PORT", help="may be better")
    options.add_argument("--budget", type=int, default=4 << 20, help="bytes of data (%(default)s)")
    options.add_argument("--keys", type=int, default=100_000, help="keys of the Zipf traces (%(default)s)")
    options.add_argument("--requests", type=int, default=600_000, help="of each trace (%(default)s)")
    options.add_argument("--tolerance", type=float, default=0.0, help="how much less than a peer is let pass")
    chosen = options.parse_args()
    peers = [peer.split("=", 1) for peer in chosen.peer + chosen.shown]
    # A peer's entry of this size takes about 200 bytes.
    loop = chosen.budget // 200 * 5 // 4
    worse = []
    print("| trace | policy | ours |" + "".join(f" {name} | ours by it |" for name, _ in peers))
    print("| --- | --- | --- |" + " --- | --- |" * len(peers))
    for name, trace in traces(chosen.keys, loop, chosen.requests):
        for policy in POLICIES:
            ours, kept = measure(chosen.ours, chosen.budget, policy, trace)
            cells = [f"{ours:.4f} ({kept} keys)"]
            for peer, address in peers:
                theirs, kept = measure(address, chosen.budget, policy, trace)
                cells += [f"{theirs:.4f} ({kept} keys)", f"{ours / max(theirs, 1e-9):.3f}"]
                if f"{peer}={address}" in chosen.peer and ours < theirs - chosen.tolerance:
                    worse.append(f"{name}, {policy}: {ours:.4f}, {peer} has {theirs:.4f}")
            print(f"| {name} | {policy} | " + " | ".join(cells) + " |", flush=True)
    for line in worse:
        print(f"worse: {line}", file=sys.stderr)
    return 1 if worse else 0


if __name__ == "__main__":
    sys.exit(main())
