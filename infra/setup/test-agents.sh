#!/usr/bin/env bash
# make test-agents ARGS='…': agents' clients against a running Berth, with all that they stand on.
. "$(dirname "$0")/announce.sh"
infra/setup/packages.sh demo
infra/setup/node.sh
infra/setup/guest.sh
infra/setup/agent-clients.sh
exec node test/agents/main.ts "$@"
