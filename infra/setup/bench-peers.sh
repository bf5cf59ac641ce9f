#!/usr/bin/env bash
# make bench-peers: Berth, docker exec and SWE-ReX (from PyPI, into build/peers) in turns on the same work.
. "$(dirname "$0")/announce.sh"
infra/setup/packages.sh test
infra/setup/node.sh
infra/setup/guest.sh
venv=build/peers/venv
if ! "$venv/bin/python" -c 'import swerex' 2>/dev/null; then
  say "pip install swe-rex (into $venv)"
  mkdir -p build/peers
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check swe-rex==1.4.0
fi
exec infra/setup/with-docker.sh bash -c 'infra/setup/images.sh python && exec node bench/peers/main.ts "$@"' bench-peers "$@"
