#!/usr/bin/env bash
# packages.sh check|demo|demo-docker|test|dev-cluster: brings what the target stands on, or says exactly what is missing.
. "$(dirname "$0")/announce.sh"
target=$1

# command | Debian package, or - where Debian 12 has none that is new enough | what it is for
table='
node|-|Node.js 20 or newer, with npm: installs Node 24 and the libraries
npm|-|comes with Node.js
go|-|Go 1.21 or newer: builds the guest
git|git|mirrors repositories
python3|python3|the Python repositories of demo and tests'
case $target in
demo | test | dev-cluster) table+='
runc|runc|starts sandboxes without a daemon
ip|iproute2|sets up the loopback device of a sandbox' ;;
esac
if [ "$target" = test ]; then
  table+='
dockerd|docker.io|Docker Engine, for the docker provider
iptables|iptables|gives image builds a network
mkfs.ext4|e2fsprogs|disks of limited size
runsc|runsc|gVisor, for the strict profile
pg_ctlcluster|postgresql-15|PostgreSQL, for the store that several controllers share
mmdebstrap|mmdebstrap|makes a base image where no registry can be reached
docker-registry|docker-registry|holds the snapshots of clusters'
fi
if [ "$target" = dev-cluster ]; then
  table+='
etcd|etcd-server|keeps what the cluster knows
containerd|containerd|starts the pods
docker-registry|docker-registry|holds images and snapshots
iptables|iptables|lets the bridge forward
nft|nftables|rules of Services and of network policies
openssl|openssl|certificates
curl|curl|asks whether a part answers'
  [ -x /usr/lib/cni/bridge ] || table+='
/usr/lib/cni/bridge|containernetworking-plugins|gives pods a network'
fi

missing=() packages=() unavailable=()
while IFS='|' read -r command package purpose; do
  [ -n "$command" ] || continue
  has "$command" && continue
  missing+=("  $command: $purpose")
  if [ "$package" = - ]; then unavailable+=("$command"); else packages+=("$package"); fi
done <<<"$table"

# Sandboxes without a daemon need mounts, cgroups and namespaces; a private Docker Engine needs them too.
needs_root=no
case $target in demo | test | dev-cluster) needs_root=yes ;; esac

problems=()
if [ "$needs_root" = yes ] && [ "$(uname -s)" != Linux ]; then
  problems+=("This system is $(uname -s); sandboxes run on Linux. With a Docker Engine: make demo ARGS='--provider docker'.")
elif [ "$needs_root" = yes ] && ! is_root; then
  problems+=("Root is needed to make sandboxes: run \`sudo make $target\`.")
  [ "$target" = test ] || problems+=("Without root, with a Docker Engine that you may use: make demo ARGS='--provider docker'.")
fi
if [ ${#unavailable[@]} -gt 0 ]; then
  problems+=("Install from its makers' site: ${unavailable[*]}.")
fi
if [ ${#packages[@]} -gt 0 ] && ! { is_root && has apt-get; }; then
  problems+=("Install the packages: ${packages[*]} (on Debian: sudo apt-get install --no-install-recommends ${packages[*]}).")
fi
if [ ${#problems[@]} -gt 0 ]; then
  fail "make $target cannot run here yet." \
    ${missing[@]+"missing:" "${missing[@]}"} "${problems[@]}"
fi
[ ${#packages[@]} -gt 0 ] || exit 0

say "missing here:"
printf '%s\n' "${missing[@]}" >&2
say "apt-get update"
apt-get update -qq
say "apt-get install --no-install-recommends ${packages[*]}"
DEBIAN_FRONTEND=noninteractive apt-get install --yes -qq --no-install-recommends "${packages[@]}" >&2
