# call-http METHOD URL [HEADER]...: one HTTP call, with the body in KERUTA_HTTP_BODY where that is set, and with
# the header lines in KERUTA_HTTP_HEADER_1, _2, ... (for values from Secrets). Tried again when there is no answer
# or 408, 429, 5xx, so the endpoint may see it twice. Exit codes: 2 usage, 10 no good answer, 20 refused.
set -eu
die() { printf 'call-http: error: %s\n' "$2" >&2; exit "$1"; }
[ $# -ge 2 ] || die 2 'expected METHOD URL [HEADER]...'
method=$1 url=$2
shift 2
case $method in ''|*[!A-Z]*) die 2 'not an HTTP method' ;; esac
case $url in *[[:cntrl:]]*) die 2 'not a URL' ;; http://*|https://*) ;; *) die 2 'not an http(s) URL' ;; esac
child=''
trap '[ -z "$child" ] || kill "$child" 2>/dev/null || :' EXIT
trap 'exit 143' TERM
trap 'exit 130' INT

n=1
while eval "[ -n \"\${KERUTA_HTTP_HEADER_$n+set}\" ]"; do
  eval "set -- \"\$@\" \"\$KERUTA_HTTP_HEADER_$n\""
  n=$((n + 1))
done
for header; do
  case $header in *[[:cntrl:]]*) die 2 'control character in a header' ;; [!:]*:*) ;; *) die 2 'a header is not NAME: VALUE' ;; esac
done

# curl's own configuration language on standard input: no header and no body shows in the arguments.
quote() { printf '%s' "$1" | sed -e 's/[\\"]/\\&/g' -e 's/	/\\t/g' -e "s/$(printf '\r')/\\\\r/g" | awk 'NR > 1 { printf "\\n" } { printf "%s", $0 }'; }
config() {
  for header; do printf 'header = "%s"\n' "$(quote "$header")"; done
  # The mark keeps line breaks at the end.
  body=$(quote "${KERUTA_HTTP_BODY-}.")
  [ -z "${KERUTA_HTTP_BODY+set}" ] || printf 'data-raw = "%s"\n' "${body%.}"
}

try=1 pause=${KERUTA_HTTP_RETRY_DELAY:-2}
while :; do
  exec 3>&1
  { config "$@" | curl -q -g -sS -K - -X "$method" --proto '=http,https' --connect-timeout 10 --max-time 60 \
    -o /dev/null -w 'call-http: status %{http_code}\n' --url "$url" >&3; } & child=$!
  code=000
  child=''
  break
done
