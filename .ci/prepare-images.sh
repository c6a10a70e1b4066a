#!/usr/bin/env bash
# Makes the base images available where none can be pulled, if this checkout lies beside the tools for that.
# Ends with 0 if a Docker engine answers and has the images that the compose smoke test needs, with 1 if not.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
tools=$root/../shared/offline-images
prometheus=$(sed -n 's/^ *image: \(prom\/prometheus:.*\)$/\1/p' "$root/docker-compose.yml")
images=(debian:bookworm-slim rust:1.95-bookworm "$prometheus")

if [ -d "$tools" ]; then
  bash "$tools/engine.sh"
  bash "$tools/images.sh" "${images[@]}"
  exit 0
fi
if ! docker info >/dev/null 2>&1 || ! docker compose version >/dev/null 2>&1; then
  echo "No Docker engine with Compose answers here."
  exit 1
fi
for image in "${images[@]}"; do
  docker image inspect "$image" >/dev/null 2>&1 || docker pull --quiet "$image"
done
