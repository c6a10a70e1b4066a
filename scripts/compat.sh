#!/usr/bin/env bash
# Runs real clients against a real node: redis-cli, redis-benchmark, curl, redis-py, ioredis and node-redis. redis-rs is
# among the Rust tests.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

usage() {
  cat <<'HELP'
Usage: compat.sh [--help]

Builds the node, starts two of them (one with a password) on free ports in a temporary folder, and runs each client's tests
below hypercache/tests/clients. What a client needs is installed below target/compat. A client whose runtime is missing is left
out and named; in CI (CI=true) that is a failure.
HELP
}

case ${1:-} in
  "") ;;
  --help | -h) usage; exit 0 ;;
  *) echo "compat.sh: unknown argument $1 (see --help)" >&2; exit 2 ;;
esac

cd "$root"
clients=$root/hypercache/tests/clients
installed=$root/target/compat
mkdir -p "$installed"
work=$(mktemp -d)
pids=()
finish() {
  for pid in ${pids[@]+"${pids[@]}"}; do kill "$pid" 2>/dev/null || true; done
  wait
  rm -rf "$work"
}
trap finish EXIT

cargo build --quiet --locked --package hypercache
start() { # name, environment ...; sets resp and http
  local name=$1 line
  shift
  mkdir "$work/$name"
  (cd "$work/$name" && exec env "$@" "$root/target/debug/hypercache" --resp-addr 127.0.0.1:0 --http-addr 127.0.0.1:0 >/dev/null 2>stderr) &
  pids+=($!)
  for _ in $(seq 300); do
    line=$(sed -n 's/.*RESP on \(.*\), HTTP on \(.*\)/\1 \2/p' "$work/$name/stderr" 2>/dev/null || true)
    if [ -n "$line" ]; then
      read -r resp http <<<"$line"
      return
    fi
    sleep 0.1
  done
  echo "the node does not start:" >&2
  cat "$work/$name/stderr" >&2
  exit 1
}

export COMPAT_PASSWORD=s3cret
start with-password HYPERCACHE_REQUIREPASS="$COMPAT_PASSWORD"
export COMPAT_AUTH_RESP=$resp
start open
export COMPAT_RESP=$resp COMPAT_HTTP=$http

failed=0
suite() { # name, command ...
  local name=$1
  shift
  printf '\n-- %s\n' "$name"
  if "$@"; then
    echo "compat: $name: passed"
  else
    echo "compat: $name: failed"
    failed=$((failed + 1))
  fi
}
have() { # client, command ...
  local client=$1 tool
  shift
  for tool in "$@"; do
    if ! command -v "$tool" >/dev/null 2>&1; then
      echo "compat: $client: left out, because $tool is not installed"
      [ "${CI:-}" != true ] || failed=$((failed + 1))
      return 1
    fi
  done
}
redis_py() {
  [ -x "$installed/venv/bin/python" ] || python3 -m venv "$installed/venv"
  "$installed/venv/bin/pip" install --quiet --disable-pip-version-check --requirement "$clients/python/requirements.txt"
  PYTHONDONTWRITEBYTECODE=1 "$installed/venv/bin/python" -m pytest --quiet -p no:cacheprovider "$clients/python"
}
node_clients() {
  mkdir -p "$installed/node"
  cp "$clients"/node/* "$installed/node/"
  (cd "$installed/node" && npm install --silent --no-package-lock --no-audit --no-fund && node --test --test-reporter=dot)
}

! have "redis-cli, redis-benchmark and curl" redis-cli redis-benchmark curl || suite "redis-cli, redis-benchmark and curl" "$clients/cli.sh"
! have redis-py python3 || suite redis-py redis_py
! have "ioredis and node-redis" node npm || suite "ioredis and node-redis" node_clients
[ "$failed" -eq 0 ]
