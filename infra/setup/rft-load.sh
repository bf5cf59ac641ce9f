#!/usr/bin/env bash
# make rft-load ARGS='…': the load of a hosted trainer with all that it stands on.
. "$(dirname "$0")/announce.sh"
infra/setup/packages.sh test
infra/setup/node.sh
infra/setup/guest.sh
exec node bench/rft-load.ts "$@"
