// Package files reads and changes the files of the workspace with the tool user's file-system identity, beneath one open directory.
package files

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"

	"berth/guest/internal/beneath"
	"berth/guest/internal/confine"
	"berth/guest/internal/defence"
	"berth/guest/internal/fault"
)

// Workspace is the tree beneath the root. It is safe for concurrent use.
type Workspace struct {
	dir      string
	root     *beneath.Root
	identity *confine.Identity
	uid, gid int
	// writing orders the steps of writes, so that a precondition still holds when its write takes effect.
	writing sync.Mutex
}

// Open opens the directory dir, an absolute path without "..", as the root. uid and gid are the tool user's.
func Open(dir string, identity *confine.Identity, uid, gid int) (*Workspace, error) {
	top := dir
	if !defence.BeneathRoot {
		top = "/"
	}
	root, err := beneath.Open(top)
	if err != nil {
		return nil, err
	}
	return &Workspace{dir: strings.TrimRight(dir, "/"), root: root, identity: identity, uid: uid, gid: gid}, nil
}

// Close releases the root.
func (w *Workspace) Close() error { return w.root.Close() }

// Dir is the root's absolute path.
func (w *Workspace) Dir() string { return w.dir }

// Do runs fn with the tool user's identity.
func (w *Workspace) Do(ctx context.Context, fn func(root *beneath.Root) error) error {
	if !defence.FileIdentity {
		return fn(w.root)
	}
	return w.identity.Do(ctx, func() error { return fn(w.root) })
}

// Relative turns a path of a request, relative or absolute beneath the root, into one for beneath.Root. What links and ".." in it mean
// is for beneath.Root to say: nothing is cleaned here.
func (w *Workspace) Relative(path string) (string, error) {
	if strings.ContainsRune(path, 0) {
		return "", fault.New(fault.InvalidArgument, "the path contains NUL")
	}
	if !defence.BeneathRoot {
		return resolvedByName(w.dir, path), nil
	}
	if strings.HasPrefix(path, "/") {
		rest, ok := strings.CutPrefix(path, w.dir)
		if !ok || rest != "" && rest[0] != '/' {
			return "", fault.New(fault.OutsideRoot, "%s is not beneath %s", path, w.dir)
		}
		path = strings.TrimLeft(rest, "/")
	}
	if path == "" {
		return ".", nil
	}
	return path, nil
}

// resolvedByName follows links by their names and gives a path relative to /.
func resolvedByName(dir, path string) string {
	if !filepath.IsAbs(path) {
		path = filepath.Join(dir, path)
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	return strings.TrimLeft(filepath.Clean(path), "/")
}

// openRegular opens a regular file for reading. It never blocks on what is no regular file, and never reads from it.
func openRegular(root *beneath.Root, name string) (*os.File, fs.FileInfo, error) {
	flags := os.O_RDONLY | syscall.O_NONBLOCK | syscall.O_NOCTTY
	if !defence.RegularFiles {
		flags = os.O_RDONLY
	}
	f, err := root.OpenFile(name, flags, 0)
	if err != nil {
		return nil, nil, err
	}
	info, err := f.Stat()
	if err == nil && defence.RegularFiles && !info.Mode().IsRegular() {
		err = fault.New(fault.NotRegularFile, "%s is not a regular file", name)
	}
	if err != nil {
		_ = f.Close()
		return nil, nil, err
	}
	return f, info, nil
}

const oPath = 0x200000

// OpenDir opens a directory to start commands in, and gives the caller its descriptor. asRoot uses the identity of the guest itself.
func (w *Workspace) OpenDir(ctx context.Context, path string, asRoot bool) (fd int, err error) {
	name, err := w.Relative(path)
	if err != nil {
		return -1, err
	}
	open := func(root *beneath.Root) error {
		f, err := root.OpenFile(name, oPath|syscall.O_DIRECTORY, 0)
		if err != nil {
			return err
		}
		defer f.Close()
		dup, _, errno := syscall.RawSyscall(syscall.SYS_FCNTL, f.Fd(), syscall.F_DUPFD_CLOEXEC, 3)
		if errno != 0 {
			return errno
		}
		fd = int(dup)
		return nil
	}
	if asRoot {
		return fd, open(w.root)
	}
	return fd, w.Do(ctx, open)
}
