#!/bin/sh
# Installs the server, with the versions of requirements-serve.lock and nothing that trains, into a new folder:
#   sh serve/install.sh FOLDER
# PYTHON names the interpreter, 3.11 or newer. FOLDER may be read-only afterwards.
set -eu
umask 022  # whoever runs the server is not whoever installs it
target=$1
cd "$(dirname "$0")/.."
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
pip="-m pip --quiet --disable-pip-version-check --no-cache-dir"
locked="install --require-hashes --only-binary :all:"

"${PYTHON:-python3}" -m venv "$room/build"
"$room/build/bin/python" $pip $locked -r requirements-build.lock
"$room/build/bin/python" $pip wheel --no-build-isolation --no-deps --wheel-dir "$room" .

"${PYTHON:-python3}" -m venv "$target"
"$target/bin/python" $pip $locked -r requirements-serve.lock
"$target/bin/python" $pip install --no-deps --no-index "$room"/*.whl
"$target/bin/python" $pip uninstall --yes pip setuptools

# Half of what onnxruntime installs is for C programs and for making models; numpy brings its tests.
packages=$(echo "$target"/lib/python3*/site-packages)
rm -rf "$packages"/onnxruntime/capi/libonnxruntime.so* \
  "$packages"/onnxruntime/quantization "$packages"/onnxruntime/tools "$packages"/onnxruntime/transformers
find "$packages/numpy" -type d -name tests -prune -exec rm -rf {} +
