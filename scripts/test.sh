#!/usr/bin/env bash
# Checks everything that can be checked without Docker's daemon: format, lints, tests, documents, scripts, configurations of the
# components, and real client libraries and applications against real nodes.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

usage() {
  cat <<'HELP'
Usage: test.sh [--quick] [--help]

  --quick   format, lints and Rust tests only

Needs a Rust toolchain of the version in Cargo.toml. What else is missing (shellcheck, promtool, docker compose, python3, node, go,
java, redis-cli) is named, and the checks that need it are left out; in CI (CI=true) a missing tool is a failure.
HELP
}

quick=false
for argument in "$@"; do
  case $argument in
    --quick) quick=true ;;
    --help | -h) usage; exit 0 ;;
    *) echo "test.sh: unknown argument $argument (see --help)" >&2; exit 2 ;;
  esac
done

# The lints are those of one compiler: a newer one may have more.
pinned=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
if command -v rustup >/dev/null 2>&1 && [ -z "${RUSTUP_TOOLCHAIN:-}" ]; then
  toolchain=$(rustup toolchain list | awk -v pinned="$pinned" 'index($1, pinned) == 1 { print $1; exit }')
  [ -z "$toolchain" ] || export RUSTUP_TOOLCHAIN=$toolchain
fi

skipped=()
step() { printf '\n== %s\n' "$*"; }
have() { # command, what is left out without it
  command -v "$1" >/dev/null 2>&1 && return 0
  if [ "${CI:-}" = true ]; then
    echo "error: $1 is missing, and CI leaves nothing out" >&2
    exit 1
  fi
  skipped+=("$2: $1 is not installed")
  return 1
}

step "format ($(rustc --version))"
cargo fmt --all --check
step "lints"
cargo clippy --workspace --all-targets --locked --quiet -- --deny warnings
step "tests"
cargo test --workspace --locked --quiet
step "documentation comments"
RUSTDOCFLAGS="--deny warnings" cargo doc --workspace --no-deps --locked --quiet
if $quick; then
  exit 0
fi

step "scripts"
if have shellcheck "scripts"; then
  git ls-files '*.sh' '.ci/run' | xargs shellcheck --external-sources
fi
step "dashboards, rules and configurations of the components"
if have python3 "dashboards, and the reader of the suite's output"; then
  python3 scripts/check_dashboards_test.py
  python3 scripts/redis_suite_report_test.py
fi
if have promtool "Prometheus rules"; then
  promtool check config --syntax-only prometheus/prometheus.yml
  promtool check rules prometheus/rules/*.yml
  promtool test rules prometheus/tests/*.yml
fi
if docker compose version >/dev/null 2>&1; then
  docker compose config --quiet
  docker compose --file docker-compose.logging.yml config --quiet
  docker compose --profile load config --quiet
else
  # Even CI machines may have no Compose plugin: the files are then checked where the smoke test runs.
  skipped+=("compose files: docker compose is not installed")
fi
if [ -x scripts/compat.sh ]; then
  step "client libraries"
  scripts/compat.sh
fi

step "hit ratios"
if have python3 "hit ratios" && have redis-server "hit ratios"; then
  cargo build --quiet --locked -p hypercache
  BINARY=${CARGO_TARGET_DIR:-target}/debug/hypercache scripts/hit-ratio.sh --smoke
fi

for what in ${skipped[@]+"${skipped[@]}"}; do
  echo "skipped: $what"
done
echo "all checks passed"
