package server

import (
	"net/http"
	"runtime"
	"time"

	"berth/guest/internal/fault"
)

const longestLife = 24 * time.Hour

func (s *server) handshake(w http.ResponseWriter, _ *http.Request) error {
	return writeJSON(w, struct {
		Protocol        int    `json:"protocol"`
		Version         string `json:"version"`
		BootID          string `json:"boot_id"`
		Root            string `json:"root"`
		ToolUID         int    `json:"tool_uid"`
		ToolGID         int    `json:"tool_gid"`
		AllowRoot       bool   `json:"allow_root"`
		Arch            string `json:"arch"`
		BoundingDropped bool   `json:"bounding_dropped"`
	}{Protocol, s.Version, s.BootID, s.Workspace.Dir(), s.ToolUID, s.ToolGID, s.AllowRoot, runtime.GOARCH, s.BoundingDropped})
}

func (s *server) health(w http.ResponseWriter, _ *http.Request) error {
	processes, err := s.Runner.Processes()
	if err != nil {
		return err
	}
	var kills *int64
	if n, ok := s.OOMKills(); ok {
		kills = &n
	}
	return writeJSON(w, struct {
		BootID    string `json:"boot_id"`
		UptimeMs  int64  `json:"uptime_ms"`
		Processes int    `json:"processes"`
		OOMKills  *int64 `json:"oom_kills"`
	}{s.BootID, time.Since(s.started).Milliseconds(), processes, kills})
}

func (s *server) prolong(w http.ResponseWriter, r *http.Request) error {
	var request struct {
		ForMs int64 `json:"for_ms"`
	}
	if err := readJSON(w, r, &request); err != nil {
		return err
	}
	if request.ForMs < 1 || request.ForMs > longestLife.Milliseconds() {
		return fault.New(fault.InvalidArgument, "for_ms must be from 1 to %d", longestLife.Milliseconds())
	}
	at, ok := s.Expiry.PutOff(time.Duration(request.ForMs) * time.Millisecond)
	if !ok {
		return fault.New(fault.PreconditionFailed, "the sandbox has expired")
	}
	var expiresAt *int64
	if !at.IsZero() {
		ms := at.UnixMilli()
		expiresAt = &ms
	}
	return writeJSON(w, map[string]*int64{"expires_at_ms": expiresAt})
}

func (s *server) quiesce(w http.ResponseWriter, _ *http.Request) error {
	s.Egress.Close()
	killed, err := s.Runner.Quiesce()
	if err != nil {
		return err
	}
	return writeJSON(w, map[string]int{"killed": killed})
}
