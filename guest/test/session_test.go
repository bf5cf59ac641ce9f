package test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

type sessionState struct {
	Name, Kind, State, Cwd, Foreground string
	Busy                               bool
	Rows, Columns                      int
	FirstByte                          int64 `json:"first_byte"`
	TotalBytes                         int64 `json:"total_bytes"`
	Outcome                            *struct {
		Type, Signal string
		Code         int
	}
}

// terminal is a session that the tests type into and read from its beginning.
type terminal struct {
	*guest
	name  string
	typed int64
	read  int64
	text  strings.Builder
}

func (g *guest) openRequest(name string, argv ...string) map[string]any {
	return map[string]any{
		"name": name, "call_id": fmt.Sprintf("call-%d", g.calls.Add(1)), "kind": "terminal", "argv": argv,
		"env": map[string]string{"PATH": "/usr/bin:/bin", "PS1": "$ ", "TERM": "dumb", "HISTFILE": "/dev/null"},
	}
}

func (g *guest) terminal(name string) *terminal {
	g.t.Helper()
	if r := g.post("/v1/sessions", g.openRequest(name, "/bin/bash", "--norc", "--noprofile")); r.status != http.StatusOK {
		g.t.Fatalf("%s", r.body)
	}
	return &terminal{guest: g, name: name}
}

func (s *terminal) send(text string) {
	s.t.Helper()
	r := s.do("POST", fmt.Sprintf("/v1/sessions/%s/input?writer=t&offset=%d&wait_ms=20000", s.name, s.typed), strings.NewReader(text))
	var accepted struct{ Accepted int64 }
	r.decode(s.t, &accepted)
	if s.typed += int64(len(text)); accepted.Accepted != s.typed {
		s.t.Fatalf("%d bytes accepted of %d", accepted.Accepted, s.typed)
	}
}

func (s *terminal) page(limit, waitMs int) (ended bool) {
	s.t.Helper()
	r := s.do("GET", fmt.Sprintf("/v1/sessions/%s/output?offset=%d&limit=%d&wait_ms=%d", s.name, s.read, limit, waitMs), nil)
	if r.status != http.StatusOK {
		s.t.Fatalf("%s", r.body)
	}
	from, err := strconv.ParseInt(r.header.Get("berth-offset"), 10, 64)
	if err != nil {
		s.t.Fatal(err)
	}
	s.read = from + int64(len(r.body))
	s.text.Write(r.body)
	total, err := strconv.ParseInt(r.header.Get("berth-total-bytes"), 10, 64)
	if err != nil {
		s.t.Fatal(err)
	}
	return r.header.Get("berth-ended") == "true" && s.read == total
}

// expect reads until the text is there.
func (s *terminal) expect(text string) {
	s.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !strings.Contains(s.text.String(), text); {
		if s.page(65536, 5000) && !strings.Contains(s.text.String(), text) || time.Now().After(deadline) {
			s.t.Fatalf("%q is not in %q", text, s.text.String())
		}
	}
}

func (s *terminal) untilEnd() {
	s.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !s.page(65536, 5000); {
		if time.Now().After(deadline) {
			s.t.Fatalf("it does not end: %q", s.text.String())
		}
	}
}

func (s *terminal) state() (state sessionState) {
	s.t.Helper()
	s.do("GET", "/v1/sessions/"+s.name, nil).decode(s.t, &state)
	return state
}

func TestAShellAtATerminalOutlivesTheRequestsThatUseIt(t *testing.T) {
	g := start(t)
	s := g.terminal("one")
	s.send("cd /usr && X=kept; tty; id -u; stty size\n")
	s.expect("/dev/pts/")
	s.expect(fmt.Sprintf("%d\r\n24 80", toolUID))
	// A command of its own call ends, and kills nothing of the terminal.
	if r := g.sh("sleep 60 & true", 10*time.Second); r.SurvivorsKilled != 1 {
		t.Errorf("%+v", r)
	}
	s.send("echo still-$X\n")
	s.expect("still-kept")
	if state := s.state(); state.State != "running" || state.Cwd != "/usr" || state.Foreground != "bash" || state.Busy {
		t.Errorf("%+v", state)
	}
	s.send("sleep 61\n")
	await(t, "sleep has the terminal", func() bool { return s.state().Foreground == "sleep" && s.state().Busy })
	s.send("\x03")
	s.send("(exit 7); echo code-$?\n")
	s.expect("code-7")
	s.send("exit 9\n")
	s.untilEnd()
	if state := s.state(); state.State != "ended" || state.Outcome.Type != "exited" || state.Outcome.Code != 9 {
		t.Errorf("%+v", state)
	}
	if n := g.processes(); n != 0 {
		t.Errorf("%d processes", n)
	}
}

func TestATerminalTellsItsProgramTheSizeWhenThatChanges(t *testing.T) {
	g := start(t)
	s := g.terminal("one")
	s.send("trap 'echo size $(stty size)' WINCH; echo rea''dy\n")
	s.expect("ready")
	for range 300 {
		g.post("/v1/sessions/one/resize", map[string]int{"rows": 7, "columns": 9})
		g.post("/v1/sessions/one/resize", map[string]int{"rows": 33, "columns": 101})
	}
	s.send("\n")
	s.expect("size 33 101")
	if state := s.state(); state.Rows != 33 || state.Columns != 101 {
		t.Errorf("%+v", state)
	}
	if r := g.post("/v1/sessions/one/resize", map[string]int{"rows": 0, "columns": 1001}); r.code() != "invalid_argument" {
		t.Errorf("%s", r.body)
	}
}

func TestClosingATerminalKillsAllThatWasStartedInIt(t *testing.T) {
	g := start(t)
	s := g.terminal("one")
	s.send("sleep 71 & setsid sleep 72 & (setsid sh -c 'trap \"\" TERM HUP INT; sleep 73 & sleep 74' &) ; echo beg''un\n")
	s.expect("begun")
	var closed sessionState
	g.post("/v1/sessions/one/close", nil).decode(t, &closed)
	if closed.State != "ended" || closed.Outcome.Type != "cancelled" {
		t.Errorf("%+v", closed)
	}
	if n := g.processes(); n != 0 {
		t.Errorf("%d processes", n)
	}
	g.post("/v1/sessions/one/close", nil).decode(t, &closed)
	if closed.State != "ended" {
		t.Errorf("%+v", closed)
	}
	// Its name is free again.
	again := g.terminal("one")
	again.send("echo ag''ain\n")
	again.expect("again")
	if r := g.do("GET", "/v1/sessions/two", nil); r.code() != "not_found" {
		t.Errorf("%s", r.body)
	}
}

func TestQuiesceEndsTerminals(t *testing.T) {
	g := start(t)
	s := g.terminal("one")
	s.send("echo rea''dy\n")
	s.expect("ready")
	if r := g.do("POST", "/v1/quiesce", nil); r.status != http.StatusOK {
		t.Fatalf("%s", r.body)
	}
	s.untilEnd()
	if state := s.state(); state.Outcome.Type != "signaled" || state.Outcome.Signal != "SIGKILL" {
		t.Errorf("%+v", state)
	}
}

func TestWhatIsTypedAgainIsNotTypedTwice(t *testing.T) {
	g := start(t)
	s := g.terminal("one")
	line := "echo x >> lines\n"
	for _, offset := range []int{0, 0, 4, len(line)} {
		typed := strings.Repeat(line, 2)[offset:]
		r := g.do("POST", fmt.Sprintf("/v1/sessions/one/input?writer=w&offset=%d&wait_ms=20000", offset), strings.NewReader(typed))
		if want := fmt.Sprintf("{\"accepted\":%d}\n", 2*len(line)); string(r.body) != want {
			t.Errorf("%s", r.body)
		}
	}
	if r := g.do("POST", "/v1/sessions/one/input?writer=w&offset=99", strings.NewReader("x")); r.code() != "precondition_failed" {
		t.Errorf("%s", r.body)
	}
	s.send("wc -l < lines\n")
	s.expect("\n2\r\n")
}

func TestEndlessOutputIsReadToTheCapAndTheRestIsForgotten(t *testing.T) {
	g := start(t)
	s := g.terminal("one")
	// Nothing comes after the last word, no prompt either.
	s.send("seq 1 300000; printf la''st; exec sleep 62\n")
	for !strings.Contains(s.text.String(), "last") {
		s.text.Reset()
		s.read = max(0, s.state().TotalBytes-100)
		s.page(65536, 1000)
	}
	state := s.state()
	if kept := state.TotalBytes - state.FirstByte; state.FirstByte == 0 || kept > 512<<10 {
		t.Errorf("%d bytes kept from %d on", kept, state.FirstByte)
	}
	s.read = 0
	s.text.Reset()
	s.page(65536, 0)
	if s.read != state.FirstByte+65536 {
		t.Errorf("the first page ends at %d", s.read)
	}
}

func TestAFloodOfInputEndsWithItsWaitAndTheTerminalGoesOn(t *testing.T) {
	g := start(t)
	s := g.terminal("one")
	s.send("stty raw -echo; echo rea''dy; sleep 62\n")
	s.expect("ready")
	flood := bytes.Repeat([]byte("x"), 64<<10)
	sent, accepted := int64(0), int64(0)
	for range 40 {
		r := g.do("POST", fmt.Sprintf("/v1/sessions/one/input?writer=flood&offset=%d&wait_ms=100", accepted), bytes.NewReader(flood))
		var reply struct{ Accepted int64 }
		r.decode(t, &reply)
		sent += int64(len(flood))
		if accepted == reply.Accepted {
			break
		}
		accepted = reply.Accepted
	}
	if accepted == sent {
		t.Errorf("all %d bytes were taken though nobody reads", sent)
	}
	if r := g.do("POST", "/v1/sessions/one/input?writer=flood", bytes.NewReader(append(flood, 'x'))); r.code() != "too_large" {
		t.Errorf("%s", r.body)
	}
	if state := s.state(); state.State != "running" || state.Foreground != "sleep" {
		t.Errorf("%+v", state)
	}
}

func TestThereAreAsManyTerminalsAsTheLimitAllowsAndThoseThatEndedGiveWay(t *testing.T) {
	g := start(t)
	for i := range 16 {
		if r := g.post("/v1/sessions", g.openRequest(fmt.Sprintf("t%d", i), "sleep", "63")); r.status != http.StatusOK {
			t.Fatalf("%s", r.body)
		}
	}
	if r := g.post("/v1/sessions", g.openRequest("more", "sleep", "63")); r.code() != "precondition_failed" {
		t.Errorf("%s", r.body)
	}
	if r := g.post("/v1/sessions/t3/close", nil); r.status != http.StatusOK {
		t.Fatalf("%s", r.body)
	}
	for i := range 40 {
		s := &terminal{guest: g, name: fmt.Sprintf("short%d", i)}
		if r := g.post("/v1/sessions", g.openRequest(s.name, "true")); r.status != http.StatusOK {
			t.Fatalf("%s", r.body)
		}
		s.untilEnd()
	}
	var list struct{ Sessions []sessionState }
	g.do("GET", "/v1/sessions", nil).decode(t, &list)
	if len(list.Sessions) != 32 || list.Sessions[0].Name != "t0" {
		t.Errorf("%d sessions, the first %s", len(list.Sessions), list.Sessions[0].Name)
	}
}

func TestOpeningIsRepeatedByItsCallAndRefusedToAnother(t *testing.T) {
	g := start(t)
	request := g.openRequest("one", "sleep", "64")
	for range 2 {
		if r := g.post("/v1/sessions", request); r.status != http.StatusOK {
			t.Errorf("%s", r.body)
		}
	}
	if n := g.processes(); n != 1 {
		t.Errorf("%d processes", n)
	}
	request["call_id"] = "another"
	if r := g.post("/v1/sessions", request); r.code() != "already_exists" {
		t.Errorf("%s", r.body)
	}
	for _, name := range []string{"", "a b", "../x", strings.Repeat("x", 65)} {
		if r := g.post("/v1/sessions", g.openRequest(name, "true")); r.code() != "invalid_argument" {
			t.Errorf("%q: %s", name, r.body)
		}
	}
}

func TestAProgramThatDoesNotExistSaysSoAtItsTerminal(t *testing.T) {
	g := start(t)
	g.post("/v1/sessions", g.openRequest("one", "no-such-program"))
	s := &terminal{guest: g, name: "one"}
	s.untilEnd()
	if state := s.state(); state.Outcome.Code != 127 || !strings.Contains(s.text.String(), "cannot start no-such-program") {
		t.Errorf("%+v, %q", state, s.text.String())
	}
}

func TestATerminalStaysWhenAnotherControllerTakesOver(t *testing.T) {
	g := start(t)
	s := g.terminal("one")
	s.send("echo rea''dy\n")
	s.expect("ready")
	waiting := make(chan *reply, 1)
	beyond := fmt.Sprintf("/v1/sessions/one/output?offset=%d&wait_ms=60000", s.state().TotalBytes+1000)
	go func() {
		r, _ := g.request("GET", beyond, nil, "berth-epoch", "1")
		waiting <- r
	}()
	if r := g.do("GET", "/v1/sessions/one", nil, "berth-epoch", "2"); r.status != http.StatusOK {
		t.Fatalf("%s", r.body)
	}
	select {
	case <-waiting:
	case <-time.After(20 * time.Second):
		t.Error("the one that was replaced still waits")
	}
	if r := g.do("POST", "/v1/sessions/one/input?writer=old", strings.NewReader("x"), "berth-epoch", "1"); r.code() != "fenced" {
		t.Errorf("%s", r.body)
	}
	r := g.do("POST", "/v1/sessions/one/input?writer=new&wait_ms=20000", strings.NewReader("echo here-aga''in\n"), "berth-epoch", "2")
	if r.status != http.StatusOK {
		t.Fatalf("%s", r.body)
	}
	g.expectAs(s, "here-again", "2")
}

// expectAs is expect in the name of an epoch.
func (g *guest) expectAs(s *terminal, text, epoch string) {
	g.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); {
		r := g.do("GET", fmt.Sprintf("/v1/sessions/%s/output?offset=%d&wait_ms=5000", s.name, s.read), nil, "berth-epoch", epoch)
		s.text.Write(r.body)
		s.read += int64(len(r.body))
		if strings.Contains(s.text.String(), text) {
			return
		}
	}
	g.t.Fatalf("%q is not in %q", text, s.text.String())
}

func TestAChannelCarriesBytesBothWaysAndHoldsBackWhoeverWritesTooFast(t *testing.T) {
	g := start(t)
	// What comes is written back twice, and then 2 MB that nobody has read.
	script := `exec 3<&0 </dev/null; read line <&3; echo "$line$line" >&3; head -c 2000000 /dev/zero | tr '\0' x >&3; sleep 65`
	request := g.openRequest("one", "/bin/sh", "-c", script)
	request["kind"] = "channel"
	if r := g.post("/v1/sessions", request); r.status != http.StatusOK {
		t.Fatalf("%s", r.body)
	}
	s := &terminal{guest: g, name: "one"}
	s.send("ab\n")
	s.expect("abab\n")
	await(t, "as much as is kept", func() bool { return s.state().TotalBytes == s.read+512<<10 || s.state().TotalBytes >= 512<<10 })
	for s.read < 2_000_005 {
		s.page(256<<10, 5000)
	}
	if text := s.text.String(); len(text) != 2_000_005 || strings.Trim(text[5:], "x") != "" {
		t.Errorf("%d bytes", len(text))
	}
	if r := g.post("/v1/sessions/one/resize", map[string]int{"rows": 1, "columns": 1}); r.code() != "invalid_argument" {
		t.Errorf("%s", r.body)
	}
	g.post("/v1/sessions/one/interrupt", nil)
	s.untilEnd()
	if state := s.state(); state.Outcome.Type != "signaled" || state.Outcome.Signal != "SIGINT" {
		t.Errorf("%+v", state)
	}
}

func TestWhatAChannelWroteBeforeItsProgramEndedIsThereForWhoeverReadsLate(t *testing.T) {
	g := start(t)
	// More than is kept for a reader, by less than the kernel takes from a program that need not wait.
	request := g.openRequest("c", "/bin/sh", "-c", "head -c 600000 /dev/zero >&0")
	request["kind"] = "channel"
	if r := g.post("/v1/sessions", request); r.status != 200 {
		t.Fatalf("%d %s", r.status, r.body)
	}
	c := &terminal{guest: g, name: "c"}
	await(t, "the program to end", func() bool { return c.state().State == "ended" })
	c.untilEnd()
	if c.read != 600_000 {
		t.Errorf("%d bytes", c.read)
	}
}

func TestManyTerminalsAndReadersStartNoThreads(t *testing.T) {
	g := start(t)
	for i := range 16 {
		g.post("/v1/sessions", g.openRequest(fmt.Sprintf("t%d", i), "/bin/sh", "-c", "yes"))
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	var readers sync.WaitGroup
	for i := range 64 {
		readers.Go(func() {
			_, err := g.request("GET", fmt.Sprintf("/v1/sessions/t%d/output?offset=%d&wait_ms=30000&limit=262144", i%16, i*1000), nil)
			if err != nil || ctx.Err() != nil {
				t.Error(err, ctx.Err())
			}
		})
	}
	readers.Wait()
	if n := g.threads(); n > guestThreads {
		t.Errorf("%d threads", n)
	}
}

// await waits until something holds, which it must within some seconds.
func await(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within 20 s", what)
		}
	}
}
