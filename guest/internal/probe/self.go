package probe

import (
	"os"
	"strconv"
	"strings"
	"syscall"
	"unsafe"
)

// Capabilities are the five sets as hexadecimal masks.
type Capabilities struct {
	Inheritable string `json:"inheritable"`
	Permitted   string `json:"permitted"`
	Effective   string `json:"effective"`
	Bounding    string `json:"bounding"`
	Ambient     string `json:"ambient"`
}

// Limits are hard limits of this process, null where there is none.
type Limits struct {
	OpenFiles *uint64 `json:"open_files"`
	CoreBytes *uint64 `json:"core_bytes"`
	Processes *uint64 `json:"processes"`
}

const (
	prGetSeccomp    = 21
	prGetNoNewPrivs = 39
	rlimitNproc     = 6
	maxGroups       = 64
)

func (r *Report) describeSelf() error {
	var err error
	if r.UIDs, err = threeIDs(syscall.SYS_GETRESUID); err != nil {
		return err
	}
	if r.GIDs, err = threeIDs(syscall.SYS_GETRESGID); err != nil {
		return err
	}
	if r.Groups, err = syscall.Getgroups(); err != nil {
		return err
	}
	r.Groups = append([]int{}, r.Groups[:min(len(r.Groups), maxGroups)]...)
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return err
	}
	fields := fieldsOf(string(status))
	r.Capabilities = capabilitiesIn(fields)
	r.NoNewPrivs = noNewPrivs(fields)
	r.Seccomp = seccompMode(fields)
	r.Limits = Limits{OpenFiles: hardLimit(syscall.RLIMIT_NOFILE), CoreBytes: hardLimit(syscall.RLIMIT_CORE), Processes: hardLimit(rlimitNproc)}
	return nil
}

func fieldsOf(status string) map[string]string {
	fields := map[string]string{}
	for line := range strings.Lines(status) {
		if key, value, ok := strings.Cut(line, ":"); ok {
			fields[key] = strings.TrimSpace(value)
		}
	}
	return fields
}

// capabilitiesIn gives nil where the kernel tells none.
func capabilitiesIn(fields map[string]string) *Capabilities {
	bounding, ok := fields["CapBnd"]
	if !ok {
		return nil
	}
	return &Capabilities{
		Inheritable: fields["CapInh"], Permitted: fields["CapPrm"], Effective: fields["CapEff"], Bounding: bounding,
		// A kernel without the line has no ambient capabilities.
		Ambient: orZero(fields["CapAmb"]),
	}
}

func threeIDs(call uintptr) (ids [3]int, err error) {
	var raw [3]uint32
	_, _, errno := syscall.RawSyscall(call, uintptr(unsafe.Pointer(&raw[0])), uintptr(unsafe.Pointer(&raw[1])), uintptr(unsafe.Pointer(&raw[2])))
	if errno != 0 {
		return ids, errno
	}
	for i, id := range raw {
		ids[i] = int(id)
	}
	return ids, nil
}

func orZero(mask string) string {
	if mask == "" {
		return "0"
	}
	return mask
}

// noNewPrivs asks the kernel itself where /proc has no line, as in gVisor.
func noNewPrivs(fields map[string]string) *bool {
	if line, ok := fields["NoNewPrivs"]; ok {
		on := line == "1"
		return &on
	}
	value, _, errno := syscall.RawSyscall6(syscall.SYS_PRCTL, prGetNoNewPrivs, 0, 0, 0, 0, 0)
	if errno != 0 {
		return nil
	}
	on := value == 1
	return &on
}

func seccompMode(fields map[string]string) *int {
	if mode, err := strconv.Atoi(fields["Seccomp"]); err == nil {
		return &mode
	}
	value, _, errno := syscall.RawSyscall(syscall.SYS_PRCTL, prGetSeccomp, 0, 0)
	if errno != 0 {
		return nil
	}
	mode := int(value)
	return &mode
}

func hardLimit(resource int) *uint64 {
	var limit syscall.Rlimit
	if syscall.Getrlimit(resource, &limit) != nil || limit.Max == ^uint64(0) {
		return nil
	}
	return &limit.Max
}
