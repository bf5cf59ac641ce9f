#!/usr/bin/env bash
# Builds the guest for both architectures into build/, unless its sources are those of the last build.
. "$(dirname "$0")/announce.sh"
architectures="amd64 arm64"
stamp=$(find guest -type f \( -name '*.go' -o -name 'go.*' \) ! -name '*_test.go' -print0 |
  LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum)
up_to_date() {
  [ "$(cat build/berth-guest.sources 2>/dev/null)" = "$stamp" ] || return 1
  for arch in $architectures; do [ -x "build/berth-guest-$arch" ] || return 1; done
}
if up_to_date; then exit 0; fi
mkdir -p build
for arch in $architectures; do
  say "go build: build/berth-guest-$arch"
  (cd guest && CGO_ENABLED=0 GOOS=linux GOARCH=$arch go build -trimpath -buildvcs=false -ldflags='-s -w' \
    -o "../build/berth-guest-$arch" ./cmd/berth-guest)
done
printf '%s' "$stamp" >build/berth-guest.sources
