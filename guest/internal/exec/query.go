package exec

import (
	"time"

	"berth/guest/internal/defence"
	"berth/guest/internal/fault"
	"berth/guest/internal/proc"
)

const maxPageBytes = 1 << 20

// State is the answer to GET /v1/exec/{call_id}.
type State struct {
	State  string  `json:"state"`
	Result *Result `json:"result,omitempty"`
}

// State tells whether a call runs, or its result while that is kept.
func (r *Runner) State(id string) (*State, error) {
	c, err := r.registry.find(id)
	if err != nil {
		return nil, err
	}
	if !c.ended() {
		return &State{State: "running"}, nil
	}
	if c.err != nil {
		return nil, c.err
	}
	return &State{State: "done", Result: c.answer()}, nil
}

// Cancel ends a running call; a finished one stays as it is.
func (r *Runner) Cancel(id string) error {
	c, err := r.registry.find(id)
	if err != nil {
		return err
	}
	c.cancel()
	return nil
}

// Page is a part of a call's output.
type Page struct {
	Bytes                    []byte
	TotalBytes, SpooledBytes int64
}

// Output reads a page of a stream, also while the call runs. limit is at most 1 MiB.
func (r *Runner) Output(id, stream string, offset int64, limit int) (*Page, error) {
	c, err := r.registry.find(id)
	if err != nil {
		return nil, err
	}
	if offset < 0 || limit < 1 || limit > maxPageBytes {
		return nil, fault.New(fault.InvalidArgument, "offset must be 0 or more, limit 1 to %d", maxPageBytes)
	}
	var from *capture
	switch stream {
	case "stdout":
		from = c.stdout
	case "stderr":
		from = c.stderr
	default:
		return nil, fault.New(fault.InvalidArgument, "stream must be stdout or stderr")
	}
	b, total, readable, err := from.page(offset, limit)
	if err != nil {
		return nil, err
	}
	return &Page{Bytes: b, TotalBytes: total, SpooledBytes: readable}, nil
}

// Quiesce kills every process but the guest and the controller's own, and verifies that.
func (r *Runner) Quiesce() (int, error) {
	if !defence.KillTree {
		return 0, nil
	}
	killed, err := proc.Kill(r.table, r.everything(), time.Now().Add(killDeadline), r.reinforcement())
	if err != nil {
		return len(killed), fault.New(fault.Internal, "quiesce: %v", err)
	}
	return len(killed), nil
}

// Processes counts the live processes besides the guest.
func (r *Runner) Processes() (int, error) {
	match, err := r.everything()(r.table)
	if err != nil {
		return 0, err
	}
	count := 0
	_, err = r.table.Scan(func(p *proc.Process) {
		if p.PID != r.self && !p.Dead() && match(p) == proc.Meant {
			count++
		}
	})
	return count, err
}

func (r *Runner) everything() proc.Selector {
	if r.self == 1 {
		return proc.All()
	}
	return proc.DescendantsOf(r.self)
}
