package layer

import (
	"os"
	"strings"
	"syscall"
	"unsafe"

	"berth/guest/internal/fault"
)

const paxAttribute = "SCHILY.xattr."

// inLayers are the extended attributes that a layer keeps: capabilities of programs, access lists, and what users set. The others are the host's.
func inLayers(name string) bool {
	switch name {
	case "security.capability", "system.posix_acl_access", "system.posix_acl_default":
		return true
	}
	return strings.HasPrefix(name, "user.") && !strings.HasPrefix(name, "user.overlay.")
}

// extendedAttributes are those of an open file or directory, as PAX records; nil for none.
func extendedAttributes(f *os.File) (map[string]string, error) {
	names, err := read(func(buffer unsafe.Pointer, size int) (uintptr, syscall.Errno) {
		n, _, errno := syscall.Syscall(syscall.SYS_FLISTXATTR, f.Fd(), uintptr(buffer), uintptr(size))
		return n, errno
	})
	if err == syscall.ENOTSUP || err == syscall.ENOSYS {
		return nil, nil
	}
	if err != nil {
		return nil, fault.New(fault.Internal, "%s: its attributes cannot be listed: %v", f.Name(), err)
	}
	var records map[string]string
	for name := range strings.SplitSeq(names, "\x00") {
		if !inLayers(name) {
			continue
		}
		value, err := attribute(f, name)
		if err != nil {
			return nil, fault.New(fault.Internal, "%s: its attribute %s cannot be read: %v", f.Name(), name, err)
		}
		if records == nil {
			records = map[string]string{}
		}
		records[paxAttribute+name] = value
	}
	return records, nil
}

func attribute(f *os.File, name string) (string, error) {
	text, err := syscall.BytePtrFromString(name)
	if err != nil {
		return "", err
	}
	return read(func(buffer unsafe.Pointer, size int) (uintptr, syscall.Errno) {
		n, _, errno := syscall.Syscall6(syscall.SYS_FGETXATTR, f.Fd(), uintptr(unsafe.Pointer(text)), uintptr(buffer), uintptr(size), 0, 0)
		return n, errno
	})
}

// read asks for the size, which is mostly 0, and then for what there is.
func read(call func(buffer unsafe.Pointer, size int) (uintptr, syscall.Errno)) (string, error) {
	n, errno := call(nil, 0)
	if errno != 0 || n == 0 {
		return "", asError(errno)
	}
	buffer := make([]byte, n)
	if n, errno = call(unsafe.Pointer(&buffer[0]), len(buffer)); errno != 0 {
		return "", errno
	}
	return string(buffer[:n]), nil
}

func asError(errno syscall.Errno) error {
	if errno == 0 {
		return nil
	}
	return errno
}
