package layer

import (
	"archive/tar"
	"io"
	"path"
	"syscall"
	"time"

	"berth/guest/internal/fault"
	"berth/guest/internal/walk"
)

const permissionBits = 0o7777

type fileID struct{ device, inode uint64 }

// layerWriter writes the entries of a layer within its limits.
type layerWriter struct {
	tar    *tar.Writer
	limits Limits
	count  int
	bytes  int64
	// names are those under which files with several names are in the layer.
	names map[fileID]string
}

func headerOf(name string, st *syscall.Stat_t) *tar.Header {
	h := &tar.Header{
		Name: name, Mode: int64(st.Mode & permissionBits), Uid: int(st.Uid), Gid: int(st.Gid),
		ModTime: time.Unix(st.Mtim.Unix()).Truncate(time.Second),
	}
	if walk.TypeOf(st.Mode) == walk.Directory {
		h.Typeflag, h.Name = tar.TypeDir, name+"/"
	}
	return h
}

// entry writes something as it is now. A socket is left out: it means nothing without the process that listens.
func (l *layerWriter) entry(e *walk.Entry, st *syscall.Stat_t) error {
	if err := nameInLayer(e.Path); err != nil {
		return err
	}
	h := headerOf(e.Path, st)
	switch st.Mode & syscall.S_IFMT {
	case syscall.S_IFREG:
		return l.file(e, h, st)
	case syscall.S_IFDIR:
		return l.directory(e, h)
	case syscall.S_IFLNK:
		target, err := e.ReadLink()
		if err != nil {
			return changedMeanwhile(e.Path, err)
		}
		h.Typeflag, h.Linkname = tar.TypeSymlink, target
	case syscall.S_IFIFO:
		h.Typeflag = tar.TypeFifo
	case syscall.S_IFSOCK:
		return nil
	default:
		return fault.New(fault.InvalidArgument, "%s is a device, which no layer may hold", e.Path)
	}
	return l.header(h)
}

func (l *layerWriter) directory(e *walk.Entry, h *tar.Header) error {
	dir, err := e.OpenDirectory()
	if err != nil {
		return changedMeanwhile(e.Path, err)
	}
	defer dir.Close()
	if h.PAXRecords, err = extendedAttributes(dir); err != nil {
		return err
	}
	return l.header(h)
}

func (l *layerWriter) file(e *walk.Entry, h *tar.Header, st *syscall.Stat_t) error {
	id := fileID{uint64(st.Dev), st.Ino}
	if first, ok := l.names[id]; ok && st.Nlink > 1 {
		h.Typeflag, h.Linkname = tar.TypeLink, first
		return l.header(h)
	}
	f, opened, err := e.Open()
	if err != nil {
		return changedMeanwhile(e.Path, err)
	}
	defer f.Close()
	if l.bytes += opened.Size; l.bytes > l.limits.Bytes {
		return fault.New(fault.TooLarge, "what was changed is above %d bytes, at %s", l.limits.Bytes, e.Path)
	}
	h.Typeflag, h.Size = tar.TypeReg, opened.Size
	if h.PAXRecords, err = extendedAttributes(f); err != nil {
		return err
	}
	if err := l.header(h); err != nil {
		return err
	}
	if _, err := io.CopyN(l.tar, f, h.Size); err != nil {
		return changedMeanwhile(e.Path, err)
	}
	if st.Nlink > 1 {
		l.names[id] = e.Path
	}
	return nil
}

func (l *layerWriter) whiteout(name string) error {
	return l.header(&tar.Header{Typeflag: tar.TypeReg, Name: path.Join(path.Dir(name), whiteoutPrefix+path.Base(name))})
}

func (l *layerWriter) header(h *tar.Header) error {
	if l.count++; l.count > l.limits.Entries {
		return fault.New(fault.TooLarge, "more than %d files and folders were changed", l.limits.Entries)
	}
	return l.tar.WriteHeader(h)
}
