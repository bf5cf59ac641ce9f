package files

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"strings"
	"unicode/utf8"

	"berth/guest/internal/defence"
	"berth/guest/internal/fault"
	"berth/guest/internal/walk"
)

const (
	maxTreeEntries  = 1_000_000
	treeBufferBytes = 128 << 10
	permissionBits  = 0o7777
)

// TreeOptions bound a tree. Exclude names paths relative to the root, with all beneath them.
type TreeOptions struct {
	Exclude      []string
	MaxEntries   int
	MaxFileBytes int64
}

// TreeEntry is a regular file with its content's hash, a link, or something that cannot cross: a special file, a name that is no
// UTF-8, what cannot be read, a file above MaxFileBytes.
type TreeEntry struct {
	Type   string  `json:"type"`
	Path   string  `json:"path"`
	Mode   *uint32 `json:"mode,omitempty"`
	Size   *int64  `json:"size,omitempty"`
	Sha256 string  `json:"sha256,omitempty"`
	Target *string `json:"target,omitempty"`
}

// Tree gives every file, link and other entry beneath the root to emit, in byte order of the paths. Directories are only walked.
func (w *Workspace) Tree(ctx context.Context, options TreeOptions, emit func(*TreeEntry) error) (count int, err error) {
	if options.MaxEntries < 1 || options.MaxEntries > maxTreeEntries || options.MaxFileBytes < 0 {
		return 0, fault.New(fault.InvalidArgument, "max_entries must be 1 to %d, max_file_bytes 0 or more", maxTreeEntries)
	}
	excluded := map[string]bool{}
	for _, path := range options.Exclude {
		excluded[strings.Trim(path, "/")] = true
	}
	buffer := make([]byte, treeBufferBytes)
	send := func(entry *TreeEntry) error {
		if count == options.MaxEntries {
			return fault.New(fault.TooLarge, "the tree has more than %d entries", options.MaxEntries)
		}
		count++
		return emit(entry)
	}
	err = w.Walk(ctx, "", walk.Visitor{
		Visit: func(e *walk.Entry) error {
			if err := ctx.Err(); err != nil {
				return err
			}
			if excluded[e.Path] || e.Type == walk.Directory && utf8.ValidString(e.Name) {
				return nil
			}
			entry, err := treeEntry(ctx, e, options.MaxFileBytes, buffer)
			if err != nil || entry == nil {
				return err
			}
			return send(entry)
		},
		Enter: func(e *walk.Entry) bool { return !excluded[e.Path] && utf8.ValidString(e.Name) },
		Unreadable: func(path string, err error) error {
			if fault.Is(err, fault.TooLarge) {
				return err
			}
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			return send(&TreeEntry{Type: typeOther, Path: path})
		},
	})
	return count, err
}

// treeEntry describes an entry, nil when it is gone.
func treeEntry(ctx context.Context, e *walk.Entry, maxFileBytes int64, buffer []byte) (*TreeEntry, error) {
	other := &TreeEntry{Type: typeOther, Path: e.Path}
	if !utf8.ValidString(e.Name) {
		return other, nil
	}
	var entry *TreeEntry
	var err error
	switch e.Type {
	case walk.Link:
		var target string
		if target, err = e.ReadLink(); err == nil && utf8.ValidString(target) {
			entry = &TreeEntry{Type: typeLink, Path: e.Path, Target: &target}
		}
	case walk.File:
		entry, err = hashed(ctx, e, maxFileBytes, buffer)
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil || entry == nil:
		return other, nil
	}
	return entry, nil
}

// hashed reads a file once: size and hash are of the same bytes. It gives nil for a file that is too large.
func hashed(ctx context.Context, e *walk.Entry, maxFileBytes int64, buffer []byte) (*TreeEntry, error) {
	f, st, err := e.Open()
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if defence.FileBounds && st.Size > maxFileBytes {
		return nil, nil
	}
	hash := sha256.New()
	var size int64
	for {
		n, err := f.Read(buffer)
		hash.Write(buffer[:n])
		if size += int64(n); size > maxFileBytes && defence.FileBounds {
			return nil, nil
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
	mode := st.Mode & permissionBits
	return &TreeEntry{Type: typeFile, Path: e.Path, Mode: &mode, Size: &size, Sha256: hex.EncodeToString(hash.Sum(nil))}, nil
}
