package server

import (
	"net/http"

	"berth/guest/internal/fault"
)

func (s *server) requireRoot() error {
	if s.AllowRoot {
		return nil
	}
	return fault.New(fault.PermissionDenied, "the guest was started without --allow-root")
}

func (s *server) archive(w http.ResponseWriter, r *http.Request) error {
	if err := s.requireRoot(); err != nil {
		return err
	}
	unpacked, err := s.Workspace.Unpack(r.URL.Query().Get("path"), r.Body)
	if err != nil {
		return err
	}
	return writeJSON(w, unpacked)
}

func (s *server) own(w http.ResponseWriter, r *http.Request) error {
	if err := s.requireRoot(); err != nil {
		return err
	}
	var request struct {
		Path string `json:"path"`
	}
	if err := readJSON(w, r, &request); err != nil {
		return err
	}
	if err := s.Workspace.Own(request.Path); err != nil {
		return err
	}
	return writeJSON(w, struct{}{})
}
