#!/usr/bin/env bash
# Installs the libraries, Node 24 among them, unless they are there as the lock file names them.
. "$(dirname "$0")/announce.sh"
installed=node_modules/.berth-lock
if [ -x node_modules/.bin/node ] && cmp --silent package-lock.json "$installed"; then exit 0; fi
say "npm ci: the libraries, and Node 24 in node_modules/.bin"
# The machine's own Node does it: the one in node_modules goes away meanwhile.
PATH=${PATH#"$PWD/node_modules/.bin:"} npm ci --no-audit --no-fund --loglevel=error
node_modules/.bin/node --version >/dev/null || fail "The npm package \`node\` brought no Node that runs here."
cp package-lock.json "$installed"
