package session

import (
	"os"
	"sync"
	"syscall"
	"time"
)

const (
	chunkBytes = 32 << 10
	// What is still on its way when the last process has gone; the kernel holds less.
	drainBytes = 1 << 20
)

var chunks = sync.Pool{New: func() any { return new([chunkBytes]byte) }}

// pump moves what comes from the other end of file into an output, until it is told to finish. It has a buffer only while there is something to read.
type pump struct {
	file *os.File
	into *output
	stop chan struct{}
	done chan struct{}
}

func startPump(file *os.File, into *output) *pump {
	p := &pump{file: file, into: into, stop: make(chan struct{}), done: make(chan struct{})}
	go p.run()
	return p
}

func (p *pump) run() {
	defer close(p.done)
	raw, err := p.file.SyscallConn()
	if err != nil {
		return
	}
	for p.into.awaitRoom(p.stop) {
		more := false
		err := raw.Read(func(fd uintptr) bool {
			n, blocked := p.piece(int(fd), p.into.room(), p.into.write)
			more = n > 0
			return !blocked
		})
		if err != nil || !more {
			return
		}
	}
}

// piece moves one chunk. n is 0 at the end of the stream, and where blocked says that there is nothing now.
func (p *pump) piece(fd, most int, keep func([]byte)) (n int, blocked bool) {
	chunk := chunks.Get().(*[chunkBytes]byte)
	defer chunks.Put(chunk)
	for {
		n, err := syscall.Read(fd, chunk[:min(most, chunkBytes)])
		switch {
		case err == syscall.EINTR:
			continue
		case err == syscall.EAGAIN:
			return 0, true
		case err != nil || n <= 0:
			return 0, false
		}
		keep(chunk[:n])
		return n, false
	}
}

// finish reads what is there, waiting for nobody.
func (p *pump) finish() {
	close(p.stop)
	_ = p.file.SetReadDeadline(time.Unix(1, 0))
	<-p.done
	_ = p.file.SetReadDeadline(time.Time{})
	raw, err := p.file.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Read(func(fd uintptr) bool {
		for left := drainBytes; left > 0; {
			n, _ := p.piece(int(fd), left, p.into.writeLast)
			if n == 0 {
				break
			}
			left -= n
		}
		return true
	})
}
