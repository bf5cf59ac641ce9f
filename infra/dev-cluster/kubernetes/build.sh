#!/usr/bin/env bash
# build.sh: builds the parts of Kubernetes into build/dev-cluster/bin, unless they are there at the version of go.mod.
. "$(dirname "$0")/../../setup/announce.sh"
sources=infra/dev-cluster/kubernetes
bin=$PWD/build/dev-cluster/bin
parts=(kube-apiserver kube-controller-manager kube-scheduler kubelet kube-proxy kubectl)

version=$(awk '$1 == "k8s.io/kubernetes" { print $2 } $2 == "k8s.io/kubernetes" { print $3 }' $sources/go.mod)
stamp="$version $(go version) $(cat $sources/policies/*.go | sha256sum)"
if [ "$(cat "$bin/kubernetes.version" 2>/dev/null)" = "$stamp" ]; then exit 0; fi

# The version is linked in: unset, each part calls itself v0.0.0 and the API server refuses the kubelet as too old.
number=${version#v}
major=${number%%.*} minor=${number#*.}
minor=${minor%%.*}
flags="-s -w"
for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
  flags+=" -X $package.gitVersion=$version -X $package.gitMajor=$major -X $package.gitMinor=$minor"
done

say "Kubernetes $version: building ${parts[*]} (once; some minutes)"
mkdir -p "$bin"
began=$SECONDS
(cd $sources && CGO_ENABLED=0 GOFLAGS= go build -trimpath -ldflags "$flags" -o "$bin/" "${parts[@]/#/k8s.io/kubernetes/cmd/}" ./policies)
printf '%s\n' "$stamp" >"$bin/kubernetes.version"
say "Kubernetes $version: built in $((SECONDS - began)) s"
