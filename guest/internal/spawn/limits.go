package spawn

import "syscall"

// conventionalNoFile is the soft limit of open files that most systems start programs with.
const conventionalNoFile = 1024

// noFileLimit is the open-file limit for commands. The Go runtime raises the soft limit to one below the hard one before anything can read it;
// what it was is then lost, and the conventional one is taken.
func noFileLimit() syscall.Rlimit {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err == nil && limit.Cur == limit.Max-1 {
		limit.Cur = min(limit.Max, conventionalNoFile)
	}
	return limit
}
