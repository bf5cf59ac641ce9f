package netmove

import (
	"crypto/rand"
	"encoding/hex"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
)

// The same number on every architecture that the guest is built for would be luck: both are named.
var sysSetns = map[string]uintptr{"amd64": 308, "arm64": 268}[runtime.GOARCH]

func run(t *testing.T, line string) string {
	t.Helper()
	words := strings.Fields(line)
	out, err := exec.Command(words[0], words[1:]...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", line, err, out)
	}
	return string(out)
}

// namespaces makes that of a pod and that of its node, with a cable between them as networks lay it.
func namespaces(t *testing.T) (pod, node string) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("SKIPPED: only root can make network namespaces: run as root")
	}
	if _, err := exec.LookPath("ip"); err != nil {
		t.Skip("SKIPPED: ip is not installed: apt-get install iproute2")
	}
	var random [4]byte
	_, _ = rand.Read(random[:])
	pod, node = "berth-pod-"+hex.EncodeToString(random[:]), "berth-node-"+hex.EncodeToString(random[:])
	for _, name := range []string{pod, node} {
		run(t, "ip netns add "+name)
		t.Cleanup(func() { run(t, "ip netns delete "+name) })
		run(t, "ip -n "+name+" link set lo up")
	}
	run(t, "ip -n "+pod+" link add eth0 type veth peer name cable netns "+node)
	run(t, "ip -n "+node+" address add 10.99.0.1/24 dev cable")
	run(t, "ip -n "+node+" link set cable up")
	run(t, "ip -n "+pod+" address add 10.99.0.2/24 dev eth0")
	run(t, "ip -n "+pod+" link set eth0 up")
	run(t, "ip -n "+pod+" route add 169.254.1.1 dev eth0 scope link")
	run(t, "ip -n "+pod+" neighbour add 169.254.1.1 dev eth0 lladdr 02:00:00:00:00:01 nud permanent")
	run(t, "ip -n "+pod+" route add default via 10.99.0.1")
	return pod, node
}

// from runs the inner part on a thread in that namespace: a new thread, as Elsewhere takes one, would be where the tests run.
func from(t *testing.T, namespace string, work func() error) {
	t.Helper()
	result := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		at, err := os.Open("/run/netns/" + namespace)
		if err != nil {
			result <- err
			return
		}
		defer at.Close()
		if _, _, errno := syscall.RawSyscall(sysSetns, at.Fd(), syscall.CLONE_NEWNET, 0); errno != 0 {
			result <- errno
			return
		}
		result <- elsewhere(work)
	}()
	if err := <-result; err != nil {
		t.Fatal(err)
	}
}

func TestWhatListensElsewhereIsReachedAtThePodsAddressAndThePodHasALoopbackOnly(t *testing.T) {
	pod, node := namespaces(t)
	var listener net.Listener
	var routes, neighbours []byte
	from(t, pod, func() (err error) {
		routes, _ = exec.Command("ip", "route").CombinedOutput()
		neighbours, _ = exec.Command("ip", "neighbour").CombinedOutput()
		listener, err = net.Listen("tcp", "10.99.0.2:7421")
		return err
	})
	defer listener.Close()
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Write([]byte("hello\n"))
			_ = conn.Close()
		}
	}()

	{
		dial := exec.Command("ip", "netns", "exec", node, "bash", "-c", "exec 3<>/dev/tcp/10.99.0.2/7421 && cat <&3")
		if out, err := dial.CombinedOutput(); string(out) != "hello\n" {
			t.Errorf("%q, %v", out, err)
		}
	}
	if links := run(t, "ip -n "+pod+" -oneline link"); strings.Count(links, "\n") != 1 || !strings.Contains(links, "lo:") {
		t.Errorf("left in the pod: %s", links)
	}
	if left := run(t, "ip -n "+pod+" route"); left != "" {
		t.Errorf("routes left in the pod: %s", left)
	}
	for _, expected := range []string{"default via 10.99.0.1", "169.254.1.1 dev eth0 scope link", "10.99.0.0/24"} {
		if !strings.Contains(string(routes), expected) {
			t.Errorf("%q is not among\n%s", expected, routes)
		}
	}
	if !strings.Contains(string(neighbours), "02:00:00:00:00:01 PERMANENT") {
		t.Errorf("neighbours: %s", neighbours)
	}
}
