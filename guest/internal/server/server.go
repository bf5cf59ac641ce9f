// Package server is the guest's HTTP surface: it checks requests and gives the work to the packages that do it.
package server

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"runtime/debug"
	"time"

	"berth/guest/internal/egress"
	"berth/guest/internal/exec"
	"berth/guest/internal/expiry"
	"berth/guest/internal/fault"
	"berth/guest/internal/fence"
	"berth/guest/internal/files"
	"berth/guest/internal/layer"
	"berth/guest/internal/search"
	"berth/guest/internal/session"
)

// Protocol is the number of docs/guest-protocol.md.
const Protocol = 1

// Config is what the server serves.
type Config struct {
	Version          string
	BootID           string
	ToolUID, ToolGID int
	AllowRoot        bool
	// BoundingDropped is told to the controller: nothing in the sandbox can gain a capability.
	BoundingDropped bool
	Runner          *exec.Runner
	Background      *exec.Background
	Workspace       *files.Workspace
	Search          *search.Searcher
	Egress          *egress.Door
	Sessions        *session.Sessions
	// Root is the root as it was, in a build sandbox; nil in others.
	Root     *layer.Root
	Expiry   *expiry.Expiry
	OOMKills func() (count int64, ok bool)
}

const (
	maxHeaderBytes     = 64 << 10
	maxJSONBodyBytes   = 16 << 20
	maxBodyBytes       = 64 << 20
	maxStreams         = 128
	connectionWindow   = 1 << 20
	streamWindow       = 512 << 10
	pingAfter          = 60 * time.Second
	stalledWriteExpiry = 60 * time.Second
)

type server struct {
	Config
	started time.Time
	gate    fence.Gate
}

// New makes an HTTP/2 cleartext server with prior knowledge. Nothing limits how long a request may take: each endpoint does that itself.
func New(config Config) *http.Server {
	s := &server{Config: config, started: time.Now()}
	protocols := new(http.Protocols)
	protocols.SetUnencryptedHTTP2(true)
	return &http.Server{
		Handler:        s.conventions(s.routes()),
		Protocols:      protocols,
		MaxHeaderBytes: maxHeaderBytes,
		ErrorLog:       log.New(discard{}, "", 0),
		HTTP2: &http.HTTP2Config{
			MaxConcurrentStreams:          maxStreams,
			MaxReceiveBufferPerConnection: connectionWindow,
			MaxReceiveBufferPerStream:     streamWindow,
			SendPingTimeout:               pingAfter,
			WriteByteTimeout:              stalledWriteExpiry,
		},
		BaseContext: func(net.Listener) context.Context { return context.Background() },
	}
}

type discard struct{}

func (discard) Write(b []byte) (int, error) { return len(b), nil }

type handler func(w http.ResponseWriter, r *http.Request) error

func (s *server) routes() *http.ServeMux {
	mux := http.NewServeMux()
	for pattern, h := range map[string]handler{
		"GET /v1/handshake":                  s.handshake,
		"GET /v1/health":                     s.health,
		"POST /v1/prolong":                   s.prolong,
		"POST /v1/quiesce":                   s.quiesce,
		"POST /v1/probe":                     s.probe,
		"POST /v1/exec":                      s.exec,
		"GET /v1/exec/{call_id}":             s.execState,
		"POST /v1/exec/{call_id}/cancel":     s.execCancel,
		"GET /v1/exec/{call_id}/output":      s.execOutput,
		"POST /v1/background":                s.backgroundStart,
		"GET /v1/background":                 s.backgroundList,
		"POST /v1/background/{name}/stop":    s.backgroundStop,
		"GET /v1/files/read":                 s.fileRead,
		"PUT /v1/files/write":                s.fileWrite,
		"GET /v1/files/stat":                 s.fileStat,
		"GET /v1/files/lines":                s.fileLines,
		"GET /v1/files/list":                 s.fileList,
		"POST /v1/files/delete":              s.fileDelete,
		"POST /v1/files/move":                s.fileMove,
		"POST /v1/search/grep":               s.grep,
		"POST /v1/search/glob":               s.glob,
		"POST /v1/search/changed":            s.changed,
		"POST /v1/tree":                      s.tree,
		"PUT /v1/archive":                    s.archive,
		"POST /v1/own":                       s.own,
		"POST /v1/layer":                     s.layer,
		"POST /v1/egress/listen":             s.egressListen,
		"POST /v1/sessions":                  s.sessionOpen,
		"GET /v1/sessions":                   s.sessionList,
		"GET /v1/sessions/{name}":            s.sessionState,
		"GET /v1/sessions/{name}/output":     s.sessionOutput,
		"POST /v1/sessions/{name}/input":     s.sessionInput,
		"POST /v1/sessions/{name}/resize":    s.sessionResize,
		"POST /v1/sessions/{name}/interrupt": s.sessionInterrupt,
		"POST /v1/sessions/{name}/close":     s.sessionClose,
		"/":                                  s.unknown,
	} {
		mux.Handle(pattern, replying(h))
	}
	mux.Handle("POST /v1/egress/accept", conversing(s.egressAccept))
	return mux
}

func replying(h handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := h(w, r); err != nil {
			refuse(w, r, err)
			return
		}
		readToEnd(r)
	})
}

// conversing is for requests whose body goes on beside the answer: whoever asks may end it only when the answer has ended.
func conversing(h handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := h(w, r); err != nil {
			refuse(w, r, err)
		}
	})
}

func refuse(w http.ResponseWriter, r *http.Request, err error) {
	writeError(w, fault.From(err))
	readToEnd(r)
}

// readToEnd lets an answer leave only when its question has come: an earlier one resets the stream, and a client that is still sending may lose it.
func readToEnd(r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) }

func (s *server) unknown(_ http.ResponseWriter, r *http.Request) error {
	return fault.New(fault.InvalidArgument, "no endpoint %s %s", r.Method, r.URL.Path)
}

// conventions are what holds for every request: the boot id, the echo of the call id, the fence, no panic that ends init.
func (s *server) conventions(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			switch p := recover(); p {
			case nil:
			case http.ErrAbortHandler:
				panic(p)
			default:
				writeError(w, fault.New(fault.Internal, "panic: %v\n%s", p, debug.Stack()))
			}
		}()
		w.Header().Set("berth-boot-id", s.BootID)
		if id := r.Header.Get("berth-call-id"); id != "" {
			w.Header().Set("berth-call-id", id)
		}
		if expect := r.Header.Get("berth-expect-boot"); expect != "" && expect != s.BootID {
			refuse(w, r, fault.New(fault.WrongBoot, "this is boot %s", s.BootID))
			return
		}
		ctx, leave, err := s.enter(w, r)
		if err != nil {
			refuse(w, r, err)
			return
		}
		defer leave()
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}
