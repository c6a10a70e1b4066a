#!/usr/bin/env bash
# redis-cli, redis-benchmark and curl against a node. Empties the node.
set -euo pipefail

usage() {
  cat <<'HELP'
Usage: cli.sh [--help]

Environment (scripts/compat.sh sets it):
  COMPAT_RESP           where an open node with two stores listens for RESP, HOST:PORT
  COMPAT_HTTP           where it listens for HTTP
  COMPAT_GUARDED_RESP   where a node with a password listens for RESP
  COMPAT_PASSWORD       that password

Needs redis-cli, redis-benchmark and curl.
HELP
}

case ${1:-} in
  '') ;;
  --help | -h) usage; exit 0 ;;
  *) echo "cli.sh: unknown argument $1 (see --help)" >&2; exit 2 ;;
esac

: "${COMPAT_RESP:?}" "${COMPAT_HTTP:?}" "${COMPAT_GUARDED_RESP:?}" "${COMPAT_PASSWORD:?}"
unset REDISCLI_AUTH
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
url=http://$COMPAT_HTTP/api/cache
failed=0

cli() { timeout 30 redis-cli -h "${COMPAT_RESP%:*}" -p "${COMPAT_RESP##*:}" "$@"; }
guarded() { timeout 30 redis-cli -h "${COMPAT_GUARDED_RESP%:*}" -p "${COMPAT_GUARDED_RESP##*:}" --no-auth-warning "$@"; }
fetch() { curl -sS --max-time 30 "$@"; }
status() { fetch -o /dev/null -w '%{http_code}' "$@"; }

# What a command prints has to match a pattern of [[ ]].
expect() { # what, pattern, command ...
  local what=$1 pattern=$2 answer
  shift 2
  answer=$("$@" 2>&1) || answer+=$'\n'"(exit code $?)"
  # shellcheck disable=SC2053 # the right side is meant as a pattern
  if [[ $answer == $pattern ]]; then
    return 0
  fi
  echo "FAIL  $what: wanted '$pattern', got '${answer:0:400}'"
  failed=$((failed + 1))
}

basics() {
  local version=$1
  shift
  expect "$version: PING" PONG cli "$@" PING
  expect "$version: SET" OK cli "$@" SET cli:key 'two words' EX 100
  expect "$version: GET" 'two words' cli "$@" GET cli:key
  expect "$version: TTL" '[1-9]*' cli "$@" TTL cli:key
  expect "$version: GET of a missing key" '' cli "$@" GET cli:none
  expect "$version: MGET" 'two words' cli "$@" MGET cli:key
  expect "$version: store 1" '0' cli "$@" -n 1 EXISTS cli:key
  expect "$version: an unknown command" "ERR unknown command 'NOSUCH'*" cli "$@" NOSUCH
  expect "$version: CLIENT INFO" "*resp=${version#RESP}*" cli "$@" CLIENT INFO
  expect "$version: INFO" '*redis_version:7.2*' cli "$@" INFO server
  expect "$version: CONFIG GET" 'databases?2' cli "$@" CONFIG GET databases
  expect "$version: DEL" 1 cli "$@" DEL cli:key
}

described() {
  expect "COMMAND DOCS" '*Returns the string value of a key.*' cli COMMAND DOCS
  expect "COMMAND DOCS of one command over RESP3" '*summary*' cli -3 COMMAND DOCS get
  expect "COMMAND COUNT" '[1-9][0-9]*' cli COMMAND COUNT
}

authentication() {
  expect "without the password" 'NOAUTH*' guarded GET key
  expect "with the password" PONG guarded -a "$COMPAT_PASSWORD" PING
  expect "with user and password over RESP3" PONG guarded -3 --user default --pass "$COMPAT_PASSWORD" PING
  expect "with a wrong password" '*WRONGPASS*' guarded -a wrong PING
}

whole_keyspace() {
  cli FLUSHALL >/dev/null
  local number
  for ((number = 0; number < 5000; number++)); do
    printf 'SET bulk:%d %d\r\n' "$number" "$number"
  done >"$folder/commands"
  printf '*3\r\n\x243\r\nSET\r\n\x243\r\nbig\r\n\x241000\r\n%01000d\r\n' 7 >>"$folder/commands"
  expect "--pipe" '*errors: 0, replies: 5001*' cli --pipe <"$folder/commands"
  expect "DBSIZE after --pipe" 5001 cli DBSIZE
  cli --scan --pattern 'bulk:*' | sort -u >"$folder/scanned"
  expect "--scan meets every key" 5000 awk 'END { print NR }' "$folder/scanned"
  expect "--scan --pattern" 3 scanned 'bulk:4[6-8]11'
  expect "--memkeys" '*Biggest string found "big" has [1-9]*bytes*5001 strings*' memkeys
  expect "--hotkeys without an LFU policy" '*LFU maxmemory policy is not selected*' cli --hotkeys
  expect "--bigkeys" '*Biggest string found "big" has 1000 bytes*5001 strings*' bigkeys
  expect "pipelined on standard input" $'OK\nvalue' cli < <(printf 'SET cli:stdin value\nGET cli:stdin\n')
}
scanned() { cli --scan --pattern "$1" | sort -u | grep -c '^bulk:4[678]11$'; }
# Some versions of redis-cli quote the key once, others twice.
bigkeys() { cli --bigkeys | tr -d "'" | tr -s '"'; }
memkeys() { cli --memkeys | tr -d "'" | tr -s '"'; }

watching() {
  # It runs until it is ended: the first two lines are a header and the first figures.
  expect "--stat" '*keys*mem*clients*[0-9]*' stat_lines
  expect "--latency" '*[0-9]*' timeout 10 redis-cli -h "${COMPAT_RESP%:*}" -p "${COMPAT_RESP##*:}" --raw --latency
}
observed() {
  expect "SLOWLOG LEN" '[0-9]*' cli SLOWLOG LEN
  expect "CONFIG SET of thresholds" OK cli CONFIG SET slowlog-log-slower-than 0 latency-monitor-threshold 1
  expect "PING, which is slow enough now" PONG cli PING
  expect "SLOWLOG GET" '*PING*127.0.0.1:*' cli SLOWLOG GET 5
  expect "COMMANDLOG LEN" '[0-9]*' cli COMMANDLOG LEN large-reply
  expect "CONFIG SET back" OK cli CONFIG SET slowlog-log-slower-than 10000 latency-monitor-threshold 0
  expect "LATENCY HISTOGRAM over RESP3" '*ping*calls*histogram_usec*' cli -3 LATENCY HISTOGRAM ping
  expect "LATENCY DOCTOR" '*latency*' cli LATENCY DOCTOR
  expect "MEMORY DOCTOR" '*memory*' cli MEMORY DOCTOR
  expect "MEMORY STATS" '*peak.allocated*' cli MEMORY STATS
  expect "DEBUG is off" 'ERR DEBUG command not allowed*' cli DEBUG SLEEP 0
  expect "MONITOR" 'OK*"SET" "cli:monitored" "two words"*' monitored
  expect "--intrinsic-latency" '*Worst run took*' cli --intrinsic-latency 1
  expect "--latency-history" '*[0-9] [0-9]*' latency_history
}
# It says OK when it has begun, and runs until it is ended.
monitored() {
  local lines line
  exec {lines}< <(exec timeout 10 stdbuf -oL redis-cli -h "${COMPAT_RESP%:*}" -p "${COMPAT_RESP##*:}" MONITOR)
  read -r -u "$lines" line && printf '%s\n' "$line"
  cli SET cli:monitored 'two words' >/dev/null
  read -r -u "$lines" line && printf '%s\n' "$line"
  exec {lines}<&-
}
latency_history() {
  timeout 3 stdbuf -o0 redis-cli -h "${COMPAT_RESP%:*}" -p "${COMPAT_RESP##*:}" --latency-history -i 1 || true
}
stat_lines() {
  local lines
  mapfile -t -n 3 lines < <(exec timeout 10 stdbuf -oL redis-cli -h "${COMPAT_RESP%:*}" -p "${COMPAT_RESP##*:}" --stat -i 0.05)
  printf '%s\n' "${lines[@]}"
}

over_http() {
  cli FLUSHALL >/dev/null
  expect "PUT" 20[01] status -X PUT --data-binary 'from http' "$url/http:key"
  expect "what HTTP wrote reads over RESP" 'from http' cli GET http:key
  expect "GET" '*"from http"*' fetch "$url/http:key"
  expect "what RESP wrote" OK cli SET resp:key 'from resp' EX 100
  expect "reads over HTTP" '*"from resp"*' fetch "$url/resp:key"
  expect "PUT of JSON with a time to live" 20[01] status -X PUT -H 'Content-Type: application/json' \
    -d '{"value": {"text": "hello"}, "ttl_hours": 1}' "$url/json"
  expect "its time over RESP" 3[56]* cli TTL json
  expect "DELETE" 204 status -X DELETE "$url/resp:key"
  expect "DELETE is seen over RESP" 0 cli EXISTS resp:key
  expect "GET of a deleted key" 404 status "$url/resp:key"
  expect "store 1 over HTTP" 20[01] status -X PUT --data-binary x "$url/in:second?store=sessions"
  expect "store 1 over RESP" x cli -n 1 GET in:second
}

stores_over_http() {
  cli FLUSHALL >/dev/null
  local stores=http://$COMPAT_HTTP/api/stores json='Content-Type: application/json'
  expect "the stores" '*"name":"default"*"name":"sessions"*' fetch "$stores"
  expect "PATCH of a hash" '*"added":2*' fetch -X PATCH -H "$json" \
    -d '{"items": [{"field": "name", "value": "Ada"}, {"field": "age", "value": 36}]}' "$stores/default/hashes/user:1"
  expect "the hash over RESP" $'Ada\n36' cli HMGET user:1 name age
  expect "a field" '*"value":36*' fetch "$stores/default/hashes/user:1/fields/age"
  expect "the bare field" Ada fetch -H 'Accept: text/plain' "$stores/default/hashes/user:1/fields/name"
  expect "a list" '*"length":2*' fetch -H "$json" -d '{"side": "right", "items": [{"value": 1}, {"value": "b"}]}' \
    "$stores/0/lists/jobs"
  expect "its range" '*[[]{"value":1},{"value":"b"}]*' fetch "$stores/0/lists/jobs"
  expect "an element taken" '*{"value":1}*' fetch -H "$json" -d '{"side": "left"}' "$stores/0/lists/jobs/pop"
  expect "the list over RESP" b cli LRANGE jobs 0 -1
  expect "a member" '*"added":true*' fetch -X PUT "$stores/sessions/sets/tags/members/caf%C3%A9"
  expect "membership over RESP" 1 cli -n 1 SISMEMBER tags café
  expect "no member" 404 status "$stores/sessions/sets/tags/members/tea"
  expect "a sorted set" '*"added":2*' fetch -H "$json" \
    -d '{"items": [{"member": "a", "score": 1}, {"member": "b", "score": 2.5}]}' "$stores/0/zsets/board"
  expect "a score that grows" '*"score":4.0*' fetch -H "$json" -d '{"by": 3}' "$stores/0/zsets/board/members/a"
  expect "the best" '*[[]{"member":"a","score":4.0}]*' fetch "$stores/0/zsets/board?reverse=true&limit=1"
  expect "a counter" '*"value":5}' fetch -H "$json" -d '{"by": 5}' "$stores/0/counters/visits"
  expect "the counter over RESP" 6 cli INCR visits
  expect "a time to live" 200 status -X PUT -H "$json" -d '{"ttl": "1h"}' "$stores/0/keys/board/ttl"
  expect "of a key of any type" '*"type":"zset","ttl_seconds":3[56]*' fetch "$stores/0/keys/board"
  expect "keys by pattern" '*[[]{"key":"visits"}]*' fetch "$stores/0/keys?match=v*"
  expect "a key of any type removed" 204 status -X DELETE "$stores/0/keys/jobs"
  expect "another type" 409 status "$stores/0/lists/user:1"
}

commands_over_http() {
  local url=http://$COMPAT_HTTP/api/command json='Content-Type: application/json'
  expect "a command" '{"result":"OK"}' fetch -H "$json" -d '["SET", "cmd", 41]' "$url"
  expect "a typed answer" '{"result":42}' fetch -H "$json" -d '["INCR", "cmd"]' "$url"
  expect "in another store" '{"result":null}' fetch -H "$json" -d '["GET", "cmd"]' "$url?store=sessions"
  expect "a hash over RESP" 1 cli HSET h a 1
  expect "a map" '{"result":{"a":"1"}}' fetch -H "$json" -d '["HGETALL", "h"]' "$url"
  expect "a pipeline" '{"results":[[]{"result":"42"},{"error":{"code":"ERR",*},{"result":"PONG"}]}' \
    fetch -H "$json" -d '[["GET", "cmd"], ["NOSUCH"], ["PING"]]' "$url"
  expect "a session's command" 403 status -H "$json" -d '["SUBSCRIBE", "c"]' "$url"
  expect "no JSON" 415 status -d '["GET", "cmd"]' "$url"
  expect "a pause of writes" OK cli CLIENT PAUSE 300 WRITE
  expect "holds a write over HTTP" '1 held' paused_write "$url"
}
paused_write() { # url: whether the answer took its time
  local took
  took=$(curl -sS --max-time 30 -o /dev/null -w '%{time_total}' -H 'Content-Type: application/json' -d '["SET","cmd",1]' "$1")
  awk -v took="$took" 'BEGIN { print (took >= 0.1) ? "1 held" : "0 not held: " took }'
}

benchmark() {
  redis-benchmark -h "${COMPAT_RESP%:*}" -p "${COMPAT_RESP##*:}" -q -n 20000 -t set,get,incr,mset -P 16 "$@" 2>&1 |
    tr '\r' '\n' >"$folder/benchmark"
  expect "redis-benchmark $*: four results" 4 grep -c 'requests per second' "$folder/benchmark"
  expect "redis-benchmark $*: no error" 0 count_errors "$folder/benchmark"
}
count_errors() { grep -ciE 'err|warn|fail' "$1" || true; }

basics RESP2
basics RESP3 -3
described
authentication
whole_keyspace
watching
observed
over_http
stores_over_http
commands_over_http
benchmark
benchmark -3

[ "$failed" -eq 0 ] || exit 1
