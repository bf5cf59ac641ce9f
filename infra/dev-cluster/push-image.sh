#!/usr/bin/env bash
# push-image.sh NAME...: takes berth/NAME:latest from the Docker Engine at DOCKER_HOST, and puts it into the cluster's registry as NAME.
. "$(dirname "$0")/settings.sh"
for part in daemons node; do . "$sources/$part.sh"; done
runs containerd || fail "No cluster is up: infra/dev-cluster/up.sh"
engine=${DOCKER_HOST:-unix:///var/run/docker.sock}
for name in "$@"; do
  archive=$state/$name.tar
  curl -fsS --max-time 600 --unix-socket "${engine#unix://}" --output "$archive" "http://docker/images/berth/$name:latest/get" ||
    fail "The engine at $engine has no image berth/$name: infra/setup/images.sh $name"
  containers images import --no-unpack "$archive" >/dev/null
  containers images tag --force "docker.io/berth/$name:latest" "$registry/$name:latest" >/dev/null
  containers images push --plain-http "$registry/$name:latest" >/dev/null
  containers images remove "docker.io/berth/$name:latest" "$registry/$name:latest" >/dev/null
  rm "$archive"
  say "$registry/$name:latest is in the registry"
done
