package walk

import (
	"errors"
	"slices"
	"strings"
	"syscall"

	"berth/guest/internal/fault"
)

// Visitor is what a walk calls. Only Visit is required.
type Visitor struct {
	// Visit sees every entry, in byte order of the paths. Stop ends the walk without an error.
	Visit func(*Entry) error
	// Enter tells whether to descend into a directory; without it every one is entered.
	Enter func(*Entry) bool
	// Leave sees a directory after what is in it.
	Leave func(*Entry) error
	// Unreadable is told of a directory that cannot be read, or only in part; without it the walk fails.
	Unreadable func(path string, err error) error
	// AnyPath also visits paths of more than 4096 bytes, which no system call takes; else what is beyond is told to Unreadable.
	AnyPath bool
}

// Stop ends a walk early.
var Stop = errors.New("stop")

const (
	// Descriptors that a walk holds at once; directories above are opened again on the way back.
	maxOpen = 64
	// Names that a walk holds in memory at once, and limits of what it descends into.
	maxNames     = 250_000
	maxDepth     = 8192
	maxPathBytes = 4096
	maxAnyPath   = 16 << 10
)

type walker struct {
	Visitor
	base   int
	frames []*frame
	held   int
	open   int
	buffer []byte
}

// frame is a directory on the way down.
type frame struct {
	fd   int
	name string
	path string
	// steps are what is left to do, in order.
	steps []step
	next  int
}

// step visits a name or, later in the order of paths, enters it: what is in directory "a" comes after the file "a-b", as "/" does after "-".
type step struct {
	name
	key   string
	enter bool
}

// Walk visits what is beneath the open directory fd, which stays the caller's. prefix, "" or ending in "/", begins every path.
func Walk(fd int, prefix string, visitor Visitor) error {
	w := &walker{Visitor: visitor, base: fd, buffer: make([]byte, direntBytes)}
	defer w.close()
	dup, err := openDir(fd, ".")
	if err != nil {
		return err
	}
	if err := w.push(dup, "", prefix); err != nil {
		return err
	}
	for len(w.frames) > 0 {
		if err := w.step(); err != nil {
			if errors.Is(err, Stop) {
				return nil
			}
			return err
		}
	}
	return nil
}

// One visits a single name in an open directory, as path, when it is a regular file.
func One(dir int, name, path string, visitor Visitor) error {
	st, err := statAt(dir, name)
	if err != nil {
		return err
	}
	if TypeOf(st.Mode) != File {
		return fault.New(fault.NotRegularFile, "%s is neither a directory nor a regular file", path)
	}
	err = visitor.Visit(&Entry{Path: path, Name: name, Type: File, Depth: 1, dir: dir})
	if errors.Is(err, Stop) {
		return nil
	}
	return err
}

// step does the next thing in the deepest directory.
func (w *walker) step() error {
	top := w.frames[len(w.frames)-1]
	if top.next == len(top.steps) {
		return w.pop()
	}
	s := top.steps[top.next]
	if err := w.reopen(); err != nil {
		top.next = len(top.steps)
		return w.unreadable(top.path, err)
	}
	top.next++
	e := &Entry{Path: top.path + s.text, Name: s.text, Type: s.kind, Depth: len(w.frames), dir: top.fd}
	if !s.enter {
		if len(e.Path) > w.pathLimit() {
			return w.unreadable(top.path, fault.New(fault.TooLarge, "a path has more than %d bytes", w.pathLimit()))
		}
		return w.Visit(e)
	}
	if len(e.Path) > w.pathLimit() || w.Enter != nil && !w.Enter(e) {
		return nil
	}
	if len(w.frames) >= maxDepth {
		return w.unreadable(e.Path, fault.New(fault.TooLarge, "more than %d levels", maxDepth))
	}
	fd, err := openDir(top.fd, s.text)
	if err != nil {
		return w.unreadable(e.Path, err)
	}
	return w.push(fd, s.text, e.Path+"/")
}

func (w *walker) pathLimit() int {
	if w.AnyPath {
		return maxAnyPath
	}
	return maxPathBytes
}

func (w *walker) push(fd int, base, path string) error {
	w.open++
	f := &frame{fd: fd, name: base, path: path}
	w.frames = append(w.frames, f)
	if w.open > maxOpen {
		w.closeHighest()
	}
	names, more, err := readNames(fd, maxNames-w.held, w.buffer)
	w.held += len(names)
	f.steps = make([]step, 0, len(names))
	for _, n := range names {
		f.steps = append(f.steps, step{name: n, key: n.text})
		if n.kind == Directory {
			f.steps = append(f.steps, step{name: n, key: n.text + "/", enter: true})
		}
	}
	slices.SortFunc(f.steps, func(a, b step) int { return strings.Compare(a.key, b.key) })
	if err == nil && more {
		err = fault.New(fault.TooLarge, "more than %d names at once", maxNames)
	}
	if err != nil {
		return w.unreadable(path, err)
	}
	return nil
}

// pop goes back up.
func (w *walker) pop() error {
	top := w.frames[len(w.frames)-1]
	w.frames = w.frames[:len(w.frames)-1]
	for _, s := range top.steps {
		if !s.enter {
			w.held--
		}
	}
	w.closeFrame(top)
	if len(w.frames) == 0 || w.Leave == nil {
		return nil
	}
	if err := w.reopen(); err != nil {
		return w.unreadable(top.path, err)
	}
	above := w.frames[len(w.frames)-1]
	return w.Leave(&Entry{Path: strings.TrimSuffix(top.path, "/"), Name: top.name, Type: Directory, Depth: len(w.frames), dir: above.fd})
}

// reopen opens the deepest directory again if its descriptor was given up, name by name from where the walk began. It keeps some of those above
// too, so that the way back up a deep tree is not opened anew for each level.
func (w *walker) reopen() error {
	last := len(w.frames) - 1
	if w.frames[last].fd >= 0 {
		return nil
	}
	fd, err := openDir(w.base, ".")
	if err != nil {
		return err
	}
	kept := false
	for i, f := range w.frames {
		if i > 0 {
			next, err := openDir(fd, f.name)
			if !kept {
				syscall.Close(fd)
			}
			if err != nil {
				return err
			}
			fd = next
		}
		if kept = i > last-maxOpen; kept {
			f.fd = fd
			w.open++
		}
	}
	return nil
}

func (w *walker) closeHighest() {
	for _, f := range w.frames {
		if f.fd >= 0 {
			w.closeFrame(f)
			return
		}
	}
}

func (w *walker) closeFrame(f *frame) {
	if f.fd >= 0 {
		syscall.Close(f.fd)
		f.fd = -1
		w.open--
	}
}

func (w *walker) close() {
	for _, f := range w.frames {
		w.closeFrame(f)
	}
}

func (w *walker) unreadable(path string, err error) error {
	if w.Unreadable == nil {
		return err
	}
	return w.Unreadable(strings.TrimSuffix(path, "/"), err)
}
