#!/usr/bin/env bash
# make test: every check and every suite, with all that they stand on.
. "$(dirname "$0")/announce.sh"
infra/setup/packages.sh test
infra/setup/node.sh
infra/setup/guest.sh
infra/setup/linters.sh
export PATH="$PATH:$PWD/build/linters/bin"

# The images are built beside the checks, which need none.
suites() {
  infra/setup/images.sh base python node,browser &
  local images=$!
  say "typecheck, lint, format, unused code"
  npm run -s check
  say "go vet and go test: the guest"
  (cd guest && go vet ./... && go test ./...)
  wait "$images"
  npm run -s test
}
export -f say suites
infra/setup/with-docker.sh infra/setup/with-postgres.sh bash -euo pipefail -c suites
