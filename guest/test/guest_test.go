package test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// toolUID is a user that nothing else on the machine is, for limits that count by user.
const toolUID = 61234

type guest struct {
	t       *testing.T
	process *os.Process
	exited  chan struct{}
	client  *http.Client
	root    string
	socket  string
	calls   atomic.Int64
}

type setting func(arguments *[]string, environment *[]string)

// at is where a guest listens whose socket is made elsewhere.
type at string

func with(arguments ...string) setting {
	return func(a *[]string, _ *[]string) { *a = append(*a, arguments...) }
}

func processLimit(n int) setting {
	return func(_ *[]string, e *[]string) { *e = append(*e, "BERTH_TEST_NPROC="+strconv.Itoa(n)) }
}

// start runs a guest until the test ends, and then checks that it left nothing.
func start(t *testing.T, settings ...any) *guest {
	t.Helper()
	dir, err := os.MkdirTemp("", "berth-guest-")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	g := &guest{t: t, root: filepath.Join(dir, "workspace"), socket: filepath.Join(dir, "run", "socket"), exited: make(chan struct{})}
	arguments := []string{binary, "serve", "--listen", "unix:" + g.socket, "--root", g.root, "--uid", strconv.Itoa(toolUID), "--gid", strconv.Itoa(toolUID),
		"--spool", filepath.Join(dir, "run", "spool")}
	environment := append(os.Environ(), initMarker+"=1")
	for _, s := range settings {
		switch s := s.(type) {
		case setting:
			s(&arguments, &environment)
		case at:
			g.socket = string(s)
		}
	}
	command := exec.Command(os.Args[0], arguments...)
	command.Env = environment
	command.Stderr = os.Stderr
	command.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWNS, Pdeathsig: syscall.SIGKILL}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	g.process = command.Process
	go func() {
		_ = command.Wait()
		close(g.exited)
	}()
	transport := &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", g.socket)
		},
		Protocols: new(http.Protocols),
	}
	transport.Protocols.SetUnencryptedHTTP2(true)
	g.client = &http.Client{Transport: transport}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		g.stop()
		_ = os.RemoveAll(dir)
	})
	g.awaitListening()
	return g
}

func (g *guest) awaitListening() {
	g.t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(2 * time.Millisecond) {
		if conn, err := net.Dial("unix", g.socket); err == nil {
			_ = conn.Close()
			return
		}
		select {
		case <-g.exited:
			g.t.Fatal("the guest ended before it listened")
		default:
		}
	}
	g.t.Fatal("the guest does not listen")
}

// stop ends the guest, and with it as init all that it started.
func (g *guest) stop() {
	_ = g.process.Signal(syscall.SIGTERM)
	select {
	case <-g.exited:
	case <-time.After(15 * time.Second):
		g.t.Error("the guest does not end at SIGTERM")
		_ = g.process.Kill()
		<-g.exited
	}
}

type reply struct {
	status  int
	header  http.Header
	body    []byte
	trailer http.Header
}

func (g *guest) request(method, path string, body io.Reader, headers ...string) (*reply, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, "http://guest"+path, body)
	if err != nil {
		return nil, err
	}
	for i := 0; i+1 < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := g.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	return &reply{response.StatusCode, response.Header, content, response.Trailer}, err
}

func (g *guest) do(method, path string, body io.Reader, headers ...string) *reply {
	g.t.Helper()
	r, err := g.request(method, path, body, headers...)
	if err != nil {
		g.t.Fatalf("%s %s: %v", method, path, err)
	}
	return r
}

func (g *guest) post(path string, body any) *reply {
	g.t.Helper()
	encoded, err := json.Marshal(body)
	if err != nil {
		g.t.Fatal(err)
	}
	return g.do("POST", path, bytes.NewReader(encoded))
}

func (r *reply) decode(t *testing.T, into any) {
	t.Helper()
	if r.status != http.StatusOK {
		t.Fatalf("status %d: %s", r.status, r.body)
	}
	if err := json.Unmarshal(r.body, into); err != nil {
		t.Fatalf("%v in %s", err, r.body)
	}
}

func (r *reply) code() string {
	var body struct{ Error struct{ Code string } }
	_ = json.Unmarshal(r.body, &body)
	return body.Error.Code
}

type stream struct {
	Head, Tail   string
	TotalBytes   int64 `json:"total_bytes"`
	Truncated    bool
	SpooledBytes int64 `json:"spooled_bytes"`
}

type result struct {
	Outcome struct {
		Type, Signal string
		Code         int
	}
	Stdout, Stderr  stream
	DurationMs      float64 `json:"duration_ms"`
	SurvivorsKilled int     `json:"survivors_killed"`
}

func (r *result) ended() string {
	switch r.Outcome.Type {
	case "exited":
		return fmt.Sprintf("exited %d", r.Outcome.Code)
	case "signaled":
		return "signaled " + r.Outcome.Signal
	}
	return r.Outcome.Type
}

func (g *guest) call(script string, timeout time.Duration) map[string]any {
	return map[string]any{
		"call_id": fmt.Sprintf("call-%d", g.calls.Add(1)), "argv": []string{"/bin/sh", "-c", script}, "cwd": "",
		"env": map[string]string{"PATH": "/usr/bin:/bin"}, "timeout_ms": timeout.Milliseconds(), "head_bytes": 32768, "tail_bytes": 32768,
	}
}

// sh runs a script as a tool would.
func (g *guest) sh(script string, timeout time.Duration) *result {
	g.t.Helper()
	var r result
	g.post("/v1/exec", g.call(script, timeout)).decode(g.t, &r)
	return &r
}

// processes is what runs besides the guest.
func (g *guest) processes() int {
	g.t.Helper()
	var health struct{ Processes int }
	g.do("GET", "/v1/health", nil).decode(g.t, &health)
	return health.Processes
}
