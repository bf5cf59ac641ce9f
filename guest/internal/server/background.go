package server

import (
	"net/http"

	"berth/guest/internal/exec"
)

func (s *server) backgroundStart(w http.ResponseWriter, r *http.Request) error {
	var request exec.BackgroundRequest
	if err := readJSON(w, r, &request); err != nil {
		return err
	}
	if err := s.Background.Start(r.Context(), request); err != nil {
		return err
	}
	return writeJSON(w, struct{}{})
}

func (s *server) backgroundList(w http.ResponseWriter, _ *http.Request) error {
	return writeJSON(w, struct {
		Commands []exec.BackgroundState `json:"commands"`
	}{s.Background.List()})
}

func (s *server) backgroundStop(w http.ResponseWriter, r *http.Request) error {
	state, err := s.Background.Stop(r.Context(), r.PathValue("name"))
	if err != nil {
		return err
	}
	return writeJSON(w, state)
}
