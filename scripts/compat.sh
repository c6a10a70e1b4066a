#!/usr/bin/env bash
# Runs client libraries and tools of other projects against real nodes: redis-py, ioredis, node-redis, redis-cli, curl.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

usage() {
  cat <<'HELP'
Usage: compat.sh [--help] [SUITE ...]

Suites: redis-py, ioredis, node-redis, cli (redis-cli, redis-benchmark, curl). Without one, all of them.

Builds the node, starts one that is open and one with a password on free ports, and runs the suites of
hypercache/tests/clients against them. Libraries go below target/compat and are used again. A suite whose runtime is not
installed is skipped, and named; in CI (CI=true) it fails. The redis crate is tested by cargo test.

Needs cargo; for the suites python3 (with venv), node 20 or later with npm, redis-cli, redis-benchmark and curl.
HELP
}

wanted=()
for argument in "$@"; do
  case $argument in
    redis-py | ioredis | node-redis | cli) wanted+=("$argument") ;;
    --help | -h) usage; exit 0 ;;
    *) echo "compat.sh: unknown argument $argument (see --help)" >&2; exit 2 ;;
  esac
done
[ ${#wanted[@]} -gt 0 ] || wanted=(redis-py ioredis node-redis cli)

root=$PWD
clients=$root/hypercache/tests/clients
target=${CARGO_TARGET_DIR:-$root/target}
[[ $target == /* ]] || target=$root/$target
home=$target/compat
folder=$(mktemp -d "${TMPDIR:-/tmp}/hypercache-compat.XXXXXX")
nodes=()
failed=0

# shellcheck disable=SC2317 # the trap calls it
finish() {
  local code=$? pid
  for pid in ${nodes[@]+"${nodes[@]}"}; do
    kill "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  done
  rm -rf "$folder"
  exit "$code"
}
trap finish EXIT
trap 'exit 130' INT TERM

missing() { # command ...: the first that is not there
  local tool
  for tool in "$@"; do
    command -v "$tool" >/dev/null 2>&1 || { echo "$tool is not installed"; return; }
  done
}

# Starts a node; where it listens is in `resp` and `http` then.
resp='' http=''
start_node() { # name, variables ...
  local name=$1 told=$folder/$1.stderr deadline=$((SECONDS + 60)) line='' pid
  shift
  env "$@" "$target/debug/hypercache" --config "$folder/node.yaml" --node-id "$name" \
    --resp-addr 127.0.0.1:0 --http-addr 127.0.0.1:0 \
    --data-dir "$folder/$name/data" --log-dir "$folder/$name/logs" >"$folder/$name.stdout" 2>"$told" &
  pid=$!
  nodes+=("$pid")
  while [ -z "$line" ] || ! ready; do
    if ! kill -0 "$pid" 2>/dev/null || [ "$SECONDS" -ge "$deadline" ]; then
      echo "error: $name did not start:" >&2
      cat "$told" >&2
      exit 1
    fi
    sleep 0.05
    line=$(grep -m 1 'RESP on .*, HTTP on ' "$told" || true)
    http=${line##*HTTP on }
    resp=${line##*RESP on }
    resp=${resp%%,*}
  done
}
ready() { "$target/debug/hypercache" healthcheck --url "http://$http/health/ready" >/dev/null 2>&1; }

# Libraries are installed again when the list of them changes, and when the folder has come from elsewhere.
installed() { cmp -s "$1" "$2/installed-list" && [ "$(cat "$2/installed-in" 2>/dev/null)" = "$2" ]; }
note_installed() { cp "$1" "$2/installed-list" && echo "$2" >"$2/installed-in"; }

prepare_redis_py() {
  local list=$clients/python/requirements.txt venv=$home/venv
  installed "$list" "$venv" && return
  rm -rf "$venv"
  mkdir -p "$home"
  python3 -m venv "$venv"
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --requirement "$list"
  note_installed "$list" "$venv"
}
run_redis_py() { (cd "$clients/python" && PYTHONDONTWRITEBYTECODE=1 "$home/venv/bin/python" -m pytest); }

prepare_node_modules() {
  local list=$clients/node/package.json modules=$home/node
  installed "$list" "$modules" && return
  rm -rf "$modules"
  mkdir -p "$modules"
  cp "$list" "$modules/package.json"
  npm install --prefix "$modules" --no-package-lock --no-audit --no-fund --ignore-scripts --loglevel error
  note_installed "$list" "$modules"
}
run_node() { NODE_PATH=$home/node/node_modules node --test --test-reporter=spec "$clients/node/$1.test.js"; }
prepare_ioredis() { prepare_node_modules; }
run_ioredis() { run_node ioredis; }
prepare_node_redis() { prepare_node_modules; }
run_node_redis() { run_node node-redis; }

prepare_cli() { :; }
run_cli() { "$clients/cli.sh"; }

absent() { # suite: what it lacks
  local lack
  case $1 in
    redis-py)
      lack=$(missing python3)
      [ -n "$lack" ] || python3 -c 'import ensurepip, venv' 2>/dev/null || lack='python3 has no venv module'
      echo "$lack"
      ;;
    ioredis | node-redis)
      lack=$(missing node npm)
      if [ -z "$lack" ] && [ "$(node -p 'process.versions.node.split(".")[0]')" -lt 20 ]; then
        lack="node is $(node --version), and the libraries need 20 or later"
      fi
      echo "$lack"
      ;;
    cli) missing redis-cli redis-benchmark curl timeout stdbuf ;;
  esac
}

suite() { # name
  local name=$1 lack code log=$folder/$1.log
  lack=$(absent "$name")
  if [ -n "$lack" ]; then
    if [ "${CI:-}" = true ]; then
      closing+=("compat: $name: failed: $lack, and CI leaves nothing out")
      failed=$((failed + 1))
    else
      closing+=("compat: $name: skipped: $lack")
    fi
    return
  fi
  # In a shell of its own, so that the first command that fails ends it although its outcome is looked at.
  set +e
  (set -e; "prepare_${name//-/_}"; "run_${name//-/_}") >"$log" 2>&1
  code=$?
  set -e
  if [ "$code" -eq 0 ]; then
    closing+=("compat: $name: passed")
  else
    cat "$log"
    closing+=("compat: $name: failed")
    failed=$((failed + 1))
  fi
}

cargo build --quiet --locked -p hypercache
# Settings of the caller's own nodes are none of these nodes' business.
for variable in $(compgen -e | grep -E '^(HYPERCACHE|OTEL)_' || true); do
  unset "$variable"
done
printf 'stores: [{name: default}, {name: sessions}]\n' >"$folder/node.yaml"
start_node open
export COMPAT_RESP=$resp COMPAT_HTTP=$http
export COMPAT_PASSWORD=open-sesame
start_node guarded HYPERCACHE_REQUIREPASS="$COMPAT_PASSWORD"
export COMPAT_GUARDED_RESP=$resp

closing=()
for name in "${wanted[@]}"; do
  suite "$name"
done
for pid in "${nodes[@]}"; do
  if ! kill -0 "$pid" 2>/dev/null; then
    closing+=("compat: a node has gone away")
    tail -n 20 "$folder"/*.stderr
    failed=$((failed + 1))
  fi
done
printf '%s\n' "${closing[@]}"
[ "$failed" -eq 0 ] || exit 1
