#!/usr/bin/env bash
# Measures what a million keys that expire at once do to the latency of other commands: of a node, and of redis-server beside it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

usage() {
  cat <<'HELP'
Usage: expiry-storm.sh [--help]

Starts a node, and redis-server where it is installed, on free ports of this machine, one after the other. Writes KEYS keys that
all expire at one moment, reads other keys at a constant rate before that moment and from it on, and tells for both the
percentiles of their latencies, the ratio of the 99th, and how long it took until all expired keys were gone.

  KEYS      keys that expire, 1000000
  RATE      reads per second, 5000
  WINDOW    seconds that each of the two measurements takes, 2
  LEAD      seconds between the first of these keys being written and their end, 40
  ROUNDS    how often each server is measured, 3
  PROFILE   of cargo, release
  MAX_RATIO the script fails where the median of the node's ratios is higher, 2

Needs cargo, python3 and redis-cli.
HELP
}

case ${1:-} in
  '') ;;
  --help | -h) usage; exit 0 ;;
  *) echo "expiry-storm.sh: unknown argument $1 (see --help)" >&2; exit 2 ;;
esac
for tool in python3 redis-cli; do
  command -v "$tool" >/dev/null 2>&1 || { echo "error: $tool is not installed" >&2; exit 1; }
done

keys=${KEYS:-1000000} rate=${RATE:-5000} window=${WINDOW:-2} lead=${LEAD:-40} rounds=${ROUNDS:-3}
profile=${PROFILE:-release}
source scripts/await-node.sh
cargo build --quiet --profile "$profile" -p hypercache -p loadgen
[ "$profile" = dev ] && built=debug || built=$profile
binaries=$PWD/${CARGO_TARGET_DIR:-target}/$built
[[ ${CARGO_TARGET_DIR:-} != /* ]] || binaries=$CARGO_TARGET_DIR/$built
folder=$(mktemp -d "${TMPDIR:-/tmp}/hypercache-expiry-storm.XXXXXX")
server=''
cleanup() {
  [ -z "$server" ] || kill "$server" 2>/dev/null || true
  [ -z "$server" ] || wait "$server" 2>/dev/null || true
  rm -rf "$folder"
}
trap cleanup EXIT

load() { # what the generator is asked for beside the reads
  "$binaries/loadgen" --target "$resp" --mix get=1 --keys 10000 --rate "$rate" --connections 16 --threads 1 \
    --duration "${window}s" --quiet "$@"
}

measure() { # name of the server, which listens at $resp
  local port=${resp##*:} host=${resp%:*} moment
  moment=$(python3 -c "import time; print(int(time.time() * 1000) + $lead * 1000)")
  python3 - "$host" "$port" "$keys" "$moment" <<'PY'
import socket, sys

host, port, keys, moment = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4].encode()
server = socket.create_connection((host, port))
for first in range(0, keys, 1000):
    count = min(1000, keys - first)
    server.sendall(b"".join(
        b"*5\r\n$3\r\nSET\r\n$12\r\nstorm:%06d\r\n$64\r\n%s\r\n$4\r\nPXAT\r\n$13\r\n%s\r\n"
        % (number, b"v" * 64, moment) if number < 1_000_000 else
        b"*5\r\n$3\r\nSET\r\n$%d\r\nstorm:%d\r\n$64\r\n%s\r\n$4\r\nPXAT\r\n$13\r\n%s\r\n"
        % (6 + len(str(number)), number, b"v" * 64, moment)
        for number in range(first, first + count)))
    wanted = 5 * count
    while wanted > 0:
        wanted -= len(server.recv(wanted))
PY
  load --preload --json "$folder/calm.json"
  python3 - "$moment" <<'PY'
import sys, time

left = int(sys.argv[1]) / 1000 - time.time()
if left < 0.5:
    sys.exit("error: the keys were written too slowly: take a longer LEAD")
time.sleep(left)
PY
  python3 - "$port" "$moment" >"$folder/gone" <<'PY' &
import subprocess, sys, time

port, moment = sys.argv[1], int(sys.argv[2]) / 1000
while int(subprocess.run(["redis-cli", "-p", port, "DBSIZE"], capture_output=True, check=True).stdout) > 10000:
    time.sleep(0.1)
print(time.time() - moment)
PY
  local watching=$!
  load --preload=false --json "$folder/storm.json"
  wait "$watching"
  python3 - "$folder" "$1" <<'PY'
import json, sys

folder, name = sys.argv[1:]
def latency(run):
    with open(f"{folder}/{run}.json") as file:
        return json.load(file)["total"]["latency_us"]
calm, storm = latency("calm"), latency("storm")
gone = float(open(f"{folder}/gone").read())
ratio = storm["p99"] / calm["p99"]
for run, told in (("before", calm), ("storm", storm)):
    print(f"{name:14} {run:7} p50 {told['p50'] :8.0f} us  p99 {told['p99'] :8.0f} us  max {told['max'] :8.0f} us")
print(f"{name:14} ratio   {ratio:.2f}, all gone after {gone:.1f} s")
open(f"{folder}/{name}.ratios", "a").write(f"{ratio}\n")
PY
}

echo 'telemetry: {log: {stdout: false, level: warn, command_log: "off"}, tracing: {mode: "off"}}' >"$folder/node.yaml"
for _ in $(seq "$rounds"); do
  "$binaries/hypercache" --config "$folder/node.yaml" --resp-addr 127.0.0.1:0 --http-addr 127.0.0.1:0 \
    --data-dir "$folder/data" --log-dir "$folder/logs" >/dev/null 2>"$folder/err" &
  server=$!
  resp='' http=''
  await_node "$binaries/hypercache" "$server" "$folder/err" "the node"
  measure hypercache
  kill "$server"; wait "$server" 2>/dev/null || true
  server=''
  if command -v redis-server >/dev/null 2>&1; then
    port=$(python3 -c "import socket; s = socket.socket(); s.bind(('127.0.0.1', 0)); print(s.getsockname()[1])")
    redis-server --bind 127.0.0.1 --port "$port" --save '' --appendonly no --dir "$folder" >"$folder/redis" 2>&1 &
    server=$!
    resp=127.0.0.1:$port
    until redis-cli -p "$port" PING >/dev/null 2>&1; do sleep 0.05; done
    measure redis-server
    kill "$server"; wait "$server" 2>/dev/null || true
    server=''
  fi
done
python3 - "$folder" "${MAX_RATIO:-2}" <<'PY'
import statistics, sys

folder, limit = sys.argv[1], float(sys.argv[2])
median = statistics.median(float(line) for line in open(f"{folder}/hypercache.ratios"))
print(f"median ratio of the node: {median:.2f}")
sys.exit(f"error: above {limit}" if median > limit else 0)
PY
