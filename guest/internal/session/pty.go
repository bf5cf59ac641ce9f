package session

import (
	"errors"
	"os"
	"strconv"
	"syscall"
	"unsafe"

	"berth/guest/internal/fault"
)

// Size is that of a terminal, in characters.
type Size struct {
	Rows    int `json:"rows"`
	Columns int `json:"columns"`
}

const maxSide = 1000

func (s Size) validate() error {
	if s.Rows < 1 || s.Rows > maxSide || s.Columns < 1 || s.Columns > maxSide {
		return fault.New(fault.InvalidArgument, "rows and columns must be 1 to %d", maxSide)
	}
	return nil
}

// The same on amd64 and arm64; newer than the constants of package syscall.
const tiocGPTPeer = 0x5441

const ptmxDevice = 5<<8 | 2

// openTerminal makes a pair of which the guest's end does not block. The tool user owns the other.
func openTerminal(size Size, uid, gid int) (master *os.File, slave int, err error) {
	fd, err := syscall.Open("/dev/ptmx", syscall.O_RDWR|syscall.O_NOCTTY|syscall.O_NONBLOCK|syscall.O_CLOEXEC, 0)
	if err != nil {
		return nil, -1, noTerminal(err)
	}
	var stat syscall.Stat_t
	if err := syscall.Fstat(fd, &stat); err != nil || stat.Mode&syscall.S_IFMT != syscall.S_IFCHR || stat.Rdev != ptmxDevice {
		syscall.Close(fd)
		return nil, -1, fault.New(fault.NotFound, "this sandbox has no terminals: /dev/ptmx is another device")
	}
	slave, err = openPeer(fd)
	if err == nil {
		if err = setSize(fd, size); err != nil {
			syscall.Close(slave)
		}
	}
	if err != nil {
		syscall.Close(fd)
		return nil, -1, noTerminal(err)
	}
	_ = syscall.Fchown(slave, uid, gid)
	_ = syscall.Fchmod(slave, 0o600)
	return os.NewFile(uintptr(fd), "terminal"), slave, nil
}

func noTerminal(err error) error {
	switch {
	case errors.Is(err, syscall.ENOENT), errors.Is(err, syscall.ENXIO), errors.Is(err, syscall.ENODEV):
		return fault.New(fault.NotFound, "this sandbox has no terminals: /dev/ptmx: %v", err)
	case errors.Is(err, syscall.ENOSPC):
		return fault.New(fault.NoSpace, "every terminal is in use")
	}
	return fault.New(fault.Internal, "/dev/ptmx: %v", err)
}

// openPeer opens the other end by descriptor or, where the kernel cannot, by its number.
func openPeer(master int) (int, error) {
	var unlocked int32
	if err := control(master, syscall.TIOCSPTLCK, unsafe.Pointer(&unlocked)); err != nil {
		return -1, err
	}
	const flags = syscall.O_RDWR | syscall.O_NOCTTY | syscall.O_CLOEXEC
	if fd, _, errno := syscall.Syscall(syscall.SYS_IOCTL, uintptr(master), tiocGPTPeer, flags); errno == 0 {
		return int(fd), nil
	}
	var number uint32
	if err := control(master, syscall.TIOCGPTN, unsafe.Pointer(&number)); err != nil {
		return -1, err
	}
	return syscall.Open("/dev/pts/"+strconv.Itoa(int(number)), flags|syscall.O_NOFOLLOW, 0)
}

func setSize(master int, size Size) error {
	window := struct{ rows, columns, x, y uint16 }{uint16(size.Rows), uint16(size.Columns), 0, 0}
	return control(master, syscall.TIOCSWINSZ, unsafe.Pointer(&window))
}

// foreground is the process group that has the terminal, 0 where that cannot be known.
func foreground(master int) int {
	var group int32
	if err := control(master, syscall.TIOCGPGRP, unsafe.Pointer(&group)); err != nil || group < 1 {
		return 0
	}
	return int(group)
}

func control(fd int, request uintptr, argument unsafe.Pointer) error {
	if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, uintptr(fd), request, uintptr(argument)); errno != 0 {
		return errno
	}
	return nil
}
