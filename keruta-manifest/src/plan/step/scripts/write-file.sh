# write-file PATH MODE: writes the text in KERUTA_FILE_CONTENT to PATH, in one rename.
# Exit codes: 2 usage, 21 not writable.
set -eu
die() { printf 'write-file: error: %s\n' "$2" >&2; exit "$1"; }
[ $# -eq 2 ] || die 2 'expected PATH MODE'
case $1 in /*) path=$1 ;; ''|*/) die 2 'not the path of a file' ;; *) path=./$1 ;; esac
case $2 in [0-7][0-7][0-7]|[0-7][0-7][0-7][0-7]) ;; *) die 2 'MODE is octal, as 0644' ;; esac
[ ! -d "$path" ] || die 21 "$path is a directory"
tmp=''
trap '[ -z "$tmp" ] || rm -f "$tmp"' EXIT
trap 'exit 143' TERM
trap 'exit 130' INT
(umask 002; mkdir -p "${path%/*}/") && tmp=$(mktemp "${path%/*}/.write-file.XXXXXX") ||
  die 21 "cannot write to ${path%/*} as uid $(id -u)"
printf '%s' "${KERUTA_FILE_CONTENT?}" >"$tmp"
chmod "$2" "$tmp"
mv -f "$tmp" "$path"
tmp=''
echo "write-file: wrote $path"
