package probe

import (
	"os"
	"strconv"
	"syscall"
	"unsafe"
)

// Call is a system call that was tried and what came of it: the name of an error, or "allowed".
type Call struct {
	Name   string `json:"name"`
	Result string `json:"result"`
}

const (
	noFD       = ^uintptr(0)
	badPointer = uintptr(1)

	cloneFS      = 0x200
	cloneNewNS   = 0x20000
	cloneNewUser = 0x10000000

	ptraceSeize       = 0x4206
	addrNoRandomize   = 0x40000
	uffdUserModeOnly  = 1
	unknownFlag       = 1 << 30
	syslogSizeOfRing  = 10
	rebootWithBadSeal = 0
	clockRealtime     = 0
)

// tryCalls makes calls that no tool needs. A filter refuses them with EPERM or ENOSYS; the arguments are such that a kernel that is
// reached answers with another error wherever it can, and does nothing in any case.
func tryCalls() []Call {
	guest := uintptr(os.Getppid())
	var word [1]byte
	local := syscall.Iovec{Base: &word[0], Len: 1}
	remote := syscall.Iovec{Len: 1}
	tries := []struct {
		name      string
		number    uintptr
		arguments [6]uintptr
	}{
		// This process has threads, with which no user namespace can be made; and none with a shared root folder.
		{"unshare_user", syscall.SYS_UNSHARE, [6]uintptr{cloneNewUser}},
		{"unshare_mount", syscall.SYS_UNSHARE, [6]uintptr{cloneNewNS}},
		{"clone_user", syscall.SYS_CLONE, [6]uintptr{cloneNewUser | cloneFS}},
		{"clone_mount", syscall.SYS_CLONE, [6]uintptr{cloneNewNS | cloneFS}},
		{"clone3", sysClone3, [6]uintptr{}},
		{"setns", sysSetns, [6]uintptr{noFD}},
		{"mount", syscall.SYS_MOUNT, [6]uintptr{badPointer, badPointer}},
		{"umount", syscall.SYS_UMOUNT2, [6]uintptr{badPointer, unknownFlag}},
		{"pivot_root", syscall.SYS_PIVOT_ROOT, [6]uintptr{badPointer, badPointer}},
		{"open_tree", sysOpenTree, [6]uintptr{noFD, badPointer, unknownFlag}},
		{"fsopen", sysFsopen, [6]uintptr{badPointer, unknownFlag}},
		{"keyctl", syscall.SYS_KEYCTL, [6]uintptr{unknownFlag}},
		{"add_key", syscall.SYS_ADD_KEY, [6]uintptr{badPointer, badPointer}},
		{"request_key", syscall.SYS_REQUEST_KEY, [6]uintptr{badPointer, badPointer}},
		{"bpf", sysBpf, [6]uintptr{unknownFlag}},
		{"perf_event_open", syscall.SYS_PERF_EVENT_OPEN, [6]uintptr{badPointer, 0, 0, noFD, unknownFlag}},
		{"io_uring_setup", sysIoUringSetup, [6]uintptr{0, badPointer}},
		{"io_uring_enter", sysIoUringEnter, [6]uintptr{noFD}},
		{"userfaultfd", sysUserfaultfd, [6]uintptr{uffdUserModeOnly | unknownFlag}},
		{"open_by_handle_at", sysOpenByHandleAt, [6]uintptr{noFD, badPointer}},
		{"init_module", syscall.SYS_INIT_MODULE, [6]uintptr{badPointer, 0, badPointer}},
		{"finit_module", sysFinitModule, [6]uintptr{noFD, badPointer, unknownFlag}},
		{"kexec_load", syscall.SYS_KEXEC_LOAD, [6]uintptr{0, 0, badPointer, unknownFlag}},
		{"reboot", syscall.SYS_REBOOT, [6]uintptr{rebootWithBadSeal}},
		{"syslog", syscall.SYS_SYSLOG, [6]uintptr{syslogSizeOfRing}},
		{"clock_settime", syscall.SYS_CLOCK_SETTIME, [6]uintptr{clockRealtime, badPointer}},
		{"personality", syscall.SYS_PERSONALITY, [6]uintptr{addrNoRandomize}},
		// At the guest: seizing does not stop it, and ends with this process; nothing is at the address that would be read.
		{"kill_guest", syscall.SYS_KILL, [6]uintptr{guest, 0}},
		{"ptrace_guest", syscall.SYS_PTRACE, [6]uintptr{ptraceSeize, guest}},
		{"read_guest", sysProcessVMReadv, [6]uintptr{guest, uintptr(unsafe.Pointer(&local)), 1, uintptr(unsafe.Pointer(&remote)), 1}},
	}
	calls := make([]Call, 0, len(tries))
	for _, try := range tries {
		errno := attempt(try.number, try.arguments)
		calls = append(calls, Call{Name: try.name, Result: errnoName(errno)})
	}
	return calls
}

// attempt ends at once a child that should not have come to be.
//
//go:norace
func attempt(number uintptr, a [6]uintptr) syscall.Errno {
	result, _, errno := syscall.RawSyscall6(number, a[0], a[1], a[2], a[3], a[4], a[5])
	if number == syscall.SYS_CLONE && errno == 0 && result == 0 {
		for {
			syscall.RawSyscall(syscall.SYS_EXIT_GROUP, 0, 0, 0)
		}
	}
	return errno
}

var errnoNames = map[syscall.Errno]string{
	0: "allowed", syscall.EPERM: "EPERM", syscall.ENOSYS: "ENOSYS", syscall.EACCES: "EACCES", syscall.EINVAL: "EINVAL", syscall.EBADF: "EBADF",
	syscall.EFAULT: "EFAULT", syscall.EOPNOTSUPP: "EOPNOTSUPP", syscall.ESRCH: "ESRCH", syscall.ENOENT: "ENOENT", syscall.EIO: "EIO",
}

func errnoName(errno syscall.Errno) string {
	if name, ok := errnoNames[errno]; ok {
		return name
	}
	return "errno " + strconv.Itoa(int(errno))
}
