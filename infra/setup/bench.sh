#!/usr/bin/env bash
# make bench ARGS='…': the benchmark with all that it stands on.
. "$(dirname "$0")/announce.sh"
infra/setup/packages.sh test
infra/setup/node.sh
infra/setup/guest.sh
exec infra/setup/with-docker.sh bash -c 'infra/setup/images.sh base && exec node bench/main.ts "$@"' bench "$@"
