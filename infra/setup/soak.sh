#!/usr/bin/env bash
# make soak ARGS='…': the soak with all that it stands on.
. "$(dirname "$0")/announce.sh"
infra/setup/packages.sh demo
infra/setup/node.sh
infra/setup/guest.sh
exec node test/soak/main.ts "$@"
