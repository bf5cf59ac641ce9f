package exec

import (
	"crypto/sha256"
	"sync"

	"berth/guest/internal/defence"
	"berth/guest/internal/fault"
)

const (
	maxRunning       = 64
	maxFinished      = 256
	maxFinishedBytes = 16 << 20
)

// call is one execution, running or finished.
type call struct {
	id             string
	cancelled      chan struct{}
	cancelOnce     sync.Once
	stdout, stderr *capture
	pid, group     int

	// running is closed when the first process is there.
	running chan struct{}
	// done is closed when result, without its streams, and err are final.
	done   chan struct{}
	result *Result
	err    error
}

func (c *call) cancel() { c.cancelOnce.Do(func() { close(c.cancelled) }) }

func (c *call) ended() bool {
	select {
	case <-c.done:
		return true
	default:
		return false
	}
}

func (c *call) retained() int { return c.stdout.retained() + c.stderr.retained() }

// registry knows which calls run, which ran, and the last results. Call ids are remembered for the whole boot as 16 bytes each.
type registry struct {
	mu    sync.Mutex
	calls map[string]*call
	seen  map[[16]byte]struct{}
	// held are the first processes of what outlives its request, until nothing of it is left.
	held     map[int]struct{}
	running  int
	finished []*call
	bytes    int
}

func newRegistry() *registry {
	return &registry{calls: map[string]*call{}, seen: map[[16]byte]struct{}{}, held: map[int]struct{}{}}
}

func callKey(id string) [16]byte {
	sum := sha256.Sum256([]byte(id))
	return [16]byte(sum[:16])
}

// begin claims a call id for the boot.
func (r *registry) begin(c *call) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	key := callKey(c.id)
	if _, ok := r.seen[key]; ok {
		return fault.New(fault.DuplicateCall, "call %s has been started before", c.id)
	}
	if r.running >= maxRunning {
		return fault.New(fault.Busy, "%d calls are running", r.running)
	}
	r.seen[key] = struct{}{}
	r.calls[c.id] = c
	r.running++
	return nil
}

// abandon gives a call id back when nothing was started for it.
func (r *registry) abandon(c *call) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.seen, callKey(c.id))
	delete(r.calls, c.id)
	r.running--
	close(c.done)
}

// end keeps a finished call, and gives up the oldest beyond the limits.
func (r *registry) end(c *call) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.running--
	r.finished = append(r.finished, c)
	r.bytes += c.retained()
	for defence.OutputCaps && (len(r.finished) > maxFinished || r.bytes > maxFinishedBytes && len(r.finished) > 1) {
		oldest := r.finished[0]
		r.finished = r.finished[1:]
		r.bytes -= oldest.retained()
		delete(r.calls, oldest.id)
		oldest.stdout.discard()
		oldest.stderr.discard()
	}
	close(c.done)
}

func (r *registry) find(id string) (*call, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if c, ok := r.calls[id]; ok {
		return c, nil
	}
	return nil, fault.New(fault.UnknownCall, "no call %q", id)
}

// started notes the first process of a call, by which calls are told apart where groups cannot.
func (r *registry) started(c *call, pid int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	c.pid = pid
	close(c.running)
}

func (r *registry) hold(pid int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.held[pid] = struct{}{}
}

func (r *registry) letGo(pid int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.held, pid)
}

// leads reports whether pid is the first process of a running call, or of what is held.
func (r *registry) leads(pid int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, ok := r.held[pid]; ok {
		return true
	}
	for _, c := range r.calls {
		if c.pid == pid && pid != 0 && !c.ended() {
			return true
		}
	}
	return false
}
