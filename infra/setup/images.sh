#!/usr/bin/env bash
# images.sh NAME...: builds folders of images/ in the engine that DOCKER_HOST names. The engine's layer cache makes it
# quick when nothing has changed.
. "$(dirname "$0")/announce.sh"
for name in "$@"; do
  say "berth image build $name"
  node src/main.ts image build "$name" >&2
done
