#!/usr/bin/env bash
# Builds the server with cargo and runs nodes of it in the background, without Docker.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

usage() {
  cat <<'HELP'
Usage: build-and-run.sh run node-1 | run node-2 | run node-3 | run cluster
       build-and-run.sh stop | status | --help

  run NODE      build, and run one node with configs/<node>-config.yaml (node1-config.yaml for node-1)
  run cluster   build, and run all three; `cluster` alone does the same
  stop          stop the nodes that this script started, and only those
  status        say which of them run

A node that runs already is left alone. Process ids and output are in ./data/run, data in ./data/<node>, logs in
./logs/<node>. Ports: RESP 8080, 8081, 8082; HTTP 9080, 9081, 9082.
HELP
}

run_dir=data/run
cd "$root"

number() { echo "${1#node-}"; }

# The process of a node, if the recorded id still is one of this program's: an id can be somebody else's by now.
running_pid() {
  local pid_file=$run_dir/$1.pid pid
  [ -f "$pid_file" ] || return 1
  pid=$(cat "$pid_file")
  if [ -n "$pid" ] && kill -0 "$pid" 2>/dev/null && [[ $(ps -o comm= -p "$pid") == *hypercache* ]]; then
    echo "$pid"
    return 0
  fi
  rm -f "$pid_file"
  return 1
}

build() {
  command -v cargo >/dev/null 2>&1 || { echo "error: cargo is not installed (https://rustup.rs)." >&2; exit 3; }
  cargo build --release --package hypercache
}

start() {
  local node=$1 config pid binary http
  config=configs/node$(number "$node")-config.yaml
  http=http://127.0.0.1:$((9079 + $(number "$node")))
  binary=${CARGO_TARGET_DIR:-target}/release/hypercache
  if pid=$(running_pid "$node"); then
    echo "$node already runs (process $pid)"
    return 0
  fi
  [ -f "$config" ] || { echo "error: $config is missing" >&2; return 1; }
  mkdir -p "$run_dir"
  # The addresses are stated so that the files can serve containers, too, where every node has the same ports.
  HYPERCACHE_RESP_ADDR=127.0.0.1:$((8079 + $(number "$node"))) HYPERCACHE_HTTP_ADDR=${http#http://} \
    HYPERCACHE_DATA_DIR=data/$node HYPERCACHE_LOG_DIR=logs/$node HYPERCACHE_NODE_ID=$node \
    nohup "$binary" --config "$config" </dev/null >"$run_dir/$node.out" 2>&1 &
  pid=$!
  echo "$pid" >"$run_dir/$node.pid"
  local tries
  for ((tries = 0; tries < 100; tries++)); do
    if ! kill -0 "$pid" 2>/dev/null; then
      rm -f "$run_dir/$node.pid"
      echo "error: $node ended at once; its last words ($run_dir/$node.out):" >&2
      tail -n 5 "$run_dir/$node.out" >&2
      return 1
    fi
    if "$binary" healthcheck --url "$http/health/ready" >/dev/null 2>&1; then
      echo "$node is ready (process $pid): redis-cli -p $((8079 + $(number "$node"))), $http/health"
      return 0
    fi
    sleep 0.1
  done
  echo "error: $node (process $pid) is not ready after 10 seconds; see $run_dir/$node.out" >&2
  return 1
}

stop_all() {
  local node pid tries stopped=0
  for node in node-1 node-2 node-3; do
    pid=$(running_pid "$node") || continue
    kill -TERM "$pid"
    # Longer than network.shutdown_timeout.
    for ((tries = 0; tries < 150; tries++)); do
      kill -0 "$pid" 2>/dev/null || break
      sleep 0.1
    done
    if kill -0 "$pid" 2>/dev/null; then
      echo "$node (process $pid) did not end within 15 seconds: killed"
      kill -KILL "$pid"
    else
      echo "$node (process $pid) stopped"
    fi
    rm -f "$run_dir/$node.pid"
    stopped=$((stopped + 1))
  done
  [ "$stopped" -gt 0 ] || echo "No node of this script is running."
}

status() {
  local node pid
  for node in node-1 node-2 node-3; do
    if pid=$(running_pid "$node"); then echo "$node runs (process $pid)"; else echo "$node does not run"; fi
  done
}

run_cluster() {
  build
  for node in node-1 node-2 node-3; do start "$node"; done
  echo "Stop them: scripts/build-and-run.sh stop"
}

case ${1:-} in
  run)
    case ${2:-} in
      node-[123]) build; start "$2" ;;
      cluster) run_cluster ;;
      *) echo "build-and-run.sh: run needs node-1, node-2, node-3 or cluster (see --help)" >&2; exit 2 ;;
    esac
    ;;
  cluster) run_cluster ;;
  stop) stop_all ;;
  status) status ;;
  --help | -h) usage ;;
  *) usage >&2; exit 2 ;;
esac
