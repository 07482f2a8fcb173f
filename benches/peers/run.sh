#!/bin/sh
# Measures keruta-manifest beside other ways to the same manifests: benches/peers/run.sh [BINARY]
#
# Installs the peers from PyPI and npm into folders of their own, takes jsonnet and kubectl from the system, and prints
# tables in Markdown. Run by hand on a quiet machine; it takes some minutes.
set -eu
cd "$(dirname "$0")"
for tool in python3 node npm jsonnet kubectl; do
  command -v "$tool" >/dev/null || { echo "run.sh: no $tool here (Debian: apt-get install $tool)" >&2; exit 1; }
done
if [ $# -gt 0 ]; then
  binary=$1
else
  (cd ../.. && cargo build --quiet --release --package keruta-manifest-cli)
  binary=${CARGO_TARGET_DIR:-../../target}/release/keruta-manifest
fi
[ -d .venv ] || python3 -m venv .venv
.venv/bin/pip install --quiet --disable-pip-version-check --requirement requirements.txt
npm install --no-package-lock --no-audit --no-fund --loglevel=error >/dev/null
.venv/bin/python inputs.py work
.venv/bin/python measure.py "$binary" work .venv/bin/python
