// Package spawn starts processes and waits for them. It is the only package that forks and the only one that calls wait.
package spawn

import (
	"errors"
	"path"
	"sort"
	"strings"
	"syscall"
)

// Command is a program to start. Every descriptor stays the caller's to close.
type Command struct {
	Argv []string
	// Otherwise is started where no program of Argv's name can be; empty for none.
	Otherwise []string
	// Env is the whole environment.
	Env map[string]string
	// Dir is an open directory, where the program starts.
	Dir int
	// Stdin, Stdout and Stderr must be above 2.
	Stdin, Stdout, Stderr int
	// Controlling makes the terminal at Stdin the controlling one of the program's session.
	Controlling bool
	// Identity is nil to keep the user of this process, as one that is not root must.
	Identity *Identity
	// OOMScoreAdj is written before the program starts, as far as the kernel allows.
	OOMScoreAdj string
}

// Identity is the user that a program runs as.
type Identity struct {
	UID, GID int
	// Group is the only supplementary group.
	Group int
	// Unprivileged takes every capability and the means to gain one: inheritable capabilities, set-user-id bits.
	Unprivileged bool
}

const (
	maxSearchDirs = 64
	defaultPath   = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
)

// candidates lists the paths to try for a program, as execvp does; empty elements of PATH are skipped, not taken as ".".
func candidates(program string, env map[string]string) []string {
	if strings.Contains(program, "/") {
		return []string{program}
	}
	search, ok := env["PATH"]
	if !ok {
		search = defaultPath
	}
	var found []string
	for dir := range strings.SplitSeq(search, ":") {
		if dir != "" && len(found) < maxSearchDirs {
			found = append(found, path.Join(dir, program))
		}
	}
	return found
}

// environment gives the variables in order of their names, so that equal requests start equal processes.
func environment(env map[string]string) []string {
	lines := make([]string, 0, len(env))
	for name, value := range env {
		lines = append(lines, name+"="+value)
	}
	sort.Strings(lines)
	return lines
}

// Stage is the step at which a child failed before its program ran.
type Stage uint32

const (
	stageNone Stage = iota
	// StageSetup is a step that needs privileges: its failure is the guest's, not the command's.
	StageSetup
	// StageDir is entering the working directory.
	StageDir
	// StageExec is starting the program.
	StageExec
)

// StartError says why a program did not start.
type StartError struct {
	Stage Stage
	Errno syscall.Errno
}

func (e *StartError) Error() string { return e.Errno.Error() }

// NotFound reports whether there is no such program, for which shells exit with 127.
func (e *StartError) NotFound() bool {
	return e.Stage == StageExec && (e.Errno == syscall.ENOENT || e.Errno == syscall.ENOTDIR)
}

var errNoProgram = errors.New("no program")
