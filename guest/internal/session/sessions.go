// Package session keeps programs that outlive the request that starts them: at a terminal, or at a channel that carries their frames.
package session

import (
	"context"
	"errors"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"

	"berth/guest/internal/exec"
	"berth/guest/internal/fault"
)

// Kind is how a program and the controller speak to each other.
type Kind string

const (
	// Terminal is a pseudo-terminal, the program's controlling one. Of its output the last bytes are kept.
	Terminal Kind = "terminal"
	// Channel is a socket at descriptor 0; what is written to 1 and 2 is lost. A program that writes faster than it is read waits.
	Channel Kind = "channel"
)

const (
	maxRunning    = 16
	maxKnown      = 32
	maxNameBytes  = 64
	keptBytes     = 512 << 10
	maxPageBytes  = 256 << 10
	maxInputBytes = 64 << 10
	maxWait       = 60 * time.Second
	usualRows     = 24
	usualColumns  = 80
)

// Config is what Sessions need to know of their sandbox.
type Config struct {
	Runner           *exec.Runner
	ToolUID, ToolGID int
	// AsTool runs a function with the identity of the tool user.
	AsTool func(ctx context.Context, fn func() error) error
}

// Sessions are those of a sandbox, by name. They are safe for concurrent use.
type Sessions struct {
	config Config
	// opening is held from the look at the limits until the session is known.
	opening sync.Mutex
	mu      sync.Mutex
	known   []*session
}

// New makes Sessions.
func New(config Config) *Sessions { return &Sessions{config: config} }

// OpenRequest is the body of POST /v1/sessions.
type OpenRequest struct {
	Name string `json:"name"`
	// CallID makes an open that is asked again harmless.
	CallID    string            `json:"call_id"`
	Kind      Kind              `json:"kind"`
	Argv      []string          `json:"argv"`
	Otherwise []string          `json:"otherwise"`
	Cwd       string            `json:"cwd"`
	Env       map[string]string `json:"env"`
	Size
}

func (r *OpenRequest) validate() error {
	if r.Kind != Terminal && r.Kind != Channel {
		return fault.New(fault.InvalidArgument, "kind must be terminal or channel")
	}
	if !validName(r.Name) {
		return fault.New(fault.InvalidArgument, "name must be 1 to %d letters, digits, dots, dashes and underscores", maxNameBytes)
	}
	if r.Size == (Size{}) {
		r.Size = Size{Rows: usualRows, Columns: usualColumns}
	}
	return r.Size.validate()
}

func validName(name string) bool {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"
	return name != "" && len(name) <= maxNameBytes && strings.Trim(name, letters) == ""
}

// Open starts a program under a name that no running session has, and gives the one that the same call opened before.
func (s *Sessions) Open(ctx context.Context, request OpenRequest) (*State, error) {
	if err := request.validate(); err != nil {
		return nil, err
	}
	s.opening.Lock()
	defer s.opening.Unlock()
	if before, err := s.find(request.Name); err == nil {
		if request.CallID != "" && before.callID == request.CallID {
			return s.state(ctx, before), nil
		}
		if !before.ended() {
			return nil, fault.New(fault.AlreadyExists, "%s is the name of another one", request.Name)
		}
	}
	if err := s.makeRoom(request.Name); err != nil {
		return nil, err
	}
	opened, err := s.start(ctx, &request)
	if errors.Is(err, syscall.EAGAIN) || errors.Is(err, syscall.ENOMEM) {
		// The sandbox is at its limit, which its own commands bring about.
		return nil, fault.New(fault.PreconditionFailed, "the sandbox has no process or memory left for it")
	}
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	s.known = append(s.known, opened)
	s.mu.Unlock()
	return s.state(ctx, opened), nil
}

// makeRoom forgets one that ended and had the name, or the one that ended first when there are too many.
func (s *Sessions) makeRoom(name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	running, ended, named := 0, -1, false
	for i, one := range s.known {
		switch {
		case !one.ended():
			running++
		case one.name == name:
			ended, named = i, true
		case ended < 0:
			ended = i
		}
	}
	if running >= maxRunning {
		return fault.New(fault.PreconditionFailed, "%d are open, which is the most", running)
	}
	if named || len(s.known) >= maxKnown {
		s.known = append(s.known[:ended:ended], s.known[ended+1:]...)
	}
	return nil
}

func (s *Sessions) start(ctx context.Context, request *OpenRequest) (*session, error) {
	opened := &session{
		name: request.Name, callID: request.CallID, kind: request.Kind, size: request.Size, slave: -1,
		output: newOutput(keptBytes, request.Kind == Channel), input: newInput(), done: make(chan struct{}),
	}
	hold := exec.HoldRequest{Argv: request.Argv, Otherwise: request.Otherwise, Cwd: request.Cwd, Env: request.Env}
	var theirs int
	var err error
	if request.Kind == Terminal {
		if opened.file, theirs, err = openTerminal(request.Size, s.config.ToolUID, s.config.ToolGID); err != nil {
			return nil, err
		}
		hold.Terminal, hold.Stdin, hold.Stdout, hold.Stderr = true, theirs, theirs, theirs
		opened.slave = theirs
	} else {
		var null int
		if opened.file, theirs, null, err = openChannel(); err != nil {
			return nil, err
		}
		defer syscall.Close(theirs)
		defer syscall.Close(null)
		hold.Stdin, hold.Stdout, hold.Stderr = theirs, null, null
	}
	if opened.held, err = s.config.Runner.Hold(ctx, hold); err != nil {
		_ = opened.file.Close()
		if opened.slave >= 0 {
			syscall.Close(opened.slave)
		}
		return nil, err
	}
	opened.pump = startPump(opened.file, opened.output)
	go opened.run()
	return opened, nil
}

func openChannel() (ours *os.File, theirs, null int, err error) {
	pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, -1, -1, err
	}
	if err = syscall.SetNonblock(pair[0], true); err == nil {
		null, err = syscall.Open("/dev/null", syscall.O_RDWR|syscall.O_CLOEXEC, 0)
	}
	if err != nil {
		syscall.Close(pair[0])
		syscall.Close(pair[1])
		return nil, -1, -1, err
	}
	return os.NewFile(uintptr(pair[0]), "channel"), pair[1], null, nil
}

func (s *Sessions) find(name string) (*session, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, one := range s.known {
		if one.name == name {
			return one, nil
		}
	}
	return nil, fault.New(fault.NotFound, "none is named %q", name)
}

// List gives all that are known, in the order in which they were opened.
func (s *Sessions) List(ctx context.Context) []*State {
	s.mu.Lock()
	known := append([]*session{}, s.known...)
	s.mu.Unlock()
	states := make([]*State, 0, len(known))
	for _, one := range known {
		states = append(states, s.state(ctx, one))
	}
	return states
}

// State tells of one.
func (s *Sessions) State(ctx context.Context, name string) (*State, error) {
	one, err := s.find(name)
	if err != nil {
		return nil, err
	}
	return s.state(ctx, one), nil
}

// Output reads from an offset on, at most 256 KiB. It waits at most 60 s, and then gives what there is.
func (s *Sessions) Output(ctx context.Context, name string, offset int64, limit int, wait, quiet time.Duration) (*Page, error) {
	one, err := s.find(name)
	if err != nil {
		return nil, err
	}
	if offset < 0 || limit < 1 || limit > maxPageBytes || wait < 0 || wait > maxWait || quiet < 0 || quiet > maxWait {
		return nil, fault.New(fault.InvalidArgument, "offset must be 0 or more, limit 1 to %d, times 0 to %d ms", maxPageBytes, maxWait.Milliseconds())
	}
	page := one.output.read(ctx, offset, limit, wait, quiet)
	return &page, nil
}

// Input types p, at most 64 KiB, and tells how many bytes of the writer have been typed.
func (s *Sessions) Input(ctx context.Context, name string, from Origin, p []byte, wait time.Duration) (int64, error) {
	one, err := s.find(name)
	if err != nil {
		return 0, err
	}
	switch {
	case len(p) > maxInputBytes:
		return 0, fault.New(fault.TooLarge, "the input is above %d bytes", maxInputBytes)
	case from.Offset < 0 || wait < 0 || wait > maxWait || !validName(from.Writer):
		return 0, fault.New(fault.InvalidArgument, "the writer, its offset or the time to wait is not acceptable")
	}
	return one.write(ctx, from, p, wait)
}

// Resize changes the size of a terminal.
func (s *Sessions) Resize(name string, size Size) error {
	one, err := s.find(name)
	if err != nil {
		return err
	}
	return one.resize(size)
}

// Interrupt sends SIGINT to the first process and its group.
func (s *Sessions) Interrupt(name string) error {
	one, err := s.find(name)
	if err == nil {
		one.held.Interrupt()
	}
	return err
}

// Close kills all of a session and verifies that. It is known until its name or its place is needed.
func (s *Sessions) Close(ctx context.Context, name string) (*State, error) {
	one, err := s.find(name)
	if err != nil {
		return nil, err
	}
	if err := one.end(ctx); err != nil {
		return nil, err
	}
	return s.state(ctx, one), nil
}

func (s *Sessions) state(ctx context.Context, one *session) *State {
	one.mu.Lock()
	told := &State{Name: one.name, CallID: one.callID, Kind: one.kind, State: "running", Outcome: one.outcome, Size: one.size}
	one.mu.Unlock()
	one.output.mu.Lock()
	told.FirstByte, told.TotalBytes = one.output.kept.first(), one.output.kept.total
	one.output.mu.Unlock()
	if told.Outcome != nil {
		told.State = "ended"
		return told
	}
	s.lookAt(ctx, one, told)
	return told
}
