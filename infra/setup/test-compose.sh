#!/usr/bin/env bash
# make test-compose: infra/compose brought up, played through and taken down, with the controller's image as it is now.
. "$(dirname "$0")/announce.sh"
infra/setup/packages.sh test
infra/setup/node.sh
infra/setup/tools.sh docker-compose
exec infra/setup/with-docker.sh bash -c '
  infra/setup/controller-image.sh
  infra/setup/images.sh base
  exec node test/compose/main.ts'
