package spawn

import (
	"encoding/binary"
	"os"
	"os/signal"
	"runtime"
	"sync"
	"syscall"
)

// Exit is how a process ended. Usage covers it and the descendants that were waited for.
type Exit struct {
	Status syscall.WaitStatus
	Usage  syscall.Rusage
}

// Children starts processes and reaps every child of this process, orphans included. There may be one in a process.
type Children struct {
	// mu is held from a fork until the child is known, and while reaping, so that no child is reaped unknown.
	mu      sync.Mutex
	waiting map[int]chan Exit
	signals chan os.Signal
	stopped chan struct{}
}

// NewChildren begins to reap.
func NewChildren() *Children {
	c := &Children{waiting: map[int]chan Exit{}, signals: make(chan os.Signal, 1), stopped: make(chan struct{})}
	signal.Notify(c.signals, syscall.SIGCHLD)
	go c.reap()
	return c
}

// Close stops reaping.
func (c *Children) Close() {
	signal.Stop(c.signals)
	close(c.signals)
	<-c.stopped
}

// Process is a started child.
type Process struct {
	PID int
	// Exited gives the end of the process once.
	Exited <-chan Exit
	report int
}

// Start forks. Whether the program could be executed is known when the process has exited: see StartFailure.
func (c *Children) Start(command *Command) (*Process, error) {
	var report [2]int
	if err := syscall.Pipe2(report[:], syscall.O_CLOEXEC|syscall.O_NONBLOCK); err != nil {
		return nil, err
	}
	defer syscall.Close(report[1])
	p, err := newPlan(command, report[1])
	if err != nil {
		syscall.Close(report[0])
		return nil, err
	}
	exited := make(chan Exit, 1)
	c.mu.Lock()
	pid, errno := fork(p)
	if errno == 0 {
		c.waiting[pid] = exited
	}
	c.mu.Unlock()
	runtime.KeepAlive(p)
	if errno != 0 {
		syscall.Close(report[0])
		return nil, errno
	}
	return &Process{PID: pid, Exited: exited, report: report[0]}, nil
}

// StartFailure tells why the program was not executed, nil when it was, and releases the process. To be called once, when the process is gone.
func (p *Process) StartFailure() *StartError {
	defer syscall.Close(p.report)
	var failure [8]byte
	if n, err := syscall.Read(p.report, failure[:]); err != nil || n != len(failure) {
		return nil
	}
	return &StartError{
		Stage: Stage(binary.NativeEndian.Uint32(failure[:])),
		Errno: syscall.Errno(binary.NativeEndian.Uint32(failure[4:])),
	}
}

// Alive reports whether a process has not been reaped yet, so that its pid is no other's.
func (c *Children) Alive(p *Process) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	exited, ok := c.waiting[p.PID]
	return ok && (<-chan Exit)(exited) == p.Exited
}

// Started reports whether pid is a child that was started here and has not been reaped yet. It waits for a fork in progress.
func (c *Children) Started(pid int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, ok := c.waiting[pid]
	return ok
}

func (c *Children) reap() {
	defer close(c.stopped)
	for range c.signals {
		for c.reapOne() {
		}
	}
}

func (c *Children) reapOne() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	var exit Exit
	pid, err := syscall.Wait4(-1, &exit.Status, syscall.WNOHANG, &exit.Usage)
	if err == syscall.EINTR {
		return true
	}
	if err != nil || pid <= 0 {
		return false
	}
	if exited, ok := c.waiting[pid]; ok {
		delete(c.waiting, pid)
		exited <- exit
	}
	return true
}
