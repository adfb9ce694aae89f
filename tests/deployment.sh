#!/usr/bin/env bash
# Checks what brings a fleet into the cloud: terraform/ against the provider's published schema, the manifests of k8s/
# against those of Kubernetes and KEDA, the Dockerfile. No cloud and no cluster has a part in it.
# Installs what it needs from the Python package index into a cache outside the checkout; the second run installs
# nothing. Needs terraform (1.11 or later) and python3 (3.11 or later), which no package of that index brings.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
cache="${TIDEGATE_DEPLOYMENT_CACHE:-$HOME/.cache/tidegate/deployment}"

for program in terraform python3; do
  command -v "$program" >/dev/null || {
    echo "tests/deployment.sh needs $program, which is not installed" >&2
    exit 1
  }
done

venv="$cache/venv-$(sha256sum "$here/deployment/requirements.txt" | cut -c1-12)"
if [ ! -e "$venv/ready" ]; then
  rm -rf "$venv"
  mkdir -p "$cache"
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check -r "$here/deployment/requirements.txt"
  touch "$venv/ready"
fi

export PATH="$venv/bin:$PATH" PYTHONDONTWRITEBYTECODE=1
python "$here/deployment/check_terraform.py" "$cache"
python "$here/deployment/check_kubernetes.py"
hadolint "$here/../Dockerfile"
echo 'terraform/, k8s/ and the Dockerfile hold what they promise'
