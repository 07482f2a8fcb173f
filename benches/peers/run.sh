#!/bin/sh
# Measures keruta-manifest beside other ways to the same manifests: benches/peers/run.sh [BINARY]
#
# Installs the peers from PyPI and npm into folders of their own, takes jsonnet and kubectl from the system, and prints
# tables in Markdown. Run by hand on a quiet machine; it takes some minutes.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
for tool in python3 node npm jsonnet kubectl; do
  command -v "$tool" >/dev/null || { echo "run.sh: no $tool here (Debian: apt-get install $tool)" >&2; exit 1; }
done
if [ $# -gt 0 ]; then
  binary=$(realpath "$1")
else
  (cd "$here/../.." && cargo build --quiet --release --package keruta-manifest-cli --target-dir target)
  binary=$here/../../target/release/keruta-manifest
fi
cd "$here"
[ -d .venv ] || python3 -m venv .venv
.venv/bin/pip install --quiet --disable-pip-version-check --requirement requirements.txt
npm install --no-package-lock --no-audit --no-fund --loglevel=error >/dev/null
.venv/bin/python inputs.py work
# cdk8s for Python warns of every node but the newest, at each start.
JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION=$(node -p 'process.versions.node.split(".")[0]')
export JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION JSII_SILENCE_WARNING_DEPRECATED_NODE_VERSION=1
.venv/bin/python measure.py "$binary" work .venv/bin/python
