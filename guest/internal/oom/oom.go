// Package oom counts the OOM kills of the sandbox's memory cgroup.
package oom

import (
	"bytes"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// Counter reads the counter of an open file, which the kernel writes anew for each read from the start.
type Counter struct{ fd int }

// sources are where a container finds its own cgroup, version 2 and 1.
var sources = []string{"/sys/fs/cgroup/memory.events", "/sys/fs/cgroup/memory/memory.oom_control"}

// Open takes a path or fd:N, or "" for where a container finds it. A counter that can not be read is not an error: see Kills.
func Open(source string) *Counter {
	if number, ok := strings.CutPrefix(source, "fd:"); ok {
		fd, err := strconv.Atoi(number)
		if err != nil {
			return &Counter{fd: -1}
		}
		syscall.CloseOnExec(fd)
		return &Counter{fd: fd}
	}
	candidates := sources
	if source != "" {
		candidates = []string{source}
	}
	for _, path := range candidates {
		fd, err := syscall.Open(path, syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
		if err != nil {
			continue
		}
		counter := &Counter{fd: fd}
		if _, ok := counter.Kills(); ok {
			return counter
		}
		syscall.Close(fd)
	}
	return &Counter{fd: -1}
}

// Kills is the count so far; ok is false where it cannot be known.
func (c *Counter) Kills() (count int64, ok bool) {
	if c.fd < 0 {
		return 0, false
	}
	var text [4096]byte
	n, err := syscall.Pread(c.fd, text[:], 0)
	if err != nil {
		return 0, false
	}
	for line := range bytes.Lines(text[:n]) {
		if value, found := bytes.CutPrefix(line, []byte("oom_kill ")); found {
			count, err := strconv.ParseInt(string(bytes.TrimSpace(value)), 10, 64)
			return count, err == nil
		}
	}
	return 0, false
}

// Close releases the file.
func (c *Counter) Close() error {
	if c.fd < 0 {
		return os.ErrClosed
	}
	return syscall.Close(c.fd)
}
