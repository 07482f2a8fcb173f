# setup: runs the setup script of the repository, then fetches the document; works in the current directory.
# Exit codes: 2 usage, 10 the API does not answer, 20 the API refuses, 21 not writable, 30 the script failed.
set -eu
umask 002
export LC_ALL=C
say() { printf 'setup: %s\n' "$1"; }
die() { printf 'setup: error: %s\n' "$2" >&2; exit "$1"; }

# The script that runs below needs no token, so it gets none in its environment.
token=${KERUTA_API_TOKEN:-}
unset KERUTA_API_TOKEN
case $token in *[[:cntrl:]]*) die 2 'KERUTA_API_TOKEN has a control character (a line break at its end?)' ;; esac
child='' part=''
trap '[ -z "$child" ] || kill "$child" 2>/dev/null || :
  [ -z "$part" ] || rm -f "$part" "$part.code"' EXIT
trap 'exit 143' TERM
trap 'exit 130' INT
[ ! -L .keruta ] || die 21 '.keruta is a symbolic link'
mkdir -p .keruta && part=$(mktemp .keruta/part.XXXXXX) || die 21 "$PWD/.keruta is not writable for uid $(id -u)"

headers() { [ -z "$token" ] || printf 'Authorization: Bearer %s\n' "$token"; }

# get KIND ID PART-OF-PATH: the answer into $part, its status into $code; fails the step unless 2xx or 404.
get() {
  case $2 in .|..|*[!A-Za-z0-9._~%-]*) die 2 "the $1 id is not an id" ;; esac
  [ -n "${KERUTA_API_ENDPOINT:-}" ] || die 2 'KERUTA_API_ENDPOINT is not set'
  url=${KERUTA_API_ENDPOINT%/}/api/v1/$1/$2/$3
  try=1 pause=${KERUTA_API_RETRY_DELAY:-2}
  while :; do
    : >"$part"
    # The header comes by standard input: the token is in no process's arguments.
    headers | curl -q -g -sS -L --proto '=http,https' --connect-timeout 10 --max-time 300 \
      -H @- -o "$part" -w '%{http_code}' --url "$url" >"$part.code" & child=$!
    wait "$child" && code=$(cat "$part.code") || code=000
    child=''
    case $code in
      2??|404) return 0 ;;
      000|408|429|5??) ;;
      *) die 20 "the API answered $code to GET $url" ;;
    esac
    [ "$code" != 000 ] || code='no complete answer'
    [ "$try" -lt "${KERUTA_API_ATTEMPTS:-5}" ] || die 10 "GET $url: $code, $try times"
    say "GET $url: $code; again in $pause s"
    sleep "$pause" & child=$!
    wait "$child"
    child='' pause=$((pause * 2)) try=$((try + 1))
  done
}

# put FILE MODE: the download takes its place in one rename.
put() {
  [ ! -d ".keruta/$1" ] || die 21 ".keruta/$1 is a directory"
  chmod "$2" "$part"
  mv -f "$part" ".keruta/$1"
}

run=''
if [ -n "${KERUTA_REPOSITORY_ID:-}" ]; then
  get repositories "$KERUTA_REPOSITORY_ID" script
  if [ "$code" = 404 ] || [ ! -s "$part" ]; then
    say "repository $KERUTA_REPOSITORY_ID has no setup script"
  else
    put install.sh 775
    run='downloaded'
  fi
elif [ -f .keruta/install.sh ]; then
  run="repository's own"
fi
if [ -n "$run" ]; then
  say "running the $run setup script"
  # Not executable: a file without the bit, or a volume mounted noexec.
  if [ -x .keruta/install.sh ]; then ./.keruta/install.sh </dev/null & child=$!
  else sh ./.keruta/install.sh </dev/null & child=$!; fi
  status=0
  wait "$child" || status=$?
  child=''
  [ "$status" -ne 127 ] || say 'status 127: a command, or the interpreter of its first line, is not in this image'
  [ "$status" -eq 0 ] || die 30 "the $run setup script ended with status $status"
fi

if [ -n "${KERUTA_DOCUMENT_ID:-}" ]; then
  get documents "$KERUTA_DOCUMENT_ID" content
  [ "$code" != 404 ] || die 20 "there is no document $KERUTA_DOCUMENT_ID"
  put README.md 664
  say "document $KERUTA_DOCUMENT_ID is in .keruta/README.md"
fi
