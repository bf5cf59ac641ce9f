// Package test runs the shipped binary as init of a pid namespace of its own and speaks to it as the controller does.
package test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

const (
	initMarker = "BERTH_TEST_INIT"
	// initRoot names a folder that becomes the root.
	initRoot = "BERTH_TEST_ROOT"
)

var binary string

func TestMain(m *testing.M) {
	if os.Getenv(initMarker) != "" {
		becomeGuest()
	}
	if os.Geteuid() != 0 {
		fmt.Println("SKIPPED: the tests of the binary need root, for namespaces and for a tool user")
		os.Exit(0)
	}
	os.Exit(build(m))
}

func build(m *testing.M) int {
	dir, err := os.MkdirTemp("", "berth-guest-binary-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, "berth-guest")
	command := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", binary, "../cmd/berth-guest")
	command.Env = append(os.Environ(), "CGO_ENABLED=0")
	command.Stderr = os.Stderr
	if err := command.Run(); err != nil {
		fmt.Println("the guest does not build:", err)
		return 1
	}
	return m.Run()
}

// becomeGuest runs as init of new namespaces: it mounts a /proc of its own and executes the rest of the command line.
func becomeGuest() {
	must(syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""))
	if root := os.Getenv(initRoot); root != "" {
		must(syscall.Mount(root, root, "", syscall.MS_BIND, ""))
		must(syscall.Chroot(root))
		must(os.Chdir("/"))
		must(os.Unsetenv(initRoot))
	}
	must(syscall.Mount("proc", "/proc", "proc", 0, ""))
	if limit := os.Getenv("BERTH_TEST_NPROC"); limit != "" {
		var n uint64
		_, err := fmt.Sscan(limit, &n)
		must(err)
		const rlimitNproc = 6
		must(syscall.Setrlimit(rlimitNproc, &syscall.Rlimit{Cur: n, Max: n}))
	}
	must(os.Unsetenv(initMarker))
	must(syscall.Exec(os.Args[1], os.Args[1:], os.Environ()))
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "init:", err)
		os.Exit(1)
	}
}
