package layer

import (
	"archive/tar"
	"context"
	"errors"
	"io"
	"io/fs"
	"path"
	"strings"

	"berth/guest/internal/fault"
	"berth/guest/internal/walk"
)

const (
	maxLayerEntries = 2_000_000
	maxLayerBytes   = 64 << 30
	whiteoutPrefix  = ".wh."
)

// Limits bound a layer: its entries, and the bytes of its files together, holes counted.
type Limits struct {
	Entries int
	Bytes   int64
}

// Export writes a tar of what was made or changed since the root was listed, and a whiteout for each thing that is gone. Nothing may change meanwhile.
func (r *Root) Export(ctx context.Context, to io.Writer, limits Limits) error {
	if limits.Entries < 1 || limits.Entries > maxLayerEntries || limits.Bytes < 0 || limits.Bytes > maxLayerBytes {
		return fault.New(fault.InvalidArgument, "max_entries must be 1 to %d, max_bytes 0 to %d", maxLayerEntries, int64(maxLayerBytes))
	}
	r.exporting.Lock()
	defer r.exporting.Unlock()
	if _, err := r.listing.Seek(0, io.SeekStart); err != nil {
		return err
	}
	before, err := newListingReader(r.listing)
	if err != nil {
		return err
	}
	c := &comparison{
		ctx: ctx, began: r.began, before: before, gone: map[string]bool{}, told: map[string]bool{},
		out: &layerWriter{tar: tar.NewWriter(to), limits: limits, names: map[fileID]string{}},
	}
	if err := r.walk(walk.Visitor{Visit: c.visit, Enter: c.enter, Leave: c.leave}); err != nil {
		return c.because(err)
	}
	if err := c.skipTo(""); err != nil {
		return c.because(err)
	}
	return c.out.tar.Close()
}

// comparison goes through the listing and the root side by side: both are in byte order of the paths.
type comparison struct {
	ctx    context.Context
	began  int64
	before *listingReader
	// gone are directories that are none any more; what was in them went with them.
	gone map[string]bool
	// told are directories that were written before the walk enters them.
	told map[string]bool
	// above are the directories that the walk is in.
	above []*folder
	out   *layerWriter
	// failed is what happened where the walk takes no error.
	failed error
}

// folder is a directory that is told of at the latest before something in it.
type folder struct {
	path    string
	header  *tar.Header
	written bool
}

func (c *comparison) because(err error) error {
	if c.failed != nil {
		return c.failed
	}
	return err
}

func (c *comparison) visit(e *walk.Entry) error {
	if c.failed != nil {
		return c.failed
	}
	if err := c.ctx.Err(); err != nil {
		return err
	}
	if err := c.skipTo(e.Path); err != nil {
		return err
	}
	st, err := e.Stat()
	if err != nil {
		return err
	}
	now := attributesOf(st)
	if r := c.before.next; r != nil && r.path == e.Path {
		if r.isDirectory() && !now.isDirectory() {
			c.gone[r.path] = true
		}
		same := r.attributes == now && r.changed < c.began
		if err := c.before.advance(); err != nil || same {
			return err
		}
	}
	if err := c.writeAbove(); err != nil {
		return err
	}
	if now.isDirectory() {
		c.told[e.Path] = true
	}
	return c.out.entry(e, st)
}

func (c *comparison) enter(e *walk.Entry) bool {
	if c.failed != nil {
		return false
	}
	st, err := e.Stat()
	if err == nil {
		err = c.skipTo(e.Path + "/")
	}
	if err != nil {
		c.failed = err
		return false
	}
	c.above = append(c.above, &folder{path: e.Path, header: headerOf(e.Path, st), written: c.told[e.Path]})
	delete(c.told, e.Path)
	return true
}

func (c *comparison) leave(e *walk.Entry) error {
	// "0" comes after "/".
	if err := c.skipTo(e.Path + "0"); err != nil {
		return err
	}
	c.above = c.above[:len(c.above)-1]
	return nil
}

// skipTo passes what was before a path, and is not there any more; with "" all that is left.
func (c *comparison) skipTo(until string) error {
	for r := c.before.next; r != nil && (until == "" || r.path < until); r = c.before.next {
		if r.isDirectory() {
			c.gone[r.path] = true
		}
		if !c.gone[path.Dir(r.path)] {
			if err := c.writeAbove(); err != nil {
				return err
			}
			if err := c.out.whiteout(r.path); err != nil {
				return err
			}
		}
		if err := c.before.advance(); err != nil {
			return err
		}
	}
	return nil
}

func (c *comparison) writeAbove() error {
	for _, folder := range c.above {
		if folder.written {
			continue
		}
		folder.written = true
		if err := c.out.header(folder.header); err != nil {
			return err
		}
	}
	return nil
}

// nameInLayer refuses what whoever unpacks the layer would take for something else.
func nameInLayer(name string) error {
	if strings.HasPrefix(path.Base(name), whiteoutPrefix) {
		return fault.New(fault.InvalidArgument, "%s: a name that begins with %s means a removal in an image", name, whiteoutPrefix)
	}
	return nil
}

func changedMeanwhile(name string, err error) error {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, io.EOF) {
		return fault.New(fault.Busy, "%s changed while the layer was made", name)
	}
	return err
}
