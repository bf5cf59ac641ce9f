package test

import (
	"strings"
	"sync"
	"testing"
	"time"
)

func TestNothingOutlivesItsCall(t *testing.T) {
	g := start(t)
	const quick = 5 * time.Second
	for _, c := range []struct {
		script  string
		timeout time.Duration
		ended   string
		stdout  string
	}{
		{"sleep 600 & echo hi", quick, "exited 0", "hi\n"},
		{"setsid sleep 600 & echo hi", quick, "exited 0", "hi\n"},
		{"(setsid sh -c 'sleep 600 & sleep 600' &) ; echo hi", quick, "exited 0", "hi\n"},
		{"echo hi; (sleep 20)", 300 * time.Millisecond, "timed_out", "hi\n"},
		{"echo hi; sleep 20 | cat", 300 * time.Millisecond, "timed_out", "hi\n"},
		{"sleep 20 & echo hi; wait", 300 * time.Millisecond, "timed_out", "hi\n"},
		{"trap '' TERM INT HUP; echo hi; while :; do sleep 1; done", 300 * time.Millisecond, "timed_out", "hi\n"},
		{"echo hi; kill -STOP $$", 300 * time.Millisecond, "timed_out", "hi\n"},
		{"sleep 600 & kill -9 -1; echo hi", quick, "exited 0", "hi\n"},
		{"echo hi; kill -9 1; kill -STOP 1; exit 3", quick, "exited 3", "hi\n"},
		{"echo hi; kill -SEGV $$", quick, "signaled SIGSEGV", "hi\n"},
		{"echo hi > /dev/stdout; exit 7", quick, "exited 7", "hi\n"},
	} {
		r := g.sh(c.script, c.timeout)
		if r.ended() != c.ended || r.Stdout.Head != c.stdout {
			t.Errorf("%s: %s with %q, %q on stderr", c.script, r.ended(), r.Stdout.Head, r.Stderr.Head)
		}
		if r.DurationMs > float64(c.timeout.Milliseconds())+1000 {
			t.Errorf("%s: answered after %.0f ms", c.script, r.DurationMs)
		}
		if n := g.processes(); n != 0 {
			t.Errorf("%s: %d processes are left", c.script, n)
		}
	}
}

func TestAForkBombEndsWithItsCallAndTheGuestAnswersMeanwhile(t *testing.T) {
	g := start(t, processLimit(200))
	if limit := g.sh("grep 'Max processes' /proc/self/limits", 5*time.Second).Stdout.Head; !strings.Contains(limit, " 200 ") {
		t.Fatalf("the process limit is %q: no bomb is lit", limit)
	}
	for name, bomb := range map[string]string{
		"in one session": `perl -e 'fork while 1' & exec sleep 60`,
		"in many":        `perl -MPOSIX -e 'while (1) { POSIX::setsid(); fork }' & exec sleep 60`,
		// Two that stop each other in the same moment end the storm, so most are there before it.
		"that stops": `perl -MPOSIX -e 'for (1 .. 60) { next if fork; POSIX::setsid(); sleep 600 }
			while (1) { POSIX::setsid(); kill "STOP", -1 unless fork }' & exec sleep 60`,
	} {
		t.Run(name, func(t *testing.T) {
			var running sync.WaitGroup
			running.Go(func() {
				r := g.sh(bomb, 2*time.Second)
				if r.ended() != "timed_out" || r.DurationMs > 10_000 {
					t.Errorf("%s after %.0f ms: %s", r.ended(), r.DurationMs, r.Stderr.Head)
				}
				if r.SurvivorsKilled < 50 {
					t.Errorf("it was no bomb: %d processes", r.SurvivorsKilled)
				}
				t.Logf("%d processes killed, answered after %.0f ms", r.SurvivorsKilled, r.DurationMs)
			})
			slowest := time.Duration(0)
			for range 20 {
				began := time.Now()
				g.do("GET", "/v1/handshake", nil)
				slowest = max(slowest, time.Since(began))
				time.Sleep(50 * time.Millisecond)
			}
			running.Wait()
			if n := g.processes(); n != 0 {
				t.Errorf("%d processes are left", n)
			}
			if r := g.sh("echo alive", 5*time.Second); r.Stdout.Head != "alive\n" {
				t.Errorf("afterwards: %s", r.ended())
			}
			t.Logf("the slowest answer meanwhile took %v", slowest)
		})
	}
}

func TestProcessesThatFleeFromOnePidToTheNextAreCaught(t *testing.T) {
	g := start(t, processLimit(200))
	r := g.sh(`for i in $(seq 20); do perl -MPOSIX -e 'while (1) { POSIX::setsid(); exit if fork }' & done
		newest=0; until [ "$newest" -gt 3000 ]; do read -r _ _ _ _ newest </proc/loadavg; done; echo lit`, 20*time.Second)
	if r.ended() != "exited 0" || r.Stdout.Head != "lit\n" {
		t.Errorf("%s: %s", r.ended(), r.Stderr.Head)
	}
	if n := g.processes(); n != 0 {
		t.Errorf("%d processes are left", n)
	}
	t.Logf("%d processes killed, answered after %.0f ms", r.SurvivorsKilled, r.DurationMs)
}

func TestStoppingEveryNewProcessDoesNotStopTheGuest(t *testing.T) {
	g := start(t)
	var running sync.WaitGroup
	running.Go(func() { g.sh("while :; do kill -STOP -1 2>/dev/null; done", 3*time.Second) })
	for range 40 {
		// Each is stopped by the other call sooner or later, before its program runs or after.
		r := g.sh("exec true", 300*time.Millisecond)
		if e := r.ended(); e != "exited 0" && e != "timed_out" {
			t.Errorf("%s", e)
		}
	}
	running.Wait()
	if n := g.processes(); n != 0 {
		t.Errorf("%d processes are left", n)
	}
}

func TestAFloodIsCountedAndItsEndsAreKept(t *testing.T) {
	g := start(t)
	r := g.sh(`head -c 300000000 /dev/zero | tr '\0' é >&2; yes | head -c 10000000; echo end`, 30*time.Second)
	if r.Stdout.TotalBytes != 10_000_004 || !r.Stdout.Truncated || !strings.HasPrefix(r.Stdout.Head, "y\ny\n") || !strings.HasSuffix(r.Stdout.Tail, "y\nend\n") {
		t.Errorf("%d bytes, %q", r.Stdout.TotalBytes, r.Stdout.Tail[max(0, len(r.Stdout.Tail)-20):])
	}
	if r.Stderr.TotalBytes != 300_000_000 || r.Stderr.SpooledBytes != 64<<20 {
		t.Errorf("%+v bytes spooled of %d", r.Stderr.SpooledBytes, r.Stderr.TotalBytes)
	}
}
