#!/usr/bin/env bash
# push-guest.sh [PROGRAM] [TAG]: puts a build of the guest into the cluster's registry as berth-guest:TAG; by default what guest.sh builds here, as latest.
. "$(dirname "$0")/settings.sh"
for part in daemons node images; do . "$sources/$part.sh"; done
runs containerd || fail "No cluster is up: infra/dev-cluster/up.sh"
[ $# -gt 0 ] || infra/setup/guest.sh
reference=$registry/berth-guest:${2:-latest}
program_image "$reference" "${1:-build/berth-guest-$(go env GOARCH)}" berth-guest
say "$reference is in the registry"
