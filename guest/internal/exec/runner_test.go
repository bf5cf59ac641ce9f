package exec

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"berth/guest/internal/fault"
)

func TestACommandGetsItsEnvironmentItsDirectoryAndItsInput(t *testing.T) {
	f := newFixture(t)
	request := f.request("/bin/sh", "-c", "env; cat; pwd >&2")
	request.Env["X"] = "1 2"
	request.Stdin = strings.Repeat("line\n", 100_000)
	r := f.run(request)
	if code(t, r) != 0 || !strings.HasPrefix(r.Stdout.Head, "PATH=/usr/bin:/bin\n") && !strings.Contains(r.Stdout.Head, "X=1 2\n") {
		t.Errorf("%+v", r.Stdout)
	}
	if want := int64(500_000); r.Stdout.TotalBytes < want {
		t.Errorf("%d bytes came back of %d", r.Stdout.TotalBytes, want)
	}
	if !strings.HasPrefix(r.Stderr.Head, "/") {
		t.Errorf("pwd: %q", r.Stderr.Head)
	}
}

func TestInputThatIsNotReadDoesNotHoldTheAnswerBack(t *testing.T) {
	f := newFixture(t)
	request := f.request("true")
	request.Stdin = strings.Repeat("x", maxStdinBytes)
	if r := f.run(request); code(t, r) != 0 || r.DurationMs > 5000 {
		t.Errorf("%+v", r)
	}
}

func TestACommandHasTheToolUserAndNoMeansToBecomeAnother(t *testing.T) {
	f := newFixture(t)
	r := f.sh("id -u; id -g; grep -E '^(CapPrm|CapEff|CapInh|CapAmb|NoNewPrivs):' /proc/self/status; cat /proc/self/oom_score_adj; umask; ls /proc/self/fd | wc -l")
	want := "61235\n61235\nCapInh:\t0000000000000000\nCapPrm:\t0000000000000000\nCapEff:\t0000000000000000\nCapAmb:\t0000000000000000\nNoNewPrivs:\t1\n500\n0022\n4\n"
	if r.Stdout.Head != want {
		t.Errorf("%q, stderr %q", r.Stdout.Head, r.Stderr.Head)
	}
}

func TestRootIsRefusedUnlessAllowed(t *testing.T) {
	f := newFixture(t)
	request := f.request("id", "-u")
	request.User = "root"
	if _, err := f.Run(context.Background(), request); !fault.Is(err, fault.PermissionDenied) {
		t.Errorf("refused with %v", err)
	}
	f.config.AllowRoot = true
	if r := f.run(request); r.Stdout.Head != "0\n" {
		t.Errorf("%+v", r)
	}
}

func TestAProgramThatCannotBeStartedEndsAsInAShell(t *testing.T) {
	f := newFixture(t)
	f.sh("printf data > data; mkdir d")
	for _, c := range []struct {
		program string
		code    int
		says    string
	}{
		{"no-such-program", 127, "no such file"},
		{"/no/such/program", 127, "no such file"},
		{"/etc/passwd", 126, "permission denied"},
		{"/etc", 126, "permission denied"},
	} {
		r := f.run(f.request(c.program))
		if code(t, r) != c.code || !strings.Contains(r.Stderr.Head, c.says) {
			t.Errorf("%s: %d, %q", c.program, *r.Outcome.Code, r.Stderr.Head)
		}
	}
	if r := f.run(f.request("true", strings.Repeat("x", 200_000))); code(t, r) != 126 || !strings.Contains(r.Stderr.Head, "argument list too long") {
		t.Errorf("too long: %q", r.Stderr.Head)
	}
}

func TestACallRunsOnceAndItsResultIsKept(t *testing.T) {
	f := newFixture(t)
	request := f.request("echo", "hi")
	first := f.run(request)
	if _, err := f.Run(context.Background(), request); !fault.Is(err, fault.DuplicateCall) {
		t.Errorf("the second time: %v", err)
	}
	state, err := f.State(request.CallID)
	if err != nil || state.State != "done" || state.Result.Stdout != first.Stdout || *state.Result.Outcome.Code != 0 {
		t.Errorf("%+v, %v", state, err)
	}
	if _, err := f.State("another"); !fault.Is(err, fault.UnknownCall) {
		t.Errorf("unknown: %v", err)
	}
}

func TestAWrongDirectoryLeavesTheCallIDFree(t *testing.T) {
	f := newFixture(t)
	request := f.request("true")
	request.Cwd = "missing"
	if _, err := f.Run(context.Background(), request); fault.From(err).Code != fault.NotFound {
		t.Errorf("%v", err)
	}
	request.Cwd = ""
	f.run(request)
}

func TestARunningCallIsReadAndCancelled(t *testing.T) {
	f := newFixture(t)
	request := f.request("/bin/sh", "-c", "echo begun; exec sleep 600")
	var r *Result
	var running sync.WaitGroup
	running.Go(func() { r = f.run(request) })
	await(t, "output of a running call", func() bool {
		page, err := f.Output(request.CallID, "stdout", 0, 100)
		return err == nil && string(page.Bytes) == "begun\n"
	})
	if state, err := f.State(request.CallID); err != nil || state.State != "running" || state.Result != nil {
		t.Errorf("%+v, %v", state, err)
	}
	if err := f.Cancel(request.CallID); err != nil {
		t.Error(err)
	}
	running.Wait()
	if r.Outcome.Type != "cancelled" || r.Stdout.Head != "begun\n" {
		t.Errorf("%+v", r)
	}
	if err := f.Cancel(request.CallID); err != nil {
		t.Errorf("a second time: %v", err)
	}
}

func TestACallEndsWithItsClient(t *testing.T) {
	f := newFixture(t)
	ctx, leave := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer leave()
	r, err := f.Run(ctx, f.request("sleep", "600"))
	if err != nil || r.Outcome.Type != "cancelled" {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestAKilledProcessIsCalledOOMOnlyWhenTheCountRose(t *testing.T) {
	f := newFixture(t)
	if r := f.sh("kill -KILL $$"); r.Outcome.Type != "signaled" || r.Outcome.Signal != "SIGKILL" {
		t.Errorf("%+v", r.Outcome)
	}
	for script, want := range map[string]string{"kill -KILL $$": "oom_killed", "exit 137": "oom_killed", "exit 1": "exited", "kill -SEGV $$": "signaled"} {
		folder := t.TempDir()
		counted, began := filepath.Join(folder, "counted"), filepath.Join(folder, "began")
		if err := os.Chmod(folder, 0o777); err != nil {
			t.Fatal(err)
		}
		request := f.request("/bin/sh", "-c", fmt.Sprintf(": > %s; until [ -e %s ]; do sleep 0.01; done; %s", began, counted, script))
		var r *Result
		var running sync.WaitGroup
		running.Go(func() { r = f.run(request) })
		await(t, "the command to begin", func() bool { _, err := os.Stat(began); return err == nil })
		f.kills.Add(1)
		if err := os.WriteFile(counted, nil, 0o644); err != nil {
			t.Fatal(err)
		}
		running.Wait()
		if r.Outcome.Type != want {
			t.Errorf("%s: %+v", script, r.Outcome)
		}
	}
}

func TestCallsRunSideBySideAndAreToldApart(t *testing.T) {
	f := newFixture(t)
	var running sync.WaitGroup
	for range 20 {
		running.Go(func() {
			r := f.sh("sleep 300 & setsid sleep 300 & echo $$")
			if code(t, r) != 0 || r.SurvivorsKilled != 2 {
				t.Errorf("%+v", r)
			}
		})
	}
	longer := f.request("sh", "-c", "sleep 1 & wait; echo whole")
	running.Go(func() {
		if r := f.run(longer); r.Stdout.Head != "whole\n" {
			t.Errorf("the end of others ended it: %+v", r)
		}
	})
	running.Wait()
}

func TestRequestsBeyondTheLimitsAreRefused(t *testing.T) {
	f := newFixture(t)
	for name, change := range map[string]func(*Request){
		"no call id":         func(r *Request) { r.CallID = "" },
		"a space in it":      func(r *Request) { r.CallID = "a b" },
		"no program":         func(r *Request) { r.Argv = nil },
		"NUL":                func(r *Request) { r.Argv = []string{"a\x00b"} },
		"no time":            func(r *Request) { r.TimeoutMs = 0 },
		"too much time":      func(r *Request) { r.TimeoutMs = 86_400_001 },
		"too large a head":   func(r *Request) { r.HeadBytes = 1<<20 + 1 },
		"a negative tail":    func(r *Request) { r.TailBytes = -1 },
		"= in a name":        func(r *Request) { r.Env = map[string]string{"a=b": ""} },
		"another user":       func(r *Request) { r.User = "daemon" },
		"too large an input": func(r *Request) { r.Stdin = strings.Repeat("x", maxStdinBytes+1) },
	} {
		request := f.request("true")
		change(&request)
		_, err := f.Run(context.Background(), request)
		if c := fault.From(err).Code; err == nil || c != fault.InvalidArgument && c != fault.TooLarge {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestACallThatIsCancelledAsItForksEndsToo(t *testing.T) {
	f := newFixture(t)
	for range 200 {
		ctx, leave := context.WithCancel(context.Background())
		request := f.request("sleep", "600")
		var r *Result
		var running sync.WaitGroup
		running.Go(func() { r, _ = f.Run(ctx, request) })
		for {
			c, err := f.registry.find(request.CallID)
			if err != nil {
				continue
			}
			f.registry.mu.Lock()
			started := c.pid != 0
			f.registry.mu.Unlock()
			if started {
				break
			}
		}
		leave()
		running.Wait()
		if r == nil || r.Outcome.Type != "cancelled" {
			t.Fatalf("%+v", r)
		}
	}
}
