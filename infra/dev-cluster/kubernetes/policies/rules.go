package main

import (
	"fmt"
	"slices"
	"strings"

	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// ground is what does not change while the cluster lives.
type ground struct{ podNetwork, node string }

// render makes the whole table. A connection that was allowed goes on; the node itself reaches every pod, as Kubernetes promises to the
// kubelet; a pod reaches the node's own processes only where its policies let it.
func render(ground ground, now *world) string {
	var ingress, egress []string
	var isolatedIn, isolatedOut, known []string
	if now != nil {
		known = addresses(now.addressed())
		for _, policy := range now.policies {
			subjects := now.selected(policy.Namespace, &policy.Spec.PodSelector)
			if len(subjects) == 0 {
				continue
			}
			if slices.Contains(policy.Spec.PolicyTypes, networking.PolicyTypeIngress) {
				isolatedIn = append(isolatedIn, addresses(subjects)...)
				for _, rule := range policy.Spec.Ingress {
					for _, from := range now.sides(policy.Namespace, rule.From) {
						ingress = append(ingress, allow(from, podSide(subjects), rule.Ports)...)
					}
				}
			}
			if slices.Contains(policy.Spec.PolicyTypes, networking.PolicyTypeEgress) {
				isolatedOut = append(isolatedOut, addresses(subjects)...)
				for _, rule := range policy.Spec.Egress {
					for _, to := range now.sides(policy.Namespace, rule.To) {
						egress = append(egress, allow(podSide(subjects), to, rule.Ports)...)
					}
				}
			}
		}
	}
	name := "table ip berth-dev-policies"
	lines := []string{name + " {}", "delete " + name, name + " {",
		set("known", known), set("isolated_in", isolatedIn), set("isolated_out", isolatedOut),
		"chain ingress {"}
	lines = append(lines, ingress...)
	lines = append(lines, "drop", "}", "chain egress {")
	lines = append(lines, egress...)
	leaves := []string{
		"ct state established,related accept",
		fmt.Sprintf("ip saddr %s ip saddr != %s ip saddr != @known drop", ground.podNetwork, ground.node),
		"ip saddr @isolated_out jump egress",
	}
	lines = append(lines, "drop", "}", "chain to_others {", "type filter hook forward priority filter - 10;")
	lines = append(lines, leaves...)
	lines = append(lines, "ip daddr @isolated_in jump ingress", "}", "chain to_the_node {", "type filter hook input priority filter - 10;")
	lines = append(lines, leaves...)
	return strings.Join(append(lines, "}", "}", ""), "\n")
}

func set(name string, members []string) string {
	slices.Sort(members)
	members = slices.Compact(members)
	elements := ""
	if len(members) > 0 {
		elements = "elements = { " + strings.Join(members, ", ") + " }; "
	}
	return "set " + name + " { type ipv4_addr; " + elements + "}"
}

// side is one end of what is allowed: everybody, pods, or a range.
type side struct {
	everybody bool
	pods      []*core.Pod
	block     *networking.IPBlock
}

func podSide(pods []*core.Pod) side { return side{pods: pods} }

// No peer at all means everybody.
func (w *world) sides(namespace string, peers []networking.NetworkPolicyPeer) []side {
	if len(peers) == 0 {
		return []side{{everybody: true}}
	}
	var found []side
	for _, peer := range peers {
		if peer.IPBlock != nil {
			found = append(found, side{block: peer.IPBlock})
		} else if pods := w.peers(namespace, peer); len(pods) > 0 {
			found = append(found, podSide(pods))
		}
	}
	return found
}

// match is the side as nftables says it, `what` being saddr or daddr.
func (s side) match(what string) string {
	switch {
	case s.everybody:
		return ""
	case s.block != nil && len(s.block.Except) > 0:
		return fmt.Sprintf("ip %s %s ip %s != { %s } ", what, s.block.CIDR, what, strings.Join(s.block.Except, ", "))
	case s.block != nil:
		return fmt.Sprintf("ip %s %s ", what, s.block.CIDR)
	}
	return fmt.Sprintf("ip %s { %s } ", what, strings.Join(addresses(s.pods), ", "))
}

// allow makes the rules that accept what goes from one side to the other, to one of the ports, or to any where none is named.
func allow(from, to side, ports []networking.NetworkPolicyPort) []string {
	if len(ports) == 0 {
		return []string{from.match("saddr") + to.match("daddr") + "return"}
	}
	var rules []string
	for _, port := range ports {
		protocol := "tcp"
		if port.Protocol != nil {
			protocol = strings.ToLower(string(*port.Protocol))
		}
		if port.Port == nil {
			rules = append(rules, from.match("saddr")+to.match("daddr")+"ip protocol "+protocol+" return")
			continue
		}
		if port.Port.Type == intstr.Int {
			rules = append(rules, from.match("saddr")+to.match("daddr")+protocol+" dport "+numbers(port)+" return")
			continue
		}
		// A name means what each pod's own containers call so.
		for _, pod := range to.pods {
			for _, number := range named(pod, port.Port.StrVal, protocol) {
				rules = append(rules, fmt.Sprintf("%s%s%s dport %d return", from.match("saddr"), podSide([]*core.Pod{pod}).match("daddr"), protocol, number))
			}
		}
	}
	return rules
}

func numbers(port networking.NetworkPolicyPort) string {
	if port.EndPort == nil {
		return fmt.Sprint(port.Port.IntVal)
	}
	return fmt.Sprintf("%d-%d", port.Port.IntVal, *port.EndPort)
}

func named(pod *core.Pod, name, protocol string) []int32 {
	var found []int32
	for _, container := range pod.Spec.Containers {
		for _, port := range container.Ports {
			if port.Name == name && strings.EqualFold(string(port.Protocol), protocol) {
				found = append(found, port.ContainerPort)
			}
		}
	}
	return found
}
