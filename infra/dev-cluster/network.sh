# Sourced: the bridge on which pods are, and that is the node's address.
# shellcheck shell=bash

settings_of_the_kernel=(net.ipv4.ip_forward net.bridge.bridge-nf-call-iptables vm.overcommit_memory kernel.panic kernel.panic_on_oops)

make_network() {
  # The kubelet sets some of these: what they were comes back at the end.
  [ -e "$run/sysctl" ] || sysctl "${settings_of_the_kernel[@]}" >"$run/sysctl"
  sysctl -qw net.ipv4.ip_forward=1 net.bridge.bridge-nf-call-iptables=1
  forwarding -C 2>/dev/null || forwarding -A
  ! ip link show $bridge >/dev/null 2>&1 || return 0
  local taken
  taken=$(ip -4 route show match $node_address | grep -v '^default' || true)
  [ -z "$taken" ] || fail "The address $node_address is in use here: $taken"
  ip link add name $bridge type bridge
  ip address add $node_address/22 dev $bridge
  # Policies judge IPv4 alone, so neither node nor pods speak anything else.
  sysctl -qw net.ipv6.conf.$bridge.disable_ipv6=1
  ip link set $bridge up
}

# What passes the bridge is for the policies to judge, not for the rules of a Docker Engine on this machine.
forwarding() {
  iptables -w "$1" FORWARD -i $bridge -j ACCEPT && iptables -w "$1" FORWARD -o $bridge -j ACCEPT
}

# CNI's own records of the pods that it gave a network, and did not take it from: the guest's door moves a pod's link into a namespace of its
# own, so that no link on the bridge tells which namespaces with a name are ours.
records_of_pods() { find /var/lib/cni/results -name 'berth-dev-*' 2>/dev/null; }
namespaces_of_pods() {
  { records_of_pods | xargs -r grep -oh '"sandbox":"[^"]*/cni-[0-9a-f-]*"' || true; } | sed 's|.*/||; s|"$||' | sort -u
}
named_namespaces() {
  local space
  for space in $(namespaces_of_pods); do [ ! -e "/run/netns/$space" ] || echo "$space"; done
}

remove_network() {
  local space record
  for space in $(named_namespaces); do ip netns delete "$space" || true; done
  # A record ends with the container's id and the interface's name; its loopback has another beside it.
  for record in $(records_of_pods); do
    record=${record##*/berth-dev-}
    rm -f "/var/lib/cni/results/berth-dev-$record" "/var/lib/cni/results/cni-loopback-${record%-*}-lo"
  done
  ip link delete $bridge 2>/dev/null || true
  forwarding -D 2>/dev/null || true
  local table
  for table in 'ip berth-dev-policies' 'ip kube-proxy' 'ip6 kube-proxy'; do
    nft delete table $table 2>/dev/null || true
  done
  [ ! -e "$run/sysctl" ] || sysctl -qp "$run/sysctl"
}
