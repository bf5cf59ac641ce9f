#!/usr/bin/env bash
# make bench-search ARGS='…': a large repository indexed and searched, with all that it stands on.
. "$(dirname "$0")/announce.sh"
infra/setup/node.sh
exec node bench/search/main.ts "$@"
