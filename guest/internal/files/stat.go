package files

import (
	"context"
	"io/fs"

	"berth/guest/internal/beneath"
)

// Stat is what a path names, a last link not followed.
type Stat struct {
	Path string `json:"path"`
	Type string `json:"type"`
	Size int64  `json:"size"`
	// Mode is the permission bits with set-user-id, set-group-id and sticky.
	Mode    uint32 `json:"mode"`
	MtimeMs int64  `json:"mtime_ms"`
	Target  string `json:"target,omitempty"`
}

// Stat describes a path; it does not follow a last link.
func (w *Workspace) Stat(ctx context.Context, path string) (*Stat, error) {
	name, err := w.Relative(path)
	if err != nil {
		return nil, err
	}
	var s *Stat
	err = w.Do(ctx, func(root *beneath.Root) error {
		info, err := root.Lstat(name)
		if err != nil {
			return err
		}
		s = &Stat{Path: path, Type: typeOf(info.Mode()), Size: info.Size(), Mode: modeBits(info.Mode()), MtimeMs: info.ModTime().UnixMilli()}
		if s.Type == typeLink {
			s.Target, err = root.Readlink(name)
		}
		return err
	})
	return s, err
}

const (
	typeFile      = "file"
	typeDirectory = "directory"
	typeLink      = "link"
	typeOther     = "other"
)

func typeOf(mode fs.FileMode) string {
	switch {
	case mode.IsRegular():
		return typeFile
	case mode.IsDir():
		return typeDirectory
	case mode&fs.ModeSymlink != 0:
		return typeLink
	}
	return typeOther
}

func modeBits(mode fs.FileMode) uint32 {
	bits := uint32(mode.Perm())
	for _, special := range []struct {
		mode fs.FileMode
		bit  uint32
	}{{fs.ModeSetuid, 0o4000}, {fs.ModeSetgid, 0o2000}, {fs.ModeSticky, 0o1000}} {
		if mode&special.mode != 0 {
			bits |= special.bit
		}
	}
	return bits
}
