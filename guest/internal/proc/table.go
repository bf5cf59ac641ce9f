// Package proc finds processes through /proc and ends them. It never forks.
package proc

import (
	"encoding/binary"
	"os"
	"strconv"
	"sync"
	"syscall"
)

// Table reads the processes of this pid namespace. One scan runs at a time, in buffers that are kept.
type Table struct {
	// HasGroups is false where the kernel does not show supplementary groups.
	HasGroups bool
	// TellsLastPID is false where the kernel does not tell which pid is the newest.
	TellsLastPID bool

	mu      sync.Mutex
	proc    int
	entries []byte
	text    []byte
	process Process
}

// statusBytes is enough for a status up to its Groups line with 500 groups.
const statusBytes = 8 << 10

// Open fails where there is no /proc: without it no end of a process could be verified.
func Open() (*Table, error) {
	fd, err := syscall.Open("/proc", syscall.O_RDONLY|syscall.O_DIRECTORY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: "/proc", Err: err}
	}
	t := &Table{proc: fd, entries: make([]byte, 8<<10), text: make([]byte, statusBytes)}
	n, err := t.read("self/status")
	if err != nil {
		t.Close()
		return nil, &os.PathError{Op: "open", Path: "/proc/self/status", Err: err}
	}
	t.HasGroups = parseStatus(t.text[:n], &Process{})
	t.TellsLastPID = t.lastPID() != 0
	return t, nil
}

// Close releases the descriptor.
func (t *Table) Close() { syscall.Close(t.proc) }

// Scan shows every process to visit, which must not keep its argument. It is settled when no process was seen to come or go meanwhile: where the
// kernel tells the last pid, what one settled scan does not find is not there.
func (t *Table) Scan(visit func(*Process)) (settled bool, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	before := t.lastPID()
	settled = true
	if _, err := syscall.Seek(t.proc, 0, 0); err != nil {
		return false, err
	}
	for {
		n, err := syscall.ReadDirent(t.proc, t.entries)
		if err == syscall.EINTR {
			continue
		}
		if err != nil {
			return false, err
		}
		if n == 0 {
			break
		}
		for entries := t.entries[:n]; len(entries) > 0; {
			var pid int
			pid, entries = nextPID(entries)
			if pid == 0 {
				continue
			}
			if t.load(pid) {
				visit(&t.process)
			} else {
				settled = false
			}
		}
	}
	return settled && before == t.lastPID(), nil
}

// nextPID reads one struct linux_dirent64: inode 8, offset 8, length 2, type 1, name.
func nextPID(entries []byte) (int, []byte) {
	length := int(binary.NativeEndian.Uint16(entries[16:]))
	name := entries[19:length]
	pid, rest := number(name)
	if len(rest) == 0 || rest[0] != 0 {
		pid = 0
	}
	return pid, entries[length:]
}

func (t *Table) load(pid int) bool {
	t.process = Process{PID: pid, Groups: t.process.Groups[:0]}
	base := strconv.Itoa(pid)
	if t.HasGroups {
		n, err := t.read(base + "/status")
		return err == nil && parseStatus(t.text[:n], &t.process)
	}
	n, err := t.read(base + "/stat")
	return err == nil && parseStat(t.text[:n], &t.process)
}

// lastPID is the newest pid of the namespace, which changes whenever a process or thread starts; 0 where the kernel does not tell.
func (t *Table) lastPID() int {
	n, err := t.read("loadavg")
	if err != nil {
		return 0
	}
	text := t.text[:n]
	i := len(text) - 1
	for i > 0 && text[i-1] != ' ' {
		i--
	}
	last, _ := number(text[max(i, 0):])
	return last
}

// read fills t.text from a file below /proc.
func (t *Table) read(name string) (int, error) {
	fd, err := syscall.Openat(t.proc, name, syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return 0, err
	}
	defer syscall.Close(fd)
	total := 0
	for total < len(t.text) {
		n, err := syscall.Read(fd, t.text[total:])
		if err == syscall.EINTR {
			continue
		}
		if err != nil {
			return 0, err
		}
		if n == 0 {
			break
		}
		total += n
	}
	return total, nil
}
