// Package walk visits a tree by descriptors, beneath an open directory. It follows no link, however the tree changes meanwhile.
package walk

import (
	"encoding/binary"
	"syscall"
	"unsafe"
)

// Type is what a name is, as its directory says.
type Type byte

const (
	Other Type = iota
	File
	Directory
	Link
)

const (
	dtUnknown = 0
	dtDir     = 4
	dtReg     = 8
	dtLnk     = 10

	// Without O_DIRECTORY, with which gVisor follows a link all the same: what turns out to be no directory cannot be listed.
	openFlags = syscall.O_RDONLY | syscall.O_NOFOLLOW | syscall.O_CLOEXEC | syscall.O_NONBLOCK | syscall.O_NOCTTY

	direntBytes = 32 << 10
)

type name struct {
	text string
	kind Type
}

// openDir opens a directory in another.
func openDir(dir int, name string) (int, error) { return openat(dir, name, openFlags) }

func openat(dir int, name string, flags int) (int, error) {
	for {
		fd, err := syscall.Openat(dir, name, flags, 0)
		if err != syscall.EINTR {
			return fd, err
		}
	}
}

// readNames lists a directory, at most limit names; more reports that there were others.
func readNames(fd, limit int, buffer []byte) (names []name, more bool, err error) {
	for {
		n, err := syscall.ReadDirent(fd, buffer)
		if err == syscall.EINTR {
			continue
		}
		if err != nil {
			return names, false, err
		}
		if n == 0 {
			return names, false, nil
		}
		for entries := buffer[:n]; len(entries) > 0; {
			// struct linux_dirent64: inode 8, offset 8, length 2, type 1, name with NUL.
			length := int(binary.NativeEndian.Uint16(entries[16:]))
			kind := entries[18]
			text := entries[19:length]
			entries = entries[length:]
			end := 0
			for end < len(text) && text[end] != 0 {
				end++
			}
			if s := string(text[:end]); s != "." && s != ".." {
				if len(names) == limit {
					return names, true, nil
				}
				names = append(names, name{s, kindOf(fd, s, kind)})
			}
		}
	}
}

func kindOf(fd int, name string, kind byte) Type {
	switch kind {
	case dtReg:
		return File
	case dtDir:
		return Directory
	case dtLnk:
		return Link
	case dtUnknown:
		if st, err := statAt(fd, name); err == nil {
			return TypeOf(st.Mode)
		}
	}
	return Other
}

// TypeOf is the type of a file with this st_mode.
func TypeOf(mode uint32) Type {
	switch mode & syscall.S_IFMT {
	case syscall.S_IFREG:
		return File
	case syscall.S_IFDIR:
		return Directory
	case syscall.S_IFLNK:
		return Link
	}
	return Other
}

const atSymlinkNofollow = 0x100

// statAt describes a name in a directory, not following a link.
func statAt(dir int, name string) (*syscall.Stat_t, error) {
	path, err := syscall.BytePtrFromString(name)
	if err != nil {
		return nil, err
	}
	var st syscall.Stat_t
	if _, _, errno := syscall.Syscall6(sysFstatat, uintptr(dir), uintptr(unsafe.Pointer(path)), uintptr(unsafe.Pointer(&st)), atSymlinkNofollow, 0, 0); errno != 0 {
		return nil, errno
	}
	return &st, nil
}

// readLinkAt reads where a link leads.
func readLinkAt(dir int, name string) (string, error) {
	path, err := syscall.BytePtrFromString(name)
	if err != nil {
		return "", err
	}
	// The kernel allows no longer target than this.
	buffer := make([]byte, 4096)
	n, _, errno := syscall.Syscall6(syscall.SYS_READLINKAT, uintptr(dir), uintptr(unsafe.Pointer(path)), uintptr(unsafe.Pointer(&buffer[0])), uintptr(len(buffer)), 0, 0)
	if errno != 0 {
		return "", errno
	}
	return string(buffer[:n]), nil
}

const atRemoveDir = 0x200

// removeAt removes a name from a directory.
func removeAt(dir int, name string, directory bool) error {
	path, err := syscall.BytePtrFromString(name)
	if err != nil {
		return err
	}
	flags := 0
	if directory {
		flags = atRemoveDir
	}
	if _, _, errno := syscall.Syscall(syscall.SYS_UNLINKAT, uintptr(dir), uintptr(unsafe.Pointer(path)), uintptr(flags)); errno != 0 {
		return errno
	}
	return nil
}
