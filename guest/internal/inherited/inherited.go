// Package inherited keeps what the process was started with, before the runtime changes it.
package inherited

import "syscall"

// NoFile is the open-file limit that commands get back. Package os raises the soft limit in its own init; Go initialises
// packages in order of import path as their imports allow, so this package, which imports syscall alone, is earlier.
var NoFile syscall.Rlimit

func init() {
	_ = syscall.Getrlimit(syscall.RLIMIT_NOFILE, &NoFile)
}
