#!/usr/bin/env bash
# Deletes what the nodes have stored: the data folders below ./data and the data volumes of the compose project.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=scripts/require-docker.sh
. "$root/scripts/require-docker.sh"

usage() {
  cat <<'HELP'
Usage: clean-persistence.sh [--local|--docker] [--logs] [--dry-run] [--yes] [--help]

  --local     only the folders ./data/node-* of nodes that run without Docker
  --docker    only the volumes of the nodes' containers
  --logs      the nodes' logs, too
  --dry-run   print what would be deleted
  --yes       do not ask

Refuses while a node runs that would lose its data. Nothing to delete is not an error.
HELP
}

local=true docker=true logs=false dry_run=false yes=false
for argument in "$@"; do
  case $argument in
    --local) docker=false ;;
    --docker) local=false ;;
    --logs) logs=true ;;
    --dry-run) dry_run=true ;;
    --yes | -y) yes=true ;;
    --help | -h) usage; exit 0 ;;
    *) echo "clean-persistence.sh: unknown argument $argument (see --help)" >&2; exit 2 ;;
  esac
done
if ! $local && ! $docker; then
  echo "clean-persistence.sh: --local and --docker exclude each other; leave both out for both" >&2
  exit 2
fi
cd "$root"

folders=() volumes=()
if $local; then
  for pid_file in data/run/node-*.pid; do
    if [ -e "$pid_file" ] && kill -0 "$(cat "$pid_file")" 2>/dev/null; then
      echo "error: $(basename "$pid_file" .pid) is running. Stop it first: scripts/build-and-run.sh stop" >&2
      exit 1
    fi
  done
  for folder in data/node-*; do
    if [ -d "$folder" ]; then folders+=("$folder"); fi
  done
  if $logs; then
    for folder in logs/node-*; do
      if [ -d "$folder" ]; then folders+=("$folder"); fi
    done
  fi
fi
# Nobody has to have Docker to clean up a node that ran without it.
if $docker && { ! $local || command -v docker >/dev/null 2>&1; }; then
  require_docker
  if [ -n "$(docker compose ps --quiet --status running node-1 node-2 node-3)" ]; then
    echo "error: nodes are running in Docker. Stop them first: docker compose stop node-1 node-2 node-3" >&2
    exit 1
  fi
  names=(node-1-data node-2-data node-3-data)
  if $logs; then names+=(node-logs); fi
  mapfile -t volumes < <(project_volumes "${names[@]}")
fi

if [ ${#folders[@]} -eq 0 ] && [ ${#volumes[@]} -eq 0 ]; then
  echo "Nothing to delete."
  exit 0
fi
[ ${#folders[@]} -eq 0 ] || printf 'folder  %s\n' "${folders[@]}"
[ ${#volumes[@]} -eq 0 ] || printf 'volume  %s\n' "${volumes[@]}"
if $dry_run; then
  echo "Dry run: nothing was deleted."
  exit 0
fi
if ! $yes; then
  read -r -p "Delete all of this? [y/N] " answer || answer=
  [ "$answer" = y ] || [ "$answer" = Y ] || { echo "Nothing was deleted."; exit 1; }
fi
[ ${#folders[@]} -eq 0 ] || rm -rf -- "${folders[@]}"
if [ ${#volumes[@]} -gt 0 ]; then
  services=(node-1 node-2 node-3)
  # Filebeat's container, running or not, holds the log volume.
  if $logs; then services+=(filebeat); fi
  docker compose rm --stop --force "${services[@]}" >/dev/null
  docker volume rm "${volumes[@]}" >/dev/null
fi
echo "Deleted."
