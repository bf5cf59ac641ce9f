#!/usr/bin/env bash
# tools.sh helm|docker-compose: builds the tool at the version of infra/setup/tools/go.mod into build/tools, unless it is there.
. "$(dirname "$0")/announce.sh"
tool=$1
module_version() { (cd infra/setup/tools && go list -m -f '{{.Version}}' "$1"); }
case $tool in
helm)
  package=helm.sh/helm/v3/cmd/helm
  version=$(module_version helm.sh/helm/v3)
  kubernetes=$(module_version k8s.io/client-go)
  minor=${kubernetes#v0.}
  # Without the release that it was made for, helm takes every cluster that it is not shown for 1.20.
  flags="-X helm.sh/helm/v3/internal/version.version=$version -X helm.sh/helm/v3/pkg/chartutil.k8sVersionMajor=1"
  flags+=" -X helm.sh/helm/v3/pkg/chartutil.k8sVersionMinor=${minor%%.*} -X helm.sh/helm/v3/pkg/lint/rules.k8sVersionMajor=1 -X helm.sh/helm/v3/pkg/lint/rules.k8sVersionMinor=${minor%%.*}"
  ;;
docker-compose)
  package=github.com/docker/compose/v2/cmd
  version=$(module_version github.com/docker/compose/v2)
  flags="-X github.com/docker/compose/v2/internal.Version=$version"
  ;;
*) fail "tools.sh knows helm and docker-compose." ;;
esac
mkdir -p build/tools
stamp=build/tools/$tool.version
if [ -x "build/tools/$tool" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$version $flags" ]; then exit 0; fi
say "go build: build/tools/$tool $version (minutes, the first time)"
(cd infra/setup/tools && go build -trimpath -ldflags "-s -w $flags" -o "../../../build/tools/$tool" "$package")
echo "$version $flags" >"$stamp"
