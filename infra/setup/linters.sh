#!/usr/bin/env bash
# linters.sh: ruff from PyPI into build/linters, for the tests of the lint grader; they say so where they lack it.
. "$(dirname "$0")/announce.sh"
venv=build/linters
[ -x "$venv/bin/ruff" ] && exit
say "pip install ruff (into $venv)"
python3 -m venv "$venv" && "$venv/bin/pip" install --quiet --disable-pip-version-check ruff==0.14.0 ||
  say "ruff could not be installed: its tests are skipped"
