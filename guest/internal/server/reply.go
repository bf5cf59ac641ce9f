package server

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"

	"berth/guest/internal/fault"
)

var statuses = map[fault.Code]int{
	fault.InvalidArgument:    http.StatusBadRequest,
	fault.OutsideRoot:        http.StatusForbidden,
	fault.NotFound:           http.StatusNotFound,
	fault.NotRegularFile:     http.StatusConflict,
	fault.NotDirectory:       http.StatusConflict,
	fault.AlreadyExists:      http.StatusConflict,
	fault.TooLarge:           http.StatusRequestEntityTooLarge,
	fault.NotText:            http.StatusUnsupportedMediaType,
	fault.NoSpace:            http.StatusInsufficientStorage,
	fault.PermissionDenied:   http.StatusForbidden,
	fault.WrongBoot:          http.StatusConflict,
	fault.Fenced:             http.StatusConflict,
	fault.DuplicateCall:      http.StatusConflict,
	fault.UnknownCall:        http.StatusNotFound,
	fault.PreconditionFailed: http.StatusPreconditionFailed,
	fault.Busy:               http.StatusServiceUnavailable,
	fault.Internal:           http.StatusInternalServerError,
}

type errorBody struct {
	Error struct {
		Code    fault.Code `json:"code"`
		Message string     `json:"message"`
	} `json:"error"`
}

func writeError(w http.ResponseWriter, err *fault.Error) {
	var body errorBody
	body.Error.Code, body.Error.Message = err.Code, err.Message
	status, ok := statuses[err.Code]
	if !ok {
		status = http.StatusInternalServerError
	}
	// What was meant for a success does not describe an error.
	for _, name := range []string{"Content-Length", "Berth-File-Size", "Berth-File-Mode"} {
		w.Header().Del(name)
	}
	writeStatus(w, status, body)
}

func writeJSON(w http.ResponseWriter, body any) error {
	writeStatus(w, http.StatusOK, body)
	return nil
}

func writeStatus(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(body)
}

// readJSON decodes a body of at most 16 MiB. Unknown names are an error: a misspelt limit must not be a limit left out.
func readJSON(w http.ResponseWriter, r *http.Request, into any) error {
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxJSONBodyBytes))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return bodyError(err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return fault.New(fault.InvalidArgument, "the body has more than one value")
	}
	return nil
}

func bodyError(err error) error {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return fault.New(fault.TooLarge, "the body is above %d bytes", tooLarge.Limit)
	}
	return fault.New(fault.InvalidArgument, "the body cannot be read: %v", err)
}

// queryInt reads a whole number, fallback when it is not given.
func queryInt(r *http.Request, name string, fallback int64) (int64, error) {
	value := r.URL.Query().Get(name)
	if value == "" {
		return fallback, nil
	}
	n, err := strconv.ParseInt(value, 10, 64)
	if err != nil {
		return 0, fault.New(fault.InvalidArgument, "%s must be a whole number", name)
	}
	return n, nil
}

// queryBool reads true or false, nil when it is not given.
func queryBool(r *http.Request, name string) (*bool, error) {
	var b bool
	switch r.URL.Query().Get(name) {
	case "":
		return nil, nil
	case "true":
		b = true
	case "false":
	default:
		return nil, fault.New(fault.InvalidArgument, "%s must be true or false", name)
	}
	return &b, nil
}
