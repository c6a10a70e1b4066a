#!/usr/bin/env bash
# Deletes HyperCache's log data streams from Elasticsearch. Templates and the lifecycle policy stay.
set -euo pipefail

usage() {
  cat <<'HELP'
Usage: clean-elasticsearch.sh [--url URL] [--dry-run] [--yes] [--help]

  --url URL   Elasticsearch, default $ELASTICSEARCH_URL or http://localhost:9200
  --dry-run   print which data streams would be deleted
  --yes       do not ask

New lines create the streams again. What Filebeat has shipped before is not shipped again.
HELP
}

url=${ELASTICSEARCH_URL:-http://localhost:9200} dry_run=false yes=false
while [ $# -gt 0 ]; do
  case $1 in
    --url) url=${2:?--url needs a value}; shift 2 ;;
    --dry-run) dry_run=true; shift ;;
    --yes | -y) yes=true; shift ;;
    --help | -h) usage; exit 0 ;;
    *) echo "clean-elasticsearch.sh: unknown argument $1 (see --help)" >&2; exit 2 ;;
  esac
done
url=${url%/}
command -v curl >/dev/null 2>&1 || { echo "error: curl is not installed." >&2; exit 3; }

if ! answer=$(curl -fsS --max-time 10 "$url/_data_stream/logs-hypercache.*?filter_path=data_streams.name" 2>&1); then
  echo "error: Elasticsearch does not answer at $url: $answer" >&2
  echo "       Start it: scripts/start-system.sh --monitor" >&2
  exit 1
fi
# Each by its name: a wildcard in a deletion can be switched off in Elasticsearch.
mapfile -t streams < <(grep -oE 'logs-hypercache\.[A-Za-z0-9_.-]+' <<<"$answer" | sort -u)
if [ ${#streams[@]} -eq 0 ]; then
  echo "Nothing to delete."
  exit 0
fi
printf 'data stream  %s\n' "${streams[@]}"
if $dry_run; then
  echo "Dry run: nothing was deleted."
  exit 0
fi
if ! $yes; then
  read -r -p "Delete all of this? [y/N] " reply || reply=
  [ "$reply" = y ] || [ "$reply" = Y ] || { echo "Nothing was deleted."; exit 1; }
fi
for stream in "${streams[@]}"; do
  curl -fsS --max-time 60 -o /dev/null -X DELETE "$url/_data_stream/$stream"
done
echo "Deleted."
