package starter

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// TestMain is also what the starter runs.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 {
		switch os.Args[1] {
		case "fail":
			fmt.Println("said")
			os.Exit(7)
		case "stay":
			syscall.Pause()
		}
	}
	os.Exit(m.Run())
}

type session struct {
	requests *json.Encoder
	replies  *json.Decoder
	end      func() error
}

func open(t *testing.T) session {
	t.Helper()
	requestsOut, requestsIn := io.Pipe()
	repliesOut, repliesIn := io.Pipe()
	done := make(chan error, 1)
	go func() { done <- Serve(requestsOut, repliesIn) }()
	return session{json.NewEncoder(requestsIn), json.NewDecoder(bufio.NewReader(repliesOut)), func() error {
		_ = requestsIn.Close()
		return <-done
	}}
}

func (s session) ask(t *testing.T, request Request) {
	t.Helper()
	if err := s.requests.Encode(request); err != nil {
		t.Fatal(err)
	}
}

func (s session) expect(t *testing.T, id, code int) {
	t.Helper()
	var reply Reply
	if err := s.replies.Decode(&reply); err != nil {
		t.Fatal(err)
	}
	if reply.ID != id || reply.Code != code || reply.Error != "" {
		t.Fatalf("%+v", reply)
	}
}

func TestARunTellsItsCodeAndWritesToItsLog(t *testing.T) {
	s, log := open(t), filepath.Join(t.TempDir(), "log")
	s.ask(t, Request{ID: 1, Args: []string{"fail"}, Log: log, TimeoutMs: 60_000})
	s.expect(t, 1, 7)
	if said, err := os.ReadFile(log); err != nil || string(said) != "said\n" {
		t.Fatalf("%q %v", said, err)
	}
	if err := s.end(); err != nil {
		t.Fatal(err)
	}
}

func TestARunEndsWhenItIsCancelledOrItsTimeIsUpAndOthersGoOn(t *testing.T) {
	s, dir := open(t), t.TempDir()
	s.ask(t, Request{ID: 1, Args: []string{"stay"}, Log: filepath.Join(dir, "1"), TimeoutMs: 60_000})
	s.ask(t, Request{ID: 2, Args: []string{"stay"}, Log: filepath.Join(dir, "2"), TimeoutMs: 1})
	s.expect(t, 2, -1)
	s.ask(t, Request{ID: 1, Cancel: true})
	s.expect(t, 1, -1)
	if err := s.end(); err != nil {
		t.Fatal(err)
	}
}

func TestARunWithoutALogIsRefused(t *testing.T) {
	s := open(t)
	s.ask(t, Request{ID: 1, Args: []string{"fail"}, Log: filepath.Join(t.TempDir(), "none/log"), TimeoutMs: 60_000})
	var reply Reply
	if err := s.replies.Decode(&reply); err != nil || reply.Error == "" {
		t.Fatalf("%+v %v", reply, err)
	}
	if err := s.end(); err != nil {
		t.Fatal(err)
	}
}
