#!/usr/bin/env bash
# Installs the frameworks of JavaScript that the tests of their runners use: a folder for each
# version. What is already there is kept, so that a second call is quick.
#
#   tests/suites/packages.sh DIR
#
# Needs npm and the network. No browser is downloaded.
set -euo pipefail

if [ $# -ne 1 ]; then
  echo "usage: $0 DIR" >&2
  exit 2
fi
mkdir -p "$1"
cd "$1"

# Two callers must not set up the same folder at once.
if command -v flock >/dev/null; then
  exec 9>.lock
  flock 9
fi

# install FOLDER PACKAGES...: the packages of one version of a framework.
install() {
  local folder=$1
  shift
  [ "$(cat "$folder/.fetched" 2>/dev/null)" = "$*" ] && return
  rm -rf "$folder"
  mkdir "$folder"
  echo '{"private": true}' >"$folder/package.json"
  PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 npm install --silent --no-audit --no-fund --prefix "$folder" "$@"
  echo "$*" >"$folder/.fetched"
}

install jest jest@30.5.2
install jest-29 jest@29
install vitest vitest@4.1.12
# It needs a later Node than the one that Debian has, and brings it.
install vitest-5 vitest@5.1.1 node@22
install mocha mocha@11
install playwright @playwright/test@1.65.1
