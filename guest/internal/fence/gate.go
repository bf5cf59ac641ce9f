// Package fence keeps out whom another has replaced: it remembers the highest epoch that came, and refuses what comes with a lower one.
package fence

import (
	"context"
	"sync"
	"time"

	"berth/guest/internal/fault"
)

// longestWait is for what the replaced still did to end: a tree of processes is killed within 10 s.
const longestWait = 15 * time.Second

// Gate is passed by every request. The zero Gate lets everyone in.
type Gate struct {
	mu      sync.Mutex
	highest uint64
	inside  map[*visit]struct{}
	// Those that a higher epoch told to end and that have not ended.
	replaced map[*visit]struct{}
}

type visit struct {
	cancel context.CancelFunc
	ended  chan struct{}
}

// Enter lets a request in, or refuses it with Fenced. A higher epoch than any before cancels the contexts of all requests inside, and nobody of it goes on
// before they have left. The context is the request's from then on; leave must be called.
func (g *Gate) Enter(ctx context.Context, epoch uint64) (inside context.Context, leave func(), err error) {
	g.mu.Lock()
	if epoch < g.highest {
		highest := g.highest
		g.mu.Unlock()
		return nil, nil, fault.New(fault.Fenced, "epoch %d was replaced by %d", epoch, highest)
	}
	if g.inside == nil {
		g.inside, g.replaced = map[*visit]struct{}{}, map[*visit]struct{}{}
	}
	if epoch > g.highest {
		g.highest = epoch
		for v := range g.inside {
			v.cancel()
			g.replaced[v] = struct{}{}
			delete(g.inside, v)
		}
	}
	inside, cancel := context.WithCancel(ctx)
	own := &visit{cancel: cancel, ended: make(chan struct{})}
	g.inside[own] = struct{}{}
	var before []*visit
	for v := range g.replaced {
		before = append(before, v)
	}
	g.mu.Unlock()
	leave = func() { g.leave(own) }
	if err := awaitEnd(inside, before); err != nil {
		leave()
		return nil, nil, err
	}
	return inside, leave, nil
}

func (g *Gate) leave(v *visit) {
	g.mu.Lock()
	delete(g.inside, v)
	delete(g.replaced, v)
	g.mu.Unlock()
	v.cancel()
	close(v.ended)
}

func awaitEnd(ctx context.Context, visits []*visit) error {
	if len(visits) == 0 {
		return nil
	}
	timer := time.NewTimer(longestWait)
	defer timer.Stop()
	for _, v := range visits {
		select {
		case <-v.ended:
		case <-ctx.Done():
			return ctx.Err()
		case <-timer.C:
			return fault.New(fault.Busy, "what a replaced controller asked for has not ended")
		}
	}
	return nil
}
