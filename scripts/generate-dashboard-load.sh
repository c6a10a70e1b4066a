#!/usr/bin/env bash
# Sends traffic to the nodes, so that every panel of the dashboards moves.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=scripts/require-docker.sh
. "$root/scripts/require-docker.sh"

usage() {
  cat <<'HELP'
Usage: generate-dashboard-load.sh [options] [-- further options of loadgen]

  --scenario NAME   what the traffic looks like (default tour: a bit of everything, one thing after the other)
  --rate N          requests a second, over all nodes (default 3000)
  --connections N   connections, over all nodes (default 24)
  --duration TIME   length of one round, for example 90s (default: the scenario's)
  --repeat N        rounds, or forever (default forever)
  --local           without Docker: build the load generator with cargo and use the nodes on localhost
  --help

With Docker the load generator runs in the system's own network, beside the nodes that start-system.sh started. Without
Docker on this machine, --local is implied. Ctrl-C ends it with a report.
HELP
}

scenario=tour rate=3000 connections=24 repeat=forever local=false
further=()
while [ $# -gt 0 ]; do
  case $1 in
    --scenario) scenario=${2:?--scenario needs a value}; shift 2 ;;
    --rate) rate=${2:?--rate needs a value}; shift 2 ;;
    --connections) connections=${2:?--connections needs a value}; shift 2 ;;
    --duration) further+=(--duration "${2:?--duration needs a value}"); shift 2 ;;
    --repeat) repeat=${2:?--repeat needs a value}; shift 2 ;;
    --local) local=true; shift ;;
    --help | -h) usage; exit 0 ;;
    --) shift; further+=("$@"); break ;;
    *) echo "generate-dashboard-load.sh: unknown argument $1 (see --help)" >&2; exit 2 ;;
  esac
done
cd "$root"
load=(--scenario "$scenario" --rate "$rate" --connections "$connections" --repeat "$repeat" "${further[@]}")

if ! $local && ! command -v docker >/dev/null 2>&1; then
  echo "Docker is not installed: using cargo and localhost."
  local=true
fi

listens() { # port
  (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

if $local; then
  targets=()
  for index in 0 1 2; do
    if listens $((8080 + index)); then
      targets+=(--target "127.0.0.1:$((8080 + index))")
      [ "$scenario" != tour ] || targets+=(--http-target "127.0.0.1:$((9080 + index))")
    fi
  done
  if [ ${#targets[@]} -eq 0 ]; then
    echo "error: no node on localhost:8080, 8081 or 8082. Start one: scripts/build-and-run.sh run node-1" >&2
    exit 1
  fi
  exec cargo run --release --package loadgen -- "${targets[@]}" "${load[@]}" --metrics-addr 127.0.0.1:9100
fi

require_docker
targets=()
for node in node-1 node-2 node-3; do
  if [ -n "$(docker compose ps --quiet --status running "$node")" ]; then
    targets+=(--target "$node:8080")
    [ "$scenario" != tour ] || targets+=(--http-target "$node:9080")
  fi
done
if [ ${#targets[@]} -eq 0 ]; then
  echo "error: no node is running in Docker. Start them: scripts/start-system.sh --cluster" >&2
  exit 1
fi
exec docker compose --profile load run --rm --no-deps --use-aliases loadgen "${targets[@]}" "${load[@]}" --metrics-addr 0.0.0.0:9100
