#!/usr/bin/env bash
# images.sh NAME...: builds folders of images/ in the engine that DOCKER_HOST names. The engine's layer cache makes it
# quick when nothing has changed. The builds' output goes to build/image-NAME.log. NAME,NAME are built one after the other,
# beside the rest: they mostly wait for packages.
. "$(dirname "$0")/announce.sh"

build() {
  local name=$1 log=build/image-$1.log
  say "berth image build $name (its output: $log)"
  node src/main.ts image build "$name" >"$log" 2>&1 && return
  tail -n 30 "$log" >&2
  fail "The image $name could not be built."
}

rows=()
for row in "$@"; do
  (for name in ${row//,/ }; do build "$name"; done) &
  rows+=($!)
done
status=0
for row in "${rows[@]}"; do wait "$row" || status=1; done
exit "$status"
