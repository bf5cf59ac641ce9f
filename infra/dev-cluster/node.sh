# Sourced: the one node. Its containerd, cgroups and network are its own: a Docker Engine beside it shares none of them.
# shellcheck shell=bash

start_registry() {
  if runs docker-registry; then return 0; fi
  cat >"$state/registry.yaml" <<YAML
version: 0.1
log: { level: warn, accesslog: { disabled: true } }
storage: { filesystem: { rootdirectory: "$state/registry" }, delete: { enabled: true } }
http: { addr: "$registry" }
YAML
  daemon docker-registry docker-registry serve "$state/registry.yaml"
  expect 20 docker-registry curl -fsS --max-time 2 "http://$registry/v2/"
}

start_containerd() {
  if runs containerd; then return 0; fi
  mkdir -p "$state/registries/$registry"
  printf 'server = "http://%s"\n[host."http://%s"]\n  capabilities = ["pull", "resolve"]\n' $registry $registry >"$state/registries/$registry/hosts.toml"
  # restrict_oom_score_adj: root here may lack the capability to protect a process from the lack of memory.
  cat >"$state/containerd.toml" <<TOML
version = 2
root = "$state/containerd"
state = "$run/containerd"
[grpc]
  address = "$containerd_socket"
[plugins."io.containerd.internal.v1.opt"]
  path = "$state/opt"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "$pause_image"
  stream_server_address = "127.0.0.1"
  max_concurrent_downloads = 4
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "$cni_plugins"
    conf_dir = "$state/cni"
  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = "$state/registries"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
TOML
  # Addresses that pods had are remembered in dataDir; on the bridge each pod talks to its own address through the host, too.
  mkdir -p "$state/cni"
  cat >"$state/cni/10-berth-dev.conflist" <<JSON
{"cniVersion": "1.0.0", "name": "berth-dev", "plugins": [
  {"type": "bridge", "bridge": "$bridge", "isGateway": true, "hairpinMode": true,
   "ipam": {"type": "host-local", "dataDir": "$state/addresses", "routes": [{"dst": "0.0.0.0/0"}],
            "ranges": [[{"subnet": "$pod_network", "gateway": "$node_address"}]]}},
  {"type": "tuning", "sysctl": {"net.ipv6.conf.all.disable_ipv6": "1", "net.ipv6.conf.default.disable_ipv6": "1"}}]}
JSON
  daemon containerd containerd --config "$state/containerd.toml"
  expect 30 containerd containers version
}

# containers ARGS...: containerd's own command line, in the namespace in which the kubelet finds images.
containers() { ctr --address "$containerd_socket" --namespace k8s.io "$@"; }

make_cgroups() {
  local controller
  for controller in /sys/fs/cgroup/*/; do
    [ -e "$controller/cgroup.procs" ] && [ ! -d "$controller/$cgroup" ] || continue
    mkdir "$controller/$cgroup"
    # Version 1 gives a new cpuset nothing.
    [ ! -e "$controller/cpuset.cpus" ] ||
      for what in cpuset.mems cpuset.cpus; do cat "$controller/$what" >"$controller/$cgroup/$what"; done
  done
  [ ! -e /sys/fs/cgroup/cgroup.procs ] || mkdir -p "/sys/fs/cgroup/$cgroup"
}

start_kubelet() {
  if runs kubelet; then return 0; fi
  make_cgroups
  # The filters of Berth's profiles, where pods name them as berth/NAME.json.
  mkdir -p "$state/kubelet/seccomp/berth"
  cp sandbox-profiles/seccomp/*.json "$state/kubelet/seccomp/berth/"
  cat >"$state/kubelet.yaml" <<YAML
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
address: $node_address
port: 10250
readOnlyPort: 0
healthzBindAddress: 127.0.0.1
authentication: { anonymous: { enabled: false }, webhook: { enabled: true }, x509: { clientCAFile: "$certificates/ca.crt" } }
authorization: { mode: Webhook }
tlsCertFile: "$certificates/kubelet-server.crt"
tlsPrivateKeyFile: "$certificates/kubelet-server.key"
containerRuntimeEndpoint: unix://$containerd_socket
podLogsDir: $state/pod-logs
volumePluginDir: $state/volume-plugins
resolvConf: ""
failSwapOn: false
clusterDNS: [$service_dns]
failCgroupV1: false
cgroupDriver: cgroupfs
cgroupRoot: /$cgroup
enforceNodeAllocatable: []
makeIPTablesUtilChains: false
maxPods: 250
podPidsLimit: 80
registryPullQPS: 0
serializeImagePulls: false
maxParallelImagePulls: 4
kubeAPIQPS: 100
kubeAPIBurst: 200
nodeStatusReportFrequency: 5m
imageGCHighThresholdPercent: 100
imageGCLowThresholdPercent: 99
evictionHard: { memory.available: 200Mi, nodefs.available: 1Gi, imagefs.available: 1Gi, nodefs.inodesFree: 1% }
YAML
  daemon kubelet "$bin/kubelet" --config "$state/kubelet.yaml" --kubeconfig "$certificates/kubelet.kubeconfig" \
    --root-dir "$state/kubelet" --hostname-override $node --node-ip $node_address
  expect 90 kubelet kubectl wait --for condition=Ready node/$node --timeout 5s
}

start_proxy() {
  if runs kube-proxy; then return 0; fi
  cat >"$state/kube-proxy.yaml" <<YAML
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
clientConnection: { kubeconfig: "$certificates/proxy.kubeconfig" }
mode: nftables
clusterCIDR: $pod_network
hostnameOverride: $node
healthzBindAddress: 127.0.0.1:10256
metricsBindAddress: 127.0.0.1:10249
conntrack: { maxPerCore: 0, tcpEstablishedTimeout: 0s, tcpCloseWaitTimeout: 0s }
YAML
  daemon kube-proxy "$bin/kube-proxy" --config "$state/kube-proxy.yaml"
  expect 30 kube-proxy nft list table ip kube-proxy
}

start_policies() {
  daemon berth-dev-policies "$bin/policies" --kubeconfig "$certificates/policies.kubeconfig" --pod-network $pod_network --node $node_address
  expect 30 berth-dev-policies nft list table ip berth-dev-policies
}
