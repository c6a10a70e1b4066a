#!/usr/bin/env bash
# Runs the test suite of the Redis project against a node, and holds docs/compatibility.md to what it finds.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

usage() {
  cat <<'HELP'
Usage: redis-suite.sh [--help] [FILE ...]

Runs files of the suite, such as unit/type/hash, in its mode for servers that run already. Without one, all that are about
what a single node offers its clients.

Builds the node and starts one on free ports for each file. What passed, failed and was skipped goes to
target/redis-suite/report.json, the suite's words to target/redis-suite/logs. It is compared with docs/compatibility.md: a test
that fails without being named there is a failure, and so is one that is named and passes.

  REDIS_SOURCE   the suite: a folder, a tarball, or REPOSITORY@TAG; without it the release is downloaded
  REDIS_VERSION  the release to download, 7.2.6
  FILE_TIMEOUT   seconds that one file may take, 600
  TEST_TIMEOUT   seconds that one test may take, 240
  UPDATE_DOCS=1  writes the page's counts anew; its reasons are written by hand

Needs cargo, tclsh, python3, timeout, redis-cli and redis-benchmark; git for a repository, curl for a download.
HELP
}

files=()
for argument in "$@"; do
  case $argument in
    --help | -h) usage; exit 0 ;;
    -*) echo "redis-suite.sh: unknown argument $argument (see --help)" >&2; exit 2 ;;
    *) argument=${argument#tests/}; files+=("${argument%.tcl}") ;;
  esac
done
if [ ${#files[@]} -eq 0 ]; then
  files=(
    unit/type/{string,incr,list,list-2,list-3,set,hash,zset,stream,stream-cgroups}
    unit/{acl,acl-v2,expire,scan,keyspace,multi,pubsub,pubsubshard,scripting,functions,bitops,bitfield,geo,hyperloglog,sort,dump}
    unit/{introspection,introspection-2,info,info-command,slowlog,latency-monitor,tracking,other,protocol,querybuf,auth,limits}
    unit/maxmemory
  )
fi
for tool in tclsh python3 timeout redis-cli redis-benchmark; do
  command -v "$tool" >/dev/null 2>&1 || { echo "error: $tool is not installed" >&2; exit 1; }
done

root=$PWD
version=${REDIS_VERSION:-7.2.6}
target=${CARGO_TARGET_DIR:-$root/target}
[[ $target == /* ]] || target=$root/$target
source "$root/scripts/await-node.sh"
home=$target/redis-suite
logs=$home/logs
report=$root/scripts/redis_suite_report.py
page=$root/docs/compatibility.md
folder=$(mktemp -d "${TMPDIR:-/tmp}/hypercache-redis-suite.XXXXXX")
node='' suite=''

stop() { # process
  [ -n "$1" ] || return 0
  kill "$1" 2>/dev/null || true
  wait "$1" 2>/dev/null || true
}
stop_node() {
  stop "$node"
  node=''
}
# shellcheck disable=SC2317 # the trap calls it
finish() {
  local code=$?
  stop "$suite"
  stop_node
  rm -rf "$folder"
  exit "$code"
}
trap finish EXIT
trap 'exit 130' INT TERM

# Puts the suite into $folder/suite: tests write beside themselves, so they get a copy.
take_suite() {
  local source=${REDIS_SOURCE:-}
  mkdir -p "$folder/suite"
  if [ -z "$source" ]; then
    source=$target/redis-suite/redis-$version.tar.gz
    if [ ! -s "$source" ]; then
      mkdir -p "$home"
      curl --fail --silent --show-error --location --output "$source.part" \
        "https://download.redis.io/releases/redis-$version.tar.gz"
      mv "$source.part" "$source"
    fi
  fi
  if [ -f "$source" ]; then
    tar --extract --file "$source" --directory "$folder/suite" --strip-components 1
  elif [ -d "$source/tests" ]; then
    cp -R "$source/tests" "$source/src" "$folder/suite/"
  elif [[ $source == *@* ]]; then
    git clone --quiet --depth 1 --branch "${source##*@}" "${source%@*}" "$folder/suite"
  else
    echo "error: there is no suite at $source" >&2
    exit 1
  fi
  version=$(sed -n 's/^#define REDIS_VERSION "\(.*\)"/\1/p' "$folder/suite/src/version.h")
  # A block of tests whose settings the node refuses is skipped, and not the rest of the file with it.
  python3 "$report" patch "$folder/suite/tests/support/server.tcl"
  # The users, limits and counts of a node that was started for the file are as good as those of a server that the suite starts.
  sed -i 's/{"\?acl external:skip"\?}/{acl}/' "$folder"/suite/tests/unit/acl*.tcl
  sed -i 's/ "external:skip"}/}/; s/ external:skip"}/"}/' "$folder"/suite/tests/unit/{info,limits,maxmemory,pubsubshard}.tcl
  # The limit holds for the data alone, so its tests measure that; and they count what went since they began.
  sed -i -e 's/\[s used_memory\]/[s used_memory_dataset]/' -e "/client tracking don't cause eviction/a r config resetstat" \
    "$folder/suite/tests/unit/maxmemory.tcl"
  # Some tests run these programs from the folder of their own build.
  ln -sf "$(command -v redis-cli)" "$(command -v redis-benchmark)" "$folder/suite/src/"
}

write_configuration() {
  # The suite works in the store 9, and uses its neighbours. It sends to one connection and looks at another without
  # waiting for the reply, which shows the order it expects only where one thread serves both.
  {
    echo 'network: {io_threads: 1}'
    echo 'security: {enable_debug_command: "yes"}'
    echo 'stores:'
    printf '  - name: %s\n' default db{1..15}
    echo 'telemetry: {log: {stdout: false, level: warn, command_log: "off"}, tracing: {mode: "off"}}'
  } >"$folder/node.yaml"
}

# Starts a node; where it listens is in `resp` then.
started=0
start_node() {
  local told
  started=$((started + 1))
  told=$logs/node-$started.stderr
  "$target/debug/hypercache" --config "$folder/node.yaml" --resp-addr 127.0.0.1:0 --http-addr 127.0.0.1:0 \
    --data-dir "$folder/node-$started/data" --log-dir "$folder/node-$started/logs" >/dev/null 2>"$told" &
  node=$!
  await_node "$target/debug/hypercache" "$node" "$told" "the node"
}
alive() { [ -n "$node" ] && kill -0 "$node" 2>/dev/null && [ "$(timeout 5 redis-cli -p "${resp##*:}" ping)" = PONG ]; }

run_file() { # name
  local name=$1 log=$logs/${1//\//_}.log code=0 outcome options=()
  start_node
  python3 "$report" left-out --page "$page" --version "$version" --file "$name" >"$folder/left-out"
  # Names of encodings are those of 7.2, which has one more for lists and for sets than 7.0.
  [[ $version != 7.0.* ]] || options+=(--ignore-encoding)
  # `CONFIG SET maxmemory-policy` is for the default store, so the files that set it work there.
  case $name in unit/dump | unit/maxmemory | unit/pubsub) options+=(--singledb) ;; esac
  # --durable: a failed test does not end its file. --timeout: how long one test may take. --baseport: the processes of
  # the suite talk at a port below it, which may be another run's.
  (
    cd "$folder/suite"
    exec timeout --kill-after 5 "${FILE_TIMEOUT:-600}" tclsh "$folder/suite.tcl" \
      --host 127.0.0.1 --port "${resp##*:}" --single "$name" --durable --timeout "${TEST_TIMEOUT:-240}" \
      --baseport "$((20000 + RANDOM % 9000))" --skipfile "$folder/left-out" --tags '-needs:repl -needs:save' "${options[@]}"
  ) >"$log" 2>&1 </dev/null &
  suite=$!
  wait "$suite" || code=$?
  suite=''
  alive && outcome=running || outcome=gone
  stop_node
  python3 "$report" collect --log "$log" --file "$name" --exit-code "$code" --node "$outcome" >"$folder/results/${name//\//_}.json"
  python3 "$report" line "$folder/results/${name//\//_}.json"
}

cargo build --quiet --locked -p hypercache
for variable in $(compgen -e | grep -E '^(HYPERCACHE|OTEL)_' || true); do
  unset "$variable"
done
take_suite
rm -rf "$logs"
mkdir -p "$logs" "$folder/results"
write_configuration
# What the suite says is not to be lost when it is ended.
printf 'fconfigure stdout -buffering line\nsource tests/test_helper.tcl\n' >"$folder/suite.tcl"
echo "suite of Redis $version"
for name in "${files[@]}"; do
  run_file "$name"
done
python3 "$report" merge --version "$version" "$folder"/results/*.json >"$home/report.json"
if [ "${UPDATE_DOCS:-}" = 1 ]; then
  python3 "$report" update --report "$home/report.json" --page "$page"
fi
python3 "$report" compare --report "$home/report.json" --page "$page"
