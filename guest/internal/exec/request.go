// Package exec runs commands under the command contract: one outcome, bounded output, nothing left running.
package exec

import (
	"slices"
	"strings"
	"unicode/utf8"

	"berth/guest/internal/fault"
)

// Request is the body of POST /v1/exec.
type Request struct {
	CallID string   `json:"call_id"`
	Argv   []string `json:"argv"`
	// Otherwise is started when the program of Argv cannot be; empty for none.
	Otherwise []string          `json:"otherwise"`
	Cwd       string            `json:"cwd"`
	Env       map[string]string `json:"env"`
	Stdin     string            `json:"stdin"`
	TimeoutMs int64             `json:"timeout_ms"`
	HeadBytes int               `json:"head_bytes"`
	TailBytes int               `json:"tail_bytes"`
	User      string            `json:"user"`
}

const (
	userTool = "tool"
	userRoot = "root"

	maxCallIDBytes = 256
	maxTimeoutMs   = 86_400_000
	maxCapBytes    = 1 << 20
	maxStdinBytes  = 1 << 20
)

func (r *Request) validate(allowRoot bool) error {
	if r.User == "" {
		r.User = userTool
	}
	switch {
	case !validCallID(r.CallID):
		return fault.New(fault.InvalidArgument, "call_id must be 1 to %d printable ASCII characters without spaces", maxCallIDBytes)
	case len(r.Argv) == 0 || r.Argv[0] == "":
		return fault.New(fault.InvalidArgument, "argv must name a program")
	case r.TimeoutMs < 1 || r.TimeoutMs > maxTimeoutMs:
		return fault.New(fault.InvalidArgument, "timeout_ms must be 1 to %d", maxTimeoutMs)
	case r.HeadBytes < 0 || r.HeadBytes > maxCapBytes || r.TailBytes < 0 || r.TailBytes > maxCapBytes:
		return fault.New(fault.InvalidArgument, "head_bytes and tail_bytes must be 0 to %d", maxCapBytes)
	case len(r.Stdin) > maxStdinBytes:
		return fault.New(fault.TooLarge, "stdin is above %d bytes", maxStdinBytes)
	case r.User != userTool && r.User != userRoot:
		return fault.New(fault.InvalidArgument, "user must be tool or root")
	case r.User == userRoot && !allowRoot:
		return fault.New(fault.PermissionDenied, "commands as root are not allowed here")
	}
	return passable(slices.Concat(r.Argv, r.Otherwise), r.Env)
}

// passable refuses what execve cannot take.
func passable(arguments []string, env map[string]string) error {
	for _, arg := range arguments {
		if strings.ContainsRune(arg, 0) {
			return fault.New(fault.InvalidArgument, "an argument contains NUL")
		}
	}
	for name, value := range env {
		if name == "" || strings.ContainsAny(name, "=\x00") || strings.ContainsRune(value, 0) {
			return fault.New(fault.InvalidArgument, "a name or value in env is not acceptable")
		}
	}
	return nil
}

func validCallID(id string) bool {
	if id == "" || len(id) > maxCallIDBytes || !utf8.ValidString(id) {
		return false
	}
	for i := range len(id) {
		if id[i] < 0x21 || id[i] > 0x7e {
			return false
		}
	}
	return true
}
