// Package confine limits what the guest and the commands that it starts can do, and what can be done to the guest.
package confine

import (
	"os"
	"syscall"

	"berth/guest/internal/defence"
)

// NotDumpable keeps other users from tracing this process and from reading its memory and descriptors through /proc.
func NotDumpable() error {
	if !defence.NotDumpable {
		return nil
	}
	return setDumpable(0)
}

func setDumpable(to uintptr) error {
	if _, _, errno := syscall.RawSyscall(syscall.SYS_PRCTL, prSetDumpable, to, 0); errno != 0 {
		return errno
	}
	return nil
}

// AdoptOrphans makes this process the parent of orphans among its descendants, as init is without asking.
func AdoptOrphans() error {
	if _, _, errno := syscall.RawSyscall(syscall.SYS_PRCTL, prSetSubreaper, 1, 0); errno != 0 {
		return errno
	}
	return nil
}

// AvoidOOMKill asks to be the last that the kernel kills for memory, as far as the capabilities allow.
func AvoidOOMKill() {
	_ = os.WriteFile("/proc/self/oom_score_adj", []byte("-1000"), 0)
}

const closeRangeCloexec = 4

// CloseOnExec keeps inherited descriptors from 3 up away from commands.
func CloseOnExec() {
	if _, _, errno := syscall.RawSyscall(sysCloseRange, 3, ^uintptr(0)>>32, closeRangeCloexec); errno == 0 {
		return
	}
	for fd := 3; fd < 1024; fd++ {
		syscall.CloseOnExec(fd)
	}
}

// The same number on every architecture; older than the constants of package syscall.
const sysCloseRange = 436

// SilenceStdio points descriptors 0, 1 and 2 at /dev/null, so that nothing written there can fill a log of the host.
// Where there is no /dev/null it takes a pipe without a reader.
func SilenceStdio() error {
	null, err := syscall.Open("/dev/null", syscall.O_RDWR|syscall.O_CLOEXEC, 0)
	if err != nil {
		var pipe [2]int
		if err := syscall.Pipe2(pipe[:], syscall.O_CLOEXEC); err != nil {
			return err
		}
		syscall.Close(pipe[0])
		null = pipe[1]
	}
	for fd := range 3 {
		if err := syscall.Dup3(null, fd, 0); err != nil {
			return err
		}
	}
	if null > 2 {
		syscall.Close(null)
	}
	return nil
}
