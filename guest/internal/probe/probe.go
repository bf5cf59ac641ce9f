// Package probe tells what a process of the tool user can see and do, by looking and by trying. It runs in such a process, started as
// any tool is, and changes nothing that outlives it.
package probe

import (
	"encoding/json"
	"io"
)

// Question names what the profile says of paths, which the guest does not know.
type Question struct {
	MaskedPaths   []string `json:"masked_paths"`
	ReadOnlyPaths []string `json:"read_only_paths"`
}

// MaxPaths is how many paths a question may name in each list.
const MaxPaths = 256

// Report is the answer. What this kernel does not tell is null.
type Report struct {
	// UIDs and GIDs are real, effective and saved.
	UIDs         [3]int        `json:"uids"`
	GIDs         [3]int        `json:"gids"`
	Groups       []int         `json:"groups"`
	Capabilities *Capabilities `json:"capabilities"`
	NoNewPrivs   *bool         `json:"no_new_privs"`
	// Seccomp is 0 (none), 1 (strict) or 2 (a filter).
	Seccomp *int    `json:"seccomp"`
	Limits  Limits  `json:"limits"`
	Calls   []Call  `json:"calls"`
	Masked  []Path  `json:"masked_paths"`
	Fixed   []Path  `json:"read_only_paths"`
	Mounts  []Mount `json:"mounts"`
	Devices []Node  `json:"devices"`
	// Interfaces are the network interfaces besides the loopback.
	Interfaces []string `json:"interfaces"`
	Disks      []Disk   `json:"disks"`
	Guest      Guest    `json:"guest"`
}

// Run reads a question and writes its report.
func Run(in io.Reader, out io.Writer) error {
	var question Question
	if err := json.NewDecoder(in).Decode(&question); err != nil {
		return err
	}
	mounts, err := mounts()
	if err != nil {
		return err
	}
	devices, err := devices()
	if err != nil {
		return err
	}
	interfaces, err := interfaces()
	if err != nil {
		return err
	}
	disks, err := disks("/", ".")
	if err != nil {
		return err
	}
	report := Report{
		Calls: tryCalls(), Masked: tryEach(question.MaskedPaths, readable), Fixed: tryEach(question.ReadOnlyPaths, writable),
		Mounts: mounts, Devices: devices, Interfaces: interfaces, Disks: disks, Guest: lookAtGuest(),
	}
	if err := report.describeSelf(); err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(&report)
}
