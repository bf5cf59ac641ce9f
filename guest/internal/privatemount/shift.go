package privatemount

import (
	"fmt"
	"os"
	"syscall"
	"unsafe"
)

// The same numbers on every architecture; newer than the constants of package syscall.
const (
	sysOpenTree     = 428
	sysMoveMount    = 429
	sysMountSetattr = 442

	openTreeClone   = 1
	atEmptyPath     = 0x1000
	atRecursive     = 0x8000
	moveFromEmpty   = 0x4
	moveToEmpty     = 0x40
	mountAttrIDMap  = 0x100000
	openPath        = 0x200000
	prGetSecurebits = 27
	prSetSecurebits = 28
	noSetuidFixup   = 1 << 2
)

// emptyPath means the descriptor itself.
var emptyPath [1]byte

// mountAttr is struct mount_attr of linux/mount.h.
type mountAttr struct{ set, clear, propagation, userNamespace uint64 }

// Shift lets places of the host be seen with the ids of a range: who owns a file as 0 on the disk owns it as the range's first.
type Shift struct {
	ids       IDRange
	namespace *os.File
}

// NewShift prepares for the range.
func NewShift(ids IDRange) (*Shift, error) {
	namespace, err := ids.userNamespace()
	if err != nil {
		return nil, err
	}
	return &Shift{ids: ids, namespace: namespace}, nil
}

// Close releases the range's map; the mounts stay.
func (s *Shift) Close() { _ = s.namespace.Close() }

// Layer covers a folder by itself with shifted ids, without what is mounted below it: an overlay does not look there.
func (s *Shift) Layer(path string) error { return s.cover(path, 0) }

// Tree covers a file or folder, and what is mounted below it, by itself with shifted ids.
func (s *Shift) Tree(path string) error { return s.cover(path, atRecursive) }

func (s *Shift) cover(path string, recursive uintptr) error {
	place, err := syscall.Open(path, openPath|syscall.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	defer syscall.Close(place)
	name := uintptr(unsafe.Pointer(&emptyPath))
	tree, _, errno := syscall.Syscall(sysOpenTree, uintptr(place), name, openTreeClone|atEmptyPath|recursive|syscall.O_CLOEXEC)
	if errno != 0 {
		return fmt.Errorf("a clone of the mount of %s: %w", path, errno)
	}
	defer syscall.Close(int(tree))
	attr := mountAttr{set: mountAttrIDMap, userNamespace: uint64(s.namespace.Fd())}
	if _, _, errno := syscall.Syscall6(sysMountSetattr, tree, name, atEmptyPath|recursive,
		uintptr(unsafe.Pointer(&attr)), unsafe.Sizeof(attr), 0); errno != 0 {
		return fmt.Errorf("the file system of %s takes no idmapped mounts: %w", path, errno)
	}
	if _, _, errno := syscall.Syscall6(sysMoveMount, tree, name, uintptr(place), name, moveFromEmpty|moveToEmpty, 0); errno != 0 {
		return fmt.Errorf("the shifted %s: %w", path, errno)
	}
	return nil
}

// Overlay mounts an overlay whose layers are shifted. It keeps the credentials of whoever mounts it for its own writes to the upper
// layer, which cannot take files of an id outside of the range: so the calling thread owns files as the range's root meanwhile.
func (s *Shift) Overlay(options, target string) error {
	bits, _, errno := syscall.RawSyscall(syscall.SYS_PRCTL, prGetSecurebits, 0, 0)
	if errno != 0 {
		return errno
	}
	// Without it, leaving the file-system identity of root takes the file capabilities.
	if _, _, errno := syscall.RawSyscall(syscall.SYS_PRCTL, prSetSecurebits, bits|noSetuidFixup, 0); errno != 0 {
		return fmt.Errorf("securebits: %w", errno)
	}
	fileIdentity(s.ids.First)
	err := Overlay(options, target)
	fileIdentity(0)
	if _, _, errno := syscall.RawSyscall(syscall.SYS_PRCTL, prSetSecurebits, bits, 0); errno != 0 {
		return fmt.Errorf("securebits: %w", errno)
	}
	return err
}

func fileIdentity(id int) {
	syscall.RawSyscall(syscall.SYS_SETFSGID, uintptr(id), 0, 0)
	syscall.RawSyscall(syscall.SYS_SETFSUID, uintptr(id), 0, 0)
}
