#!/usr/bin/env bash
# make demo ARGS='…': runs `berth demo …` with all that it stands on.
. "$(dirname "$0")/announce.sh"
case " $* " in
*" --provider docker "* | *" --provider=docker "*)
  infra/setup/packages.sh demo-docker
  infra/setup/node.sh
  infra/setup/guest.sh
  node infra/setup/engine.ts ping || infra/setup/packages.sh test
  exec infra/setup/with-docker.sh node src/main.ts demo "$@"
  ;;
esac
infra/setup/packages.sh demo
infra/setup/node.sh
infra/setup/guest.sh
exec node src/main.ts demo "$@"
