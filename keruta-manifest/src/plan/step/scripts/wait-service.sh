# wait-service NAME TIMEOUT INTERVAL: waits until the name of a Service resolves.
# A name without a dot is looked up in the Pod's namespace (KERUTA_NAMESPACE). Exit codes: 2 usage, 10 timed out.
set -eu
die() { printf 'wait-service: error: %s\n' "$2" >&2; exit "$1"; }
[ $# -eq 3 ] || die 2 'expected NAME TIMEOUT INTERVAL'
case $1 in ''|-*|*[!A-Za-z0-9._-]*) die 2 'not a host name' ;; esac
case $2$3 in *[!0-9]*) die 2 'TIMEOUT and INTERVAL are whole seconds' ;; esac
name=$1
case $name in *.*) ;; *) name=$name.${KERUTA_NAMESPACE:?}.svc.${KERUTA_CLUSTER_DOMAIN:-cluster.local} ;; esac
trap 'exit 143' TERM
trap 'exit 130' INT
start=$(date +%s)
# The exit status of busybox's nslookup is wrong in some versions (an IPv4-only name fails): its words count.
until nslookup "$name" 2>/dev/null | grep -q '^Name:'; do
  now=$(($(date +%s) - start))
  [ "$now" -lt "$2" ] || die 10 "$name did not resolve within $2 s"
  echo "wait-service: waiting for $name ($now of $2 s)"
  sleep "$3" & wait $!
done
echo "wait-service: $name resolves"
