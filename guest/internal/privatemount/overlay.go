// Package privatemount mounts a sandbox's root where only that sandbox sees it.
package privatemount

import (
	"fmt"
	"runtime"
	"syscall"

	"berth/guest/internal/defence"
)

// Enter moves the calling thread to a mount namespace of its own. What it mounts from then on never shows on the host and ends with
// the last process of the namespace. The thread stays locked: the caller goes on to exec, which makes this thread the process.
func Enter() error {
	runtime.LockOSThread()
	if err := syscall.Unshare(syscall.CLONE_NEWNS); err != nil {
		return fmt.Errorf("a mount namespace: %w", err)
	}
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("private mounts: %w", err)
	}
	return nil
}

// Overlay mounts an overlay with options at target.
func Overlay(options, target string) error {
	flags := uintptr(syscall.MS_NODEV | syscall.MS_NOSUID)
	if !defence.RestrictedMounts {
		flags = 0
	}
	if err := syscall.Mount("overlay", target, "overlay", flags, options); err != nil {
		return fmt.Errorf("an overlay at %s: %w", target, err)
	}
	return nil
}
