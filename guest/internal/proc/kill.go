package proc

import (
	"errors"
	"os"
	"runtime"
	"syscall"
	"time"
)

// ErrNotEmpty means that processes were still there at the deadline.
var ErrNotEmpty = errors.New("processes are left that could not be killed")

// Reinforce is called after each further scan when killing one by one has not come to an end after a while: under gVisor a fork that had begun
// escapes it.
type Reinforce func()

const (
	reinforceAfter = 1500 * time.Millisecond
	firstPause     = 100 * time.Microsecond
	longestPause   = 10 * time.Millisecond
)

// Kill ends all that selector finds and returns when none is left, with the pids of those that were killed. It is safe
// against processes that fork meanwhile; those that are being reaped count as gone.
func Kill(t *Table, selector Selector, deadline time.Time, reinforce Reinforce) (map[int]struct{}, error) {
	var killed map[int]struct{}
	self := os.Getpid()
	started := time.Now()
	clean := 0
	for pause := firstPause; ; {
		match, err := selector(t)
		if err != nil {
			return killed, err
		}
		found := false
		var group int
		settled, err := t.Scan(func(p *Process) {
			if p.PID == self || p.Dead() || !match(p) {
				return
			}
			found = true
			if killed == nil {
				killed = map[int]struct{}{}
			}
			killed[p.PID] = struct{}{}
			_ = syscall.Kill(p.PID, syscall.SIGKILL)
			// A process group never spans calls, each being a session, and is killed in one step that no fork escapes.
			if p.Group > 1 && p.Group != group && p.Group != syscall.Getpgrp() {
				group = p.Group
				_ = syscall.Kill(-group, syscall.SIGKILL)
			}
		})
		if err != nil {
			return killed, err
		}
		if found {
			clean = 0
		} else if clean++; clean == 2 || settled {
			return killed, nil
		} else {
			continue
		}
		if time.Now().After(deadline) {
			return killed, ErrNotEmpty
		}
		if reinforce != nil && time.Since(started) > reinforceAfter {
			reinforce()
		}
		time.Sleep(pause)
		pause = min(2*pause, longestPause)
	}
}

// KillUser kills every process of a user at once, in one system call that no fork escapes. The caller must be init of its pid
// namespace, which such a signal spares, and root.
func KillUser(uid int) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	user := uintptr(uid)
	if _, _, errno := syscall.RawSyscall(syscall.SYS_SETRESUID, user, user, 0); errno != 0 {
		return
	}
	everyone := -1
	syscall.RawSyscall(syscall.SYS_KILL, uintptr(everyone), uintptr(syscall.SIGKILL), 0)
	if _, _, errno := syscall.RawSyscall(syscall.SYS_SETRESUID, 0, 0, 0); errno != 0 {
		// This thread must not be lent to anything else.
		select {}
	}
	// A change of the effective user may have made this process dumpable again.
	syscall.RawSyscall(syscall.SYS_PRCTL, syscall.PR_SET_DUMPABLE, 0, 0)
}
