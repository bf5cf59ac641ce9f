package exec

import (
	"context"
	"slices"
	"sync"
	"syscall"
	"time"

	"berth/guest/internal/defence"
	"berth/guest/internal/fault"
	"berth/guest/internal/proc"
	"berth/guest/internal/spawn"
)

// HoldRequest is a program that is to outlive the request that starts it. It runs as the tool user.
type HoldRequest struct {
	Argv []string
	// Otherwise is started where no program of Argv's name can be; empty for none.
	Otherwise []string
	Cwd       string
	Env       map[string]string
	// Stdin, Stdout and Stderr stay the caller's to close.
	Stdin, Stdout, Stderr int
	// Terminal makes Stdin the controlling terminal.
	Terminal bool
}

// Held is a running program with all that it starts, which ends when its first process does or when it is told to.
type Held struct {
	runner      *Runner
	process     *spawn.Process
	program     string
	group       int
	killsBefore int64
	countable   bool
	end         chan struct{}
	endOnce     sync.Once
}

// Hold starts a program whose processes nothing but its own end, End and Quiesce kills. Wait must be called once.
func (r *Runner) Hold(ctx context.Context, request HoldRequest) (*Held, error) {
	if len(request.Argv) == 0 || request.Argv[0] == "" {
		return nil, fault.New(fault.InvalidArgument, "argv must name a program")
	}
	if err := passable(slices.Concat(request.Argv, request.Otherwise), request.Env); err != nil {
		return nil, err
	}
	dir, err := r.config.OpenDir(ctx, request.Cwd, false)
	if err != nil {
		return nil, err
	}
	defer syscall.Close(dir)
	h := &Held{runner: r, program: request.Argv[0], group: r.groups.take(), end: make(chan struct{})}
	h.killsBefore, h.countable = r.config.OOMKills()
	command := &spawn.Command{
		Argv: request.Argv, Otherwise: request.Otherwise, Env: overBase(request.Env), Dir: dir,
		Stdin: request.Stdin, Stdout: request.Stdout, Stderr: request.Stderr, Controlling: request.Terminal,
		OOMScoreAdj: oomScoreAdj,
	}
	if r.root {
		command.Identity = &spawn.Identity{UID: r.config.ToolUID, GID: r.config.ToolGID, Group: h.group, Unprivileged: true}
	}
	if h.process, err = r.children.Start(command); err != nil {
		r.groups.release(h.group)
		return nil, err
	}
	r.registry.hold(h.process.PID)
	return h, nil
}

// PID is that of the first process.
func (h *Held) PID() int { return h.process.PID }

// End asks for the end; Wait tells when it has come.
func (h *Held) End() { h.endOnce.Do(func() { close(h.end) }) }

// Wait returns when nothing of the program runs any more. The words are why it could not be started, empty when it could. An error means that
// the guest cannot keep the contract (internal).
func (h *Held) Wait() (outcome Outcome, words string, err error) {
	defer h.runner.groups.release(h.group)
	defer h.runner.registry.letGo(h.process.PID)
	why := reasonExit
	var exit spawn.Exit
	ended := true
	select {
	case exit = <-h.process.Exited:
	case <-h.end:
		why, ended = reasonCancel, false
	}
	killErr := h.kill()
	if !ended {
		exit = (&running{process: h.process}).reaped()
	}
	failure := h.process.StartFailure()
	if killErr != nil {
		return Outcome{}, "", fault.New(fault.Internal, "%v", killErr)
	}
	if failure != nil && why == reasonExit {
		return h.neverStarted(failure)
	}
	killsAfter, ok := h.runner.config.OOMKills()
	return outcomeOf(why, exit.Status, ok && h.countable && killsAfter > h.killsBefore), "", nil
}

func (h *Held) kill() error {
	if !defence.KillTree {
		_ = syscall.Kill(h.process.PID, syscall.SIGKILL)
		return nil
	}
	r := h.runner
	_, err := proc.Kill(r.table, r.selector(h.group, h.process), time.Now().Add(killDeadline), r.reinforcement())
	return err
}

// neverStarted answers as a shell would: 127 when there is no such program, else 126.
func (h *Held) neverStarted(failure *spawn.StartError) (Outcome, string, error) {
	if failure.Stage == spawn.StageSetup {
		return Outcome{}, "", fault.New(fault.Internal, "cannot set up a process: %v", failure)
	}
	words := "berth: cannot start " + h.program + ": " + failure.Error() + "\n"
	if failure.NotFound() {
		return exited(exitNotFound), words, nil
	}
	return exited(exitNotExecutable), words, nil
}

// Interrupt sends SIGINT to the process group of the first process, where that still runs.
func (h *Held) Interrupt() {
	if h.runner.children.Alive(h.process) {
		_ = syscall.Kill(-h.process.PID, syscall.SIGINT)
	}
}
