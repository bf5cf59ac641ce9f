#!/usr/bin/env bash
# make scale ARGS='…': the real controller with a simulated cluster, on a private PostgreSQL.
. "$(dirname "$0")/announce.sh"
infra/setup/node.sh
exec infra/setup/with-postgres.sh node test/scale/main.ts "$@"
