#!/usr/bin/env bash
# Fetches the source package of Debian's Redis, which has its test suite; tells the path of the archive on standard output.
# Fails where there is no apt, or its servers have no sources.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

home=${CARGO_TARGET_DIR:-$PWD/target}/redis-suite/debian
rm -rf "$home/source"
mkdir -p "$home/lists/partial" "$home/cache/archives/partial" "$home/source"

# The machine's own servers, asked for sources from a list of our own: what is configured here stays as it is.
if [ -f /etc/apt/sources.list.d/debian.sources ]; then
  list=$home/sources.sources
  sed 's/^Types: deb$/Types: deb-src/' /etc/apt/sources.list.d/debian.sources >"$list"
else
  list=$home/sources.list
  sed -n 's/^deb /deb-src /p' /etc/apt/sources.list >"$list"
fi

options=(
  -qq -o "Dir::Etc::sourcelist=$list" -o Dir::Etc::sourceparts=- -o "Dir::State::lists=$home/lists"
  -o "Dir::Cache=$home/cache" -o APT::Sandbox::User=root
)
apt-get "${options[@]}" update >&2
(cd "$home/source" && apt-get "${options[@]}" source --download-only redis >&2)
archives=("$home"/source/redis_*.orig.tar.gz)
[ -f "${archives[0]}" ] || { echo "the source package has no archive that is known here" >&2; exit 1; }
echo "${archives[0]}"
