package test

import (
	"slices"
	"testing"
	"time"
)

type probeReport struct {
	UIDs         []int
	Groups       []int
	Capabilities struct{ Permitted, Effective, Bounding string }
	NoNewPrivs   bool `json:"no_new_privs"`
	Seccomp      int
	Calls        []struct{ Name, Result string }
	MaskedPaths  []struct{ Path, State string } `json:"masked_paths"`
	FixedPaths   []struct{ Path, State string } `json:"read_only_paths"`
	Mounts       []struct{ Target, Type string }
	Devices      []struct{ Path string }
	Guest        struct {
		PID, UID int
		Opened   []string
	}
}

func TestAProbeReportsWhatAToolIsAndCanReach(t *testing.T) {
	g := start(t)
	question := map[string]any{
		"masked_paths":    []string{"/proc/meminfo", "/proc/1/environ", "/nowhere"},
		"read_only_paths": []string{g.root, "/proc/sys", "/nowhere"},
	}
	var report probeReport
	g.post("/v1/probe", question).decode(t, &report)
	const none = "0000000000000000"
	if c := report.Capabilities; c.Permitted != none || c.Effective != none || c.Bounding != none || !report.NoNewPrivs {
		t.Errorf("%+v, no_new_privs %v", c, report.NoNewPrivs)
	}
	if !slices.Equal(report.UIDs, []int{toolUID, toolUID, toolUID}) || len(report.Groups) != 1 {
		t.Errorf("users %v, groups %v", report.UIDs, report.Groups)
	}
	if report.Guest.PID != 1 || report.Guest.UID != 0 || len(report.Guest.Opened) != 0 {
		t.Errorf("the guest: %+v", report.Guest)
	}
	var states []string
	for _, path := range append(report.MaskedPaths, report.FixedPaths...) {
		states = append(states, path.State)
	}
	if !slices.Equal(states, []string{"open", "closed", "absent", "open", "closed", "absent"}) {
		t.Errorf("states of the paths: %v", states)
	}
	if len(report.Mounts) == 0 || len(report.Devices) == 0 {
		t.Errorf("%d mounts, %d devices", len(report.Mounts), len(report.Devices))
	}
	if n := g.processes(); n != 0 {
		t.Errorf("%d processes are left", n)
	}
}

// Nothing filters calls here: what says EPERM all the same would say nothing about a filter.
func TestAProbesCallsTellAKernelThatIsReachedFromAFilter(t *testing.T) {
	g := start(t)
	var report probeReport
	g.post("/v1/probe", map[string]any{}).decode(t, &report)
	reached := map[string]string{}
	for _, call := range report.Calls {
		reached[call.Name] = call.Result
	}
	for _, name := range []string{"unshare_user", "clone_user", "clone_mount", "clone3", "setns", "mount", "umount", "open_tree", "keyctl", "add_key",
		"request_key", "io_uring_enter", "userfaultfd", "clock_settime", "personality"} {
		if result := reached[name]; result == "" || result == "EPERM" || result == "ENOSYS" {
			t.Errorf("%s: %q", name, result)
		}
	}
	for _, name := range []string{"kill_guest", "ptrace_guest", "read_guest"} {
		if reached[name] != "EPERM" {
			t.Errorf("%s: %q", name, reached[name])
		}
	}
}

func TestAProbeTakesMilliseconds(t *testing.T) {
	g := start(t)
	var fastest time.Duration
	for range 20 {
		started := time.Now()
		g.post("/v1/probe", map[string]any{})
		if took := time.Since(started); fastest == 0 || took < fastest {
			fastest = took
		}
	}
	t.Logf("the fastest of 20 took %v", fastest)
	if fastest > 100*time.Millisecond {
		t.Errorf("the fastest of 20 took %v", fastest)
	}
}
