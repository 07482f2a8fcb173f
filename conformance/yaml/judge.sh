#!/bin/sh
# Renders hazardous strings and lets every reader read them back.
#
#     conformance/yaml/judge.sh [RANDOM_STRINGS] [SEED]
#
# Needs cargo, python3, node with npm, and kubectl. Ends with 1 if any reader misread anything.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
random=${1:-20000}
seed=${2:-1}
hazards=${HAZARDS:-$here/hazards.json}
out=${OUT:-$here/out}

[ -d "$here/.venv" ] || python3 -m venv "$here/.venv"
"$here/.venv/bin/python" -c 'import yaml' 2>/dev/null || "$here/.venv/bin/pip" install --quiet pyyaml
[ -d "$here/node_modules" ] || (cd "$here" && npm ci --silent)

rm -rf "$out"
cargo run --quiet --release --example yaml_streams -- "$out" "$hazards" "$random" "$seed"

verdict=0
"$here/.venv/bin/python" "$here/read_back.py" kubectl "$out" || verdict=1
"$here/.venv/bin/python" "$here/read_back.py" pyyaml "$out" || verdict=1
node "$here/read_back.mjs" "$out" || verdict=1
rm -rf "$out"
exit $verdict
