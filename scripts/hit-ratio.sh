#!/usr/bin/env bash
# Compares hit ratios with those of Redis and Valkey, for the same traces and the same memory.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

usage() {
  cat <<'HELP'
Usage: hit-ratio.sh [--smoke] [--help] [OPTION OF hit_ratio.py ...]

Starts the node, redis-server and valkey-server on free ports, replays Zipf traces, one with a scan mixed in and a loop somewhat
larger than the cache, and prints a table. Fails where the node has a lower ratio than Redis; Valkey is shown beside. A server that is not installed is left out,
and named. Nothing here depends on the machine's speed but how fine the servers' clocks are beside it.

  --smoke   a few seconds: fewer keys and requests

  BINARY         the node, built in the release profile without it
  REDIS_SERVER   redis-server
  VALKEY_SERVER  valkey-server

Needs python3; cargo without BINARY.
HELP
}

options=()
for argument in "$@"; do
  case $argument in
    --help | -h) usage; exit 0 ;;
    --smoke) options+=(--budget 1000000 --keys 25000 --requests 60000 --tolerance 0.02) ;;
    *) options+=("$argument") ;;
  esac
done
root=$PWD
source "$root/scripts/await-node.sh"
binary=${BINARY:-}
if [ -z "$binary" ]; then
  cargo build --release --quiet -p hypercache
  target=${CARGO_TARGET_DIR:-$root/target}
  [[ $target == /* ]] || target=$root/$target
  binary=$target/release/hypercache
fi
source "$root/scripts/own-processes.sh"
own_folder hit-ratio

"$binary" --resp-addr 127.0.0.1:0 --http-addr 127.0.0.1:0 --data-dir "$folder/data" >"$folder/out" 2>"$folder/err" &
processes+=($!)
await_node "$binary" $! "$folder/err" "the node"

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
peers=()
start_peer() { # option, name, program
  local port
  if ! command -v "$3" >/dev/null 2>&1; then
    echo "left out: $3 is not installed" >&2
    return
  fi
  port=$(free_port)
  "$3" --port "$port" --bind 127.0.0.1 --save '' --appendonly no --dir "$folder" >"$folder/$2.log" 2>&1 &
  processes+=($!)
  until (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do
    kill -0 "$!" 2>/dev/null || { cat "$folder/$2.log" >&2; exit 1; }
    sleep 0.05
  done
  peers+=("$1" "$("$3" --version | sed -E "s/.*v=([0-9.]+).*/$2 \1/")=127.0.0.1:$port")
}
start_peer --peer Redis "${REDIS_SERVER:-redis-server}"
start_peer --shown Valkey "${VALKEY_SERVER:-valkey-server}"
python3 scripts/hit_ratio.py --ours "$resp" ${peers[@]+"${peers[@]}"} ${options[@]+"${options[@]}"}
