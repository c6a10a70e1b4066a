# shellcheck shell=bash
# To be sourced: waits for a node that was started on free ports.

# Waits until a node is ready; where it listens is in `resp` and `http` then. Ends the script where it does not start.
resp='' http=''
await_node() { # binary, process, file of its standard error, what to call it
  local line='' deadline=$((SECONDS + 60))
  while [ -z "$line" ] || ! "$1" healthcheck --url "http://$http/health/ready" >/dev/null 2>&1; do
    if ! kill -0 "$2" 2>/dev/null || [ "$SECONDS" -ge "$deadline" ]; then
      echo "error: $4 did not start:" >&2
      cat "$3" >&2
      exit 1
    fi
    sleep 0.05
    line=$(grep -m 1 'RESP on .*, HTTP on ' "$3" || true)
    http=${line##*HTTP on }
    resp=${line##*RESP on }
    resp=${resp%%,*}
  done
}
