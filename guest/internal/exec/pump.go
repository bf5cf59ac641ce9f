package exec

import (
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	chunkBytes = 32 << 10
	// A pipe holds at most 1 MiB for an unprivileged writer; what is beyond that was written after the end.
	drainBytes = 2 << 20
)

var chunks = sync.Pool{New: func() any { return new([chunkBytes]byte) }}

// pump moves what a call writes into its capture. It has a buffer only while there is something to read.
type pump struct {
	file *os.File
	into *capture
	stop atomic.Bool
	done chan struct{}
}

// startPump takes the reading end of a pipe, which must be non-blocking.
func startPump(fd int, into *capture) *pump {
	p := &pump{file: os.NewFile(uintptr(fd), "pipe"), into: into, done: make(chan struct{})}
	go p.run()
	return p
}

func (p *pump) run() {
	defer close(p.done)
	raw, err := p.file.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Read(func(fd uintptr) bool { return p.available(int(fd), 0) })
}

// available reads until nothing is left, or limit bytes unless it is 0. It reports whether the stream is at its end or the pump is stopped.
func (p *pump) available(fd, limit int) bool {
	chunk := chunks.Get().(*[chunkBytes]byte)
	defer chunks.Put(chunk)
	for read := 0; limit == 0 || read < limit; {
		n, err := syscall.Read(fd, chunk[:])
		switch {
		case err == syscall.EINTR:
			continue
		case err == syscall.EAGAIN:
			return false
		case err != nil || n <= 0:
			return true
		}
		p.into.write(chunk[:n])
		read += n
		if limit == 0 && p.stop.Load() {
			return true
		}
	}
	return true
}

// finish reads what the pipe still holds, waiting for nobody, and closes it.
func (p *pump) finish() {
	p.stop.Store(true)
	_ = p.file.SetReadDeadline(time.Unix(1, 0))
	<-p.done
	_ = p.file.SetReadDeadline(time.Time{})
	if raw, err := p.file.SyscallConn(); err == nil {
		_ = raw.Read(func(fd uintptr) bool {
			p.available(int(fd), drainBytes)
			return true
		})
	}
	_ = p.file.Close()
	p.into.finish()
}
