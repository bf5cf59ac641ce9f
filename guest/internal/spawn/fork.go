package spawn

import (
	"syscall"
	"unsafe"
)

const (
	prSetNoNewPrivs   = 38
	closeRangeCloexec = 4
	sysCloseRange     = 436
	noFd              = ^uintptr(0)
)

// fork starts the child of a plan and returns its pid.
//
// It is a plain fork and not the vfork of package syscall: a vfork parent is suspended, and with it in time the whole runtime, until
// the child has executed its program, and another process of the tool user may stop that child as soon as it has taken
// the tool user's identity. This child shares nothing with the guest; when it is stopped, it is killed like any other.
//
// In the child only system calls without the runtime are possible: the stack guard is set so that any other call dies.
//
//go:noinline
//go:norace
//go:nocheckptr
func fork(p *plan) (int, syscall.Errno) {
	var errno syscall.Errno
	var pid, fd uintptr
	var i int
	stage := StageSetup

	runtimeBeforeFork()
	pid, _, errno = syscall.RawSyscall6(syscall.SYS_CLONE, uintptr(syscall.SIGCHLD), 0, 0, 0, 0, 0)
	if errno != 0 || pid != 0 {
		runtimeAfterFork()
		return int(pid), errno
	}

	if _, _, errno = syscall.RawSyscall(syscall.SYS_SETSID, 0, 0, 0); errno != 0 {
		goto failed
	}
	runtimeAfterForkInChild()
	if p.oomPath != nil {
		fd, _, errno = syscall.RawSyscall6(syscall.SYS_OPENAT, noFd-99, uintptr(unsafe.Pointer(p.oomPath)), syscall.O_WRONLY|syscall.O_CLOEXEC, 0, 0, 0)
		if errno == 0 {
			syscall.RawSyscall(syscall.SYS_WRITE, fd, uintptr(unsafe.Pointer(&p.oomText[0])), uintptr(len(p.oomText)))
		}
	}
	for i = 0; i < 3; i++ {
		if _, _, errno = syscall.RawSyscall(syscall.SYS_DUP3, p.stdio[i], uintptr(i), 0); errno != 0 {
			goto failed
		}
	}
	if p.controlling {
		if _, _, errno = syscall.RawSyscall(syscall.SYS_IOCTL, 0, syscall.TIOCSCTTY, 0); errno != 0 {
			goto failed
		}
	}
	syscall.RawSyscall(sysCloseRange, 3, noFd>>32, closeRangeCloexec)
	syscall.RawSyscall6(syscall.SYS_PRLIMIT64, 0, syscall.RLIMIT_NOFILE, uintptr(unsafe.Pointer(&p.noFile)), 0, 0, 0)
	if p.identity {
		if _, _, errno = syscall.RawSyscall(syscall.SYS_SETGROUPS, 1, uintptr(unsafe.Pointer(&p.group)), 0); errno != 0 {
			goto failed
		}
		if _, _, errno = syscall.RawSyscall(syscall.SYS_SETRESGID, p.gid, p.gid, p.gid); errno != 0 {
			goto failed
		}
		if _, _, errno = syscall.RawSyscall(syscall.SYS_SETRESUID, p.uid, p.uid, p.uid); errno != 0 {
			goto failed
		}
	}
	if p.noNewPrivs {
		if _, _, errno = syscall.RawSyscall6(syscall.SYS_PRCTL, prSetNoNewPrivs, 1, 0, 0, 0, 0); errno != 0 {
			goto failed
		}
	}
	if p.unprivileged {
		if _, _, errno = syscall.RawSyscall(syscall.SYS_CAPSET, uintptr(unsafe.Pointer(&p.caps.header)), uintptr(unsafe.Pointer(&p.caps.data)), 0); errno != 0 {
			goto failed
		}
	}
	stage = StageDir
	if _, _, errno = syscall.RawSyscall(syscall.SYS_FCHDIR, p.dir, 0, 0); errno != 0 {
		goto failed
	}
	stage = StageExec
	p.failure[1] = uint32(syscall.ENOENT)
	for i = 0; i < len(p.programs); i++ {
		_, _, errno = syscall.RawSyscall(syscall.SYS_EXECVE, uintptr(unsafe.Pointer(p.programs[i])), uintptr(unsafe.Pointer(p.argvs[i])), uintptr(unsafe.Pointer(&p.envv[0])))
		if errno == syscall.ENOENT || errno == syscall.ENOTDIR {
			continue
		}
		p.failure[1] = uint32(errno)
		if errno != syscall.EACCES {
			break
		}
	}
	errno = syscall.Errno(p.failure[1])

failed:
	p.failure[0], p.failure[1] = uint32(stage), uint32(errno)
	syscall.RawSyscall(syscall.SYS_WRITE, p.report, uintptr(unsafe.Pointer(&p.failure)), unsafe.Sizeof(p.failure))
	for {
		syscall.RawSyscall(syscall.SYS_EXIT_GROUP, 126, 0, 0)
	}
}
