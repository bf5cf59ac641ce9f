package beneath

import (
	"syscall"
	"unsafe"
)

// Move gives a file, a directory or a last link itself another path, in one step, and never replaces what is there (EEXIST). Where the file
// system cannot, as overlayfs cannot with a directory of a lower layer, it is EXDEV and nothing has happened.
func (r *Root) Move(from, to string) error {
	return r.at("move", from, options{keepLink: true}, func(fromDir int, fromBase string) error {
		return r.at("move", to, options{keepLink: true}, func(dir int, base string) error {
			return ignoringEINTR(func() error { return renameNoReplace(fromDir, fromBase, dir, base) })
		})
	})
}

func renameNoReplace(fromDir int, fromName string, dir int, name string) error {
	const noReplace = 1
	from, err := syscall.BytePtrFromString(fromName)
	if err != nil {
		return err
	}
	to, err := syscall.BytePtrFromString(name)
	if err != nil {
		return err
	}
	_, _, errno := syscall.Syscall6(sysRenameat2, uintptr(fromDir), uintptr(unsafe.Pointer(from)), uintptr(dir), uintptr(unsafe.Pointer(to)), noReplace, 0)
	return orNil(errno)
}
