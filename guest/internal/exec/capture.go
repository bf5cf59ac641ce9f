package exec

import (
	"math"
	"sync"

	"berth/guest/internal/defence"
	"berth/guest/internal/text"
)

// Stream is one captured output of a call, as the protocol tells it.
type Stream struct {
	Head       string `json:"head"`
	Tail       string `json:"tail"`
	TotalBytes int64  `json:"total_bytes"`
	Truncated  bool   `json:"truncated"`
	// SpooledBytes is how much from the start can be read by page.
	SpooledBytes int64 `json:"spooled_bytes"`
}

// capture keeps the head and the tail of a stream in memory, at most headCap + tailCap bytes, and beyond those the whole in the spool.
// Memory grows with what is written, not with the caps.
type capture struct {
	mu               sync.Mutex
	headCap, tailCap int
	head             []byte
	// tail is a ring once it is full: the oldest byte is at next.
	tail  []byte
	next  int
	total int64
	spool *spool
	file  *spoolFile
}

func newCapture(headCap, tailCap int, s *spool) *capture {
	if !defence.OutputCaps {
		headCap = math.MaxInt / 2
	}
	return &capture{headCap: headCap, tailCap: tailCap, spool: s}
}

func (c *capture) write(b []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.file == nil && c.spool != nil && c.total+int64(len(b)) > int64(c.headCap+c.tailCap) {
		c.file = c.spool.create()
		c.file.append(c.head)
		older, newer := c.ring()
		c.file.append(older)
		c.file.append(newer)
	}
	if c.file != nil {
		c.file.append(b)
	}
	c.total += int64(len(b))
	if room := c.headCap - len(c.head); room > 0 {
		n := min(room, len(b))
		c.head = append(c.head, b[:n]...)
		b = b[n:]
	}
	c.writeTail(b)
}

func (c *capture) writeTail(b []byte) {
	if len(b) > c.tailCap {
		b = b[len(b)-c.tailCap:]
	}
	if room := c.tailCap - len(c.tail); room > 0 {
		n := min(room, len(b))
		c.tail = append(c.tail, b[:n]...)
		b = b[n:]
	}
	for len(b) > 0 {
		n := copy(c.tail[c.next:], b)
		b = b[n:]
		c.next = (c.next + n) % c.tailCap
	}
}

// ring gives the tail in two pieces, in order. The caller holds mu.
func (c *capture) ring() (older, newer []byte) { return c.tail[c.next:], c.tail[:c.next] }

// inMemory reports whether nothing is missing between head and tail. The caller holds mu.
// written counts the bytes so far.
func (c *capture) written() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.total
}

func (c *capture) inMemory() bool { return c.total == int64(len(c.head)+len(c.tail)) }

func (c *capture) stream() Stream {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := Stream{TotalBytes: c.total, SpooledBytes: c.readable()}
	older, newer := c.ring()
	if c.inMemory() {
		all := make([]byte, 0, len(c.head)+len(c.tail))
		all = append(append(append(all, c.head...), older...), newer...)
		s.Head = text.Valid(all)
		return s
	}
	s.Truncated = true
	s.Head = text.Valid(text.CutEnd(c.head))
	tail := make([]byte, 0, len(c.tail))
	tail = append(append(tail, older...), newer...)
	s.Tail = text.Valid(text.CutStart(tail))
	return s
}

// readable is how many bytes from the start a page can come from. The caller holds mu.
func (c *capture) readable() int64 {
	switch {
	case c.inMemory():
		return c.total
	case c.file != nil && c.file.size() > int64(len(c.head)):
		return c.file.size()
	}
	return int64(len(c.head))
}

// page reads up to limit bytes from offset, fewer at the end of what is readable.
func (c *capture) page(offset int64, limit int) (b []byte, total, readable int64, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	total, readable = c.total, c.readable()
	n := min(int64(limit), readable-offset)
	if n <= 0 {
		return nil, total, readable, nil
	}
	b = make([]byte, 0, n)
	if !c.inMemory() && readable > int64(len(c.head)) {
		b = b[:n]
		err = c.file.readAt(b, offset)
		return b, total, readable, err
	}
	older, newer := c.ring()
	skip := offset
	for _, piece := range [][]byte{c.head, older, newer} {
		if skip >= int64(len(piece)) {
			skip -= int64(len(piece))
			continue
		}
		piece = piece[skip:]
		skip = 0
		b = append(b, piece[:min(len(piece), cap(b)-len(b))]...)
	}
	return b, total, readable, nil
}

// retained is what the capture holds in memory, in bytes.
func (c *capture) retained() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return cap(c.head) + cap(c.tail)
}

// finish gives back what only a running stream needs.
func (c *capture) finish() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.file != nil {
		c.file.finish()
	}
}

// discard removes what was spooled.
func (c *capture) discard() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.file != nil {
		c.file.remove()
	}
}
