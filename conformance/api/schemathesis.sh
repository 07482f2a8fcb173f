#!/usr/bin/env bash
# Has schemathesis ask the server, on SQLite and without a cluster, what its OpenAPI document says can be asked: no answer is a
# 500, and each has a status, a type and a body that the document knows.
#
#     conformance/api/schemathesis.sh [SECONDS]    about two minutes where nothing is said
#
# Needs python3 and cargo.
set -euo pipefail
seconds=${1:-120}
here=$(cd "$(dirname "$0")" && pwd)
version=4.32.5

[ -d "$here/.venv" ] || python3 -m venv "$here/.venv"
"$here/.venv/bin/python" -c 'import schemathesis' 2>/dev/null ||
  "$here/.venv/bin/pip" install --quiet --disable-pip-version-check "schemathesis==$version"

cd "$here/../.."
# Built with the tests already, in a run of everything.
program=$PWD/${CARGO_TARGET_DIR:-target}/debug/keruta-server
[ "${KERUTA_BUILT:-}" = yes ] || cargo build --quiet -p keruta-server --bin keruta-server

work=$(mktemp -d)
server=
finish() {
  [ -z "$server" ] || { kill "$server" 2>/dev/null && wait "$server" 2>/dev/null; } || true
  rm -rf "$work"
}
trap finish EXIT

# Neither a cluster nor settings of this machine.
(cd "$work" && exec env -i PATH="$PATH" HOME="$work" KUBECONFIG="$work/none" \
  "$program" --listen 127.0.0.1:0 --log-level warn) 2>"$work/log" &
server=$!
address=
for _ in $(seq 100); do
  address=$(sed -n 's/.*listens on \(http[^ ]*\).*/\1/p' "$work/log")
  [ -n "$address" ] && break
  sleep 0.2
done
token=$(sed -n 's/^  \(keruta_admin_[^ ]*\)$/\1/p' "$work/log")
if [ -z "$address" ] || [ -z "$token" ]; then
  cat "$work/log" >&2
  exit 1
fi

# Bounded by time. A test message waits for who sends it, and is not asked for here.
cd "$work"
SCHEMATHESIS_HOOKS=$here/hooks.py "$here/.venv/bin/schemathesis" run "$address/api/openapi.json" \
  --header "Authorization: Bearer $token" --rate-limit 90/s --request-timeout 20 --workers 2 --seed 1 \
  --checks not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance \
  --exclude-path-regex '/test$' --phases examples,coverage,fuzzing --max-time "$seconds" --suppress-health-check all --warnings off --no-color || {
  status=$?
  echo "what the server said:" >&2
  tail -n 20 "$work/log" >&2
  exit "$status"
}
