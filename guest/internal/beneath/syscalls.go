package beneath

import (
	"syscall"
	"time"
	"unsafe"
)

// Constants of Linux that package syscall lacks, or has for some architectures only.
const (
	oPath             = 0x200000
	atCwd             = -0x64
	atSymlinkNoFollow = 0x100
	atRemoveDir       = 0x200
	pathMax           = 4096
)

func ignoringEINTR(call func() error) error {
	for {
		if err := call(); err != syscall.EINTR {
			return err
		}
	}
}

func openat(dir int, name string, flag int, perm uint32) (fd int, err error) {
	err = ignoringEINTR(func() error {
		fd, err = syscall.Openat(dir, name, flag|syscall.O_CLOEXEC, perm)
		return err
	})
	return fd, err
}

// look opens what a name stands for, be it a link, for being looked at and passed through only, and gives its type.
func look(dir int, name string) (fd int, mode uint32, err error) {
	if fd, err = openat(dir, name, oPath|syscall.O_NOFOLLOW, 0); err != nil {
		return -1, 0, err
	}
	var stat syscall.Stat_t
	if err = syscall.Fstat(fd, &stat); err != nil {
		syscall.Close(fd)
		return -1, 0, err
	}
	return fd, stat.Mode & syscall.S_IFMT, nil
}

func readlinkat(dir int, name string) (string, error) {
	var target [pathMax]byte
	text, err := syscall.BytePtrFromString(name)
	if err != nil {
		return "", err
	}
	n, _, errno := syscall.Syscall6(syscall.SYS_READLINKAT, uintptr(dir), uintptr(unsafe.Pointer(text)), uintptr(unsafe.Pointer(&target)), pathMax, 0, 0)
	if errno != 0 {
		return "", errno
	}
	return string(target[:n]), nil
}

func unlinkat(dir int, name string, flag int) error {
	text, err := syscall.BytePtrFromString(name)
	if err != nil {
		return err
	}
	return ignoringEINTR(func() error {
		_, _, errno := syscall.Syscall(syscall.SYS_UNLINKAT, uintptr(dir), uintptr(unsafe.Pointer(text)), uintptr(flag))
		return orNil(errno)
	})
}

func symlinkat(target string, dir int, name string) error {
	from, err := syscall.BytePtrFromString(target)
	if err != nil {
		return err
	}
	to, err := syscall.BytePtrFromString(name)
	if err != nil {
		return err
	}
	_, _, errno := syscall.Syscall(syscall.SYS_SYMLINKAT, uintptr(unsafe.Pointer(from)), uintptr(dir), uintptr(unsafe.Pointer(to)))
	return orNil(errno)
}

func linkat(fromDir int, fromName string, dir int, name string) error {
	from, err := syscall.BytePtrFromString(fromName)
	if err != nil {
		return err
	}
	to, err := syscall.BytePtrFromString(name)
	if err != nil {
		return err
	}
	_, _, errno := syscall.Syscall6(syscall.SYS_LINKAT, uintptr(fromDir), uintptr(unsafe.Pointer(from)), uintptr(dir), uintptr(unsafe.Pointer(to)), 0, 0)
	return orNil(errno)
}

func utimensat(dir int, name string, when time.Time) error {
	text, err := syscall.BytePtrFromString(name)
	if err != nil {
		return err
	}
	times := [2]syscall.Timespec{syscall.NsecToTimespec(when.UnixNano()), syscall.NsecToTimespec(when.UnixNano())}
	_, _, errno := syscall.Syscall6(syscall.SYS_UTIMENSAT, uintptr(dir), uintptr(unsafe.Pointer(text)), uintptr(unsafe.Pointer(&times)), atSymlinkNoFollow, 0, 0)
	return orNil(errno)
}

func orNil(errno syscall.Errno) error {
	if errno == 0 {
		return nil
	}
	return errno
}
