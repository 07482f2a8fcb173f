#!/bin/sh
# Holds every golden of snapshots/ against the OpenAPI schemas of Kubernetes 1.33 to 1.37, strictly, and shows that
# the schemas refuse a manifest with a mistake in it.
#
#     conformance/kubernetes-validate.sh
#
# Needs python3. One line where all is well; otherwise what is wrong, and 1.
set -eu
here=$(cd "$(dirname "$0")" && pwd)

[ -d "$here/.venv" ] || python3 -m venv "$here/.venv"
"$here/.venv/bin/python" -c 'import kubernetes_validate' 2>/dev/null ||
  "$here/.venv/bin/pip" install --quiet --disable-pip-version-check kubernetes-validate==1.37.0

exec "$here/.venv/bin/python" "$here/kubernetes-validate.py" "$here/../snapshots"
