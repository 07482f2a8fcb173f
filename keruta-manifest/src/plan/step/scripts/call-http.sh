# call-http METHOD URL [HEADER]...: one HTTP call, with the body in KERUTA_HTTP_BODY where that is set, and with
# the header lines in KERUTA_HTTP_HEADER_1, _2, ... (for values from Secrets). Tried again when there is no answer
# or 408, 429, 5xx, so the endpoint may see it twice; KERUTA_HTTP_TIMEOUT seconds in all. Exit codes: 2 usage,
# 10 no good answer, 20 refused.
set -eu
die() { printf 'call-http: error: %s\n' "$2" >&2; exit "$1"; }
[ $# -ge 2 ] || die 2 'expected METHOD URL [HEADER]...'
method=$1 url=$2
shift 2
case $method in ''|*[!A-Z]*) die 2 'not an HTTP method' ;; esac
case $url in *[[:cntrl:]]*) die 2 'not a URL' ;; http://*|https://*) ;; *) die 2 'not an http(s) URL' ;; esac
child='' tmp=$(mktemp -t call-http.XXXXXX) || die 22 'no writable /tmp'
trap '[ -z "$child" ] || kill "$child" 2>/dev/null || :
  rm -f "$tmp" "$tmp.code"' EXIT
trap 'exit 143' TERM
trap 'exit 130' INT

# Headers go to curl by a file that only this user can read, the body by a pipe: neither is in the arguments.
header() {
  case $1 in *[[:cntrl:]]*) die 2 'control character in a header' ;; [!:@]*:*) ;; *) die 2 'a header is NAME: VALUE' ;; esac
  printf '%s\n' "$1" >>"$tmp"
}
for line; do header "$line"; done
n=1
while eval "[ -n \"\${KERUTA_HTTP_HEADER_$n+set}\" ]"; do
  eval "header \"\$KERUTA_HTTP_HEADER_$n\""
  n=$((n + 1))
done
set -- -X "$method"
[ "$method" != HEAD ] || set -- -I
[ -z "${KERUTA_HTTP_BODY+set}" ] || set -- "$@" --data-binary @-

limit=${KERUTA_HTTP_TIMEOUT:-300}
case $limit in ''|*[!0-9]*) die 2 'KERUTA_HTTP_TIMEOUT is whole seconds' ;; esac
try=1 pause=${KERUTA_HTTP_RETRY_DELAY:-2} start=$(date +%s)
while :; do
  left=$((limit - $(date +%s) + start))
  [ "$left" -ge 1 ] || left=1
  [ "$left" -le 60 ] || left=60
  printf '%s' "${KERUTA_HTTP_BODY-}" | curl -q -g -sS -H "@$tmp" --proto '=http,https' --connect-timeout 10 \
    --max-time "$left" -o /dev/null -w '%{http_code}' --url "$url" "$@" >"$tmp.code" & child=$!
  wait "$child" && code=$(cat "$tmp.code") || code=000
  child=''
  case $code in
    2??) break ;;
    000) code='no complete answer' ;;
    408|429|5??) ;;
    *) die 20 "$method $url: status $code" ;;
  esac
  [ "$try" -lt "${KERUTA_HTTP_ATTEMPTS:-1000}" ] && [ $(($(date +%s) - start + pause)) -lt "$limit" ] ||
    die 10 "$method $url: $code, $try times"
  echo "call-http: $method $url: $code; again in $pause s"
  sleep "$pause" & child=$!
  wait "$child"
  child='' pause=$((pause < 16 ? pause * 2 : 30)) try=$((try + 1))
done
echo "call-http: $method $url: status $code"
