// Package leaktest fails a package's tests when they leave goroutines, descriptors, child processes or temporary files behind.
package leaktest

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// Runner is *testing.M.
type Runner interface{ Run() int }

const settleTime = 5 * time.Second

// Run runs the tests with a temporary directory of their own, and gives the exit status of the package.
func Run(m Runner) int {
	dir, err := os.MkdirTemp("", "berth-guest-test-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	// Tests reach files as other users.
	if err := os.Chmod(dir, 0o755); err != nil {
		panic(err)
	}
	if err := os.Setenv("TMPDIR", dir); err != nil {
		panic(err)
	}
	// What the runtime and package testing open once is no leak.
	warm := time.NewTimer(time.Millisecond)
	<-warm.C
	goroutines, descriptors := runtime.NumGoroutine(), open()
	if code := m.Run(); code != 0 {
		return code
	}
	var left []string
	for deadline := time.Now().Add(settleTime); ; time.Sleep(10 * time.Millisecond) {
		if left = leaks(dir, goroutines, descriptors); len(left) == 0 {
			return 0
		}
		if time.Now().After(deadline) {
			break
		}
	}
	fmt.Println("LEAK:", strings.Join(left, "; "))
	stacks := make([]byte, 1<<20)
	fmt.Printf("%s\n", stacks[:runtime.Stack(stacks, true)])
	return 1
}

func leaks(dir string, goroutines int, descriptors map[string]bool) (left []string) {
	// One more for the signal loop of the runtime, which never ends once it has begun.
	if n := runtime.NumGoroutine(); n > goroutines+1 {
		left = append(left, fmt.Sprintf("%d goroutines, there were %d", n, goroutines))
	}
	for name := range open() {
		if !descriptors[name] && !strings.Contains(name, "anon_inode:[event") {
			left = append(left, "descriptor of "+name)
		}
	}
	children, _ := filepath.Glob("/proc/self/task/*/children")
	for _, name := range children {
		if pids, _ := os.ReadFile(name); len(pids) > 0 {
			left = append(left, "children "+string(pids))
		}
	}
	files, _ := os.ReadDir(dir)
	for _, f := range files {
		left = append(left, "file "+f.Name())
	}
	return left
}

// open gives what the descriptors lead to, with their numbers.
func open() map[string]bool {
	descriptors := map[string]bool{}
	entries, _ := os.ReadDir("/proc/self/fd")
	for _, e := range entries {
		// The directory that is being read is among them, and gone by now.
		if target, err := os.Readlink("/proc/self/fd/" + e.Name()); err == nil {
			descriptors[e.Name()+" "+target] = true
		}
	}
	return descriptors
}
