package test

import (
	"os/exec"
	"slices"
	"testing"
	"time"
)

// TestLatency prints how long a call of a trivial program takes over the socket, beside fork and exec of it from here.
func TestLatency(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: -short leaves measurements out")
	}
	g := start(t)
	const rounds = 300
	var calls, inGuest, plain, handshakes []time.Duration
	for range rounds {
		call := g.call("", 5*time.Second)
		call["argv"] = []string{"/bin/true"}
		began := time.Now()
		var r result
		g.post("/v1/exec", call).decode(t, &r)
		calls = append(calls, time.Since(began))
		inGuest = append(inGuest, time.Duration(r.DurationMs*float64(time.Millisecond)))
		began = time.Now()
		g.do("GET", "/v1/handshake", nil)
		handshakes = append(handshakes, time.Since(began))
		began = time.Now()
		if err := exec.Command("/bin/true").Run(); err != nil {
			t.Fatal(err)
		}
		plain = append(plain, time.Since(began))
		if r.ended() != "exited 0" {
			t.Fatal(r.ended())
		}
	}
	for name, took := range map[string][]time.Duration{
		"exec of true over the socket": calls, "of which the guest measures": inGuest,
		"a handshake": handshakes, "fork and exec of true alone": plain,
	} {
		slices.Sort(took)
		t.Logf("%s: median %v, p95 %v", name, took[rounds/2], took[rounds*95/100])
	}
}
