package server

import (
	"crypto/rand"
	"encoding/json"
	"net/http"

	"berth/guest/internal/exec"
	"berth/guest/internal/fault"
	"berth/guest/internal/probe"
)

const (
	probeTimeoutMs = 10_000
	maxReportBytes = 1 << 20
)

// probeEnv spares a process of milliseconds the threads and the collections of one that stays.
var probeEnv = map[string]string{"GOMAXPROCS": "1", "GOGC": "off"}

// probe starts this binary as any tool is started, and hands on what it reports.
func (s *server) probe(w http.ResponseWriter, r *http.Request) error {
	var question probe.Question
	if err := readJSON(w, r, &question); err != nil {
		return err
	}
	if len(question.MaskedPaths) > probe.MaxPaths || len(question.ReadOnlyPaths) > probe.MaxPaths {
		return fault.New(fault.InvalidArgument, "more than %d paths", probe.MaxPaths)
	}
	asked, err := json.Marshal(question)
	if err != nil {
		return err
	}
	result, err := s.Runner.Run(r.Context(), exec.Request{
		CallID: "probe-" + rand.Text(), Argv: []string{"/proc/self/exe", "probe"}, Env: probeEnv, Stdin: string(asked),
		TimeoutMs: probeTimeoutMs, HeadBytes: maxReportBytes, TailBytes: 4096,
	})
	if err != nil {
		return err
	}
	if code := result.Outcome.Code; code == nil || *code != 0 || result.Stdout.Truncated {
		return fault.New(fault.Internal, "the probe ended as %s: %s", result.Outcome.Type, result.Stderr.Head)
	}
	w.Header().Set("Content-Type", "application/json")
	_, err = w.Write([]byte(result.Stdout.Head))
	return ignoreGone(err)
}
