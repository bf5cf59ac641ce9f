package exec

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"berth/guest/internal/fault"
)

func (f *fixture) background(b *Background, name, script string) (string, error) {
	request := BackgroundRequest{Request: f.request("/bin/sh", "-c", script), Name: name}
	return request.CallID, b.Start(context.Background(), request)
}

func (f *fixture) start(b *Background, name, script string) string {
	f.t.Helper()
	id, err := f.background(b, name, script)
	if err != nil {
		f.t.Fatal(err)
	}
	return id
}

func TestABackgroundCommandOutlivesItsRequestAndTheCallsBesideIt(t *testing.T) {
	f := newFixture(t)
	b := NewBackground(f.Runner)
	id := f.start(b, "server", "echo ready; sleep 100 & wait")
	await(t, "its output", func() bool {
		page, err := f.Output(id, "stdout", 0, 100)
		return err == nil && string(page.Bytes) == "ready\n"
	})
	f.sh("true")
	if state := b.List()[0]; state.State != "running" || state.Name != "server" || state.StdoutBytes != 6 {
		t.Errorf("%+v", state)
	}
	state, err := b.Stop(context.Background(), "server")
	if err != nil || state.State != "done" || state.Outcome.Type != "cancelled" {
		t.Fatalf("%+v, %v", state, err)
	}
	if n, err := f.Processes(); err != nil || n != 0 {
		t.Errorf("%d processes are left, %v", n, err)
	}
}

func TestANameIsFreeAgainWhenItsCommandHasEnded(t *testing.T) {
	f := newFixture(t)
	b := NewBackground(f.Runner)
	f.start(b, "a", "sleep 100")
	if _, err := f.background(b, "a", "true"); !fault.Is(err, fault.AlreadyExists) {
		t.Errorf("a second one of the name: %v", err)
	}
	if _, err := b.Stop(context.Background(), "a"); err != nil {
		t.Fatal(err)
	}
	f.start(b, "a", "exit 3")
	await(t, "its end", func() bool { return b.List()[0].State == "done" })
	if state := b.List()[0]; len(b.List()) != 1 || *state.Outcome.Code != 3 {
		t.Errorf("%+v", b.List())
	}
}

func TestBackgroundCommandsHaveALimitOfNumberAndOfTime(t *testing.T) {
	f := newFixture(t)
	b := NewBackground(f.Runner)
	for i := range maxBackground {
		f.start(b, fmt.Sprintf("n%d", i), "sleep 100")
	}
	if _, err := f.background(b, "more", "true"); !fault.Is(err, fault.Busy) {
		t.Errorf("one too many: %v", err)
	}
	if _, err := f.Quiesce(); err != nil {
		t.Fatal(err)
	}
	await(t, "the end of all", func() bool {
		for _, state := range b.List() {
			if state.State != "done" {
				return false
			}
		}
		return true
	})
	request := BackgroundRequest{Request: f.request("/bin/sh", "-c", "sleep 100"), Name: "short"}
	request.TimeoutMs = 20
	if err := b.Start(context.Background(), request); err != nil {
		t.Fatal(err)
	}
	await(t, "its time limit", func() bool {
		last := b.List()[len(b.List())-1]
		return last.Outcome != nil && last.Outcome.Type == "timed_out"
	})
}

func TestBackgroundNamesAreCheckedAndTheOldestForgotten(t *testing.T) {
	f := newFixture(t)
	b := NewBackground(f.Runner)
	for _, name := range []string{"", "a b", "../x", strings.Repeat("x", 65)} {
		if _, err := f.background(b, name, "true"); !fault.Is(err, fault.InvalidArgument) {
			t.Errorf("%q: %v", name, err)
		}
	}
	for i := range maxRemembered + 3 {
		name := fmt.Sprintf("n%d", i)
		f.start(b, name, "true")
		await(t, "its end", func() bool { return b.List()[len(b.List())-1].State == "done" })
	}
	if states := b.List(); len(states) != maxRemembered || states[0].Name != "n3" {
		t.Errorf("%d are remembered, the first is %s", len(states), states[0].Name)
	}
	if _, err := b.Stop(context.Background(), "n0"); !fault.Is(err, fault.UnknownCall) {
		t.Errorf("a forgotten one: %v", err)
	}
}
