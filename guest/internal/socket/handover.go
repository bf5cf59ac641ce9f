package socket

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

const (
	listenerFd  = 3
	oomEventsFd = 4
	backlog     = 128
)

// Handover makes a listening socket of mode 0600 at path, removing what a dead predecessor left there, and becomes command, which gets the socket
// as descriptor 3 and, unless oomEvents is empty, that file as descriptor 4. Without a path it only becomes command. It returns only on failure.
func Handover(path, oomEvents string, command, environment []string) error {
	if len(command) == 0 {
		return errors.New("a command is expected after --")
	}
	program, err := exec.LookPath(command[0])
	if err != nil {
		return err
	}
	if path == "" {
		return fmt.Errorf("%s: %w", program, syscall.Exec(program, command, environment))
	}
	listener, err := listenStream(path)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	events := -1
	if oomEvents != "" {
		if events, err = syscall.Open(oomEvents, syscall.O_RDONLY|syscall.O_CLOEXEC, 0); err != nil {
			return fmt.Errorf("%s: %w", oomEvents, err)
		}
	}
	if err := place(listener, events); err != nil {
		return err
	}
	err = syscall.Exec(program, command, environment)
	_ = os.Remove(path)
	return fmt.Errorf("%s: %w", program, err)
}

func listenStream(path string) (int, error) {
	if info, err := os.Lstat(path); err == nil {
		if info.Mode().Type() != os.ModeSocket {
			return -1, errors.New("exists and is not a socket")
		}
		if err := os.Remove(path); err != nil {
			return -1, err
		}
	}
	fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	// The mode must be right from the first moment at which the path exists.
	previous := syscall.Umask(0o177)
	err = syscall.Bind(fd, &syscall.SockaddrUnix{Name: path})
	syscall.Umask(previous)
	if err != nil {
		return -1, err
	}
	return fd, syscall.Listen(fd, backlog)
}

// place puts the descriptors at their numbers, open across exec. Both move above the numbers first, so that neither is overwritten
// while the other is placed.
func place(listener, events int) error {
	listener, err := moveAbove(listener)
	if err != nil {
		return err
	}
	if events >= 0 {
		if events, err = moveAbove(events); err != nil {
			return err
		}
		if err := syscall.Dup3(events, oomEventsFd, 0); err != nil {
			return err
		}
	}
	return syscall.Dup3(listener, listenerFd, 0)
}

func moveAbove(fd int) (int, error) {
	moved, _, errno := syscall.RawSyscall(syscall.SYS_FCNTL, uintptr(fd), syscall.F_DUPFD_CLOEXEC, oomEventsFd+1)
	if errno != 0 {
		return -1, errno
	}
	return int(moved), nil
}
