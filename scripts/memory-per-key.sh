#!/usr/bin/env bash
# Compares how much memory a key takes in HyperCache, Valkey and Redis.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

usage() {
  cat <<'HELP'
Usage: memory-per-key.sh [--help] [--keys COUNT]... [SHAPE ...]

Shapes: plain (16-byte key, 64-byte value), expiring (the same with a time to live), hash (16-byte key, 10 fields of 6
bytes with values of 10). Without one, all of them; counts are 1000000 and 5000000 unless said otherwise.

Builds the node for release. For each shape and count starts each server anew on a free port of the loopback, with its
defaults but nothing written to disk, loads the same keys and prints bytes per key: by the growth of `used_memory`, which
is what each server's allocator says it has given out, and by the growth of the resident set. A ratio below 1 means that
HyperCache takes less. A server that is not installed is left out, and named.

  HYPERCACHE     the node to measure; without it, it is built
  VALKEY_SERVER  valkey-server
  REDIS_SERVER   redis-server

A command of several words is allowed, such as a loader with its options. Needs redis-cli and awk.
HELP
}

counts=() shapes=()
while [ $# -gt 0 ]; do
  case $1 in
    --help | -h) usage; exit 0 ;;
    --keys) [[ ${2:-} =~ ^[1-9][0-9]{0,8}$ ]] || { echo "memory-per-key.sh: --keys needs a count" >&2; exit 2; }
      counts+=("$2"); shift ;;
    plain | expiring | hash) shapes+=("$1") ;;
    *) echo "memory-per-key.sh: unknown argument $1 (see --help)" >&2; exit 2 ;;
  esac
  shift
done
[ ${#counts[@]} -gt 0 ] || counts=(1000000 5000000)
[ ${#shapes[@]} -gt 0 ] || shapes=(plain expiring hash)
for tool in redis-cli awk; do
  command -v "$tool" >/dev/null 2>&1 || { echo "error: $tool is not installed" >&2; exit 1; }
done

root=$PWD
target=${CARGO_TARGET_DIR:-$root/target}
[[ $target == /* ]] || target=$root/$target
# shellcheck source=scripts/await-node.sh
source "$root/scripts/await-node.sh"
for variable in $(compgen -e | grep -E '^(HYPERCACHE|OTEL)_' || true); do
  unset "$variable"
done
node=${HYPERCACHE:-}
if [ -z "$node" ]; then
  cargo build --quiet --locked --release -p hypercache
  node=$target/release/hypercache
fi
# shellcheck disable=SC2034 # used by name below
read -ra valkey <<<"${VALKEY_SERVER:-valkey-server}"
# shellcheck disable=SC2034 # used by name below
read -ra redis <<<"${REDIS_SERVER:-redis-server}"

folder=$(mktemp -d "${TMPDIR:-/tmp}/hypercache-memory.XXXXXX")
server=''
stop() {
  [ -n "$server" ] || return 0
  kill "$server" 2>/dev/null || true
  wait "$server" 2>/dev/null || true
  server=''
}
# shellcheck disable=SC2317 # the trap calls it
finish() {
  local code=$?
  stop
  rm -rf "$folder"
  exit "$code"
}
trap finish EXIT
trap 'exit 130' INT TERM

printf 'telemetry: {log: {stdout: false, level: warn, command_log: "off"}, tracing: {mode: "off"}}\n' >"$folder/node.yaml"

# Starts HyperCache; where it listens is in `port` then.
port=''
start_hypercache() {
  "$node" --config "$folder/node.yaml" --resp-addr 127.0.0.1:0 --http-addr 127.0.0.1:0 \
    --data-dir "$folder/data" --log-dir "$folder/logs" >/dev/null 2>"$folder/stderr" &
  server=$!
  await_node "$node" "$server" "$folder/stderr" "the node"
  port=${resp##*:}
}

# Starts a server that is configured as Redis is; where it listens is in `port` then.
start_like_redis() { # command ...
  local tries=0
  while [ $((tries++)) -lt 20 ]; do
    port=$((20000 + RANDOM % 12000))
    "$@" --port "$port" --bind 127.0.0.1 --save '' --appendonly no --dir "$folder" >"$folder/stdout" 2>&1 &
    server=$!
    for _ in {1..100}; do
      kill -0 "$server" 2>/dev/null || break
      [ "$(redis-cli -p "$port" ping 2>/dev/null)" != PONG ] || return 0
      sleep 0.05
    done
    stop
  done
  echo "error: ${1##*/} did not start:" >&2
  cat "$folder/stdout" >&2
  exit 1
}

# Commands that write so many keys, for redis-cli --pipe. Times to live differ and come in no order.
commands() { # shape, count
  awk -v shape="$1" -v count="$2" 'BEGIN {
    for (n = 0; n < count; n++) {
      if (shape == "hash") {
        printf "*22\r\n$4\r\nHSET\r\n$16\r\nkey:%012d\r\n", n
        for (field = 0; field < 10; field++) printf "$6\r\nfield%d\r\n$10\r\nv%09d\r\n", field, n + field
      } else if (shape == "expiring") {
        printf "*5\r\n$3\r\nSET\r\n$16\r\nkey:%012d\r\n$64\r\n%064d\r\n$2\r\nEX\r\n$6\r\n%d\r\n", n, n, 100000 + n * 7919 % 800000
      } else {
        printf "*3\r\n$3\r\nSET\r\n$16\r\nkey:%012d\r\n$64\r\n%064d\r\n", n, n
      }
    }
  }'
}

# Bytes in use by the allocator and resident, as `used` and `resident`.
measure() {
  used=$(redis-cli -p "$port" info memory | tr -d '\r' | sed -n 's/^used_memory://p')
  resident=$(($(awk '/^VmRSS:/ {print $2}' "/proc/$server/status") * 1024))
}

# Waits until a server has no table left to move to a larger one, and its memory stands still.
settle() {
  local before=''
  for _ in {1..100}; do
    sleep 0.2
    measure
    [ "$used" != "$before" ] || return 0
    before=$used
  done
}

declare -A figures
run() { # name, shape, count; the server is running
  local used_before resident_before loaded
  measure
  used_before=$used resident_before=$resident
  loaded=$(commands "$2" "$3" | redis-cli -p "$port" --pipe 2>&1 | tail -1)
  [ "$loaded" = "errors: 0, replies: $3" ] || { echo "error: $1 did not take all keys: $loaded" >&2; exit 1; }
  [ "$(redis-cli -p "$port" dbsize)" = "$3" ] || { echo "error: $1 does not have all keys" >&2; exit 1; }
  settle
  figures[$1]="$(awk -v used=$((used - used_before)) -v resident=$((resident - resident_before)) -v keys="$3" \
    'BEGIN {printf "%.1f %.1f", used / keys, resident / keys}')"
  stop
}

servers=(hypercache)
for name in valkey redis; do
  declare -n words=$name
  if version=$("${words[@]}" --version 2>/dev/null); then
    servers+=("$name")
    # shellcheck disable=SC2001 # no pattern of the shell has groups
    echo "$name: $(sed 's/^[A-Za-z ]*v=\([^ ]*\) .*malloc=\([^ ]*\).*/\1, \2/' <<<"$version")"
  else
    echo "$name: not installed (${words[0]}), left out"
  fi
done
printf '%-10s %9s  %-10s %10s %7s %10s %7s\n' shape keys server used/key ratio rss/key ratio
for count in "${counts[@]}"; do
  for shape in "${shapes[@]}"; do
    figures=()
    for name in "${servers[@]}"; do
      if [ "$name" = hypercache ]; then
        start_hypercache
      else
        declare -n words=$name
        start_like_redis "${words[@]}"
      fi
      run "$name" "$shape" "$count"
      awk -v shape="$shape" -v keys="$count" -v name="$name" -v ours="${figures[hypercache]}" -v theirs="${figures[$name]}" \
        'BEGIN {
          split(ours, our, " "); split(theirs, their, " ")
          printf "%-10s %9d  %-10s %10.1f %7.2f %10.1f %7.2f\n", shape, keys, name, their[1], our[1] / their[1], their[2], our[2] / their[2]
        }'
    done
  done
done
