#!/usr/bin/env bash
# make soak-controllers ARGS='…': two controllers on one PostgreSQL with all that they stand on.
. "$(dirname "$0")/announce.sh"
infra/setup/packages.sh test
infra/setup/node.sh
infra/setup/guest.sh
exec infra/setup/with-postgres.sh node test/soak/controllers.ts "$@"
