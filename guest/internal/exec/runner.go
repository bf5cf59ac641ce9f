package exec

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"berth/guest/internal/defence"
	"berth/guest/internal/fault"
	"berth/guest/internal/proc"
	"berth/guest/internal/spawn"
)

// Config is what a Runner needs to know of its sandbox.
type Config struct {
	BootID           string
	ToolUID, ToolGID int
	AllowRoot        bool
	// SpoolDir is empty to keep no output beyond the caps.
	SpoolDir string
	// OpenDir opens a working directory with the identity of the tool user, or of the guest for commands as root.
	OpenDir func(ctx context.Context, path string, asRoot bool) (int, error)
	// OOMKills counts the OOM kills of the sandbox; ok is false where that cannot be known.
	OOMKills func() (count int64, ok bool)
	// GroupStart shifts the group ids, for guests that share a pid namespace.
	GroupStart int
}

// Runner runs calls. It is safe for concurrent use.
type Runner struct {
	config   Config
	children *spawn.Children
	table    *proc.Table
	registry *registry
	groups   *groups
	spool    *spool
	self     int
	root     bool
}

const (
	// How long killing may take before the guest admits that it cannot.
	killDeadline = 10 * time.Second
	// How long a killed first process may take to be reaped; another process that traces it can hold it back.
	reapDeadline = 2 * time.Second
	// What commands start with, so that the kernel prefers them to the guest.
	oomScoreAdj = "500"
)

// New makes a Runner; children and table stay the caller's to close.
func New(config Config, children *spawn.Children, table *proc.Table) (*Runner, error) {
	gidMap, err := os.Open("/proc/self/gid_map")
	if err != nil {
		return nil, err
	}
	defer gidMap.Close()
	groups, err := newGroups(gidMap, config.GroupStart)
	if err != nil {
		return nil, err
	}
	spool, err := openSpool(config.SpoolDir)
	if err != nil {
		return nil, fmt.Errorf("spool: %w", err)
	}
	return &Runner{
		config: config, children: children, table: table, registry: newRegistry(), groups: groups, spool: spool,
		self: os.Getpid(), root: os.Geteuid() == 0,
	}, nil
}

// Run executes a call once and returns when nothing of it runs any more. Ending ctx cancels the call. An error means that
// nothing was started, or that the guest cannot keep the contract (internal).
func (r *Runner) Run(ctx context.Context, request Request) (*Result, error) {
	c, dir, err := r.admit(ctx, &request)
	if err != nil {
		return nil, err
	}
	return r.complete(ctx, &request, c, dir)
}

// admit claims the call id and opens the directory, which complete closes.
func (r *Runner) admit(ctx context.Context, request *Request) (*call, int, error) {
	if err := request.validate(r.config.AllowRoot); err != nil {
		return nil, -1, err
	}
	dir, err := r.config.OpenDir(ctx, request.Cwd, request.User == userRoot)
	if err != nil {
		return nil, -1, err
	}
	c := &call{
		id:        request.CallID,
		cancelled: make(chan struct{}),
		done:      make(chan struct{}),
		running:   make(chan struct{}),
		stdout:    newCapture(request.HeadBytes, request.TailBytes, r.spool),
		stderr:    newCapture(request.HeadBytes, request.TailBytes, r.spool),
	}
	if err := r.registry.begin(c); err != nil {
		syscall.Close(dir)
		return nil, -1, err
	}
	c.group = r.groups.take()
	return c, dir, nil
}

// complete runs an admitted call to its end.
func (r *Runner) complete(ctx context.Context, request *Request, c *call, dir int) (*Result, error) {
	defer syscall.Close(dir)
	defer r.groups.release(c.group)
	result, err := r.execute(ctx, request, c, dir)
	var notStarted *notStartedError
	if errors.As(err, &notStarted) {
		c.err = notStarted.cause
		r.registry.abandon(c)
		return nil, notStarted.cause
	}
	c.result, c.err = result, err
	r.registry.end(c)
	if err != nil {
		return nil, err
	}
	return c.answer(), nil
}

// answer adds the streams to a result; they are kept once, in the captures.
func (c *call) answer() *Result {
	result := *c.result
	result.Stdout, result.Stderr = c.stdout.stream(), c.stderr.stream()
	return &result
}

// notStartedError leaves the call id free to be used again.
type notStartedError struct{ cause error }

func (e *notStartedError) Error() string { return e.cause.Error() }

func (r *Runner) execute(ctx context.Context, request *Request, c *call, dir int) (*Result, error) {
	started := time.Now()
	killsBefore, countable := r.config.OOMKills()
	run, err := r.start(request, c, dir)
	var errno syscall.Errno
	if errors.As(err, &errno) && (errno == syscall.EAGAIN || errno == syscall.ENOMEM) {
		// The sandbox is at its limit of processes or memory, which its own commands bring about.
		outcome := startFailure(request.Argv[0], &spawn.StartError{Stage: spawn.StageExec, Errno: errno}, c.stderr)
		return r.result(c, outcome, started, spawn.Exit{}, 0), nil
	}
	if err != nil {
		return nil, &notStartedError{err}
	}
	exit, why, ended := run.wait(ctx, c, time.Duration(request.TimeoutMs)*time.Millisecond)
	killed, killErr := r.end(c, run)
	if !ended {
		exit = run.reaped()
	}
	run.finish()
	failure := run.process.StartFailure()
	if killErr != nil {
		return nil, fault.New(fault.Internal, "after call %s: %v", c.id, killErr)
	}
	delete(killed, run.process.PID)
	if failure != nil && why == reasonExit {
		if failure.Stage == spawn.StageSetup {
			return nil, fault.New(fault.Internal, "cannot set up a process: %v", failure)
		}
		return r.result(c, startFailure(request.Argv[0], failure, c.stderr), started, exit, len(killed)), nil
	}
	oom := false
	if killsAfter, ok := r.config.OOMKills(); ok && countable {
		oom = killsAfter > killsBefore
	}
	return r.result(c, outcomeOf(why, exit.Status, oom), started, exit, len(killed)), nil
}

// end kills what is left of a call and verifies that nothing is.
func (r *Runner) end(c *call, run *running) (map[int]struct{}, error) {
	if !defence.KillTree {
		_ = syscall.Kill(run.process.PID, syscall.SIGKILL)
		return nil, nil
	}
	return proc.Kill(r.table, r.selector(c.group, run.process), time.Now().Add(killDeadline), r.reinforcement())
}

func (r *Runner) result(c *call, outcome Outcome, started time.Time, exit spawn.Exit, survivors int) *Result {
	c.stdout.finish()
	c.stderr.finish()
	return &Result{
		CallID: c.id, BootID: r.config.BootID, Outcome: outcome,
		DurationMs: float64(time.Since(started).Microseconds()) / 1000,
		UserMs:     usageMs(exit.Usage.Utime), SystemMs: usageMs(exit.Usage.Stime),
		MaxRSSBytes:     int64(exit.Usage.Maxrss) << 10,
		SurvivorsKilled: survivors,
	}
}
