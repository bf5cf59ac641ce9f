package session

import (
	"context"
	"os"
	"sync"
	"syscall"
	"time"

	"berth/guest/internal/exec"
	"berth/guest/internal/fault"
)

// State is what the controller is told of a session.
type State struct {
	Name   string `json:"name"`
	CallID string `json:"call_id"`
	Kind   Kind   `json:"kind"`
	State  string `json:"state"`
	// Outcome is nil while it runs.
	Outcome *exec.Outcome `json:"outcome"`
	// Foreground is the name of the program that has the terminal, Cwd where it is; empty where that cannot be known.
	Foreground string `json:"foreground"`
	Cwd        string `json:"cwd"`
	// Busy means that another program than the first has the terminal.
	Busy bool `json:"busy"`
	Size
	FirstByte  int64 `json:"first_byte"`
	TotalBytes int64 `json:"total_bytes"`
}

// session is a program at a terminal or a channel, running or ended.
type session struct {
	name, callID string
	kind         Kind
	held         *exec.Held
	file         *os.File
	// slave is kept open beside the program's own, so that one which closes all of its own can open /dev/tty anew; -1 for a channel.
	slave  int
	output *output
	pump   *pump
	input  input

	mu      sync.Mutex
	size    Size
	outcome *exec.Outcome
	failed  error
	done    chan struct{}
}

// run ends with the program.
func (s *session) run() {
	outcome, words, err := s.held.Wait()
	s.pump.finish()
	if words != "" {
		s.output.writeLast([]byte(words))
	}
	_ = s.file.Close()
	if s.slave >= 0 {
		syscall.Close(s.slave)
	}
	s.mu.Lock()
	s.outcome, s.failed = &outcome, err
	s.mu.Unlock()
	s.output.finish()
	close(s.done)
}

func (s *session) ended() bool {
	select {
	case <-s.done:
		return true
	default:
		return false
	}
}

// end kills all of it and waits for that.
func (s *session) end(ctx context.Context) error {
	s.held.End()
	select {
	case <-s.done:
	case <-ctx.Done():
		return ctx.Err()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failed
}

func (s *session) resize(size Size) error {
	if err := size.validate(); err != nil {
		return err
	}
	if s.kind != Terminal {
		return fault.New(fault.InvalidArgument, "%s is no terminal", s.name)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.size = size
	return s.onMaster(func(fd int) error { return setSize(fd, size) })
}

// onMaster lends the descriptor; that of a session that has ended is nobody's to use, and no error.
func (s *session) onMaster(use func(fd int) error) error {
	raw, err := s.file.SyscallConn()
	if err != nil {
		return nil
	}
	var failed error
	_ = raw.Control(func(fd uintptr) { failed = use(int(fd)) })
	return failed
}

func (s *session) write(ctx context.Context, from Origin, p []byte, wait time.Duration) (int64, error) {
	return s.input.write(ctx, s.file, from, p, wait)
}
