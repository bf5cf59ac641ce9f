package beneath

import (
	"syscall"
	"unsafe"
)

// exchange swaps two names in one step.
func exchange(one, other string) error {
	const renameExchange = 2
	a, err := syscall.BytePtrFromString(one)
	if err != nil {
		return err
	}
	b, err := syscall.BytePtrFromString(other)
	if err != nil {
		return err
	}
	here := atCwd
	_, _, errno := syscall.Syscall6(sysRenameat2, uintptr(here), uintptr(unsafe.Pointer(a)), uintptr(here), uintptr(unsafe.Pointer(b)), renameExchange, 0)
	return orNil(errno)
}
