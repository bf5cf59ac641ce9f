package exec

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"berth/guest/internal/fault"
)

const (
	// Commands that may run in the background at once, and names that are remembered.
	maxBackground  = 8
	maxRemembered  = 32
	maxNameBytes   = 64
	stopPatience   = killDeadline + reapDeadline
	stateRunning   = "running"
	stateDone      = "done"
	stateAbandoned = "not_started"
)

// BackgroundRequest is the body of POST /v1/background: a command that outlives the request, under a name.
type BackgroundRequest struct {
	Request
	Name string `json:"name"`
}

// BackgroundState is what is known of the last command of a name. Its output is read by its call id.
type BackgroundState struct {
	Name        string   `json:"name"`
	CallID      string   `json:"call_id"`
	State       string   `json:"state"`
	RunningMs   int64    `json:"running_ms"`
	StdoutBytes int64    `json:"stdout_bytes"`
	StderrBytes int64    `json:"stderr_bytes"`
	Outcome     *Outcome `json:"outcome,omitempty"`
}

type named struct {
	name    string
	call    *call
	started time.Time
	ended   atomic.Pointer[time.Time]
}

// Background holds the commands that outlive their requests. Each is a call like others, with its own group, by which it is ended: by Stop, at its
// time limit, or by Quiesce. It belongs to the sandbox, not to the controller that asked for it.
type Background struct {
	runner *Runner
	mu     sync.Mutex
	// names in the order in which they were started.
	names []*named
}

// NewBackground makes an empty one.
func NewBackground(runner *Runner) *Background { return &Background{runner: runner} }

// Start begins a command and returns when its first process is there, or could not be.
func (b *Background) Start(ctx context.Context, request BackgroundRequest) error {
	if !validName(request.Name) {
		return fault.New(fault.InvalidArgument, "name must be 1 to %d letters, digits, '.', '_' or '-'", maxNameBytes)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	running := 0
	for _, n := range b.names {
		if n.call.ended() {
			continue
		}
		running++
		if n.name == request.Name {
			return fault.New(fault.AlreadyExists, "%s is running", n.name)
		}
	}
	if running >= maxBackground {
		return fault.New(fault.Busy, "%d commands are running in the background", running)
	}
	c, dir, err := b.runner.admit(ctx, &request.Request)
	if err != nil {
		return err
	}
	n := &named{name: request.Name, call: c, started: time.Now()}
	b.names = append(slices.DeleteFunc(b.names, func(other *named) bool { return other.name == n.name }), n)
	b.forget()
	go func() {
		_, _ = b.runner.complete(context.Background(), &request.Request, c, dir)
		now := time.Now()
		n.ended.Store(&now)
	}()
	// Whoever ends everything next must find its process.
	select {
	case <-c.running:
	case <-c.done:
	}
	return nil
}

// forget drops the oldest names that have ended; what runs is never forgotten.
func (b *Background) forget() {
	for i := 0; len(b.names) > maxRemembered && i < len(b.names); {
		if b.names[i].call.ended() {
			b.names = slices.Delete(b.names, i, i+1)
			continue
		}
		i++
	}
}

// List tells of every name, in the order in which they were started.
func (b *Background) List() []BackgroundState {
	b.mu.Lock()
	defer b.mu.Unlock()
	states := make([]BackgroundState, 0, len(b.names))
	for _, n := range b.names {
		states = append(states, n.state())
	}
	return states
}

// Stop ends a command with all that it started and returns when nothing of it runs. One that has ended stays as it is.
func (b *Background) Stop(ctx context.Context, name string) (*BackgroundState, error) {
	b.mu.Lock()
	at := slices.IndexFunc(b.names, func(n *named) bool { return n.name == name })
	if at < 0 {
		b.mu.Unlock()
		return nil, fault.New(fault.UnknownCall, "nothing was started in the background as %q", name)
	}
	n := b.names[at]
	b.mu.Unlock()
	n.call.cancel()
	timer := time.NewTimer(stopPatience)
	defer timer.Stop()
	select {
	case <-n.call.done:
	case <-timer.C:
		return nil, fault.New(fault.Internal, "%s did not end", name)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	state := n.state()
	return &state, nil
}

func (n *named) state() BackgroundState {
	state := BackgroundState{Name: n.name, CallID: n.call.id, State: stateRunning, StdoutBytes: n.call.stdout.written(), StderrBytes: n.call.stderr.written()}
	until := time.Now()
	if n.call.ended() {
		state.State = stateDone
		if n.call.result != nil {
			state.Outcome = &n.call.result.Outcome
		} else {
			state.State = stateAbandoned
		}
		if ended := n.ended.Load(); ended != nil {
			until = *ended
		}
	}
	state.RunningMs = until.Sub(n.started).Milliseconds()
	return state
}

func validName(name string) bool {
	if name == "" || len(name) > maxNameBytes {
		return false
	}
	for _, c := range []byte(name) {
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '.' || c == '_' || c == '-') {
			return false
		}
	}
	return true
}
