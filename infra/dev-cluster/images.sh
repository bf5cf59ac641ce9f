# Sourced: images of one static program, made without any engine, and how images come into the registry.
# shellcheck shell=bash

# program_image REFERENCE PROGRAM NAME_INSIDE: an image FROM scratch that holds /NAME_INSIDE and starts it.
program_image() {
  local reference=$1 program=$2 inside=$3 work digest
  work=$(mktemp -d "$run/image.XXXXXX")
  install -D -m 755 "$program" "$work/root/$inside"
  tar --create --file "$work/layer.tar" --directory "$work/root" --sort name --owner 0 --group 0 --numeric-owner --mtime @0 .
  digest=$(sha256sum "$work/layer.tar" | cut -d' ' -f1)
  printf '{"architecture": "%s", "os": "linux", "config": {"Entrypoint": ["/%s"]}, "rootfs": {"type": "layers", "diff_ids": ["sha256:%s"]}}' \
    "$(go env GOARCH)" "$inside" "$digest" >"$work/config.json"
  printf '[{"Config": "config.json", "RepoTags": ["%s"], "Layers": ["layer.tar"]}]' "$reference" >"$work/manifest.json"
  tar --create --file "$work/image.tar" --directory "$work" config.json layer.tar manifest.json
  push_archive "$work/image.tar" "$reference"
  rm -r "$work"
}

# push_archive FILE REFERENCE: an archive as Docker saves it, whose one image has that name, into the registry.
push_archive() {
  containers images import --no-unpack "$1" >/dev/null
  containers images push --plain-http "$2" >/dev/null
  containers images remove "$2" >/dev/null
}

push_programs() {
  infra/setup/guest.sh
  [ -x "$bin/pause" ] || (cd "$sources/pause" && CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags '-s -w' -o "$bin/pause" .)
  program_image $pause_image "$bin/pause" pause
  program_image $registry/berth-guest:latest "build/berth-guest-$(go env GOARCH)" berth-guest
}
