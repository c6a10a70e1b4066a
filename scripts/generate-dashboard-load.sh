#!/usr/bin/env bash
# Sends traffic to the nodes, so that every panel of the dashboards moves.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=scripts/require-docker.sh
. "$root/scripts/require-docker.sh"

usage() {
  cat <<'HELP'
Usage: generate-dashboard-load.sh [options]

  --scenario NAME    what the traffic looks like (default tour: a bit of everything, one thing after the other)
  --rate N           requests a second to each node (default 2000)
  --duration TIME    for example 90s or 10m (default 10m)
  --connections N    connections to each node (default 16)
  --target HOST:PORT a node; may be given several times (default: the three nodes)
  --local            without Docker: build the load generator with cargo and use localhost:8080, 8081 and 8082
  --help

With Docker the load generators run in the system's own network, beside the nodes that start-system.sh started. Without
Docker on this machine, --local is implied. Ctrl-C ends all of them.
HELP
}

scenario=tour rate=2000 duration=10m connections=16 local=false
targets=()
while [ $# -gt 0 ]; do
  case $1 in
    --scenario) scenario=${2:?--scenario needs a value}; shift 2 ;;
    --rate) rate=${2:?--rate needs a value}; shift 2 ;;
    --duration) duration=${2:?--duration needs a value}; shift 2 ;;
    --connections) connections=${2:?--connections needs a value}; shift 2 ;;
    --target) targets+=("${2:?--target needs a value}"); shift 2 ;;
    --local) local=true; shift ;;
    --help | -h) usage; exit 0 ;;
    *) echo "generate-dashboard-load.sh: unknown argument $1 (see --help)" >&2; exit 2 ;;
  esac
done
cd "$root"

if ! $local && ! command -v docker >/dev/null 2>&1; then
  echo "Docker is not installed: using cargo and localhost."
  local=true
fi

pids=()
# shellcheck disable=SC2317 # the trap calls it
finish() {
  if [ ${#pids[@]} -gt 0 ]; then
    kill "${pids[@]}" 2>/dev/null || true
  fi
}
trap finish EXIT
trap 'exit 130' INT TERM

listens() { # host:port
  (exec 3<>"/dev/tcp/${1%:*}/${1##*:}") 2>/dev/null
}

start_local() {
  cargo build --release --package loadgen
  local target port=9100
  if [ ${#targets[@]} -eq 0 ]; then
    for target in localhost:8080 localhost:8081 localhost:8082; do
      if listens "$target"; then targets+=("$target"); fi
    done
  fi
  if [ ${#targets[@]} -eq 0 ]; then
    echo "error: no node on localhost:8080, 8081 or 8082. Start one: scripts/build-and-run.sh run node-1" >&2
    exit 1
  fi
  for target in "${targets[@]}"; do
    "${CARGO_TARGET_DIR:-target}/release/loadgen" --target "$target" --scenario "$scenario" --rate "$rate" \
      --duration "$duration" --connections "$connections" --metrics-addr "127.0.0.1:$port" &
    pids+=($!)
    port=$((port + 1))
  done
}

start_in_docker() {
  require_docker
  if [ ${#targets[@]} -eq 0 ]; then
    targets=(node-1:8080 node-2:8080 node-3:8080)
  fi
  local target
  for target in "${targets[@]}"; do
    docker compose --profile load run --rm -T --no-deps --use-aliases loadgen --target "$target" --scenario "$scenario" \
      --rate "$rate" --duration "$duration" --connections "$connections" --metrics-addr 0.0.0.0:9100 </dev/null &
    pids+=($!)
  done
}

if $local; then
  start_local
else
  start_in_docker
fi

failed=0
for pid in "${pids[@]}"; do
  wait "$pid" || failed=1
done
pids=()
exit $failed
