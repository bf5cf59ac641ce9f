package server

import (
	"net/http"
	"runtime"
	"time"
)

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

func (s *server) quiesce(w http.ResponseWriter, _ *http.Request) error {
	s.Egress.Close()
	killed, err := s.Runner.Quiesce()
	if err != nil {
		return err
	}
	return writeJSON(w, map[string]int{"killed": killed})
}
