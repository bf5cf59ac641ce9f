#!/usr/bin/env bash
# make test-clients: checks and tests of clients/python against a running controller; peers' packages come from PyPI into build/clients.
. "$(dirname "$0")/announce.sh"
infra/setup/packages.sh demo
infra/setup/node.sh
infra/setup/guest.sh
venv=build/clients
stamp=$(sha256sum clients/python/pyproject.toml "infra/setup/$(basename "$0")")
if [ "$(cat "$venv/berth-installed" 2>/dev/null)" != "$stamp" ]; then
  say "pip install clients/python with its peers (into $venv)"
  python3 -m venv --clear "$venv"
  # tinker-cookbook, verl and trl ask for torch, which is gigabytes; what the adapters meet of them does without, and imports the last four.
  "$venv/bin/pip" install --quiet --disable-pip-version-check -e 'clients/python[test,inspect,openenv,sandbox-fusion,skyrl,swe-rex,verifiers]' \
    'aiohttp>=3.9,<4' 'chz>=0.4,<0.5' 'omegaconf>=2.3,<3' 'pydantic>=2,<3'
  "$venv/bin/pip" install --quiet --disable-pip-version-check --no-deps \
    "tinker-cookbook==0.6.1; python_version >= '3.11'" "verl==0.9.1; python_version < '3.13'" 'trl==1.16.0'
  printf '%s' "$stamp" >"$venv/berth-installed"
fi
bin=$PWD/$venv/bin
cd clients/python
"$bin/ruff" format --check --quiet .
"$bin/ruff" check --quiet .
"$bin/mypy"
exec "$bin/pytest" -q "$@"
