package server

import (
	"net/http"
	"time"
)

func (s *server) egressListen(w http.ResponseWriter, r *http.Request) error {
	var request struct {
		Port           int `json:"port"`
		MaxConnections int `json:"max_connections"`
	}
	if err := readJSON(w, r, &request); err != nil {
		return err
	}
	if err := s.Egress.Open(request.Port, request.MaxConnections); err != nil {
		return err
	}
	return writeJSON(w, struct{}{})
}

func (s *server) egressAccept(w http.ResponseWriter, r *http.Request) error {
	connection, err := s.Egress.Take(r.Context())
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.WriteHeader(http.StatusOK)
	answer := &flushed{w, http.NewResponseController(w)}
	if err := answer.control.Flush(); err != nil {
		connection.Close()
		return nil
	}
	connection.Carry(answer, r.Body, func() { _ = answer.control.SetWriteDeadline(time.Now()) })
	return nil
}

// flushed sends every piece on its way at once: the other end of a conversation waits for it.
type flushed struct {
	http.ResponseWriter
	control *http.ResponseController
}

func (f *flushed) Write(p []byte) (int, error) {
	n, err := f.ResponseWriter.Write(p)
	if err != nil {
		return n, err
	}
	return n, f.control.Flush()
}
