package exec

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
)

const (
	spoolStreamBytes = 64 << 20
	spoolTotalBytes  = 256 << 20
)

// spool keeps the output that is beyond a call's caps in files of a directory that only root can enter. It never fails a call: where a
// disk is full or a limit is reached, a stream's file simply ends.
type spool struct {
	mu    sync.Mutex
	dir   string
	next  int
	used  int64
	limit int64
	// finished are the files that may be given up for newer ones, oldest first.
	finished []*spoolFile
}

// openSpool empties dir of an earlier guest's files. An empty name means that nothing is spooled.
func openSpool(dir string) (*spool, error) {
	if dir == "" {
		return nil, nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		return nil, err
	}
	stale, err := filepath.Glob(filepath.Join(dir, "*.out"))
	if err != nil {
		return nil, err
	}
	for _, name := range stale {
		if err := os.Remove(name); err != nil {
			return nil, err
		}
	}
	return &spool{dir: dir, limit: spoolTotalBytes}, nil
}

// spoolFile is the file of one stream. All its state is guarded by the spool's mutex, so that at most one thread blocks on the disk.
type spoolFile struct {
	spool   *spool
	name    string
	file    *os.File
	written int64
	full    bool
}

func (s *spool) create() *spoolFile {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.next++
	f := &spoolFile{spool: s, name: filepath.Join(s.dir, fmt.Sprintf("%d.out", s.next))}
	file, err := os.OpenFile(f.name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		f.full = true
		return f
	}
	f.file = file
	return f
}

func (f *spoolFile) append(b []byte) {
	s := f.spool
	s.mu.Lock()
	defer s.mu.Unlock()
	if room := spoolStreamBytes - f.written; int64(len(b)) > room {
		b = b[:room]
	}
	if f.full || len(b) == 0 {
		return
	}
	for s.used+int64(len(b)) > s.limit && len(s.finished) > 0 {
		s.finished[0].drop()
	}
	if s.used+int64(len(b)) > s.limit {
		f.full = true
		return
	}
	n, err := f.file.Write(b)
	f.written += int64(n)
	s.used += int64(n)
	f.full = err != nil
}

func (f *spoolFile) size() int64 {
	f.spool.mu.Lock()
	defer f.spool.mu.Unlock()
	return f.written
}

// readAt fills b, which must lie within size.
func (f *spoolFile) readAt(b []byte, offset int64) error {
	f.spool.mu.Lock()
	defer f.spool.mu.Unlock()
	file := f.file
	if file == nil {
		opened, err := os.Open(f.name)
		if err != nil {
			return err
		}
		defer opened.Close()
		file = opened
	}
	if n, err := file.ReadAt(b, offset); n < len(b) {
		if err == nil {
			err = io.ErrUnexpectedEOF
		}
		return err
	}
	return nil
}

// finish closes the file, which stays readable by name until it is given up.
func (f *spoolFile) finish() {
	f.spool.mu.Lock()
	defer f.spool.mu.Unlock()
	if f.file != nil {
		_ = f.file.Close()
		f.file = nil
		f.full = true
		f.spool.finished = append(f.spool.finished, f)
	}
}

func (f *spoolFile) remove() {
	f.spool.mu.Lock()
	defer f.spool.mu.Unlock()
	f.drop()
}

// drop removes the file; its spool's mutex is held.
func (f *spoolFile) drop() {
	s := f.spool
	if f.file != nil {
		_ = f.file.Close()
		f.file = nil
	}
	_ = os.Remove(f.name)
	s.used -= f.written
	f.written, f.full = 0, true
	for i, other := range s.finished {
		if other == f {
			s.finished = append(s.finished[:i], s.finished[i+1:]...)
			break
		}
	}
}
