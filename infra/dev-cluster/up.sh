#!/usr/bin/env bash
# up.sh: a Kubernetes cluster of one node on this machine. What runs already is left as it is. Root, on Linux.
. "$(dirname "$0")/settings.sh"
for part in daemons certificates network control-plane node images; do . "$sources/$part.sh"; done

infra/setup/packages.sh dev-cluster
mkdir -p "$bin" "$state/logs" "$run"
exec 9>"$run/lock"
flock --wait 900 9 || fail "Another script holds $run/lock."
printf '%s\n' "$state" >"$run/state"
infra/dev-cluster/kubernetes/build.sh 9>&-

began=$SECONDS
say "bridge $bridge ($pod_network), certificates"
make_network
make_certificates
say "etcd and API server at $api"
start_etcd
start_api_server
say "controller manager and scheduler"
start_controllers
say "registry at $registry, containerd"
start_registry
start_containerd
push_programs
say "node $node, Services, network policies"
start_policies
start_kubelet
start_proxy
# Without it no pod is let in.
expect 30 kube-controller-manager kubectl get serviceaccount default
say "up after $((SECONDS - began)) s: export KUBECONFIG=$kubeconfig BERTH_TEST_REGISTRY=$registry PATH=$bin:\$PATH"
