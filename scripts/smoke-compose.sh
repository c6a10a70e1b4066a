#!/usr/bin/env bash
# Builds the image, runs three nodes and Prometheus in a compose project of its own, uses them over RESP and HTTP, puts load
# on them, and checks that every dashboard panel and rule has data. Removes everything afterwards.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=scripts/require-docker.sh
. "$root/scripts/require-docker.sh"

usage() {
  cat <<'HELP'
Usage: smoke-compose.sh [--keep] [--help]

  --keep    leave the system up at the end, and print how to remove it

Environment:
  SMOKE_DURATION   how long the load lasts (default 60s)
  SMOKE_RATE       requests a second (default 20000)

Needs docker with compose, redis-cli, redis-benchmark, curl and python3. Uses no fixed host port and no volume of another
project. Tempo, Elasticsearch, Filebeat and Grafana are not started.
HELP
}

keep=false
for argument in "$@"; do
  case $argument in
    --keep) keep=true ;;
    --help | -h) usage; exit 0 ;;
    *) echo "smoke-compose.sh: unknown argument $argument (see --help)" >&2; exit 2 ;;
  esac
done
require_docker
for tool in redis-cli redis-benchmark curl python3; do
  command -v "$tool" >/dev/null 2>&1 || { echo "error: $tool is not installed" >&2; exit 3; }
done

cd "$root"
project=hypercache-smoke-$$
compose=(docker compose --project-name "$project" --file docker-compose.yml --file scripts/smoke-compose.yml --profile load)
passed=0 failed=0

step() { printf '\n== %s\n' "$*"; }
expect() { # what, wanted answer, command ...
  local what=$1 wanted=$2 answer
  shift 2
  if answer=$("$@" 2>&1) && [[ $answer == *"$wanted"* ]]; then
    echo "ok    $what"
    passed=$((passed + 1))
  else
    echo "FAIL  $what: wanted '$wanted', got '${answer:0:400}'"
    failed=$((failed + 1))
  fi
}
succeeds() { # what, command ...
  local what=$1
  shift
  if "$@"; then
    echo "ok    $what"
    passed=$((passed + 1))
  else
    echo "FAIL  $what (exit code $?)"
    failed=$((failed + 1))
  fi
}
# shellcheck disable=SC2317 # the trap calls it
finish() {
  local code=$?
  if [ "$code" -ne 0 ] || [ "$failed" -gt 0 ]; then
    step "last lines of the containers"
    "${compose[@]}" logs --no-color --tail 30 || true
  fi
  if $keep; then
    echo "Kept. Remove it with: ${compose[*]} down --volumes"
  else
    step "removing $project"
    "${compose[@]}" down --volumes --timeout 15 >/dev/null 2>&1 || true
  fi
  exit "$code"
}
trap finish EXIT
trap 'exit 130' INT TERM

host_port() { "${compose[@]}" port "$1" "$2"; }
healthy() { [ "$("${compose[@]}" ps --format '{{.Health}}' "$1")" = healthy ]; }

step "building the image"
"${compose[@]}" build --quiet node-1

step "starting three nodes and Prometheus as $project"
"${compose[@]}" up --detach --no-build node-1 node-2 node-3 prometheus
deadline=$((SECONDS + 90))
for service in node-1 node-2 node-3 prometheus; do
  while ! healthy "$service" && [ "$SECONDS" -lt "$deadline" ]; do
    sleep 1
  done
  succeeds "$service is healthy" healthy "$service"
done
if [ "$failed" -gt 0 ]; then
  exit 1
fi

step "RESP and HTTP"
for node in node-1 node-2 node-3; do
  resp=$(host_port "$node" 8080) http=$(host_port "$node" 9080)
  cli=(redis-cli -h "${resp%:*}" -p "${resp##*:}")
  expect "$node answers PING" PONG "${cli[@]}" PING
  expect "$node takes SET" OK "${cli[@]}" SET smoke:resp "from-$node"
  expect "$node gives GET" "from-$node" "${cli[@]}" GET smoke:resp
  expect "$node refuses an unknown command" ERR "${cli[@]}" NOSUCHCOMMAND
  expect "$node takes SET with an expiry" OK "${cli[@]}" SET smoke:short x PX 50
  expect "$node takes PUT" 20 curl -sS -o /dev/null -w '%{http_code}' -X PUT --data-binary "http-$node" "http://$http/api/cache/smoke:http"
  expect "$node gives GET over HTTP" "http-$node" curl -fsS "http://$http/api/cache/smoke:http"
  expect "$node shows both in one keyspace" "http-$node" "${cli[@]}" GET smoke:http
  expect "$node answers 404 for a key that is not there" 404 curl -sS -o /dev/null -w '%{http_code}' "http://$http/api/cache/smoke:nothing"
  expect "$node runs as a user without rights" 10001 "${compose[@]}" exec -T "$node" id -u
done
resp=$(host_port node-1 8080)
benchmark() { redis-benchmark -h "${resp%:*}" -p "${resp##*:}" -t set,get -n 100000 -P 16 -c 20 -q | tr '\r' '\n' | grep 'per second'; }
succeeds "redis-benchmark, pipelined" benchmark

load() {
  local targets=() node
  for node in node-1 node-2 node-3; do
    targets+=(--target "$node:8080")
    [[ " $* " != *" tour "* ]] || targets+=(--http-target "$node:9080")
  done
  "${compose[@]}" run --rm -T --no-deps --use-aliases loadgen "${targets[@]}" --metrics-addr 0.0.0.0:9100 "$@" </dev/null
}
step "load: ${SMOKE_RATE:-20000} requests a second for ${SMOKE_DURATION:-60s}, without an error"
succeeds "steady load" load --scenario steady --rate "${SMOKE_RATE:-20000}" --duration "${SMOKE_DURATION:-60s}" --connections 24 --max-errors 0
step "load: a short tour, for errors, expiry and HTTP"
succeeds "tour" load --scenario tour --rate 2000 --duration 24s --connections 12

step "load: stores that evict, that keep sessions and that have a filter"
for node in node-1 node-2 node-3; do
  resp=$(host_port "$node" 8080)
  cli=(redis-cli -h "${resp%:*}" -p "${resp##*:}")
  expect "$node makes a store that evicts" 1 "${cli[@]}" STORE CREATE pages MAXMEMORY 8mb EVICTION lru FILTER on
  expect "$node makes a store of sessions" 2 "${cli[@]}" STORE CREATE sessions MAXMEMORY 8mb EVICTION session
done
succeeds "pages" load --scenario page-cache --store pages --rate 2000 --duration 20s --connections 12
succeeds "sessions" load --scenario web-sessions --store sessions --ttl 1s..10s --rate 2000 --duration 20s --connections 12

step "dashboards and rules against the real Prometheus"
succeeds "every panel has data" scripts/check_dashboards.py --wait 30 "http://$(host_port prometheus 9090)"

step "log lines"
lines=$("${compose[@]}" exec -T node-1 cat /var/log/hypercache/node-1/node.ndjson | head -n 200)
succeeds "the node's log is JSON with ECS names" python3 -c '
import json, sys
lines = [json.loads(line) for line in sys.stdin if line.strip()]
assert lines, "no lines"
for line in lines:
    missing = {"@timestamp", "log.level", "message", "event.dataset", "service.node.name"} - line.keys()
    assert not missing and "level" not in line, (missing, line)
' <<<"$lines"

printf '\nsmoke: %s passed, %s failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
