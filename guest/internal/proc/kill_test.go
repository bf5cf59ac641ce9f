package proc

import (
	"errors"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"berth/guest/internal/leaktest"
)

func TestMain(m *testing.M) { os.Exit(leaktest.Run(m)) }

// group is one that nothing else on the machine has.
var group = 0x50000000 + os.Getpid()

func startInGroup(t *testing.T, name string, arguments ...string) *exec.Cmd {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("SKIPPED: groups need root")
	}
	command := exec.Command(name, arguments...)
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Credential: &syscall.Credential{Uid: 61236, Gid: 61236, Groups: []uint32{uint32(group)}}}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	return command
}

func nobody(int) bool { return false }

func openTable(t *testing.T) *Table {
	t.Helper()
	table, err := Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(table.Close)
	return table
}

func TestOnlyTheGroupIsKilledAndZombiesCountAsGone(t *testing.T) {
	table := openTable(t)
	inside := startInGroup(t, "sleep", "600")
	outside := exec.Command("sleep", "600")
	if err := outside.Start(); err != nil {
		t.Fatal(err)
	}
	killed, err := Kill(table, ByGroup(group, nobody), time.Now().Add(10*time.Second), nil)
	if _, ok := killed[inside.Process.Pid]; err != nil || !ok || len(killed) != 1 {
		t.Errorf("%v, %v", killed, err)
	}
	// Nobody has waited for it yet.
	_ = inside.Wait()
	if err := outside.Process.Signal(syscall.Signal(0)); err != nil {
		t.Errorf("another process was killed: %v", err)
	}
	_ = outside.Process.Kill()
	_ = outside.Wait()
}

func TestAnEmptyGroupTakesNoTime(t *testing.T) {
	killed, err := Kill(openTable(t), ByGroup(group+1, nobody), time.Now(), nil)
	if len(killed) != 0 || err != nil {
		t.Errorf("%v, %v", killed, err)
	}
}

func TestWhatIsStillThereAtTheDeadlineIsAnError(t *testing.T) {
	table := openTable(t)
	inside := startInGroup(t, "sleep", "600")
	passes := 0
	counting := func(*Table) (Match, error) {
		passes++
		return func(p *Process) Verdict { return meantIf(p.HasGroup(group)) }, nil
	}
	if _, err := Kill(table, counting, time.Now().Add(-time.Second), nil); !errors.Is(err, ErrNotEmpty) || passes != 1 {
		t.Errorf("%v after %d passes", err, passes)
	}
	_ = inside.Wait()
}

func TestLineageFindsDescendantsAndAdoptedOrphans(t *testing.T) {
	snapshot := map[int]Process{
		10: {Parent: 1, Session: 10}, 11: {Parent: 10, Session: 10}, 12: {Parent: 11, Session: 12},
		20: {Parent: 1, Session: 20}, 21: {Parent: 20, Session: 21},
		30: {Parent: 1, Session: 30}, 31: {Parent: 1, Session: 10}, 32: {Parent: 1, Session: 20},
	}
	parents, sessions := map[int]int{}, map[int]int{}
	for pid, p := range snapshot {
		parents[pid], sessions[pid] = p.Parent, p.Session
	}
	match := lineage(parents, sessions, 1, 10, func(pid int) bool { return pid == 20 })
	for pid, want := range map[int]bool{10: true, 11: true, 12: true, 20: false, 21: false, 30: true, 31: true, 32: false, 1: false} {
		if match(&Process{PID: pid, Parent: parents[pid], Session: sessions[pid]}) != meantIf(want) {
			t.Errorf("pid %d", pid)
		}
	}
}

func TestLineageKnowsProcessesThatBeganAfterTheTableWasRead(t *testing.T) {
	match := lineage(map[int]int{10: 1, 11: 10, 20: 1}, map[int]int{10: 10, 11: 10, 20: 20}, 1, 10, func(pid int) bool { return pid == 20 })
	for name, c := range map[string]struct {
		process Process
		want    Verdict
	}{
		"an adopted orphan":         {Process{PID: 40, Parent: 1, Session: 39}, Meant},
		"a child of a known one":    {Process{PID: 40, Parent: 11, Session: 40}, Meant},
		"a member of the session":   {Process{PID: 40, Parent: 39, Session: 10}, Meant},
		"a child of another call":   {Process{PID: 40, Parent: 20, Session: 40}, Other},
		"a child of an unknown one": {Process{PID: 40, Parent: 39, Session: 39}, Unclear},
		"one from outside":          {Process{PID: 40, Parent: 0, Session: 0}, Other},
	} {
		if got := match(&c.process); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestTheDeadAreInDoubtOnceAndTheUnclearAlways(t *testing.T) {
	var d doubts
	dead, unclear := Process{PID: 7, State: 'Z'}, Process{PID: 8, State: 'R'}
	for scan, want := range []bool{true, false, false} {
		if d.begin(); d.any {
			t.Error("in doubt before anything was seen")
		}
		if d.of(&dead); d.any != want {
			t.Errorf("scan %d: %v", scan, d.any)
		}
	}
	d.begin()
	if d.of(&unclear); !d.any {
		t.Error("no doubt")
	}
}

func TestAScanSeesThisProcess(t *testing.T) {
	seen := false
	if _, err := openTable(t).Scan(func(p *Process) { seen = seen || p.PID == os.Getpid() && p.Parent == os.Getppid() }); err != nil || !seen {
		t.Errorf("%v, %v", seen, err)
	}
	if !openTable(t).HasGroups {
		t.Error("this kernel shows groups")
	}
}
