package files

import (
	"context"
	"errors"
	"io"
	"os"

	"berth/guest/internal/beneath"
	"berth/guest/internal/fault"
)

const (
	maxReadBytes   = 8 << 20
	readChunkBytes = 256 << 10
)

// Content is an open regular file, of which Size bytes existed when it was opened.
type Content struct {
	Size int64
	Mode os.FileMode

	workspace     *Workspace
	file          *os.File
	offset, limit int64
}

// Read opens a regular file to send limit bytes from offset, at most 8 MiB; limit 0 means as much as is allowed.
func (w *Workspace) Read(ctx context.Context, path string, offset, limit int64) (*Content, error) {
	if limit == 0 {
		limit = maxReadBytes
	}
	if offset < 0 || limit < 0 || limit > maxReadBytes {
		return nil, fault.New(fault.InvalidArgument, "offset must be 0 or more, limit at most %d", maxReadBytes)
	}
	name, err := w.Relative(path)
	if err != nil {
		return nil, err
	}
	c := &Content{workspace: w, offset: offset, limit: limit}
	err = w.Do(ctx, func(root *beneath.Root) error {
		f, info, err := openRegular(root, name)
		if err != nil {
			return err
		}
		c.file, c.Size, c.Mode = f, info.Size(), info.Mode()
		return nil
	})
	if err != nil {
		return nil, err
	}
	return c, nil
}

// Send writes the range to out in chunks: a file is never whole in memory.
func (c *Content) Send(ctx context.Context, out io.Writer) error {
	chunk := make([]byte, min(c.limit, readChunkBytes, max(c.Size-c.offset, 1)))
	for c.limit > 0 {
		n, end := 0, false
		err := c.workspace.Do(ctx, func(*beneath.Root) error {
			var err error
			n, err = c.file.ReadAt(chunk[:min(c.limit, int64(len(chunk)))], c.offset)
			end = errors.Is(err, io.EOF)
			if end {
				return nil
			}
			return err
		})
		if err != nil {
			return err
		}
		if _, err := out.Write(chunk[:n]); err != nil {
			return err
		}
		c.offset += int64(n)
		c.limit -= int64(n)
		if end {
			return nil
		}
	}
	return nil
}

// Close closes the file.
func (c *Content) Close() error { return c.file.Close() }
