# shellcheck shell=bash
# Sourced by the scripts that drive Docker: ends them with a clear message when Docker cannot be used.

require_docker() {
  if ! command -v docker >/dev/null 2>&1; then
    echo "error: docker is not installed (https://docs.docker.com/get-docker/)." >&2
    echo "       Without Docker: scripts/build-and-run.sh run node-1" >&2
    exit 3
  fi
  if ! docker compose version >/dev/null 2>&1; then
    echo "error: Docker is here, but its Compose plugin is not (https://docs.docker.com/compose/install/)." >&2
    exit 3
  fi
  if ! docker info >/dev/null 2>&1; then
    echo "error: the Docker daemon does not answer. Is it running, and may $(id -un) use it?" >&2
    exit 3
  fi
}

# The names of this project's volumes that a service's short volume names stand for, as far as they exist.
project_volumes() {
  local project=${COMPOSE_PROJECT_NAME:-hypercache} short
  for short in "$@"; do
    docker volume ls --quiet \
      --filter "label=com.docker.compose.project=$project" --filter "label=com.docker.compose.volume=$short"
  done
}
