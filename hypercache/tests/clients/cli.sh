#!/usr/bin/env bash
# redis-cli, redis-benchmark and curl against the node that the environment names.
set -euo pipefail

host=${COMPAT_RESP%:*} port=${COMPAT_RESP##*:} http=http://$COMPAT_HTTP
failed=0

expect() { # what, wanted part of the output, command ...
  local what=$1 wanted=$2 output
  shift 2
  if output=$("$@" 2>&1) && [[ $output == *"$wanted"* ]]; then
    echo "ok    $what"
  else
    echo "FAIL  $what: wanted '$wanted', got '${output:0:400}'"
    failed=$((failed + 1))
  fi
}
cli() { redis-cli -h "$host" -p "$port" "$@"; }

expect "flush" OK cli FLUSHALL
for mode in "" -3; do
  # shellcheck disable=SC2086 # an empty mode is no argument
  expect "set ${mode:-RESP2}" OK cli $mode SET greeting "hello world"
  # shellcheck disable=SC2086
  expect "get ${mode:-RESP2}" "hello world" cli $mode GET greeting
done
expect "hints come from COMMAND DOCS" "Sets the string value" cli COMMAND DOCS SET
expect "info" "redis_version:7.2" cli INFO server
pipe() {
  for n in $(seq 1000); do printf 'SET pipe:%s value\r\n' "$n"; done | cli --pipe
}
expect "--pipe" "errors: 0, replies: 1000" pipe
count() { cli --scan --pattern 'pipe:*' | wc -l; }
expect "--scan" 1000 count
expect "--bigkeys" "Sampled 1001 keys" cli --bigkeys
expect "--stat" "1001" timeout 20 bash -c "stdbuf -oL redis-cli -h $host -p $port --stat -i 0.1 | head -n 3"
expect "--latency" "" timeout --preserve-status --signal=INT 2 redis-cli -h "$host" -p "$port" --latency
benchmark() {
  redis-benchmark -h "$host" -p "$port" -q -n 20000 -P 16 -t ping,set,get,incr,mset | tr '\r' '\n' | grep 'per second'
}
expect "redis-benchmark" "MSET" benchmark

expect "curl writes" '"stored-over-http"' curl -sS -X PUT "$http/api/cache/stored-over-http" \
  -H 'Content-Type: application/json' -d '{"value": {"n": 1}, "ttl_hours": 1}'
expect "redis-cli reads what curl wrote" '{"n": 1}' cli GET stored-over-http
expect "curl reads what redis-cli wrote" '"value":"hello world"' curl -sS "$http/api/cache/greeting"
expect "curl removes" 204 curl -sS -o /dev/null -w '%{http_code}' -X DELETE "$http/api/cache/greeting"
expect "it is gone" 0 cli EXISTS greeting
[ "$failed" -eq 0 ]
