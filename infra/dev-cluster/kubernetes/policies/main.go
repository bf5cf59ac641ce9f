// Command policies enforces the NetworkPolicies of a cluster of one node, with nftables: the bridge plugin that gives its pods a network
// knows none. It fails closed: an address that is no known pod's reaches nothing. IPv4 only.
package main

import (
	"context"
	"flag"
	"log"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
)

// What comes within this time goes into one change of the rules.
const together = 20 * time.Millisecond

func main() {
	kubeconfig := flag.String("kubeconfig", "", "how the API server is reached")
	podNetwork := flag.String("pod-network", "", "the range of pods, as 10.0.0.0/22")
	node := flag.String("node", "", "the node's address within it")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *kubeconfig, ground{podNetwork: *podNetwork, node: *node}); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, kubeconfig string, ground ground) error {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return err
	}
	config.UserAgent = "berth-dev-policies"
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	// Closed until the first rules are known.
	if err := apply(ctx, render(ground, nil)); err != nil {
		return err
	}
	factory := informers.NewSharedInformerFactory(client, 0)
	pods, spaces := factory.Core().V1().Pods(), factory.Core().V1().Namespaces()
	policies := factory.Networking().V1().NetworkPolicies()
	changed := make(chan struct{}, 1)
	note := func() {
		select {
		case changed <- struct{}{}:
		default:
		}
	}
	handler := cache.ResourceEventHandlerFuncs{
		AddFunc:    func(any) { note() },
		UpdateFunc: func(any, any) { note() },
		DeleteFunc: func(any) { note() },
	}
	for _, informer := range []cache.SharedIndexInformer{pods.Informer(), spaces.Informer(), policies.Informer()} {
		if _, err := informer.AddEventHandler(handler); err != nil {
			return err
		}
	}
	factory.Start(ctx.Done())
	factory.WaitForCacheSync(ctx.Done())
	applied := ""
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
		}
		time.Sleep(together)
		now := world{}
		if now.pods, err = pods.Lister().List(labels.Everything()); err != nil {
			return err
		}
		if now.namespaces, err = spaces.Lister().List(labels.Everything()); err != nil {
			return err
		}
		if now.policies, err = policies.Lister().List(labels.Everything()); err != nil {
			return err
		}
		rules := render(ground, &now)
		if rules == applied {
			continue
		}
		if err := apply(ctx, rules); err != nil {
			log.Printf("the rules could not be changed: %v", err)
			note()
			time.Sleep(time.Second)
			continue
		}
		applied = rules
	}
}

// apply replaces all rules at once.
func apply(ctx context.Context, rules string) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	command := exec.CommandContext(ctx, "nft", "-f", "-")
	command.Stdin = strings.NewReader(rules)
	command.Stderr = os.Stderr
	return command.Run()
}
