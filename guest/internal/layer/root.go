// Package layer tells what a sandbox changed in its root as a layer of an OCI image: it lists the root when the sandbox begins, and compares
// when it is asked. It needs no runtime's help, and takes part in build sandboxes only.
package layer

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"berth/guest/internal/fault"
	"berth/guest/internal/walk"
)

const (
	maxListed    = 2_000_000
	maxPathBytes = 16 << 10
	// clockTick is how old a file's change may look when it is made now: file systems stamp with a clock that moves in steps.
	clockTick = 10 * time.Millisecond
)

// Root is a root as it was. It is safe for concurrent use.
type Root struct {
	top     string
	began   int64
	skipped map[string]bool
	// listing has no name, so that it ends with the guest and no command finds it.
	listing *os.File
	// one export at a time: they share the listing.
	exporting sync.Mutex
}

// List lists what is beneath top, "/" for the whole root, but what is mounted there and the skipped absolute paths. The listing is kept in a file
// without a name in scratch, at some 60 bytes an entry. It takes 2,000,000 entries.
func List(top, scratch string, skip ...string) (*Root, error) {
	r := &Root{top: top, began: time.Now().Add(-clockTick).UnixNano(), skipped: map[string]bool{}}
	prefix := strings.TrimRight(top, "/") + "/"
	for _, path := range append(skip, scratch) {
		if inside, ok := strings.CutPrefix(filepath.Clean(path), prefix); ok {
			r.skipped[inside] = true
		}
	}
	if err := os.MkdirAll(scratch, 0o700); err != nil {
		return nil, err
	}
	file, err := os.CreateTemp(scratch, "root-*")
	if err != nil {
		return nil, err
	}
	if err := os.Remove(file.Name()); err != nil {
		_ = file.Close()
		return nil, err
	}
	r.listing = file
	if err := r.list(); err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

// Close releases the listing.
func (r *Root) Close() { _ = r.listing.Close() }

func (r *Root) list() error {
	out := newListingWriter(r.listing)
	count := 0
	err := r.walk(walk.Visitor{Visit: func(e *walk.Entry) error {
		st, err := e.Stat()
		if err != nil {
			return err
		}
		if count++; count > maxListed {
			return fault.New(fault.TooLarge, "the image has more than %d files and folders", maxListed)
		}
		return out.write(record{path: e.Path, attributes: attributesOf(st)})
	}})
	if err != nil {
		return err
	}
	return out.flush()
}

// walk visits all that is part of the image.
func (r *Root) walk(visitor walk.Visitor) error {
	mounts, err := mountPoints(r.top)
	if err != nil {
		return err
	}
	outside := func(e *walk.Entry) bool { return mounts[e.Path] || r.skipped[e.Path] }
	visit, enter := visitor.Visit, visitor.Enter
	visitor.AnyPath = true
	visitor.Visit = func(e *walk.Entry) error {
		if outside(e) {
			return nil
		}
		return visit(e)
	}
	visitor.Enter = func(e *walk.Entry) bool { return !outside(e) && (enter == nil || enter(e)) }
	fd, err := syscall.Open(r.top, syscall.O_RDONLY|syscall.O_DIRECTORY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer syscall.Close(fd)
	return walk.Walk(fd, "", visitor)
}
