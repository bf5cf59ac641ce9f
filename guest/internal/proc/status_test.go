package proc

import "testing"

func TestAStatusIsRead(t *testing.T) {
	text := "Name:\ta\\nGroups:\nState:\tS (sleeping)\nPPid:\t7\nUid:\t1\t1\t1\t1\nGroups:\t4 24 1073741824 \nNSpgid:\t12\t3\nNSsid:\t11\t2\nThreads:\t2\n"
	p := Process{Groups: []int{99}}
	if !parseStatus([]byte(text), &p) {
		t.Fatal("it has groups")
	}
	if p.State != 'S' || p.Parent != 7 || p.Group != 12 || p.Session != 11 || p.Threads != 2 || len(p.Groups) != 3 || !p.HasGroup(1073741824) || p.HasGroup(99) {
		t.Errorf("%+v", p)
	}
	if parseStatus([]byte("State:\tZ (zombie)\nThreads:\t1\n"), &p) {
		t.Error("there are no groups in it")
	}
}

func TestAZombieWithLiveThreadsIsNotDead(t *testing.T) {
	for _, c := range []struct {
		state   byte
		threads int
		dead    bool
	}{{'Z', 1, true}, {'Z', 0, true}, {'X', 1, true}, {'Z', 2, false}, {'S', 1, false}, {'T', 1, false}, {'D', 1, false}} {
		if p := (Process{State: c.state, Threads: c.threads}); p.Dead() != c.dead {
			t.Errorf("%c with %d threads", c.state, c.threads)
		}
	}
}

func TestAStatIsReadWhateverTheName(t *testing.T) {
	var p Process
	if !parseStat([]byte("12 (a) S 1 (b) R 5 6 7 0 -1"), &p) || p.State != 'R' || p.Parent != 5 || p.Group != 6 || p.Session != 7 {
		t.Errorf("%+v", p)
	}
	for _, text := range []string{"", "12", "12 (x)", "12 (x) "} {
		if parseStat([]byte(text), &p) {
			t.Errorf("%q", text)
		}
	}
}

func FuzzStatus(f *testing.F) {
	f.Add([]byte("State:\tS\nGroups:\t1 2\nThreads:\t99999999999999999999\n"))
	f.Fuzz(func(_ *testing.T, text []byte) {
		var p Process
		parseStatus(text, &p)
		parseStat(text, &p)
	})
}
