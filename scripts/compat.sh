#!/usr/bin/env bash
# Runs client libraries, applications and tools of other projects against real nodes.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

usage() {
  cat <<'HELP'
Usage: compat.sh [--help] [SUITE ...]

Suites: redis-py, ioredis, node-redis, go (go-redis), java (Jedis, Lettuce), applications (BullMQ, Celery, RQ, rate limiters,
locks, web sessions), cli (redis-cli, redis-benchmark, curl). Without one, all of them.

Builds the node, starts one that is open and one with a password on free ports, and runs the suites of
hypercache/tests/clients against them. Libraries go below target/compat and are used again. A suite whose runtime is not
installed is skipped, and named; in CI (CI=true) it fails, but go and java, which are skipped there too. The redis crate
is tested by cargo test.

Needs cargo; for the suites python3 (with venv), node 20 or later with npm, go 1.26 or later, a JDK 17 or later with mvn,
redis-cli, redis-benchmark and curl.
HELP
}

wanted=()
for argument in "$@"; do
  case $argument in
    redis-py | ioredis | node-redis | go | java | applications | cli) wanted+=("$argument") ;;
    --help | -h) usage; exit 0 ;;
    *) echo "compat.sh: unknown argument $argument (see --help)" >&2; exit 2 ;;
  esac
done
[ ${#wanted[@]} -gt 0 ] || wanted=(redis-py ioredis node-redis go java applications cli)

root=$PWD
clients=$root/hypercache/tests/clients
target=${CARGO_TARGET_DIR:-$root/target}
[[ $target == /* ]] || target=$root/$target
source "$root/scripts/await-node.sh"
home=$target/compat
source "$root/scripts/own-processes.sh"
own_folder compat
failed=0

missing() { # command ...: the first that is not there
  local tool
  for tool in "$@"; do
    command -v "$tool" >/dev/null 2>&1 || { echo "$tool is not installed"; return; }
  done
}

# Starts a node; where it listens is in `resp` and `http` then.
start_node() { # name, variables ...
  local name=$1 told=$folder/$1.stderr pid
  shift
  env "$@" "$target/debug/hypercache" --config "$folder/node.yaml" --node-id "$name" \
    --resp-addr 127.0.0.1:0 --http-addr 127.0.0.1:0 \
    --data-dir "$folder/$name/data" --log-dir "$folder/$name/logs" >"$folder/$name.stdout" 2>"$told" &
  pid=$!
  processes+=("$pid")
  await_node "$target/debug/hypercache" "$pid" "$told" "$name"
}

# Libraries are installed again when the list of them changes, and when the folder has come from elsewhere.
installed() { cmp -s "$1" "$2/installed-list" && [ "$(cat "$2/installed-in" 2>/dev/null)" = "$2" ]; }
note_installed() { cp "$1" "$2/installed-list" && echo "$2" >"$2/installed-in"; }

install_python() { # list, folder
  installed "$1" "$2" && return
  rm -rf "$2"
  mkdir -p "$home"
  python3 -m venv "$2"
  "$2/bin/python" -m pip install --quiet --disable-pip-version-check --requirement "$1"
  note_installed "$1" "$2"
}
install_node() { # folder with package.json and package-lock.json, folder
  installed "$1/package-lock.json" "$2" && return
  rm -rf "$2"
  mkdir -p "$2"
  cp "$1/package.json" "$1/package-lock.json" "$2"
  npm ci --prefix "$2" --no-audit --no-fund --ignore-scripts --loglevel error
  note_installed "$1/package-lock.json" "$2"
}

prepare_redis_py() { install_python "$clients/python/requirements.txt" "$home/venv"; }
run_redis_py() { (cd "$clients/python" && PYTHONDONTWRITEBYTECODE=1 "$home/venv/bin/python" -m pytest); }

run_node() { # folder of libraries, file
  NODE_PATH=$1/node_modules node --test --test-reporter=spec "$2"
}
prepare_ioredis() { install_node "$clients/node" "$home/node"; }
run_ioredis() { run_node "$home/node" "$clients/node/ioredis.test.js"; }
prepare_node_redis() { prepare_ioredis; }
run_node_redis() { run_node "$home/node" "$clients/node/node-redis.test.js"; }

go_here() { GOPATH=$home/gopath GOCACHE=$home/gocache GOFLAGS='-modcacherw -buildvcs=false' GOWORK=off go "$@"; }
prepare_go() { :; }
run_go() { (cd "$clients/go" && go_here test -mod=readonly -count=1 -timeout 120s .); }

maven() { (cd "$clients/java" && mvn --quiet --batch-mode "-Dmaven.repo.local=$home/maven" "-Dcompat.build=$home/java" "$@" compile); }
prepare_java() {
  local list=$clients/java/pom.xml
  if installed "$list" "$home/java"; then
    maven --offline
  else
    rm -rf "$home/java"
    maven
    note_installed "$list" "$home/java"
  fi
}
run_java() { java -cp "$home/java/classes:$home/java/libraries/*" compat.Main jedis lettuce; }

prepare_applications() {
  install_node "$clients/applications/node" "$home/applications-node"
  install_python "$clients/applications/python/requirements.txt" "$home/applications-python"
}
run_applications() {
  run_node "$home/applications-node" "$clients/applications/node/applications.test.js"
  (cd "$clients/applications/python" && PYTHONDONTWRITEBYTECODE=1 "$home/applications-python/bin/python" -m pytest)
}

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
    go) missing go ;;
    java) missing javac java mvn ;;
    applications)
      lack=$(absent redis-py)
      [ -n "$lack" ] || lack=$(absent ioredis)
      echo "$lack"
      ;;
    cli) missing redis-cli redis-benchmark curl timeout stdbuf ;;
  esac
}

suite() { # name
  local name=$1 lack code log=$folder/$1.log began=$SECONDS
  lack=$(absent "$name")
  if [ -n "$lack" ]; then
    if [ "${CI:-}" = true ] && [[ " go java " != *" $name "* ]]; then
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
    closing+=("compat: $name: passed in $((SECONDS - began)) s")
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
for pid in "${processes[@]}"; do
  if ! kill -0 "$pid" 2>/dev/null; then
    closing+=("compat: a node has gone away")
    tail -n 20 "$folder"/*.stderr
    failed=$((failed + 1))
  fi
done
printf '%s\n' "${closing[@]}"
[ "$failed" -eq 0 ] || exit 1
