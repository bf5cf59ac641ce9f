package layer

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"syscall"

	"berth/guest/internal/fault"
	"berth/guest/internal/walk"
)

// record is what tells whether an entry is the one that was there before.
type record struct {
	path string
	attributes
}

// attributes are a file's as the kernel tells them. Of a directory the number and the size are left out: file systems may give it others when
// nothing of it has changed.
type attributes struct {
	mode, uid, gid    uint32
	size, inode       uint64
	modified, changed int64
}

func attributesOf(st *syscall.Stat_t) attributes {
	a := attributes{
		mode: st.Mode, uid: st.Uid, gid: st.Gid, modified: st.Mtim.Nano(), changed: st.Ctim.Nano(),
		size: uint64(st.Size), inode: st.Ino,
	}
	if walk.TypeOf(st.Mode) == walk.Directory {
		a.size, a.inode = 0, 0
	}
	return a
}

func (a *attributes) isDirectory() bool { return walk.TypeOf(a.mode) == walk.Directory }

const listingBufferBytes = 64 << 10

// listingWriter writes records in the order of their paths; of each path only what differs from the one before.
type listingWriter struct {
	out      *bufio.Writer
	previous string
	number   []byte
}

func newListingWriter(to io.Writer) *listingWriter {
	return &listingWriter{out: bufio.NewWriterSize(to, listingBufferBytes)}
}

func (l *listingWriter) write(r record) error {
	shared := 0
	for shared < len(r.path) && shared < len(l.previous) && r.path[shared] == l.previous[shared] {
		shared++
	}
	l.previous = r.path
	b := l.number[:0]
	b = binary.AppendUvarint(b, uint64(shared))
	b = binary.AppendUvarint(b, uint64(len(r.path)-shared))
	b = append(b, r.path[shared:]...)
	for _, n := range []uint64{uint64(r.mode), uint64(r.uid), uint64(r.gid), r.size, r.inode} {
		b = binary.AppendUvarint(b, n)
	}
	b = binary.AppendVarint(b, r.modified)
	b = binary.AppendVarint(b, r.changed)
	l.number = b
	_, err := l.out.Write(b)
	return err
}

func (l *listingWriter) flush() error { return l.out.Flush() }

// listingReader gives the records again, one ahead.
type listingReader struct {
	in *bufio.Reader
	// next is nil at the end.
	next *record
	path []byte
}

func newListingReader(from io.Reader) (*listingReader, error) {
	l := &listingReader{in: bufio.NewReaderSize(from, listingBufferBytes)}
	return l, l.advance()
}

func (l *listingReader) advance() error {
	shared, err := binary.ReadUvarint(l.in)
	if errors.Is(err, io.EOF) {
		l.next = nil
		return nil
	}
	if err != nil {
		return err
	}
	added, err := binary.ReadUvarint(l.in)
	if err != nil || shared > uint64(len(l.path)) || added > maxPathBytes {
		return fault.New(fault.Internal, "the listing of the root is damaged")
	}
	l.path = append(l.path[:shared], make([]byte, added)...)
	if _, err := io.ReadFull(l.in, l.path[shared:]); err != nil {
		return err
	}
	r := &record{path: string(l.path)}
	var numbers [5]uint64
	for i := range numbers {
		if numbers[i], err = binary.ReadUvarint(l.in); err != nil {
			return err
		}
	}
	r.mode, r.uid, r.gid, r.size, r.inode = uint32(numbers[0]), uint32(numbers[1]), uint32(numbers[2]), numbers[3], numbers[4]
	for _, into := range []*int64{&r.modified, &r.changed} {
		if *into, err = binary.ReadVarint(l.in); err != nil {
			return err
		}
	}
	l.next = r
	return nil
}
