package server

import (
	"io"
	"net/http"
	"strconv"
	"time"

	"berth/guest/internal/session"
)

const maxSessionInputBytes = 64 << 10

func (s *server) sessionOpen(w http.ResponseWriter, r *http.Request) error {
	var request session.OpenRequest
	if err := readJSON(w, r, &request); err != nil {
		return err
	}
	state, err := s.Sessions.Open(r.Context(), request)
	if err != nil {
		return err
	}
	return writeJSON(w, state)
}

func (s *server) sessionList(w http.ResponseWriter, r *http.Request) error {
	return writeJSON(w, map[string][]*session.State{"sessions": s.Sessions.List(r.Context())})
}

func (s *server) sessionState(w http.ResponseWriter, r *http.Request) error {
	state, err := s.Sessions.State(r.Context(), r.PathValue("name"))
	if err != nil {
		return err
	}
	return writeJSON(w, state)
}

func (s *server) sessionOutput(w http.ResponseWriter, r *http.Request) error {
	offset, err := queryInt(r, "offset", 0)
	if err != nil {
		return err
	}
	limit, err := queryInt(r, "limit", defaultPageBytes)
	if err != nil {
		return err
	}
	wait, err := queryTime(r, "wait_ms")
	if err != nil {
		return err
	}
	quiet, err := queryTime(r, "quiet_ms")
	if err != nil {
		return err
	}
	page, err := s.Sessions.Output(r.Context(), r.PathValue("name"), offset, int(limit), wait, quiet)
	if err != nil {
		return err
	}
	header := w.Header()
	header.Set("Content-Type", "application/octet-stream")
	header.Set("Content-Length", strconv.Itoa(len(page.Bytes)))
	header.Set("berth-offset", strconv.FormatInt(page.From, 10))
	header.Set("berth-total-bytes", strconv.FormatInt(page.Total, 10))
	header.Set("berth-ended", strconv.FormatBool(page.Ended))
	_, err = w.Write(page.Bytes)
	return ignoreGone(err)
}

func (s *server) sessionInput(w http.ResponseWriter, r *http.Request) error {
	offset, err := queryInt(r, "offset", 0)
	if err != nil {
		return err
	}
	wait, err := queryTime(r, "wait_ms")
	if err != nil {
		return err
	}
	typed, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxSessionInputBytes))
	if err != nil {
		return bodyError(err)
	}
	from := session.Origin{Writer: r.URL.Query().Get("writer"), Offset: offset}
	accepted, err := s.Sessions.Input(r.Context(), r.PathValue("name"), from, typed, wait)
	if err != nil {
		return err
	}
	return writeJSON(w, map[string]int64{"accepted": accepted})
}

func (s *server) sessionResize(w http.ResponseWriter, r *http.Request) error {
	var size session.Size
	if err := readJSON(w, r, &size); err != nil {
		return err
	}
	if err := s.Sessions.Resize(r.PathValue("name"), size); err != nil {
		return err
	}
	return writeJSON(w, struct{}{})
}

func (s *server) sessionInterrupt(w http.ResponseWriter, r *http.Request) error {
	if err := s.Sessions.Interrupt(r.PathValue("name")); err != nil {
		return err
	}
	return writeJSON(w, struct{}{})
}

func (s *server) sessionClose(w http.ResponseWriter, r *http.Request) error {
	state, err := s.Sessions.Close(r.Context(), r.PathValue("name"))
	if err != nil {
		return err
	}
	return writeJSON(w, state)
}

// queryTime reads milliseconds, none when they are not given.
func queryTime(r *http.Request, name string) (time.Duration, error) {
	ms, err := queryInt(r, name, 0)
	return time.Duration(min(max(ms, -1), time.Hour.Milliseconds())) * time.Millisecond, err
}
