#!/usr/bin/env bash
# Installs what the log data streams need in Elasticsearch: the lifecycle policy, the ingest pipeline, the component
# templates and the index template, in the order in which each refers to the one before. Safe to run again.
set -euo pipefail

usage() {
  cat <<'HELP'
Usage: apply.sh [--url URL] [--help]

Installs HyperCache's lifecycle policy, ingest pipeline and index templates in Elasticsearch.
Fails if any of them is refused.

  --url URL   Elasticsearch, default $ELASTICSEARCH_URL or http://localhost:9200
HELP
}

url=${ELASTICSEARCH_URL:-http://localhost:9200}
while [ $# -gt 0 ]; do
  case $1 in
    --url) url=${2:?--url needs a value}; shift 2 ;;
    --help | -h) usage; exit 0 ;;
    *) echo "apply.sh: unknown argument $1 (see --help)" >&2; exit 2 ;;
  esac
done
url=${url%/}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# Elasticsearch installs the templates that ours are composed of a moment after it first answers.
wait_for() {
  local path=$1 tries
  for ((tries = 0; tries < 60; tries++)); do
    if curl -fsS -o /dev/null --max-time 5 "$url/$path" 2>/dev/null; then
      return 0
    fi
    sleep 1
  done
  echo "apply.sh: $url/$path did not answer within a minute" >&2
  return 1
}

put() {
  local path=$1 file=$2 answer status
  answer=$(curl -sS --max-time 30 -X PUT -H 'Content-Type: application/json' --data-binary "@$file" \
    -w '\n%{http_code}' "$url/$path") || { echo "apply.sh: PUT $path: no answer" >&2; return 1; }
  status=${answer##*$'\n'}
  if [[ $status != 2* ]]; then
    echo "apply.sh: PUT $path: HTTP $status: ${answer%$'\n'*}" >&2
    return 1
  fi
  echo "installed $path"
}

put_all() {
  local path=$1 folder=$2 file name
  for file in "$here/$folder"/*.json; do
    name=$(basename "$file" .json)
    put "$path/$name" "$file"
  done
}

for built_in in logs@mappings logs@settings ecs@mappings; do
  wait_for "_component_template/$built_in"
done
put_all _ilm/policy ilm
put_all _ingest/pipeline ingest
put_all _component_template component-templates
put_all _index_template index-templates
