package session

import (
	"context"
	"os"
	"slices"
	"time"

	"berth/guest/internal/fault"
)

// maxWriters is of how many the guest remembers what they have written; the one that wrote longest ago is forgotten first.
const maxWriters = 32

// Origin says where in the stream of one writer a piece belongs, so that a piece that is sent again is not typed again.
type Origin struct {
	Writer string
	Offset int64
}

// input is the way into a session, for one writer at a time.
type input struct {
	turn    chan struct{}
	writers []writer
}

type writer struct {
	name     string
	accepted int64
}

func newInput() input { return input{turn: make(chan struct{}, 1)} }

// write types what of p was not typed before and tells how many bytes of the writer's stream are typed now: fewer than it has where the program
// does not read, or has ended.
func (i *input) write(ctx context.Context, to *os.File, from Origin, p []byte, wait time.Duration) (int64, error) {
	until := time.Now().Add(wait)
	select {
	case i.turn <- struct{}{}:
		defer func() { <-i.turn }()
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	known := i.of(from.Writer)
	missing := known.accepted - from.Offset
	if missing < 0 {
		return 0, fault.New(fault.PreconditionFailed, "%d bytes of %s have come, this is byte %d", known.accepted, from.Writer, from.Offset)
	}
	if missing < int64(len(p)) {
		_ = to.SetWriteDeadline(until)
		// The deadline and a program that has ended are told by the number.
		n, _ := to.Write(p[missing:])
		known.accepted += int64(n)
	}
	i.remember(known)
	return known.accepted, nil
}

func (i *input) of(name string) writer {
	for _, w := range i.writers {
		if w.name == name {
			return w
		}
	}
	return writer{name: name}
}

func (i *input) remember(known writer) {
	i.writers = slices.DeleteFunc(i.writers, func(w writer) bool { return w.name == known.name })
	if len(i.writers) == maxWriters {
		i.writers = slices.Delete(i.writers, 0, 1)
	}
	i.writers = append(i.writers, known)
}
