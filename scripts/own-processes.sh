# shellcheck shell=bash
# To be sourced: what a script starts for itself ends with it.

# A folder of the script's own, and the processes that it has started and lets run to its end. Both go when it ends, however
# it does.
folder='' processes=()
own_folder() { # what the folder is for
  folder=$(mktemp -d "${TMPDIR:-/tmp}/hypercache-$1.XXXXXX")
  trap clean_up EXIT
  trap 'exit 130' INT TERM
}
# shellcheck disable=SC2317 # the trap calls it
clean_up() {
  local code=$? pid
  for pid in ${processes[@]+"${processes[@]}"}; do
    kill "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  done
  rm -rf "$folder"
  exit "$code"
}
