# Sourced: what the cluster's mind is made of. One of each, so nobody elects a leader.
# shellcheck shell=bash

start_etcd() {
  daemon etcd env ETCD_UNSUPPORTED_ARCH="$(uname -m)" etcd --name berth-dev --data-dir "$state/etcd" \
    --listen-client-urls $etcd --advertise-client-urls $etcd \
    --listen-peer-urls http://127.0.0.1:23800 --initial-advertise-peer-urls http://127.0.0.1:23800 \
    --initial-cluster berth-dev=http://127.0.0.1:23800 --auto-compaction-retention 1 --quota-backend-bytes 2147483648
  expect 30 etcd curl -fsS --max-time 2 $etcd/health
}

start_api_server() {
  if runs kube-apiserver; then return 0; fi
  # Who writes what: the audit log is what writes are counted from.
  cat >"$state/audit-policy.yaml" <<'YAML'
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
  - { level: Metadata, verbs: [create, update, patch, delete, deletecollection] }
  - { level: None }
YAML
  daemon kube-apiserver "$bin/kube-apiserver" --etcd-servers $etcd \
    --bind-address $node_address --advertise-address $node_address --secure-port 6443 \
    --service-cluster-ip-range $service_network --authorization-mode Node,RBAC --enable-admission-plugins NodeRestriction \
    --allow-privileged --client-ca-file "$certificates/ca.crt" \
    --tls-cert-file "$certificates/api-server.crt" --tls-private-key-file "$certificates/api-server.key" \
    --kubelet-preferred-address-types InternalIP --kubelet-certificate-authority "$certificates/ca.crt" \
    --kubelet-client-certificate "$certificates/api-server-to-kubelet.crt" \
    --kubelet-client-key "$certificates/api-server-to-kubelet.key" \
    --service-account-issuer https://kubernetes.default.svc \
    --service-account-key-file "$certificates/service-accounts.key" \
    --service-account-signing-key-file "$certificates/service-accounts.key" \
    --audit-policy-file "$state/audit-policy.yaml" --audit-log-path "$state/logs/audit.log" \
    --audit-log-maxsize 200 --audit-log-maxbackup 1
  expect 120 kube-apiserver kubectl get --raw /readyz
}

start_controllers() {
  daemon kube-controller-manager "$bin/kube-controller-manager" --leader-elect=false --bind-address 127.0.0.1 \
    --kubeconfig "$certificates/controller-manager.kubeconfig" \
    --authentication-kubeconfig "$certificates/controller-manager.kubeconfig" \
    --authorization-kubeconfig "$certificates/controller-manager.kubeconfig" \
    --service-account-private-key-file "$certificates/service-accounts.key" --root-ca-file "$certificates/ca.crt" \
    --use-service-account-credentials --cluster-signing-cert-file "$certificates/ca.crt" --cluster-signing-key-file "$certificates/ca.key"
  daemon kube-scheduler "$bin/kube-scheduler" --leader-elect=false --bind-address 127.0.0.1 \
    --kubeconfig "$certificates/scheduler.kubeconfig" --authentication-kubeconfig "$certificates/scheduler.kubeconfig" \
    --authorization-kubeconfig "$certificates/scheduler.kubeconfig"
}

kubectl() { "$bin/kubectl" --kubeconfig "$kubeconfig" "$@"; }
