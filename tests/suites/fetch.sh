#!/usr/bin/env bash
# Sets up four real test suites in a folder: sources from the registries, a Python environment,
# and the layer file of each. What is already there is kept, so that a second call is quick.
#
#   tests/suites/fetch.sh DIR
#
# Needs python3 (with venv), cargo, npm and the network. `README.md` says what the suites are.
set -euo pipefail

CLICK=8.5.1
MORE_ITERTOOLS=11.2.1
PYTEST=9.2.0
BYTES=1.12.2
LIGHT_MY_REQUEST=6.8.1
# What the tests of light-my-request require beside its own dependencies.
NODE_NEEDS=(
  end-of-stream@1.4.5 express@5.3.0 form-auto-content@3.2.1 form-data@4.0.6
  formdata-node@6.0.3 multer@2.5.0 undici@7.30.2
)

if [ $# -ne 1 ]; then
  echo "usage: $0 DIR" >&2
  exit 2
fi
layers=$(cd "$(dirname "$0")/layers" && pwd)
mkdir -p "$1"
folder=$(cd "$1" && pwd)
cd "$folder"

# Two callers must not set up the same folder at once.
if command -v flock >/dev/null; then
  exec 9>.lock
  flock 9
fi

# is_done SUITE VERSION: whether exactly this was set up before.
is_done() { [ "$(cat "$folder/$1/.fetched" 2>/dev/null)" = "$2" ]; }
done_with() { printf '%s\n' "$2" >"$folder/$1/.fetched"; }

python_environment() {
  is_done venv "$PYTEST" && return
  rm -rf venv
  python3 -m venv venv
  venv/bin/pip install --quiet --disable-pip-version-check "pytest==$PYTEST"
  done_with venv "$PYTEST"
}

# from_pypi SUITE VERSION: unpacks the source distribution and installs it.
from_pypi() {
  is_done "$1" "$2" && return
  rm -rf "$1" download
  venv/bin/pip download --quiet --disable-pip-version-check --no-deps --no-binary "$1" \
    --dest download "$1==$2"
  mkdir "$1"
  tar -xzf download/*.tar.gz -C "$1" --strip-components=1
  venv/bin/pip install --quiet --disable-pip-version-check --no-deps "./$1"
  rm -rf download
  done_with "$1" "$2"
}

# from_crates_io SUITE VERSION: copies the source that Cargo fetches for a crate that needs it.
from_crates_io() {
  is_done "$1" "$2" && return
  rm -rf "$1" download
  mkdir -p download/src
  touch download/src/lib.rs
  cat >download/Cargo.toml <<TOML
[package]
name = "download"
version = "0.0.0"
edition = "2021"

[dependencies]
$1 = "=$2"

[workspace]
TOML
  local manifest
  manifest=$(
    cargo metadata --quiet --format-version 1 --manifest-path download/Cargo.toml |
      python3 -c 'import json, sys
print(next(p["manifest_path"] for p in json.load(sys.stdin)["packages"] if p["name"] == sys.argv[1]))' "$1"
  )
  cp -R "$(dirname "$manifest")" "$1"
  chmod -R u+w "$1"
  # Its own workspace, whatever surrounds the folder.
  printf '\n[workspace]\n' >>"$1/Cargo.toml"
  cargo fetch --quiet --manifest-path "$1/Cargo.toml"
  rm -rf download
  done_with "$1" "$2"
}

# from_npm SUITE VERSION NEEDS...: unpacks the published package and installs what it needs.
from_npm() {
  local suite=$1 version=$2
  shift 2
  is_done "$suite" "$version" && return
  rm -rf "$suite" download
  mkdir download "$suite"
  (cd download && npm pack --silent "$suite@$version" >/dev/null)
  tar -xzf download/*.tgz -C "$suite" --strip-components=1
  (
    cd "$suite"
    # Linters and the like are not needed to run the tests.
    npm pkg delete devDependencies
    npm install --silent --no-save --no-audit --no-fund --ignore-scripts "$@"
  )
  rm -rf download
  done_with "$suite" "$version"
}

python_environment
from_pypi click "$CLICK"
from_pypi more-itertools "$MORE_ITERTOOLS"
from_crates_io bytes "$BYTES"
from_npm light-my-request "$LIGHT_MY_REQUEST" "${NODE_NEEDS[@]}"

for suite in click more-itertools bytes light-my-request; do
  cp "$layers/$suite.yaml" "$suite/apex.yaml"
done
