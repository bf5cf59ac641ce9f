package proc

// Match tells whether a process is meant. It must not keep its argument.
type Match func(*Process) Verdict

// Verdict is what a Match knows of a process.
type Verdict int

const (
	// Other is a process that is not meant.
	Other Verdict = iota
	// Meant is a process that is.
	Meant
	// Unclear is a process that began after the table was read from which its family would be known.
	Unclear
)

func meantIf(meant bool) Verdict {
	if meant {
		return Meant
	}
	return Other
}

// Selector makes a Match, anew for each scan: some need to know the whole table first.
type Selector func(*Table) (Match, error)

// ByGroup selects what carries a supplementary group, which children inherit and cannot drop without privileges, and what first reports: the
// first process, which does not carry its group yet just after the fork.
func ByGroup(gid int, first func(pid int) bool) Selector {
	return func(*Table) (Match, error) {
		return func(p *Process) Verdict { return meantIf(p.HasGroup(gid) || first(p.PID)) }, nil
	}
}

// Unowned selects the same and besides whatever carries none of the groups that owned reports, except what spare reports: for sandboxes in which
// commands have the privilege to drop their groups, and in which every process belongs to the guest or came from outside.
func Unowned(gid int, first func(pid int) bool, owned func(gid int) bool, spare func(pid int) bool) Selector {
	return func(*Table) (Match, error) {
		return func(p *Process) Verdict {
			if p.HasGroup(gid) || first(p.PID) {
				return Meant
			}
			for _, g := range p.Groups {
				if owned(g) {
					return Other
				}
			}
			return meantIf(!p.FromOutside() && !spare(p.PID))
		}, nil
	}
}

// All selects everything that began in this pid namespace.
func All() Selector {
	return func(*Table) (Match, error) {
		return func(p *Process) Verdict { return meantIf(!p.FromOutside()) }, nil
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

// lineage looks at the process as it is now first, which may have begun after its family was read.
func lineage(parents, sessions map[int]int, self, leader int, others func(pid int) bool) Match {
	return func(p *Process) Verdict {
		pid, parent, session := p.PID, p.Parent, p.Session
		// A table that was read while it changed may have a circle.
		for steps := 0; pid != 0 && pid != self && steps <= len(parents); steps++ {
			switch {
			case pid == leader || session == leader:
				return Meant
			case others(pid) || others(session):
				return Other
			case parent == self:
				return Meant
			}
			var known bool
			if pid, session = parent, sessions[parent]; pid == 0 {
				return Other
			}
			if parent, known = parents[pid]; !known {
				return Unclear
			}
		}
		return Other
	}
}

// DescendantsOf selects what self started, directly or not.
func DescendantsOf(self int) Selector {
	return func(t *Table) (Match, error) {
		parents, _, err := family(t)
		if err != nil {
			return nil, err
		}
		return func(p *Process) Verdict {
			pid := p.Parent
			for steps := 0; pid != 0 && steps <= len(parents); steps++ {
				if pid == self {
					return Meant
				}
				parent, known := parents[pid]
				if !known {
					return Unclear
				}
				pid = parent
			}
			return Other
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
