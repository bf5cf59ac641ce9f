package test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestTheHandshakeSaysWhatTheSandboxIs(t *testing.T) {
	g := start(t)
	var h struct {
		Protocol        int
		Version         string
		BootID          string `json:"boot_id"`
		Root            string
		ToolUID         int  `json:"tool_uid"`
		AllowRoot       bool `json:"allow_root"`
		BoundingDropped bool `json:"bounding_dropped"`
		Arch            string
	}
	r := g.do("GET", "/v1/handshake", nil, "berth-call-id", "abc")
	r.decode(t, &h)
	if h.Protocol != 1 || h.Version == "" || h.Root != g.root || h.ToolUID != toolUID || h.AllowRoot || !h.BoundingDropped || h.Arch == "" {
		t.Errorf("%+v", h)
	}
	if len(h.BootID) != 32 || r.header.Get("berth-boot-id") != h.BootID || r.header.Get("berth-call-id") != "abc" {
		t.Errorf("%v", r.header)
	}
	if r := g.do("POST", "/v1/quiesce", nil, "berth-expect-boot", "other"); r.status != http.StatusConflict || r.code() != "wrong_boot" {
		t.Errorf("%d %s", r.status, r.body)
	}
	if r := g.do("POST", "/v1/quiesce", nil, "berth-expect-boot", h.BootID); r.status != http.StatusOK {
		t.Errorf("%d %s", r.status, r.body)
	}
}

func TestMalformedRequestsGetTypedErrors(t *testing.T) {
	g := start(t)
	huge := strings.NewReader(strings.Repeat(" ", 17<<20))
	for _, c := range []struct {
		reply  *reply
		status int
		code   string
	}{
		{g.do("GET", "/v1/nothing", nil), 400, "invalid_argument"},
		{g.do("DELETE", "/v1/handshake", nil), 400, "invalid_argument"},
		{g.do("POST", "/v1/exec", strings.NewReader("{")), 400, "invalid_argument"},
		{g.do("POST", "/v1/exec", strings.NewReader(`{"call":1}`)), 400, "invalid_argument"},
		{g.do("POST", "/v1/exec", strings.NewReader(`{} {}`)), 400, "invalid_argument"},
		{g.do("POST", "/v1/exec", huge), 413, "too_large"},
		{g.do("PUT", "/v1/files/write?path=x", bytes.NewReader(make([]byte, 64<<20+1))), 413, "too_large"},
		{g.do("GET", "/v1/files/read?path=x&limit=a", nil), 400, "invalid_argument"},
		{g.do("GET", "/v1/files/read?path=x&limit=9000000", nil), 400, "invalid_argument"},
		{g.do("GET", "/v1/files/read?path=x", nil), 404, "not_found"},
		{g.do("GET", "/v1/files/read?path=../x", nil), 403, "outside_root"},
		{g.do("GET", "/v1/exec/none", nil), 404, "unknown_call"},
		{g.do("PUT", "/v1/archive", nil), 403, "permission_denied"},
		{g.do("POST", "/v1/own", strings.NewReader("{}")), 403, "permission_denied"},
	} {
		if c.reply.status != c.status || c.reply.code() != c.code {
			t.Errorf("%d %s instead of %d %s", c.reply.status, c.reply.body, c.status, c.code)
		}
	}
	if names, _ := os.ReadDir(g.root); len(names) != 0 {
		t.Errorf("left behind: %v", names)
	}
}

func TestFilesGoThereAndBack(t *testing.T) {
	g := start(t)
	content := bytes.Repeat([]byte("0123456789abcdef\n"), 500_000)
	if r := g.do("PUT", "/v1/files/write?path=a%20b/c&executable=true", bytes.NewReader(content)); r.status != 200 {
		t.Fatalf("%s", r.body)
	}
	r := g.do("GET", "/v1/files/read?path=a%20b/c&offset=17", nil)
	if !bytes.Equal(r.body, content[17:17+8<<20]) || r.header.Get("berth-file-size") != strconv.Itoa(len(content)) || r.header.Get("berth-file-mode") != "755" {
		t.Errorf("%d bytes, %v", len(r.body), r.header)
	}
	if r := g.do("GET", "/v1/files/read?path=a%20b/c&offset=99999999", nil); r.status != 200 || len(r.body) != 0 {
		t.Errorf("beyond the end: %d, %d bytes", r.status, len(r.body))
	}
	tree := strings.Split(strings.TrimSpace(string(g.do("POST", "/v1/tree", strings.NewReader("{}")).body)), "\n")
	if len(tree) != 2 || !strings.Contains(tree[0], `"path":"a b/c","mode":493,"size":8500000,"sha256":"`) || tree[1] != `{"type":"end","count":1}` {
		t.Errorf("%q", tree)
	}
	tree = strings.Split(strings.TrimSpace(string(g.do("POST", "/v1/tree", strings.NewReader(`{"max_file_bytes":10}`)).body)), "\n")
	if tree[0] != `{"type":"other","path":"a b/c"}` {
		t.Errorf("%q", tree)
	}
	if r := g.do("POST", "/v1/files/delete", strings.NewReader(`{"path":"a b","recursive":true}`)); r.status != 200 {
		t.Errorf("%s", r.body)
	}
}

func TestAClientThatGoesAwayEndsItsCall(t *testing.T) {
	g := start(t)
	call := g.call("sleep 600", time.Minute)
	body, _ := json.Marshal(call)
	ctx, leave := context.WithCancel(context.Background())
	request, _ := http.NewRequestWithContext(ctx, "POST", "http://guest/v1/exec", bytes.NewReader(body))
	go func() {
		for g.processes() == 0 {
			time.Sleep(time.Millisecond)
		}
		leave()
	}()
	if _, err := g.client.Do(request); err == nil {
		t.Fatal("an answer for nobody")
	}
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		r := g.do("GET", "/v1/exec/"+call["call_id"].(string), nil)
		if strings.Contains(string(r.body), `"state":"done"`) && strings.Contains(string(r.body), `"type":"cancelled"`) {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s", r.body)
		}
	}
	if n := g.processes(); n != 0 {
		t.Errorf("%d processes are left", n)
	}
}

func TestTheGuestEndsAtItsExpiry(t *testing.T) {
	g := start(t, with("--expires-at", strconv.FormatInt(time.Now().Add(1500*time.Millisecond).UnixMilli(), 10)))
	go func() {
		_, _ = g.request("POST", "/v1/exec", strings.NewReader(`{"call_id":"a","argv":["/bin/sleep","600"],"timeout_ms":600000}`))
	}()
	select {
	case <-g.exited:
	case <-time.After(15 * time.Second):
		t.Error("it lives on")
	}
}

func TestAnExpiryIsPutOffAsLongAsSomebodyAsks(t *testing.T) {
	g := start(t, with("--expires-at", strconv.FormatInt(time.Now().Add(time.Minute).UnixMilli(), 10)))
	var told struct {
		ExpiresAtMs int64 `json:"expires_at_ms"`
	}
	g.post("/v1/prolong", map[string]any{"for_ms": 3_600_000}).decode(t, &told)
	if left := time.Until(time.UnixMilli(told.ExpiresAtMs)); left < 59*time.Minute {
		t.Errorf("%v", left)
	}
	for _, wrong := range []int64{0, -1, 25 * 3_600_000} {
		if r := g.post("/v1/prolong", map[string]any{"for_ms": wrong}); r.code() != "invalid_argument" {
			t.Errorf("%d: %d %s", wrong, r.status, r.body)
		}
	}
}

func TestAReplacedControllerIsRefusedAndWhatItRanIsKilled(t *testing.T) {
	g := start(t)
	ran := make(chan *reply, 1)
	body := `{"call_id":"old","argv":["/bin/sh","-c","echo began > began; sleep 600; echo late > late"],"timeout_ms":600000}`
	go func() {
		r, _ := g.request("POST", "/v1/exec", strings.NewReader(body), "berth-epoch", "1")
		ran <- r
	}()
	for g.do("GET", "/v1/files/read?path=began", nil, "berth-epoch", "1").status != http.StatusOK {
	}
	g.do("GET", "/v1/handshake", nil, "berth-epoch", "2").decode(t, &struct{}{})
	if r := <-ran; r != nil && !bytes.Contains(r.body, []byte("cancelled")) {
		t.Errorf("%d %s", r.status, r.body)
	}
	for _, epoch := range []string{"1", "0", ""} {
		r := g.do("POST", "/v1/exec", strings.NewReader(`{"call_id":"again","argv":["/bin/true"],"timeout_ms":1000}`), "berth-epoch", epoch)
		if r.status != http.StatusConflict || r.code() != "fenced" {
			t.Errorf("epoch %q: %d %s", epoch, r.status, r.body)
		}
	}
	if r := g.do("GET", "/v1/health", nil, "berth-epoch", "2"); r.status != http.StatusOK || !bytes.Contains(r.body, []byte(`"processes":0`)) {
		t.Errorf("%d %s", r.status, r.body)
	}
}

func TestAnUploadOfAReplacedControllerIsNotFinished(t *testing.T) {
	g := start(t)
	body, upload := io.Pipe()
	defer upload.Close()
	uploaded := make(chan struct{})
	go func() {
		defer close(uploaded)
		_, _ = g.request("PUT", "/v1/files/write?path=late", body, "berth-epoch", "1")
	}()
	_, _ = upload.Write([]byte("half"))
	r := g.do("GET", "/v1/files/stat?path=late", nil, "berth-epoch", "2")
	if r.status != http.StatusNotFound {
		t.Errorf("%d %s", r.status, r.body)
	}
	_ = upload.Close()
	<-uploaded
	if r := g.do("GET", "/v1/files/stat?path=late", nil, "berth-epoch", "2"); r.status != http.StatusNotFound {
		t.Errorf("%d %s", r.status, r.body)
	}
}

func TestABadCommandLineStopsTheStartWithOneLine(t *testing.T) {
	for _, arguments := range [][]string{
		{"serve"}, {"serve", "--listen", "fd:9"}, {"serve", "--listen", "fd:1"}, {"serve", "--listen", "tcp:1"}, {"serve", "--listen", "unix:/x", "--root", "/"},
		{"serve", "--listen", "unix:/x", "--root", "a"}, {"serve", "--listen", "unix:/x", "--uid", "0"}, {"dial"}, {"dial", "tcp:x"}, {"listen", "--socket", ""}, {"no"},
		{"listen", "--socket", "/proc/x", "--", "true"}, {"listen", "--socket", "/tmp/x", "--", "no-such-program"},
	} {
		output, err := exec.Command(binary, arguments...).CombinedOutput()
		if err == nil || !strings.Contains(string(output), "berth-guest: ") {
			t.Errorf("%v: %v, %s", arguments, err, output)
		}
	}
}

func TestTheOldProtocolIsNotSpoken(t *testing.T) {
	g := start(t)
	conn, err := net.Dial("unix", g.socket)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, _ = conn.Write([]byte("GET /v1/handshake HTTP/1.1\r\nHost: guest\r\n\r\n"))
	_ = conn.SetReadDeadline(time.Now().Add(5 * time.Second))
	answer := make([]byte, 1000)
	n, _ := conn.Read(answer)
	if bytes.Contains(answer[:n], []byte("boot_id")) {
		t.Errorf("%s", answer[:n])
	}
}
