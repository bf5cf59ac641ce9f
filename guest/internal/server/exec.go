package server

import (
	"net/http"
	"strconv"

	"berth/guest/internal/exec"
)

const defaultPageBytes = 64 << 10

func (s *server) exec(w http.ResponseWriter, r *http.Request) error {
	var request exec.Request
	if err := readJSON(w, r, &request); err != nil {
		return err
	}
	result, err := s.Runner.Run(r.Context(), request)
	if err != nil {
		return err
	}
	return writeJSON(w, result)
}

func (s *server) execState(w http.ResponseWriter, r *http.Request) error {
	state, err := s.Runner.State(r.PathValue("call_id"))
	if err != nil {
		return err
	}
	return writeJSON(w, state)
}

func (s *server) execCancel(w http.ResponseWriter, r *http.Request) error {
	if err := s.Runner.Cancel(r.PathValue("call_id")); err != nil {
		return err
	}
	return writeJSON(w, struct{}{})
}

func (s *server) execOutput(w http.ResponseWriter, r *http.Request) error {
	offset, err := queryInt(r, "offset", 0)
	if err != nil {
		return err
	}
	limit, err := queryInt(r, "limit", defaultPageBytes)
	if err != nil {
		return err
	}
	page, err := s.Runner.Output(r.PathValue("call_id"), r.URL.Query().Get("stream"), offset, int(limit))
	if err != nil {
		return err
	}
	header := w.Header()
	header.Set("Content-Type", "application/octet-stream")
	header.Set("Content-Length", strconv.Itoa(len(page.Bytes)))
	header.Set("berth-total-bytes", strconv.FormatInt(page.TotalBytes, 10))
	header.Set("berth-spooled-bytes", strconv.FormatInt(page.SpooledBytes, 10))
	_, err = w.Write(page.Bytes)
	return ignoreGone(err)
}

// ignoreGone drops the error of writing to a client that has gone: there is nobody to tell.
func ignoreGone(error) error { return nil }
