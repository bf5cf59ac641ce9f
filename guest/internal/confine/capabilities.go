package confine

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"unsafe"

	"berth/guest/internal/defence"
)

const (
	prSetDumpable   = 4
	prCapbsetRead   = 23
	prCapbsetDrop   = 24
	prSetSubreaper  = 36
	prSetNoNewPrivs = 38

	capKill   = 5
	capSetgid = 6
	capSetuid = 7
)

// Bounding tells what is left of the bounding set.
type Bounding struct {
	// Dropped is true when nothing that the guest starts can gain a capability by executing a file.
	Dropped bool
}

// NoNewPrivileges makes set-user-id bits and file capabilities mean nothing to this process and all that it starts.
func NoNewPrivileges() error {
	if !defence.NoNewPrivileges {
		return nil
	}
	if _, _, errno := syscall.AllThreadsSyscall6(syscall.SYS_PRCTL, prSetNoNewPrivs, 1, 0, 0, 0, 0); errno != 0 {
		return fmt.Errorf("no_new_privs: %w", errno)
	}
	return nil
}

// DropBounding empties the capability bounding set of every thread. Without CAP_SETPCAP it cannot, and says so.
func DropBounding() Bounding {
	for capability := uintptr(0); capability < 64; capability++ {
		present, _, errno := syscall.RawSyscall(syscall.SYS_PRCTL, prCapbsetRead, capability, 0)
		if errno != 0 {
			break
		}
		if present == 0 {
			continue
		}
		if _, _, errno := syscall.AllThreadsSyscall(syscall.SYS_PRCTL, prCapbsetDrop, capability, 0); errno != 0 {
			return Bounding{Dropped: false}
		}
	}
	return Bounding{Dropped: true}
}

// RequireCapabilities fails when this process, as root, lacks what it needs to start commands as another user and to end them.
func RequireCapabilities() error {
	effective, err := effectiveCapabilities()
	if err != nil {
		return err
	}
	for _, need := range []struct {
		bit  uint
		name string
	}{{capKill, "CAP_KILL"}, {capSetgid, "CAP_SETGID"}, {capSetuid, "CAP_SETUID"}} {
		if effective&(1<<need.bit) == 0 {
			return fmt.Errorf("the guest needs %s", need.name)
		}
	}
	return nil
}

func effectiveCapabilities() (uint64, error) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(status)) {
		if value, ok := strings.CutPrefix(line, "CapEff:"); ok {
			return strconv.ParseUint(strings.TrimSpace(value), 16, 64)
		}
	}
	return 0, fmt.Errorf("/proc/self/status has no CapEff")
}

const capabilityVersion3 = 0x20080522

// DropAll leaves this process without any capability and without a way to gain one by executing a file.
func DropAll() error {
	if err := NoNewPrivileges(); err != nil {
		return err
	}
	DropBounding()
	header := struct {
		version uint32
		pid     int32
	}{version: capabilityVersion3}
	var none [2]struct{ effective, permitted, inheritable uint32 }
	_, _, errno := syscall.AllThreadsSyscall(syscall.SYS_CAPSET, uintptr(unsafe.Pointer(&header)), uintptr(unsafe.Pointer(&none[0])), 0)
	if errno != 0 {
		return fmt.Errorf("dropping all capabilities: %w", errno)
	}
	return nil
}
