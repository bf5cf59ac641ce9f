package files

import (
	"context"
	"os"
	"path"
	"syscall"

	"berth/guest/internal/beneath"
	"berth/guest/internal/defence"
	"berth/guest/internal/fault"
	"berth/guest/internal/walk"
)

const (
	maxListEntries = 100_000
	maxListDepth   = 1000
	gitDirectory   = ".git"
)

// Listed is one entry of a listing.
type Listed struct {
	Path string `json:"path"`
	Type string `json:"type"`
	Size int64  `json:"size"`
}

// Listing is the answer to a listing.
type Listing struct {
	Entries   []Listed `json:"entries"`
	Truncated bool     `json:"truncated"`
}

// List lists what is beneath a directory, depth levels deep and at most limit entries, in byte order of the paths, which are relative to
// the root. A directory that cannot be read is listed as empty; one too large to be read in whole makes the listing truncated.
func (w *Workspace) List(ctx context.Context, name string, depth, limit int) (*Listing, error) {
	if depth < 1 || depth > maxListDepth || limit < 1 || limit > maxListEntries {
		return nil, fault.New(fault.InvalidArgument, "depth must be 1 to %d, limit 1 to %d", maxListDepth, maxListEntries)
	}
	listing := &Listing{Entries: []Listed{}}
	err := w.Walk(ctx, name, walk.Visitor{
		Visit: func(e *walk.Entry) error {
			if defence.FileBounds && len(listing.Entries) == limit {
				listing.Truncated = true
				return walk.Stop
			}
			st, err := e.Stat()
			if err != nil {
				// Gone since its directory was read.
				return nil
			}
			listing.Entries = append(listing.Entries, Listed{Path: e.Path, Type: walkTypes[walk.TypeOf(st.Mode)], Size: st.Size})
			return ctx.Err()
		},
		Enter: func(e *walk.Entry) bool { return e.Depth < depth && e.Name != gitDirectory },
		Unreadable: func(_ string, err error) error {
			listing.Truncated = listing.Truncated || fault.Is(err, fault.TooLarge)
			return nil
		},
	})
	if err != nil {
		return nil, err
	}
	return listing, nil
}

var walkTypes = map[walk.Type]string{walk.File: typeFile, walk.Directory: typeDirectory, walk.Link: typeLink, walk.Other: typeOther}

// Walk visits what is beneath a directory with the tool user's identity. Paths are relative to the root.
func (w *Workspace) Walk(ctx context.Context, name string, visitor walk.Visitor) error {
	name, err := w.Relative(name)
	if err != nil {
		return err
	}
	return w.Do(ctx, func(root *beneath.Root) error { return walkBeneath(root, name, visitor) })
}

func walkBeneath(root *beneath.Root, name string, visitor walk.Visitor) error {
	dir, err := root.OpenFile(name, os.O_RDONLY|syscall.O_DIRECTORY, 0)
	if err != nil {
		return err
	}
	defer dir.Close()
	return walk.Walk(int(dir.Fd()), prefixOf(name), visitor)
}

// prefixOf is what begins the paths beneath a directory.
func prefixOf(name string) string {
	if name = path.Clean(name); name != "." {
		return name + "/"
	}
	return ""
}

// WalkFrom is Walk for a path that may also be a single file, which is then the only entry. A last link is followed inside the root.
func (w *Workspace) WalkFrom(ctx context.Context, name string, visitor walk.Visitor) error {
	name, err := w.Relative(name)
	if err != nil {
		return err
	}
	return w.Do(ctx, func(root *beneath.Root) error {
		info, err := root.Stat(name)
		if err != nil {
			return err
		}
		if info.IsDir() {
			return walkBeneath(root, name, visitor)
		}
		target, err := w.followLinks(root, name)
		if err != nil {
			return err
		}
		dir, base := path.Split(target)
		if dir == "" {
			dir = "."
		}
		parent, err := root.OpenFile(dir, os.O_RDONLY|syscall.O_DIRECTORY, 0)
		if err != nil {
			return err
		}
		defer parent.Close()
		return walk.One(int(parent.Fd()), base, path.Clean(name), visitor)
	})
}
