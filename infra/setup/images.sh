#!/usr/bin/env bash
# images.sh NAME...: builds folders of images/ in the engine that DOCKER_HOST names. The engine's layer cache makes it
# quick when nothing has changed. The builds' output goes to build/image-NAME.log.
. "$(dirname "$0")/announce.sh"
for name in "$@"; do
  log=build/image-$name.log
  say "berth image build $name (its output: $log)"
  node src/main.ts image build "$name" >"$log" 2>&1 || {
    tail -n 30 "$log" >&2
    fail "The image $name could not be built."
  }
done
