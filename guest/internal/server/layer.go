package server

import (
	"compress/gzip"
	"encoding/json"
	"net/http"

	"berth/guest/internal/fault"
	"berth/guest/internal/layer"
)

const (
	contentTypeGzip = "application/gzip"
	// outcomeTrailer tells how a body that had begun ended: "done", or an error in JSON.
	outcomeTrailer = "Berth-Outcome"
	outcomeDone    = "done"
)

// layer streams what the sandbox changed since it began. How it ended is told behind the body, which has begun by then.
func (s *server) layer(w http.ResponseWriter, r *http.Request) error {
	var request struct {
		MaxEntries int   `json:"max_entries"`
		MaxBytes   int64 `json:"max_bytes"`
	}
	if err := readJSON(w, r, &request); err != nil {
		return err
	}
	if s.Root == nil {
		return fault.New(fault.PermissionDenied, "the guest was started without --build")
	}
	w.Header().Set("Content-Type", contentTypeGzip)
	w.Header().Set("Trailer", outcomeTrailer)
	zipped, err := gzip.NewWriterLevel(w, gzip.BestSpeed)
	if err != nil {
		return err
	}
	err = s.Root.Export(r.Context(), zipped, layer.Limits{Entries: request.MaxEntries, Bytes: request.MaxBytes})
	if err == nil {
		err = zipped.Close()
	}
	w.Header().Set(outcomeTrailer, outcomeOf(err))
	return nil
}

func outcomeOf(err error) string {
	if err == nil {
		return outcomeDone
	}
	failure := fault.From(err)
	// JSON escapes what a header may not carry but for characters beyond ASCII.
	text, _ := json.Marshal(map[string]string{"code": string(failure.Code), "message": asciiOnly(failure.Message)})
	return string(text)
}

const maxOutcomeBytes = 2048

func asciiOnly(text string) string {
	out := make([]byte, 0, len(text))
	for _, r := range text {
		if len(out) == maxOutcomeBytes {
			break
		}
		if r < ' ' || r > '~' {
			r = '?'
		}
		out = append(out, byte(r))
	}
	return string(out)
}
