package privatemount

import (
	"fmt"
	"os"
	"runtime"
	"syscall"
)

// IDRange is a run of user and group ids of the host that stand for those from 0 up in a sandbox.
type IDRange struct{ First, Count int }

// The ids of the host's users and services; a range that reaches into them would lend a sandbox their files.
const firstPermitted = 1 << 16

// Set reads FIRST:COUNT, as package flag asks for it.
func (r *IDRange) Set(text string) error {
	var first, count int
	if n, err := fmt.Sscanf(text, "%d:%d", &first, &count); n != 2 || err != nil || fmt.Sprintf("%d:%d", first, count) != text {
		return fmt.Errorf("FIRST:COUNT is expected")
	}
	if first < firstPermitted || count < 1 || first+count > 1<<32-1 {
		return fmt.Errorf("ids from %d up are expected, below 2^32 - 1", firstPermitted)
	}
	*r = IDRange{First: first, Count: count}
	return nil
}

// String is FIRST:COUNT.
func (r *IDRange) String() string {
	if r.Count == 0 {
		return ""
	}
	return fmt.Sprintf("%d:%d", r.First, r.Count)
}

func (r *IDRange) mappings() []syscall.SysProcIDMap {
	return []syscall.SysProcIDMap{{ContainerID: 0, HostID: r.First, Size: r.Count}}
}

// userNamespace makes a user namespace with the range's map and no process in it: the kernel takes a map in that form alone.
// The child that it takes is stopped before it runs a single instruction of its program, and killed.
func (r *IDRange) userNamespace() (*os.File, error) {
	runtime.LockOSThread() // Only the thread that traces the child may wait for its stop.
	defer runtime.UnlockOSThread()
	child, err := os.StartProcess("/proc/self/exe", []string{"berth-guest"}, &os.ProcAttr{Sys: &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWUSER, UidMappings: r.mappings(), GidMappings: r.mappings(),
		Ptrace: true, Pdeathsig: syscall.SIGKILL,
	}})
	if err != nil {
		return nil, fmt.Errorf("a user namespace: %w", err)
	}
	defer func() {
		_ = child.Kill()
		_, _ = child.Wait()
	}()
	return os.Open(fmt.Sprintf("/proc/%d/ns/user", child.Pid))
}
