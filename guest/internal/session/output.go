package session

import (
	"context"
	"sync"
	"time"

	"berth/guest/internal/defence"
)

// output is what a session writes, by byte offset, with its end.
type output struct {
	mu   sync.Mutex
	kept ring
	// lossless holds the writer back where a terminal would lose its oldest bytes.
	lossless bool
	// asked is the highest offset that was read from: what is before it was received.
	asked   int64
	ended   bool
	awaited bool
	changed chan struct{}
}

// undefendedBytes are kept where a test takes the cap away.
const undefendedBytes = 64 << 20

func newOutput(most int, lossless bool) *output {
	if !defence.OutputCaps && !lossless {
		most = undefendedBytes
	}
	return &output{kept: ring{most: most}, lossless: lossless, changed: make(chan struct{})}
}

// write keeps p. To a lossless output no more may be given than room tells.
func (o *output) write(p []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.kept.write(p)
	o.tell()
}

// writeLast keeps p when nothing holds its writer back any more: a lossless output grows by what would push out bytes that were not received.
func (o *output) writeLast(p []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.lossless {
		o.kept.grow(int(o.kept.total-o.asked) + len(p))
	}
	o.kept.write(p)
	o.tell()
}

// room is how many bytes may be written now without losing one that was not received.
func (o *output) room() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.lossless {
		return o.kept.most
	}
	return o.kept.most - int(o.kept.total-o.asked)
}

func (o *output) finish() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.ended = true
	o.tell()
}

// tell wakes who waits; mu is held.
func (o *output) tell() {
	if o.awaited {
		close(o.changed)
		o.changed, o.awaited = make(chan struct{}), false
	}
}

// change gives what is closed at the next change; mu is held.
func (o *output) change() <-chan struct{} {
	o.awaited = true
	return o.changed
}

// awaitRoom returns when there is room, or at the signal.
func (o *output) awaitRoom(stop <-chan struct{}) bool {
	for {
		o.mu.Lock()
		if !o.lossless || o.kept.total-o.asked < int64(o.kept.most) {
			o.mu.Unlock()
			return true
		}
		change := o.change()
		o.mu.Unlock()
		select {
		case <-change:
		case <-stop:
			return false
		}
	}
}

// Page is a part of a session's output.
type Page struct {
	Bytes []byte
	// From is the offset of the first byte: above what was asked for where older ones are not kept any more.
	From, Total int64
	// Ended means that nothing comes after Total.
	Ended bool
}

// read waits until limit bytes beyond offset are there, or some and then none for the time of quiet, or the end, or until wait is over.
func (o *output) read(ctx context.Context, offset int64, limit int, wait, quiet time.Duration) Page {
	o.mu.Lock()
	if offset > o.asked {
		o.asked = min(offset, o.kept.total)
		o.tell()
	}
	o.mu.Unlock()
	deadline := time.NewTimer(wait)
	defer deadline.Stop()
	pause := time.NewTimer(quiet)
	defer pause.Stop()
	for {
		o.mu.Lock()
		have := o.kept.total - offset
		if o.ended || have >= int64(limit) || wait == 0 || quiet == 0 && have > 0 {
			defer o.mu.Unlock()
			return o.page(offset, limit)
		}
		change := o.change()
		o.mu.Unlock()
		var settled <-chan time.Time
		if have > 0 {
			pause.Reset(quiet)
			settled = pause.C
		}
		select {
		case <-change:
			continue
		case <-settled:
		case <-deadline.C:
		case <-ctx.Done():
		}
		o.mu.Lock()
		defer o.mu.Unlock()
		return o.page(offset, limit)
	}
}

func (o *output) page(offset int64, limit int) Page {
	from, p := o.kept.read(offset, limit)
	return Page{Bytes: p, From: from, Total: o.kept.total, Ended: o.ended}
}
