#!/usr/bin/env bash
# make attacks ARGS='…': the attack suite with all that it stands on.
. "$(dirname "$0")/announce.sh"
infra/setup/packages.sh test
infra/setup/node.sh
infra/setup/guest.sh
exec infra/setup/with-docker.sh bash -c 'infra/setup/images.sh base && exec node test/attacks/main.ts "$@"' attacks "$@"
