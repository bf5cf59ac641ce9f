package main

import (
	"sort"

	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// world is what the API server knows at one moment.
type world struct {
	pods       []*core.Pod
	namespaces []*core.Namespace
	policies   []*networking.NetworkPolicy
}

// addressed are the pods that have an address of the pod network and still use it.
func (w *world) addressed() []*core.Pod {
	var found []*core.Pod
	for _, pod := range w.pods {
		ended := pod.Status.Phase == core.PodSucceeded || pod.Status.Phase == core.PodFailed
		if pod.Status.PodIP != "" && !pod.Spec.HostNetwork && !ended {
			found = append(found, pod)
		}
	}
	sort.Slice(found, func(i, j int) bool { return found[i].Status.PodIP < found[j].Status.PodIP })
	return found
}

// selected are the pods of a namespace that a selector fits.
func (w *world) selected(namespace string, selector *meta.LabelSelector) []*core.Pod {
	fits := matcher(selector)
	var found []*core.Pod
	for _, pod := range w.addressed() {
		if pod.Namespace == namespace && fits.Matches(labels.Set(pod.Labels)) {
			found = append(found, pod)
		}
	}
	return found
}

// peers are the pods that a peer of a policy in that namespace means.
func (w *world) peers(namespace string, peer networking.NetworkPolicyPeer) []*core.Pod {
	if peer.NamespaceSelector == nil {
		return w.selected(namespace, peer.PodSelector)
	}
	everyPod := peer.PodSelector
	if everyPod == nil {
		everyPod = &meta.LabelSelector{}
	}
	fits := matcher(peer.NamespaceSelector)
	var found []*core.Pod
	for _, space := range w.namespaces {
		if fits.Matches(labels.Set(space.Labels)) {
			found = append(found, w.selected(space.Name, everyPod)...)
		}
	}
	return found
}

// A selector that cannot be read fits nothing: the rule that holds it then allows nothing.
func matcher(selector *meta.LabelSelector) labels.Selector {
	if fits, err := meta.LabelSelectorAsSelector(selector); err == nil {
		return fits
	}
	return labels.Nothing()
}

func addresses(pods []*core.Pod) []string {
	found := make([]string, 0, len(pods))
	for _, pod := range pods {
		found = append(found, pod.Status.PodIP)
	}
	return found
}
