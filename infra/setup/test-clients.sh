#!/usr/bin/env bash
# make test-clients: checks and tests of clients/python against a running controller; peers' packages come from PyPI into build/clients.
. "$(dirname "$0")/announce.sh"
infra/setup/packages.sh demo
infra/setup/node.sh
infra/setup/guest.sh
venv=build/clients
stamp=$(sha256sum clients/python/pyproject.toml)
if [ "$(cat "$venv/berth-installed" 2>/dev/null)" != "$stamp" ]; then
  say "pip install clients/python with its peers (into $venv)"
  python3 -m venv --clear "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check -e 'clients/python[test,inspect,verifiers]'
  # Without what it needs for training (torch), only its source is read.
  "$venv/bin/pip" install --quiet --disable-pip-version-check --no-deps 'trl>=1.16,<2'
  printf '%s' "$stamp" >"$venv/berth-installed"
fi
bin=$PWD/$venv/bin
cd clients/python
"$bin/ruff" format --check --quiet .
"$bin/ruff" check --quiet .
"$bin/mypy"
exec "$bin/pytest" -q "$@"
