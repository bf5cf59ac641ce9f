// Package socket makes, hands over, accepts and bridges the byte streams between the controller and the guest.
package socket

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"berth/guest/internal/defence"
)

// Listen takes fd:N, a descriptor that already listens, or unix:PATH.
func Listen(address string) (net.Listener, error) {
	if number, ok := strings.CutPrefix(address, "fd:"); ok {
		fd, err := strconv.Atoi(number)
		if err != nil || fd < 3 {
			return nil, fmt.Errorf("%s: a descriptor from 3 up is expected", address)
		}
		return adopt(fd)
	}
	if path, ok := strings.CutPrefix(address, "unix:"); ok {
		return listenPath(path)
	}
	return nil, fmt.Errorf("%s: fd:N or unix:PATH is expected", address)
}

// adopt takes a listening socket over. Who may reach it was decided by who made it, outside of the sandbox.
func adopt(fd int) (net.Listener, error) {
	listening, err := syscall.GetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_ACCEPTCONN)
	if err != nil {
		return nil, fmt.Errorf("descriptor %d: %w", fd, err)
	}
	if listening == 0 {
		return nil, fmt.Errorf("descriptor %d does not listen", fd)
	}
	file := os.NewFile(uintptr(fd), "listener")
	defer file.Close()
	return net.FileListener(file)
}

// listenPath makes a socket of mode 0600 in a directory of mode 0700.
func listenPath(path string) (net.Listener, error) {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	dirMode, socketMode := os.FileMode(0o700), os.FileMode(0o600)
	if !defence.SocketGate {
		dirMode, socketMode = 0o755, 0o666
	}
	if err := os.Chmod(dir, dirMode); err != nil {
		return nil, err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(path, socketMode); err != nil {
		_ = listener.Close()
		return nil, err
	}
	return gate{listener}, nil
}
