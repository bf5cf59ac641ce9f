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

// Reinforce sends a signal to everyone at once, when killing one by one has not come to an end after a while.
type Reinforce func(signal syscall.Signal)

const (
	reinforceAfter = 1500 * time.Millisecond
	firstPause     = 100 * time.Microsecond
	longestPause   = 10 * time.Millisecond
	// Before the deadline everyone is killed, stopped or not.
	lastResort = 3 * time.Second
	// So many scans in a row must find nobody, unless one is beyond doubt.
	cleanScans = 2
	// A chain of processes that fork and end at once is missed by a scan now and then, hardly by so many in a row.
	cleanDoubtfulScans = 16
)

// Kill ends all that selector finds and returns when none is left, with the pids of those that were killed. It is safe
// against processes that fork meanwhile; those that are being reaped count as gone.
func Kill(t *Table, selector Selector, deadline time.Time, reinforce Reinforce) (map[int]struct{}, error) {
	var killed map[int]struct{}
	self := os.Getpid()
	started := time.Now()
	clean := 0
	var doubt doubts
	for pause := firstPause; ; {
		match, err := selector(t)
		if err != nil {
			return killed, err
		}
		// Under gVisor a fork that had begun escapes a signal to everyone, and each killed process makes room for another. So all are stopped
		// first: at their limit nobody can fork, and below it nobody is left who would.
		together := reinforce != nil && time.Since(started) > reinforceAfter
		found, running := false, false
		var group int
		doubt.begin()
		settled, err := t.Scan(func(p *Process) {
			if p.PID == self {
				return
			}
			verdict := match(p)
			if verdict == Unclear || verdict == Meant && p.Dead() {
				doubt.of(p)
			}
			if verdict != Meant || p.Dead() {
				return
			}
			found = true
			if killed == nil {
				killed = map[int]struct{}{}
			}
			killed[p.PID] = struct{}{}
			if together {
				running = running || !p.Stopped()
				return
			}
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
		} else {
			clean++
			enough := cleanScans
			switch {
			case t.TellsLastPID && settled:
				enough = 1
			case !t.TellsLastPID && (!settled || doubt.any):
				enough = cleanDoubtfulScans
			}
			if clean >= enough {
				return killed, nil
			}
			continue
		}
		if time.Now().After(deadline) {
			return killed, ErrNotEmpty
		}
		if together && running && time.Until(deadline) > lastResort {
			reinforce(syscall.SIGSTOP)
		} else if together {
			reinforce(syscall.SIGKILL)
		}
		time.Sleep(pause)
		pause = min(2*pause, longestPause)
	}
}

// doubts are the processes of a scan that may have had a child which it does not show: those whose family was not known, and those that are
// dead and were not in the scan before, and so may have been alive when the table was listed.
type doubts struct {
	any          bool
	dead, before map[int]struct{}
}

func (d *doubts) begin() {
	d.any, d.before, d.dead = false, d.dead, nil
}

func (d *doubts) of(p *Process) {
	if !p.Dead() {
		d.any = true
		return
	}
	if _, known := d.before[p.PID]; !known {
		d.any = true
	}
	if d.dead == nil {
		d.dead = map[int]struct{}{}
	}
	d.dead[p.PID] = struct{}{}
}

// SignalUser signals every process of a user at once, in one system call. The caller must be init of its pid namespace, which such a
// signal spares, and root.
func SignalUser(uid int, signal syscall.Signal) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	user := uintptr(uid)
	if _, _, errno := syscall.RawSyscall(syscall.SYS_SETRESUID, user, user, 0); errno != 0 {
		return
	}
	everyone := -1
	syscall.RawSyscall(syscall.SYS_KILL, uintptr(everyone), uintptr(signal), 0)
	if _, _, errno := syscall.RawSyscall(syscall.SYS_SETRESUID, 0, 0, 0); errno != 0 {
		// This thread must not be lent to anything else.
		select {}
	}
	// A change of the effective user may have made this process dumpable again.
	syscall.RawSyscall(syscall.SYS_PRCTL, syscall.PR_SET_DUMPABLE, 0, 0)
}
