#!/bin/sh
# Installs the server, with the versions of requirements-serve.lock and nothing that trains, into a new folder:
#   sh serve/install.sh FOLDER
# PYTHON names the interpreter, 3.11 or newer. FOLDER may be read-only afterwards.
set -eu
target=$1
cd "$(dirname "$0")/.."

"${PYTHON:-python3}" -m venv "$target"
pip="$target/bin/python -m pip --quiet --disable-pip-version-check --no-cache-dir"
wheels=$(mktemp -d)
trap 'rm -rf "$wheels"' EXIT

$pip install --require-hashes --only-binary :all: -r requirements-serve.lock
$pip wheel --no-deps --wheel-dir "$wheels" .
$pip install --no-deps --no-index "$wheels"/*.whl
$pip uninstall --yes pip setuptools

# Half of what onnxruntime installs is for C programs and for making models; numpy brings its tests.
packages=$(echo "$target"/lib/python3*/site-packages)
rm -rf "$packages"/onnxruntime/capi/libonnxruntime.so* \
  "$packages"/onnxruntime/quantization "$packages"/onnxruntime/tools "$packages"/onnxruntime/transformers
find "$packages/numpy" -type d -name tests -prune -exec rm -rf {} +
