# wait-tcp HOST PORT TIMEOUT INTERVAL: waits until a TCP port accepts a connection.
# Exit codes: 2 usage, 10 timed out, 22 no nc in this image.
set -eu
die() { printf 'wait-tcp: error: %s\n' "$2" >&2; exit "$1"; }
[ $# -eq 4 ] || die 2 'expected HOST PORT TIMEOUT INTERVAL'
case $1 in ''|-*|*[!A-Za-z0-9.:_-]*) die 2 'not a host name' ;; esac
case $2$3$4 in *[!0-9]*) die 2 'PORT, TIMEOUT and INTERVAL are whole numbers' ;; esac
command -v nc >/dev/null || die 22 'this image has no nc'
trap 'exit 143' TERM
trap 'exit 130' INT
start=$(date +%s)
while :; do
  # The second form is for an nc without -z.
  { nc -z -w 3 "$1" "$2" || nc -w 3 "$1" "$2" -e true; } </dev/null >/dev/null 2>&1 & wait $! && break
  now=$(($(date +%s) - start))
  [ "$now" -lt "$3" ] || die 10 "$1 port $2 did not open within $3 s"
  echo "wait-tcp: waiting for $1 port $2 ($now of $3 s)"
  sleep "$4" & wait $!
done
echo "wait-tcp: $1 port $2 is open"
