package exec

import (
	"context"
	"os"
	"syscall"
	"time"

	"berth/guest/internal/proc"
	"berth/guest/internal/spawn"
)

// running is a started call with what must be ended after it.
type running struct {
	process        *spawn.Process
	stdout, stderr *pump
	stopStdin      func()
}

func (r *Runner) start(request *Request, c *call, dir int) (*running, error) {
	uid, gid := r.config.ToolUID, r.config.ToolGID
	if request.User == userRoot {
		uid, gid = 0, 0
	}
	stdin, stopStdin, err := standardInput(request.Stdin, uid, gid)
	if err != nil {
		return nil, err
	}
	defer syscall.Close(stdin)
	run := &running{stopStdin: stopStdin}
	stdout, outPump, err := outputPipe(c.stdout, uid, gid)
	if err != nil {
		run.finish()
		return nil, err
	}
	defer syscall.Close(stdout)
	run.stdout = outPump
	stderr, errPump, err := outputPipe(c.stderr, uid, gid)
	if err != nil {
		run.finish()
		return nil, err
	}
	defer syscall.Close(stderr)
	run.stderr = errPump
	command := &spawn.Command{
		Argv: request.Argv, Otherwise: request.Otherwise, Env: overBase(request.Env), Dir: dir,
		Stdin: stdin, Stdout: stdout, Stderr: stderr, OOMScoreAdj: oomScoreAdj,
	}
	if r.root {
		command.Identity = &spawn.Identity{UID: uid, GID: gid, Group: c.group, Unprivileged: request.User == userTool}
	}
	run.process, err = r.children.Start(command)
	if err != nil {
		run.finish()
		return nil, err
	}
	r.registry.started(c, run.process.PID)
	return run, nil
}

// wait returns when the first process ends or the call must; ended is true when the process was reaped.
func (run *running) wait(ctx context.Context, c *call, timeout time.Duration) (exit spawn.Exit, why reason, ended bool) {
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	select {
	case exit = <-run.process.Exited:
		return exit, reasonExit, true
	case <-timer.C:
		why = reasonTimeout
	case <-c.cancelled:
		why = reasonCancel
	case <-ctx.Done():
		why = reasonCancel
	}
	select {
	case exit = <-run.process.Exited:
		return exit, reasonExit, true
	default:
		return exit, why, false
	}
}

// reaped waits for the end of a process that was killed, not for ever.
func (run *running) reaped() spawn.Exit {
	timer := time.NewTimer(reapDeadline)
	defer timer.Stop()
	select {
	case exit := <-run.process.Exited:
		return exit
	case <-timer.C:
		return spawn.Exit{}
	}
}

// finish drains the pipes without waiting for anyone and closes them.
func (run *running) finish() {
	run.stopStdin()
	if run.stdout != nil {
		run.stdout.finish()
	}
	if run.stderr != nil {
		run.stderr.finish()
	}
}

// selector finds the processes of a call, or of what is held.
func (r *Runner) selector(group int, leader *spawn.Process) proc.Selector {
	first := func(pid int) bool { return pid == leader.PID && r.children.Alive(leader) }
	// The first process of another call is its own call's to kill, also before it carries a group.
	ofOthers := func(pid int) bool { return pid != leader.PID && (r.children.Started(pid) || r.registry.leads(pid)) }
	switch {
	case !r.root || !r.table.HasGroups:
		return proc.ByLineage(r.self, leader.PID, ofOthers)
	case r.config.AllowRoot && r.self == 1:
		return proc.Unowned(group, first, r.groups.owned, ofOthers)
	}
	return proc.ByGroup(group, first)
}

// reinforcement is the last resort against processes that fork faster than they are killed one by one: all of the tool user's at once,
// those of other calls too. Only init can use it without killing itself.
func (r *Runner) reinforcement() proc.Reinforce {
	if !r.root || r.self != 1 || os.Geteuid() != 0 {
		return nil
	}
	return func(signal syscall.Signal) { proc.SignalUser(r.config.ToolUID, signal) }
}
