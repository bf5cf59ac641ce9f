#!/usr/bin/env bash
# make faults ARGS='…': the faults with all that they stand on.
. "$(dirname "$0")/announce.sh"
infra/setup/packages.sh test
infra/setup/node.sh
infra/setup/guest.sh
exec infra/setup/with-docker.sh infra/setup/with-postgres.sh bash -c 'infra/setup/images.sh base && exec node test/faults/main.ts "$@"' faults "$@"
