package proc

import "bytes"

// Process is a process as /proc/PID/status shows it.
type Process struct {
	PID, Parent, Group, Session int
	// Groups are the supplementary groups.
	Groups []int
	// Threads is 0 when it is not known.
	Threads int
	State   byte
}

// Dead reports whether nothing of the process runs any more: a zombie whose other threads are gone too. A first thread
// that has ended while others run shows as a zombie as well.
func (p *Process) Dead() bool {
	return (p.State == 'Z' || p.State == 'X') && p.Threads <= 1
}

// Stopped reports whether it was stopped by a signal, or is held by a tracer, and runs nothing by itself.
func (p *Process) Stopped() bool { return p.State == 'T' || p.State == 't' || p.State == 'Z' }

// FromOutside reports whether the process is init or was brought into the pid namespace from outside, as a bridge of the controller is: its
// parent is not to be seen here. Whoever is orphaned in here has init for a parent.
func (p *Process) FromOutside() bool { return p.Parent == 0 }

// HasGroup reports whether gid is among the supplementary groups.
func (p *Process) HasGroup(gid int) bool {
	for _, g := range p.Groups {
		if g == gid {
			return true
		}
	}
	return false
}

// parseStatus reads the lines that matter into p. Where a namespace line has several numbers the first is as this /proc counts.
// It reports whether the kernel tells the groups at all: not every sandboxed kernel does.
func parseStatus(text []byte, p *Process) (hasGroups bool) {
	for len(text) > 0 {
		var line []byte
		line, text, _ = bytes.Cut(text, newline)
		key, value, ok := bytes.Cut(line, colon)
		if !ok {
			continue
		}
		switch string(key) {
		case "State":
			if value = bytes.TrimLeft(value, "\t "); len(value) > 0 {
				p.State = value[0]
			}
		case "PPid":
			p.Parent, _ = number(value)
		case "NSpgid":
			p.Group, _ = number(value)
		case "NSsid":
			p.Session, _ = number(value)
		case "Threads":
			p.Threads, _ = number(value)
		case "Groups":
			hasGroups = true
			p.Groups = p.Groups[:0]
			for n, rest := number(value); rest != nil; n, rest = number(rest) {
				p.Groups = append(p.Groups, n)
			}
		}
	}
	return hasGroups
}

// parseStat reads /proc/PID/stat, which also simple kernels have. The name in brackets may hold anything, brackets too.
func parseStat(text []byte, p *Process) bool {
	end := bytes.LastIndexByte(text, ')')
	if end < 0 || end+2 >= len(text) {
		return false
	}
	rest := text[end+2:]
	p.State = rest[0]
	p.Parent, rest = number(rest[1:])
	p.Group, rest = number(rest)
	p.Session, _ = number(rest)
	return true
}

var (
	newline = []byte{'\n'}
	colon   = []byte{':'}
)

// number reads the next decimal number and returns what follows it, nil when there is none.
func number(text []byte) (int, []byte) {
	text = bytes.TrimLeft(text, "\t ")
	n, i := 0, 0
	for ; i < len(text) && text[i] >= '0' && text[i] <= '9'; i++ {
		n = n*10 + int(text[i]-'0')
	}
	if i == 0 {
		return 0, nil
	}
	return n, text[i:]
}
