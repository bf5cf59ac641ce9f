package files

import (
	"context"
	"errors"
	"path"
	"strings"
	"syscall"

	"berth/guest/internal/beneath"
	"berth/guest/internal/fault"
)

const (
	// How deep a directory may be that has to be moved entry by entry.
	maxMoveDepth = 200
	// How many entries it may have.
	maxMoveEntries = 100_000
)

// Move gives a file, a directory or a last link itself another path; the directories above that are made. What is at the new path is never replaced.
// A directory that cannot be renamed in one step is moved entry by entry, and what had been moved stays moved when that fails.
func (w *Workspace) Move(ctx context.Context, from, to string) error {
	from, err := w.place(from)
	if err != nil {
		return err
	}
	to, err = w.place(to)
	if err != nil {
		return err
	}
	return w.Do(ctx, func(root *beneath.Root) error {
		if _, err := root.Lstat(from); err != nil {
			return err
		}
		parent, err := openParent(root, path.Dir(to), true)
		if err != nil {
			return err
		}
		_ = parent.Close()
		left := maxMoveEntries
		return moveBeneath(ctx, root, from, to, maxMoveDepth, &left)
	})
}

// place is the path of something that has a name in a directory.
func (w *Workspace) place(name string) (string, error) {
	relative, err := w.Relative(name)
	if err != nil {
		return "", err
	}
	relative = strings.TrimRight(relative, "/")
	if base := path.Base(relative); relative == "" || base == "." || base == ".." {
		return "", fault.New(fault.InvalidArgument, "%q cannot be moved", name)
	}
	return relative, nil
}

func moveBeneath(ctx context.Context, root *beneath.Root, from, to string, depth int, left *int) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if *left--; *left < 0 || depth == 0 {
		return fault.New(fault.TooLarge, "%s has too many entries to be moved one by one", from)
	}
	err := root.Move(from, to)
	if !errors.Is(err, syscall.EXDEV) {
		return err
	}
	info, statErr := root.Lstat(from)
	if statErr != nil {
		return statErr
	}
	if !info.IsDir() {
		return err
	}
	if to == from || strings.HasPrefix(to, from+"/") {
		return fault.New(fault.InvalidArgument, "%s cannot be moved into itself", from)
	}
	if _, err := root.Lstat(to); err == nil {
		return fault.New(fault.AlreadyExists, "%s is there already", to)
	}
	names, err := namesIn(root, from)
	if err != nil {
		return err
	}
	if err := root.MkdirAll(to, info.Mode().Perm()); err != nil {
		return err
	}
	for _, name := range names {
		if err := moveBeneath(ctx, root, path.Join(from, name), path.Join(to, name), depth-1, left); err != nil {
			return err
		}
	}
	return root.Remove(from)
}

func namesIn(root *beneath.Root, name string) ([]string, error) {
	dir, err := root.OpenFile(name, syscall.O_RDONLY|syscall.O_DIRECTORY|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	names, err := dir.Readdirnames(maxMoveEntries + 1)
	if len(names) > maxMoveEntries {
		return nil, fault.New(fault.TooLarge, "%s has more than %d entries", name, maxMoveEntries)
	}
	if len(names) == 0 {
		return nil, nil
	}
	return names, err
}
