#!/usr/bin/env bash
# down.sh: ends the cluster of up.sh and removes what it made: processes, mounts, cgroups, namespaces, bridge, rules, state.
# What was built (build/dev-cluster/bin) stays. Ends non-zero, and names it, when something is left.
. "$(dirname "$0")/settings.sh"
for part in daemons certificates network control-plane node images; do . "$sources/$part.sh"; done
is_root || fail "Only root can end what root began."
[ -d "$run" ] || { say "no cluster is up" && exit 0; }
exec 9>"$run/lock"
flock --wait 900 9 || fail "Another script holds $run/lock."

# The kubelet goes first, so that nothing starts pods again; their processes end with the cgroups that hold them.
say "ending kubelet, kube-proxy and the control plane"
for name in kubelet kube-proxy berth-dev-policies kube-scheduler kube-controller-manager kube-apiserver etcd; do end $name; done

say "ending the pods"
pod_processes() { find /sys/fs/cgroup -path "*/$cgroup/*" -name cgroup.procs -exec cat {} + 2>/dev/null | sort -u; }
kill_pods() {
  pod_processes | xargs -r kill -KILL 2>/dev/null || true
  [ -z "$(pod_processes)" ]
}
within 30 kill_pods || say "these processes of pods do not end: $(pod_processes | tr '\n' ' ')"
# Their shims would stay: they are told to forget the containers, and end with the last.
forget_tasks() {
  local tasks
  tasks=$(containers tasks list --quiet) || return 1
  [ -n "$tasks" ] || return 0
  xargs -r -n1 ctr --address "$containerd_socket" --namespace k8s.io tasks delete --force <<<"$tasks" || true
  [ -z "$(containers tasks list --quiet)" ]
}
if runs containerd; then within 60 forget_tasks || say "containerd does not forget its tasks"; fi
end containerd
end docker-registry
shims() { pgrep -f "^/usr/bin/containerd-shim-runc-v2 .*-address $containerd_socket( |$)"; }
shims | xargs -r kill -KILL 2>/dev/null || true

say "removing mounts, namespaces, cgroups, network, state"
mounts() { awk '{print $5}' /proc/self/mountinfo | grep -E "^($state|$run)/" | LC_ALL=C sort -r; }
mounts | xargs -r -n1 umount 2>/dev/null || true
spaces=$(named_namespaces)
remove_network
for _ in $(seq 20); do
  find /sys/fs/cgroup -depth -type d -path "*/$cgroup*" -exec rmdir {} + 2>/dev/null || true
  [ -n "$(find /sys/fs/cgroup -maxdepth 3 -name "$cgroup")" ] || break
  sleep 0.1
done
find /var/log/containers -type l -lname "$state/*" -delete 2>/dev/null || true
left() {
  pod_processes | sed 's/^/process of a pod: /'
  shims | sed 's/^/containerd-shim: /'
  mounts | sed 's/^/mount: /'
  for space in $spaces; do [ ! -e "/run/netns/$space" ] || echo "network namespace: $space"; done
  find /sys/fs/cgroup -maxdepth 3 -name "$cgroup" | sed 's/^/cgroup: /'
  ip -o link show $bridge 2>/dev/null | sed 's/^/link: /'
  return 0
}
nothing_left() { [ -z "$(left)" ]; }
within 10 nothing_left || fail "This is left, and $state with it:" "$(left)"
rm -rf "$state" "$run"
