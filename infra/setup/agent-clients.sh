#!/usr/bin/env bash
# Installs the programs of test/agents/clients into build/agent-clients, unless they are there as the lock file names them.
. "$(dirname "$0")/announce.sh"
from=test/agents/clients
into=build/agent-clients
if cmp --silent "$from/package-lock.json" "$into/.berth-lock"; then exit 0; fi
say "npm ci: Codex, the MCP Inspector and the MCP conformance suite, into $into (about 600 MB)"
mkdir -p "$into"
cp "$from/package.json" "$from/package-lock.json" "$into/"
(cd "$into" && npm ci --no-audit --no-fund --loglevel=error)
cp "$from/package-lock.json" "$into/.berth-lock"
