#!/usr/bin/env bash
# make test-k8s ARGS='…': Berth on a real cluster: that of KUBECONFIG, else one that comes up on this machine and goes again.
. "$(dirname "$0")/announce.sh"
infra/setup/node.sh
infra/setup/guest.sh
if [ -n "${KUBECONFIG:-}" ]; then
  exec infra/setup/with-postgres.sh node test/kubernetes/main.ts "$@"
fi
infra/setup/packages.sh test
infra/setup/tools.sh helm
# Replicas in the cluster reach the PostgreSQL of the tests at the node's address.
. infra/dev-cluster/settings.sh
export BERTH_POSTGRES_LISTEN=$node_address BERTH_POSTGRES_CLIENTS=$pod_network BERTH_TEST_CONTROLLER_IMAGE=1
exec infra/dev-cluster/run.sh infra/setup/with-postgres.sh bash -c '
  infra/setup/with-docker.sh bash -c "infra/setup/images.sh base && infra/setup/controller-image.sh &&
    infra/dev-cluster/push-image.sh base controller" &&
  exec node test/kubernetes/main.ts "$@"' test-k8s "$@"
