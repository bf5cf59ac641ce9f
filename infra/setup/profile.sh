#!/usr/bin/env bash
# make profile ARGS='…': where the processor time of a tool call goes.
. "$(dirname "$0")/announce.sh"
infra/setup/packages.sh test
infra/setup/node.sh
infra/setup/guest.sh
exec node bench/profile/main.ts "$@"
