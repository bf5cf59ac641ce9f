#!/usr/bin/env bash
# make cheats ARGS='…': the cheat corpus with all that it stands on.
. "$(dirname "$0")/announce.sh"
infra/setup/packages.sh demo
infra/setup/node.sh
infra/setup/guest.sh
exec node test/attacks/verdict/main.ts "$@"
