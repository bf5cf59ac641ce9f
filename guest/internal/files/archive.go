package files

import (
	"archive/tar"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"berth/guest/internal/beneath"
	"berth/guest/internal/fault"
	"berth/guest/internal/walk"
)

const (
	maxArchiveEntries = 1_000_000
	maxArchiveBytes   = 16 << 30
)

// Unpacked is the answer to an archive: regular files and their bytes.
type Unpacked struct {
	Files int   `json:"files"`
	Bytes int64 `json:"bytes"`
}

// Unpack writes a tar stream of directories, regular files and links beneath a directory, which is made if it is missing, with the identity of the
// guest itself. It takes 1,000,000 entries and 16 GiB at most. What is in the way is replaced, except a directory.
func (w *Workspace) Unpack(name string, stream io.Reader) (*Unpacked, error) {
	name, err := w.Relative(name)
	if err != nil {
		return nil, err
	}
	if err := w.root.MkdirAll(strings.TrimRight(name, "/"), 0o755); err != nil {
		return nil, err
	}
	root, err := w.root.OpenRoot(name)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	u := &unpacker{root: root}
	archive := tar.NewReader(stream)
	for entries := 0; ; entries++ {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return &u.done, nil
		}
		if err != nil {
			return nil, fault.New(fault.InvalidArgument, "tar: %v", err)
		}
		if entries == maxArchiveEntries || u.done.Bytes+header.Size > maxArchiveBytes {
			return nil, fault.New(fault.TooLarge, "the archive is above %d entries or %d bytes", maxArchiveEntries, int64(maxArchiveBytes))
		}
		if err := u.entry(header, archive); err != nil {
			return nil, err
		}
	}
}

type unpacker struct {
	root *beneath.Root
	// dir is the directory of the entry before, which exists.
	dir  string
	done Unpacked
}

func (u *unpacker) entry(header *tar.Header, content io.Reader) error {
	if header.Typeflag == tar.TypeXGlobalHeader {
		return nil
	}
	name := path.Clean(header.Name)
	if !filepath.IsLocal(name) {
		return fault.New(fault.OutsideRoot, "the archive names %q", header.Name)
	}
	if header.Typeflag == tar.TypeDir {
		return u.directory(name, fs.FileMode(header.Mode).Perm())
	}
	if name == "." {
		return fault.New(fault.InvalidArgument, "the archive replaces its own root")
	}
	if dir := path.Dir(name); dir != u.dir {
		if err := u.root.MkdirAll(dir, 0o755); err != nil {
			return err
		}
		u.dir = dir
	}
	if err := u.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	switch header.Typeflag {
	case tar.TypeReg:
		return u.file(name, header, content)
	case tar.TypeSymlink:
		return u.root.Symlink(header.Linkname, name)
	case tar.TypeLink:
		target := path.Clean(header.Linkname)
		if !filepath.IsLocal(target) {
			return fault.New(fault.OutsideRoot, "the archive links to %q", header.Linkname)
		}
		return u.root.Link(target, name)
	}
	return fault.New(fault.InvalidArgument, "%q is neither a directory, a regular file nor a link", header.Name)
}

func (u *unpacker) directory(name string, mode fs.FileMode) error {
	if err := u.root.MkdirAll(name, 0o755); err != nil {
		return err
	}
	if name == "." {
		return nil
	}
	return u.root.Chmod(name, mode)
}

func (u *unpacker) file(name string, header *tar.Header, content io.Reader) error {
	f, err := u.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	n, err := io.Copy(f, content)
	u.done.Bytes += n
	if err != nil {
		return err
	}
	u.done.Files++
	if err := f.Chmod(fs.FileMode(header.Mode).Perm()); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	// Build tools compare times.
	return u.root.SetModified(name, header.ModTime)
}

// Own gives a path and all beneath it to the tool user, with the identity of the guest itself; links themselves, not what they lead to.
func (w *Workspace) Own(name string) error {
	name, err := w.Relative(name)
	if err != nil {
		return err
	}
	if err := w.root.Lchown(name, w.uid, w.gid); err != nil {
		return err
	}
	info, err := w.root.Lstat(name)
	if err != nil || !info.IsDir() {
		return err
	}
	return walkBeneath(w.root, name, walk.Visitor{
		Visit: func(e *walk.Entry) error {
			err := e.Chown(w.uid, w.gid)
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			return err
		},
		AnyPath: true,
	})
}
