#!/usr/bin/env bash
# Starts the system, or a part of it, with Docker Compose, and waits until every part is healthy.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=scripts/require-docker.sh
. "$root/scripts/require-docker.sh"

usage() {
  cat <<'HELP'
Usage: start-system.sh [--all|--cluster|--monitor] [--clean] [--dry-run] [--help]

  --all       the three nodes and everything that watches them (default)
  --cluster   the three nodes
  --monitor   Prometheus, Tempo, Elasticsearch, Filebeat and Grafana
  --clean     first remove the chosen part's containers and the data in its volumes
  --dry-run   print what would be done

Running it again changes nothing that runs already. Stop everything with: docker compose --profile load down
HELP
}

nodes=(node-1 node-2 node-3)
monitor=(prometheus tempo elasticsearch elasticsearch-setup filebeat grafana)
node_volumes=(node-1-data node-2-data node-3-data node-logs)
monitor_volumes=(prometheus-data tempo-data elasticsearch-data filebeat-data grafana-data)

scope=all clean=false dry_run=false
for argument in "$@"; do
  case $argument in
    --all | --cluster | --monitor) scope=${argument#--} ;;
    --clean) clean=true ;;
    --dry-run) dry_run=true ;;
    --help | -h) usage; exit 0 ;;
    *) echo "start-system.sh: unknown argument $argument (see --help)" >&2; exit 2 ;;
  esac
done
case $scope in
  all) services=("${nodes[@]}" "${monitor[@]}") volumes=("${node_volumes[@]}" "${monitor_volumes[@]}") ;;
  cluster) services=("${nodes[@]}") volumes=("${node_volumes[@]}") ;;
  monitor) services=("${monitor[@]}") volumes=("${monitor_volumes[@]}") ;;
esac

require_docker
cd "$root"

run() {
  if $dry_run; then
    echo "would run: $*"
  else
    "$@"
  fi
}

# Filebeat mounts the nodes' logs, and a mounted volume cannot be removed: it goes with the nodes and comes back after them.
holders=() restart=()
clean_chosen() {
  if [ "$scope" = cluster ]; then
    holders=(filebeat)
    [ -z "$(docker compose ps --quiet --status running filebeat)" ] || restart=(filebeat)
  fi
  run docker compose rm --stop --force "${services[@]}" "${holders[@]}"
  local found
  mapfile -t found < <(project_volumes "${volumes[@]}")
  [ ${#found[@]} -eq 0 ] || run docker volume rm "${found[@]}"
}

# Waiting is done here and not by `up --wait`, which takes a one-shot that has ended well for a failure.
not_ready() {
  local service state
  for service in "${services[@]}"; do
    state=$(docker compose ps --all --format '{{.State}} {{.Health}} {{.ExitCode}}' "$service" | head -n 1)
    case $service:$state in
      elasticsearch-setup:"exited  0") ;;
      *:"running healthy "*) ;;
      *) echo "$service (${state:-absent})" ;;
    esac
  done
}

wait_until_ready() {
  local deadline=$((SECONDS + ${START_TIMEOUT:-300})) waiting
  while waiting=$(not_ready) && [ -n "$waiting" ]; do
    if [ $SECONDS -ge $deadline ]; then
      echo "error: not ready in time:" >&2
      while IFS= read -r line; do echo "  $line" >&2; done <<<"$waiting"
      echo "See: docker compose logs <service>" >&2
      exit 1
    fi
    sleep 2
  done
}

if $clean; then
  clean_chosen
fi
build=()
[ "$scope" = monitor ] || build=(--build)
run docker compose up --detach "${build[@]}" "${services[@]}"
if [ ${#restart[@]} -gt 0 ]; then
  run docker compose up --detach --no-deps "${restart[@]}"
fi
if $dry_run; then
  exit 0
fi
echo "Waiting for ${services[*]} ..."
wait_until_ready

if [ "$scope" != monitor ]; then
  echo "Nodes      redis-cli -p 8080 (8081, 8082)      http://localhost:9080/health (9081, 9082)"
fi
if [ "$scope" != cluster ]; then
  echo "Grafana    http://localhost:3000 (admin / admin123)"
  echo "Prometheus http://localhost:9090      Elasticsearch http://localhost:9200      Tempo http://localhost:3200"
fi
echo "Traffic    scripts/generate-dashboard-load.sh"
