package server

import (
	"bufio"
	"encoding/json"
	"net/http"

	"berth/guest/internal/fault"
	"berth/guest/internal/files"
)

const (
	treeBufferBytes         = 32 << 10
	defaultTreeEntries      = 100_000
	defaultTreeFileBytes    = 64 << 20
	contentTypeNewlineJSONs = "application/x-ndjson"
)

// tree streams its entries. Once there is one the status may be out, so then the last line tells how it ended.
func (s *server) tree(w http.ResponseWriter, r *http.Request) error {
	request := struct {
		Exclude      []string `json:"exclude"`
		MaxEntries   int      `json:"max_entries"`
		MaxFileBytes int64    `json:"max_file_bytes"`
	}{[]string{".git"}, defaultTreeEntries, defaultTreeFileBytes}
	if err := readJSON(w, r, &request); err != nil {
		return err
	}
	w.Header().Set("Content-Type", contentTypeNewlineJSONs)
	out := bufio.NewWriterSize(w, treeBufferBytes)
	lines := json.NewEncoder(out)
	lines.SetEscapeHTML(false)
	options := files.TreeOptions{Exclude: request.Exclude, MaxEntries: request.MaxEntries, MaxFileBytes: request.MaxFileBytes}
	started := false
	count, err := s.Workspace.Tree(r.Context(), options, func(entry *files.TreeEntry) error {
		started = true
		return lines.Encode(entry)
	})
	if err != nil && !started {
		return err
	}
	if err != nil {
		failure := fault.From(err)
		err = lines.Encode(struct {
			Type    string     `json:"type"`
			Code    fault.Code `json:"code"`
			Message string     `json:"message"`
		}{"error", failure.Code, failure.Message})
	} else {
		err = lines.Encode(struct {
			Type  string `json:"type"`
			Count int    `json:"count"`
		}{"end", count})
	}
	if err != nil {
		return ignoreGone(err)
	}
	return ignoreGone(out.Flush())
}
