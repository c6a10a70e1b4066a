#!/usr/bin/env bash
# Holds the miss-ratio curves to simulated caches on two public traces, which are not part of this repository.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

usage() {
  cat <<'HELP'
Usage: public-traces.sh [--keep FOLDER] [--help]

  --keep FOLDER   where the traces lie, or are put; left out: a temporary folder, removed at the end

Brings the source package of libcachesim with pip (80 MB), takes two traces out of it, one of a disk (CloudPhysics) and one of a cache
(Twitter, cluster 52), makes each a file with a key and its bytes in each line, and runs the test that reads them.
HELP
}

folder=''
while [ $# -gt 0 ]; do
  case $1 in
    --keep) folder=${2:?--keep needs a folder}; shift 2 ;;
    --help | -h) usage; exit 0 ;;
    *) echo "public-traces.sh: unknown argument $1 (see --help)" >&2; exit 2 ;;
  esac
done
if [ -z "$folder" ]; then
  folder=$(mktemp -d)
  trap 'rm -rf "$folder"' EXIT
fi
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)

if [ ! -s "$folder/cloudphysics.txt" ] || [ ! -s "$folder/twitter.txt" ]; then
  pip download --quiet --no-deps --no-binary :all: --dest "$folder" libcachesim==0.3.5
  data=libcachesim-0.3.5/src/libCacheSim/data
  tar xzf "$folder/libcachesim-0.3.5.tar.gz" -C "$folder" "$data/cloudPhysicsIO.csv" "$data/twitter_cluster52.csv"
  # The columns are version, time, operation, bytes, block; and time, key, bytes, next access.
  awk -F, 'NR > 1 { print $5, $4 }' "$folder/$data/cloudPhysicsIO.csv" >"$folder/cloudphysics.txt"
  awk -F', ' 'NR > 1 { print $2, $3 }' "$folder/$data/twitter_cluster52.csv" >"$folder/twitter.txt"
  rm -rf "$folder/libcachesim-0.3.5" "$folder/libcachesim-0.3.5.tar.gz"
fi
cd "$root"
HYPERCACHE_TRACES="$folder/cloudphysics.txt:$folder/twitter.txt" \
  cargo test -p hypercache --test public_traces -- --ignored --nocapture
