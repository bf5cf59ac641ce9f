package walk

import (
	"os"
	"syscall"

	"berth/guest/internal/fault"
)

// Entry is a name that a walk came to. It is good until the callback returns.
type Entry struct {
	// Path is relative to where the walk began, behind its prefix.
	Path string
	Name string
	Type Type
	// Depth is 1 for what is directly where the walk began.
	Depth int

	dir int
}

// Stat describes the entry itself, not what a link leads to.
func (e *Entry) Stat() (*syscall.Stat_t, error) { return statAt(e.dir, e.Name) }

// ReadLink gives a link's target as it was written.
func (e *Entry) ReadLink() (string, error) { return readLinkAt(e.dir, e.Name) }

// Chown gives the entry itself to a user and a group.
func (e *Entry) Chown(uid, gid int) error {
	return syscall.Fchownat(e.dir, e.Name, uid, gid, atSymlinkNofollow)
}

// Remove removes the entry; a directory must be empty.
func (e *Entry) Remove() error { return removeAt(e.dir, e.Name, e.Type == Directory) }

// Open opens a regular file for reading. What is none by now gives not_regular_file and is never read.
func (e *Entry) Open() (*os.File, *syscall.Stat_t, error) {
	fd, err := openat(e.dir, e.Name, openFlags)
	if err == syscall.ELOOP {
		err = fault.New(fault.NotRegularFile, "%s is a link", e.Path)
	}
	if err != nil {
		return nil, nil, err
	}
	var st syscall.Stat_t
	if err = syscall.Fstat(fd, &st); err == nil && TypeOf(st.Mode) != File {
		err = fault.New(fault.NotRegularFile, "%s is not a regular file", e.Path)
	}
	if err != nil {
		syscall.Close(fd)
		return nil, nil, err
	}
	return os.NewFile(uintptr(fd), e.Path), &st, nil
}

// OpenDirectory opens a directory, for what is told of it rather than of what is in it.
func (e *Entry) OpenDirectory() (*os.File, error) {
	fd, err := openDir(e.dir, e.Name)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), e.Path), nil
}
