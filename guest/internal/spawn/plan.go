package spawn

import (
	"syscall"

	"berth/guest/internal/defence"
)

// plan is all that a child needs, laid out before the fork: between fork and exec nothing may be allocated.
type plan struct {
	// programs are tried in order, each with its own arguments.
	programs []*byte
	argvs    []**byte
	envv     []*byte
	stdio    [3]uintptr
	dir      uintptr
	report   uintptr

	oomPath *byte
	oomText []byte

	controlling  bool
	identity     bool
	unprivileged bool
	noNewPrivs   bool
	uid, gid     uintptr
	group        uint32

	noFile syscall.Rlimit
	caps   capabilitySets
	// failure is the stage and the errno that the child reports.
	failure [2]uint32
}

type capabilitySets struct {
	header struct {
		version uint32
		pid     int32
	}
	data [2]struct{ effective, permitted, inheritable uint32 }
}

const capabilityVersion3 = 0x20080522

func newPlan(c *Command, report int) (*plan, error) {
	if len(c.Argv) == 0 || c.Argv[0] == "" {
		return nil, errNoProgram
	}
	p := &plan{
		stdio:  [3]uintptr{uintptr(c.Stdin), uintptr(c.Stdout), uintptr(c.Stderr)},
		dir:    uintptr(c.Dir),
		report: uintptr(report),
		noFile: noFileLimit(),

		controlling: c.Controlling,
	}
	p.caps.header.version = capabilityVersion3
	if c.Identity != nil {
		p.identity = true
		p.unprivileged = c.Identity.Unprivileged
		p.noNewPrivs = c.Identity.Unprivileged && defence.NoNewPrivileges
		p.uid, p.gid = uintptr(c.Identity.UID), uintptr(c.Identity.GID)
		p.group = uint32(c.Identity.Group)
	}
	for _, argv := range [][]string{c.Argv, c.Otherwise} {
		if err := p.add(argv, c.Env); err != nil {
			return nil, err
		}
	}
	var err error
	if p.envv, err = syscall.SlicePtrFromStrings(environment(c.Env)); err != nil {
		return nil, err
	}
	if c.OOMScoreAdj != "" {
		p.oomPath, _ = syscall.BytePtrFromString("/proc/self/oom_score_adj")
		p.oomText = []byte(c.OOMScoreAdj)
	}
	return p, nil
}

func (p *plan) add(argv []string, env map[string]string) error {
	if len(argv) == 0 {
		return nil
	}
	programs, err := syscall.SlicePtrFromStrings(candidates(argv[0], env))
	if err != nil {
		return err
	}
	arguments, err := syscall.SlicePtrFromStrings(argv)
	if err != nil {
		return err
	}
	for _, program := range programs[:len(programs)-1] {
		p.programs = append(p.programs, program)
		p.argvs = append(p.argvs, &arguments[0])
	}
	return nil
}
