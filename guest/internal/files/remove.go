package files

import (
	"context"
	"os"
	"path"
	"strings"
	"syscall"

	"berth/guest/internal/beneath"
	"berth/guest/internal/fault"
	"berth/guest/internal/walk"
)

// Remove removes a file, a link itself, or a directory, which must be empty unless recursive.
func (w *Workspace) Remove(ctx context.Context, name string, recursive bool) error {
	name, err := w.Relative(name)
	if err != nil {
		return err
	}
	name = strings.TrimRight(name, "/")
	dir, base := path.Split(name)
	if base == "" || base == "." || base == ".." {
		return fault.New(fault.InvalidArgument, "%q cannot be removed", name)
	}
	return w.Do(ctx, func(root *beneath.Root) error {
		parent, err := openParent(root, dir, false)
		if err != nil {
			return err
		}
		defer parent.Close()
		info, err := parent.Lstat(base)
		if err != nil {
			return err
		}
		if info.IsDir() && recursive {
			if err := removeBeneath(ctx, parent, base); err != nil {
				return err
			}
		}
		return parent.Remove(base)
	})
}

// removeBeneath empties a directory. It holds few descriptors, however deep the tree is.
func removeBeneath(ctx context.Context, parent *beneath.Root, base string) error {
	dir, err := parent.OpenFile(base, os.O_RDONLY|syscall.O_DIRECTORY|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return err
	}
	defer dir.Close()
	return walk.Walk(int(dir.Fd()), "", walk.Visitor{
		Visit: func(e *walk.Entry) error {
			if e.Type == walk.Directory {
				return ctx.Err()
			}
			return e.Remove()
		},
		Leave:   func(e *walk.Entry) error { return e.Remove() },
		AnyPath: true,
	})
}
