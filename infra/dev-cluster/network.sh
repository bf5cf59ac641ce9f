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

remove_network() {
  # containerd gave each pod a namespace with a name; the other end of what is on the bridge says which are ours.
  local space link
  while read -r link space; do
    ip link delete "$link"
    [ -z "$space" ] || ip netns delete "$space" || true
  done < <(ip -o link show master $bridge 2>/dev/null | sed -E 's/^[0-9]+: ([^@:]+)[@:].*( link-netns ([^ \\]+)).*/\1 \3/; t; s/^[0-9]+: ([^@:]+)[@:].*/\1/')
  ip link delete $bridge 2>/dev/null || true
  forwarding -D 2>/dev/null || true
  local table
  for table in 'ip berth-dev-policies' 'ip kube-proxy' 'ip6 kube-proxy'; do
    nft delete table $table 2>/dev/null || true
  done
  [ ! -e "$run/sysctl" ] || sysctl -qp "$run/sysctl"
}
