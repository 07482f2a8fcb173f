# wait-http URL TIMEOUT INTERVAL [STATUS]: waits until a URL answers with a status (200, 2xx; default 2xx).
# Exit codes: 2 usage, 10 timed out.
set -eu
die() { printf 'wait-http: error: %s\n' "$2" >&2; exit "$1"; }
[ $# -eq 3 ] || [ $# -eq 4 ] || die 2 'expected URL TIMEOUT INTERVAL [STATUS]'
case $1 in *[[:cntrl:]]*) die 2 'not a URL' ;; http://*|https://*) ;; *) die 2 'not an http(s) URL' ;; esac
case $2$3 in *[!0-9]*) die 2 'TIMEOUT and INTERVAL are whole seconds' ;; esac
case ${4:-2xx} in
  [1-5]xx) wanted="${4:-2xx}"; wanted="${wanted%xx}[0-9][0-9]" ;;
  [1-5][0-9][0-9]) wanted=$4 ;;
  *) die 2 'STATUS is like 200 or 2xx' ;;
esac
trap 'exit 143' TERM
trap 'exit 130' INT
start=$(date +%s)
while :; do
  code=$(curl -q -g -s -o /dev/null -w '%{http_code}' --proto '=http,https' --max-time 5 --url "$1") || code=000
  # shellcheck disable=SC2254 # a pattern on purpose
  case $code in $wanted) break ;; 000) code='no answer' ;; esac
  now=$(($(date +%s) - start))
  [ "$now" -lt "$2" ] || die 10 "$1 did not answer ${4:-2xx} within $2 s (last: $code)"
  echo "wait-http: waiting for $1 ($code; $now of $2 s)"
  sleep "$3" & wait $!
done
echo "wait-http: $1 answers $code"
