package exec

import (
	"syscall"
	"time"

	"berth/guest/internal/spawn"
)

// Outcome is how a call ended: exactly one type, with the code or the signal that belongs to it.
type Outcome struct {
	Type   string `json:"type"`
	Code   *int   `json:"code,omitempty"`
	Signal string `json:"signal,omitempty"`
}

// Result is the answer to POST /v1/exec.
type Result struct {
	CallID     string  `json:"call_id"`
	BootID     string  `json:"boot_id"`
	Outcome    Outcome `json:"outcome"`
	Stdout     Stream  `json:"stdout"`
	Stderr     Stream  `json:"stderr"`
	DurationMs float64 `json:"duration_ms"`
	UserMs     float64 `json:"user_ms"`
	SystemMs   float64 `json:"system_ms"`
	// MaxRSSBytes is of the largest process; the kernel counts from the fork, so it is never below the guest's own size.
	MaxRSSBytes     int64 `json:"max_rss_bytes"`
	SurvivorsKilled int   `json:"survivors_killed"`
}

func exited(code int) Outcome { return Outcome{Type: "exited", Code: &code} }

// reason is why a call stopped being waited for.
type reason int

const (
	reasonExit reason = iota
	reasonTimeout
	reasonCancel
)

const (
	exitNotExecutable = 126
	exitNotFound      = 127
	exitKilled        = 128 + int(syscall.SIGKILL)
)

func outcomeOf(why reason, status syscall.WaitStatus, oom bool) Outcome {
	switch why {
	case reasonTimeout:
		return Outcome{Type: "timed_out"}
	case reasonCancel:
		return Outcome{Type: "cancelled"}
	}
	killed := status.Signaled() && status.Signal() == syscall.SIGKILL
	if oom && (killed || status.Exited() && status.ExitStatus() == exitKilled) {
		return Outcome{Type: "oom_killed"}
	}
	if status.Signaled() {
		return Outcome{Type: "signaled", Signal: signalName(status.Signal())}
	}
	return exited(status.ExitStatus())
}

// startFailure answers as a shell would: 127 when there is no such program, else 126, and the reason on stderr.
func startFailure(program string, failure *spawn.StartError, stderr *capture) Outcome {
	if failure.Stage == spawn.StageDir {
		stderr.write([]byte("berth: cannot enter the working directory: " + failure.Error() + "\n"))
		return exited(exitNotExecutable)
	}
	stderr.write([]byte("berth: cannot start " + program + ": " + failure.Error() + "\n"))
	if failure.NotFound() {
		return exited(exitNotFound)
	}
	return exited(exitNotExecutable)
}

func usageMs(t syscall.Timeval) float64 {
	return float64(time.Duration(t.Nano()).Microseconds()) / 1000
}
