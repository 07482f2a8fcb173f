#!/bin/sh
# Renders hazardous strings, alone and in whole tasks, and lets every reader read them back.
#
#     conformance/yaml/judge.sh [RANDOM_STRINGS] [SEED]
#
# Needs cargo, python3, node with npm, and kubectl. One line where all is well; otherwise what was misread, and 1.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
random=${1:-20000}
seed=${2:-1}
hazards=${HAZARDS:-$here/hazards.json}
out=${OUT:-$here/out}

[ -d "$here/.venv" ] || python3 -m venv "$here/.venv"
"$here/.venv/bin/python" -c 'import yaml' 2>/dev/null ||
  "$here/.venv/bin/pip" install --quiet --disable-pip-version-check pyyaml
[ -d "$here/node_modules" ] || (cd "$here" && npm ci --silent)

rm -rf "$out"
mkdir -p "$out"
report=$out/report.txt
verdict=0
# Unoptimized: the build would take longer than the run.
cargo run --quiet -p keruta-manifest --example yaml_streams -- "$out" "$hazards" "$random" "$seed" >"$report" || verdict=1
for reader in kubectl pyyaml; do
  "$here/.venv/bin/python" "$here/read_back.py" "$reader" "$out" >>"$report" || verdict=1
done
node "$here/read_back.mjs" "$out" >>"$report" || verdict=1

if [ "$verdict" = 0 ]; then
  echo "YAML read back: $(tr '\n' ';' <"$report" | sed 's/;$//; s/;/; /g')"
else
  cat "$report"
fi
rm -rf "$out"
exit "$verdict"
