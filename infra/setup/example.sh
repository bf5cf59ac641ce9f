#!/usr/bin/env bash
# make example NAME=… ARGS='…': an example of examples/ with all that it stands on.
. "$(dirname "$0")/announce.sh"
infra/setup/packages.sh demo
infra/setup/node.sh
infra/setup/guest.sh
exec node examples/runner/main.ts "$@"
