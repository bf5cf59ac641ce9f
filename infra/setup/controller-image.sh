#!/usr/bin/env bash
# controller-image.sh [REFERENCE]: builds the controller's image (berth/controller:latest) in the engine that DOCKER_HOST names.
# The build's output goes to build/controller-image.log. Nothing is pushed: `docker push REFERENCE`, or `docker save` for a node without a registry.
. "$(dirname "$0")/announce.sh"
reference=${1:-berth/controller:latest}
has docker || fail "The command docker is missing: it builds the image (on Debian: sudo apt-get install docker.io)."
infra/setup/node.sh
infra/setup/guest.sh

context=build/controller-image
log=build/controller-image.log
app=$context/berth
mkdir -p "$app"

say "npm run build: dist/"
rm -rf dist && npm run -s build

libraries=$app/node_modules
if ! cmp --silent package-lock.json "$context/package-lock.json" || [ ! -d "$libraries" ]; then
  say "npm ci --omit=dev: the libraries that it runs with"
  rm -rf "$app" && mkdir -p "$app"
  cp package.json package-lock.json "$app"
  npm ci --prefix "$app" --omit=dev --ignore-scripts --no-audit --no-fund --loglevel=error
  # Grammars are used as WebAssembly; their C sources, and what only editors and compilers of TypeScript read, stay behind.
  rm -rf "$libraries"/tree-sitter-*/{src,prebuilds,bindings,grammars,common} "$libraries"/tree-sitter-cpp
  find "$libraries" -type f \( -name '*.map' -o -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' \) -delete
  cp package-lock.json "$context/package-lock.json"
fi
rm -rf "$app"/{dist,build,images,sandbox-profiles}
mkdir -p "$app/build"
cp -r dist images sandbox-profiles LICENSE "$app"
cp build/berth-guest-* "$app/build"
cp --dereference node_modules/.bin/node "$context/node"
cp infra/controller-image/Dockerfile "$context"
chmod -R u=rwX,go=rX "$context"

base=${BASE:-$(node infra/setup/base-image.ts "$context/Dockerfile")}
say "docker build $reference on $base (its output: $log)"
docker build --quiet=false --build-arg "BASE=$base" --tag "$reference" "$context" >"$log" 2>&1 || {
  tail -n 30 "$log" >&2
  fail "The image could not be built."
}
say "$reference: $(docker image inspect --format '{{.Size}}' "$reference" | awk '{printf "%.0f MB", $1 / 1e6}')"
