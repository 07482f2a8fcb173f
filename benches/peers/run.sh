#!/bin/sh
# Measures keruta-manifest beside other ways to the same manifests: benches/peers/run.sh [BINARY]
#
# Installs the peers from PyPI and npm into folders of their own, takes jsonnet and kubectl from the system (and installs
# them from Debian where it may), and prints tables in Markdown. Run by hand on a quiet machine; it takes some minutes.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
# Debian packages by the command that each is needed for.
missing=$(while read -r tool package; do command -v "$tool" >/dev/null || printf ' %s' "$package"; done <<END
python3 python3
node nodejs
npm npm
jsonnet jsonnet
kubectl kubernetes-client
END
)
python3 -c 'import venv, ensurepip' 2>/dev/null || missing="$missing python3-venv"
if [ -n "$missing" ]; then
  [ "$(id -u)" -eq 0 ] || { echo "run.sh: missing here; on Debian, as root: apt-get install$missing" >&2; exit 1; }
  apt-get update -qq
  # shellcheck disable=SC2086 # a list of words
  apt-get install -qq -y --no-install-recommends $missing
fi
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
