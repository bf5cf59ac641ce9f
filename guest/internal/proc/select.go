package proc

// Match tells whether a process is meant. It must not keep its argument.
type Match func(*Process) bool

// Selector makes a Match, anew for each scan: some need to know the whole table first.
type Selector func(*Table) (Match, error)

// ByGroup selects what carries a supplementary group, which children inherit and cannot drop without privileges, and what first reports: the
// first process, which does not carry its group yet just after the fork.
func ByGroup(gid int, first func(pid int) bool) Selector {
	return func(*Table) (Match, error) {
		return func(p *Process) bool { return p.HasGroup(gid) || first(p.PID) }, nil
	}
}

// Unowned selects the same and besides whatever carries none of the groups that owned reports, except what spare reports: for sandboxes in which
// commands have the privilege to drop their groups, and in which every process belongs to the guest or came from outside.
func Unowned(gid int, first func(pid int) bool, owned func(gid int) bool, spare func(pid int) bool) Selector {
	return func(*Table) (Match, error) {
		return func(p *Process) bool {
			if p.HasGroup(gid) || first(p.PID) {
				return true
			}
			for _, g := range p.Groups {
				if owned(g) {
					return false
				}
			}
			return !p.FromOutside() && !spare(p.PID)
		}, nil
	}
}

// All selects everything that began in this pid namespace.
func All() Selector {
	return func(*Table) (Match, error) {
		return func(p *Process) bool { return !p.FromOutside() }, nil
	}
}

// ByLineage selects a process, its session and its descendants, and orphans that self adopted unless they are in the session of one of others.
// It serves where there are no groups to tell calls apart: it cannot tell whose orphan is whose.
func ByLineage(self, leader int, others func(pid int) bool) Selector {
	return func(t *Table) (Match, error) {
		parents, sessions, err := family(t)
		if err != nil {
			return nil, err
		}
		return lineage(parents, sessions, self, leader, others), nil
	}
}

func lineage(parents, sessions map[int]int, self, leader int, others func(pid int) bool) Match {
	return func(p *Process) bool {
		// A table that was read while it changed may have a circle.
		for pid, steps := p.PID, 0; pid != 0 && pid != self && steps <= len(parents); pid, steps = parents[pid], steps+1 {
			switch {
			case pid == leader || sessions[pid] == leader:
				return true
			case others(pid) || others(sessions[pid]):
				return false
			case parents[pid] == self:
				return true
			}
		}
		return false
	}
}

// DescendantsOf selects what self started, directly or not.
func DescendantsOf(self int) Selector {
	return func(t *Table) (Match, error) {
		parents, _, err := family(t)
		if err != nil {
			return nil, err
		}
		return func(p *Process) bool {
			for pid, steps := p.Parent, 0; pid != 0 && steps < len(parents)+1; pid, steps = parents[pid], steps+1 {
				if pid == self {
					return true
				}
			}
			return false
		}, nil
	}
}

func family(t *Table) (parents, sessions map[int]int, err error) {
	parents, sessions = map[int]int{}, map[int]int{}
	_, err = t.Scan(func(p *Process) {
		parents[p.PID] = p.Parent
		sessions[p.PID] = p.Session
	})
	return parents, sessions, err
}
