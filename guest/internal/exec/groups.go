package exec

import (
	"bufio"
	"fmt"
	"io"
	"sync"
)

// The supplementary groups of calls start here where the user namespace maps enough of them: far above what images use.
const (
	preferredGroup = 0x40000000
	groupCount     = 1 << 24
	enoughGroups   = 1 << 12
)

// groups lends each call a group id that no other live call has, and avoids to lend the same one again soon.
type groups struct {
	mu         sync.Mutex
	base, size int
	next       int
	used       map[int]struct{}
}

// newGroups chooses a range from a gid_map. start shifts the first group, for guests that share a pid namespace.
func newGroups(gidMap io.Reader, start int) (*groups, error) {
	best, size := 0, 0
	lines := bufio.NewScanner(gidMap)
	for lines.Scan() {
		var inside, outside, count int
		if n, _ := fmt.Sscan(lines.Text(), &inside, &outside, &count); n != 3 {
			continue
		}
		if inside <= preferredGroup && preferredGroup+enoughGroups <= inside+count {
			best, size = preferredGroup, min(groupCount, inside+count-preferredGroup)
			break
		}
		// The upper half of the largest range, away from the low ids that images use.
		if half := count / 2; half > size {
			best, size = inside+count-half, half
		}
	}
	if size == 0 {
		return nil, fmt.Errorf("no group ids are free in this user namespace")
	}
	return &groups{base: best, size: size, next: start % size, used: map[int]struct{}{}}, nil
}

func (g *groups) take() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	for {
		gid := g.base + g.next
		g.next = (g.next + 1) % g.size
		if _, ok := g.used[gid]; !ok {
			g.used[gid] = struct{}{}
			return gid
		}
	}
}

func (g *groups) release(gid int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.used, gid)
}

func (g *groups) owned(gid int) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	_, ok := g.used[gid]
	return ok
}
