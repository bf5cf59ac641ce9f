// Package beneath opens and changes files beneath one open directory, and never what a link leads to outside of it.
//
// It is os.Root for kernels on which os.Root does not hold: under gVisor an open with O_NOFOLLOW and O_DIRECTORY follows a link all the
// same. So no such open is made here: a directory on the way is opened with O_PATH, which takes a link for what it is, and looked at.
package beneath

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"syscall"
	"time"
)

// ErrEscapes is the error of paths that lead out of the root, by "..", by a link, or by being absolute. A link with an absolute target always does.
var ErrEscapes = errors.New("path escapes from the root")

// Root is an open directory. It is safe for concurrent use; closing it is not.
type Root struct{ fd int }

// Open opens the directory at a path that is trusted.
func Open(dir string) (*Root, error) {
	fd, err := openat(atCwd, dir, oPath|syscall.O_DIRECTORY, 0)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: dir, Err: err}
	}
	return &Root{fd}, nil
}

// Close releases the directory.
func (r *Root) Close() error { return syscall.Close(r.fd) }

// Open opens for reading.
func (r *Root) Open(name string) (*os.File, error) { return r.OpenFile(name, os.O_RDONLY, 0) }

// OpenFile opens as os.OpenFile does. A last link is followed inside the root, unless flag has O_NOFOLLOW, or both O_CREATE and O_EXCL.
func (r *Root) OpenFile(name string, flag int, perm fs.FileMode) (*os.File, error) {
	keep := flag&syscall.O_NOFOLLOW != 0 || flag&(os.O_CREATE|os.O_EXCL) == os.O_CREATE|os.O_EXCL
	var file *os.File
	err := r.at("open", name, options{keepLink: keep}, func(dir int, base string) error {
		fd, err := openLeaf(dir, base, flag, perm)
		if err == nil {
			file = os.NewFile(uintptr(fd), name)
		}
		return err
	})
	return file, err
}

// openLeaf opens what base is now; when that has become a link, ELOOP.
func openLeaf(dir int, base string, flag int, perm fs.FileMode) (int, error) {
	if flag&syscall.O_DIRECTORY == 0 && flag&oPath == 0 {
		return openat(dir, base, flag|syscall.O_NOFOLLOW, uint32(perm.Perm()))
	}
	fd, mode, err := look(dir, base)
	if err != nil {
		return -1, err
	}
	switch {
	case mode == syscall.S_IFLNK:
		err = syscall.ELOOP
	case mode != syscall.S_IFDIR && flag&syscall.O_DIRECTORY != 0:
		err = syscall.ENOTDIR
	case flag&oPath != 0:
		return fd, nil
	}
	defer syscall.Close(fd)
	if err != nil {
		return -1, err
	}
	return openat(fd, ".", flag, 0)
}

// OpenRoot opens a directory as a root of its own.
func (r *Root) OpenRoot(name string) (*Root, error) {
	var root *Root
	err := r.at("open", name, options{}, func(dir int, base string) error {
		fd, err := openLeaf(dir, base, oPath|syscall.O_DIRECTORY, 0)
		root = &Root{fd}
		return err
	})
	if err != nil {
		return nil, err
	}
	return root, nil
}

// MkdirAll makes a directory and those on the way to it that are missing.
func (r *Root) MkdirAll(name string, perm fs.FileMode) error {
	mode := uint32(perm.Perm())
	return r.at("mkdir", name, options{make: &mode}, func(dir int, base string) error {
		err := ignoringEINTR(func() error { return syscall.Mkdirat(dir, base, mode) })
		if err != syscall.EEXIST {
			return err
		}
		fd, err := openLeaf(dir, base, oPath|syscall.O_DIRECTORY, 0)
		if err == nil {
			syscall.Close(fd)
		}
		return err
	})
}

// Lstat describes a file, or a last link itself.
func (r *Root) Lstat(name string) (fs.FileInfo, error) { return r.stat(name, options{keepLink: true}) }

// Stat describes a file, or what a last link leads to.
func (r *Root) Stat(name string) (fs.FileInfo, error) { return r.stat(name, options{}) }

func (r *Root) stat(name string, o options) (info fs.FileInfo, err error) {
	err = r.at("stat", name, o, func(dir int, base string) error {
		fd, err := openat(dir, base, oPath|syscall.O_NOFOLLOW, 0)
		if err != nil {
			return err
		}
		file := os.NewFile(uintptr(fd), path.Base(name))
		defer file.Close()
		info, err = file.Stat()
		return err
	})
	return info, err
}

// Readlink is the target of a link.
func (r *Root) Readlink(name string) (target string, err error) {
	err = r.at("readlink", name, options{keepLink: true}, func(dir int, base string) error {
		target, err = readlinkat(dir, base)
		return err
	})
	return target, err
}

// Remove removes a file, a link itself or an empty directory.
func (r *Root) Remove(name string) error {
	return r.at("remove", name, options{keepLink: true}, func(dir int, base string) error {
		err := unlinkat(dir, base, 0)
		if err == nil || err == syscall.ENOENT {
			return err
		}
		if asDirectory := unlinkat(dir, base, atRemoveDir); asDirectory != syscall.ENOTDIR {
			return asDirectory
		}
		return err
	})
}

// Rename gives a file in this directory another name in it, replacing what has that. Neither name is a path.
func (r *Root) Rename(from, to string) error {
	return r.at("rename", from, options{keepLink: true}, func(dir int, base string) error {
		return ignoringEINTR(func() error { return syscall.Renameat(dir, base, r.fd, path.Base(to)) })
	})
}

// Symlink makes a link, with whatever target.
func (r *Root) Symlink(target, name string) error {
	return r.at("symlink", name, options{keepLink: true}, func(dir int, base string) error {
		return symlinkat(target, dir, base)
	})
}

// Link gives a file one more name. A last link in from is not followed.
func (r *Root) Link(from, name string) error {
	return r.at("link", from, options{keepLink: true}, func(fromDir int, fromBase string) error {
		return r.at("link", name, options{keepLink: true}, func(dir int, base string) error {
			return linkat(fromDir, fromBase, dir, base)
		})
	})
}

// Lchown changes the owner of a file, or of a last link itself.
func (r *Root) Lchown(name string, uid, gid int) error {
	return r.at("chown", name, options{keepLink: true}, func(dir int, base string) error {
		return ignoringEINTR(func() error { return syscall.Fchownat(dir, base, uid, gid, atSymlinkNoFollow) })
	})
}

// Chmod changes the mode of what can be opened for reading.
func (r *Root) Chmod(name string, mode fs.FileMode) error {
	file, err := r.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOCTTY, 0)
	if err != nil {
		return err
	}
	defer file.Close()
	return file.Chmod(mode)
}

// SetModified sets when a file, or a last link itself, was changed and read last.
func (r *Root) SetModified(name string, when time.Time) error {
	return r.at("utimes", name, options{keepLink: true}, func(dir int, base string) error {
		return utimensat(dir, base, when)
	})
}
