package server

import (
	"net/http"
	"strconv"

	"berth/guest/internal/files"
)

func (s *server) fileRead(w http.ResponseWriter, r *http.Request) error {
	offset, err := queryInt(r, "offset", 0)
	if err != nil {
		return err
	}
	limit, err := queryInt(r, "limit", 0)
	if err != nil {
		return err
	}
	content, err := s.Workspace.Read(r.Context(), r.URL.Query().Get("path"), offset, limit)
	if err != nil {
		return err
	}
	defer content.Close()
	header := w.Header()
	header.Set("Content-Type", "application/octet-stream")
	header.Set("berth-file-size", strconv.FormatInt(content.Size, 10))
	header.Set("berth-file-mode", strconv.FormatUint(uint64(content.Mode.Perm()), 8))
	if err := content.Send(r.Context(), w); err != nil {
		// The headers may be out: only a reset tells the client that the content is incomplete.
		panic(http.ErrAbortHandler)
	}
	return nil
}

func (s *server) fileStat(w http.ResponseWriter, r *http.Request) error {
	stat, err := s.Workspace.Stat(r.Context(), r.URL.Query().Get("path"))
	if err != nil {
		return err
	}
	return writeJSON(w, stat)
}

func (s *server) fileWrite(w http.ResponseWriter, r *http.Request) error {
	var options files.WriteOptions
	parents, err := queryBool(r, "create_parents")
	if err != nil {
		return err
	}
	options.CreateParents = parents == nil || *parents
	if options.Executable, err = queryBool(r, "executable"); err != nil {
		return err
	}
	query := r.URL.Query()
	options.IfSha256 = query.Get("if_sha256")
	body := &bodyReader{reader: http.MaxBytesReader(w, r.Body, maxBodyBytes)}
	written, err := s.Workspace.Write(r.Context(), query.Get("path"), body, options)
	if err != nil {
		return body.explain(err)
	}
	return writeJSON(w, written)
}

func (s *server) fileLines(w http.ResponseWriter, r *http.Request) error {
	var want files.LineRange
	for _, number := range []struct {
		name     string
		into     *int64
		fallback int64
	}{
		{"start", &want.Start, 1}, {"count", &want.Count, 2000},
		{"max_bytes", &want.MaxBytes, 256 << 10}, {"max_line_bytes", &want.MaxLineBytes, 8 << 10},
	} {
		var err error
		if *number.into, err = queryInt(r, number.name, number.fallback); err != nil {
			return err
		}
	}
	lines, err := s.Workspace.Lines(r.Context(), r.URL.Query().Get("path"), want)
	if err != nil {
		return err
	}
	return writeJSON(w, lines)
}

func (s *server) fileList(w http.ResponseWriter, r *http.Request) error {
	depth, err := queryInt(r, "depth", 1)
	if err != nil {
		return err
	}
	limit, err := queryInt(r, "limit", 1000)
	if err != nil {
		return err
	}
	listing, err := s.Workspace.List(r.Context(), r.URL.Query().Get("path"), int(depth), int(limit))
	if err != nil {
		return err
	}
	return writeJSON(w, listing)
}

func (s *server) fileDelete(w http.ResponseWriter, r *http.Request) error {
	var request struct {
		Path      string `json:"path"`
		Recursive bool   `json:"recursive"`
	}
	if err := readJSON(w, r, &request); err != nil {
		return err
	}
	if err := s.Workspace.Remove(r.Context(), request.Path, request.Recursive); err != nil {
		return err
	}
	return writeJSON(w, struct{}{})
}

func (s *server) fileMove(w http.ResponseWriter, r *http.Request) error {
	var request struct {
		From string `json:"from"`
		To   string `json:"to"`
	}
	if err := readJSON(w, r, &request); err != nil {
		return err
	}
	if err := s.Workspace.Move(r.Context(), request.From, request.To); err != nil {
		return err
	}
	return writeJSON(w, struct{}{})
}
