package serve

import (
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"syscall"

	"berth/guest/internal/confine"
)

const (
	umask = 0o022
	// More threads than the guest ever blocks at once: file threads, one fork, one scan, one spool write, the runtime's own. With those that
	// the runtime starts besides, a sandbox has 17; a busy one that is given none in advance comes to 16. A machine's pids are few (kernel.pid_max).
	prestartedThreads = 12
	// Of threads that run the guest's own code at the same time. What a call needs is little and goes from one goroutine to the next: with a second,
	// half of a small read's processor time is spent on waking threads that find nothing to do.
	maxProcs = 1

	gcPercent     = 50
	softHeapBytes = 96 << 20
)

// confineSelf makes this process what init of a sandbox must be. It reports whether the bounding set is empty.
func confineSelf(o *Options) (boundingDropped bool, err error) {
	debug.SetGCPercent(gcPercent)
	debug.SetMemoryLimit(softHeapBytes)
	runtime.GOMAXPROCS(maxProcs)
	syscall.Umask(umask)
	if err := limitSelf(o.OpenFiles); err != nil {
		return false, err
	}
	forget(o.ForgetEnv)
	confine.CloseOnExec()
	confine.AvoidOOMKill()
	if os.Getpid() != 1 {
		if err := confine.AdoptOrphans(); err != nil {
			return false, err
		}
	}
	if err := confine.NotDumpable(); err != nil {
		return false, err
	}
	if os.Geteuid() == 0 {
		if err := confine.RequireCapabilities(); err != nil {
			return false, err
		}
	}
	if !o.AllowRoot {
		if err := confine.NoNewPrivileges(); err != nil {
			return false, err
		}
		boundingDropped = confine.DropBounding().Dropped
	}
	confine.PrestartThreads(prestartedThreads)
	return boundingDropped, nil
}

// makeFolder creates a folder of the tool user where it is missing: the workspace, the home.
func makeFolder(path string, o *Options) error {
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	if err := os.MkdirAll(path, 0o755); err != nil {
		return err
	}
	if os.Geteuid() != 0 {
		return nil
	}
	return os.Chown(path, o.UID, o.GID)
}

// limitSelf sets what commands inherit, where nobody outside could.
func limitSelf(openFiles uint64) error {
	if openFiles == 0 {
		return nil
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: openFiles, Max: openFiles}); err != nil {
		return err
	}
	return syscall.Setrlimit(syscall.RLIMIT_CORE, &syscall.Rlimit{})
}

func forget(beginning string) {
	if beginning == "" {
		return
	}
	for _, entry := range os.Environ() {
		if name, _, _ := strings.Cut(entry, "="); strings.HasPrefix(name, beginning) {
			_ = os.Unsetenv(name)
		}
	}
}
