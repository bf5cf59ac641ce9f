package server

import (
	"net/http"

	"berth/guest/internal/search"
)

func (s *server) grep(w http.ResponseWriter, r *http.Request) error {
	var request search.GrepRequest
	if err := readJSON(w, r, &request); err != nil {
		return err
	}
	result, err := s.Search.Grep(r.Context(), request)
	if err != nil {
		return err
	}
	return writeJSON(w, result)
}

func (s *server) glob(w http.ResponseWriter, r *http.Request) error {
	var request search.GlobRequest
	if err := readJSON(w, r, &request); err != nil {
		return err
	}
	result, err := s.Search.Glob(r.Context(), request)
	if err != nil {
		return err
	}
	return writeJSON(w, result)
}

func (s *server) changed(w http.ResponseWriter, r *http.Request) error {
	var request search.ChangedRequest
	if err := readJSON(w, r, &request); err != nil {
		return err
	}
	result, err := s.Search.Changed(r.Context(), request)
	if err != nil {
		return err
	}
	return writeJSON(w, result)
}
