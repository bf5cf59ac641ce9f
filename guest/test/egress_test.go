package test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

const guestThreads = 32

// threads is how many the guest itself has.
func (g *guest) threads() int {
	g.t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", g.process.Pid))
	if err != nil {
		g.t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), "\nThreads:")
	var threads int
	if _, err := fmt.Sscan(rest, &threads); err != nil {
		g.t.Fatal(err)
	}
	return threads
}

func freePort(t *testing.T) int {
	t.Helper()
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}

// accept parks a request and gives what the tool writes and where to write to it.
func (g *guest) accept(ctx context.Context) (*http.Response, *io.PipeWriter) {
	g.t.Helper()
	toTool, out := io.Pipe()
	request, err := http.NewRequestWithContext(ctx, "POST", "http://guest/v1/egress/accept", toTool)
	if err != nil {
		g.t.Fatal(err)
	}
	response, err := g.client.Do(request)
	if err != nil {
		g.t.Fatal(err)
	}
	g.t.Cleanup(func() { _ = response.Body.Close() })
	return response, out
}

func TestAToolReachesTheControllerAndNothingOfTheGuestThroughTheEgressPort(t *testing.T) {
	g := start(t)
	port := freePort(t)
	if r := g.do("POST", "/v1/egress/accept", nil); r.status != http.StatusPreconditionFailed {
		t.Errorf("before it is open: %d %s", r.status, r.body)
	}
	for range 2 {
		if r := g.post("/v1/egress/listen", map[string]int{"port": port, "max_connections": 4}); r.status != http.StatusOK {
			t.Fatalf("%s", r.body)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	// The guest's own protocol on that port is only bytes for the controller.
	preface := "PRI * HTTP/2.0"
	conn, err := net.Dial("tcp4", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(30 * time.Second))
	if _, err := io.WriteString(conn, preface); err != nil {
		t.Fatal(err)
	}
	response, out := g.accept(ctx)
	got := make([]byte, len(preface))
	if _, err := io.ReadFull(response.Body, got); err != nil || string(got) != preface {
		t.Errorf("%q, %v", got, err)
	}
	large := bytes.Repeat([]byte("0123456789abcdef"), 1<<17)
	go func() {
		_, _ = out.Write(large)
		_ = out.Close()
	}()
	if answer, err := io.ReadAll(conn); err != nil || !bytes.Equal(answer, large) {
		t.Errorf("%d bytes, %v", len(answer), err)
	}
	go func() {
		_, _ = conn.Write(large)
		_ = conn.Close()
	}()
	if question, err := io.ReadAll(response.Body); err != nil || !bytes.Equal(question, large) {
		t.Errorf("%d bytes, %v", len(question), err)
	}
}

func TestQuiesceEndsEgress(t *testing.T) {
	g := start(t)
	port := freePort(t)
	g.post("/v1/egress/listen", map[string]int{"port": port, "max_connections": 4})
	conn, err := net.Dial("tcp4", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	response, _ := g.accept(context.Background())
	if r := g.do("POST", "/v1/quiesce", nil); r.status != http.StatusOK {
		t.Fatalf("%s", r.body)
	}
	_ = conn.SetDeadline(time.Now().Add(30 * time.Second))
	if n, err := conn.Read(make([]byte, 1)); err == nil || os.IsTimeout(err) {
		t.Errorf("%d bytes, %v", n, err)
	}
	if _, err := io.ReadAll(response.Body); err != nil {
		t.Error(err)
	}
	if _, err := net.Dial("tcp4", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
		t.Error("it still listens")
	}
}

func TestManyEgressConnectionsStartNoThreads(t *testing.T) {
	g := start(t)
	port := freePort(t)
	g.post("/v1/egress/listen", map[string]int{"port": port, "max_connections": 64})
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	for range 64 {
		conn, err := net.Dial("tcp4", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if _, err := io.WriteString(conn, "x"); err != nil {
			t.Fatal(err)
		}
		response, out := g.accept(ctx)
		defer out.Close()
		if _, err := io.ReadFull(response.Body, make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
	}
	if n := g.threads(); n > guestThreads {
		t.Errorf("%d threads", n)
	}
}

func TestRequestsThatAreGivenUpWhileTheyWaitEndNothingElse(t *testing.T) {
	g := start(t)
	if r := g.post("/v1/egress/listen", map[string]int{"port": freePort(t), "max_connections": 4}); r.status != http.StatusOK {
		t.Fatalf("%s", r.body)
	}
	var waiting sync.WaitGroup
	for range 100 {
		waiting.Go(func() {
			ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
			defer cancel()
			request, err := http.NewRequestWithContext(ctx, "POST", "http://guest/v1/egress/accept", nil)
			if err != nil {
				t.Error(err)
				return
			}
			if response, err := g.client.Do(request); err == nil {
				_ = response.Body.Close()
			}
		})
	}
	waiting.Wait()
	if r := g.do("GET", "/v1/health", nil); r.status != http.StatusOK {
		t.Errorf("%d %s", r.status, r.body)
	}
}
