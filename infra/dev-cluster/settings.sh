# Sourced by the scripts beside it: what the cluster's things are called, and where they are.
# shellcheck shell=bash disable=SC2034
. "$(dirname "${BASH_SOURCE[0]}")/../setup/announce.sh"

say() { printf 'dev-cluster: %s\n' "$*" >&2; }
fail() {
  printf 'dev-cluster: %s\n' "$@" >&2
  exit 1
}

sources=$PWD/infra/dev-cluster
bin=$PWD/build/dev-cluster/bin
# What may be large is beside the sources; sockets, whose names must be short, and pid files are in /run.
run=/run/berth-dev-cluster
state=$PWD/build/dev-cluster/state
# There is one on a machine: where another checkout brought it up, that one is meant.
if [ -d "$(cat $run/state 2>/dev/null)" ]; then state=$(cat $run/state); fi
certificates=$state/certificates
kubeconfig=$state/kubeconfig

# The node is the bridge's own address: it is there whatever networks this machine has, and host, pods and containerd all reach it.
bridge=berth-dev0
node=berth-dev-node
node_address=10.244.0.1
pod_network=10.244.0.0/22
service_network=10.244.4.0/24
api_service=10.244.4.1
# Nothing answers there; without an address the kubelet writes an event for each pod.
service_dns=10.244.4.10
registry=$node_address:5000
api=https://$node_address:6443
etcd=http://127.0.0.1:23790
containerd_socket=$run/containerd.sock
cgroup=berth-dev-cluster
cni_plugins=/usr/lib/cni
pause_image=$registry/pause:1
