package exec

import (
	"context"
	"fmt"
	"os"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"berth/guest/internal/confine"
	"berth/guest/internal/leaktest"
	"berth/guest/internal/proc"
	"berth/guest/internal/spawn"
)

const toolUID = 61235

func TestMain(m *testing.M) {
	if os.Geteuid() != 0 {
		fmt.Println("SKIPPED: the tests of commands need root, for a tool user")
		os.Exit(0)
	}
	if err := confine.AdoptOrphans(); err != nil {
		panic(err)
	}
	os.Exit(leaktest.Run(m))
}

type fixture struct {
	*Runner
	t     *testing.T
	calls atomic.Int64
	kills atomic.Int64
}

// newFixture makes the one Runner of a test: a process has only one that waits for its children.
func newFixture(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{t: t}
	table, err := proc.Open()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, d := range []string{dir + "/..", dir} {
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	config := Config{
		BootID: "boot", ToolUID: toolUID, ToolGID: toolUID, SpoolDir: dir + "/spool",
		OpenDir: func(_ context.Context, path string, _ bool) (int, error) {
			return syscall.Open(dir+"/"+path, syscall.O_DIRECTORY|syscall.O_CLOEXEC, 0)
		},
		OOMKills:   func() (int64, bool) { return f.kills.Load(), true },
		GroupStart: os.Getpid() << 8,
	}
	children := spawn.NewChildren()
	f.Runner, err = New(config, children, table)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if n, err := f.Processes(); err != nil || n != 0 {
			t.Errorf("%d processes are left, %v", n, err)
		}
		children.Close()
		table.Close()
	})
	return f
}

func (f *fixture) request(argv ...string) Request {
	return Request{
		CallID: fmt.Sprintf("call-%d", f.calls.Add(1)), Argv: argv, Env: map[string]string{"PATH": "/usr/bin:/bin"},
		TimeoutMs: 20_000, HeadBytes: 1000, TailBytes: 1000,
	}
}

func (f *fixture) run(request Request) *Result {
	f.t.Helper()
	result, err := f.Run(context.Background(), request)
	if err != nil {
		f.t.Fatal(err)
	}
	return result
}

func (f *fixture) sh(script string) *Result {
	f.t.Helper()
	return f.run(f.request("/bin/sh", "-c", script))
}

// await waits until something holds, which it must within some seconds.
func await(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within 10 s", what)
		}
	}
}

func code(t *testing.T, r *Result) int {
	t.Helper()
	if r.Outcome.Type != "exited" || r.Outcome.Code == nil {
		t.Fatalf("outcome %+v, stderr %q", r.Outcome, r.Stderr.Head)
	}
	return *r.Outcome.Code
}
