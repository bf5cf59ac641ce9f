#!/usr/bin/env bash
# run.sh [--keep] COMMAND...: runs the command with KUBECONFIG and BERTH_TEST_REGISTRY. A KUBECONFIG that is set is used as it is;
# where none is, a cluster comes up and goes down again, or stays (--keep). One that was up already stays, too.
. "$(dirname "$0")/settings.sh"
keep=no
if [ "${1:-}" = --keep ]; then keep=yes && shift; fi
if [ -n "${KUBECONFIG:-}" ]; then
  say "the cluster of $KUBECONFIG is used"
  PATH=$PATH:$bin "$@"
  exit
fi

[ ! -e "$kubeconfig" ] || keep=yes
finish() {
  local status=$?
  trap - EXIT
  [ $keep = yes ] || infra/dev-cluster/down.sh || status=1
  exit "$status"
}
trap finish EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
infra/dev-cluster/up.sh
export KUBECONFIG=$kubeconfig BERTH_TEST_REGISTRY=$registry PATH=$PATH:$bin
# What this cluster has beyond any other: see test/support/kubernetes-cluster.ts and test/kubernetes.
export BERTH_TEST_AUDIT_LOG=$state/logs/audit.log BERTH_TEST_NODE_IS_HERE=1
"$@"
