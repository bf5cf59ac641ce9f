package files

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"

	"berth/guest/internal/beneath"
	"berth/guest/internal/fault"
)

// WriteOptions say how a file is replaced.
type WriteOptions struct {
	CreateParents bool
	// Executable is nil to keep an existing file's mode.
	Executable *bool
	// IfSha256 must be the hex hash of the present content, unless it is empty.
	IfSha256 string
}

// Written is the answer to a write.
type Written struct {
	Bytes   int64  `json:"bytes"`
	Sha256  string `json:"sha256"`
	Created bool   `json:"created"`
}

const maxLinks = 40

// Write replaces a file's content atomically: a temporary file beside it, then a rename.
func (w *Workspace) Write(ctx context.Context, name string, body io.Reader, options WriteOptions) (*Written, error) {
	name, err := w.Relative(name)
	if err != nil {
		return nil, err
	}
	var written *Written
	err = w.Do(ctx, func(root *beneath.Root) error {
		target, err := w.followLinks(root, name)
		if err != nil {
			return err
		}
		dir, base := path.Split(strings.TrimRight(target, "/"))
		if base == "" || base == "." || base == ".." {
			return fault.New(fault.NotRegularFile, "%s is not a regular file", name)
		}
		parent, err := openParent(root, dir, options.CreateParents)
		if err != nil {
			return err
		}
		defer parent.Close()
		written, err = w.replace(parent, base, body, options)
		return err
	})
	return written, err
}

// followLinks gives the path that a last link leads to; it need not exist.
func (w *Workspace) followLinks(root *beneath.Root, name string) (string, error) {
	for range maxLinks {
		info, err := root.Lstat(name)
		if errors.Is(err, fs.ErrNotExist) || err == nil && info.Mode()&fs.ModeSymlink == 0 {
			return name, nil
		}
		if err != nil {
			return "", err
		}
		target, err := root.Readlink(name)
		if err != nil {
			return "", err
		}
		if strings.HasPrefix(target, "/") {
			return "", fault.New(fault.OutsideRoot, "%s is a link to %s", name, target)
		}
		// Not path.Join, which would resolve ".." by name and not by what links lead to.
		dir, _ := path.Split(strings.TrimRight(name, "/"))
		name = dir + target
	}
	return "", fault.New(fault.InvalidArgument, "%s: too many links", name)
}

func openParent(root *beneath.Root, dir string, create bool) (*beneath.Root, error) {
	if dir == "" {
		dir = "."
	}
	parent, err := root.OpenRoot(dir)
	if !create || !errors.Is(err, fs.ErrNotExist) {
		return parent, err
	}
	if err := root.MkdirAll(strings.TrimRight(dir, "/"), 0o755); err != nil {
		return nil, err
	}
	return root.OpenRoot(dir)
}

func (w *Workspace) replace(parent *beneath.Root, base string, body io.Reader, options WriteOptions) (written *Written, err error) {
	temporary := ".berth-" + rand.Text() + ".tmp"
	f, err := parent.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	defer func() {
		_ = f.Close()
		if err != nil {
			_ = parent.Remove(temporary)
		}
	}()
	hash := sha256.New()
	n, err := io.Copy(io.MultiWriter(f, hash), body)
	if err != nil {
		return nil, err
	}
	w.writing.Lock()
	defer w.writing.Unlock()
	mode, created, err := present(parent, base, options.IfSha256)
	if err != nil {
		return nil, err
	}
	if options.Executable != nil {
		mode = 0o644
		if *options.Executable {
			mode = 0o755
		}
	}
	if err := f.Chmod(mode); err != nil {
		return nil, err
	}
	if err := f.Close(); err != nil {
		return nil, err
	}
	if err := parent.Rename(temporary, base); err != nil {
		return nil, err
	}
	return &Written{Bytes: n, Sha256: hex.EncodeToString(hash.Sum(nil)), Created: created}, nil
}

// present gives the mode that the new file takes over, and checks what is there now.
func present(parent *beneath.Root, base, wantSha256 string) (mode fs.FileMode, created bool, err error) {
	info, err := parent.Lstat(base)
	if errors.Is(err, fs.ErrNotExist) {
		if wantSha256 != "" {
			return 0, false, fault.New(fault.PreconditionFailed, "the file does not exist")
		}
		return 0o644, true, nil
	}
	if err != nil {
		return 0, false, err
	}
	if !info.Mode().IsRegular() {
		return 0, false, fault.New(fault.NotRegularFile, "%s is not a regular file", base)
	}
	if wantSha256 != "" {
		have, err := hashOf(parent, base)
		if err != nil {
			return 0, false, err
		}
		if !strings.EqualFold(have, wantSha256) {
			return 0, false, fault.New(fault.PreconditionFailed, "the file's content is %s", have)
		}
	}
	return info.Mode().Perm(), false, nil
}

func hashOf(root *beneath.Root, name string) (string, error) {
	f, _, err := openRegular(root, name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	hash := sha256.New()
	if _, err := io.Copy(hash, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}
